"""The dense side of a large index: inverted lists with one byte for each dimension of a vector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from askdocs.store.arrays import by_value, npy, npys, offsets
from askdocs.store.codebook import decode, scan, unit_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from askdocs.store.codebook import Codebook


ROWS_PER_ROOT = 32
"""How many vectors a question is compared with, times the square root of how many there are."""
LEAST_ROWS = 16_384
"""With how many it is compared at least, where there are as many."""

_BATCH = 4096


class Rows(Protocol):
    """An array in a file, whose bytes are verified before they are given."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many rows there are, and how many values each has where that is not one."""
        ...

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """The rows from one to another."""
        ...

    def take(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """Some rows, in the order asked for."""
        ...

    def damaged(self, reason: str) -> Exception:
        """The error for bytes that make no sense, which names the file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLists:
    """The arrays of one segment's file, in their order there.

    Attributes:
        offsets: Where each list begins, and where the last one ends: int64, (lists + 1,).
        sentences: Sentence ids of the segment in list order: int32, (n,).
        positions: Where each sentence stands in list order, by its id: int32, (n,).
        codes: The codes in list order: uint8, (n, dimension).
    """

    offsets: Rows
    sentences: Rows
    positions: Rows
    codes: Rows


def list_order(lists: NDArray[np.int32]) -> NDArray[np.int64]:
    """The sentence ids of a segment in the order of its file: by list, then by id."""
    return np.argsort(lists, kind="stable")


def pieces(
    codebook: Codebook, codes: NDArray[np.uint8], lists: NDArray[np.int32]
) -> Iterator[bytes | memoryview]:
    """The file of a segment: the arrays of SegmentLists in the .npy format, one after another.

    Args:
        codebook: That of the index.
        codes: The codes of the segment's sentences by id, shape (n, dimension).
        lists: The list of each of them, shape (n,).
    """
    order = list_order(lists)
    positions = np.empty(len(order), dtype=np.int32)
    positions[order] = np.arange(len(order), dtype=np.int32)
    counts = np.bincount(lists, minlength=len(codebook.centroids))
    yield from npys([offsets(counts), order.astype(np.int32), positions])
    batches = (codes[order[start : start + _BATCH]] for start in range(0, len(order), _BATCH))
    yield from npy(batches, dtype="|u1", shape=codes.shape)


class ListsReader:
    """Finds sentences by the cosine of their vectors in the lists of all segments.

    Sentence ids are those of the index: a segment's follow those of the segments before it.
    """

    def __init__(self, codebook: Codebook, segments: Sequence[SegmentLists]) -> None:
        """Read nothing yet.

        Raises:
            ValueError: The arrays of a segment do not belong together, or not to the codebook.
        """
        self._codebook = codebook
        self._segments = segments
        for segment in segments:
            _check_shapes(segment, codebook)

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return len(self._codebook.low)

    @property
    def sentences(self) -> int:
        """How many there are."""
        return int(self._bases[-1])

    def nearest(
        self,
        vectors: NDArray[np.float32],
        k: int,
        *,
        probes: int | None = None,
        within: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The sentences nearest to each of some vectors, among those of the nearest lists.

        Args:
            vectors: Shape (questions, dimension), rows of unit length.
            k: How many for each, at least 1.
            within: Which sentences to look at, shape (sentences,); None for all of them. Where
                they are few, all are compared; otherwise so many lists that as many of them are as
                without it.
            probes: In how many lists to look; more where they hold fewer than k sentences. Without
                it, in those that hold ROWS_PER_ROOT times the root of the number of sentences.

        Returns:
            Sentence ids and cosines with their decoded vectors, best first, equal ones by id,
            shapes (questions, min(k, sentences)).
        """
        k = min(k, self.sentences if within is None else int(within.sum()))
        ids = np.zeros((len(vectors), k), dtype=np.int64)
        cosines = np.zeros((len(vectors), k), dtype=np.float32)
        for number, vector in enumerate(np.ascontiguousarray(vectors, dtype=np.float32)):
            if k:
                ids[number], cosines[number] = self._nearest(vector, k, probes, within)
        return ids, cosines

    def codes(self, ids: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The codes of some sentences, shape (len(ids), dimension)."""
        segments = np.searchsorted(self._bases, ids, side="right") - 1
        codes = np.empty((len(ids), len(self._codebook.low)), dtype=np.uint8)
        for number, places in by_value(segments):
            segment = self._segments[number]
            positions = segment.positions.take(ids[places] - self._bases[number])
            codes[places] = segment.codes.take(positions)
        return codes

    def vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The decoded vectors of some sentences, rows of unit length."""
        return unit_length(decode(self._codebook, self.codes(ids)))

    @cached_property
    def _offsets(self) -> NDArray[np.int64]:
        """Where the lists begin and end in each segment, shape (segments, lists + 1)."""
        count = len(self._codebook.centroids) + 1
        read = [segment.offsets.rows(0, count) for segment in self._segments]
        found = np.array(read, dtype=np.int64).reshape(-1, count)
        for own, segment in zip(found, self._segments, strict=True):
            if own[0] != 0 or own[-1] != segment.sentences.shape[0] or (np.diff(own) < 0).any():
                raise segment.sentences.damaged("its lists do not hold its sentences")
        return found

    @cached_property
    def _bases(self) -> NDArray[np.int64]:
        """The first id of each segment, and the one behind the last."""
        return offsets(self._offsets[:, -1])

    @cached_property
    def _sizes(self) -> NDArray[np.int64]:
        """How many sentences each list has in all segments together."""
        sizes: NDArray[np.int64] = np.diff(self._offsets, axis=1).sum(axis=0)
        return sizes

    def _nearest(
        self,
        vector: NDArray[np.float32],
        k: int,
        probes: int | None,
        within: NDArray[np.bool_] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        # The scan leaves out that decoded vectors have not quite unit length, so it may order
        # neighbours wrongly: more are compared exactly than are wanted.
        candidates = k + k // 4 + 16
        enough = k if probes else max(k, LEAST_ROWS, int(ROWS_PER_ROOT * self.sentences**0.5))
        if within is None:
            rows = self._rows(self._nearest_lists(vector, enough, probes))
        else:
            rows = self._rows_within(vector, k, enough, within)
        ids, codes = self._read(*self._scan(vector, candidates, rows))
        decoded = unit_length(decode(self._codebook, codes)).astype(np.float64)
        # In double precision: in single, equal ones differ in the last bit by where they stand.
        cosines = np.vecdot(decoded, vector.astype(np.float64)).astype(np.float32)
        best = np.lexsort((ids, -cosines))[:k]
        return ids[best], cosines[best]

    def _rows(self, lists: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """The rows of some lists in each segment."""
        return [_rows_of(segment_offsets, lists) for segment_offsets in self._offsets]

    def _sentences_at(self, segment: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The ids within a segment of the sentences in some of its rows."""
        sentences = self._segments[segment].sentences
        found = sentences.take(rows).astype(np.int64)
        if len(found) and not (found.min() >= 0 and found.max() < sentences.shape[0]):
            raise sentences.damaged("its lists name sentences that are not there")
        return found

    def _rows_within(
        self,
        vector: NDArray[np.float32],
        k: int,
        enough: int,
        within: NDArray[np.bool_],
    ) -> list[NDArray[np.int64]]:
        """The rows to look at in each segment, those of some sentences alone."""
        parts = [within[start:end] for start, end in pairwise(self._bases.tolist())]
        count = int(within.sum())
        if count <= enough:
            return [
                np.sort(segment.positions.take(np.flatnonzero(part))).astype(np.int64)
                for segment, part in zip(self._segments, parts, strict=True)
            ]
        # As many of them as there would be of all, if they are spread evenly.
        lists = self._nearest_lists(vector, enough * self.sentences // count)
        rows = [
            own[part[self._sentences_at(number, own)]]
            for number, (part, own) in enumerate(zip(parts, self._rows(lists), strict=True))
        ]
        if sum(map(len, rows)) < k:
            return self._rows_within(vector, k, 2 * enough, within)
        return rows

    def _nearest_lists(
        self, vector: NDArray[np.float32], rows: int, probes: int | None = None
    ) -> NDArray[np.int64]:
        """The numbers of the lists in which to look, in ascending order."""
        # Not a product of matrices, for which NumPy's BLAS waits for threads: with other programs
        # at work that takes up to 19 ms instead of 0.05 ms.
        products = np.vecdot(self._codebook.centroids, vector)
        nearest = np.argsort(-products, kind="stable")
        enough = int(np.searchsorted(np.cumsum(self._sizes[nearest]), rows)) + 1
        return np.sort(nearest[: max(probes or 1, enough)])

    def _scan(
        self, vector: NDArray[np.float32], k: int, rows: Sequence[NDArray[np.int64]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The segments and rows of the k greatest products, in any order; fewer if there are."""
        batches = (
            segment.codes.take(of_segment)
            for segment, of_segment in zip(self._segments, rows, strict=True)
        )
        segments, places = scan(self._codebook, vector, batches, k)
        starts = offsets([len(of_segment) for of_segment in rows])
        return segments, np.concatenate(rows)[starts[segments] + places]

    def _read(
        self, segments: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """The ids and codes of what stands in some rows of some segments."""
        ids = np.empty(len(rows), dtype=np.int64)
        codes = np.empty((len(rows), len(self._codebook.low)), dtype=np.uint8)
        for number, places in by_value(segments):
            segment = self._segments[number]
            ids[places] = self._sentences_at(number, rows[places]) + self._bases[number]
            codes[places] = segment.codes.take(rows[places])
        return ids, codes


def _check_shapes(segment: SegmentLists, codebook: Codebook) -> None:
    """Refuse the arrays of another index."""
    lists, dimension = codebook.centroids.shape
    count = segment.sentences.shape[0]
    shapes = (segment.offsets.shape, segment.positions.shape, segment.codes.shape)
    if shapes != ((lists + 1,), (count,), (count, dimension)):
        raise ValueError(f"no lists of {count} sentences have arrays of the shapes {shapes}")


def _rows_of(segment_offsets: NDArray[np.int64], lists: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows of some lists, one list after another."""
    starts = segment_offsets[lists]
    counts = segment_offsets[lists + 1] - starts
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(counts.sum())
