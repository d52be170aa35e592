"""Durable writing: what is reported as written survives a crash.

What the disk refuses is a RefusedError, for the files of a cache an OSError.
"""

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


def write_file(path: Path, pieces: Iterable[bytes]) -> FileRecord:
    """Write a new file, force it to the disk, and return what a manifest must say about it.

    A file that exists is refused: an index's files are written once.
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


def write_index_file(path: Path, pieces: Iterable[bytes | memoryview]) -> dict[str, FileRecord]:
    """Write a new file of an index; for what is returned see `FileWriter`."""
    writer = FileWriter(path)
    try:
        for piece in pieces:
            writer.write(piece)
        return writer.finish()
    finally:
        writer.abort()


class FileWriter:
    """Writes a new file of an index piece by piece, in bounded memory.

    A file of more than `LARGE` bytes gets a table of checksums beside it. The first piece creates
    the file: several writers leave nothing open if one of their files cannot be created.
    """

    def __init__(self, path: Path) -> None:
        """Begin without a file."""
        self.size = 0
        self._path = path
        self._opened: BinaryIO | None = None
        self._hasher = hashlib.sha256()
        self._digests: list[bytes] = []
        self._block = hashlib.sha256()

    def write(self, piece: bytes | memoryview) -> None:
        """Add some bytes; the first ones are refused if the file exists."""
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
        """Force the file and its table to the disk.

        Returns:
            What the manifest must say about each file that was written, by its name.
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
        """Close the file; what was written so far is of no use."""
        # Closing flushes the buffer, for which the disk may have no room.
        with suppress(OSError):
            if self._opened is not None:
                self._opened.close()

    def _file(self) -> BinaryIO:
        if self._opened is None:
            self._opened = seam.create(self._path)
        return self._opened

    def _end_block(self) -> None:
        self._digests.append(self._block.digest())
        self._block = hashlib.sha256()


class Spool:
    """Bytes on the disk that memory has no room for; closing it deletes them."""

    def __init__(self, directory: Path) -> None:
        """Create a file without a name."""
        self.size = 0
        self._directory = directory
        with refusals(directory):
            self._file = seam.scratch(directory)

    def write(self, content: bytes) -> None:
        """Add some bytes."""
        with refusals(self._directory):
            self._file.write(content)
        self.size += len(content)

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from one offset to another, both of them inside."""
        with refusals(self._directory):
            self._file.flush()
            content = read_at(self._file.fileno(), start, end)
            if len(content) < end - start:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        return content

    def close(self) -> None:
        """Delete the bytes."""
        with suppress(OSError):
            self._file.close()


def replace_file(path: Path, content: bytes) -> None:
    """Replace a small file in one step: readers see the old content or the new."""
    drop_replacement(path)
    temporary = _replacement(path)
    with refusals(path):
        write_file(temporary, [content])
        seam.rename(temporary, path)
        sync(path.parent)


def has_replacement(path: Path) -> bool:
    """Return whether a `replace_file` that died has left its temporary file beside a file."""
    return os.path.lexists(_replacement(path))


def drop_replacement(path: Path) -> None:
    """Remove the temporary file that a `replace_file` that died has left."""
    _clear(_replacement(path))


def _replacement(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def move_into_place(source: Path, target: Path) -> None:
    """Give a file or a folder its final name and force the name to the disk.

    A file replaces another in one step. Otherwise, what is at the target is removed first: it is
    damaged, or a run that died left it before HEAD named it.
    """
    if _is_real_folder(source) or _is_real_folder(target):
        _clear(target)
    with refusals(target):
        seam.rename(source, target)
        sync(target.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Give an immutable file a second name, or a copy where links are not supported."""
    with refusals(target):
        try:
            seam.link(source, target)
        except OSError:
            # File systems say in many ways that they have no links; a real fault shows again.
            _copy(source, target)
        else:
            # The source may come from a clone, which forces nothing to the disk.
            sync(target)


def copy_folder(source: Path, target: Path) -> None:
    """Copy the files of a folder to the disk, into a new folder, which must not exist yet."""
    with refusals(target):
        seam.make_folder(target)
        for path in sorted(source.iterdir()):
            _copy(path, target / path.name)
    sync(target)


def _copy(source: Path, target: Path) -> None:
    with open_regular(source) as file:
        write_file(target, iter(partial(file.read, _COPIED_BYTES), b""))


def make_directory(path: Path) -> None:
    """Create a folder and its missing parents durably."""
    with refusals(path):
        for folder in make_folders(path):
            sync(folder.absolute().parent)


def ensure_folder(path: Path) -> None:
    """Create a folder. Anything else at its path, even a link to a folder, is removed first."""
    if not _is_real_folder(path):
        _clear(path)
    make_directory(path)


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it; do nothing if it does not exist."""
    with refusals(path), suppress(FileNotFoundError):
        seam.remove_tree(path)


def _clear(path: Path) -> None:
    """Remove whatever is at a path: a folder with all in it, or just the file or the link."""
    with refusals(path), suppress(FileNotFoundError):
        if _is_real_folder(path):
            seam.remove_tree(path)
        else:
            seam.unlink(path)


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def sync(path: Path) -> None:
    """Force a file, or the names in a folder, to the disk.

    Without it, a new name, or what another library wrote, may be lost if the power fails.
    """
    with refusals(path):
        seam.force_path(path)


def sync_names(folders: Iterable[Path]) -> None:
    """Force the names in some folders to the disk, as a run that died may not have done.

    A folder that does not exist, or whose names may not be read, is skipped.
    """
    for folder in folders:
        with refusals(folder), suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            seam.force_path(folder)


# The rest is not forced to the disk: caches, temporary files, and output that the user asked for.


def write_output(path: Path, content: bytes) -> None:
    """Write a file or a pipe that the user named, replacing what is there."""
    with refusals(path), seam.overwrite(path) as file:
        file.write(content)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file of a cache."""
    with seam.create(path) as file:
        file.write(content)


def rename_over(source: Path, target: Path) -> None:
    """Rename a file or a folder of a cache; the target may be a folder only if it is empty."""
    seam.rename(source, target)


def unlink(path: Path) -> None:
    """Remove a file of a cache; raise FileNotFoundError if it does not exist."""
    seam.unlink(path)


def make_folders(path: Path) -> list[Path]:
    """Create a folder and its missing parents, and return those that were missing."""
    missing = [folder for folder in (path, *path.absolute().parents) if not folder.is_dir()]
    for folder in reversed(missing):
        try:
            seam.make_folder(folder)
        except FileExistsError:
            # Another process may have created it meanwhile.
            if not folder.is_dir():
                raise
    return missing


@contextmanager
def temporary_folder(prefix: str, *, parent: Path | None = None) -> Iterator[Path]:
    """Create a private folder for the length of the block; its name begins with `prefix`.

    Without `parent` it is in the system's folder for temporary files.
    """
    path = seam.make_private_folder(prefix, parent)
    try:
        yield path
    finally:
        seam.remove_private_folder(path)
