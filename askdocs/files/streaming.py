"""Write what is larger than memory piece by piece."""

import errno
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from askdocs.datamodel import FileRecord
from askdocs.files import disk
from askdocs.files.opening import read_at, refusals
from askdocs.files.verified import BLOCK, LARGE, blocks_name
from askdocs.files.writing import write_file


class FileWriter:
    """Writes one new file of an index, piece by piece, in bounded memory.

    The file is made by the first piece: whoever needs several holds none open that the others, if
    they cannot be made, would leave behind.
    """

    def __init__(self, path: Path) -> None:
        """Begin with nothing, not even the file."""
        self.size = 0
        self._path = path
        self._made: BinaryIO | None = None
        self._hasher = hashlib.sha256()
        self._digests: list[bytes] = []
        self._block = hashlib.sha256()

    def write(self, piece: bytes | memoryview) -> None:
        """Add some bytes.

        Raises:
            RefusedError: The disk refuses, or the file exists: an index's files are written once.
        """
        view = memoryview(piece).cast("B")
        with refusals(self._path):
            self._file().write(view)
        self._hasher.update(view)
        start = 0
        while start < len(view):
            end = start + BLOCK - self.size % BLOCK
            self._block.update(view[start:end])
            self.size += len(view[start:end])
            start = end
            if self.size % BLOCK == 0:
                self._end_block()

    def finish(self) -> dict[str, FileRecord]:
        """Force the file to the disk, with a table of checksums beside it where it is large.

        Returns:
            What the manifest must promise about each file that was written, by its name.

        Raises:
            RefusedError: The disk refuses, or the file exists.
        """
        with refusals(self._path), self._file() as file:
            disk.force(file)
        name = self._path.name
        records = {name: FileRecord(sha256=self._hasher.hexdigest(), bytes=self.size)}
        if self.size > LARGE:
            if self.size % BLOCK:
                self._end_block()
            table = blocks_name(name)
            records[table] = write_file(self._path.with_name(table), self._digests)
        return records

    def abort(self) -> None:
        """Give the file back; what was written so far is of no use."""
        # Closing writes what is still held, for which the disk may have no room.
        with suppress(OSError):
            if self._made is not None:
                self._made.close()

    def _file(self) -> BinaryIO:
        if self._made is None:
            self._made = disk.create(self._path)
        return self._made

    def _end_block(self) -> None:
        self._digests.append(self._block.digest())
        self._block = hashlib.sha256()


class Spool:
    """Bytes on the disk for which memory has no room; they are gone when it is closed."""

    def __init__(self, directory: Path) -> None:
        """Make a file without a name.

        Raises:
            RefusedError: The disk refuses.
        """
        self.size = 0
        self._directory = directory
        with refusals(directory):
            self._file = disk.scratch(directory)

    def write(self, content: bytes) -> None:
        """Add some bytes.

        Raises:
            RefusedError: The disk refuses.
        """
        with refusals(self._directory):
            self._file.write(content)
        self.size += len(content)

    def read(self, start: int, end: int) -> bytes:
        """The bytes from one offset up to another, both of them inside.

        Raises:
            RefusedError: The disk refuses.
        """
        with refusals(self._directory):
            self._file.flush()
            content = read_at(self._file.fileno(), start, end)
            if len(content) < end - start:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        return content

    def close(self) -> None:
        """Give the room back."""
        with suppress(OSError):
            self._file.close()


def write_index_file(path: Path, pieces: Iterable[bytes | memoryview]) -> dict[str, FileRecord]:
    """Write a new file of an index, with a table of checksums beside it where it is large.

    Returns:
        What the manifest must promise about each file that was written, by its name.

    Raises:
        RefusedError: The disk refuses, or the file exists.
    """
    writer = FileWriter(path)
    try:
        for piece in pieces:
            writer.write(piece)
        return writer.finish()
    finally:
        writer.abort()
