"""Where the index, the cache and the configuration file are."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from askdocs.errors import REPAIR, NoIndexError

INDEX_NAME = "vectors"
SHARED_CONFIGURATION_NAME = "pyproject.toml"

HEAD = "HEAD"
"""The file of an index that names its current generation."""

GENERATIONS = "generations"
"""The folder of an index that holds its generations."""

ENCODERS = "encoders"
"""The folder of the user's cache, or of an index, that holds compiled encoders."""

_GENERATION_NAME = re.compile("[0-9a-f]{64}")


def is_index(directory: Path) -> bool:
    """Return True if a folder holds HEAD, or cannot be entered to see whether it does."""
    try:
        return (directory / HEAD).is_file()
    except OSError:
        # Opening the index reports the reason. A path below a folder that cannot be entered does
        # not count: it may have nothing to do with the user's folder.
        with suppress(OSError):
            return directory.is_dir()
        return False


def has_generations(directory: Path) -> bool:
    """Return True if a folder holds generations, as an index that lost its HEAD does."""
    with suppress(OSError):
        return bool(generation_folders(directory))
    return False


def generation_folders(directory: Path) -> list[Path]:
    """Return the folders that are named like a generation, sorted, without leftovers.

    Raises:
        OSError: The file system refuses.
    """
    try:
        paths = sorted((directory / GENERATIONS).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    named = (path for path in paths if _GENERATION_NAME.fullmatch(path.name))
    return [path for path in named if path.is_dir() and not path.is_symlink()]


def cache_directory() -> Path:
    """Return the user's cache: $ASKDOCS_CACHE, $XDG_CACHE_HOME/askdocs or ~/.cache/askdocs."""
    return cache_and_variable()[0]


def cache_and_variable() -> tuple[Path, str]:
    """Return the user's cache, and the environment variable that names it, or an empty text."""
    if cache := os.environ.get("ASKDOCS_CACHE"):
        return Path(cache), "ASKDOCS_CACHE"
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "askdocs", "XDG_CACHE_HOME"
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - never raises
    return home / ".cache" / "askdocs", ""


def configuration_paths(start: Path) -> Iterator[Path]:
    """Yield what has a configuration file's name, in a folder and those above it, nearest first.

    In one folder, `askdocs.toml` comes before `pyproject.toml`.
    """
    try:
        folders = (start, *start.absolute().parents)
    except FileNotFoundError:
        # The current folder is gone.
        return
    for folder in folders:
        for name in ("askdocs.toml", SHARED_CONFIGURATION_NAME):
            if os.path.lexists(folder / name):
                yield folder / name


def find_index(start: Path) -> Path | None:
    """Return the nearest `vectors/` that is an index, in a folder or one of those above it."""
    return next((path for path in _index_paths(start) if is_index(path)), None)


def existing_index(named: Path | None) -> Path:
    """Return the index to read: the named one, else the nearest.

    Raises:
        NoIndexError: There is no index.
    """
    index = named or find_index(Path())
    if index is None:
        hint = REPAIR if has_generations(index_to_repair(None)) else "askdocs index PATH"
        raise NoIndexError(f"there is no index in {Path.cwd()} or above it", hint=hint)
    return index


def index_to_write(named: Path | None) -> Path:
    """Return the index to make or refresh: the named one, else the nearest, else ./vectors."""
    return named or find_index(Path()) or Path(INDEX_NAME)


def index_to_repair(named: Path | None) -> Path:
    """Return the index to repair: the named one, else the nearest, else ./vectors.

    An index that has lost its HEAD counts too, even below one that is sound.
    """
    paths = (path for path in _index_paths(Path()) if is_index(path) or has_generations(path))
    return named or next(paths, Path(INDEX_NAME))


def _index_paths(start: Path) -> Iterator[Path]:
    return (folder / INDEX_NAME for folder in (start, *start.absolute().parents))


def default_paths(index: Path) -> tuple[Path, ...]:
    """Return what to index if no path was given: the seeds, or nothing more for an index."""
    corpus = Path("seeds")
    return () if is_index(index) or not corpus.is_dir() else (corpus,)
