"""The codebook that all segments share: 8-bit codes for vectors, and inverted lists of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from askdocs.store.arrays import npys, parse_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

SAMPLE = 65_536
"""How many vectors a codebook is trained on, if there are as many."""

_CODES = 256
_ROUNDS = 10
# How far the codes reach beyond the sample to each side, as a share of its width: the codebook
# must survive changes of the corpus.
_MARGIN = 0.05
# Far above the rounding error of values up to 1: decoding and encoding must return the same codes.
_LEAST_WIDTH = 1e-3
_MOST = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codebook:
    """The centroids of the lists, and how a vector becomes one byte per dimension.

    The code c of a dimension stands for the value low + (c + 0.5) · step.

    Attributes:
        centroids: The centroid of each list, shape (lists, dimension). Close centroids have close
            numbers.
        low: The least value that each dimension's codes reach, shape (dimension,).
        step: The distance between the codes of each dimension, above 0, shape (dimension,).
    """

    centroids: NDArray[np.float32]
    low: NDArray[np.float32]
    step: NDArray[np.float32]


def number_of_lists(segments: int) -> int:
    """Return how many lists an index of some segments has."""
    return min(512 * segments, 2048)


def train_codebook(sample: NDArray[np.float32], *, lists: int) -> Codebook:
    """Train the codebook of an index, the same one for the same sample.

    Args:
        sample: Finite vectors of unit length from all over the index, shape (n, dimension).
        lists: How many lists to make, at least 1; at most n are made, but always one.
    """
    sample = _finite(sample)
    low, step = _ranges(sample)
    centroids = _centroids(sample, min(lists, len(sample)))
    return Codebook(centroids=centroids[_tour(centroids)], low=low, step=step)


def codebook_pieces(codebook: Codebook) -> Iterator[bytes | memoryview]:
    """Yield the file: centroids, low and step as NumPy arrays in the .npy format."""
    return npys([codebook.centroids, codebook.low, codebook.step])


def read_codebook(content: bytes | memoryview) -> Codebook:
    """Return the codebook in verified bytes; raise ValueError if they are not one."""
    arrays = parse_arrays(content, 3)
    centroids, low, step = arrays
    if any(array.dtype != np.float32 for array in arrays) or centroids.ndim != 2:  # noqa: PLR2004
        raise ValueError("a codebook must have a table and two rows of float32")
    if not centroids.size or not centroids.shape[1:] == low.shape == step.shape:
        raise ValueError(f"a codebook cannot have the shapes {[a.shape for a in arrays]}")
    # NaN fails too. The values of a vector of unit length are from -1 to 1.
    if not all(abs(array).max() <= _MOST for array in arrays) or step.min() <= 0:
        raise ValueError("a codebook must have small numbers, and steps above 0")
    return Codebook(centroids=centroids, low=low, step=step)


def assign(codebook: Codebook, vectors: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the list of each vector, all of them finite.

    Its centroid has the greatest product with the decoded vector. The list follows from the
    codes: a vector and its decoded copy are in the same list.
    """
    import faiss

    centroids = faiss.IndexFlatIP(codebook.centroids.shape[1])
    centroids.add(codebook.centroids)
    _, lists = centroids.search(decode(codebook, encode(codebook, vectors)), 1)
    return np.asarray(lists[:, 0], np.int32)


def encode(codebook: Codebook, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the codes of finite vectors, in their shape; values out of range get the nearest code.

    A vector from `decode` has the codes it was decoded from. Once it is scaled to unit length, it
    may have others: a refresh must keep codes, or decoded vectors as they are.
    """
    return np.asarray(_quantizer(codebook).compute_codes(_finite(vectors)), np.uint8)


def decode(codebook: Codebook, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the vectors that codes stand for, in their shape; their lengths are nearly 1."""
    # The middle of the values with this code: rounding cannot reach the next code.
    return codebook.low + (codes + np.float32(0.5)) * codebook.step


def normalise(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors scaled to unit length; a zero vector stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths, lengths, 1.0), dtype=np.float32)


