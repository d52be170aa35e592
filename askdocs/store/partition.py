"""Into how many segments an index is cut, which documents are in which, what they are called."""

import hashlib
from collections.abc import Iterable

SEGMENT_BYTES = 8 << 20
"""How many bytes of documents one segment is made for, about 60,000 sentences."""

MOST_SEGMENTS = 32

DOCUMENTS = "documents.jsonl"
"""The file of a segment that says which documents are in it."""

CODEBOOK = "codebook.npys"
"""The file beside the segments of an index that has more than one."""


def number_of_segments(size: int) -> int:
    """How many segments the index of a corpus has: a power of two, which follows from its size.

    Args:
        size: The bytes of all indexed documents.
    """
    segments = 1
    while segments < MOST_SEGMENTS and segments * SEGMENT_BYTES < size:
        segments *= 2
    return segments


def segment_of(path: str, segments: int) -> int:
    """The number of the segment that holds the document at a path, from 0.

    It is the first bits of the sha256 of the path: documents spread evenly, one that changes stays
    where it is, and twice as many segments are each half of one.

    Args:
        path: The document's path.
        segments: How many segments there are, a power of two of at most 256.
    """
    # Not os.fsencode, which follows the locale: an index may be made under another one.
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()[0] * segments >> 8


def by_segment(paths: Iterable[str], segments: int) -> list[list[str]]:
    """The paths in each segment, in the order in which they are given."""
    found: list[list[str]] = [[] for _ in range(segments)]
    for path in paths:
        found[segment_of(path, segments)].append(path)
    return found


def segment_name(number: int) -> str:
    """The name of a segment's folder."""
    return f"{number:03}"


def segment_names(names: Iterable[str]) -> list[str]:
    """The folders that the files of a generation stand in, in order."""
    return sorted({folder for folder, slash, _ in (name.partition("/") for name in names) if slash})
