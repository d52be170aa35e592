"""A large file of an index, read or mapped into memory by how much of it is wanted."""

import mmap
import os
import weakref
from collections.abc import Iterable
from pathlib import Path

from askdocs.files.opening import read_at, regular_descriptor
from askdocs.files.reading import index_file, not_as_recorded

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
