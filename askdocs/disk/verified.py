"""Index files whose every byte is verified before it is used."""

from __future__ import annotations

import hashlib
import mmap
import os
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

from askdocs.disk.access import (
    damaged,
    digest,
    index_file,
    not_as_recorded,
    open_regular,
    read_at,
    read_verified,
    regular_descriptor,
)
from askdocs.records.manifest import FileRecord

# A question reads some thousand lines and vectors from all over a large index. Blocks of 64 KiB
# make it verify three times as many bytes; with blocks of 4 KiB, reading the tables takes as long
# as is saved.
BLOCK = 1 << 13
"""How many bytes one checksum in a table of checksums covers."""

LARGE = 1 << 20
"""A file of more bytes than this is written with a table of its blocks' checksums."""

_DIGEST_BYTES = 32
# A part of a file of more bytes than this is mapped, not read.
_MOST_READ_BYTES = 1 << 16
# The system maps this many bytes around each byte that is touched.
_MAPPED_AROUND_BYTES = 1 << 16


def blocks_name(name: str) -> str:
    """Return the name of the table of checksums beside a large file."""
    return f"{name}.blocks"


def verify_with_blocks(path: Path, record: FileRecord, blocks: FileRecord) -> None:
    """Verify a large file, and that the recorded table of checksums, unread, is that of this file.

    Raises:
        DamagedFileError: It is not what its record says, or the table is that of another file.
        RefusedError: The file system refuses to read it.
    """
    whole, size, digests = hashlib.sha256(), 0, []
    with index_file(path), open_regular(path, follow_links=False) as file:
        while block := file.read(BLOCK):
            whole.update(block)
            size += len(block)
            digests.append(hashlib.sha256(block).digest())
    if FileRecord(sha256=whole.hexdigest(), bytes=size) != record:
        raise not_as_recorded(path)
    table = b"".join(digests)
    if FileRecord(sha256=digest(table), bytes=len(table)) != blocks:
        raise damaged(path, "its table of checksums is that of another file")


