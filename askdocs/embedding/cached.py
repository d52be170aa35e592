"""Embed sentences through the cache, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import hashlib
from contextlib import closing
from typing import TYPE_CHECKING

from askdocs.embedding.contract import ignore_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from askdocs.embedding.contract import Encoder, Vectors

SLICE = 1024
"""How many sentences are embedded between two commits: the most that an interruption costs."""


def embed_with_cache(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    cache: Path,
    advance: Callable[[int], None] = ignore_progress,
) -> Vectors:
    """Embed sentences, taking from the cache what it has and adding what it has not.

    The cache only saves time: where it cannot be read or written, or is damaged, every vector
    comes from the encoder. Equal texts are embedded once.

    Args:
        encoder: Embeds what the cache lacks.
        texts: Sentences, any number.
        cache: The per-user cache directory, which need not exist.
        advance: Called with the number of texts done since the last call; the numbers add up to
            len(texts).

    Returns:
        Shape (len(texts), dimension), rows of unit length in the order of `texts`.

    Raises:
        ModelError: If the model gives a vector that is not a number.
    """
    # A question has no use for NumPy before its model is opened, and none for SQLite at all.
    import numpy as np

    from askdocs.embedding.vectors import VectorCache

    result = np.empty((len(texts), encoder.dimension), np.float32)
    missing: dict[bytes, list[int]] = {}
    path = cache / "embeddings" / f"{encoder.fingerprint}-{encoder.scheme}.sqlite"
    with closing(VectorCache(path, dimension=encoder.dimension)) as vectors:
        for row, text in enumerate(texts):
            key = hashlib.sha256(text.encode()).digest()
            stored = vectors.get(key)
            if stored is None:
                missing.setdefault(key, []).append(row)
            else:
                result[row] = np.frombuffer(stored, "<f4")
        advance(len(texts) - len(missing))
        for keys in _slices(list(missing)):
            fresh = encoder.embed_sentences([texts[missing[key][0]] for key in keys], advance)
            for key, vector in zip(keys, fresh, strict=True):
                result[missing[key]] = vector
            vectors.put(zip(keys, (row.tobytes() for row in fresh.astype("<f4")), strict=True))
    return result


def _slices(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The keys in order, `SLICE` at a time."""
    for start in range(0, len(keys), SLICE):
        yield keys[start : start + SLICE]
