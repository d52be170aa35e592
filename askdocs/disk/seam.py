"""Every call that changes the disk, each of them once: the seam at which faults can be put in.

SQLite, which keeps the cache of vectors, and PyTorch, which writes a model that is being compiled,
go past it; an index depends on neither.

The rest of `files` calls these functions through this module, so that whoever puts others in their
places sees, or refuses, all that is written. `python -m tests.lint.writing` finds what goes past.
"""

import errno
import os
import shutil
import sys
from pathlib import Path
from typing import IO, BinaryIO


def create(path: Path) -> BinaryIO:
    """Make a new file for writing; one that is there is a FileExistsError."""
    return path.open("xb")


def overwrite(path: Path) -> BinaryIO:
    """Open what the user named for writing: a file, which is made empty, or a pipe."""
    return path.open("wb")


def scratch(directory: Path) -> IO[bytes]:
    """Make a file without a name, which is gone when it is closed."""
    # Nobody else needs it, and importing it takes a while.
    import tempfile  # noqa: PLC0415

    return tempfile.TemporaryFile(dir=directory)


def force(file: BinaryIO) -> None:
    """Force what was written to a file to the disk."""
    file.flush()
    _force(file.fileno())


def force_path(path: Path) -> None:
    """Force a file that others wrote, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _force(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make one folder; one that is there is a FileExistsError."""
    path.mkdir()


def make_private_folder(prefix: str, parent: Path | None) -> Path:
    """Make a folder of a name of its own that nobody else may enter; see `tempfile.mkdtemp`."""
    import tempfile  # noqa: PLC0415 - as above

    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))


def remove_private_folder(path: Path) -> None:
    """Take away what can be of such a folder."""
    shutil.rmtree(path, ignore_errors=True)


def rename(source: Path, target: Path) -> None:
    """Give a file or folder another name; a file of that name is replaced in the same step."""
    source.replace(target)


def link(source: Path, target: Path) -> None:
    """Give a file a second name."""
    target.hardlink_to(source)


def unlink(path: Path) -> None:
    """Take a name away; one that is not there is a FileNotFoundError."""
    path.unlink()


def remove_tree(path: Path) -> None:
    """Take a folder away with all that is in it, links not followed."""
    shutil.rmtree(path)


def open_lock(path: Path) -> int:
    """Open a file that is locked and never written, made where it is missing; its descriptor.

    A link is an OSError: it would be made wherever it leads.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    return os.open(path, flags, 0o644)


def _force(descriptor: int) -> None:
    os.fsync(descriptor)
    # On macOS, fsync leaves the data in the drive's own cache.
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - absent where only reading is supported

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError as error:
            # Network and other foreign file systems know no more than fsync.
            if error.errno not in {errno.ENOTSUP, errno.EINVAL, errno.ENOTTY}:
                raise
