"""Arrays in a file are read as NumPy wrote them, and no byte of them unverified."""

import io
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.disk.verified import BLOCK, LARGE
from askdocs.errors import DamagedIndexError
from askdocs.store.arrays import boundaries_of, npy, npys, parse_arrays, read_arrays

TYPES = ["<i8", "<i4", "<u2", "<f4", "|u1"]


def types_of(*arrays: np.ndarray) -> str:
    """The types of arrays as `read_arrays` expects them."""
    return " ".join(array.dtype.str[1:] + "[]" * (array.ndim - 1) for array in arrays)


def saved(array: np.ndarray) -> bytes:
    """What numpy.save writes."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@given(
    types=st.lists(st.sampled_from(TYPES), max_size=4),
    shape=st.tuples(st.integers(0, 9)) | st.tuples(st.integers(0, 9), st.integers(0, 9)),
)
def test_arrays_stand_one_after_another(as_file, types, shape):
    """The bytes are those of numpy.save; both ways of reading give the arrays back."""
    arrays = [(np.arange(np.prod(shape)) % 250).reshape(shape).astype(one) for one in types]
    content = b"".join(npys(arrays))
    assert content == b"".join(map(saved, arrays))
    parsed = parse_arrays(content, len(arrays))
    read = [one.all() for one in read_arrays(as_file([content]), types_of(*arrays))]
    for array, one, other in zip(arrays, parsed, read, strict=True):
        np.testing.assert_array_equal(one, array, strict=True)
        np.testing.assert_array_equal(other, array, strict=True)


def test_big_endian_array_is_written_little_endian():
    """The bytes do not depend on the machine."""
    array = np.arange(5)
    assert b"".join(npys([array.astype(">i8")])) == saved(array.astype("<i8"))


def test_array_is_written_in_batches():
    """Rows that come in batches, empty ones among them, are one array."""
    rows = np.arange(12, dtype=np.float32).reshape(6, 2)
    content = b"".join(npy([rows[:1], rows[1:1], rows[1:]], dtype="<f4", shape=rows.shape))
    assert content == saved(rows)


@given(
    dtype=st.sampled_from(TYPES),
    values=st.sampled_from([1, 7, 384, 2999]),
    before=st.integers(0, 9),
    numbers=st.lists(st.integers(0, 99), max_size=20),
    mapped=st.booleans(),
)
def test_taken_rows_are_those_of_numpy(as_file, *, dtype, values, before, numbers, mapped):
    """Rows of any type and size are found from any byte on, read or mapped, repeated or not."""
    other = np.zeros(LARGE, np.uint8)
    array = (np.arange(100 * values) % 249).astype(dtype).reshape(100, values)
    file = as_file(npys([np.zeros(before, np.uint8), array, other]))
    read = read_arrays(file, types_of(other, array, other))[1]
    if mapped:
        file.read(0, file.size)
    found = read.take(np.array(numbers, np.int64))
    np.testing.assert_array_equal(found, array[numbers].reshape(-1, values), strict=True)
    np.testing.assert_array_equal(read.rows(2, 5), array[2:5], strict=True)
    np.testing.assert_array_equal(read.all(), array, strict=True)
    # Now they are in memory, all of them.
    np.testing.assert_array_equal(read.take(np.array([3])), array[[3]], strict=True)


def test_no_more_is_read_than_blocks_with_wanted_rows(as_file, monkeypatch):
    """Rows that are near to each other take one read, in whatever order they are wanted."""
    array = (np.arange(3 * LARGE) % 251).astype(np.uint8).reshape(-1, 384)
    (read,) = read_arrays(as_file(npys([array])), "u1[]")
    # Row 0 stands in block 0, row 21 in block 1, row 42 in 1 and 2, row 2000 in 93.
    wanted = np.array([2000, 42, 21, 0, 42])
    asked: list[tuple[int, int]] = []
    real = os.pread

    def noting(descriptor: int, size: int, offset: int) -> bytes:
        asked.append((offset // BLOCK, size // BLOCK))
        return real(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", noting)

    np.testing.assert_array_equal(read.take(wanted), array[wanted], strict=True)

    assert asked == [(0, 3), (93, 1)]


@pytest.mark.parametrize("row", [43, 100, 3000])
def test_damaged_row_is_not_given(as_file, row):
    """A flipped bit is noticed by anyone who takes its row, and by no one else."""
    array = np.zeros((3072, 1500), np.uint8)
    file = as_file(npys([array]))
    content = bytearray(file.path.read_bytes())
    content[128 + row * 1500 + 1499] ^= 1
    file.path.write_bytes(content)
    (read,) = read_arrays(file, "u1[]")
    with pytest.raises(DamagedIndexError):
        read.take(np.array([1, row]))
    with pytest.raises(DamagedIndexError):
        read.rows(row, row + 1)
    assert read.take(np.array([1, row + 50])).sum() == 0


def test_offsets_are_sums():
    """Each begins where the one before it ends."""
    assert boundaries_of([3, 0, 4]).tolist() == [0, 3, 3, 7]
    assert boundaries_of([]).tolist() == [0]


@pytest.mark.parametrize("shape", [b"(9,), }    ", b"(2, 9), }  ", b"(999999999999999999,), }"])
def test_array_that_claims_more_than_there_is_is_refused(as_file, shape):
    """A header that promises bytes after the end of the file is not believed."""
    content = saved(np.zeros(8, np.uint8))
    changed = content.replace(b"(8,), }" + b" " * (len(shape) - 7), shape)
    assert len(changed) == len(content)
    with pytest.raises(ValueError, match=r"an array ends at byte \d+ of 136"):
        parse_arrays(changed, 1)
    with pytest.raises(ValueError, match=r"an array ends at byte \d+ of 136"):
        read_arrays(as_file([changed]), "f8")
