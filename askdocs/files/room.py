"""How much room a disk has."""

import shutil
from pathlib import Path


def has_room(folder: Path, size: int) -> bool:
    """Whether a disk has, or had before the files in a folder were written, room for some bytes."""
    try:
        free = shutil.disk_usage(folder).free
        return free + sum(path.stat().st_size for path in folder.iterdir()) >= size
    except OSError:
        # Nothing is known of it, least of all that it is full.
        return True
