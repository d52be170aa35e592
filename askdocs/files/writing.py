"""Durable writing: what is reported as written survives a crash."""

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from askdocs.datamodel import FileRecord
from askdocs.errors import LockedError, RefusedError
from askdocs.files.reading import refusals

_POLL_SECONDS = 0.1


@contextmanager
def exclusive_lock(
    path: Path, *, until: float = 0.0, waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold the writers' lock for the length of the block; readers never ask for it.

    The file is created once and never removed: a removed one could be locked twice.

    Args:
        path: The lock.
        until: The time of `time.monotonic` at which to give up; the lock is tried once at least.
        waiting: Called once, where the lock is not free and there is time to wait for it.

    Raises:
        LockedError: Another process holds it.
        RefusedError: The file system refuses, or has no such locks.
    """
    try:
        import fcntl  # noqa: F401, PLC0415 - absent where only reading is supported
    except ImportError as error:
        raise RefusedError("writing an index is supported on Linux and macOS only") from error
    with refusals(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        is_taken = _takes_lock(descriptor, path)
        if not is_taken and time.monotonic() < until:
            waiting()
            is_taken = _waits_for_lock(descriptor, path, until=until)
        if not is_taken:
            raise LockedError(
                f"another process is writing {path.parent}",
                hint="wait for it to end and run the command again",
            )
        yield
    finally:
        os.close(descriptor)


def _waits_for_lock(descriptor: int, path: Path, *, until: float) -> bool:
    """Whether the lock was given up before then, and is held from now on."""
    # A wait in flock could not be given an end, and asking ten times a second costs nothing.
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(_POLL_SECONDS, left))
        if _takes_lock(descriptor, path):
            return True
    return False


def _takes_lock(descriptor: int, path: Path) -> bool:
    """Whether the lock was free, and is held from now on."""
    import fcntl  # noqa: PLC0415 - absent where only reading is supported

    with refusals(path):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def copy_folder(source: Path, target: Path) -> None:
    """Copy the files of a folder into a new one and force them to the disk.

    Raises:
        RefusedError: The disk refuses, or the new folder is there.
    """
    with refusals(target):
        target.mkdir()
        for path in sorted(source.iterdir()):
            shutil.copyfile(path, target / path.name)
            sync(target / path.name)
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
    with refusals(path), path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
            hasher.update(piece)
            length += len(piece)
        file.flush()
        force(file.fileno())
    return FileRecord(sha256=hasher.hexdigest(), bytes=length)


def sync(path: Path) -> None:
    """Force a file, or a folder's entries, to the disk.

    Without it, what another library wrote, or a new name, may be lost with the power.
    """
    with refusals(path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            force(descriptor)
        finally:
            os.close(descriptor)


def make_directory(path: Path) -> None:
    """Create a folder, and its parents where they are missing, durably."""
    with refusals(path):
        made = [folder for folder in (path, *path.absolute().parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
    for folder in made:
        sync(folder.absolute().parent)


def replace_file(path: Path, content: bytes) -> None:
    """Put a small file in place of another in one step: readers see the old one or the new one."""
    temporary = path.with_name(f"{path.name}.new")
    with refusals(path):
        temporary.unlink(missing_ok=True)
        write_file(temporary, [content])
        temporary.replace(path)
        sync(path.parent)


def rename(source: Path, target: Path) -> None:
    """Give a folder its final name and force the name to the disk.

    A folder of that name already there is removed first: it is damaged, or a run that died before
    HEAD named it left it.
    """
    with refusals(target):
        if target.exists():
            remove_tree(target)
        source.rename(target)
        sync(target.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Give an immutable file a second name, or a second copy where links are not supported."""
    with refusals(target):
        try:
            target.hardlink_to(source)
        except OSError:
            # File systems say in many ways that they have no links; a real fault shows again.
            shutil.copyfile(source, target)
    # The source may come from a clone, which forces nothing to the disk.
    sync(target)


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it; one that is already gone is fine."""
    with refusals(path), suppress(FileNotFoundError):
        shutil.rmtree(path)


def force(descriptor: int) -> None:
    """Force what was written to an open file to the disk."""
    os.fsync(descriptor)
    # On macOS, fsync leaves the data in the drive's own cache.
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - absent where only reading is supported

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
