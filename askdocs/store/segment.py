"""One segment: the files that hold some documents, complete in themselves."""

from __future__ import annotations

import io
import sqlite3
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from askdocs import files
from askdocs.errors import DamagedIndexError
from askdocs.store.analysis import analyse
from askdocs.store.dense import DenseReader, serialise
from askdocs.store.lexical import LexicalReader, LexicalWriter
from askdocs.store.texts import TextReader, TextWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.datamodel import FileRecord, Passage, StoredPassage
    from askdocs.store.lexical import TermStatistics

_Parsed = TypeVar("_Parsed")

TEXTS = "passages.sqlite"
DENSE = "dense.faiss"
SENTENCES = "sentences.npy"
LEXICAL = "lexical.npys"
FILES = (DENSE, LEXICAL, SENTENCES, TEXTS)
"""The names of a segment's files."""


class SegmentWriter:
    """Writes documents, given in order of their paths, into a new segment."""

    def __init__(self, directory: Path, *, dimension: int) -> None:
        """Begin a segment in an existing folder.

        Args:
            directory: Where the files go.
            dimension: Length of the vectors.
        """
        self._directory = directory
        self._texts = TextWriter(directory / TEXTS)
        self._lexical = LexicalWriter()
        self._vectors = [np.zeros((0, dimension), dtype=np.float32)]
        self._first_sentences = [0]
        self._last_path: str | None = None

    @property
    def passages(self) -> int:
        """How many passages were added so far."""
        return len(self._first_sentences) - 1

    @property
    def sentences(self) -> int:
        """How many sentences were added so far."""
        return self._first_sentences[-1]

    def add(
        self,
        path: str,
        encoding: str,
        text: str,
        passages: Sequence[Passage],
        vectors: NDArray[np.float32],
    ) -> None:
        """Add the next document.

        Raises:
            ValueError: The path is not greater than the last one, or the vectors are not one for
                each sentence.
        """
        if self._last_path is not None and path <= self._last_path:
            raise ValueError(f"must come in order, got {path!r} after {self._last_path!r}")
        if len(vectors) != sum(len(passage.sentences) for passage in passages):
            raise ValueError(f"must have one vector for each sentence, got {len(vectors)}")
        self._last_path = path
        self._texts.add(path, encoding, text, passages)
        self._vectors.append(vectors)
        for passage in passages:
            self._lexical.add(analyse(passage.text))
            self._first_sentences.append(self._first_sentences[-1] + len(passage.sentences))

    def finish(self) -> dict[str, FileRecord]:
        """Make the files durable and say what each of them must be."""
        self._texts.close()
        texts = self._directory / TEXTS
        files.sync(texts)
        sentences = io.BytesIO()
        np.save(sentences, np.asarray(self._first_sentences, dtype="<i8"), allow_pickle=False)
        dense = [serialise(np.concatenate(self._vectors))]
        return {
            DENSE: files.write_file(self._directory / DENSE, dense),
            LEXICAL: files.write_file(self._directory / LEXICAL, self._lexical.pieces()),
            SENTENCES: files.write_file(self._directory / SENTENCES, [sentences.getvalue()]),
            TEXTS: files.record_of(texts),
        }

    def abort(self) -> None:
        """Stop; what was written so far is of no use."""
        self._texts.abort()


