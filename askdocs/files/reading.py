"""Read an index's own files, which are what its manifest says or damaged."""

import hashlib
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from askdocs.datamodel import FileRecord
from askdocs.errors import DamagedFileError
from askdocs.files.opening import SpecialFileError, open_regular, read_regular, refusals

_REPAIR = "askdocs repair"


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
        content = read_regular(path)
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
    with open_regular(path) as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return FileRecord(sha256=sha256, bytes=file.tell())


@contextmanager
def index_file(path: Path) -> Iterator[None]:
    """Turn the lack of an index file inside the block into an error that names it."""
    with refusals(path):
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, SpecialFileError) as error:
            raise DamagedFileError(path, "is missing", hint=_REPAIR) from error


def not_as_recorded(path: Path) -> DamagedFileError:
    """The error for an index file whose bytes are not those that were written."""
    return DamagedFileError(path, "is not what its manifest says", hint=_REPAIR)


def damaged(path: Path, reason: object) -> DamagedFileError:
    """The error for an index file that is what its manifest says and still makes no sense."""
    return DamagedFileError(path, f"cannot be read: {reason}", hint=_REPAIR)
