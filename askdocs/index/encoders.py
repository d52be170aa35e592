"""The compiled encoders inside an index, with which it answers where the model is not installed.

What the file system refuses is a RefusedError.
"""

from pathlib import Path

from askdocs.disk import access, durable
from askdocs.places import ENCODERS

TEMPORARY = "new-"


def carried_encoders(directory: Path) -> dict[str, int]:
    """Return the size in bytes of each encoder that an index carries, without half-made copies."""
    with access.refusals(directory / ENCODERS):
        return {
            folder.name: sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
            for folder in _entries(directory)
            if not folder.name.startswith(TEMPORARY)
        }


def carry_encoder(directory: Path, source: Path) -> None:
    """Copy an entry of the cache into an index, where it appears whole or not at all.

    An entry of the same name is replaced, and so is a link that leads out of the index. The caller
    must hold the lock.
    """
    folder = directory / ENCODERS
    durable.ensure_folder(folder)
    temporary = folder / f"{TEMPORARY}{source.name}"
    durable.remove_tree(temporary)
    try:
        durable.copy_folder(source, temporary)
        durable.move_into_place(temporary, folder / source.name)
    finally:
        durable.remove_tree(temporary)


def drop_encoders(directory: Path, *, keep: str = "") -> None:
    """Remove every encoder from an index except the one named `keep`; the caller holds the lock."""
    _remove(directory, [path for path in _entries(directory) if path.name != keep])


def half_copies(directory: Path) -> list[Path]:
    """Return the half-made copies that a run that died has left."""
    return [path for path in _entries(directory) if path.name.startswith(TEMPORARY)]


def sweep_encoders(directory: Path) -> None:
    """Remove the half-made copies that a run that died has left."""
    _remove(directory, half_copies(directory))


def _remove(directory: Path, entries: list[Path]) -> None:
    """Remove some entries, and their folder if it is then empty."""
    for path in entries:
        durable.remove_tree(path)
    folder = directory / ENCODERS
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
