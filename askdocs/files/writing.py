"""Durable writing: what is reported as written survives a crash."""

import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from askdocs.datamodel import FileRecord
from askdocs.errors import LockedError, RefusedError
from askdocs.files.reading import refusals

_PIECE = 1024 * 1024


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Hold the writers' lock for the length of the block; readers never ask for it.

    The file is created once and never removed: a removed one could be locked twice.

    Raises:
        LockedError: Another process holds it.
        RefusedError: The file system refuses, or has no such locks.
    """
    try:
        import fcntl  # noqa: PLC0415 - absent where only reading is supported
    except ImportError as error:
        raise RefusedError("writing an index is supported on Linux and macOS only") from error
    with refusals(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(
                f"another process is writing {path.parent}",
                hint="wait for it to end and run the command again",
            ) from error
        except OSError as error:
            with refusals(path):
                raise error from None
        yield
    finally:
        os.close(descriptor)


def write_file(path: Path, pieces: Iterable[bytes]) -> FileRecord:
    """Write a new file and force it to the disk.

    Returns:
        What the manifest must promise about it.

    Raises:
        FileExistsError: The file exists; files of an index are never written twice.
        RefusedError: The disk refuses.
    """
    hasher = hashlib.sha256()
    length = 0
    with refusals(path), path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
            hasher.update(piece)
            length += len(piece)
        file.flush()
        _force(file.fileno())
    return FileRecord(sha256=hasher.hexdigest(), bytes=length)


def record_of(path: Path) -> FileRecord:
    """Read a file back and say what the manifest must promise about it."""
    hasher = hashlib.sha256()
    length = 0
    with refusals(path), path.open("rb") as file:
        while piece := file.read(_PIECE):
            hasher.update(piece)
            length += len(piece)
    return FileRecord(sha256=hasher.hexdigest(), bytes=length)


def sync_file(path: Path) -> None:
    """Force a file that another library wrote to the disk."""
    _sync(path, os.O_RDWR)


def sync_directory(path: Path) -> None:
    """Force a folder's entries to the disk: without it, a new name may be lost with the power."""
    _sync(path, os.O_RDONLY)


def make_directory(path: Path) -> None:
    """Create a folder, and its parents where they are missing."""
    with refusals(path):
        path.mkdir(parents=True, exist_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Put a small file in place of another in one step: readers see the old one or the new one."""
    temporary = path.with_name(f"{path.name}.new")
    with refusals(path):
        temporary.unlink(missing_ok=True)
        write_file(temporary, [content])
        temporary.replace(path)
        sync_directory(path.parent)


def rename(source: Path, target: Path) -> None:
    """Give a folder its final name and force the name to the disk.

    A folder of that name already there is removed first: only a run that died before it was
    named by HEAD can have left it.
    """
    with refusals(target):
        if target.exists():
            remove_tree(target)
        source.rename(target)
        sync_directory(target.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Give an immutable file a second name, or a second copy where links are not supported."""
    with refusals(target):
        try:
            target.hardlink_to(source)
        except OSError as error:
            if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
                raise
            shutil.copyfile(source, target)
            sync_file(target)


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it; one that is already gone is fine."""
    with refusals(path), suppress(FileNotFoundError):
        shutil.rmtree(path)


def _sync(path: Path, flags: int) -> None:
    with refusals(path):
        descriptor = os.open(path, flags)
        try:
            _force(descriptor)
        finally:
            os.close(descriptor)


def _force(descriptor: int) -> None:
    os.fsync(descriptor)
    # On macOS, fsync leaves the data in the drive's own cache.
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - absent where only reading is supported

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