def _quantizer(codebook: Codebook) -> Any:  # noqa: ANN401 - FAISS has no types
    """Return what encodes vectors in FAISS and compares codes with vectors."""
    import faiss

    quantizer = faiss.ScalarQuantizer(len(codebook.low), faiss.ScalarQuantizer.QT_8bit)
    # FAISS expects the width of 255 steps for 256 codes.
    ranges = np.concatenate([codebook.low, codebook.step * (_CODES - 1)])
    faiss.copy_array_to_vector(ranges.astype(np.float32), quantizer.trained)
    return quantizer


def _finite(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(vectors).all():
        raise ValueError("vectors must be finite")
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _ranges(sample: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lowest value and the step of each dimension's codes."""
    if not len(sample):
        # Whatever a refresh brings has values from -1 to 1.
        sample = np.tile(np.array([[-1.0], [1.0]], dtype=np.float32), sample.shape[1])
    least = sample.min(axis=0)
    # A dimension in which all values are equal needs a step, too.
    width = np.maximum(sample.max(axis=0) - least, np.float32(_LEAST_WIDTH))
    low: NDArray[np.float32] = least - np.float32(_MARGIN) * width
    return low, width * np.float32((1 + 2 * _MARGIN) / _CODES)


def _centroids(sample: NDArray[np.float32], lists: int) -> NDArray[np.float32]:
    """Return the centroids of the lists by spherical k-means; one if there are no vectors."""
    if not lists:
        return np.zeros((1, sample.shape[1]), dtype=np.float32)
    import faiss

    kmeans = faiss.Kmeans(
        sample.shape[1],
        lists,
        niter=_ROUNDS,
        seed=1,
        spherical=True,
        # All vectors, and no warning on standard error if there are few.
        min_points_per_centroid=1,
        max_points_per_centroid=len(sample),
    )
    kmeans.train(sample)
    return np.asarray(kmeans.centroids, dtype=np.float32)


def _tour(centroids: NDArray[np.float32]) -> list[int]:
    """Return an order in which each centroid is followed by the nearest one that is left.

    A question searches lists that are close to each other. Side by side in the file, they take
    fewer blocks to verify (114 MB instead of 173 MB for 64 lists of 2,048 over 4,000,000 vectors).
    """
    similarities = centroids @ centroids.T
    order = [0]
    while len(order) < len(centroids):
        similarities[:, order[-1]] = -np.inf
        order.append(int(similarities[order[-1]].argmax()))
    return order


# A label of FAISS has the number of a batch in its upper half, and the row in the lower half.
_ROW_BITS = 32


def scan(
    codebook: Codebook, vector: NDArray[np.float32], batches: Iterable[NDArray[np.uint8]], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the k codes whose vectors have the greatest products with a vector.

    A FAISS index would copy the codes and start threads for each search: that takes 8 ms instead
    of 1.3 ms (12,480 codes) while another program runs.

    Only one batch of codes, of shape (n, dimension), is in memory at a time.

    Returns:
        The batch and the row in it of each code, both from 0, in no order; fewer than k if there
        are no more codes.
    """
    import faiss

    vector = np.ascontiguousarray(vector, dtype=np.float32)
    products = np.full(k, -np.inf, dtype=np.float32)
    labels = np.full(k, -1, dtype=np.int64)
    heap = faiss.swig_ptr(products), faiss.swig_ptr(labels), k
    # The codes stand for vectors and not for residuals; a label says where a code is.
    store_pairs, by_residual = True, False
    quantizer = _quantizer(codebook)
    arguments = faiss.METRIC_INNER_PRODUCT, None, store_pairs, None, by_residual
    scanner = quantizer.select_InvertedListScanner(*arguments)
    try:
        scanner.set_query(faiss.swig_ptr(vector))
        for number, batch in enumerate(batches):
            # FAISS would read past the end of shorter codes.
            if batch.dtype != np.uint8 or batch.shape[1:] != vector.shape:
                raise ValueError(f"codes must be {len(vector)} bytes each, got {batch.shape[1:]}")
            codes = np.ascontiguousarray(batch)
            scanner.set_list(number, 0.0)
            scanner.scan_codes(len(codes), faiss.swig_ptr(codes), None, *heap)
    finally:
        # Python does not know that it owns the scanner, and would never free it.
        type(scanner).__swig_destroy__(scanner)
    nearest = labels[labels >= 0]
    return nearest >> _ROW_BITS, nearest & ((1 << _ROW_BITS) - 1)
