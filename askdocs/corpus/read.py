"""Read the files of a corpus."""

import os
from pathlib import Path

from askdocs.disk.access import SpecialFileError, is_of_link, read_at, reason_of, regular_descriptor
from askdocs.errors import UnreadableSourceError
from askdocs.terminal import size_text

LINK = "link"
"""The reason of a symbolic link below a root."""

SPECIAL = "not a regular file"
"""The reason of an entry that is neither a file nor a link."""

OF_FILE_SIZE = " (--max-file-size)"
"""The end of the reason of a file that is too large: the option for the limit."""


def read_source(path: Path | str, *, max_bytes: int, follow_links: bool = False) -> bytes:
    """Read all of a regular file of the corpus.

    Never waits: anything but a regular file is refused unread.

    Args:
        path: The file.
        max_bytes: Larger files are skipped.
        follow_links: Whether a symbolic link is followed; only a root may be one.

    Raises:
        UnreadableSourceError: It is a link, not a regular file, too large or unreadable.
    """
    # Not open(), which takes twice as long: a corpus has thousands of small files.
    try:
        descriptor = regular_descriptor(path, follow_links=follow_links)
        try:
            size = os.fstat(descriptor).st_size
            if size > max_bytes:
                reason = f"larger than {size_text(max_bytes)}{OF_FILE_SIZE}"
                raise UnreadableSourceError(reason, skipped=True)
            # One byte more than expected, to notice a file that grows.
            content = read_at(descriptor, 0, size + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(error) from error
    if len(content) != size:
        raise UnreadableSourceError("it changed while it was read", skipped=False)
    return content


def _unreadable(error: OSError) -> UnreadableSourceError:
    if is_of_link(error):
        return UnreadableSourceError(LINK, skipped=True)
    if isinstance(error, SpecialFileError):
        return UnreadableSourceError(SPECIAL, skipped=True)
    return UnreadableSourceError(reason_of(error), skipped=False)
