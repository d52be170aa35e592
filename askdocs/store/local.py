"""One reader over all segments of a generation."""

from __future__ import annotations

from functools import cached_property, partial
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from askdocs.disk import access
from askdocs.store.arrays import best_of, by_value, offsets
from askdocs.store.bm25 import LexicalReader
from askdocs.store.dense import FLAT, FlatReader
from askdocs.store.partition import CODEBOOK, segment_name, segment_names, segment_of
from askdocs.store.segment import LISTS, SegmentReader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.disk.verified import VerifiedFile
    from askdocs.records.spans import StoredPassage
    from askdocs.store.analysis import TermStatistics
    from askdocs.store.codebook import Codebook
    from askdocs.store.lists import ListsReader


_MOST_GIVEN = 1 << 29

# Questions that are asked together often meet in the same passages: of these, some 60 MB.
_KEPT = 16_384


class GenerationReader:
    """Reads a generation; each file is opened by its first use, and verified before it is parsed.

    Passages and sentences are numbered through all segments: in order of segment, path, position.
    """

    def __init__(self, opened: Callable[[str], VerifiedFile], *, names: Collection[str]) -> None:
        """Open nothing yet.

        Args:
            opened: Gives a file of the generation by its name, or raises DamagedIndexError.
            names: The names of all its files.
        """
        self._opened = opened
        self._names = names
        self._files: dict[str, VerifiedFile] = {}
        self._kept: dict[int, StoredPassage] = {}
        self._scored: tuple[tuple[str, ...], NDArray[np.float64]] | None = None
        self._within: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None

    @cached_property
    def segments(self) -> list[SegmentReader]:
        """The segments, in order."""
        # Without any, opening the first one says which file the manifest does not list.
        return [self.segment(number) for number in range(len(segment_names(self._names)) or 1)]

    def segment(self, number: int) -> SegmentReader:
        """One segment alone, whatever the others are like."""
        return SegmentReader(partial(self._file_in, segment_name(number)))

    @cached_property
    def codebook(self) -> Codebook | None:
        """What the segments' codes mean; None where vectors are stored as they are."""
        if CODEBOOK not in self._names:
            return None
        # A small index has none: importing what reads it would only take time.
        from askdocs.store.codebook import read_codebook  # noqa: PLC0415

        file = self._file(CODEBOOK)
        try:
            return read_codebook(file.read(0, file.size))
        except ValueError as error:
            raise access.damaged(file.path, error) from error

    @cached_property
    def first_passages(self) -> NDArray[np.int64]:
        """The id of each segment's first passage, and behind the last one how many there are."""
        return offsets(len(one.texts.passages) for one in self.segments)

    @cached_property
    def first_sentences(self) -> NDArray[np.int64]:
        """The id of each segment's first sentence, and behind the last one how many there are."""
        return offsets(one.texts.sentences for one in self.segments)

    @cached_property
    def _lexical(self) -> LexicalReader:
        return LexicalReader([one.postings for one in self.segments])

    @cached_property
    def _dense(self) -> FlatReader | ListsReader:
        if self.codebook is None:
            return self.segments[0].flat
        from askdocs.store.lists import ListsReader  # noqa: PLC0415 - as above

        lists = [one.lists for one in self.segments]
        try:
            return ListsReader(self.codebook, lists)
        except ValueError as error:
            raise access.damaged(self._file(CODEBOOK).path, error) from error

    def dense(
        self,
        vectors: NDArray[np.float32],
        k: int,
        *,
        within: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k sentences nearest to each vector: ids and cosines, shapes (len(vectors), ≤ k)."""
        self._begin_question()
        sentences = None if within is None else self._sentences_within(within)
        if vectors.shape[1] != self._dense.dimension:
            raise access.damaged(self._dense_path(0), f"its vectors are not of {vectors.shape[1]}")
        return self._dense.nearest(vectors, k, within=sentences)

    def lexical(
        self, terms: Sequence[str], k: int, *, within: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The k passages with the highest BM25 score above 0: ids and scores, best first."""
        self._begin_question()
        scores = self._scores(tuple(terms))
        # Of truth values, which takes a tenth of the time that it takes of numbers.
        found = np.flatnonzero(scores > 0 if within is None else within & (scores > 0))
        best = found[best_of(scores[found], k)]
        return best, scores[best]

    def passages_in(self, paths: Collection[str]) -> NDArray[np.bool_]:
        """Which passages belong to some documents, shape (passages,); unknown paths have none."""
        wanted = frozenset(paths)
        found = [
            np.repeat(
                np.array([path in wanted for path, _ in segment.texts.paths()], np.bool_),
                np.diff(segment.texts.documents.firsts.boundaries(len(segment.texts.passages))),
            )
            for segment in self.segments
        ]
        return np.concatenate(found)

    def _sentences_within(self, passages: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which sentences belong to some passages; kept for the next call with the same ones."""
        if self._within is None or self._within[0] is not passages:
            counts = [np.diff(one.texts.first_sentences()) for one in self.segments]
            self._within = (passages, np.repeat(passages, np.concatenate(counts)))
        return self._within[1]

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
        found = np.empty(sentence_ids.shape, np.int64)
        for number, chosen in _by_segment(self.first_sentences, sentence_ids):
            firsts = self.segments[number].texts.first_sentences()
            own = sentence_ids[chosen] - self.first_sentences[number]
            found[chosen] = np.searchsorted(firsts, own, side="right") - 1
            found[chosen] += self.first_passages[number]
        return found

    def sentences_of(
        self, passage_ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first sentence of each passage and how many it has, shapes (len(passage_ids),)."""
        firsts, counts = np.empty_like(passage_ids), np.empty_like(passage_ids)
        for number, chosen in _by_segment(self.first_passages, passage_ids):
            own = passage_ids[chosen] - self.first_passages[number]
            first, counts[chosen] = self.segments[number].texts.sentences_of(own)
            firsts[chosen] = first + self.first_sentences[number]
        return firsts, counts

    def text_digests(self, passage_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """A number for the text of each passage, which copies share, shape (len(passage_ids),)."""
        digests = np.empty_like(passage_ids)
        for number, chosen in _by_segment(self.first_passages, passage_ids):
            own = passage_ids[chosen] - self.first_passages[number]
            digests[chosen] = self.segments[number].texts.digests.take(own)
        return digests

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with some ids, in their order.

        Raises:
            KeyError: There is no such passage.
        """
        wanted = [int(one) for one in ids]
        missing = np.array([one for one in wanted if one not in self._kept], np.int64)
        unknown = missing[(missing < 0) | (missing >= self.first_passages[-1])]
        if len(unknown):
            raise KeyError(int(unknown[0]))
        for number, chosen in _by_segment(self.first_passages, missing):
            own = missing[chosen] - self.first_passages[number]
            self._kept.update((stored.id, stored) for stored in self._stored(number, own))
        found = [self._kept[one] for one in wanted]
        for oldest in list(islice(self._kept, max(0, len(self._kept) - _KEPT))):
            del self._kept[oldest]
        return found

    def passages_of(self, path: str) -> list[StoredPassage]:
        """The passages of a document in order; none where it is not in the index."""
        found = self.find(path)
        if found is None:
            return []
        segment, number = found
        passages = self.segments[segment].texts.passages_between(number, number + 1)
        return list(self._stored(segment, np.arange(*passages)))

    def text_of(self, path: str) -> str:
        """A document's text as it was indexed, up to its last passage; empty where it is not."""
        found = self.find(path)
        return "" if found is None else self.segments[found[0]].texts.text(found[1])

    def find(self, path: str) -> tuple[int, int] | None:
        """The segment of a document and its number there, from 0; None where it is not there."""
        segment = segment_of(path, len(self.segments))
        number = self.segments[segment].texts.find(path)
        return None if number is None else (segment, number)

    def documents(self) -> list[tuple[str, str]]:
        """Path and encoding of every document, in order of path."""
        return list(merge(*(segment.texts.paths() for segment in self.segments)))

    def prepare(self, *, lexical: bool) -> None:
        """Read and verify now what every dense search needs, and every lexical one if wanted."""
        for segment in self.segments:
            segment.texts.prepare()
        if isinstance(self._dense, FlatReader):
            self._dense.prepare()
        elif self.codebook is not None:
            # This takes longer than all else here.
            import faiss  # noqa: F401, PLC0415 - as above
        if lexical:
            self._lexical.prepare()

    def vectors(self, sentence_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The stored vectors of some sentences, shape (len(sentence_ids), dimension)."""
        return self._dense.vectors(sentence_ids)

    def stored_vectors(self, sentence_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors to keep: those of codes are nearly of unit length, and give the same codes."""
        if isinstance(self._dense, FlatReader) or self.codebook is None:
            return self.vectors(sentence_ids)
        from askdocs.store.codebook import decode  # noqa: PLC0415 - as above

        return decode(self.codebook, self._dense.codes(sentence_ids))

    def close(self) -> None:
        """Give all files back."""
        for name in ("segments", "codebook", "_lexical", "_dense"):
            self.__dict__.pop(name, None)
        self._kept.clear()
        for file in self._files.values():
            file.close()

    def _dense_path(self, segment: int) -> Path:
        name = FLAT if isinstance(self._dense, FlatReader) else LISTS
        return self._file_in(segment_name(segment), name).path

    def _begin_question(self) -> None:
        """Let memory go that earlier questions took: the system would keep all of the index.

        Raises:
            DamagedFileError: A file that is mapped was cut off: to look behind its end would end
                the process.
        """
        for file in self._files.values():
            file.require_size()
        # Of no file more than all of it.
        if sum(min(file.given, file.size) for file in self._files.values()) > _MOST_GIVEN:
            for file in self._files.values():
                file.forget()

    def _stored(self, segment: int, numbers: NDArray[np.int64]) -> Iterator[StoredPassage]:
        return self.segments[segment].texts.stored(
            numbers,
            first_passage=int(self.first_passages[segment]),
            first_sentence=int(self.first_sentences[segment]),
        )

    def _file_in(self, folder: str, name: str) -> VerifiedFile:
        return self._file(f"{folder}/{name}")

    def _file(self, name: str) -> VerifiedFile:
        if name not in self._files:
            self._files[name] = self._opened(name)
        return self._files[name]


def _by_segment(
    starts: NDArray[np.int64], ids: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Each segment that some ids are in, and which of them are."""
    return by_value(np.searchsorted(starts, ids, side="right") - 1)
