"""The compiled encoders that an index carries, so that it can be asked where there is no model."""

from pathlib import Path

from askdocs.disk import access, durable

ENCODERS = "encoders"
TEMPORARY = "new-"


def carried_encoders(directory: Path) -> dict[str, int]:
    """The entries that an index carries, each with its size in bytes; leftovers do not count.

    Raises:
        RefusedError: The file system refuses.
    """
    with access.refusals(directory / ENCODERS):
        return {
            path.name: sum(one.stat().st_size for one in path.iterdir() if one.is_file())
            for path in _entries(directory)
            if not path.name.startswith(TEMPORARY)
        }


def carry_encoder(directory: Path, source: Path) -> None:
    """Copy a cache's entry into an index, where it appears whole or not at all.

    An entry of that name that is there is replaced, and so is a link that leads out of the index.
    To be called by the one who holds the lock.

    Raises:
        RefusedError: The disk refuses.
    """
    folder = directory / ENCODERS
    durable.require_folder(folder)
    temporary = folder / f"{TEMPORARY}{source.name}"
    durable.remove_tree(temporary)
    try:
        durable.copy_folder(source, temporary)
        durable.put(temporary, folder / source.name)
    finally:
        durable.remove_tree(temporary)


def drop_encoders(directory: Path, *, keep: str = "") -> None:
    """Remove all that an index carries but the entry of one name, and the folder if it is empty.

    Raises:
        RefusedError: The disk refuses.
    """
    for path in _entries(directory):
        if path.name != keep:
            durable.remove_tree(path)
    _remove_if_empty(directory / ENCODERS)


def has_half_copies(directory: Path) -> bool:
    """Whether a dead run left something half copied."""
    return any(path.name.startswith(TEMPORARY) for path in _entries(directory))


def sweep_encoders(directory: Path) -> None:
    """Remove what a dead run left half copied."""
    for path in _entries(directory):
        if path.name.startswith(TEMPORARY):
            durable.remove_tree(path)
    _remove_if_empty(directory / ENCODERS)


def _remove_if_empty(folder: Path) -> None:
    with access.refusals(folder):
        is_empty = folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())
    if is_empty:
        durable.remove_tree(folder)


def _entries(directory: Path) -> list[Path]:
    folder = directory / ENCODERS
    if folder.is_symlink() or not folder.is_dir():
        return []
    with access.refusals(folder):
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
