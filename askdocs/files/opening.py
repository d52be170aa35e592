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

# What opening a socket gives on Linux, and on macOS.
_OF_SOCKETS = frozenset({errno.ENXIO, errno.EOPNOTSUPP})
# What O_NOFOLLOW gives for a link; EMLINK is FreeBSD's word for it.
_OF_LINKS = frozenset({errno.ELOOP, errno.EMLINK})


class SpecialFileError(OSError):
    """What stands at a path is no regular file: a folder, a FIFO, a socket, a device."""


def open_regular(path: Path | str, *, follow_links: bool = True) -> BufferedReader:
    """Open a regular file.

    Args:
        path: The file.
        follow_links: As `regular_descriptor` says.

    Raises:
        SpecialFileError: It is none, and was not waited for.
        OSError: It cannot be opened.
    """
    return open(regular_descriptor(path, follow_links=follow_links), "rb")


def read_at(descriptor: int, start: int, end: int) -> bytes:
    """The bytes from one offset up to another, or to the end: one call of the system may give less.

    Raises:
        OSError: They cannot be read.
    """
    content = _read_once(descriptor, start, end)
    while len(content) < end - start:
        more = _read_once(descriptor, start + len(content), end)
        if not more:
            break
        content += more
    return content


def _read_once(descriptor: int, start: int, end: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, end - start, start)
    # Windows has no such call; nobody else moves in a file that one thread reads.
    os.lseek(descriptor, start, os.SEEK_SET)
    return os.read(descriptor, end - start)


def regular_descriptor(path: Path | str, *, follow_links: bool = True) -> int:
    """The descriptor of a regular file; for errors see `open_regular`.

    Args:
        path: The file.
        follow_links: Whether a link is followed; else it is an OSError of ELOOP, or of EMLINK.
    """
    try:
        descriptor = os.open(path, _READING | (0 if follow_links else _NOFOLLOW))
    except OSError as error:
        if error.errno in _OF_SOCKETS:
            raise _special(path) from error
        raise
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise _special(path, is_folder=stat.S_ISDIR(mode))
    return descriptor


def is_of_link(error: OSError) -> bool:
    """Whether an error is what a link gives that is not followed, or that leads round."""
    return error.errno in _OF_LINKS


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
