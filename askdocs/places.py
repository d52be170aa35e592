"""Where the index, the cache and the configuration lie."""

import os
import re
from contextlib import suppress
from pathlib import Path

from askdocs.errors import REPAIR, NoIndexError

INDEX_NAME = "vectors"
DEFAULT_CORPUS = "seeds"

HEAD = "HEAD"
"""The file of an index that names its current generation."""

GENERATIONS = "generations"
"""The folder of an index that holds its generations."""

_GENERATION_NAME = re.compile("[0-9a-f]{64}")


def is_index(directory: Path) -> bool:
    """Return True if a folder holds HEAD, or does not let anyone see whether it does."""
    try:
        return (directory / HEAD).is_file()
    except OSError:
        # Opening it reports the reason. Nothing is known about a folder below one that may not be
        # entered: it may lie above the user's own.
        with suppress(OSError):
            return directory.is_dir()
        return False


def has_generations(directory: Path) -> bool:
    """Return True if a folder holds what is left of an index that lost its HEAD."""
    with suppress(OSError):
        return bool(generation_folders(directory))
    return False


def generation_folders(directory: Path) -> list[Path]:
    """Return the folders that are named like a generation, sorted; leftovers do not count.

    Raises:
        OSError: The file system refuses.
    """
    try:
        found = [
            path
            for path in (directory / GENERATIONS).iterdir()
            if _GENERATION_NAME.fullmatch(path.name)
        ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def cache_directory() -> Path:
    """The per-user cache: $ASKDOCS_CACHE, else askdocs in $XDG_CACHE_HOME, else in ~/.cache."""
    return cache_and_variable()[0]


def cache_and_variable() -> tuple[Path, str]:
    """The per-user cache, and the environment variable that says so; empty for none."""
    if own := os.environ.get("ASKDOCS_CACHE"):
        return Path(own), "ASKDOCS_CACHE"
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "askdocs", "XDG_CACHE_HOME"
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - never raises
    return home / ".cache" / "askdocs", ""


def find_index(start: Path) -> Path | None:
    """The nearest `vectors/` that is an index, in a folder or one of those above it."""
    candidates = (folder / INDEX_NAME for folder in (start, *start.absolute().parents))
    return next((path for path in candidates if is_index(path)), None)


def existing_index(named: Path | None) -> Path:
    """The index to read: the named one, else the nearest.

    Raises:
        NoIndexError: There is none.
    """
    index = named or find_index(Path())
    if index is None:
        hint = REPAIR if has_generations(index_to_repair(None)) else "askdocs index PATH"
        raise NoIndexError(f"there is no index in {Path.cwd()} or above it", hint=hint)
    return index


def index_to_write(named: Path | None) -> Path:
    """The index to make or refresh: the named one, else the nearest, else ./vectors."""
    return named or find_index(Path()) or Path(INDEX_NAME)


def index_to_repair(named: Path | None) -> Path:
    """The index to put right: the named one, else the nearest, else ./vectors.

    One that has lost its HEAD is the nearest all the same: another above it may well be sound.
    """
    if named:
        return named
    candidates = (folder / INDEX_NAME for folder in (Path(), *Path().absolute().parents))
    nearest = (path for path in candidates if is_index(path) or has_generations(path))
    return next(nearest, Path(INDEX_NAME))


def default_paths(index: Path) -> tuple[Path, ...]:
    """What to index where no path was given: nothing more where there is an index."""
    corpus = Path(DEFAULT_CORPUS)
    return () if is_index(index) or not corpus.is_dir() else (corpus,)
