"""Read and write the identity cards of generations."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import PurePosixPath
from typing import Any, TypeVar

from askdocs.datamodel import (
    FORMAT_VERSION,
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    FileRecord,
    Manifest,
    ModelRecord,
    PassageSettings,
)
from askdocs.errors import DamagedIndexError, UnusableIndexError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_Checked = TypeVar("_Checked")


def write_manifest(manifest: Manifest) -> bytes:
    """The manifest's file: JSON with sorted keys, the same bytes for the same manifest."""
    card = replace(manifest, documents=dict(manifest.documents))
    text = json.dumps(asdict(card), sort_keys=True, indent=1, ensure_ascii=True)
    return f"{text}\n".encode("ascii")


def write_tools(tools: Mapping[str, str]) -> bytes:
    """The file that says which versions of which tools wrote a generation."""
    return f"{json.dumps(dict(tools), sort_keys=True, indent=1)}\n".encode("ascii")


def read_manifest(content: bytes, *, lazily: bool = False) -> Manifest:
    """Parse a manifest and check every field of it.

    Args:
        content: The file.
        lazily: Whether the records of documents are checked by their first use: a question has
            none for them, and of 100,000 they are most of the time.

    Raises:
        UnusableIndexError: It is of a format that this version does not know.
        DamagedIndexError: It is no manifest.
    """
    with _damage():
        card = json.loads(content, object_pairs_hook=_once, parse_constant=_no_constant)
        version = card["format_version"]
        if type(version) is not int or version != FORMAT_VERSION:
            raise UnusableIndexError(
                f"the index has format {version!r}, this version reads {FORMAT_VERSION}",
                hint="askdocs index --rebuild PATH, or the askdocs that made it",
            )
        documents = _Documents(card["documents"])
        if not lazily:
            documents.check()
        return _manifest(card, documents)


class _Documents(Mapping[str, DocumentRecord]):
    """What a manifest says of the documents, checked as a whole by the first use."""

    def __init__(self, card: Mapping[str, Any]) -> None:
        self._card = card
        self._records: dict[str, DocumentRecord] | None = None

    def check(self) -> dict[str, DocumentRecord]:
        if self._records is None:
            with _damage():
                self._records = _mapping(self._card, _root, _document)
        return self._records

    def __getitem__(self, path: str) -> DocumentRecord:
        return self.check()[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.check())

    def __len__(self) -> int:
        return len(self.check())


@contextmanager
def _damage() -> Iterator[None]:
    """Turn whatever a wrong type or value leads to into the error of a damaged manifest."""
    try:
        yield
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise DamagedIndexError(
            f"the manifest cannot be read: {error}", hint="askdocs index --rebuild PATH"
        ) from error


def manifest_digest(content: bytes) -> str:
    """The name of a generation: the sha256 of its manifest's file, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _manifest(card: Mapping[str, Any], documents: Mapping[str, DocumentRecord]) -> Manifest:
    corpus, passages, model = card["corpus"], card["passages"], card["model"]
    return Manifest(
        corpus=CorpusSettings(
            roots=_texts(corpus["roots"], _root),
            include=_texts(corpus["include"]),
            ignore_files=_texts(corpus["ignore_files"], _name),
            max_bytes=_count(corpus["max_bytes"]),
            encoding=_text(corpus["encoding"]),
        ),
        passages=PassageSettings(
            max_tokens=_count(passages["max_tokens"]), rules=_count(passages["rules"])
        ),
        model=_model(model),
        documents=documents,
        counts={name: _count(card["counts"][name]) for name in ("passages", "sentences")},
        files=_mapping(card["files"], _clean, _file),
    )


def _model(card: Mapping[str, Any]) -> ModelRecord:
    probe = tuple(_number(value) for value in card["probe"])
    dimension = _count(card["dimension"])
    if len(probe) != dimension:
        raise ValueError(f"the probe has {len(probe)} numbers, not {dimension}")
    return ModelRecord(
        name=_text(card["name"]),
        revision=_text(card["revision"]),
        fingerprint=_sha256(card["fingerprint"]),
        dimension=dimension,
        probe=probe,
    )


def _document(card: Mapping[str, Any]) -> DocumentRecord:
    digest = _text(card["sha256"])
    return DocumentRecord(
        sha256=_sha256(digest) if digest else "",
        bytes=_count(card["bytes"]),
        encoding=_text(card["encoding"]),
        paragraphs=_count(card["paragraphs"]),
        status=DocumentStatus(card["status"]),
        reason=_text(card["reason"]),
    )


def _file(card: Mapping[str, Any]) -> FileRecord:
    return FileRecord(sha256=_sha256(card["sha256"]), bytes=_count(card["bytes"]))


def _mapping(
    card: Mapping[str, Any], key: Callable[[Any], str], value: Callable[[Any], _Checked]
) -> dict[str, _Checked]:
    return {key(name): value(inner) for name, inner in card.items()}


def _texts(values: object, check: Callable[[Any], str] | None = None) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is not a list")
    return tuple((check or _text)(value) for value in values)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise TypeError(f"{value!r} is not a count")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _sha256(value: object) -> str:
    text = _text(value)
    if not _SHA256.fullmatch(text):
        raise ValueError(f"{text!r} is not a digest")
    return text


def _root(value: object) -> str:
    """A relative path that may begin with `..`, and is otherwise clean."""
    text = _text(value)
    below = text
    while below.startswith("../"):
        below = below[3:]
    if text != "." and below != "..":
        _clean(below)
    return text


def _clean(value: object) -> str:
    text = _text(value)
    parts = text.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\0" in text:
        raise ValueError(f"{text!r} is not a clean relative path")
    return text


def _name(value: object) -> str:
    text = _clean(value)
    if PurePosixPath(text).name != text:
        raise ValueError(f"{text!r} is not a file name")
    return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
