"""Open and read files without ever waiting for one."""

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


def open_named(path: Path | str) -> IO[bytes]:
    """Open what the user named: a file, a device, a pipe such as the shell's `<(command)`.

    It waits where the user has it wait: a FIFO gives what somebody else writes into it.

    Raises:
        OSError: It cannot be read, or is a folder.
    """
    return Path(path).open("rb")


def read_found(path: Path, *, most_bytes: int) -> bytes:
    """Read a file that was found where it may be, and that nobody named: this never waits.

    Args:
        path: The file, or a link to it.
        most_bytes: Of a larger one, as many are read.

    Raises:
        SpecialFileError: It is no regular file.
        OSError: It cannot be read.
    """
    with open_regular(path) as file:
        return file.read(most_bytes)


def has_room(folder: Path, size: int) -> bool:
    """Whether a disk has, or had before the files in a folder were written, room for some bytes."""
    try:
        free = shutil.disk_usage(folder).free
        return free + sum(path.stat().st_size for path in folder.iterdir()) >= size
    except OSError:
        # Nothing is known of it, least of all that it is full.
        return True


# What a disk gives for a file that is lost on it; what else is refused may be given later.
_OF_DISKS = frozenset(
    getattr(errno, name) for name in ("EIO", "EBADMSG", "EUCLEAN") if hasattr(errno, name)
)


def digest(content: bytes) -> str:
    """The sha256 of some bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_index_file(path: Path) -> bytes:
    """Read a file of an index whole, whatever it holds; for errors see `index_file`."""
    with index_file(path), open_regular(path, follow_links=False) as file:
        return file.read()


def read_verified(path: Path, record: FileRecord) -> bytes:
    """Read an index file whole; what is returned is what the manifest promised.

    Raises:
        DamagedIndexError: It is missing, or its bytes are not those of the record.
        RefusedError: The file system refuses to read it.
    """
    content = read_index_file(path)
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
        status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise _link(path)
    if not stat.S_ISREG(status.st_mode) or status.st_size != record.bytes:
        raise not_as_recorded(path)


def record_of(path: Path) -> FileRecord:
    """Read a file, but no link, in bounded memory and say what the manifest must promise about it.

    Raises:
        OSError: It cannot be read.
    """
    with open_regular(path, follow_links=False) as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return FileRecord(sha256=sha256, bytes=file.tell())


@contextmanager
def index_file(path: Path) -> Iterator[None]:
    """Turn what stands in the place of an index file into an error that names it.

    Raises:
        DamagedFileError: There is no file, or a link, whose file others may change at any time.
        UnreadableFileError: The disk has lost it.
        RefusedError: The file system refuses.
    """
    with refusals(path):
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, SpecialFileError) as error:
            raise DamagedFileError(path, "is missing", hint=REPAIR) from error
        except OSError as error:
            if is_of_link(error):
                raise _link(path) from error
            if error.errno in _OF_DISKS:
                raise UnreadableFileError(path, reason_of(error)) from error
            raise


def not_as_recorded(path: Path) -> DamagedFileError:
    """The error for an index file whose bytes are not those that were written."""
    return DamagedFileError(path, "is not what its manifest says", hint=REPAIR)


def damaged(path: Path, reason: object) -> DamagedFileError:
    """The error for an index file that is what its manifest says and still makes no sense."""
    return DamagedFileError(path, f"cannot be read: {reason}", hint=REPAIR)


def _link(path: Path) -> DamagedFileError:
    return DamagedFileError(path, "is a link", hint=REPAIR)
