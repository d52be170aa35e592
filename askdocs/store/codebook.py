"""What all segments of an index share to hold vectors as 8-bit codes in inverted lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from askdocs.store.arrays import npys, parse_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray


SAMPLE = 65_536
"""How many vectors a codebook is made from, where there are as many."""

_CODES = 256
_ROUNDS = 10
# How far the codes reach beyond the values of the sample, as a share of their width, to each side:
# the codebook stays when the corpus changes.
_MARGIN = 0.05
# Far above what rounding does to values up to 1: codes must come back the same.
_LEAST_WIDTH = 1e-3
_MOST = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codebook:
    """Where the lists are, and how a vector becomes one byte for each of its dimensions.

    The code c of a dimension stands for the value low + (c + 0.5) · step.

    Attributes:
        centroids: The vectors to which the lists belong, shape (lists, dimension). Lists whose
            vectors are close have numbers that are close.
        low: The least value that each dimension's codes reach, shape (dimension,).
        step: How far apart the codes of each dimension are, above 0, shape (dimension,).
    """

    centroids: NDArray[np.float32]
    low: NDArray[np.float32]
    step: NDArray[np.float32]


def number_of_lists(segments: int) -> int:
    """How many lists an index of so many segments has."""
    return min(512 * segments, 2048)


def train_codebook(sample: NDArray[np.float32], *, lists: int) -> Codebook:
    """Make the codebook of an index, the same one for the same sample.

    Args:
        sample: Vectors of unit length from all over the index, shape (n, dimension).
        lists: How many lists to make, at least 1; n where there are fewer vectors.

    Returns:
        A codebook with at least one list.

    Raises:
        ValueError: A vector is not finite.
    """
    sample = _finite(sample)
    low, step = _ranges(sample)
    centroids = _centroids(sample, min(lists, len(sample)))
    return Codebook(centroids=centroids[_tour(centroids)], low=low, step=step)


def codebook_pieces(codebook: Codebook) -> Iterator[bytes | memoryview]:
    """The file: centroids, low and step as NumPy arrays in the .npy format, one after another."""
    return npys([codebook.centroids, codebook.low, codebook.step])


def read_codebook(content: bytes | memoryview) -> Codebook:
    """The codebook in a file, whose bytes must be verified.

    Raises:
        ValueError: The content is no codebook.
    """
    arrays = parse_arrays(content, 3)
    centroids, low, step = arrays
    if any(array.dtype != np.float32 for array in arrays) or centroids.ndim != 2:  # noqa: PLR2004
        raise ValueError("a codebook must have a table and two rows of float32")
    if not centroids.size or not centroids.shape[1:] == low.shape == step.shape:
        raise ValueError(f"no codebook has arrays of the shapes {[a.shape for a in arrays]}")
    # Also where a number is none. All values of a vector of unit length are from -1 to 1.
    if not all(abs(array).max() <= _MOST for array in arrays) or step.min() <= 0:
        raise ValueError("a codebook must have small numbers, and steps above 0")
    return Codebook(centroids=centroids, low=low, step=step)


def assign(codebook: Codebook, vectors: NDArray[np.float32]) -> NDArray[np.int32]:
    """The list of each vector: of the centroid that has the greatest product with what is decoded.

    So the list follows from the codes: a decoded vector is in the list of the one it comes from.

    Raises:
        ValueError: A vector is not finite.
    """
    import faiss  # noqa: PLC0415 - slow to import, and not every question needs it

    centroids = faiss.IndexFlatIP(codebook.centroids.shape[1])
    centroids.add(codebook.centroids)
    _, lists = centroids.search(decode(codebook, encode(codebook, vectors)), 1)
    found: NDArray[np.int32] = lists[:, 0].astype(np.int32)
    return found


def encode(codebook: Codebook, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The codes of vectors, in their shape; values that no code reaches get the nearest one.

    What `decode` gives has the codes that it was made from. What was scaled to unit length after
    that need not have them: a refresh must keep codes, or decoded vectors as they are.

    Raises:
        ValueError: A vector is not finite.
    """
    codes: NDArray[np.uint8] = quantizer(codebook).compute_codes(_finite(vectors))
    return codes


