"""The identity card of a compiled encoder in the per-user cache."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from askdocs.embedding.contract import SCHEME
from askdocs.embedding.fingerprint import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = 1
"""The format of a cache entry; another number means that it is compiled again."""

CARD = "encoder.json"
GRAPH = "encoder.onnx"
TOKENIZER = "tokenizer.json"


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
    """A compiled encoder's card with the bytes of its files."""

    card: Card
    graph: bytes
    tokenizer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedModel:
    """A compiled encoder in the cache, verified but for its graph.

    Attributes:
        card: What it is.
        graph: Where the graph lies. It may be opened while `is_whole` reads it, but nothing that
            it gives may be used before that has said so.
        tokenizer: The tokenizer's bytes.
        record: What the graph must be.
    """

    card: Card
    graph: Path
    tokenizer: bytes
    record: Mapping[str, object]

    def is_whole(self) -> bool:
        """Whether the graph is what was written; other threads run meanwhile."""
        try:
            _read_verified(self.graph, self.record)
        except (OSError, ValueError):
            return False
        return True


def entry_directory(cache: Path, fingerprint: str) -> Path:
    """Where the compiled encoder of a model lies in the cache.

    Raises:
        ValueError: If `fingerprint` is not 64 hexadecimal digits, and so might lead elsewhere.
    """
    if not re.fullmatch("[0-9a-f]{64}", fingerprint):
        message = f"fingerprint must be 64 hexadecimal digits, got {fingerprint!r}"
        raise ValueError(message)
    return cache / "encoders" / f"{fingerprint}-{SCHEME}"


def write_entry(directory: Path, compiled: CompiledModel) -> None:
    """Write a compiled encoder into an existing directory.

    Raises:
        OSError: If the disk refuses.
    """
    files = {GRAPH: compiled.graph, TOKENIZER: compiled.tokenizer}
    for name, content in files.items():
        (directory / name).write_bytes(content)
    body = {
        "schema": SCHEMA,
        "scheme": SCHEME,
        **asdict(compiled.card),
        "files": {name: _file_record(content) for name, content in files.items()},
    }
    (directory / CARD).write_text(json.dumps({**body, "checksum": _checksum(body)}, indent=1))


def read_entry(directory: Path, fingerprint: str) -> CachedModel | None:
    """The compiled encoder in a directory, or None if it is missing, damaged or another's."""
    try:
        body = json.loads((directory / CARD).read_bytes())
        if not _is_whole(body) or body["fingerprint"] != fingerprint:
            return None
        tokenizer = _read_verified(directory / TOKENIZER, body["files"][TOKENIZER])
        graph, record = directory / GRAPH, body["files"][GRAPH]
        if graph.stat().st_size != record["bytes"]:
            return None
    except (OSError, ValueError):
        return None
    return CachedModel(card=_card(body), graph=graph, tokenizer=tokenizer, record=record)


def _is_whole(body: Any) -> bool:  # noqa: ANN401 - it comes from a file and may be anything
    """Whether a card is of this format and says what was written."""
    if not isinstance(body, dict):
        return False
    checksum = body.pop("checksum", None)
    known = body.get("schema") == SCHEMA and body.get("scheme") == SCHEME
    return known and checksum == _checksum(body)


def _card(body: Mapping[str, Any]) -> Card:
    """The card in a verified body."""
    fields = {name: body[name] for name in Card.__slots__}
    return Card(**{**fields, "inputs": tuple(body["inputs"])})


def _read_verified(path: Path, record: Mapping[str, object]) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: If it cannot be read.
        ValueError: If they are not those that were written.
    """
    content = path.read_bytes()
    if _file_record(content) != record:
        message = f"{path} is damaged"
        raise ValueError(message)
    return content


def _file_record(content: bytes) -> dict[str, object]:
    """What the card says about a file."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _checksum(body: Mapping[str, object]) -> str:
    """The sha256 of a card without its checksum."""
    return hashlib.sha256(canonical_json(body)).hexdigest()
