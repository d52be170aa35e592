"""The compiled encoder in a cache or an index: its files and their card."""

from __future__ import annotations

import hashlib
import json
import mmap
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from askdocs.corpus.read import read_source
from askdocs.disk import access, durable
from askdocs.embedding.admission import canonical_json
from askdocs.embedding.model import SCHEME
from askdocs.errors import DamagedFileError, UnreadableFileError, UnreadableSourceError
from askdocs.records.manifest import FileRecord

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


SCHEMA = 2
"""The format of a cache entry; in its name, so that two versions of askdocs do not fight."""

ENCODERS = "encoders"
CARD = "encoder.json"
GRAPH = "encoder.onnx"
WEIGHTS = "weights.bin"
TOKENIZER = "tokenizer.json"

_FILES = {GRAPH, WEIGHTS, TOKENIZER}
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}

_PIECE = 16 << 20
# No tokenizer and no graph without its weights comes near that.
_MOST = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a compiled encoder is.

    Attributes:
        fingerprint: The fingerprint of the model that it was compiled from.
        dimension: Length of its vectors.
        window: The most tokens that it reads, special tokens included.
        question_prompt: What goes before every question.
        sentence_prompt: What goes before every sentence.
        inputs: Names of the graph's inputs, among input_ids, attention_mask, token_type_ids.
        pad_id: The token that fills up a batch.
    """

    fingerprint: str
    dimension: int
    window: int
    question_prompt: str
    sentence_prompt: str
    inputs: tuple[str, ...]
    pad_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledModel:
    """A compiled encoder in a directory, verified but for its weights.

    Attributes:
        card: What it is.
        directory: Where its graph and weights lie. The weights may be mapped while `is_whole`
            reads them, but nothing that they give may be used before that has said so.
        tokenizer: The tokenizer's bytes.
        record: What the weights must be.
    """

    card: Card
    directory: Path
    tokenizer: bytes
    record: Mapping[str, object]

    @property
    def graph(self) -> Path:
        """The graph, which names the file of its weights."""
        return self.directory / GRAPH

    def is_whole(self) -> bool:
        """Whether the weights are what was written; other threads run meanwhile."""
        try:
            return _record_of_large(self.directory / WEIGHTS) == self.record
        except (OSError, ValueError):
            return False


def entry_directory(cache: Path, fingerprint: str) -> Path:
    """Where the compiled encoder of a model lies in the cache.

    Raises:
        ValueError: If `fingerprint` is not 64 hexadecimal digits, and so might lead elsewhere.
    """
    if not re.fullmatch("[0-9a-f]{64}", fingerprint):
        message = f"fingerprint must be 64 hexadecimal digits, got {fingerprint!r}"
        raise ValueError(message)
    return cache / ENCODERS / f"{fingerprint}-{SCHEME}-{SCHEMA}"


def write_card(directory: Path, card: Card) -> None:
    """Complete a directory that holds graph, weights and tokenizer.

    Raises:
        OSError: If the disk refuses.
    """
    names = (GRAPH, WEIGHTS, TOKENIZER)
    records = {name: asdict(access.record_of(directory / name)) for name in names}
    body = {"schema": SCHEMA, "scheme": SCHEME, **asdict(card), "files": records}
    content = json.dumps({**body, "checksum": _checksum(body)}, indent=1)
    durable.write_new(directory / CARD, content.encode("ascii"))


def read_entry(directory: Path, fingerprint: str) -> CompiledModel | None:
    """The compiled encoder in a directory, or None if it is missing, damaged or another's."""
    try:
        body = card_body(directory)
        if body is None or body["fingerprint"] != fingerprint:
            return None
        records = body["files"]
        tokenizer = _content(directory / TOKENIZER)
        graph = _content(directory / GRAPH)
        if {TOKENIZER: _record(tokenizer), GRAPH: _record(graph)} != {
            name: records[name] for name in (TOKENIZER, GRAPH)
        }:
            return None
        # What is shorter than the graph says would end the process where it is mapped.
        if (directory / WEIGHTS).stat().st_size != records[WEIGHTS]["bytes"]:
            return None
    except (OSError, RecursionError, UnreadableSourceError, ValueError):
        return None
    return CompiledModel(
        card=_card(body), directory=directory, tokenizer=tokenizer, record=records[WEIGHTS]
    )


