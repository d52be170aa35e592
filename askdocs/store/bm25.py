"""The inverted index of a local store, scored by BM25."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from askdocs.store.analysis import CONTEXT_B, CONTEXT_WEIGHT, K1, B, TermStatistics
from askdocs.store.arrays import boundaries_of, npys, read_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from askdocs.disk.verified import VerifiedFile
    from askdocs.store.context import ContextReader
    from askdocs.store.protocol import Ids, Scores

    Postings: TypeAlias = tuple[NDArray[np.int32], NDArray[np.uint16]]

_MOST_FREQUENT = 2**16 - 1


class _Part(NamedTuple):
    """Distinct terms; then of each posting the number of its term there, passage and frequency."""

    terms: list[bytes]
    numbers: Ids
    passages: Ids
    frequencies: Ids


class LexicalReader:
    """Scores the passages of an index with the inverted indexes of its segments.

    Frequencies and the mean length are those of the whole index, so that a score does not depend
    on how the index is cut. Passages are numbered through all segments.
    """

    def __init__(
        self, segments: Sequence[PostingsReader], contexts: Sequence[ContextReader] = ()
    ) -> None:
        self._segments = segments
        self._contexts = contexts
        self._starts = boundaries_of(len(segment.lengths) for segment in segments).tolist()
        self._norms = _norms([segment.all_lengths() for segment in segments], B)
        context_lengths = [context.postings.all_lengths() for context in contexts]
        self._context_norms = _norms(context_lengths, CONTEXT_B)
        # Statistics and scores are asked for one after the other.
        self._find = lru_cache(maxsize=1024)(
            lambda term: [segment.find(term) for segment in segments]
        )

    def statistics(self, terms: Sequence[str]) -> TermStatistics:
        """Return how many passages there are and how many have each of the terms."""
        frequencies = {term: sum(end - start for start, end in self._find(term)) for term in terms}
        return TermStatistics(passages=self._starts[-1], frequencies=frequencies)

    def scores(self, terms: Sequence[str]) -> Scores:
        """Return the BM25F score of every passage for some distinct terms, shape (passages,).

        Its fields are the passage and its context. A passage without a context has its BM25 score.

        Source:
            Robertson & Zaragoza (2009), doi:10.1561/1500000019, eq. 3.15 and section 3.6: the
            frequencies of a term, each divided by its field's length normalisation, are added
            with the fields' weights before they saturate.
        """
        scores = np.zeros(self._starts[-1])
        statistics = self.statistics(terms)
        for term in terms:
            weight = statistics.idf(term) * (K1 + 1)
            for number, frequencies in enumerate(self._frequencies(term)):
                part = slice(*self._starts[number : number + 2])
                scores[part] += weight * frequencies / (frequencies + K1)
        return scores

    def _frequencies(self, term: str) -> Iterator[Scores]:
        """Yield the weighted frequencies of a term in the passages of each segment."""
        for number, (start, end) in enumerate(self._find(term)):
            frequencies = np.zeros(len(self._segments[number].lengths))
            if start < end:
                passages, counts = self._segments[number].postings(start, end)
                frequencies[passages] = counts / self._norms[number][passages]
            if self._contexts:
                self._add_context(number, term, frequencies)
            yield frequencies

    def _add_context(self, number: int, term: str, frequencies: Scores) -> None:
        context = self._contexts[number]
        start, end = context.postings.find(term)
        if start < end:
            sections, counts = context.postings.postings(start, end)
            of_section = np.zeros(len(context.postings.lengths))
            of_section[sections] = CONTEXT_WEIGHT * counts / self._context_norms[number][sections]
            frequencies += of_section[context.section_of_passages()]

    def prepare(self) -> None:
        """Read the terms now, which every search needs."""
        self._find("")


def _norms(lengths: Sequence[NDArray[np.int32]], b: float) -> list[Scores]:
    """Return the length normalisation of each passage or section, by segment."""
    total, count = sum(int(part.sum()) for part in lengths), sum(map(len, lengths))
    mean = total / count if total else 1.0
    return [(1 - b) + (b / mean) * part.astype(np.float64) for part in lengths]


class PostingsWriter:
    """Collects the terms of passages and writes them as an inverted index."""

    def __init__(self) -> None:
        self._lengths = array("i")
        self._numbers: dict[str, int] = {}
        self._terms, self._added = array("i"), array("i")
        self._moved: dict[PostingsReader, NDArray[np.int32]] = {}

    def add(self, terms: Sequence[str]) -> None:
        """Add the next passage; its number is how many were added before it."""
        self._added.append(len(self._lengths))
        self._lengths.append(len(terms))
        numbers = self._numbers
        self._terms.extend([numbers.setdefault(term, len(numbers)) for term in terms])

    def copy(self, source: PostingsReader, first: int, last: int) -> None:
        """Copy passages of another segment, from number `first` up to `last`, with their terms."""
        # Only noted here and moved at the end: the postings of a passage are all over the file.
        if source not in self._moved:
            self._moved[source] = np.full(len(source.lengths), -1, np.int32)
        count = len(self._lengths)
        self._moved[source][first:last] = np.arange(count, count + last - first)
        self._lengths.extend(source.lengths.rows(first, last).tolist())

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield the file: six NumPy arrays in the .npy format, one after another.

        Offsets of the terms' postings, offsets of their bytes, the passages' lengths, the postings'
        passages and frequencies, and the terms' bytes, sorted.
        """
        parts = [self._new(), *(source.moved(to) for source, to in self._moved.items())]
        names = sorted({name for part in parts for name in part.terms})
        rank = {name: number for number, name in enumerate(names)}.__getitem__
        ranks = [np.fromiter(map(rank, part.terms), np.int64)[part.numbers] for part in parts]
        terms = np.concatenate(ranks)
        passages = np.concatenate([part.passages for part in parts])
        frequencies = np.concatenate([part.frequencies for part in parts])
        order = np.argsort(terms * max(1, len(self._lengths)) + passages)
        yield from npys(
            [
                boundaries_of(np.bincount(terms, minlength=len(names))),
                boundaries_of(map(len, names)).astype(np.int32),
                np.array(self._lengths, np.int32),
                passages[order].astype(np.int32),
                frequencies[order].astype(np.uint16),
                np.frombuffer(b"".join(names), np.uint8),
            ]
        )

    def _new(self) -> _Part:
        """Return the postings of the passages that were added with their terms."""
        count = max(1, len(self._lengths))
        lengths = np.array(self._lengths, np.int64)[self._added]
        # A term and a passage make one number, so that sorting counts the pairs.
        pairs = np.array(self._terms, np.int64) * count + np.repeat(self._added, lengths)
        distinct, frequencies = np.unique(pairs, return_counts=True)
        names = [term.encode() for term in self._numbers]
        frequencies = np.minimum(frequencies, _MOST_FREQUENT)
        return _Part(names, distinct // count, distinct % count, frequencies)


class PostingsReader:
    """Finds the passages of one segment that have a term, numbered from 0.

    A file that is not a sequence of six arrays that fit each other raises ValueError. `lengths` has
    how many terms each passage has, counting repetitions; `more` the arrays of the types in the
    argument that follow in the same file.
    """

    def __init__(self, file: VerifiedFile, *, more: str = "") -> None:
        arrays = read_arrays(file, f"i8 i4 i4 i4 u2 u1 {more}".strip())
        self._posting_offsets, self._name_offsets, self.lengths = arrays[:3]
        self._passages, self._frequencies, self._names = arrays[3:6]
        self.more = arrays[6:]
        if len(self._posting_offsets) != len(self._name_offsets):
            raise ValueError("its terms and their lists of passages differ in number")
        if len(self._passages) != len(self._frequencies):
            raise ValueError("its postings and their frequencies differ in number")

    def find(self, term: str) -> tuple[int, int]:
        """Return where a term's postings begin and end; two equal numbers if it has none."""
        name, names = term.encode(), self._names.all().data
        ends = self._name_offsets.boundaries(len(names))

        def name_at(position: int) -> bytes:
            return bytes(names[ends[position] : ends[position + 1]])

        position = bisect_left(range(len(ends) - 1), name, key=name_at)
        if position == len(ends) - 1 or name_at(position) != name:
            return 0, 0
        start, end = self._posting_offsets.rows(position, position + 2).tolist()
        if not 0 <= start <= end <= len(self._passages):
            raise self._passages.damaged(f"it has no postings {start} to {end}")
        return start, end

    def postings(self, start: int, end: int) -> Postings:
        """Return the passages in some postings and how often each has the term."""
        passages = self._passages.rows(start, end)
        if len(passages) and not (passages.min() >= 0 and passages.max() < len(self.lengths)):
            raise self._passages.damaged("a term is in passages that do not exist")
        return passages, self._frequencies.rows(start, end)

    def all_lengths(self) -> NDArray[np.int32]:
        """Return how many terms each passage has."""
        lengths: NDArray[np.int32] = self.lengths.all()
        if len(lengths) and lengths.min() < 0:
            raise self.lengths.damaged("the length of a passage is negative")
        return lengths

    def moved(self, to: NDArray[np.int32]) -> _Part:
        """Return all postings of the passages that another segment takes over.

        `to` has the new number of each passage, -1 for one that is not taken over.
        """
        counts = np.diff(self._posting_offsets.boundaries(len(self._passages)))
        old, frequencies = self.postings(0, len(self._passages))
        passages = to[old]
        kept = passages >= 0
        terms = np.repeat(np.arange(len(counts)), counts)[kept]
        terms, numbers = np.unique(terms, return_inverse=True)
        ends = self._name_offsets.boundaries(len(self._names)).tolist()
        names = self._names.all().tobytes()
        of_terms = [names[ends[at] : ends[at + 1]] for at in terms.tolist()]
        how_often = frequencies[kept].astype(np.int64)
        return _Part(of_terms, numbers, passages[kept].astype(np.int64), how_often)
