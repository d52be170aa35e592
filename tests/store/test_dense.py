"""The dense side finds the sentences that comparing with every one finds."""

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from askdocs.store.dense import FlatReader, flat_pieces
from tests.store.conftest import unit_vectors


def content_of(*batches: NDArray[np.float32]) -> bytes:
    """The file of some vectors."""
    return b"".join(flat_pieces(batches, dimension=batches[0].shape[1]))


@given(
    count=st.integers(1, 50),
    dimension=st.integers(2, 20),
    questions=st.integers(1, 3),
    k=st.integers(1, 60),
    seed=st.integers(0, 2**32 - 1),
)
def test_nearest_are_those_of_brute_force(*, as_file, count, dimension, questions, k, seed):
    """Ids and cosines are those of the k highest products, best first; fewer where there are."""
    vectors = unit_vectors(count, dimension, seed)
    asked = unit_vectors(questions, dimension, seed + 1)
    ids, cosines = FlatReader(as_file([content_of(vectors)])).nearest(asked, k)
    products = asked.astype(np.float64) @ vectors.T.astype(np.float64)
    best = -np.sort(-products, axis=1)[:, :k]
    np.testing.assert_allclose(cosines, best, atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(products, ids, axis=1), best, atol=1e-6)
    assert all(len(set(row)) == min(k, count) for row in ids.tolist())


def test_only_some_sentences_are_compared_where_that_is_wanted(as_file):
    """Of the sentences that are looked at, the nearest are found, and no others."""
    vectors, asked = unit_vectors(50, 8, seed=0), unit_vectors(3, 8, seed=1)
    within = np.arange(50) % 3 == 1
    ids, cosines = FlatReader(as_file([content_of(vectors)])).nearest(asked, 5, within=within)
    products = asked @ vectors.T
    expected = np.argsort(-np.where(within, products, -9), axis=1)[:, :5]
    assert ids.tolist() == expected.tolist()
    np.testing.assert_allclose(cosines, np.take_along_axis(products, expected, axis=1), atol=1e-6)


def test_vectors_come_back_as_they_were(as_file):
    """What was stored is given to the bit, in the order asked for, and as often."""
    vectors = unit_vectors(20, 8, seed=1)
    found = FlatReader(as_file([content_of(vectors)])).vectors(np.array([19, 0, 7, 7]))
    np.testing.assert_array_equal(found, vectors[[19, 0, 7, 7]])
    assert found.dtype == np.float32


def test_index_without_sentences_finds_nothing(as_file):
    """A corpus of empty files can be asked in vain."""
    reader = FlatReader(as_file([content_of(np.zeros((0, 8), np.float32))]))
    ids, cosines = reader.nearest(unit_vectors(2, 8, seed=0), 5)
    assert (ids.shape, cosines.shape) == ((2, 0), (2, 0))
    assert reader.vectors(np.zeros(0, np.int64)).shape == (0, 8)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_file_is_one_of_faiss(count):
    """FAISS writes the same bytes, and reads them as a flat index of inner products."""
    vectors = unit_vectors(count, 8, seed=3)
    index = faiss.IndexFlatIP(8)
    index.add(vectors)
    content = content_of(vectors)
    assert content == content_of(np.asfortranarray(vectors[:1]), vectors[1:1], vectors[1:])
    assert content == faiss.serialize_index(index).tobytes()
    read = faiss.deserialize_index(np.frombuffer(content, np.uint8))
    np.testing.assert_array_equal(read.reconstruct_n(0, count), vectors)


@pytest.mark.parametrize(
    "bad", [[0, 0, 0, 0], [np.nan, 0, 0, 1], [np.inf, 0, 0, 0], [2, 0, 0, 0], [0.99, 0, 0, 0]]
)
def test_vector_without_unit_length_is_refused(bad):
    """A vector that would give wrong cosines is not stored, nor are those around it."""
    vectors = np.concatenate([unit_vectors(3, 4, seed=0), np.array([bad], np.float32)])
    with pytest.raises(ValueError, match="must be finite and of unit length"):
        content_of(vectors)


def test_truncated_bytes_are_refused(as_file):
    """An index cut off at any byte is not an index."""
    content = content_of(unit_vectors(4, 8, seed=0))
    for length in range(len(content)):
        with pytest.raises(ValueError):
            FlatReader(as_file([content[:length]]))


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"IxFI" + b"\xff" * 100])
def test_other_bytes_are_refused(as_file, content):
    """What is not an index is not taken for one, and claims no memory that it does not fill."""
    with pytest.raises(ValueError, match="it is not a flat FAISS index"):
        FlatReader(as_file([content]))
