"""The dense side of a small index: every sentence vector, in a flat FAISS index."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from askdocs.store.arrays import VerifiedArray, best_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from askdocs.disk.verified import VerifiedFile
    from askdocs.store.protocol import Ids, Mask, Vectors

FLAT = "dense.faiss"

# As FAISS writes an IndexFlatIP: name, dimension, number of vectors, two fillers, whether it is
# trained, the metric (0 is the inner product), and the number of values that follow.
_HEADER = struct.Struct("<4siqqqBiQ")
_NAME = b"IxFI"
_FILLER = 1 << 20
_TRAINED = 1
_INNER_PRODUCT = 0

_QUESTIONS_AT_ONCE = 64
_MOST_COSINE = 1.01


def flat_pieces(batches: Sequence[Vectors], *, dimension: int) -> Iterator[bytes | memoryview]:
    """Yield the file of a flat inner-product index, as `faiss.write_index` would write it.

    That function is not used because it reports success on a full disk.

    Raises:
        ValueError: A vector is not finite, or not of unit length.
    """
    count = sum(map(len, batches))
    fields = dimension, count, _FILLER, _FILLER, _TRAINED, _INNER_PRODUCT, count * dimension
    yield _HEADER.pack(_NAME, *fields)
    for batch in batches:
        if not np.allclose(np.linalg.norm(batch, axis=1), 1.0, atol=1e-3):
            raise ValueError("vectors must be finite and of unit length")
        if batch.size:
            yield np.ascontiguousarray(batch, "<f4").data.cast("B")


class FlatReader:
    """Finds sentences by the cosine of their vectors, comparing with all of them.

    NumPy is as fast as FAISS, which would copy the vectors first, and which takes longer to import
    than most questions take to answer.

    Raises:
        ValueError: The file is not a flat inner-product index.
    """

    def __init__(self, file: VerifiedFile) -> None:
        header = bytes(file.read(0, min(_HEADER.size, file.size))).ljust(_HEADER.size, b"\0")
        name, dimension, count, *_, trained, metric, values = _HEADER.unpack(header)
        expected = (_NAME, _TRAINED, _INNER_PRODUCT, count * dimension)
        size = _HEADER.size + 4 * values
        if (name, trained, metric, values) != expected or dimension < 1 or file.size != size:
            raise ValueError("it is not a flat FAISS index")
        self.dimension = dimension
        self._stored = VerifiedArray(file, "<f4", (count, dimension), offset=_HEADER.size)

    def __len__(self) -> int:
        return len(self._stored)

    def nearest(self, vectors: Vectors, k: int, within: Mask | None = None) -> tuple[Ids, Vectors]:
        """Return the sentences nearest to each vector, among those `within`, and their cosines.

        The shapes are (questions, min(k, sentences)), best first, equal ones by id.
        """
        every = np.arange(len(self._stored)) if within is None else np.flatnonzero(within)
        shape = len(vectors), min(k, len(every))
        ids, cosines = np.empty(shape, np.int64), np.empty(shape, np.float32)
        for question, values in enumerate(self._cosines(vectors)):
            # NaN compares false with everything, so reject it here.
            if len(values) and not (values.min() >= -_MOST_COSINE and values.max() <= _MOST_COSINE):
                raise self._stored.damaged("a vector is not of unit length")
            searched = values if within is None else values[within]
            best = best_of(searched, k)
            ids[question], cosines[question] = every[best], searched[best]
        return ids, cosines

    def vectors(self, ids: Ids) -> Vectors:
        """Return the vectors of some sentences, shape (len(ids), dimension)."""
        vectors: Vectors = self._stored.take(ids)
        with _without_warnings():
            squares = np.vecdot(vectors, vectors)
        # NaN fails too.
        if not (abs(squares - 1.0) < _MOST_COSINE - 1.0).all():
            raise self._stored.damaged("a vector is not of unit length")
        return vectors

    def prepare(self) -> None:
        """Read the vectors now."""
        self._vectors  # noqa: B018 - kept by its first use

    def _cosines(self, vectors: Vectors) -> Iterator[Vectors]:
        """Yield the cosines of all sentences with each vector."""
        if len(vectors) == 1:
            # A matrix product would wait for threads, for long while other programs run.
            with _without_warnings():
                cosines = np.vecdot(self._vectors, vectors[0])
            yield cosines
            return
        for start in range(0, len(vectors), _QUESTIONS_AT_ONCE):
            with _without_warnings():
                products = vectors[start : start + _QUESTIONS_AT_ONCE] @ self._vectors.T
            yield from products

    @cached_property
    def _vectors(self) -> Vectors:
        # A copy, because the values after a header of 45 bytes are not aligned.
        return self._stored.all().astype(np.float32, copy=True)


def _without_warnings() -> np.errstate:
    """Suppress warnings about NaN and infinity, which are checked afterwards."""
    return np.errstate(invalid="ignore", over="ignore")
