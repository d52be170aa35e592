"""Index files whose every byte is verified before it is used."""

import hashlib
import mmap
import os
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

from askdocs.disk.access import (
    damaged,
    index_file,
    not_as_recorded,
    open_regular,
    read_at,
    read_verified,
    regular_descriptor,
)
from askdocs.records.manifest import FileRecord

_MOST_READ = 1 << 16


class LargeFile:
    """An open file, unproved; it stays readable when it is removed.

    Around each byte of a mapped file that is touched, the system maps 64 KiB: a question that takes
    vectors from all over a file would have most of it in memory. What is read takes no more room
    than it has bytes, but more time at each question. So a file is read until a part of more than
    64 KiB is wanted of it, or until half as many bytes were read as it has, and is then mapped.

    It holds one descriptor in either case: an index may have some hundred files.
    """

    def __init__(self, path: Path, size: int) -> None:
        """Open it.

        Args:
            path: The file.
            size: How many bytes it must have.

        Raises:
            DamagedIndexError: It is missing, or of another size.
            RefusedError: The file system refuses to open it.
        """
        self._path = path
        self._size = size
        self._were_read = 0
        self._map: mmap.mmap | None = None
        with index_file(path):
            self._descriptor = regular_descriptor(path, follow_links=False)
        # A reader that nobody closes must not keep descriptors either.
        self._give_back = weakref.finalize(self, os.close, self._descriptor)
        self._check_size()

    def is_better_read(self, wanted: int) -> bool:
        """Whether so many bytes that stand together are better read than mapped."""
        return wanted <= _MOST_READ and self._were_read < self._size // 2

    def read(self, spans: Iterable[tuple[int, int]]) -> list[bytes]:
        """The bytes from one offset up to another of each span, as long as it is not mapped.

        Raises:
            DamagedIndexError: It has no such bytes.
            RefusedError: The file system refuses to read it.
        """
        try:
            found = [self._span(start, end) for start, end in spans]
        except OSError:
            # Around the reads, this would take as long as one of them.
            with index_file(self._path):
                raise
        self._were_read += sum(map(len, found))
        return found

    def map(self) -> memoryview:
        """The whole content; what was not touched yet takes no memory.

        Raises:
            DamagedIndexError: It has another size than before.
            RefusedError: The file system refuses to map it.
        """
        # Bytes beyond the end of a map end the process: no error could be raised then.
        self._check_size()
        with index_file(self._path):
            self._map = mmap.mmap(self._descriptor, self._size, access=mmap.ACCESS_READ)
        # The map has a descriptor of its own.
        self._give_back()
        return memoryview(self._map)

    def require_size(self) -> None:
        """Prove that the file, if it is mapped, is still as long as it was.

        Raises:
            DamagedFileError: It is not.
        """
        if self._map is not None and self._map.size() != self._size:
            raise not_as_recorded(self._path)

    def forget(self) -> None:
        """Let the memory go that a mapped file's bytes take; their next use maps them anew."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Give the file back; what was given out stays readable."""
        self._give_back()
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


