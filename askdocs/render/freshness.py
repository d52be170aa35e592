"""How the corpus differs from the index, for a reader."""

from askdocs.datamodel import Freshness
from askdocs.render.style import GREEN, RED, Style, count_of
from askdocs.terminal import make_safe


def render_freshness(freshness: Freshness, style: Style) -> str:
    """One line when fresh; otherwise the counts and every difference on a line of its own."""
    if freshness.is_fresh:
        return f"{style.paint('fresh', GREEN)}: {count_of(freshness.documents, 'document')}\n"
    kinds = [
        ("added", freshness.added),
        ("changed", freshness.changed),
        ("removed", freshness.removed),
        ("settings", freshness.settings),
    ]
    counts = ", ".join(f"{len(found)} {kind}" for kind, found in kinds if found)
    lines = [f"{kind:<8}  {make_safe(name)}" for kind, found in kinds for name in found]
    return "\n".join([f"{style.paint('stale', RED)}: {counts}", *lines, ""])
