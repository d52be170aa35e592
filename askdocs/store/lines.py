"""Lines of JSON that are found by their numbers."""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from askdocs import files

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.errors import DamagedFileError
    from askdocs.files import VerifiedFile
    from askdocs.store.arrays import VerifiedArray

_COPIED_LINES = 4096


class LinesWriter:
    """Writes lines, and remembers how long they are and how much belongs to each.

    Attributes:
        file: What is written.
        lengths: How many bytes each line has.
        counts: How many things belong to each line.
    """

    def __init__(self, path: Path) -> None:
        """Make the file."""
        self.file = files.FileWriter(path)
        self.lengths = array("q")
        self.counts = array("q")

    def add(self, line: bytes, count: int) -> None:
        """Add the next line, given without its end."""
        self.file.write(line + b"\n")
        self.lengths.append(len(line) + 1)
        self.counts.append(count)

    def copy(self, source: Lines, first: int, last: int) -> None:
        """Add consecutive lines of another file as they stand there."""
        self.lengths.extend(np.diff(source.offsets.rows(first, last + 1)).tolist())
        self.counts.extend(np.diff(source.firsts.rows(first, last + 1)).tolist())
        for start in range(first, last, _COPIED_LINES):
            self.file.write(source.read(start, min(start + _COPIED_LINES, last)))


class Lines:
    """A file of lines with its tables.

    Attributes:
        offsets: Where each line begins, and where the last one ends.
        firsts: The number of the first thing that belongs to each line, and behind the last one.
    """

    def __init__(self, file: VerifiedFile, offsets: VerifiedArray, firsts: VerifiedArray) -> None:
        """Read nothing yet."""
        self.offsets = offsets
        self.firsts = firsts
        self._file = file

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.offsets) - 1

    def read(self, first: int, last: int) -> memoryview:
        """The bytes of consecutive lines."""
        start, end = self.offsets.rows(first, last + 1)[[0, -1]].tolist()
        return self._file.read(start, end)

    def parse(self, numbers: NDArray[np.int64]) -> list[list[Any]]:
        """What some lines say, in the order asked for.

        Raises:
            DamagedFileError: They are no arrays of JSON; they were verified, so another program
                wrote them.
        """
        starts = self.offsets.take(numbers).tolist()
        ends = self.offsets.take(numbers + 1).tolist()
        # As one array: that takes half the time of one line after the other.
        lines = b",".join(map(self._file.read, starts, ends))
        try:
            found: list[list[Any]] = json.loads(b"[%b]" % lines)
        except (ValueError, RecursionError) as error:
            raise files.damaged(self._file.path, error) from error
        if len(found) != len(starts) or not all(isinstance(one, list) for one in found):
            raise self.damaged("a line is no array of JSON")
        return found

    def damaged(self, reason: str) -> DamagedFileError:
        """The error for lines that were verified and make no sense."""
        return files.damaged(self._file.path, reason)
