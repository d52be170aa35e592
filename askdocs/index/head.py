"""The line that names the current generation."""

import hashlib
import re
import shlex
from pathlib import Path

from askdocs import files
from askdocs.errors import (
    REPAIR,
    DamagedIndexError,
    FormatError,
    NoIndexError,
    RefusedError,
)

NAME = "HEAD"
GENERATIONS = "generations"
_MAGIC = "askdocs-index"
_LAYOUT = 1
_NAME = re.compile("[0-9a-f]{64}")
_LINE = re.compile(rb"askdocs-index (\d{1,9}) ([0-9a-f]{64}) ([0-9a-f]{16})\n")


def head_line(digest: str) -> bytes:
    """The content of HEAD: magic, layout, manifest digest, and a checksum of all three."""
    body = f"{_MAGIC} {_LAYOUT} {digest}"
    return f"{body} {_checksum(body)}\n".encode("ascii")


def read_head(directory: Path) -> str:
    """The digest of the current generation's manifest.

    Raises:
        NoIndexError: There is no HEAD.
        DamagedIndexError: HEAD is a link, or not a line that askdocs wrote.
        FormatError: It is of a layout that this version does not know.
        RefusedError: The file system refuses to read it.
    """
    path = directory / NAME
    try:
        with files.open_regular(path, follow_links=False) as file:
            line = file.read(1024)
    except (FileNotFoundError, NotADirectoryError) as error:
        named = shlex.quote(str(directory))
        hint = f"askdocs index --index {named} PATH"
        if has_generations(directory):
            hint = f"askdocs repair --index {named}"
        raise NoIndexError(f"there is no index in {directory}", hint=hint) from error
    except OSError as error:
        if files.is_of_link(error):
            raise DamagedIndexError(f"{path} is a link", hint=REPAIR) from error
        raise RefusedError(f"{path}: {files.reason_of(error)}") from error
    found = _LINE.fullmatch(line)
    if found is None or _checksum(line.decode("ascii").rsplit(" ", 1)[0]) != found[3].decode():
        raise DamagedIndexError(f"{path} cannot be read", hint=REPAIR)
    if int(found[1]) != _LAYOUT:
        raise FormatError(
            f"{path} is of layout {int(found[1])}, this version reads {_LAYOUT}",
            found=str(int(found[1])),
            read=str(_LAYOUT),
            hint="askdocs index --rebuild PATH, or the askdocs that made it",
        )
    return found[2].decode()


def has_generations(directory: Path) -> bool:
    """Whether a folder has what an index has that lost its HEAD."""
    try:
        return bool(generation_folders(directory))
    except RefusedError:
        return False


def generation_folders(directory: Path) -> list[Path]:
    """The folders that have the name of a generation, in order of it; leftovers do not count.

    Raises:
        RefusedError: The file system refuses.
    """
    folder = directory / GENERATIONS
    with files.refusals(folder):
        try:
            found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode("ascii")).hexdigest()[:16]
