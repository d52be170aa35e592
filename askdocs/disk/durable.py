"""Durable writing: what is reported as written survives a crash."""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from askdocs.disk import seam
from askdocs.disk.access import open_regular, read_at, refusals
from askdocs.disk.verified import BLOCK, LARGE, blocks_name
from askdocs.records.manifest import FileRecord

_COPIED_BYTES = 1 << 20


def copy_folder(source: Path, target: Path) -> None:
    """Copy the files of a folder into a new one and force them to the disk.

    Raises:
        RefusedError: The disk refuses, or the new folder is there.
    """
    with refusals(target):
        seam.make_folder(target)
        for path in sorted(source.iterdir()):
            _copy(path, target / path.name)
    sync(target)


def write_file(path: Path, pieces: Iterable[bytes]) -> FileRecord:
    """Write a new file and force it to the disk.

    Returns:
        What the manifest must promise about it.

    Raises:
        RefusedError: The disk refuses, or the file exists: an index's files are written once.
    """
    hasher = hashlib.sha256()
    length = 0
    with refusals(path), seam.create(path) as file:
        for piece in pieces:
            file.write(piece)
            hasher.update(piece)
            length += len(piece)
        seam.force(file)
    return FileRecord(sha256=hasher.hexdigest(), bytes=length)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file that may be lost with the power, as a cache may.

    Raises:
        OSError: The disk refuses, or the file exists.
    """
    with seam.create(path) as file:
        file.write(content)


def write_output(path: Path, content: bytes) -> None:
    """Write what the user asked to have in a file of theirs, or in a pipe, over what is there.

    Raises:
        RefusedError: The disk refuses.
    """
    with refusals(path), seam.overwrite(path) as file:
        file.write(content)


def sync(path: Path) -> None:
    """Force a file, or a folder's entries, to the disk.

    Without it, what another library wrote, or a new name, may be lost with the power.
    """
    with refusals(path):
        seam.force_path(path)


def sync_names(folders: Iterable[Path]) -> None:
    """Force the names in some folders to the disk: a run that died may not have come to that.

    A folder that is not there, or may only be passed through, is left alone.

    Raises:
        RefusedError: The disk refuses.
    """
    for folder in folders:
        with refusals(folder), suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            seam.force_path(folder)


def make_directory(path: Path) -> None:
    """Create a folder, and its parents where they are missing, durably."""
    with refusals(path):
        for folder in make_folders(path):
            sync(folder.absolute().parent)


def make_folders(path: Path) -> list[Path]:
    """Create a folder, and its parents where they are missing; those that were.

    Raises:
        OSError: The disk refuses.
    """
    missing = [folder for folder in (path, *path.absolute().parents) if not folder.is_dir()]
    for folder in reversed(missing):
        try:
            seam.make_folder(folder)
        except FileExistsError:
            # Another process may have made it meanwhile.
            if not folder.is_dir():
                raise
    return missing


def replace_file(path: Path, content: bytes) -> None:
    """Put a small file in place of another in one step: readers see the old one or the new one."""
    temporary = _replacement(path)
    drop_replacement(path)
    with refusals(path):
        write_file(temporary, [content])
        seam.rename(temporary, path)
        sync(path.parent)


def has_replacement(path: Path) -> bool:
    """Whether a run of `replace_file` that died has left something beside a file."""
    return os.path.lexists(_replacement(path))


def drop_replacement(path: Path) -> None:
    """Remove what a run of `replace_file` that died has left beside a file."""
    _clear(_replacement(path))


def put(source: Path, target: Path) -> None:
    """Move a file that was written to where another may be, in one step; a folder goes first."""
    with refusals(target):
        if _is_own_folder(target):
            seam.remove_tree(target)
        seam.rename(source, target)
        sync(target.parent)


def require_folder(path: Path) -> None:
    """Have a folder of one's own: what else has its name, a link to another one too, goes first."""
    if not _is_own_folder(path):
        _clear(path)
    make_directory(path)


def rename(source: Path, target: Path) -> None:
    """Give a folder its final name and force the name to the disk.

    What has that name goes first: it is damaged, or a run that died before HEAD named it left it.
    """
    _clear(target)
    with refusals(target):
        seam.rename(source, target)
        sync(target.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Give an immutable file a second name, or a second copy where links are not supported."""
    with refusals(target):
        try:
            seam.link(source, target)
        except OSError:
            # File systems say in many ways that they have no links; a real fault shows again.
            _copy(source, target)
        else:
            # The source may come from a clone, which forces nothing to the disk.
            sync(target)


def rename_over(source: Path, target: Path) -> None:
    """Give a file or folder another name, which may be lost with the power.

    Raises:
        OSError: The disk refuses, or a folder that is not empty has the name.
    """
    seam.rename(source, target)


def unlink(path: Path) -> None:
    """Take a name away, which may come back with the power.

    Raises:
        OSError: The disk refuses, or there is no such name.
    """
    seam.unlink(path)


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it; one that is already gone is fine."""
    with refusals(path), suppress(FileNotFoundError):
        seam.remove_tree(path)


@contextmanager
def temporary_folder(prefix: str, *, parent: Path | None = None) -> Iterator[Path]:
    """Make a folder that nobody else may enter for the length of the block.

    Args:
        prefix: How its name begins.
        parent: The folder in which it is made; None for where the system keeps such folders.

    Raises:
        OSError: The disk refuses.
    """
    path = seam.make_private_folder(prefix, parent)
    try:
        yield path
    finally:
        seam.remove_private_folder(path)


def _is_own_folder(path: Path) -> bool:
    """Whether there is a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def _clear(path: Path) -> None:
    """Take away whatever has a name: a folder with all in it, a link or a file by itself."""
    with refusals(path), suppress(FileNotFoundError):
        if _is_own_folder(path):
            seam.remove_tree(path)
        else:
            seam.unlink(path)


def _replacement(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _copy(source: Path, target: Path) -> None:
    with open_regular(source) as file:
        write_file(target, iter(partial(file.read, _COPIED_BYTES), b""))


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
            seam.force(file)
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
            self._made = seam.create(self._path)
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
            self._file = seam.scratch(directory)

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
