"""Read an index's own files, which are what its manifest says or damaged."""

import errno
import hashlib
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from askdocs.datamodel import FileRecord
from askdocs.errors import REPAIR, DamagedFileError, UnreadableFileError
from askdocs.files.opening import SpecialFileError, is_of_link, open_regular, reason_of, refusals

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
