"""The inverted index of a local store, scored by BM25."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from askdocs.store.analysis import K1, B, TermStatistics
from askdocs.store.arrays import npys, offsets, read_arrays, require_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from askdocs.disk.verified import VerifiedFile

    Postings: TypeAlias = tuple[NDArray[np.int32], NDArray[np.uint16]]
    _Part: TypeAlias = tuple[list[bytes], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


class LexicalReader:
    """Scores the passages of an index from the inverted indexes of its segments.

    Frequencies and the mean length are those of the whole index, so that a score does not depend
    on how the index is cut. Passages are numbered through all segments.
    """

    def __init__(self, segments: Sequence[PostingsReader]) -> None:
        """Read how long the passages are."""
        self._segments = segments
        self._starts = offsets(len(one.lengths) for one in segments).tolist()
        lengths = np.concatenate([one.all_lengths() for one in segments])
        mean = float(lengths.mean()) if len(lengths) else 0.0
        relative = lengths / mean if mean else np.zeros(len(lengths))
        self._saturation = K1 * (1 - B + B * relative)
        # Statistics and scores are asked for one after the other.
        self._find = lru_cache(maxsize=1024)(self._find_in_all)

    def statistics(self, terms: Sequence[str]) -> TermStatistics:
        """How many passages have each of the terms."""
        return TermStatistics(
            passages=self._starts[-1],
            frequencies={
                term: sum(end - start for start, end in self._find(term)) for term in terms
            },
        )

    def scores(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """The BM25 score of every passage for some distinct terms, shape (passages,).

        Source:
            Robertson & Zaragoza (2009), doi:10.1561/1500000019, eq. 3.15.
        """
        scores = np.zeros(self._starts[-1])
        statistics = self.statistics(terms)
        for term in terms:
            weight = statistics.idf(term) * (K1 + 1)
            for at, (start, end) in enumerate(self._find(term)):
                if start < end:
                    self._add(scores, at, self._segments[at].postings(start, end), weight)
        return scores

    def prepare(self) -> None:
        """Read now what every search needs: the terms."""
        self._find("")

    def _add(
        self, scores: NDArray[np.float64], segment: int, postings: Postings, weight: float
    ) -> None:
        """Add what one term gives to the passages of one segment."""
        own = slice(*self._starts[segment : segment + 2])
        passages, frequencies = postings
        saturation = self._saturation[own][passages]
        scores[own][passages] += weight * frequencies / (frequencies + saturation)

    def _find_in_all(self, term: str) -> list[tuple[int, int]]:
        return [segment.find(term) for segment in self._segments]


_MOST = 2**16 - 1


class PostingsWriter:
    """Collects the terms of passages and writes them as an inverted index."""

    def __init__(self) -> None:
        """Begin with no passages."""
        self._lengths = array("i")
        self._numbers: dict[str, int] = {}
        self._terms, self._added = array("i"), array("i")
        self._moved: dict[PostingsReader, NDArray[np.int32]] = {}

    def add(self, terms: Sequence[str]) -> None:
        """Add the next passage, whose number is how many were added before it."""
        self._added.append(len(self._lengths))
        self._lengths.append(len(terms))
        numbers = self._numbers
        self._terms.extend([numbers.setdefault(term, len(numbers)) for term in terms])

    def copy(self, source: PostingsReader, first: int, last: int) -> None:
        """Add consecutive passages of another segment with the terms that they have there.

        Args:
            source: That segment.
            first: The number of the first passage there.
            last: The number behind the last one.
        """
        # Noted here and moved at the end: the postings of a passage are all over the file.
        if source not in self._moved:
            self._moved[source] = np.full(len(source.lengths), -1, np.int32)
        now = len(self._lengths)
        self._moved[source][first:last] = np.arange(now, now + last - first)
        self._lengths.extend(source.lengths.rows(first, last).tolist())

    def pieces(self) -> Iterator[bytes | memoryview]:
        """The file: six NumPy arrays in the .npy format, one after another.

        Offsets of the terms' postings, offsets of their bytes, the passages' lengths, the postings'
        passages and frequencies, and the terms' bytes, sorted.
        """
        parts = [self._new(), *(source.moved(to) for source, to in self._moved.items())]
        names = sorted({name for part in parts for name in part[0]})
        rank = {name: at for at, name in enumerate(names)}
        ranks = [np.fromiter(map(rank.__getitem__, part[0]), np.int64) for part in parts]
        terms = np.concatenate([own[part[1]] for own, part in zip(ranks, parts, strict=True)])
        passages = np.concatenate([part[2] for part in parts])
        frequencies = np.concatenate([part[3] for part in parts])
        order = np.argsort(terms * max(1, len(self._lengths)) + passages)
        yield from npys(
            [
                offsets(np.bincount(terms, minlength=len(names))),
                offsets(map(len, names)).astype(np.int32),
                np.array(self._lengths, np.int32),
                passages[order].astype(np.int32),
                frequencies[order].astype(np.uint16),
                np.frombuffer(b"".join(names), np.uint8),
            ]
        )

    def _new(self) -> _Part:
        """The postings of the passages that were added with their terms."""
        count = max(1, len(self._lengths))
        lengths = np.array(self._lengths, np.int64)[self._added]
        # A term and a passage as one number: their pairs are counted by sorting.
        pairs = np.array(self._terms, np.int64) * count + np.repeat(self._added, lengths)
        found, frequencies = np.unique(pairs, return_counts=True)
        names = [term.encode() for term in self._numbers]
        return names, found // count, found % count, np.minimum(frequencies, _MOST)


class PostingsReader:
    """Finds the passages of one segment that have a term, numbered from 0.

    Attributes:
        lengths: How many terms each passage has, repeated ones counted again.
    """

    def __init__(self, file: VerifiedFile) -> None:
        """Read the headers.

        Raises:
            ValueError: The file is no sequence of six arrays.
        """
        arrays = read_arrays(file, 6)
        require_types(arrays, "i8 i4 i4 i4 u2 u1")
        (
            self._posting_offsets,
            self._name_offsets,
            self.lengths,
            self._passages,
            self._frequencies,
            self._names,
        ) = arrays
        if len(self._posting_offsets) != len(self._name_offsets):
            raise ValueError("it has not as many names of terms as lists of passages")
        if len(self._passages) != len(self._frequencies):
            raise ValueError("it has not as many frequencies as passages of terms")

    def find(self, term: str) -> tuple[int, int]:
        """Where a term's postings begin and end; twice the same where no passage has it."""
        name, names = term.encode(), self._names.all().data
        ends = self._name_offsets.boundaries(len(names))

        def name_at(position: int) -> bytes:
            return bytes(names[ends[position] : ends[position + 1]])

        position = bisect_left(range(len(ends) - 1), name, key=name_at)
        if position == len(ends) - 1 or name_at(position) != name:
            return 0, 0
        start, end = self._posting_offsets.rows(position, position + 2).tolist()
        if not 0 <= start <= end <= len(self._passages):
            raise self._passages.damaged(f"the passages {start} to {end} of a term are not there")
        return start, end

    def postings(self, start: int, end: int) -> Postings:
        """The passages that have a term, in order, and how often each has it."""
        passages = self._passages.rows(start, end)
        if len(passages) and not (passages.min() >= 0 and passages.max() < len(self.lengths)):
            raise self._passages.damaged("a term is in passages that are not there")
        return passages, self._frequencies.rows(start, end)

    def all_lengths(self) -> NDArray[np.int32]:
        """How many terms each passage has."""
        found: NDArray[np.int32] = self.lengths.all()
        if len(found) and found.min() < 0:
            raise self.lengths.damaged("a passage has fewer terms than none")
        return found

    def moved(self, to: NDArray[np.int32]) -> _Part:
        """All postings of the passages that another segment takes over.

        Args:
            to: The number that each passage has there; -1 for one that it does not take.
        """
        counts = np.diff(self._posting_offsets.boundaries(len(self._passages)))
        own, frequencies = self.postings(0, len(self._passages))
        passages = to[own]
        kept = passages >= 0
        terms = np.repeat(np.arange(len(counts)), counts)[kept]
        found, numbers = np.unique(terms, return_inverse=True)
        ends = self._name_offsets.boundaries(len(self._names)).tolist()
        names = self._names.all().tobytes()
        return (
            [names[ends[at] : ends[at + 1]] for at in found.tolist()],
            numbers,
            passages[kept].astype(np.int64),
            frequencies[kept].astype(np.int64),
        )
