"""Bytes of an index file, each proved before it is given out."""

import hashlib
import mmap
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from askdocs.datamodel import FileRecord
from askdocs.files.reading import damaged, index_file, not_as_recorded, read_verified

BLOCK = 1 << 13
"""How many bytes one checksum stands for in a table of checksums.

A question takes some thousand lines and vectors from all over a large index. With blocks of 64 KiB
it proves three times as many bytes; with ones of 4 KiB the tables take as long as they save.
"""

LARGE = 1 << 20
"""A file of more bytes than this is written with a table of its blocks' checksums."""

_DIGEST = 32
# Around a byte that is read, the system maps this many.
_LEAST_GIVEN = 1 << 16


def blocks_name(name: str) -> str:
    """The name of the table of checksums that stands beside a large file."""
    return f"{name}.blocks"


class VerifiedFile:
    """An immutable file of an index, opened by its first use.

    What it gives is what the manifest promised. A file without a table of checksums is read whole
    and verified whole; of a file with one, the blocks that a read touches are verified, each once.
    A removed file stays readable once it is open.

    Attributes:
        path: The file.
        size: How many bytes it has.
        given: How many bytes of a mapped file were given out since the last `forget`, about.
    """

    def __init__(self, path: Path, record: FileRecord, blocks: FileRecord | None = None) -> None:
        """Open nothing yet.

        Args:
            path: The file.
            record: What the manifest promises about it.
            blocks: What the manifest promises about its table of checksums; None without one.
        """
        self.path = path
        self.size = record.bytes
        self.given = 0
        self._record = record
        self._blocks = blocks
        self._content: memoryview | None = None
        self._map: mmap.mmap | None = None
        self._digests = b""
        # One byte for each block, 1 where it was proved: bytearray.find looks for 0 quickly.
        self._proved = bytearray()

    def read(self, start: int, end: int) -> memoryview:
        """The bytes from one offset up to another, proved.

        Raises:
            DamagedIndexError: They are not what the manifest promised, or the file has no such
                bytes.
            RefusedError: The file system refuses to read it.
        """
        if not 0 <= start <= end <= self.size:
            raise damaged(self.path, f"it has no bytes {start} to {end}")
        first, last = start // BLOCK, -(-end // BLOCK)
        content = self._opened()
        if self._map is not None:
            self.given += _LEAST_GIVEN + end - start
        if self._proved.find(0, first, last) >= 0:
            self._prove(content, range(first, last))
        return content[start:end]

    def is_proved(self, start: int, end: int) -> bool:
        """Whether all bytes from one offset up to another were proved already."""
        first, last = start // BLOCK, -(-end // BLOCK)
        return self._content is not None and self._proved.find(0, first, last) < 0

    def read_blocks(self, numbers: Collection[int]) -> memoryview:
        """The whole content, of which only some blocks are proved and may be looked at.

        Args:
            numbers: Those blocks, from 0, each one of the file's.

        Raises:
            DamagedIndexError: They are not what the manifest promised.
            RefusedError: The file system refuses to read it.
        """
        content = self._opened()
        self._prove(content, numbers)
        self.given += len(numbers) * _LEAST_GIVEN
        return content

    def forget(self) -> None:
        """Let the memory go that a mapped file's bytes take; the next read maps them anew."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
        self.given = 0

    def close(self) -> None:
        """Give the file back; what was given out stays readable."""
        self._content = self._map = None

    def _opened(self) -> memoryview:
        if self._content is None:
            count = -(-self.size // BLOCK)
            if self._blocks is None:
                self._content = memoryview(read_verified(self.path, self._record))
                self._proved = bytearray(b"\1" * count)
            else:
                self._digests = read_verified(
                    self.path.with_name(blocks_name(self.path.name)), self._blocks
                )
                if len(self._digests) != count * _DIGEST:
                    raise not_as_recorded(self.path)
                self._proved = bytearray(count)
                self._map = self._mapped()
                self._content = memoryview(self._map)
        return self._content

    def _mapped(self) -> mmap.mmap:
        with index_file(self.path), self.path.open("rb") as file:
            # Bytes beyond the end of a map end the process: no error could be raised then.
            if os.fstat(file.fileno()).st_size != self.size:
                raise not_as_recorded(self.path)
            return mmap.mmap(file.fileno(), self.size, access=mmap.ACCESS_READ)

    def _prove(self, content: memoryview, numbers: Iterable[int]) -> None:
        for number in numbers:
            if self._proved[number]:
                continue
            block = content[number * BLOCK : (number + 1) * BLOCK]
            expected = self._digests[number * _DIGEST : (number + 1) * _DIGEST]
            if hashlib.sha256(block).digest() != expected:
                raise not_as_recorded(self.path)
            self._proved[number] = 1
