"""The dense side finds the sentences that comparing with every one finds."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from askdocs.store.dense import DenseReader, serialise

MakeVectors = Callable[..., NDArray[np.float32]]


def unit(count: int, dimension: int, seed: int) -> NDArray[np.float32]:
    """Vectors of unit length, the same for the same seed."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimension))
    made: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(
        np.float32
    )
    return made


@given(
    count=st.integers(1, 50),
    dimension=st.integers(2, 20),
    questions=st.integers(1, 3),
    k=st.integers(1, 60),
    seed=st.integers(0, 2**32 - 1),
)
def test_nearest_are_those_of_brute_force(
    count: int, dimension: int, questions: int, k: int, seed: int
) -> None:
    """Ids and cosines are those of the k highest products, best first; fewer where there are."""
    vectors = unit(count, dimension, seed)
    asked = unit(questions, dimension, seed + 1)

    ids, cosines = DenseReader(serialise(vectors)).nearest(asked, k)

    products = asked.astype(np.float64) @ vectors.T.astype(np.float64)
    best = -np.sort(-products, axis=1)[:, :k]
    np.testing.assert_allclose(cosines, best, atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(products, ids, axis=1), best, atol=1e-6)
    assert all(len(set(row)) == min(k, count) for row in ids.tolist())


def test_equal_vectors_are_all_found() -> None:
    """A thousand equal sentences have a thousand ids."""
    vectors = np.tile(unit(1, 8, seed=0), (1000, 1))

    ids, cosines = DenseReader(serialise(vectors)).nearest(vectors[:1], 1000)

    assert sorted(ids[0].tolist()) == list(range(1000))
    np.testing.assert_allclose(cosines, 1.0, atol=1e-6)


def test_vectors_come_back_as_they_were() -> None:
    """What was stored is given to the bit, in the order asked for, and as often."""
    vectors = unit(20, 8, seed=1)

    found = DenseReader(serialise(vectors)).vectors([19, 0, 7, 7])

    np.testing.assert_array_equal(found, vectors[[19, 0, 7, 7]])
    assert found.dtype == np.float32


def test_no_vectors_have_a_shape() -> None:
    """Asked for none, the reader gives none of the right length."""
    found = DenseReader(serialise(unit(2, 8, seed=0))).vectors([])

    assert found.shape == (0, 8)


def test_index_without_sentences_finds_nothing() -> None:
    """A corpus of empty files can be asked in vain."""
    reader = DenseReader(serialise(np.zeros((0, 8), np.float32)))

    ids, cosines = reader.nearest(unit(2, 8, seed=0), 5)

    assert (ids.shape, cosines.shape) == ((2, 0), (2, 0))


def test_same_vectors_give_the_same_bytes() -> None:
    """Nothing but the vectors is in the file, however they lie in memory."""
    vectors = unit(10, 8, seed=2)

    content = serialise(vectors)

    assert serialise(np.asfortranarray(vectors)) == content
    assert serialise(vectors[np.arange(10)]) == content


@pytest.mark.parametrize(
    "bad",
    [
        [0.0, 0.0, 0.0, 0.0],
        [float("nan"), 0.0, 0.0, 1.0],
        [float("inf"), 0.0, 0.0, 0.0],
        [2.0, 0.0, 0.0, 0.0],
        [0.99, 0.0, 0.0, 0.0],
    ],
)
def test_vector_without_unit_length_is_refused(bad: list[float]) -> None:
    """A vector that would give wrong cosines is not stored, nor are those around it."""
    vectors = np.concatenate([unit(3, 4, seed=0), np.array([bad], np.float32)])

    with pytest.raises(ValueError, match="must be finite and of unit length"):
        serialise(vectors)


def test_truncated_bytes_are_refused() -> None:
    """An index cut off at any byte is no index."""
    content = serialise(unit(4, 8, seed=0))
    taken = []

    for length in range(len(content)):
        try:
            DenseReader(content[:length])
        except ValueError:
            continue
        taken.append(length)

    assert taken == []


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"IxFI" + b"\xff" * 100])
def test_other_bytes_are_refused(content: bytes) -> None:
    """What is no index is not taken for one, and claims no memory that it does not fill."""
    with pytest.raises(ValueError, match="no index in the format of FAISS"):
        DenseReader(content)
