"""The dense side of a small index: every sentence vector, in the format of a flat FAISS index."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from askdocs.store.arrays import VerifiedArray, best_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from askdocs.disk.verified import VerifiedFile


FLAT = "dense.faiss"
"""The name of the file."""

# As FAISS writes an IndexFlatIP: its name, dimension, vectors, two numbers without meaning, that it
# is trained, the metric (0 is the inner product), and how many numbers follow.
_HEADER = struct.Struct("<4siqqqBiQ")
_NAME = b"IxFI"
_FILLER = 1 << 20
_TRAINED = 1
_INNER_PRODUCT = 0

_QUESTIONS_AT_ONCE = 64
_MOST_COSINE = 1.01


def flat_pieces(
    batches: Sequence[NDArray[np.float32]], *, dimension: int
) -> Iterator[bytes | memoryview]:
    """The file of a flat inner-product index, as `faiss.write_index` would write it.

    FAISS's own function is not used: it reports success on a full disk.

    Args:
        batches: The vectors in order, each batch of shape (sentences, dimension), rows of unit
            length.
        dimension: Length of the vectors.

    Raises:
        ValueError: A vector is not finite, or not of unit length.
    """
    count = sum(map(len, batches))
    yield _HEADER.pack(
        _NAME, dimension, count, _FILLER, _FILLER, _TRAINED, _INNER_PRODUCT, count * dimension
    )
    for batch in batches:
        if not np.allclose(np.linalg.norm(batch, axis=1), 1.0, atol=1e-3):
            raise ValueError("vectors must be finite and of unit length")
        if batch.size:
            yield np.ascontiguousarray(batch, "<f4").data.cast("B")


class FlatReader:
    """Finds sentences by the cosine of their vectors, comparing with every one.

    NumPy does it as fast as FAISS, which would copy the vectors first and takes longer to import
    than most questions to answer.

    Attributes:
        dimension: Length of the vectors.
    """

    def __init__(self, file: VerifiedFile) -> None:
        """Read the header.

        Raises:
            ValueError: The file is no flat inner-product index.
        """
        header = bytes(file.read(0, min(_HEADER.size, file.size)))
        if len(header) < _HEADER.size:
            raise ValueError("no index in the format of FAISS")
        name, dimension, count, *_, trained, metric, numbers = _HEADER.unpack(header)
        expected = (_NAME, _TRAINED, _INNER_PRODUCT, count * dimension)
        whole = _HEADER.size + 4 * numbers
        if (name, trained, metric, numbers) != expected or dimension < 1 or file.size != whole:
            raise ValueError("no index in the format of FAISS")
        self.dimension = dimension
        self._stored = VerifiedArray(file, "<f4", (count, dimension), offset=_HEADER.size)

    def __len__(self) -> int:
        """How many vectors there are."""
        return len(self._stored)

    def nearest(
        self,
        vectors: NDArray[np.float32],
        k: int,
        *,
        within: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The sentences nearest to each of some vectors.

        Args:
            vectors: Shape (questions, dimension), rows of unit length.
            k: How many for each, at least 1.
            within: Which sentences to look at, shape (sentences,); None for all of them.

        Returns:
            Sentence ids and their cosines, shapes (questions, k) or fewer where there are fewer
            sentences, best first, equal ones by id.
        """
        every = np.arange(len(self._stored)) if within is None else np.flatnonzero(within)
        shape = len(vectors), min(k, len(every))
        ids, cosines = np.empty(shape, np.int64), np.empty(shape, np.float32)
        for question, found in enumerate(self._cosines(vectors)):
            # What is no number is not between any two.
            if len(found) and not (found.min() >= -_MOST_COSINE and found.max() <= _MOST_COSINE):
                raise self._stored.damaged("a vector is not of unit length")
            own = found if within is None else found[within]
            best = best_of(own, k)
            ids[question], cosines[question] = every[best], own[best]
        return ids, cosines

    def vectors(self, ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of some sentences, shape (len(ids), dimension)."""
        found: NDArray[np.float32] = self._stored.take(np.asarray(ids, np.int64))
        with _without_warnings():
            squares = np.vecdot(found, found)
        # Also where a number is none: nothing is near to it.
        if not (abs(squares - 1.0) < _MOST_COSINE - 1.0).all():
            raise self._stored.damaged("a vector is not of unit length")
        return found

    def prepare(self) -> None:
        """Read now what a search needs."""
        self._vectors  # noqa: B018 - kept by its first use

    def _cosines(self, vectors: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """The cosine of every sentence with each of some vectors."""
        if len(vectors) == 1:
            # A product of matrices would wait for threads, long where other programs are at work.
            with _without_warnings():
                found = np.vecdot(self._vectors, vectors[0])
            yield found
            return
        for start in range(0, len(vectors), _QUESTIONS_AT_ONCE):
            with _without_warnings():
                products = vectors[start : start + _QUESTIONS_AT_ONCE] @ self._vectors.T
            yield from products

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        # A copy: behind a header of 45 bytes no number stands where a processor likes to find it.
        return self._stored.all().astype(np.float32, copy=True)


def _without_warnings() -> np.errstate:
    """What is no number is looked for afterwards."""
    return np.errstate(invalid="ignore", over="ignore")
