"""Manifests and document records as bytes."""

import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from dataclasses import fields as fields_of
from operator import attrgetter
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

# What a wrong type or value raises, here and in the JSON parser.
_WRONG = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UPWARDS = re.compile(r"\A(?:\.\./)++")

# The settings that the manifest leaves out if they have their defaults, so that an index made
# before a setting existed keeps its bytes and its name.
_DEFAULTS = {
    field: getattr(CorpusSettings(roots=()), field)
    for field in (
        "exclude hidden max_line_chars max_sentences max_documents max_depth max_parse_seconds "
        "max_parse_bytes"
    ).split()
}

_LIMITS = [each.name for each in fields_of(CorpusSettings) if each.name.startswith("max_")]

# A dictionary finds a status in a third of the time that the enumeration takes.
_STATUSES = {status.value: status for status in DocumentStatus}


def write_manifest(manifest: Manifest) -> bytes:
    """Return the manifest's file: JSON with sorted keys, the same bytes for the same manifest."""
    fields = asdict(manifest)
    for field, default in _DEFAULTS.items():
        if fields["corpus"][field] == default:
            del fields["corpus"][field]
    return _json_file(fields)


def write_tools(tools: Mapping[str, str]) -> bytes:
    """Return the file that says which versions of which tools wrote a generation."""
    return _json_file(dict(tools))


def _json_file(fields: Mapping[str, object]) -> bytes:
    return f"{json.dumps(fields, sort_keys=True, indent=1)}\n".encode("ascii")


def read_manifest(content: bytes) -> Manifest:
    """Parse a manifest and check every field of it.

    Raises:
        FormatError: It is of a format that this version does not read.
        DamagedIndexError: It is not a manifest.
    """
    try:
        fields = json.loads(
            content, object_pairs_hook=_without_duplicates, parse_constant=_no_constant
        )
        version = fields["format_version"]
        if type(version) is not int or version != FORMAT_VERSION:
            message = f"the index has format {version!r}, this version reads {FORMAT_VERSION}"
            hint = "askdocs index --rebuild PATH, or the askdocs that made it"
            raise FormatError(message, found=repr(version), read=str(FORMAT_VERSION), hint=hint)
        return _manifest(fields)
    except _WRONG as error:
        message = f"the manifest cannot be read: {error}"
        raise DamagedIndexError(message, hint=REPAIR_FROM) from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key occurs twice")
    return fields


def _no_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


def _manifest(fields: Mapping[str, Any]) -> Manifest:
    corpus, passages = _DEFAULTS | fields["corpus"], fields["passages"]
    return Manifest(
        corpus=CorpusSettings(
            roots=_texts(corpus["roots"], _relative_path),
            include=_texts(corpus["include"]),
            ignore_files=_texts(corpus["ignore_files"], _file_name),
            encoding=_text(corpus["encoding"]),
            exclude=_texts(corpus["exclude"]),
            hidden=_truth(corpus["hidden"]),
            **{name: _count(corpus[name]) for name in _LIMITS},
        ),
        passages=PassageSettings(
            max_tokens=_count(passages["max_tokens"]), rules=_count(passages["rules"])
        ),
        model=_model(fields["model"]),
        counts={key: _count(fields["counts"][key]) for key in ("passages", "sentences")},
        files={
            _clean_path(name): FileRecord(
                sha256=_sha256(record["sha256"]), bytes=_count(record["bytes"])
            )
            for name, record in fields["files"].items()
        },
        parsers={_text(name): _text(packages) for name, packages in fields["parsers"].items()},
    )


def _model(fields: Mapping[str, Any]) -> ModelRecord:
    probe = tuple(_number(value) for value in fields["probe"])
    dimension = _count(fields["dimension"])
    if len(probe) != dimension:
        raise ValueError(f"the probe has {len(probe)} numbers, not {dimension}")
    return ModelRecord(
        name=_text(fields["name"]),
        revision=_text(fields["revision"]),
        fingerprint=_sha256(fields["fingerprint"]),
        dimension=dimension,
        probe=probe,
    )


