"""Open a file for reading without waiting for what is none."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from askdocs.errors import RefusedError

# Without O_NONBLOCK, opening a FIFO waits for a writer that may never come.
_READING = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


class SpecialFileError(OSError):
    """What stands at a path is no regular file: a folder, a FIFO, a socket, a device."""


def open_regular(path: Path | str) -> BufferedReader:
    """Open a regular file; a link to one is followed.

    Raises:
        SpecialFileError: It is none, and was not waited for.
        OSError: It cannot be opened.
    """
    return open(regular_descriptor(path), "rb")


def read_regular(path: Path) -> bytes:
    """Read a regular file whole; for errors see `open_regular`."""
    with open_regular(path) as file:
        return file.read()


def regular_descriptor(path: Path | str, *, follow_links: bool = True) -> int:
    """The descriptor of a regular file; for errors see `open_regular`.

    Args:
        path: The file.
        follow_links: Whether a link is followed; else it is an OSError of ELOOP, or of EMLINK.
    """
    try:
        descriptor = os.open(path, _READING | (0 if follow_links else _NOFOLLOW))
    except OSError as error:
        # What a socket gives.
        if error.errno == errno.ENXIO:
            raise _special(path) from error
        raise
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise _special(path, is_folder=stat.S_ISDIR(mode))
    return descriptor


def _special(path: Path | str, *, is_folder: bool = False) -> SpecialFileError:
    reason = "is a directory" if is_folder else "not a regular file"
    return SpecialFileError(errno.EISDIR if is_folder else errno.EINVAL, reason, str(path))


def reason_of(error: OSError) -> str:
    """Why the system refuses, in its own words, as they stand within a message."""
    return (error.strerror or str(error)).lower()


@contextmanager
def refusals(path: Path | str) -> Iterator[None]:
    """Turn an OSError inside the block into a RefusedError that names the path."""
    try:
        yield
    except OSError as error:
        raise RefusedError(f"{error.filename or path}: {reason_of(error)}") from error
