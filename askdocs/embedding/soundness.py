"""Which files of a compiled encoder are not what was written."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from askdocs.embedding.card import (
    CARD,
    GRAPH,
    TOKENIZER,
    WEIGHTS,
    card_body,
    entry_directory,
)
from askdocs.files import reason_of, record_of

if TYPE_CHECKING:
    from pathlib import Path


def damaged_parts(fingerprint: str, *, cache: Path) -> dict[str, str]:
    """What is wrong with files of a compiled encoder, by their names; every byte is read.

    Nothing is wrong where there is none. Of one whose card is wrong, the card alone is named: it
    says what the others must be.

    Args:
        fingerprint: That of the encoder, 64 hexadecimal digits.
        cache: Where it may be: an index that carries encoders, or the per-user cache.
    """
    directory = entry_directory(cache, fingerprint)
    if not directory.is_dir():
        return {}
    body = card_body(directory)
    if body is None or body.get("fingerprint") != fingerprint:
        is_there = (directory / CARD).is_file()
        return {CARD: "is not what was written" if is_there else "is missing"}
    parts = {name: _damage(directory / name, body) for name in (GRAPH, TOKENIZER, WEIGHTS)}
    return {name: damage for name, damage in parts.items() if damage}


def _damage(path: Path, body: dict[str, Any]) -> str:
    if not path.is_file():
        return "is missing"
    try:
        found = asdict(record_of(path))
    except OSError as error:
        return f"cannot be read: {reason_of(error)}"
    return "" if found == body["files"][path.name] else "is not what its card says"
