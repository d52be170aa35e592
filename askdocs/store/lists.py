"""The dense side of a large index: inverted lists with one byte per dimension of a vector."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from askdocs.store.arrays import boundaries_of, npy, npys, ranges, split_ids
from askdocs.store.codebook import decode, normalise, scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from askdocs.store.arrays import VerifiedArray
    from askdocs.store.codebook import Codebook
    from askdocs.store.protocol import Codes, Ids, Mask, Vectors

ROWS_PER_ROOT = 32
"""How many vectors a question is compared with, times the square root of their number."""
LEAST_ROWS = 16_384
"""The least number of vectors to compare with, if there are as many."""

_BATCH = 4096


class SegmentLists(NamedTuple):
    """The arrays of one segment's file, in their order there.

    Attributes:
        offsets: Where each list begins, then where the last one ends: int64, (lists + 1,).
        sentences: Sentence ids of the segment in list order: int32, (n,).
        positions: The position of each sentence in list order, by its id: int32, (n,).
        codes: The codes in list order: uint8, (n, dimension).
    """

    offsets: VerifiedArray
    sentences: VerifiedArray
    positions: VerifiedArray
    codes: VerifiedArray


def lists_pieces(
    codebook: Codebook, codes: Codes, lists: NDArray[np.int32]
) -> Iterator[bytes | memoryview]:
    """Yield the file of a segment: the arrays of SegmentLists in the .npy format.

    Codes and lists are those of the segment's sentences, by id.
    """
    # By list, then by id.
    order = np.argsort(lists, kind="stable")
    positions = np.empty(len(order), dtype=np.int32)
    positions[order] = np.arange(len(order), dtype=np.int32)
    counts = np.bincount(lists, minlength=len(codebook.centroids))
    yield from npys([boundaries_of(counts), order.astype(np.int32), positions])
    batches = (codes[order[start : start + _BATCH]] for start in range(0, len(order), _BATCH))
    yield from npy(batches, dtype="|u1", shape=codes.shape)


class ListsReader:
    """Finds sentences by the cosine of their vectors in the lists of all segments.

    Sentence ids are those of the index: each segment's follow those of the segment before it.

    Raises:
        ValueError: The arrays of a segment do not fit each other or the codebook.
    """

    def __init__(self, codebook: Codebook, segments: Sequence[SegmentLists]) -> None:
        lists, self.dimension = codebook.centroids.shape
        for segment in segments:
            count = len(segment.sentences)
            shapes = (segment.offsets.shape, segment.positions.shape, segment.codes.shape)
            if shapes != ((lists + 1,), (count,), (count, self.dimension)):
                raise ValueError(f"the lists of {count} sentences cannot have the shapes {shapes}")
        self._codebook = codebook
        self._segments = segments

    def nearest(self, vectors: Vectors, k: int, within: Mask | None = None) -> tuple[Ids, Vectors]:
        """Return the sentences nearest to each vector, among those of the nearest lists.

        The lists that are searched hold ROWS_PER_ROOT times the root of the number of sentences.
        If the sentences `within` are few, all are compared. Otherwise enough lists are searched to
        compare as many of them as without it.

        Returns:
            Sentence ids and cosines with their decoded vectors, best first, equal ones by id,
            shapes (questions, min(k, sentences)).
        """
        k = min(k, self._count if within is None else int(within.sum()))
        ids = np.zeros((len(vectors), k), dtype=np.int64)
        cosines = np.zeros((len(vectors), k), dtype=np.float32)
        for number, vector in enumerate(np.ascontiguousarray(vectors, dtype=np.float32)):
            if k:
                ids[number], cosines[number] = self._nearest(vector, k, within)
        return ids, cosines

    def codes(self, ids: Ids) -> Codes:
        """Return the codes of some sentences, shape (len(ids), dimension)."""
        codes = np.empty((len(ids), self.dimension), dtype=np.uint8)
        for number, chosen, sentences in split_ids(ids, self._bases):
            segment = self._segments[number]
            codes[chosen] = segment.codes.take(segment.positions.take(sentences))
        return codes

    def vectors(self, ids: Ids) -> Vectors:
        """Return the decoded vectors of some sentences, rows of unit length."""
        return normalise(decode(self._codebook, self.codes(ids)))

    @cached_property
    def _offsets(self) -> Ids:
        """Where the lists begin and end in each segment, shape (segments, lists + 1)."""
        tables = []
        for segment in self._segments:
            table, count = segment.offsets.all(), len(segment.sentences)
            if table[0] != 0 or table[-1] != count or (np.diff(table) < 0).any():
                reason = f"the inverted lists hold {table[-1]} sentences, expected {count}"
                raise segment.sentences.damaged(reason)
            tables.append(table)
        return np.array(tables, dtype=np.int64).reshape(-1, len(self._codebook.centroids) + 1)

    @cached_property
    def _bases(self) -> Ids:
        """The first id of each segment, then the number of sentences."""
        return boundaries_of(self._offsets[:, -1])

    @property
    def _count(self) -> int:
        return int(self._bases[-1])

    def _nearest(self, vector: Vectors, k: int, within: Mask | None) -> tuple[Ids, Vectors]:
        # The scan treats decoded vectors as if they had unit length, so it may order neighbours
        # wrongly: compare a few more of them exactly.
        candidates = k + k // 4 + 16
        enough = max(k, LEAST_ROWS, int(ROWS_PER_ROOT * self._count**0.5))
        if within is None:
            rows = self._rows(self._nearest_lists(vector, enough))
        else:
            rows = self._rows_within(vector, k, enough, within)
        ids, codes = self._scan(vector, candidates, rows)
        decoded = normalise(decode(self._codebook, codes)).astype(np.float64)
        # In single precision, equal vectors differ in the last bit by their position.
        cosines = np.vecdot(decoded, vector.astype(np.float64)).astype(np.float32)
        best = np.lexsort((ids, -cosines))[:k]
        return ids[best], cosines[best]

    def _nearest_lists(self, vector: Vectors, rows: int) -> Ids:
        """Return the numbers of the lists to search, ascending."""
        # Not a matrix product: NumPy's BLAS waits for threads, which takes up to 19 ms instead of
        # 0.05 ms while other programs run.
        products = np.vecdot(self._codebook.centroids, vector)
        nearest = np.argsort(-products, kind="stable")
        sizes = np.diff(self._offsets, axis=1).sum(axis=0)
        enough = int(np.searchsorted(np.cumsum(sizes[nearest]), rows)) + 1
        return np.sort(nearest[:enough])

    def _rows(self, lists: Ids) -> list[Ids]:
        """Return the rows of some lists in each segment, one list after another."""
        return [ranges(table[lists], table[lists + 1] - table[lists]) for table in self._offsets]

    def _rows_within(self, vector: Vectors, k: int, enough: int, within: Mask) -> list[Ids]:
        """Return the rows to search in each segment, only those of some sentences."""
        parts = [within[start:end] for start, end in pairwise(self._bases.tolist())]
        count = int(within.sum())
        if count <= enough:
            return [
                np.sort(segment.positions.take(np.flatnonzero(part))).astype(np.int64)
                for segment, part in zip(self._segments, parts, strict=True)
            ]
        # If they are spread evenly, as many of them as there would be of all sentences.
        lists = self._nearest_lists(vector, enough * self._count // count)
        rows = self._rows(lists)
        for number, part in enumerate(parts):
            rows[number] = rows[number][part[self._sentences_at(number, rows[number])]]
        if sum(map(len, rows)) < k:
            return self._rows_within(vector, k, 2 * enough, within)
        return rows

    def _scan(self, vector: Vectors, k: int, rows: Sequence[Ids]) -> tuple[Ids, Codes]:
        """Return the ids and codes of the k greatest products in some rows of each segment."""
        pairs = zip(self._segments, rows, strict=True)
        batches = (segment.codes.take(of_segment) for segment, of_segment in pairs)
        segments, positions = scan(self._codebook, vector, batches, k)
        ids = np.empty(len(segments), dtype=np.int64)
        codes = np.empty((len(segments), self.dimension), dtype=np.uint8)
        for number in sorted(set(segments.tolist())):
            chosen = segments == number
            of_segment = rows[number][positions[chosen]]
            ids[chosen] = self._sentences_at(number, of_segment) + self._bases[number]
            codes[chosen] = self._segments[number].codes.take(of_segment)
        return ids, codes

    def _sentences_at(self, segment: int, rows: Ids) -> Ids:
        """Return the ids, within a segment, of the sentences in some of its rows."""
        sentences = self._segments[segment].sentences
        ids = sentences.take(rows).astype(np.int64)
        if len(ids) and not (ids.min() >= 0 and ids.max() < len(sentences)):
            raise sentences.damaged("its lists name sentences that do not exist")
        return ids