def write_records(records: Mapping[str, DocumentRecord]) -> bytes:
    """Return the file of the records, by path: the same bytes for the same records."""
    # One encoder for all lines: with these separators json.dumps would make one for each.
    encode = json.JSONEncoder(separators=(",", ":")).encode
    lines = [f"{encode((path, *_row(record)))}\n" for path, record in sorted(records.items())]
    return "".join(lines).encode("ascii")


_row = attrgetter("status", "reason", "sha256", "lines_sha256", "bytes", "encoding", "paragraphs")


def read_records(content: bytes, *, name: str) -> dict[str, DocumentRecord]:
    """Parse the file of the records, in order of path, and check every field of it.

    Raises:
        DamagedIndexError: It is not such a file; the error names the line, and calls it `name`.
    """
    *lines, rest = content.split(b"\n")
    records: dict[str, DocumentRecord] = {}
    last = ""
    try:
        # Not one JSON array, as `store` reads its small tables: parsing 100,000 lists at once takes
        # longer, and an error could not name the line.
        for line in lines:
            path, record = _record(line)
            if path <= last:
                raise ValueError(f"{path!r} comes after {last!r}")
            records[path] = record
            last = path
        if rest:
            raise ValueError("the last line is cut off")
    except _WRONG as error:
        message = f"{name} cannot be read: line {len(records) + 1}: {error}"
        raise DamagedIndexError(message, hint=REPAIR) from error
    return records


def _record(line: bytes) -> tuple[str, DocumentRecord]:
    row, end = _parse(line.decode("ascii"))
    if end != len(line) or not isinstance(row, list):
        raise ValueError("the line is not an array")
    path, status, reason, digest, lines_digest, size, encoding, paragraphs = row
    return _relative_path(path), DocumentRecord(
        sha256=_sha256(digest) if digest != "" else "",
        lines_sha256=_sha256(lines_digest) if lines_digest != "" else "",
        bytes=_count(size),
        encoding=_text(encoding),
        paragraphs=_count(paragraphs),
        status=_STATUSES[status],
        reason=_text(reason),
    )


_parse = json.JSONDecoder().raw_decode


def readable_paths(content: bytes) -> frozenset[str]:
    """Return the paths of the indexed documents in those lines of any bytes that can be read.

    It may also be a segment's list of documents, whose lines are path and digest.
    """
    paths = set()
    for line in content.split(b"\n"):
        with suppress(*_WRONG):
            row, _ = _parse(line.decode("ascii"))
            path, second, *_ = row
            if second not in _STATUSES or second == DocumentStatus.INDEXED:
                paths.add(_relative_path(path))
    return frozenset(paths)


# Each of these returns a value parsed from JSON, or raises an error of `_WRONG`.


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _texts(value: object, check: Callable[[object], str] = _text) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is not a list")
    return tuple(map(check, value))


def _count(value: object) -> int:
    """Return a whole number from 0 to 2^63 - 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise TypeError(f"{value!r} is not a count")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _sha256(value: object) -> str:
    digest = _text(value)
    if not _SHA256.fullmatch(digest):
        raise ValueError(f"{digest!r} is not a digest")
    return digest


def _relative_path(value: object) -> str:
    """Return a relative path that may begin with `..` and is otherwise clean."""
    path = _text(value)
    below = _UPWARDS.sub("", path)
    if path != "." and below != "..":
        _clean_path(below)
    return path


def _clean_path(value: object) -> str:
    """Return a relative path that only goes down."""
    path = _text(value)
    parts = path.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\0" in path:
        raise ValueError(f"{path!r} is not a clean relative path")
    return path


def _file_name(value: object) -> str:
    name = _clean_path(value)
    if PurePosixPath(name).name != name:
        raise ValueError(f"{name!r} is not a file name")
    return name
