"""NumPy arrays that follow each other in a file of an index."""

from __future__ import annotations

import io
import re
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from askdocs.disk import access, verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from askdocs.disk.verified import VerifiedFile
    from askdocs.errors import DamagedFileError
    from askdocs.store.protocol import Ids, Mask

    Array: TypeAlias = NDArray[Any]

# The headers that NumPy writes for the arrays of an index, and no others.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<rest>..)\{'descr': '(?P<type><i8|<i4|<u2|<f4|\|u1)', "
    rb"'fortran_order': False, 'shape': \((?P<shape>\d{1,18},(?: \d{1,9})?)\), \} *\n",
    re.DOTALL,
)
_HEADER_BYTES = 128


class VerifiedArray:
    """An array in a file; each part is verified by its first use.

    It begins at byte `offset`. Its values are little-endian; its shape is the number of rows, then
    that of values in a row if it is not one. Every method raises DamagedFileError for rows or
    values that cannot be there: the file is then what its manifest says, but does not belong to the
    other files.
    """

    def __init__(
        self, file: VerifiedFile, dtype: str, shape: tuple[int, ...], *, offset: int
    ) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._file = file
        self._is_rising = False
        self._row = self.dtype.itemsize * prod(shape[1:])
        self._offset = offset

    def __len__(self) -> int:
        return self.shape[0]

    def rows(self, start: int, stop: int) -> Array:
        """Return rows from `start` up to `stop`; many of them are not copied."""
        if not 0 <= start <= stop <= len(self):
            raise self.damaged(f"it has no rows {start} to {stop} of {len(self)}")
        content = self._file.read(*(self._offset + at * self._row for at in (start, stop)))
        return np.frombuffer(content, self.dtype).reshape(stop - start, *self.shape[1:])

    def all(self) -> Array:
        """Return all rows; many of them are not copied."""
        return self.rows(0, len(self))

    def boundaries(self, total: int) -> Array:
        """Return all rows of a table of offsets, which must rise from 0 to `total`."""
        table = self.all()
        if not self._is_rising:
            is_rising = len(table) and table[0] == 0 and (table[1:] >= table[:-1]).all()
            if not is_rising or table[-1] != total:
                raise self.damaged(f"its {len(self)} offsets do not rise from 0 to {total}")
            self._is_rising = True
        return table

    def take(self, numbers: Ids) -> Array:
        """Return some rows, numbered from 0, in any order, as a copy."""
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
        positions = len(content) - self._row + 1
        rows: Array = np.ndarray(positions, f"V{self._row}", content, strides=(1,))
        return rows[starts].view(self.dtype).reshape(shape)

    def damaged(self, reason: str) -> DamagedFileError:
        """Return the error for this file."""
        return access.damaged(self._file.path, reason)

    def _blocks(self, starts: Ids) -> tuple[memoryview, Ids]:
        """Return verified blocks with the rows that start at some bytes, and their starts there."""
        first, last = starts // verified.BLOCK, (starts + self._row - 1) // verified.BLOCK
        needed = np.zeros(self._file.size // verified.BLOCK + 2, np.bool_)
        # A row may reach over several blocks.
        for distance in range(int((last - first).max()) + 1):
            needed[np.minimum(first + distance, last)] = True
        # The last flag lies past the end of the file, so that every run ends.
        edges = np.flatnonzero(np.diff(needed, prepend=False)).tolist()
        content = self._file.read_blocks(list(zip(edges[::2], edges[1::2], strict=True)))
        if len(content) == self._file.size:
            return content, starts
        places = np.cumsum(needed) - 1
        return content, places[first] * verified.BLOCK + starts % verified.BLOCK


def best_of(values: Array, k: int) -> Ids:
    """Return the positions of the k highest values, best first, equal values by position."""
    positions = np.arange(len(values))
    if len(positions) > k:
        # Keep all that equal the last one: NumPy must not decide which of them are cut off.
        positions = np.flatnonzero(values >= np.partition(values, -k)[-k])
    return positions[np.lexsort((positions, -values[positions]))][:k]


def split_ids(ids: Ids, starts: Ids) -> Iterator[tuple[int, Mask, Ids]]:
    """Split ids by the parts that they belong to; `starts` has each part's first id, then the end.

    Yields:
        For each part that has any of the ids: its number, which of the ids it has, and those ids
        counted from its start.
    """
    parts = np.searchsorted(starts, ids, side="right") - 1
    for part in sorted(set(parts.ravel().tolist())):
        chosen = parts == part
        yield part, chosen, ids[chosen] - starts[part]


def ranges(starts: Ids, counts: Ids) -> Ids:
    """Return the numbers of consecutive rows from each start, one run after another."""
    before = np.cumsum(counts) - counts
    rows: Ids = np.repeat(starts - before, counts) + np.arange(counts.sum())
    return rows


def boundaries_of(lengths: Iterable[int] | NDArray[np.integer[Any]]) -> Ids:
    """Return where parts of some lengths begin when they follow each other, then their end."""
    ends = np.cumsum(np.fromiter(lengths, np.int64), dtype=np.int64)
    return np.concatenate([np.zeros(1, np.int64), ends])


def read_arrays(file: VerifiedFile, types: str) -> list[VerifiedArray]:
    """Return the arrays of a file, of which only the headers are read.

    Args:
        file: The file.
        types: The type of each array as NumPy writes it without the byte order, with "[]" after it
            for an array with several values in a row.

    Raises:
        ValueError: The file is not a sequence of such arrays.
    """
    layout = list(_layout(file.read, file.size, len(types.split())))
    actual = " ".join(dtype[1:] + "[]" * (len(shape) - 1) for dtype, shape, _ in layout)
    if actual != types:
        raise ValueError(f"its arrays have the types {actual}, expected {types}")
    return [VerifiedArray(file, dtype, shape, offset=offset) for dtype, shape, offset in layout]


def parse_arrays(content: bytes | memoryview, count: int) -> list[Array]:
    """Return the arrays in verified bytes, without a copy; raise ValueError for other bytes."""
    view = memoryview(content)
    return [
        np.frombuffer(view, dtype, prod(shape), offset).reshape(shape)
        for dtype, shape, offset in _layout(lambda start, end: view[start:end], len(view), count)
    ]


def _layout(
    read: Callable[[int, int], memoryview], size: int, count: int
) -> Iterator[tuple[str, tuple[int, ...], int]]:
    """Yield the type, the shape and the first byte of each array."""
    start = 0
    for _ in range(count):
        header = _HEADER.match(read(start, min(start + _HEADER_BYTES, size)))
        # A header has ten bytes, then as many as the last two of these say.
        if header is None or 10 + int.from_bytes(header["rest"], "little") != len(header[0]):
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
    """Yield the bytes of arrays that follow each other."""
    for array in arrays:
        yield from npy([array], dtype=array.dtype.newbyteorder("<").str, shape=array.shape)


def npy(
    batches: Iterable[Array], *, dtype: str, shape: Sequence[int]
) -> Iterator[bytes | memoryview]:
    """Yield the bytes of one array in the .npy format, with one batch of rows in memory at a time.

    `dtype` is the type of its values, little-endian, as `numpy.dtype.str` writes it.
    """
    header = io.BytesIO()
    fields = {"descr": dtype, "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(header, fields)
    yield header.getvalue()
    for batch in batches:
        # An empty array cannot be cast to bytes.
        if batch.size:
            yield np.ascontiguousarray(batch, dtype).data.cast("B")
