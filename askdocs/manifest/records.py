"""Read and write what is known of each file of a corpus, a line of JSON for each."""

import json
from collections.abc import Mapping
from contextlib import suppress

from askdocs.datamodel import DocumentRecord, DocumentStatus
from askdocs.errors import REPAIR, DamagedIndexError
from askdocs.manifest.fields import WRONG, count, root, sha256, text

# A dictionary finds a status in a third of the time that the enumeration takes.
_STATUSES = {status.value: status for status in DocumentStatus}

_parse = json.JSONDecoder().raw_decode


def write_records(records: Mapping[str, DocumentRecord]) -> bytes:
    """The file of the records, by path: the same bytes for the same records."""
    # One encoder for all lines: with these separators json.dumps would make one for each.
    encode = json.JSONEncoder(separators=(",", ":")).encode
    lines = [f"{encode(_row(path, record))}\n" for path, record in sorted(records.items())]
    return "".join(lines).encode("ascii")


def read_records(content: bytes, *, name: str) -> dict[str, DocumentRecord]:
    """Parse the file of the records and check every field of it.

    Args:
        content: The file.
        name: What an error calls it.

    Returns:
        The records by path, in order of path.

    Raises:
        DamagedIndexError: It is no such file; the error names the line.
    """
    *lines, rest = content.split(b"\n")
    found: dict[str, DocumentRecord] = {}
    last = ""
    try:
        # Line by line, not as one array as `store` reads its few: a list of 100,000 lists takes
        # longer, and would not say which line is wrong.
        for line in lines:
            path, record = _record(line)
            if path <= last:
                raise ValueError(f"{path!r} stands behind {last!r}")
            found[path] = record
            last = path
        if rest:
            raise ValueError("it does not end")
    except WRONG as error:
        message = f"{name} cannot be read: line {len(found) + 1}: {error}"
        raise DamagedIndexError(message, hint=REPAIR) from error
    return found


def _row(path: str, record: DocumentRecord) -> list[str | int]:
    return [
        path,
        record.status,
        record.reason,
        record.sha256,
        record.bytes,
        record.encoding,
        record.paragraphs,
    ]


def _record(line: bytes) -> tuple[str, DocumentRecord]:
    row, end = _parse(line.decode("ascii"))
    if end != len(line) or not isinstance(row, list):
        raise ValueError("it is not one array")
    path, status, reason, digest, size, encoding, paragraphs = row
    return root(path), DocumentRecord(
        sha256=sha256(digest) if digest != "" else "",
        bytes=count(size),
        encoding=text(encoding),
        paragraphs=count(paragraphs),
        status=_STATUSES[status],
        reason=text(reason),
    )


def readable_paths(content: bytes) -> frozenset[str]:
    """The paths of the indexed files in the lines that can be read, of whatever bytes.

    Lines of a segment's documents count too, which have no more than path and encoding.
    """
    found = set()
    for line in content.split(b"\n"):
        with suppress(*WRONG):
            row, _ = _parse(line.decode("ascii"))
            path, second, *_ = row
            if second not in _STATUSES or second == DocumentStatus.INDEXED:
                found.add(root(path))
    return frozenset(found)