def decode(codebook: Codebook, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The vectors that codes stand for, in their shape; their lengths are nearly 1."""
    # The middle of all values with this code: rounding cannot lead to the code beside it.
    return codebook.low + (codes + np.float32(0.5)) * codebook.step


def unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors scaled to unit length; one without a length stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths, lengths, 1.0), dtype=np.float32)


def quantizer(codebook: Codebook) -> Any:  # noqa: ANN401 - FAISS has no types
    """What turns vectors into codes in FAISS, and compares them with vectors."""
    import faiss  # noqa: PLC0415 - slow to import, and not every question needs it

    made = faiss.ScalarQuantizer(len(codebook.low), faiss.ScalarQuantizer.QT_8bit)
    # FAISS takes the width up to the middle of a code behind the last: 255 steps for 256 codes.
    ranges = np.concatenate([codebook.low, codebook.step * (_CODES - 1)])
    faiss.copy_array_to_vector(ranges.astype(np.float32), made.trained)
    return made


def _finite(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(vectors).all():
        raise ValueError("vectors must be finite")
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _ranges(sample: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where the codes of each dimension begin, and how far apart they are."""
    if not len(sample):
        # Nothing is known: whatever a refresh brings has values from -1 to 1.
        sample = np.tile(np.array([[-1.0], [1.0]], dtype=np.float32), sample.shape[1])
    least = sample.min(axis=0)
    # A dimension in which all are equal needs a step as well.
    width = np.maximum(sample.max(axis=0) - least, np.float32(_LEAST_WIDTH))
    low: NDArray[np.float32] = least - np.float32(_MARGIN) * width
    return low, width * np.float32((1 + 2 * _MARGIN) / _CODES)


def _centroids(sample: NDArray[np.float32], lists: int) -> NDArray[np.float32]:
    """The centres of as many groups of vectors, by k-means on the sphere; one without any."""
    if not lists:
        return np.zeros((1, sample.shape[1]), dtype=np.float32)
    import faiss  # noqa: PLC0415 - slow to import, and not every question needs it

    kmeans = faiss.Kmeans(
        sample.shape[1],
        lists,
        niter=_ROUNDS,
        seed=1,
        spherical=True,
        # All vectors, without a warning on standard error where they are few.
        min_points_per_centroid=1,
        max_points_per_centroid=len(sample),
    )
    kmeans.train(sample)
    return np.asarray(kmeans.centroids, dtype=np.float32)


def _tour(centroids: NDArray[np.float32]) -> list[int]:
    """An order in which each centroid is followed by the nearest one that is left.

    A question looks into lists that are close to each other: what stands together in a file is in
    fewer blocks to verify (114 MB instead of 173 MB for 64 lists of 2,048 over 4,000,000 vectors).
    """
    similarities = centroids @ centroids.T
    order = [0]
    while len(order) < len(centroids):
        similarities[:, order[-1]] = -np.inf
        order.append(int(similarities[order[-1]].argmax()))
    return order


# A label of FAISS has the number of a batch above the place in it.
_PLACE_BITS = 32


def scan(
    codebook: Codebook, vector: NDArray[np.float32], batches: Iterable[NDArray[np.uint8]], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the k codes stand whose vectors have the greatest products with a vector.

    An index of FAISS would want a copy of the codes, and would start its threads for each search:
    with another program at work that takes 8 ms instead of 1.3 ms (12,480 codes).

    Args:
        codebook: What the codes stand for.
        vector: Shape (dimension,).
        batches: Codes, each batch of shape (n, dimension); only one is held at once.
        k: How many to find, at least 1.

    Returns:
        The number of the batch and the row in it for each one found, both from 0, in no order;
        fewer than k where there are no more codes.
    """
    import faiss  # noqa: PLC0415 - slow to import, and not every question needs it

    vector = np.ascontiguousarray(vector, dtype=np.float32)
    products = np.full(k, -np.inf, dtype=np.float32)
    labels = np.full(k, -1, dtype=np.int64)
    heap = faiss.swig_ptr(products), faiss.swig_ptr(labels), k
    # The codes stand for vectors and not for residuals; their labels say where they are.
    labels_are_places, of_residuals = True, False
    coder = quantizer(codebook)
    scanner = coder.select_InvertedListScanner(
        faiss.METRIC_INNER_PRODUCT, None, labels_are_places, None, of_residuals
    )
    try:
        scanner.set_query(faiss.swig_ptr(vector))
        for number, batch in enumerate(batches):
            codes = _checked(batch, len(vector))
            scanner.set_list(number, 0.0)
            scanner.scan_codes(len(codes), faiss.swig_ptr(codes), None, *heap)
    finally:
        # It belongs to the caller, which Python does not know: it would never be freed.
        type(scanner).__swig_destroy__(scanner)
    found = labels[labels >= 0]
    return found >> _PLACE_BITS, found & ((1 << _PLACE_BITS) - 1)


def _checked(batch: NDArray[np.uint8], dimension: int) -> NDArray[np.uint8]:
    """Codes as FAISS expects them: it would read past the end of shorter ones."""
    if batch.dtype != np.uint8 or batch.shape[1:] != (dimension,):
        raise ValueError(f"codes must be {dimension} bytes each, got {batch.shape[1:]}")
    return np.ascontiguousarray(batch)
