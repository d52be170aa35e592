"""Durable writing: what is reported as written survives a crash."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from askdocs.datamodel import FileRecord
from askdocs.files import disk
from askdocs.files.opening import open_regular, refusals

_COPIED_BYTES = 1 << 20


def copy_folder(source: Path, target: Path) -> None:
    """Copy the files of a folder into a new one and force them to the disk.

    Raises:
        RefusedError: The disk refuses, or the new folder is there.
    """
    with refusals(target):
        disk.make_folder(target)
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
    with refusals(path), disk.create(path) as file:
        for piece in pieces:
            file.write(piece)
            hasher.update(piece)
            length += len(piece)
        disk.force(file)
    return FileRecord(sha256=hasher.hexdigest(), bytes=length)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file that may be lost with the power, as a cache may.

    Raises:
        OSError: The disk refuses, or the file exists.
    """
    with disk.create(path) as file:
        file.write(content)


def write_output(path: Path, content: bytes) -> None:
    """Write what the user asked to have in a file of theirs, or in a pipe, over what is there.

    Raises:
        RefusedError: The disk refuses.
    """
    with refusals(path), disk.overwrite(path) as file:
        file.write(content)


def sync(path: Path) -> None:
    """Force a file, or a folder's entries, to the disk.

    Without it, what another library wrote, or a new name, may be lost with the power.
    """
    with refusals(path):
        disk.force_path(path)


def sync_names(folders: Iterable[Path]) -> None:
    """Force the names in some folders to the disk: a run that died may not have come to that.

    A folder that is not there, or may only be passed through, is left alone.

    Raises:
        RefusedError: The disk refuses.
    """
    for folder in folders:
        with refusals(folder), suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            disk.force_path(folder)


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
            disk.make_folder(folder)
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
        disk.rename(temporary, path)
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
            disk.remove_tree(target)
        disk.rename(source, target)
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
        disk.rename(source, target)
        sync(target.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Give an immutable file a second name, or a second copy where links are not supported."""
    with refusals(target):
        try:
            disk.link(source, target)
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
    disk.rename(source, target)


def unlink(path: Path) -> None:
    """Take a name away, which may come back with the power.

    Raises:
        OSError: The disk refuses, or there is no such name.
    """
    disk.unlink(path)


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it; one that is already gone is fine."""
    with refusals(path), suppress(FileNotFoundError):
        disk.remove_tree(path)


@contextmanager
def temporary_folder(prefix: str, *, parent: Path | None = None) -> Iterator[Path]:
    """Make a folder that nobody else may enter for the length of the block.

    Args:
        prefix: How its name begins.
        parent: The folder in which it is made; None for where the system keeps such folders.

    Raises:
        OSError: The disk refuses.
    """
    path = disk.make_private_folder(prefix, parent)
    try:
        yield path
    finally:
        disk.remove_private_folder(path)


def _is_own_folder(path: Path) -> bool:
    """Whether there is a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def _clear(path: Path) -> None:
    """Take away whatever has a name: a folder with all in it, a link or a file by itself."""
    with refusals(path), suppress(FileNotFoundError):
        if _is_own_folder(path):
            disk.remove_tree(path)
        else:
            disk.unlink(path)


def _replacement(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _copy(source: Path, target: Path) -> None:
    with open_regular(source) as file:
        write_file(target, iter(partial(file.read, _COPIED_BYTES), b""))
