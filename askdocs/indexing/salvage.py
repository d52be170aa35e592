"""What of a damaged index can be used again."""

from collections.abc import Mapping
from dataclasses import dataclass

from askdocs.datamodel import DocumentRecord, DocumentStatus
from askdocs.errors import DamagedIndexError
from askdocs.index import Generation
from askdocs.store.partition import CODEBOOK, segment_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What of a damaged index can be used again.

    Attributes:
        generation: One whose manifest is sound; None where there is none, and the settings with it.
        damaged: The names of its files that are not what its manifest says.
        held: The documents that the index holds, as far as that can be known.
        current: The name of the generation that HEAD names; None where it names none.
    """

    generation: Generation | None
    damaged: frozenset[str]
    held: frozenset[str]
    current: str | None


def is_whole(damaged: frozenset[str], segment: int) -> bool:
    """Whether no file of a segment is among the damaged ones."""
    return not any(name.startswith(f"{segment_name(segment)}/") for name in damaged)


def has_codebook(damaged: frozenset[str]) -> bool:
    """Whether what the codes of all segments mean is not among the damaged files."""
    return not any(name.startswith(CODEBOOK) for name in damaged)


def require_held(
    held: frozenset[str],
    records: Mapping[str, DocumentRecord],
    *,
    otherwise: str = "askdocs index --rebuild",
) -> None:
    """Refuse to go on without a document that a damaged index holds: it could not be had again.

    Args:
        held: The documents of the index.
        records: What there is to say of each file of the corpus as it is now.
        otherwise: What to type to go on without it.

    Raises:
        DamagedIndexError: One cannot be read any more.
    """
    lost = [path for path in sorted(held) if not _is_readable(records.get(path))]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise DamagedIndexError(
            f"{lost[0]}{more} cannot be read any more and would be lost; nothing was written",
            hint=f"{otherwise} goes on without {'it' if len(lost) == 1 else 'them'}",
        )


def _is_readable(record: DocumentRecord | None) -> bool:
    return record is not None and record.status == DocumentStatus.INDEXED
