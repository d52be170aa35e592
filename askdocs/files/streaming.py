"""Write what is larger than memory piece by piece."""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from askdocs.datamodel import FileRecord
from askdocs.files.reading import refusals
from askdocs.files.verified import BLOCK, LARGE, blocks_name
from askdocs.files.writing import force, write_file


class FileWriter:
    """Writes one new file of an index, piece by piece, in bounded memory."""

    def __init__(self, path: Path) -> None:
        """Make the file.

        Raises:
            RefusedError: The disk refuses, or the file exists: an index's files are written once.
        """
        self.size = 0
        self._path = path
        with refusals(path):
            self._file = path.open("xb")
        self._hasher = hashlib.sha256()
        self._digests: list[bytes] = []
        self._block = hashlib.sha256()

    def write(self, piece: bytes | memoryview) -> None:
        """Add some bytes.

        Raises:
            RefusedError: The disk refuses.
        """
        view = memoryview(piece).cast("B")
        with refusals(self._path):
            self._file.write(view)
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
            RefusedError: The disk refuses.
        """
        with refusals(self._path), self._file:
            self._file.flush()
            force(self._file.fileno())
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
            self._file.close()

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
        # Nobody else needs it, and importing it takes a while.
        import tempfile  # noqa: PLC0415

        self.size = 0
        self._directory = directory
        with refusals(directory):
            self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - closed by close

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
            return os.pread(self._file.fileno(), end - start, start)

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
