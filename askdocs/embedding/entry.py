"""Read and write the files of a compiled encoder, in a cache or an index."""

from __future__ import annotations

import hashlib
import json
import mmap
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from askdocs.corpus.read import read_source
from askdocs.disk import access, durable
from askdocs.embedding.admission import digest_of_json
from askdocs.embedding.model import SCHEME
from askdocs.errors import DamagedFileError, UnreadableFileError, UnreadableSourceError
from askdocs.places import ENCODERS
from askdocs.records.manifest import FileRecord

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = 3
"""The format of an entry; part of its name, so that versions of askdocs share a cache."""

CARD = "encoder.json"
GRAPH = "encoder.onnx"
WEIGHTS = "weights.bin"
TOKENIZER = "tokenizer.json"
FILES = (GRAPH, TOKENIZER, WEIGHTS)

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""The inputs that a graph may have."""

VECTORS = "vectors"
"""The output with the vector of each text, shape (texts, dimension)."""
TOKENS = "tokens"
"""The output with the vectors of all tokens, shape (texts, tokens of the longest, dimension)."""

_HASHED_BYTES = 16 << 20
# Far more than any tokenizer, or any graph without its weights.
_MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a compiled encoder is.

    Attributes:
        fingerprint: The fingerprint of the model that it was compiled from.
        dimension: Length of its vectors.
        token_dimension: Length of the vectors of tokens; 0 if the graph has none.
        window: How many tokens of a sentence or question it reads, special tokens included.
        positions: How many tokens the transformer can read at once, at least `window`.
        question_prompt: The text before every question.
        sentence_prompt: The text before every sentence.
        inputs: Names of the graph's inputs, among `INPUTS`.
        pad_id: The token that fills up a batch.
    """

    fingerprint: str
    dimension: int
    token_dimension: int
    window: int
    positions: int
    question_prompt: str
    sentence_prompt: str
    inputs: tuple[str, ...]
    pad_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledModel:
    """A compiled encoder in a directory, verified except for its weights.

    Attributes:
        card: What it is.
        directory: Where its graph and weights lie. The weights may be mapped while `is_whole`
            reads them, but no vector may be used before `is_whole` has returned True.
        tokenizer: The tokenizer's bytes.
        weights: Digest and size that the weights must have.
    """

    card: Card
    directory: Path
    tokenizer: bytes
    weights: FileRecord

    @property
    def graph(self) -> Path:
        """The graph, which names the file of its weights."""
        return self.directory / GRAPH

    def is_whole(self) -> bool:
        """Return True if the weights are what was written; other threads run meanwhile."""
        try:
            return _record_of_large(self.directory / WEIGHTS) == self.weights
        except (OSError, ValueError):
            return False


def entry_directory(cache: Path, fingerprint: str) -> Path:
    """Return where the compiled encoder of a model lies in a cache.

    A fingerprint that is not 64 hexadecimal digits raises ValueError: it could lead elsewhere.
    """
    if not re.fullmatch("[0-9a-f]{64}", fingerprint):
        raise ValueError(f"fingerprint must be 64 hexadecimal digits, got {fingerprint!r}")
    return cache / ENCODERS / f"{fingerprint}-{SCHEME}-{SCHEMA}"


def write_card(directory: Path, card: Card) -> None:
    """Complete a directory that holds graph, weights and tokenizer."""
    # In the order of the cards that are in caches and indexes already.
    names = (GRAPH, WEIGHTS, TOKENIZER)
    records = {name: asdict(access.record_of(directory / name)) for name in names}
    body = {"schema": SCHEMA, "scheme": SCHEME, **asdict(card), "files": records}
    content = json.dumps({**body, "checksum": digest_of_json(body)}, indent=1)
    durable.write_new(directory / CARD, content.encode("ascii"))


