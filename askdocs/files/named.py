"""Files of the user that are no part of a corpus."""

from pathlib import Path
from typing import IO

from askdocs.files.opening import open_regular


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
