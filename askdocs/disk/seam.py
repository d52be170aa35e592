"""Every call that changes the disk, once each, so that tests can inject a fault at each of them.

The other modules of `disk` call these functions through this module: a test that replaces them
sees, or refuses, every write. `python -m tests.lint.writing` reports writes that bypass it.

SQLite, which keeps the cache of vectors, and PyTorch, which writes a model that is being compiled,
do bypass it; an index depends on neither.
"""

import errno
import os
import shutil
import sys
from pathlib import Path
from typing import IO, BinaryIO


def create(path: Path) -> BinaryIO:
    """Create a file for writing; raise FileExistsError if it exists."""
    return path.open("xb")


def overwrite(path: Path) -> BinaryIO:
    """Open a file, which is emptied, or a pipe for writing."""
    return path.open("wb")


def scratch(directory: Path) -> IO[bytes]:
    """Create a file without a name, which is deleted when it is closed."""
    import tempfile  # noqa: PLC0415 - few commands need it, and it takes a while

    return tempfile.TemporaryFile(dir=directory)


def force(file: BinaryIO) -> None:
    """Force what was written to a file to the disk."""
    file.flush()
    _force(file.fileno())


def force_path(path: Path) -> None:
    """Force a file that another library wrote, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _force(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Create one folder; raise FileExistsError if it exists."""
    path.mkdir()


def make_private_folder(prefix: str, parent: Path | None) -> Path:
    """Create a private folder with a unique name; see `tempfile.mkdtemp`."""
    import tempfile  # noqa: PLC0415 - as above

    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))


def remove_private_folder(path: Path) -> None:
    """Remove as much as possible of such a folder."""
    shutil.rmtree(path, ignore_errors=True)


def rename(source: Path, target: Path) -> None:
    """Rename a file or a folder; a file at the target is replaced in the same step."""
    source.replace(target)


def link(source: Path, target: Path) -> None:
    """Give a file a second name."""
    target.hardlink_to(source)


def unlink(path: Path) -> None:
    """Remove a name; raise FileNotFoundError if it does not exist."""
    path.unlink()


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it; links are not followed."""
    shutil.rmtree(path)


def open_lock(path: Path) -> int:
    """Open the lock, which is never written, creating it if it is missing; return its descriptor.

    A link is refused with an OSError: the file would be created wherever the link leads.
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
            # Network and other foreign file systems offer nothing beyond fsync.
            if error.errno not in {errno.ENOTSUP, errno.EINVAL, errno.ENOTTY}:
                raise
