"""Documents by what became of them."""

from collections.abc import Mapping, Sized

from askdocs.datamodel import Freshness, IndexPreview, IndexReport, RepairReport


def changes_of(
    found: Freshness | IndexPreview | IndexReport | RepairReport,
) -> dict[str, tuple[str, ...]]:
    """The paths that were added, changed and removed, in this order, under these words."""
    return {"added": found.added, "changed": found.changed, "removed": found.removed}


def count_kinds(kinds: Mapping[str, Sized]) -> list[str]:
    """How many there are of each kind, as "3 added"; nothing of a kind that has none."""
    return [f"{len(found)} {kind}" for kind, found in kinds.items() if found]
