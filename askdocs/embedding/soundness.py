"""Which files of a compiled encoder are not what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from askdocs import files
from askdocs.datamodel import FileRecord
from askdocs.embedding.card import (
    CARD,
    GRAPH,
    TOKENIZER,
    WEIGHTS,
    card_body,
    entry_directory,
)
from askdocs.errors import DamagedFileError, UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path


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
        files.verify(path, FileRecord(sha256=record["sha256"], bytes=record["bytes"]))
    except (DamagedFileError, UnreadableFileError) as error:
        return error.reason
    return ""
