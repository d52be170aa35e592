"""bm25s with English stop words and the Snowball stemmer: words alone, no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bm25s
import Stemmer

from benchmarks.speed.peers.driver import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INDEX = "bm25s"


class Bm25s:
    """An eager BM25 index."""

    def index(self, paragraphs: Sequence[str], store: Path, vectors: Path | None) -> None:
        """Count, save; there are no vectors here."""
        del vectors
        retriever = bm25s.BM25()
        retriever.index(_tokens(paragraphs), show_progress=False)
        retriever.save(str(store / INDEX))

    def search(self, store: Path, questions: Sequence[str], k: int) -> list[list[int]]:
        """Load mapped, search."""
        retriever = bm25s.BM25.load(str(store / INDEX), mmap=True)
        k = min(k, retriever.scores["num_docs"])
        ids, _ = retriever.retrieve(_tokens(questions), k=k, show_progress=False)
        found: list[list[int]] = ids.tolist()
        return found


def _tokens(texts: Sequence[str]) -> object:
    stemmer = Stemmer.Stemmer("english")
    return bm25s.tokenize(list(texts), stopwords="en", stemmer=stemmer, show_progress=False)


if __name__ == "__main__":
    run(Bm25s())