def card_body(directory: Path) -> dict[str, Any] | None:
    """What the card in a directory says; None if it is missing, damaged or of another format."""
    try:
        body = json.loads(_content(directory / CARD))
    except (RecursionError, UnreadableSourceError, ValueError):
        return None
    return body if _is_whole(body) else None


def _content(path: Path) -> bytes:
    """A small file of an entry; whatever waits for a writer, as a FIFO does, is refused.

    Raises:
        UnreadableSourceError: It is no regular file, or cannot be read.
    """
    return read_source(path, max_bytes=_MOST, follow_links=True)


def _is_whole(body: Any) -> bool:  # noqa: ANN401 - it comes from a file and may be anything
    """Whether a card is of this format and says what was written."""
    if not isinstance(body, dict):
        return False
    checksum = body.pop("checksum", None)
    known = body.get("schema") == SCHEMA and body.get("scheme") == SCHEME
    return known and checksum == _checksum(body) and _is_complete(body)


def _is_complete(body: Mapping[str, Any]) -> bool:
    """Whether a card has every field, of its type: a checksum is no proof of who wrote it."""
    match body:
        case {
            "fingerprint": str(),
            "dimension": int(dimension),
            "window": int(window),
            "question_prompt": str(),
            "sentence_prompt": str(),
            "inputs": [*inputs],
            "pad_id": int(pad_id),
            "files": dict(records),
        }:
            named = bool(inputs) and set(map(str, inputs)) <= _INPUTS
            told = records.keys() == _FILES and all(map(_is_record, records.values()))
            return named and told and dimension > 0 and window > 0 and pad_id >= 0
    return False


def _is_record(record: object) -> bool:
    match record:
        case {"sha256": str(), "bytes": int()}:
            return True
    return False


def _card(body: Mapping[str, Any]) -> Card:
    """The card in a verified body."""
    fields = {name: body[name] for name in Card.__slots__}
    return Card(**{**fields, "inputs": tuple(body["inputs"])})


def _record(content: bytes) -> dict[str, object]:
    """What the card says about a file with this content."""
    return asdict(FileRecord(sha256=access.digest(content), bytes=len(content)))


def _record_of_large(path: Path) -> dict[str, object]:
    """What the card says about a file that is not empty, as `files.record_of` gives it.

    Hashing a piece takes Python's lock once: with smaller ones, as it has them, each would wait for
    the thread that imports modules meanwhile. A piece that is done gives its memory back.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is empty.
    """
    hasher = hashlib.sha256()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for start in range(0, len(content), _PIECE):
            with memoryview(content)[start : start + _PIECE] as piece:
                hasher.update(piece)
            if hasattr(mmap, "MADV_DONTNEED"):
                content.madvise(mmap.MADV_DONTNEED, start, min(_PIECE, len(content) - start))
        return {"sha256": hasher.hexdigest(), "bytes": len(content)}


def _checksum(body: Mapping[str, object]) -> str:
    """The sha256 of a card without its checksum."""
    return hashlib.sha256(canonical_json(body)).hexdigest()


def damaged_parts(fingerprint: str, *, cache: Path) -> dict[str, str]:
    """What is wrong with files of a compiled encoder, by their names; every byte is read.

    Nothing is wrong where there is none. Of one whose card is wrong, the card alone is named: it
    says what the others must be.

    Args:
        fingerprint: That of the encoder, 64 hexadecimal digits.
        cache: Where it may be: an index that carries encoders, or the per-user cache.

    Raises:
        RefusedError: The file system refuses to read it.
    """
    directory = entry_directory(cache, fingerprint)
    if not directory.is_dir():
        return {}
    body = card_body(directory)
    if body is None or body.get("fingerprint") != fingerprint:
        is_there = (directory / CARD).is_file()
        return {CARD: "is not what was written" if is_there else "is missing"}
    records = body["files"]
    parts = {name: _damage(directory / name, records[name]) for name in (GRAPH, TOKENIZER, WEIGHTS)}
    return {name: damage for name, damage in parts.items() if damage}


def _damage(path: Path, record: dict[str, Any]) -> str:
    try:
        access.verify(path, FileRecord(sha256=record["sha256"], bytes=record["bytes"]))
    except (DamagedFileError, UnreadableFileError) as error:
        return error.reason
    return ""
