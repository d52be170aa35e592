"""Read and write manifests, which say what a generation is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from askdocs.datamodel import (
    FORMAT_VERSION,
    CorpusSettings,
    FileRecord,
    Manifest,
    ModelRecord,
    PassageSettings,
)
from askdocs.errors import REPAIR_FROM, DamagedIndexError, FormatError
from askdocs.manifest.fields import (
    WRONG,
    clean,
    count,
    name,
    number,
    root,
    sha256,
    text,
    texts,
    truth,
)

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
