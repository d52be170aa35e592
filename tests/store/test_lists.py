"""Inverted lists of 8-bit codes find what comparing with every decoded vector finds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from askdocs.store import lists
from askdocs.store.arrays import parse_arrays
from askdocs.store.codebook import (
    Codebook,
    assign,
    codebook_pieces,
    decode,
    encode,
    number_of_lists,
    read_codebook,
    train_codebook,
)
from askdocs.store.lists import ListsReader, SegmentLists, lists_pieces
from tests.store.conftest import unit_vectors

SMALL = Codebook(
    centroids=np.array([[1, 0], [0, 1], [-1, 0]], np.float32),
    low=np.array([-1, -1], np.float32),
    step=np.array([0.5, 0.25], np.float32),
)
"""Three lists of two dimensions."""


@dataclass
class Counted:
    """An array that remembers which of its rows were asked for."""

    array: NDArray[Any]
    taken: list[int] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the array."""
        return self.array.shape

    def __len__(self) -> int:
        return len(self.array)

    def all(self) -> NDArray[Any]:
        """All rows."""
        return self.take(np.arange(len(self.array)))

    def take(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """Some rows."""
        self.taken += numbers.tolist()
        return self.array[numbers]


NAMES = ("offsets", "sentences", "positions", "codes")


def segment_of(codebook: Codebook, vectors: NDArray[np.float32]) -> SegmentLists:
    """A segment as it is after being written and read."""
    content = b"".join(lists_pieces(codebook, encode(codebook, vectors), assign(codebook, vectors)))
    arrays = map(Counted, parse_arrays(content, 4))
    return SegmentLists(**dict(zip(NAMES, arrays, strict=True)))


def reader_of(codebook: Codebook, segments: Sequence[NDArray[np.float32]]) -> ListsReader:
    """A reader of segments that are given as their vectors."""
    return ListsReader(codebook, [segment_of(codebook, vectors) for vectors in segments])


def decoded_units(codebook: Codebook, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """What the codes of vectors (FAISS's own, which rounds) stand for at unit length, by NumPy."""
    codes = encode(codebook, vectors)
    decoded = codebook.low + (codes + 0.5) * codebook.step.astype(np.float64)
    units: NDArray[np.float64] = decoded / np.linalg.norm(decoded, axis=1, keepdims=True)
    return units


def test_vectors_have_the_codes_worked_out_by_hand():
    """A code counts steps from the lowest value; what no code reaches has the nearest one."""
    vectors = np.array([[-1, -1], [0.2, 0.3], [-7, 70], [200, -0.75]], np.float32)
    codes = encode(SMALL, vectors)
    assert codes.tolist() == [[0, 0], [2, 5], [0, 255], [255, 1]]
    assert decode(SMALL, codes)[:2].tolist() == [[-0.75, -0.875], [0.25, 0.375]]


@settings(max_examples=50)
@given(
    dimension=st.integers(1, 24),
    sample=st.integers(0, 40),
    scale=st.floats(1e-4, 1.0),
    offset=st.floats(-1.0, 1.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_decoded_vectors_have_the_same_codes(dimension, sample, scale, offset, seed):
    """Any codes come back, whatever the ranges are, so a refresh does not wear vectors down."""
    random = np.random.default_rng(seed)
    values = np.clip(offset + scale * random.uniform(-1, 1, (sample, dimension)), -1, 1)
    codebook = train_codebook(values.astype(np.float32), lists=1)
    codes = random.integers(0, 256, (50, dimension), dtype=np.uint8)
    again = encode(codebook, decode(codebook, codes))
    np.testing.assert_array_equal(again, codes)


def test_every_value_of_the_sample_is_coded_within_half_a_step():
    """The ranges hold all that they were made from, so no value of the sample is cut off."""
    vectors = unit_vectors(300, 16)
    codebook = train_codebook(vectors, lists=4)
    errors = np.abs(decode(codebook, encode(codebook, vectors)) - vectors)
    assert (errors <= 0.5001 * codebook.step).all()
    assert (encode(codebook, vectors) > 0).all()
    assert (encode(codebook, vectors) < 255).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    "use",
    [
        lambda vectors: encode(SMALL, vectors),
        lambda vectors: assign(SMALL, vectors),
        lambda vectors: train_codebook(vectors, lists=1),
    ],
)
def test_vector_that_is_not_finite_is_refused(use, bad):
    """No code stands for what is not a number, and no list is the nearest one."""
    with pytest.raises(ValueError, match="vectors must be finite"):
        use(np.array([[1, 0], [bad, 0]], np.float32))


def test_same_sample_gives_the_same_codebook():
    """Nothing but the sample decides, however it lies in memory."""
    vectors = unit_vectors(500, 8)
    made = [
        b"".join(codebook_pieces(train_codebook(sample, lists=16)))
        for sample in (vectors, vectors.copy(), np.asfortranarray(vectors))
    ]
    assert made[0] == made[1] == made[2]


def test_list_of_a_vector_is_that_of_the_nearest_centroid():
    """Every vector is put where comparing its decoded form with all centroids puts it."""
    vectors = unit_vectors(300, 16)
    codebook = train_codebook(vectors, lists=20)
    found = assign(codebook, vectors)
    decoded = decode(codebook, encode(codebook, vectors))
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, np.argmax(decoded @ codebook.centroids.T, axis=1))


def test_lists_that_are_close_have_close_numbers():
    """Centroids on a half circle are numbered along it, from wherever k-means put the first."""
    angles = np.repeat(np.linspace(0, np.pi / 2, 9), 4)
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    codebook = train_codebook(vectors, lists=9)
    found = np.arctan2(codebook.centroids[:, 1], codebook.centroids[:, 0])
    # One way from the first to the end of the arc, then the rest: at most one turn and one jump.
    assert (np.abs(np.diff(found)) > np.pi / 15).sum() <= 1


@pytest.mark.parametrize(("count", "lists_made"), [(0, 1), (1, 1), (3, 3), (4, 4), (9, 4)])
def test_there_are_no_more_lists_than_vectors(count, lists_made):
    """A small sample gives a codebook too, and an empty one a codebook of one list."""
    codebook = train_codebook(unit_vectors(count, 6, seed=0), lists=4)
    assert codebook.centroids.shape == (lists_made, 6)
    assert (codebook.step > 0).all()


def test_equal_vectors_give_a_codebook_that_codes_them():
    """A sample without any width has steps, and its vector comes back."""
    vectors = np.tile(unit_vectors(1, 6, seed=3), (50, 1))
    codebook = train_codebook(vectors, lists=4)
    np.testing.assert_allclose(decode(codebook, encode(codebook, vectors)), vectors, atol=1e-5)


def test_training_says_nothing(capfd):
    """FAISS warns of few vectors on standard error, which belongs to the user."""
    train_codebook(unit_vectors(40, 6, seed=0), lists=30)
    assert capfd.readouterr() == ("", "")


def test_number_of_lists_grows_with_the_segments_up_to_a_limit():
    """More text has more lists, until a question would take too long to choose among them."""
    assert list(map(number_of_lists, (1, 2, 4, 8, 32))) == [512, 1024, 2048, 2048, 2048]


def test_codebook_is_three_arrays(tmp_path):
    """NumPy reads the documented arrays, and reading them returns the codebook."""
    path = tmp_path / "codebook.npys"
    path.write_bytes(b"".join(codebook_pieces(SMALL)))

    with path.open("rb") as file:
        arrays = [np.load(file, allow_pickle=False) for _ in range(3)]
        rest = file.read()

    assert [(array.dtype.str, array.tolist()) for array in arrays] == [
        ("<f4", [[1, 0], [0, 1], [-1, 0]]),
        ("<f4", [-1, -1]),
        ("<f4", [0.5, 0.25]),
    ]
    assert rest == b""
    read = read_codebook(path.read_bytes())
    np.testing.assert_array_equal(read.centroids, SMALL.centroids)
    assert (read.low.tolist(), read.step.tolist()) == ([-1, -1], [0.5, 0.25])


@pytest.mark.parametrize(
    ("centroids", "low", "step", "dtype"),
    [
        ([[1, 0]], [0, 0], [1], "f4"),
        ([[1, 0]], [0], [1], "f4"),
        ([1, 0], [0, 0], [1, 1], "f4"),
        (np.zeros((0, 2)), [0, 0], [1, 1], "f4"),
        (np.zeros((3, 0)), [], [], "f4"),
        ([[1, 0]], [0, 0], [1, 1], "i4"),
    ],
)
def test_arrays_that_do_not_belong_together_are_no_codebook(centroids, low, step, dtype):
    """There is one low value and one step, a float32, for each dimension, and at least one list."""
    arrays = [np.asarray(values, dtype) for values in (centroids, low, step)]
    codebook = Codebook(centroids=arrays[0], low=arrays[1], step=arrays[2])
    with pytest.raises(ValueError):
        read_codebook(b"".join(codebook_pieces(codebook)))


def test_segment_is_four_arrays(tmp_path):
    """NumPy alone reads what is documented: by list, then by sentence id, and the way back."""
    codes = np.array([[10, 11], [20, 21], [30, 31], [40, 41], [50, 51]], np.uint8)
    numbers = np.array([2, 0, 2, 0, 0], np.int32)
    path = tmp_path / "dense.npys"
    path.write_bytes(b"".join(lists_pieces(SMALL, codes, numbers)))

    with path.open("rb") as file:
        arrays = [np.load(file, allow_pickle=False) for _ in range(4)]
        rest = file.read()

    assert [(array.dtype.str, array.tolist()) for array in arrays] == [
        ("<i8", [0, 3, 3, 5]),
        ("<i4", [1, 3, 4, 0, 2]),
        ("<i4", [3, 0, 4, 1, 2]),
        ("|u1", [[20, 21], [40, 41], [50, 51], [10, 11], [30, 31]]),
    ]
    assert rest == b""


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_size_of_batches_does_not_show(batch, monkeypatch):
    """A segment's file has the same bytes however many codes are copied at once."""
    vectors = unit_vectors(50, 2, seed=0)
    codes, numbers = encode(SMALL, vectors), assign(SMALL, vectors)
    whole = b"".join(lists_pieces(SMALL, codes, numbers))
    monkeypatch.setattr(lists, "_BATCH", batch)
    assert b"".join(lists_pieces(SMALL, codes, numbers)) == whole


@settings(max_examples=50)
@given(
    counts=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    dimension=st.integers(2, 20),
    k=st.integers(1, 60),
    made=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
)
def test_nearest_of_all_lists_are_those_of_brute_force(counts, dimension, k, made, seed):
    """Ids and cosines are those of the k nearest decoded vectors of all segments, best first."""
    vectors = unit_vectors(sum(counts), dimension, seed)
    asked = unit_vectors(2, dimension, seed + 1)
    codebook = train_codebook(vectors, lists=made)
    reader = reader_of(codebook, np.split(vectors, np.cumsum(counts)[:-1]))
    ids, cosines = reader.nearest(asked, k)
    products = asked.astype(np.float64) @ decoded_units(codebook, vectors).T
    best = -np.sort(-products, axis=1)[:, :k]
    np.testing.assert_allclose(cosines, best, atol=2e-6)
    np.testing.assert_allclose(np.take_along_axis(products, ids, axis=1), best, atol=2e-6)
    assert all(len(set(row)) == min(k, sum(counts)) for row in ids.tolist())


@settings(max_examples=50)
@given(
    counts=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    share=st.floats(0, 1),
    k=st.integers(1, 60),
    rows=st.sampled_from([1, 1000]),
    seed=st.integers(0, 2**32 - 1),
)
def test_only_some_sentences_are_looked_at_where_that_is_wanted(counts, share, k, rows, seed):
    """As many as there are up to k are found, of those alone; with enough rows, the nearest."""
    vectors, (asked,) = unit_vectors(sum(counts), 8, seed), unit_vectors(1, 8, seed + 1)
    within = np.random.default_rng(seed).random(len(vectors)) < share
    codebook = train_codebook(vectors, lists=5)
    reader = reader_of(codebook, np.split(vectors, np.cumsum(counts)[:-1]))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lists, "LEAST_ROWS", rows)
        patched.setattr(lists, "ROWS_PER_ROOT", 0)
        ids, cosines = reader.nearest(asked[np.newaxis], k, within=within)
    assert len(set(ids[0].tolist())) == min(k, within.sum())
    assert within[ids].all()
    if rows == 1000:
        products = decoded_units(codebook, vectors)[within] @ asked.astype(np.float64)
        np.testing.assert_allclose(cosines[0], -np.sort(-products)[:k], atol=2e-6)


def test_how_an_index_is_cut_does_not_show(monkeypatch):
    """One segment and five have the same neighbours, with the same cosines."""
    monkeypatch.setattr(lists, "LEAST_ROWS", 80)
    monkeypatch.setattr(lists, "ROWS_PER_ROOT", 1)
    vectors, asked = unit_vectors(400, 16), unit_vectors(5, 16, seed=1)
    codebook = train_codebook(vectors, lists=20)
    one = reader_of(codebook, [vectors]).nearest(asked, 10)
    five = reader_of(codebook, np.split(vectors, [0, 90, 91, 300])).nearest(asked, 10)
    np.testing.assert_array_equal(one[0], five[0])
    np.testing.assert_array_equal(one[1], five[1])


def test_equal_sentences_are_ordered_by_id():
    """Equal vectors in several segments have equal cosines, and their ids ascend."""
    one = unit_vectors(1, 8, seed=0)
    codebook = train_codebook(unit_vectors(50, 8, seed=1), lists=3)
    ids, cosines = reader_of(codebook, [np.tile(one, (n, 1)) for n in (3, 1, 4)]).nearest(one, 8)
    assert ids.tolist() == [[0, 1, 2, 3, 4, 5, 6, 7]]
    assert len(set(cosines[0].tolist())) == 1


def test_only_the_nearest_lists_are_read(monkeypatch):
    """A question reads the codes of the lists that it looks in, and once more those of its hits."""
    monkeypatch.setattr(lists, "LEAST_ROWS", 1)
    monkeypatch.setattr(lists, "ROWS_PER_ROOT", 0)
    vectors = np.array([[1, 0], [0, 1], [-1, 0], [0.9, 0.1]], np.float32)
    segment = segment_of(SMALL, vectors)
    reader = ListsReader(SMALL, [segment])
    assert [getattr(segment, name).taken for name in NAMES] == [[], [], [], []]
    ids, _ = reader.nearest(np.array([[1, 0]], np.float32), 1)
    assert ids.tolist() == [[0]]
    assert set(segment.codes.taken) == {0, 1}
    assert segment.sentences.array[:2].tolist() == [0, 3]
    assert segment.positions.taken == []


def test_more_lists_are_read_where_few_hold_too_little(monkeypatch):
    """As many sentences are found as are asked for, though one list has not as many."""
    monkeypatch.setattr(lists, "LEAST_ROWS", 1)
    monkeypatch.setattr(lists, "ROWS_PER_ROOT", 0)
    vectors = np.array([[1, 0], [0, 1], [-1, 0], [0.9, 0.1]], np.float32)
    ids, cosines = reader_of(SMALL, [vectors]).nearest(np.array([[1, 0]], np.float32), 9)
    assert sorted(ids[0].tolist()) == [0, 1, 2, 3]
    assert cosines.shape == (1, 4)


def test_default_compares_with_part_of_a_large_index(monkeypatch):
    """How many lists are read follows from how many sentences they hold."""
    monkeypatch.setattr(lists, "LEAST_ROWS", 50)
    monkeypatch.setattr(lists, "ROWS_PER_ROOT", 4)
    vectors = unit_vectors(2500, 8)
    codebook = train_codebook(vectors, lists=100)
    segment = segment_of(codebook, vectors)
    ListsReader(codebook, [segment]).nearest(vectors[:1], 1)
    largest = np.diff(segment.offsets.array).max()
    assert 4 * 50 <= len(set(segment.codes.taken)) < 4 * 50 + largest


def test_near_lists_hold_most_neighbours(monkeypatch):
    """A quarter of the vectors, in groups as texts have them, holds .95 of the ten nearest."""
    monkeypatch.setattr(lists, "LEAST_ROWS", 1000)
    random = np.random.default_rng(0)
    centres = random.standard_normal((100, 32))
    vectors = centres.repeat(40, axis=0) + 0.5 * random.standard_normal((4000, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    asked = vectors[::40]
    codebook = train_codebook(vectors, lists=64)
    ids, _ = reader_of(codebook, np.split(vectors, 4)).nearest(asked, 10)
    exact = np.argsort(-(asked @ vectors.T), axis=1)[:, :10]
    shared = [len(set(a) & set(b)) for a, b in zip(ids.tolist(), exact.tolist(), strict=True)]
    assert sum(shared) / exact.size >= 0.95
    np.testing.assert_array_equal(ids[:, 0], exact[:, 0])


@pytest.mark.parametrize("segments", [[], [0], [0, 0]])
def test_index_without_sentences_finds_nothing(segments):
    """A corpus of empty files can be asked in vain."""
    reader = reader_of(SMALL, [np.zeros((count, 2), np.float32) for count in segments])
    ids, cosines = reader.nearest(np.array([[1, 0], [0, 1]], np.float32), 5)
    assert (ids.shape, cosines.shape) == ((2, 0), (2, 0))
    assert reader.vectors(np.zeros(0, np.int64)).shape == (0, 2)


def test_vectors_are_decoded_in_the_order_asked_for():
    """Ids of all segments, in any order and more than once, give unit vectors."""
    vectors = unit_vectors(60, 12)
    codebook = train_codebook(vectors, lists=5)
    reader = reader_of(codebook, np.split(vectors, [10, 10, 45]))
    wanted = np.array([59, 0, 10, 44, 44, 9])
    found = reader.vectors(wanted)
    np.testing.assert_allclose(found, decoded_units(codebook, vectors)[wanted], atol=1e-6)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(reader.codes(wanted), encode(codebook, vectors)[wanted])


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("offsets", (3,), np.int64),
        ("sentences", (5,), np.int32),
        ("positions", (3,), np.int32),
        ("codes", (3, 2), np.uint8),
        ("codes", (4, 1), np.uint8),
        ("codes", (8,), np.uint8),
    ],
)
def test_arrays_of_another_index_are_refused(name, shape, dtype):
    """FAISS would read past the end of codes that are shorter than the codebook says."""
    segment = segment_of(SMALL, unit_vectors(4, 2))
    arrays = {one: getattr(segment, one) for one in NAMES}
    arrays[name] = Counted(np.zeros(shape, dtype))
    with pytest.raises(ValueError, match="cannot have the shapes"):
        ListsReader(SMALL, [SegmentLists(**arrays)])


def test_codes_of_another_type_are_refused():
    """Numbers of more than a byte are not taken for codes."""
    segment = segment_of(SMALL, unit_vectors(4, 2))
    segment.codes.array = segment.codes.array.astype(np.int32)
    with pytest.raises(ValueError, match="codes must be 2 bytes each"):
        ListsReader(SMALL, [segment]).nearest(unit_vectors(1, 2), 1)