class VerifiedFile:
    """An immutable file of an index, opened by its first use.

    It returns only bytes that the manifest records. A file without a table of checksums is read and
    verified whole; in a file with one, the blocks that a read touches are verified, each once.
    Once open, it stays readable even if the file is removed.

    Attributes:
        path: The file.
        size: How many bytes it has.
        given: About how many bytes of the mapped file were returned since the last `forget`.
    """

    def __init__(self, path: Path, record: FileRecord, blocks: FileRecord | None = None) -> None:
        """Open nothing yet; `blocks` is the record of the table of checksums, None without one."""
        self.path = path
        self.size = record.bytes
        self.given = 0
        self._record = record
        self._blocks = blocks
        self._count = -(-self.size // BLOCK)
        self._large: LargeFile | None = None
        # The content of a small file as it was read, or of a large file that is mapped.
        self._content: memoryview | None = None
        self._digests = b""
        # One byte for each block, 1 if it is verified: bytearray.find looks for 0 quickly.
        self._verified = bytearray()

    def read(self, start: int, end: int) -> memoryview:
        """Return the verified bytes from one offset to another.

        Raises:
            DamagedIndexError: They are not what the manifest records, or are beyond the file's end.
            RefusedError: The file system refuses to read the file.
        """
        if not 0 <= start <= end <= self.size:
            raise damaged(self.path, f"it has no bytes {start} to {end}")
        first, last = start // BLOCK, -(-end // BLOCK)
        source = self._source(end - start)
        if isinstance(source, LargeFile):
            before = first * BLOCK
            return self._read(source, [(first, last)])[start - before : end - before]
        self._use(source, first, last)
        return source[start:end]

    def read_blocks(self, runs: Sequence[tuple[int, int]]) -> memoryview:
        """Return some verified blocks, or the whole content if it is in memory.

        Args:
            runs: Half-open runs of blocks, counted from 0, in ascending order.

        Returns:
            The whole content, of which only those blocks may be looked at; or those blocks alone,
            one run after another. For errors see `read`.
        """
        source = self._source(0)
        if isinstance(source, LargeFile):
            return self._read(source, runs)
        for first, last in runs:
            self._use(source, first, last)
        return source

    def is_at_hand(self, start: int, end: int) -> bool:
        """Return whether the bytes from one offset to another are in memory and verified."""
        is_verified = self._verified.find(0, start // BLOCK, -(-end // BLOCK)) < 0
        return self._content is not None and is_verified

    def require_size(self) -> None:
        """Raise an error if the mapped file has another size than before.

        A file that is cut off while a question reads it ends the process; nothing can prevent that.
        askdocs itself never writes into a file of an index, and git does not either.

        Raises:
            DamagedFileError: The size has changed.
        """
        if self._large is not None:
            self._large.require_size()

    def forget(self) -> None:
        """Free the memory of a mapped file; the next read maps its bytes again."""
        if self._large is not None:
            self._large.forget()
        self.given = 0

    def close(self) -> None:
        """Close the file; what was returned stays readable."""
        if self._large is not None:
            self._large.close()
        self._content = self._large = None

    def _source(self, wanted: int) -> memoryview | LargeFile:
        """Return the whole content, unverified, or the file if `wanted` bytes are better read."""
        if self._content is not None:
            return self._content
        if self._blocks is None:
            self._content = memoryview(read_verified(self.path, self._record))
            self._verified = bytearray(b"\1" * self._count)
            return self._content
        if self._large is None:
            self._large = self._open_large(self._blocks)
        if self._large.is_better_read(wanted):
            return self._large
        self._content = self._large.map()
        return self._content

    def _open_large(self, blocks: FileRecord) -> LargeFile:
        table = self.path.with_name(blocks_name(self.path.name))
        self._digests = read_verified(table, blocks)
        if len(self._digests) != self._count * _DIGEST_BYTES:
            raise not_as_recorded(self.path)
        self._verified = bytearray(self._count)
        return LargeFile(self.path, self.size)

    def _read(self, large: LargeFile, runs: Sequence[tuple[int, int]]) -> memoryview:
        """Read and verify the blocks of some runs, without what is between the runs."""
        spans = [(first * BLOCK, min(last * BLOCK, self.size)) for first, last in runs]
        pieces = large.read(spans)
        for (first, last), piece in zip(runs, pieces, strict=True):
            self._verify(memoryview(piece), first, last)
        return memoryview(b"".join(pieces))

    def _use(self, whole: memoryview, first: int, last: int) -> None:
        """Verify the blocks of a run in the whole content."""
        if self._large is not None:
            self.given += _MAPPED_AROUND_BYTES + (last - first) * BLOCK
        if self._verified.find(0, first, last) >= 0:
            self._verify(whole[first * BLOCK : last * BLOCK], first, last)

    def _verify(self, content: memoryview, first: int, last: int) -> None:
        """Compare the blocks of a run, whose bytes are `content`, with their checksums."""
        number = self._verified.find(0, first, last)
        while number >= 0:
            start = (number - first) * BLOCK
            expected = self._digests[number * _DIGEST_BYTES : (number + 1) * _DIGEST_BYTES]
            if hashlib.sha256(content[start : start + BLOCK]).digest() != expected:
                raise not_as_recorded(self.path)
            self._verified[number] = 1
            number = self._verified.find(0, number + 1, last)


class LargeFile:
    """An open file, unverified; it stays readable after its name is removed.

    It is read at first, and mapped as soon as more than 64 KiB in a row are needed or half as many
    bytes were read as it has. The system maps 64 KiB around each byte that is touched, so a
    question that needs vectors from all over a file would have most of it in memory. Reading takes
    no more memory than the bytes themselves, but more time at each question.

    It holds one descriptor either way: an index may have some hundred files.
    """

    def __init__(self, path: Path, size: int) -> None:
        """Open a file that must have `size` bytes; for errors see `VerifiedFile.read`."""
        self._path = path
        self._size = size
        self._bytes_read = 0
        self._map: mmap.mmap | None = None
        with index_file(path):
            self._descriptor = regular_descriptor(path, follow_links=False)
        # Close the descriptor even if nobody closes this object.
        self._close_descriptor = weakref.finalize(self, os.close, self._descriptor)
        self._check_size()

    def is_better_read(self, wanted: int) -> bool:
        """Return whether `wanted` bytes in a row are better read than mapped."""
        return wanted <= _MOST_READ_BYTES and self._bytes_read < self._size // 2

    def read(self, spans: Iterable[tuple[int, int]]) -> list[bytes]:
        """Read the bytes of each span; not once the file is mapped."""
        try:
            pieces = [self._span(start, end) for start, end in spans]
        except OSError:
            # Entering the context before the reads would take as long as one of them.
            with index_file(self._path):
                raise
        self._bytes_read += sum(map(len, pieces))
        return pieces

    def map(self) -> memoryview:
        """Map the whole file; bytes that are not touched take no memory."""
        # Touching a map beyond the end of its file ends the process, without any error to catch.
        self._check_size()
        with index_file(self._path):
            self._map = mmap.mmap(self._descriptor, self._size, access=mmap.ACCESS_READ)
        # The map has its own descriptor.
        self._close_descriptor()
        return memoryview(self._map)

    def require_size(self) -> None:
        """Raise a DamagedFileError if the file is mapped and its size has changed."""
        if self._map is not None and self._map.size() != self._size:
            raise not_as_recorded(self._path)

    def forget(self) -> None:
        """Free the memory of the mapped file; the next use maps its bytes again."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Close the file; what was returned stays readable."""
        self._close_descriptor()
        self._map = None

    def _span(self, start: int, end: int) -> bytes:
        content = read_at(self._descriptor, start, end)
        if len(content) < end - start:
            raise not_as_recorded(self._path)
        return content

    def _check_size(self) -> None:
        with index_file(self._path):
            if os.fstat(self._descriptor).st_size != self._size:
                raise not_as_recorded(self._path)
