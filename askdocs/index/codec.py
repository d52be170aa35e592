"""Manifests and document records as bytes."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any

from askdocs.errors import REPAIR, REPAIR_FROM, DamagedIndexError, FormatError
from askdocs.records.manifest import (
    FORMAT_VERSION,
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    FileRecord,
    Manifest,
    ModelRecord,
    PassageSettings,
)

WRONG = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a wrong type or value leads to, here and in the parser of JSON."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def texts(values: object, check: Callable[[object], str] | None = None) -> tuple[str, ...]:
    """A list of texts, each of which passes a check of its own where one is given."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is not a list")
    return tuple((check or text)(value) for value in values)


def text(value: object) -> str:
    """A text."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def count(value: object) -> int:
    """A whole number from 0 to 2^63 - 1; truth values are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise TypeError(f"{value!r} is not a count")
    return value


def truth(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def number(value: object) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def sha256(value: object) -> str:
    """64 hexadecimal digits in lower case."""
    found = text(value)
    if not _SHA256.fullmatch(found):
        raise ValueError(f"{found!r} is not a digest")
    return found


def root(value: object) -> str:
    """A relative path that may begin with `..`, and is otherwise clean."""
    found = text(value)
    below = found
    while below.startswith("../"):
        below = below[3:]
    if found != "." and below != "..":
        clean(below)
    return found


def clean(value: object) -> str:
    """A relative path that goes down alone."""
    found = text(value)
    parts = found.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\0" in found:
        raise ValueError(f"{found!r} is not a clean relative path")
    return found


def name(value: object) -> str:
    """The name of a file, without its folder."""
    found = clean(value)
    if PurePosixPath(found).name != found:
        raise ValueError(f"{found!r} is not a file name")
    return found


# Left out where they say nothing: an index of a corpus without them keeps its bytes and its name.
_PLAIN = CorpusSettings(roots=())
_UNSAID: Mapping[str, object] = {
    field: getattr(_PLAIN, field)
    for field in (
        "exclude",
        "hidden",
        "max_line_chars",
        "max_sentences",
        "max_documents",
        "max_depth",
    )
}


def write_manifest(manifest: Manifest) -> bytes:
    """The manifest's file: JSON with sorted keys, the same bytes for the same manifest."""
    card = asdict(manifest)
    for field, default in _UNSAID.items():
        if card["corpus"][field] == default:
            del card["corpus"][field]
    written = json.dumps(card, sort_keys=True, indent=1, ensure_ascii=True)
    return f"{written}\n".encode("ascii")


def write_tools(tools: Mapping[str, str]) -> bytes:
    """The file that says which versions of which tools wrote a generation."""
    return f"{json.dumps(dict(tools), sort_keys=True, indent=1)}\n".encode("ascii")


def read_manifest(content: bytes) -> Manifest:
    """Parse a manifest and check every field of it.

    Raises:
        FormatError: It is of a format that this version does not know.
        DamagedIndexError: It is no manifest.
    """
    try:
        card = json.loads(content, object_pairs_hook=_once, parse_constant=_no_constant)
        version = card["format_version"]
        if type(version) is not int or version != FORMAT_VERSION:
            raise FormatError(
                f"the index has format {version!r}, this version reads {FORMAT_VERSION}",
                found=repr(version),
                read=str(FORMAT_VERSION),
                hint="askdocs index --rebuild PATH, or the askdocs that made it",
            )
        return _manifest(card)
    except WRONG as error:
        raise DamagedIndexError(
            f"the manifest cannot be read: {error}", hint=REPAIR_FROM
        ) from error


def manifest_digest(content: bytes) -> str:
    """The name of a generation: the sha256 of its manifest's file, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _manifest(card: Mapping[str, Any]) -> Manifest:
    corpus, passages = card["corpus"], card["passages"]
    return Manifest(
        corpus=CorpusSettings(
            roots=texts(corpus["roots"], root),
            include=texts(corpus["include"]),
            ignore_files=texts(corpus["ignore_files"], name),
            max_bytes=count(corpus["max_bytes"]),
            encoding=text(corpus["encoding"]),
            exclude=texts(corpus.get("exclude", [])),
            hidden=truth(corpus.get("hidden", _PLAIN.hidden)),
            max_line_chars=count(corpus.get("max_line_chars", _PLAIN.max_line_chars)),
            max_sentences=count(corpus.get("max_sentences", _PLAIN.max_sentences)),
            max_documents=count(corpus.get("max_documents", _PLAIN.max_documents)),
            max_depth=count(corpus.get("max_depth", _PLAIN.max_depth)),
        ),
        passages=PassageSettings(
            max_tokens=count(passages["max_tokens"]), rules=count(passages["rules"])
        ),
        model=_model(card["model"]),
        counts={key: count(card["counts"][key]) for key in ("passages", "sentences")},
        files={clean(key): _file(inner) for key, inner in card["files"].items()},
    )


def _model(card: Mapping[str, Any]) -> ModelRecord:
    probe = tuple(number(value) for value in card["probe"])
    dimension = count(card["dimension"])
    if len(probe) != dimension:
        raise ValueError(f"the probe has {len(probe)} numbers, not {dimension}")
    return ModelRecord(
        name=text(card["name"]),
        revision=text(card["revision"]),
        fingerprint=sha256(card["fingerprint"]),
        dimension=dimension,
        probe=probe,
    )


def _file(card: Mapping[str, Any]) -> FileRecord:
    return FileRecord(sha256=sha256(card["sha256"]), bytes=count(card["bytes"]))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


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