def verify_with_blocks(path: Path, record: FileRecord, blocks: FileRecord) -> None:
    """Prove that a large file is what the manifest promised, and that its table is its table.

    Args:
        path: The file.
        record: What the manifest promises about it.
        blocks: What the manifest promises about its table of checksums, which is not read.

    Raises:
        DamagedFileError: It is not, or another table than its own is promised.
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
    if FileRecord(sha256=hashlib.sha256(table).hexdigest(), bytes=len(table)) != blocks:
        raise damaged(path, "its table of checksums is that of another file")


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
        self._count = -(-self.size // BLOCK)
        self._large: LargeFile | None = None
        # All of a small file as it was read, or of a large one that is mapped.
        self._content: memoryview | None = None
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
        source = self._source(end - start)
        if isinstance(source, LargeFile):
            before = first * BLOCK
            return self._read(source, [(first, last)])[start - before : end - before]
        self._use(source, first, last)
        return source[start:end]

    def read_blocks(self, runs: Sequence[tuple[int, int]]) -> memoryview:
        """Some blocks, proved: the whole content if it is in memory, otherwise nothing else.

        Args:
            runs: Blocks one after another, from 0, each one of the file's: the first of them and
                the one behind the last, in ascending order.

        Returns:
            As many bytes as the file has, of which only those blocks may be looked at, or those
            blocks without what is between them.

        Raises:
            DamagedIndexError: They are not what the manifest promised.
            RefusedError: The file system refuses to read it.
        """
        source = self._source(0)
        if isinstance(source, LargeFile):
            return self._read(source, runs)
        for first, last in runs:
            self._use(source, first, last)
        return source

    def is_at_hand(self, start: int, end: int) -> bool:
        """Whether the bytes from one offset up to another are in memory and proved."""
        proved = self._proved.find(0, start // BLOCK, -(-end // BLOCK)) < 0
        return self._content is not None and proved

    def require_size(self) -> None:
        """Prove that a file that is mapped is still as long as it was.

        It cannot be proved for the time that a question takes: who cuts a file off just then ends
        the process. askdocs itself never writes into a file of an index, and git does not either.

        Raises:
            DamagedFileError: It is not.
        """
        if self._large is not None:
            self._large.require_size()

    def forget(self) -> None:
        """Let the memory go that a mapped file's bytes take; the next read maps them anew."""
        if self._large is not None:
            self._large.forget()
        self.given = 0

    def close(self) -> None:
        """Give the file back; what was given out stays readable."""
        if self._large is not None:
            self._large.close()
        self._content = self._large = None

    def _source(self, wanted: int) -> memoryview | LargeFile:
        """The whole content, unproved, or the file where so many bytes of it are better read."""
        if self._content is not None:
            return self._content
        if self._blocks is None:
            self._content = memoryview(read_verified(self.path, self._record))
            self._proved = bytearray(b"\1" * self._count)
            return self._content
        if self._large is None:
            self._large = self._opened(self._blocks)
        if self._large.is_better_read(wanted):
            return self._large
        self._content = self._large.map()
        return self._content

    def _opened(self, blocks: FileRecord) -> LargeFile:
        table = self.path.with_name(blocks_name(self.path.name))
        self._digests = read_verified(table, blocks)
        if len(self._digests) != self._count * _DIGEST:
            raise not_as_recorded(self.path)
        self._proved = bytearray(self._count)
        return LargeFile(self.path, self.size)

    def _read(self, large: LargeFile, runs: Sequence[tuple[int, int]]) -> memoryview:
        """The blocks of some runs without what is between them, proved."""
        spans = [(first * BLOCK, min(last * BLOCK, self.size)) for first, last in runs]
        pieces = large.read(spans)
        for (first, last), piece in zip(runs, pieces, strict=True):
            self._prove(memoryview(piece), first, last)
        return memoryview(b"".join(pieces))

    def _use(self, whole: memoryview, first: int, last: int) -> None:
        """Prove the blocks of a run in the whole content."""
        if self._large is not None:
            self.given += _LEAST_GIVEN + (last - first) * BLOCK
        if self._proved.find(0, first, last) >= 0:
            self._prove(whole[first * BLOCK : last * BLOCK], first, last)

    def _prove(self, content: memoryview, first: int, last: int) -> None:
        """Compare the blocks of a run, which are the content, with their checksums."""
        number = self._proved.find(0, first, last)
        while number >= 0:
            start = (number - first) * BLOCK
            expected = self._digests[number * _DIGEST : (number + 1) * _DIGEST]
            if hashlib.sha256(content[start : start + BLOCK]).digest() != expected:
                raise not_as_recorded(self.path)
            self._proved[number] = 1
            number = self._proved.find(0, number + 1, last)
