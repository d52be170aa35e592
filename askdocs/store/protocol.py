"""The seam between what asks an index and the store that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    from askdocs.records.manifest import DocumentRecord, Manifest
    from askdocs.records.spans import Document, StoredPassage
    from askdocs.store.analysis import TermStatistics

    Codes: TypeAlias = NDArray[np.uint8]
    Ids: TypeAlias = NDArray[np.int64]
    Vectors: TypeAlias = NDArray[np.float32]
    Scores: TypeAlias = NDArray[np.float64]
    Mask: TypeAlias = NDArray[np.bool_]


class OutgrownError(Exception):
    """The codebook to keep has no codes near a new vector: train another one."""


class Store(Protocol):
    """An index pinned to one generation: all that asking, checking and comparing use of it.

    Everything here is known without the data of the generation, which `reader` opens.
    """

    @property
    def digest(self) -> str:
        """The name of the generation: the digest of its manifest."""

    @property
    def manifest(self) -> Manifest:
        """What the generation was made of and with."""

    @property
    def base(self) -> Path:
        """The folder to which the paths of all documents are relative."""

    @property
    def documents(self) -> Mapping[str, DocumentRecord]:
        """The record of every file of the corpus by its path.

        Raises:
            DamagedIndexError: The records differ from what the manifest says.
        """

    def reader(self) -> Reader:
        """Return a reader of the data; the caller closes it."""

    def damage(self, *, deep: bool) -> Mapping[str, str]:
        """Return why parts are damaged, by their names; unless `deep`, compare only sizes."""


class Reader(Protocol):
    """The data of one generation.

    Passages and sentences are numbered from 0 in an order that is fixed for the generation; these
    numbers are their ids. Every method may raise DamagedIndexError.
    """

    def dense(self, vectors: Vectors, k: int, *, within: Mask | None = None) -> tuple[Ids, Vectors]:
        """Return the ids and cosines of the k sentences nearest to each vector, best first.

        Args:
            vectors: Shape (questions, dimension), rows of unit length.
            k: How many for each vector, at least 1; the results' shapes are (questions, at most k).
            within: Which passages to search, shape (passages,); None for all of them.
        """

    def lexical(
        self, terms: Sequence[str], k: int, *, within: Mask | None = None
    ) -> tuple[Ids, Scores]:
        """Return the ids and scores of the passages with the k highest BM25 scores above 0.

        The best come first. The terms must be distinct; their statistics are always those of the
        whole index. For `within` see `dense`.
        """

    def bm25(self, terms: Sequence[str], passage_ids: Ids) -> Scores:
        """Return the exact BM25 scores of some passages, shape (len(passage_ids),)."""

    def term_statistics(self, terms: Sequence[str]) -> TermStatistics:
        """Return how many passages there are and how many have each of the terms."""

    def vectors(self, sentence_ids: Ids) -> Vectors:
        """Return the vectors of some sentences, shape (len(sentence_ids), dimension)."""

    def token_codes(self, passage_ids: Ids) -> tuple[Codes, Ids]:
        """Return the codes of the tokens of some passages.

        A code has a bit for each number of a token's vector: 1 for a number above 0, in the order
        of `numpy.packbits`.

        Returns:
            The codes, one passage after another, shape (tokens, bytes); then, for each passage, how
            many of them its context has, and each of its sentences, shape (passages + sentences,).
            A heading has none if its passage has more than headings: it is in the context. If no
            sentence has any, neither has the context.

        Raises:
            UnusableIndexError: The index was made by a version that kept no codes of tokens.
        """

    def passages_of_sentences(self, sentence_ids: Ids) -> Ids:
        """Return the passage of each sentence, in the shape of the argument."""

    def sentences_of(self, passage_ids: Ids) -> tuple[Ids, Ids]:
        """Return the first sentence of each passage and their number, shapes (passages,)."""

    def text_digests(self, passage_ids: Ids) -> Ids:
        """Return a number for the text of each passage; passages of equal text share it."""

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """Return the passages with some ids, in the order of the ids.

        Raises:
            KeyError: There is no such passage.
        """

    def passages_of(self, path: str) -> list[StoredPassage]:
        """Return the passages of a document in order; none if it is not in the index."""

    def passages_in(self, paths: Collection[str]) -> Mask:
        """Return which passages belong to some documents, shape (passages,).

        Paths that are not in the index are ignored.
        """

    def document(self, path: str) -> Document | None:
        """Return a document as it was indexed, up to the end of its last passage; None for others.

        A document without passages has no text.
        """

    def documents(self) -> list[tuple[str, str]]:
        """Return the path of every document and the digest of its bytes, in order of path."""

    def prepare(self, *, lexical: bool) -> None:
        """Read and verify now what every dense search needs, and every hybrid one on request."""

    def close(self) -> None:
        """Close all files."""
