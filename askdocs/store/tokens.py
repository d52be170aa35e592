"""The codes of the tokens of a segment: one bit for each number of a token's vector.

The units of a passage are its context and then its sentences.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from askdocs.disk import durable
from askdocs.store.arrays import boundaries_of, npy, npys, ranges, read_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.disk.verified import VerifiedFile
    from askdocs.records.manifest import FileRecord
    from askdocs.store.protocol import Codes, Ids

    Counts = NDArray[np.integer[Any]]

TOKENS = "tokens.npys"

# How much is moved at once: some megabytes.
_BYTES_AT_ONCE = 1 << 22
_UNITS_AT_ONCE = 1 << 12


class TokensWriter:
    """Takes the codes of a segment in order of its units; until its end they are on the disk.

    A segment may have two million tokens.
    """

    def __init__(self, directory: Path, *, width: int) -> None:
        """Begin without codes; each shall have `width` bytes."""
        self._directory = directory
        self._width = width
        self._counts = array("q")
        self._spool = durable.Spool(directory)

    def add(self, codes: Codes, counts: Counts) -> None:
        """Add the codes of the next units, shape (tokens, width), and how many each has.

        Raises:
            ValueError: The codes have another width, or are not as many as the units have.
        """
        if codes.shape != (counts.sum(), self._width):
            shape = (int(counts.sum()), self._width)
            raise ValueError(f"must have codes of shape {shape}, got {codes.shape}")
        self._spool.write(codes.tobytes())
        self._counts.extend(counts.tolist())

    def copy(self, source: TokensReader, first: int, last: int) -> None:
        """Copy the codes of units of another segment, from number `first` up to `last`."""
        for start in range(first, last, _UNITS_AT_ONCE):
            self.add(*source.codes(np.arange(start, min(start + _UNITS_AT_ONCE, last))))

    def finish(self) -> dict[str, FileRecord]:
        """Make the file durable and return its record by its name."""
        return durable.write_index_file(self._directory / TOKENS, self._pieces())

    def close(self) -> None:
        """Release the disk."""
        self._spool.close()

    def _pieces(self) -> Iterator[bytes | memoryview]:
        yield from npys([boundaries_of(self._counts)])
        tokens = sum(self._counts)
        yield from npy([], dtype="|u1", shape=(tokens, self._width))
        size = tokens * self._width
        for start in range(0, size, _BYTES_AT_ONCE):
            yield self._spool.read(start, min(start + _BYTES_AT_ONCE, size))


class TokensReader:
    """The codes of a segment.

    Attributes:
        offsets: The first token of each unit, then the number of tokens.
        width: How many bytes a code has.

    Raises:
        ValueError: The file does not hold codes, or others than its table says.
    """

    def __init__(self, file: VerifiedFile) -> None:
        self.offsets, self._codes = read_arrays(file, "i8 u1[]")
        self.width = self._codes.shape[1]
        last = len(self.offsets) - 1
        ends = [self.offsets.rows(place, place + 1).tolist() for place in (0, last) if last >= 0]
        if ends != [[0], [len(self._codes)]]:
            raise ValueError(f"its {last + 1} offsets do not run from 0 to {len(self._codes)}")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def codes(self, units: Ids) -> tuple[Codes, Ids]:
        """Return the codes of some units, one after another, and how many each has."""
        starts, ends = self.offsets.take(units), self.offsets.take(units + 1)
        if len(units) and not (
            starts.min() >= 0 and ends.max() <= len(self._codes) and (starts <= ends).all()
        ):
            raise self.offsets.damaged("its tokens do not follow one another")
        counts = ends - starts
        return self._codes.take(ranges(starts, counts)), counts