class SegmentReader:
    """Reads a segment; each file is verified when it is first needed."""

    def __init__(self, directory: Path, verified: Callable[[str], bytes]) -> None:
        """Open nothing yet.

        Args:
            directory: Where the files are.
            verified: Gives the content of a file by its name, or raises DamagedIndexError.
        """
        self._directory = directory
        self._verified = verified
        self._scored: tuple[tuple[str, ...], NDArray[np.float64]] | None = None

    @cached_property
    def _texts(self) -> TextReader:
        self._verified(TEXTS)
        path = self._directory / TEXTS
        try:
            return TextReader(path)
        except sqlite3.DatabaseError as error:
            # Another program's file; or a writer has removed it since it was verified.
            raise DamagedIndexError(
                f"{path} cannot be read: {error}", hint="askdocs index --rebuild"
            ) from error

    @cached_property
    def _dense(self) -> DenseReader:
        return _parsed(DenseReader, self._verified(DENSE), self._directory / DENSE)

    @cached_property
    def _lexical(self) -> LexicalReader:
        return _parsed(LexicalReader, self._verified(LEXICAL), self._directory / LEXICAL)

    @cached_property
    def _first_sentences(self) -> NDArray[np.int64]:
        content = self._verified(SENTENCES)
        return _parsed(_load_array, content, self._directory / SENTENCES)

    def dense(
        self, vectors: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k sentences nearest to each vector: ids and cosines, shapes (len(vectors), ≤ k)."""
        return self._dense.nearest(vectors, k)

    def lexical(
        self, terms: Sequence[str], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The k passages with the highest BM25 score above 0: ids and scores, best first."""
        scores = self._scores(tuple(terms))
        found = np.flatnonzero(scores)
        if len(found) > k:
            # All that equal the last one, so that which of them are cut off does not hang on NumPy.
            last = np.partition(scores[found], -k)[-k]
            found = found[scores[found] >= last]
        best = found[np.lexsort((found, -scores[found]))][:k]
        return best, scores[best]

    def cosines(
        self, vector: NDArray[np.float32], passages: Sequence[StoredPassage]
    ) -> list[NDArray[np.float64]]:
        """For each passage the exact cosines of its sentences, in their order."""
        if not passages:
            return []
        counts = [len(stored.passage.sentences) for stored in passages]
        ids = [
            stored.first_sentence + offset
            for stored, count in zip(passages, counts, strict=True)
            for offset in range(count)
        ]
        # In double precision: in single, equal texts differ in the last bit by where they stand.
        products = self._dense.vectors(ids).astype(np.float64) @ vector.astype(np.float64)
        return np.split(products, np.cumsum(counts)[:-1])

    def bm25(self, terms: Sequence[str], passage_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The exact BM25 score of some passages, shape (len(passage_ids),)."""
        return self._scores(tuple(terms))[passage_ids]

    def _scores(self, terms: tuple[str, ...]) -> NDArray[np.float64]:
        """The BM25 score of every passage, kept for the next call with the same terms."""
        if self._scored is None or self._scored[0] != terms:
            self._scored = (terms, self._lexical.scores(terms))
        return self._scored[1]

    def term_statistics(self, terms: Sequence[str]) -> TermStatistics:
        """How many passages there are, and how many have each of the terms."""
        return self._lexical.statistics(terms)

    def passages_of_sentences(self, sentence_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The passage to which each sentence belongs, in the shape of the argument."""
        return np.searchsorted(self._first_sentences, sentence_ids, side="right") - 1

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with some ids, in their order."""
        return self._texts.passages(ids)

    def passages_of(self, path: str) -> list[StoredPassage]:
        """The passages of a document in order; none where it is not in the index."""
        return self._texts.passages_of(path)

    def text_of(self, path: str) -> str:
        """A document's text as it was indexed, up to its last passage."""
        return self._texts.text_of(path)

    def documents(self) -> list[tuple[str, str]]:
        """Path and encoding of every document, in order of path."""
        return self._texts.documents()

    def prepare(self, *, lexical: bool) -> None:
        """Read and verify now what a dense search needs, and a lexical one where it is wanted."""
        names = ("_dense", "_first_sentences", "_texts", *(["_lexical"] if lexical else []))
        for name in names:
            getattr(self, name)

    def vectors(self, sentence_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The stored vectors of some sentences, shape (len(sentence_ids), dimension)."""
        return self._dense.vectors(sentence_ids)

    def close(self) -> None:
        """Give all files back."""
        if "_texts" in self.__dict__:
            self._texts.close()


def _load_array(content: bytes) -> NDArray[np.int64]:
    loaded: NDArray[np.int64] = np.load(io.BytesIO(content), allow_pickle=False)
    return loaded


def _parsed(parse: Callable[[bytes], _Parsed], content: bytes, path: Path) -> _Parsed:
    """Parse verified bytes; only an index that another program wrote can fail here."""
    try:
        return parse(content)
    except (EOFError, ValueError) as error:
        raise DamagedIndexError(
            f"{path} cannot be read: {error}", hint="askdocs index --rebuild"
        ) from error
