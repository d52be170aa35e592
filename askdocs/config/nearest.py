"""Which configuration file holds here."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs import files
from askdocs.datamodel import size_text
from askdocs.errors import UsageError

if TYPE_CHECKING:
    from askdocs.config.file import Configuration

OWN_NAME = "askdocs.toml"
SHARED_NAME = "pyproject.toml"

# A configuration has some lines, and a pyproject.toml some hundred.
_MOST_BYTES = 1 << 20
_HINT = "--config FILE names another configuration file"
# What a file must hold to have a table tool.askdocs. Reading TOML takes milliseconds, and most
# files called pyproject.toml have nothing to say here.
_MENTION = re.compile(
    rb"""^(?:\xef\xbb\xbf)?[ \t]*(\[[ \t]*)?["']?tool["']?[ \t]*(\.[ \t]*["']?askdocs\b|\]|=)""",
    re.MULTILINE,
)


def find_configuration(start: Path) -> Configuration | None:
    """The nearest configuration, in a folder or one of those above it.

    That is the file `askdocs.toml`, or a `pyproject.toml` with a table `tool.askdocs`; in one
    folder the first.

    Raises:
        UsageError: The file cannot be read, or is not TOML.
    """
    try:
        above = start.absolute().parents
    except FileNotFoundError:
        # The current folder is gone.
        return None
    for folder in (start, *above):
        for name in (OWN_NAME, SHARED_NAME):
            path = folder / name
            if os.path.lexists(path) and (found := _found_configuration(path)):
                return found
    return None


def named_configuration(path: Path) -> Configuration | None:
    """The configuration in a file that was named; none in one that is empty, like /dev/null.

    Raises:
        UsageError: The file cannot be read, is too large, or is not TOML.
    """
    try:
        with files.open_named(path) as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        reason = files.reason_of(error)
        raise UsageError(f"{path}: {reason}", hint=_HINT) from error
    return _configuration(path, content)


def _found_configuration(path: Path) -> Configuration | None:
    """What a file says that nobody named: it is not waited for, whatever it is."""
    try:
        content = files.read_found(path, most_bytes=_MOST_BYTES + 1)
    except OSError as error:
        if path.name == SHARED_NAME and _is_no_file(error):
            return None
        raise UsageError(f"{path}: {files.reason_of(error)}", hint=_HINT) from error
    return _configuration(path, content)


def _is_no_file(error: OSError) -> bool:
    """Whether a folder, say, or a link to nothing has the name: that is the matter of others."""
    kinds = (files.SpecialFileError, FileNotFoundError)
    return isinstance(error, kinds) or error.errno == errno.ELOOP


def _configuration(path: Path, content: bytes) -> Configuration | None:
    if not content or (path.name == SHARED_NAME and not _MENTION.search(content)):
        return None
    if len(content) > _MOST_BYTES:
        raise UsageError(f"{path}: larger than {size_text(_MOST_BYTES)}", hint=_HINT)
    from askdocs.config.file import read_configuration

    return read_configuration(path, content)
