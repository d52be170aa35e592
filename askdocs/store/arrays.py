"""NumPy arrays that stand one after another in a file of an index."""

from __future__ import annotations

import io
import re
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from askdocs.disk import access, verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from askdocs.disk.verified import VerifiedFile
    from askdocs.errors import DamagedFileError

    Array: TypeAlias = NDArray[Any]

# A header as NumPy writes it for the arrays that stand in an index, and no other.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<rest>..)\{'descr': '(?P<type><i8|<i4|<u2|<f4|\|u1)', "
    rb"'fortran_order': False, 'shape': \((?P<shape>\d{1,18},(?: \d{1,9})?)\), \} *\n",
    re.DOTALL,
)
_HEADER_BYTES = 128


class VerifiedArray:
    """An array in a file, of which each part is verified by its first use."""

    def __init__(
        self, file: VerifiedFile, dtype: str, shape: tuple[int, ...], *, offset: int
    ) -> None:
        """Read nothing yet.

        Args:
            file: Where it stands.
            dtype: The type of its values, little-endian.
            shape: Its rows, and how many values each has where that is not one.
            offset: Where its first byte is.
        """
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._file = file
        self._is_rising = False
        self._row = self.dtype.itemsize * prod(shape[1:])
        self._offset = offset

    def __len__(self) -> int:
        """How many rows it has."""
        return self.shape[0]

    def rows(self, start: int, stop: int) -> Array:
        """The rows from one up to another; many of them are not copied.

        Raises:
            DamagedFileError: There are no such rows: what says so does not belong to the file.
        """
        if not 0 <= start <= stop <= len(self):
            raise self.damaged(f"it has no rows {start} to {stop} of {len(self)}")
        content = self._file.read(*(self._offset + at * self._row for at in (start, stop)))
        return np.frombuffer(content, self.dtype).reshape(stop - start, *self.shape[1:])

    def all(self) -> Array:
        """All rows; many of them are not copied."""
        return self.rows(0, len(self))

    def boundaries(self, total: int) -> Array:
        """All rows of an array that says where things begin, and where the last one ends.

        Args:
            total: Where the last one must end; the first one begins at 0.

        Raises:
            DamagedFileError: It says something else.
        """
        found = self.all()
        if not self._is_rising:
            is_rising = len(found) and found[0] == 0 and (found[1:] >= found[:-1]).all()
            if not is_rising or found[-1] != total:
                raise self.damaged(
                    f"a table of {len(self)} offsets does not lead from 0 to {total}"
                )
            self._is_rising = True
        return found

    def damaged(self, reason: str) -> DamagedFileError:
        """The error for a file that is what its manifest says and does not belong to the others."""
        return access.damaged(self._file.path, reason)

    def take(self, numbers: NDArray[np.int64]) -> Array:
        """Some rows in any order, as a copy.

        Args:
            numbers: From 0.

        Raises:
            DamagedFileError: There are no such rows: what says so does not belong to the file.
        """
        if len(numbers) and not (numbers.min() >= 0 and numbers.max() < len(self)):
            raise self.damaged(f"it has no rows {numbers.min()} to {numbers.max()} of {len(self)}")
        shape = (len(numbers), *self.shape[1:])
        if not prod(shape):
            return np.empty(shape, self.dtype)
        starts = np.asarray(numbers, np.int64) * self._row
        end = self._offset + len(self) * self._row
        if self._file.is_at_hand(self._offset, end):
            content = self._file.read(self._offset, end)
        else:
            content, starts = self._blocks(self._offset + starts)
        # A row may begin at any byte. As one value each, rows are copied twice as fast as in two
        # dimensions, and as fast as by `take`, which copies the whole array if it is not aligned.
        every = len(content) - self._row + 1
        rows: Array = np.ndarray(every, f"V{self._row}", content, strides=(1,))
        return rows[starts].view(self.dtype).reshape(shape)

    def _blocks(self, starts: NDArray[np.int64]) -> tuple[memoryview, NDArray[np.int64]]:
        """Verified blocks of the file that hold some rows, and where in them each row begins.

        Args:
            starts: Where each row begins in the file.
        """
        first, last = starts // verified.BLOCK, (starts + self._row - 1) // verified.BLOCK
        wanted = np.zeros(self._file.size // verified.BLOCK + 2, np.bool_)
        # A row may begin in one block and end in one of the next.
        for one in range(int((last - first).max()) + 1):
            wanted[np.minimum(first + one, last)] = True
        # The last one is behind the file, so that each run has an end.
        edges = np.flatnonzero(np.diff(wanted, prepend=False)).tolist()
        content = self._file.read_blocks(list(zip(edges[::2], edges[1::2], strict=True)))
        if len(content) == self._file.size:
            return content, starts
        places = np.cumsum(wanted) - 1
        return content, places[first] * verified.BLOCK + starts % verified.BLOCK


def best_of(values: Array, k: int) -> NDArray[np.int64]:
    """The positions of the k highest values, best first, equal ones in order."""
    found = np.arange(len(values))
    if len(found) > k:
        # All that equal the last one, so that which of them are cut off does not hang on NumPy.
        found = np.flatnonzero(values >= np.partition(values, -k)[-k])
    return found[np.lexsort((found, -values[found]))][:k]


def read_arrays(file: VerifiedFile, count: int) -> list[VerifiedArray]:
    """The arrays of a file, of which only the headers are read.

    Raises:
        ValueError: The file is no sequence of so many arrays.
    """
    return [
        VerifiedArray(file, dtype, shape, offset=offset)
        for dtype, shape, offset in _layout(file.read, file.size, count)
    ]


def require_types(arrays: Sequence[VerifiedArray], types: str) -> None:
    """Refuse arrays of other types, or with several values in a row.

    Args:
        arrays: Those of a file, in order.
        types: Of each array the type as NumPy has it, without the order of bytes.

    Raises:
        ValueError: They are others.
    """
    found = " ".join(one.dtype.str[1:] for one in arrays)
    if found != types or any(len(one.shape) != 1 for one in arrays):
        raise ValueError(f"its arrays are of the types {found}, not {types} with a value in a row")


def parse_arrays(content: bytes | memoryview, count: int) -> list[Array]:
    """The arrays that verified bytes hold, without a copy.

    Raises:
        ValueError: The bytes are no sequence of so many arrays.
    """
    view = memoryview(content)
    return [
        np.frombuffer(view, dtype, prod(shape), offset).reshape(shape)
        for dtype, shape, offset in _layout(lambda start, end: view[start:end], len(view), count)
    ]


def _layout(
    read: Callable[[int, int], memoryview], size: int, count: int
) -> Iterator[tuple[str, tuple[int, ...], int]]:
    """The type, the shape and the first byte of each array."""
    start = 0
    for _ in range(count):
        header = _HEADER.match(read(start, min(start + _HEADER_BYTES, size)))
        if header is None or _length(header) != len(header[0]):
            raise ValueError(f"no array begins at byte {start}")
        dtype = header["type"].decode()
        shape = tuple(int(part) for part in header["shape"].split(b",") if part)
        first = start + header.end()
        start = first + prod(shape) * np.dtype(dtype).itemsize
        if start > size:
            raise ValueError(f"an array ends at byte {start} of {size}")
        yield dtype, shape, first
    if start != size:
        raise ValueError(f"{size - start} bytes follow the last array")


def npys(arrays: Iterable[Array]) -> Iterator[bytes | memoryview]:
    """The bytes of arrays that stand one after another."""
    return chain.from_iterable(
        npy([array], dtype=array.dtype.newbyteorder("<").str, shape=array.shape) for array in arrays
    )


def npy(
    batches: Iterable[Array], *, dtype: str, shape: Sequence[int]
) -> Iterator[bytes | memoryview]:
    """The bytes of one array in the .npy format, of which only one batch is held at once.

    Args:
        batches: Its rows in order.
        dtype: The type of its values, little-endian, as `numpy.dtype.str` has it.
        shape: The shape of the whole array.
    """
    header = io.BytesIO()
    fields = {"descr": dtype, "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(header, fields)
    yield header.getvalue()
    for batch in batches:
        # What has no values cannot be seen as bytes.
        if batch.size:
            yield np.ascontiguousarray(batch, dtype).data.cast("B")


def by_value(values: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Each value, ascending, and where it stands; for values of which few are different."""
    for value in sorted(set(values.ravel().tolist())):
        yield value, values == value


def offsets(lengths: Iterable[int] | NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Where things of some lengths begin when they stand one after another, and where they end."""
    ends = np.cumsum(np.fromiter(lengths, np.int64), dtype=np.int64)
    return np.concatenate([np.zeros(1, np.int64), ends])


def _length(header: re.Match[bytes]) -> int:
    """How long a header says that it is: ten bytes, and what the last two of them count."""
    return 10 + int.from_bytes(header["rest"], "little")
