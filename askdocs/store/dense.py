"""The dense side of an index: sentence vectors in FAISS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def serialise(vectors: NDArray[np.float32]) -> bytes:
    """Put vectors into a flat inner-product index in FAISS's own format.

    Never hand FAISS a path instead: `write_index` reports success on a full disk.

    Args:
        vectors: Shape (sentences, dimension), rows of unit length.

    Raises:
        ValueError: A vector is not finite, or not of unit length.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    if not np.allclose(lengths, 1.0, atol=1e-3):
        raise ValueError("vectors must be finite and of unit length")
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    return bytes(faiss.serialize_index(index))


class DenseReader:
    """Finds sentences by the cosine of their vectors."""

    def __init__(self, content: bytes) -> None:
        """Load an index from bytes, which must be verified: FAISS does not check them.

        Raises:
            ValueError: FAISS does not take the bytes for an index.
        """
        import faiss

        # What FAISS allocates follows from what the bytes claim.
        faiss.set_deserialization_vector_byte_limit(2 * len(content))
        try:
            self._index: Any = faiss.deserialize_index(np.frombuffer(content, dtype=np.uint8))
        except RuntimeError as error:
            raise ValueError("no index in the format of FAISS") from error

    def nearest(
        self, vectors: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The sentences nearest to each of some vectors.

        Args:
            vectors: Shape (questions, dimension), rows of unit length.
            k: How many for each, at least 1.

        Returns:
            Sentence ids and their cosines, shapes (questions, min(k, sentences)), best first.
        """
        if not self._index.ntotal:
            return np.zeros((len(vectors), 0), np.int64), np.zeros((len(vectors), 0), np.float32)
        cosines, ids = self._index.search(vectors, min(k, self._index.ntotal))
        return ids, cosines

    def vectors(self, ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of some sentences, shape (len(ids), dimension)."""
        wanted = np.asarray(ids, dtype=np.int64)
        if not len(wanted):
            return np.zeros((0, self._index.d), dtype=np.float32)
        found: NDArray[np.float32] = self._index.reconstruct_batch(wanted)
        return found
