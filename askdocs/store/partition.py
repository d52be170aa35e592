"""How an index is cut into segments: how many, which documents in which, and their names."""

import hashlib
from collections.abc import Iterable

SEGMENT_BYTES = 8 << 20
"""How many bytes of documents one segment is for: about 60,000 sentences."""

MOST_SEGMENTS = 32

DOCUMENTS = "documents.jsonl"
"""The file of a segment that lists its documents."""

CODEBOOK = "codebook.npys"
"""The file beside the segments of an index with more than one."""


def number_of_segments(size: int) -> int:
    """Return the number of segments for documents of some bytes: a power of two, at most 32."""
    segments = 1
    while segments < MOST_SEGMENTS and segments * SEGMENT_BYTES < size:
        segments *= 2
    return segments


def segment_of(path: str, segments: int) -> int:
    """Return the segment of the document at a path, from 0.

    Its number is the first bits of the sha256 of the path. So documents spread evenly, a changed
    document stays in its segment, and doubling the segments splits each in two. The number of
    segments is a power of two, at most 256.
    """
    # Not os.fsencode: it follows the locale, which may differ between two runs.
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()[0] * segments >> 8


def by_segment(paths: Iterable[str], segments: int) -> list[list[str]]:
    """Return the paths in each segment, in the given order."""
    parts: list[list[str]] = [[] for _ in range(segments)]
    for path in paths:
        parts[segment_of(path, segments)].append(path)
    return parts


def segment_name(number: int) -> str:
    """Return the name of a segment's folder."""
    return f"{number:03}"


def segment_names(names: Iterable[str]) -> list[str]:
    """Return the folders that the files of a generation are in, in order."""
    return sorted({folder for folder, slash, _ in (name.partition("/") for name in names) if slash})
