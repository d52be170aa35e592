"""Reading of source files and of an index's own files."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from askdocs.datamodel import FileRecord
from askdocs.errors import DamagedFileError, RefusedError, UnreadableSourceError

# Without O_NONBLOCK, opening a FIFO waits for a writer that may never come.
_SOURCE_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)

LINK = "link"
"""The reason of a symbolic link below a root."""

SPECIAL = "not a regular file"
"""The reason of what is neither a file nor a link."""


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


def read_source(path: Path | str, *, max_bytes: int, follow_links: bool = False) -> bytes:
    """Read a regular file of the corpus whole.

    Never waits: whatever is not a regular file is refused unread.

    Args:
        path: The file.
        max_bytes: Larger files are skipped.
        follow_links: Whether a symbolic link is followed; only a root may be one.

    Raises:
        UnreadableSourceError: It is a link, no regular file, too large or unreadable.
    """
    # Not open(), which takes twice as long: a corpus has thousands of small files.
    flags = _SOURCE_FLAGS | (0 if follow_links else _NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
        try:
            size = _size(os.fstat(descriptor), max_bytes)
            # One byte more than there should be, to see a file that grows.
            content = _read(descriptor, size + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(error) from error
    if len(content) != size:
        raise UnreadableSourceError("it changed while it was read", skipped=False)
    return content


def digest(content: bytes) -> str:
    """The sha256 of some bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_verified(path: Path, record: FileRecord) -> bytes:
    """Read an index file whole; what is returned is what the manifest promised.

    Raises:
        DamagedIndexError: It is missing, or its bytes are not those of the record.
        RefusedError: The file system refuses to read it.
    """
    with index_file(path):
        content = path.read_bytes()
    if FileRecord(sha256=digest(content), bytes=len(content)) != record:
        raise not_as_recorded(path)
    return content


def verify(path: Path, record: FileRecord) -> None:
    """Prove that an index file is what the manifest promised, in bounded memory.

    Raises:
        DamagedFileError: It is missing, or its bytes are not those of the record.
        RefusedError: The file system refuses to read it.
    """
    with index_file(path):
        found = record_of(path)
    if found != record:
        raise not_as_recorded(path)


def verify_size(path: Path, record: FileRecord) -> None:
    """Look whether an index file is there and as long as it must be, without reading it.

    Raises:
        DamagedFileError: It is missing, no file, or of another size.
        RefusedError: The file system refuses to say.
    """
    with index_file(path):
        status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size != record.bytes:
        raise not_as_recorded(path)


def record_of(path: Path) -> FileRecord:
    """Read a file in bounded memory and say what the manifest must promise about it.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return FileRecord(sha256=sha256, bytes=file.tell())


@contextmanager
def index_file(path: Path) -> Iterator[None]:
    """Turn the lack of an index file inside the block into an error that names it."""
    with refusals(path):
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise DamagedFileError(path, "is missing", hint=_REBUILD) from error


def not_as_recorded(path: Path) -> DamagedFileError:
    """The error for an index file whose bytes are not those that were written."""
    return DamagedFileError(path, "is not what its manifest says", hint=_REBUILD)


def damaged(path: Path, reason: object) -> DamagedFileError:
    """The error for an index file that is what its manifest says and still makes no sense."""
    return DamagedFileError(path, f"cannot be read: {reason}", hint=_REBUILD)


_REBUILD = "askdocs index --rebuild"


def _size(status: os.stat_result, max_bytes: int) -> int:
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableSourceError(SPECIAL, skipped=True)
    if status.st_size > max_bytes:
        raise UnreadableSourceError(f"larger than {max_bytes / 2**20:g} MiB", skipped=True)
    return status.st_size


def _read(descriptor: int, size: int) -> bytes:
    """As many bytes as there are, up to a size; one call may give fewer."""
    content = os.read(descriptor, size)
    while len(content) < size and (more := os.read(descriptor, size - len(content))):
        content += more
    return content


def _unreadable(error: OSError) -> UnreadableSourceError:
    # ELOOP is what O_NOFOLLOW gives for a link; EMLINK is FreeBSD's word for it, ENXIO a socket's.
    if error.errno in {errno.ELOOP, errno.EMLINK}:
        return UnreadableSourceError(LINK, skipped=True)
    if error.errno == errno.ENXIO:
        return UnreadableSourceError(SPECIAL, skipped=True)
    return UnreadableSourceError(reason_of(error), skipped=False)
