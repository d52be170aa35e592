"""Put whole files in the places of damaged ones."""

from pathlib import Path

from askdocs import files
from askdocs.datamodel import FileRecord, Manifest
from askdocs.errors import DamagedIndexError, RefusedError, UnreadableFileError
from askdocs.index.generation import MANIFEST, TOOLS


def mend_generation(target: Path, source: Path, manifest: Manifest) -> None:
    """Move each file that is damaged in a generation's folder there from a whole copy of it.

    One file after another, so that whatever ends it leaves what was sound where it was. To remove
    the folder and rename the copy would leave the index without a manifest in between.

    Args:
        target: The folder; the manifest is put there last.
        source: The copy, of which the moved files are gone afterwards.
        manifest: What both must hold.

    Raises:
        RefusedError: The disk refuses.
    """
    for folder in sorted({name.parent for name in map(Path, manifest.files)}):
        files.require_folder(target / folder)
    damaged = [
        name
        for name, record in sorted(manifest.files.items())
        if not _is_whole(target / name, record)
    ]
    if not (target / TOOLS).is_file():
        damaged.append(TOOLS)
    if _content(target / MANIFEST) != _content(source / MANIFEST):
        damaged.append(MANIFEST)
    for name in damaged:
        files.put(source / name, target / name)


def _is_whole(path: Path, record: FileRecord) -> bool:
    try:
        files.verify(path, record)
    except (DamagedIndexError, UnreadableFileError):
        return False
    return True


def _content(path: Path) -> bytes | None:
    try:
        return files.read_index_file(path)
    except (DamagedIndexError, RefusedError):
        return None
