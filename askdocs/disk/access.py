"""Open and read files without ever waiting for one, and verify the files of an index."""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO

from askdocs.errors import REPAIR, DamagedFileError, RefusedError, UnreadableFileError
from askdocs.records.manifest import FileRecord

# Without O_NONBLOCK, opening a FIFO waits for a writer that may never come.
_READ_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)

# Opening a socket fails with the first on Linux and with the second on macOS.
_SOCKET_ERRORS = frozenset({errno.ENXIO, errno.EOPNOTSUPP})
# O_NOFOLLOW fails with ELOOP at a link, on FreeBSD with EMLINK.
_LINK_ERRORS = frozenset({errno.ELOOP, errno.EMLINK})
# The disk has lost the file. After any other error a later attempt may succeed.
_LOST_ERRORS = frozenset({errno.EIO, getattr(errno, "EBADMSG", 0), getattr(errno, "EUCLEAN", 0)})


class SpecialFileError(OSError):
    """The path is not a regular file but a folder, a FIFO, a socket or a device."""


def open_regular(path: Path | str, *, follow_links: bool = True) -> BufferedReader:
    """Open a regular file; see `regular_descriptor`."""
    return open(regular_descriptor(path, follow_links=follow_links), "rb")


def regular_descriptor(path: Path | str, *, follow_links: bool = True) -> int:
    """Open a regular file and return its descriptor.

    Raises:
        SpecialFileError: It is not a regular file. A FIFO is not waited for.
        OSError: It cannot be opened; ELOOP or EMLINK for a link unless `follow_links`.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS | (0 if follow_links else _NOFOLLOW))
    except OSError as error:
        if error.errno in _SOCKET_ERRORS:
            raise SpecialFileError(errno.EINVAL, "not a regular file", str(path)) from error
        raise
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise SpecialFileError(errno.EISDIR, "is a directory", str(path))
    raise SpecialFileError(errno.EINVAL, "not a regular file", str(path))


def read_at(descriptor: int, start: int, end: int) -> bytes:
    """Read the bytes from one offset to another, fewer only at the end of the file."""
    content = b""
    # One system call may return less than was asked for.
    while start < end and (piece := _read_once(descriptor, end - start, start)):
        content += piece
        start += len(piece)
    return content


def _read_once(descriptor: int, size: int, start: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, start)
    # Windows has no pread. Seeking is safe: only one thread reads a file.
    os.lseek(descriptor, start, os.SEEK_SET)
    return os.read(descriptor, size)


def open_named(path: Path | str) -> IO[bytes]:
    """Open what the user named: a file, a device, or a pipe such as the shell's `<(command)`.

    A FIFO is waited for: the user asked to read what another process writes into it. An OSError
    says that it cannot be read, or is a folder.
    """
    return Path(path).open("rb")


def read_found(path: Path, *, most_bytes: int) -> bytes:
    """Read up to `most_bytes` of a file, or of a link to one, that nobody named; never wait.

    For errors see `regular_descriptor`.
    """
    with open_regular(path) as file:
        return file.read(most_bytes)


def has_room(folder: Path, size: int) -> bool:
    """Return whether `size` bytes fit on the disk if what the folder holds now is not counted."""
    try:
        free = shutil.disk_usage(folder).free
        return free + sum(path.stat().st_size for path in folder.iterdir()) >= size
    except OSError:
        # Nothing says that the disk is full.
        return True


def is_of_link(error: OSError) -> bool:
    """Return whether an error says that a path is a link, or a circle of links."""
    return error.errno in _LINK_ERRORS


def reason_of(error: OSError) -> str:
    """Return the system's reason in lower case, for use inside a message."""
    return (error.strerror or str(error)).lower()


@contextmanager
def refusals(path: Path | str) -> Iterator[None]:
    """Turn an OSError inside the block into a RefusedError that names the path."""
    try:
        yield
    except OSError as error:
        raise RefusedError(f"{error.filename or path}: {reason_of(error)}") from error


def digest(content: bytes) -> str:
    """Return the sha256 of some bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def record_of(path: Path) -> FileRecord:
    """Read a file in bounded memory and return what a manifest must say about it.

    An OSError says that it cannot be read, or is a link.
    """
    with open_regular(path, follow_links=False) as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return FileRecord(sha256=sha256, bytes=file.tell())


def read_index_file(path: Path) -> bytes:
    """Read a whole file of an index, unverified; for errors see `index_file`."""
    with index_file(path), open_regular(path, follow_links=False) as file:
        return file.read()


def read_verified(path: Path, record: FileRecord) -> bytes:
    """Read a whole file of an index and verify it; for errors see `index_file`.

    Raises:
        DamagedFileError: Its bytes are not those that the manifest records.
    """
    content = read_index_file(path)
    if FileRecord(sha256=digest(content), bytes=len(content)) != record:
        raise not_as_recorded(path)
    return content


def verify(path: Path, record: FileRecord) -> None:
    """Verify a file of an index in bounded memory; for errors see `read_verified`."""
    with index_file(path):
        actual = record_of(path)
    if actual != record:
        raise not_as_recorded(path)


def verify_size(path: Path, record: FileRecord) -> None:
    """Verify the size of a file of an index, without reading it; for errors see `read_verified`."""
    with index_file(path):
        status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise _link(path)
    if not stat.S_ISREG(status.st_mode) or status.st_size != record.bytes:
        raise not_as_recorded(path)


@contextmanager
def index_file(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into an error that says what is wrong with an index file.

    Raises:
        DamagedFileError: It is missing or not a regular file, or it is a link, whose target others
            may change at any time.
        UnreadableFileError: The disk has lost it.
        RefusedError: The file system refuses to read it.
    """
    with refusals(path):
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, SpecialFileError) as error:
            raise DamagedFileError(path, "is missing", hint=REPAIR) from error
        except OSError as error:
            if is_of_link(error):
                raise _link(path) from error
            if error.errno in _LOST_ERRORS:
                raise UnreadableFileError(path, reason_of(error)) from error
            raise


def not_as_recorded(path: Path) -> DamagedFileError:
    """Return the error for an index file whose bytes are not those that were written."""
    return DamagedFileError(path, "is not what its manifest says", hint=REPAIR)


def damaged(path: Path, reason: object) -> DamagedFileError:
    """Return the error for an index file that matches its manifest and still makes no sense."""
    return DamagedFileError(path, f"cannot be read: {reason}", hint=REPAIR)


def _link(path: Path) -> DamagedFileError:
    return DamagedFileError(path, "is a link", hint=REPAIR)
