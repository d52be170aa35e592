"""What a store of passages, vectors and terms offers to whoever asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from askdocs.records.manifest import DocumentRecord, Manifest
    from askdocs.records.spans import StoredPassage
    from askdocs.store.bm25 import TermStatistics


class OutgrownError(Exception):
    """The codebook that was to be kept has no codes near a new vector: another one must be made."""


class Store(Protocol):
    """An index pinned to one generation: what ranking, search, citations, check, diff and eval use.

    `Reader` has the data of the generation; the rest is known without reading it.
    """

    @property
    def digest(self) -> str:
        """The name of the generation, which is the digest of its manifest."""
        ...

    @property
    def manifest(self) -> Manifest:
        """What the generation was made of and with."""
        ...

    @property
    def base(self) -> Path:
        """The folder to which the paths of all documents are relative."""
        ...

    @property
    def documents(self) -> Mapping[str, DocumentRecord]:
        """The record of every file of the corpus by its path.

        Raises:
            DamagedIndexError: The records are not what the manifest says.
        """
        ...

    def reader(self) -> Reader:
        """Return a reader of the data; the caller closes it."""
        ...

    def damage(self, *, deep: bool) -> Mapping[str, str]:
        """Return what is wrong with each damaged part, by its name.

        Args:
            deep: Whether to read everything that is stored; otherwise only its size is checked.
        """
        ...


class Reader(Protocol):
    """Reads one generation, the same one for its whole life.

    Passage and sentence ids count from 0 in one order, which is fixed for the generation.
    """

    def dense(
        self,
        vectors: NDArray[np.float32],
        k: int,
        *,
        within: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k sentences nearest to each vector: ids and cosines, shapes (len(vectors), ≤ k).

        Args:
            vectors: Shape (questions, dimension), rows of unit length.
            k: How many for each, at least 1.
            within: Of which passages, shape (passages,); None for all of them.
        """
        ...

    def lexical(
        self, terms: Sequence[str], k: int, *, within: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The k passages with the highest BM25 score above 0: ids and scores, best first.

        Args:
            terms: Distinct ones.
            k: How many, at least 1.
            within: Of which passages, shape (passages,); None for all of them. The statistics of
                terms are those of the whole index all the same.
        """
        ...

    def passages_in(self, paths: Collection[str]) -> NDArray[np.bool_]:
        """Which passages belong to some documents, shape (passages,); unknown paths have none."""
        ...

    def bm25(self, terms: Sequence[str], passage_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The exact BM25 score of some passages, shape (len(passage_ids),)."""
        ...

    def term_statistics(self, terms: Sequence[str]) -> TermStatistics:
        """How many passages there are, and how many have each of the terms."""
        ...

    def passages_of_sentences(self, sentence_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The passage to which each sentence belongs, in the shape of the argument."""
        ...

    def sentences_of(
        self, passage_ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first sentence of each passage and how many it has, shapes (len(passage_ids),)."""
        ...

    def text_digests(self, passage_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """A number for the text of each passage, which copies share, shape (len(passage_ids),)."""
        ...

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with some ids, in their order."""
        ...

    def passages_of(self, path: str) -> list[StoredPassage]:
        """The passages of a document in order; none where it is not in the index."""
        ...

    def text_of(self, path: str) -> str:
        """A document's text as it was indexed, up to its last passage."""
        ...

    def documents(self) -> list[tuple[str, str]]:
        """Path and encoding of every document, in order of path."""
        ...

    def prepare(self, *, lexical: bool) -> None:
        """Read and verify now what a dense search needs, and a lexical one where it is wanted."""
        ...

    def vectors(self, sentence_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The stored vectors of some sentences, shape (len(sentence_ids), dimension)."""
        ...

    def close(self) -> None:
        """Give all files back."""
        ...
