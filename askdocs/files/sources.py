"""Read the files of a corpus."""

import errno
import os
from pathlib import Path

from askdocs.errors import UnreadableSourceError
from askdocs.files.opening import SpecialFileError, reason_of, regular_descriptor

LINK = "link"
"""The reason of a symbolic link below a root."""

SPECIAL = "not a regular file"
"""The reason of what is neither a file nor a link."""


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
    try:
        descriptor = regular_descriptor(path, follow_links=follow_links)
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


def size_text(size: int) -> str:
    """A number of bytes in the largest unit in which one decimal says it all."""
    for unit, count in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= count and size * 10 % count == 0:
            return f"{size / count:.15g} {unit}"
    return f"{size:,} bytes"


def _size(status: os.stat_result, max_bytes: int) -> int:
    if status.st_size > max_bytes:
        reason = f"larger than {size_text(max_bytes)} (--max-file-size)"
        raise UnreadableSourceError(reason, skipped=True)
    return status.st_size


def _read(descriptor: int, size: int) -> bytes:
    """As many bytes as there are, up to a size; one call may give fewer."""
    content = os.read(descriptor, size)
    while len(content) < size and (more := os.read(descriptor, size - len(content))):
        content += more
    return content


def _unreadable(error: OSError) -> UnreadableSourceError:
    # ELOOP is what O_NOFOLLOW gives for a link; EMLINK is FreeBSD's word for it.
    if error.errno in {errno.ELOOP, errno.EMLINK}:
        return UnreadableSourceError(LINK, skipped=True)
    if isinstance(error, SpecialFileError):
        return UnreadableSourceError(SPECIAL, skipped=True)
    return UnreadableSourceError(reason_of(error), skipped=False)