def read_compiled(directory: Path, fingerprint: str) -> CompiledModel | None:
    """Read the compiled encoder in a directory; None if missing, damaged or another model's."""
    try:
        body = _read_card(directory, fingerprint)
        if body is None:
            return None
        records = _records(body)
        tokenizer = _read_file(directory / TOKENIZER)
        for name, content in ((TOKENIZER, tokenizer), (GRAPH, _read_file(directory / GRAPH))):
            if records[name] != FileRecord(sha256=access.digest(content), bytes=len(content)):
                return None
        # Mapping weights shorter than the graph says would end the process.
        if (directory / WEIGHTS).stat().st_size != records[WEIGHTS].bytes:
            return None
    except (OSError, UnreadableSourceError):
        return None
    fields = {name: body[name] for name in Card.__slots__}
    card = Card(**{**fields, "inputs": tuple(body["inputs"])})
    weights = records[WEIGHTS]
    return CompiledModel(card=card, directory=directory, tokenizer=tokenizer, weights=weights)


def damaged_parts(fingerprint: str, *, cache: Path) -> dict[str, str]:
    """Read every byte of a compiled encoder, and return what is wrong with its files, by name.

    An encoder that is not there has no damage. If the card is damaged, only the card is named,
    because it says what the other files must be. The cache is an index or the per-user one.

    Raises:
        RefusedError: The file system refuses to read it.
    """
    directory = entry_directory(cache, fingerprint)
    if not directory.is_dir():
        return {}
    body = _read_card(directory, fingerprint)
    if body is None:
        is_there = (directory / CARD).is_file()
        return {CARD: "is not what was written" if is_there else "is missing"}
    records = _records(body)
    damage = {}
    for name in FILES:
        try:
            access.verify(directory / name, records[name])
        except (DamagedFileError, UnreadableFileError) as error:
            damage[name] = error.reason
    return damage


def _read_card(directory: Path, fingerprint: str) -> dict[str, Any] | None:
    """Return what the card of a model says; None if missing, damaged or of another format."""
    try:
        body = json.loads(_read_file(directory / CARD))
        if not isinstance(body, dict) or body.pop("checksum", None) != digest_of_json(body):
            return None
    except (RecursionError, UnreadableSourceError, ValueError):
        return None
    known = {"schema": SCHEMA, "scheme": SCHEME, "fingerprint": fingerprint}
    return body if known.items() <= body.items() and _is_complete(body) else None


def _read_file(path: Path) -> bytes:
    """Read a small file of an entry; a FIFO, which would wait for a writer, is refused."""
    return read_source(path, max_bytes=_MAX_BYTES, follow_links=True)


def _is_complete(body: Mapping[str, Any]) -> bool:
    """Return True if every field has its type: a checksum does not prove who wrote the card."""
    match body:
        case {
            "fingerprint": str(),
            "dimension": int(dimension),
            "token_dimension": int(token_dimension),
            "window": int(window),
            "positions": int(positions),
            "question_prompt": str(),
            "sentence_prompt": str(),
            "inputs": [*inputs],
            "pad_id": int(pad_id),
            "files": dict(files),
        }:
            is_named = bool(inputs) and set(map(str, inputs)) <= set(INPUTS)
            has_files = files.keys() == set(FILES) and all(map(_is_record, files.values()))
            is_possible = dimension > 0 <= token_dimension and positions >= window > 0 <= pad_id
            return is_named and has_files and is_possible
    return False


def _is_record(record: object) -> bool:
    match record:
        case {"sha256": str(), "bytes": int(), **others}:
            return not others
    return False


def _records(body: Mapping[str, Any]) -> dict[str, FileRecord]:
    return {name: FileRecord(**record) for name, record in body["files"].items()}


def _record_of_large(path: Path) -> FileRecord:
    """Return the record of a file that is not empty, as `access.record_of` does.

    Hashing a piece takes Python's lock once. With pieces as small as `access.record_of` reads,
    each would wait for the thread that imports modules. A hashed piece gives its memory back. An
    empty file raises ValueError.
    """
    hasher = hashlib.sha256()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for start in range(0, len(content), _HASHED_BYTES):
            with memoryview(content)[start : start + _HASHED_BYTES] as piece:
                hasher.update(piece)
            if hasattr(mmap, "MADV_DONTNEED"):
                length = min(_HASHED_BYTES, len(content) - start)
                content.madvise(mmap.MADV_DONTNEED, start, length)
        return FileRecord(sha256=hasher.hexdigest(), bytes=len(content))
