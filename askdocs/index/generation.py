"""One committed state of an index, open for reading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs import files
from askdocs.errors import DamagedIndexError, NoIndexError, UnusableIndexError
from askdocs.index.head import NAME as HEAD
from askdocs.index.head import read_head
from askdocs.manifest import manifest_digest, read_manifest

if TYPE_CHECKING:
    from askdocs.datamodel import Manifest
    from askdocs.store import Reader

GENERATIONS = "generations"
MANIFEST = "manifest.json"
SEGMENT = "000"
TOOLS = "tools.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A generation whose manifest has been verified.

    Attributes:
        index: The index directory.
        digest: The generation's name.
        manifest: Its identity card.
    """

    index: Path
    digest: str
    manifest: Manifest

    @property
    def directory(self) -> Path:
        """Where its files are."""
        return self.index / GENERATIONS / self.digest

    @property
    def base(self) -> Path:
        """The folder to which all paths of the index are relative."""
        return self.index.resolve().parent

    def reader(self) -> Reader:
        """Read its data; every file is verified before its first byte is used."""
        from askdocs.store.segment import SegmentReader

        return SegmentReader(self.directory / SEGMENT, self._verified)

    def verify(self) -> None:
        """Prove that every byte of every file is what the manifest says.

        Raises:
            DamagedIndexError: One is not.
        """
        for name, record in sorted(self.manifest.files.items()):
            files.verify(self.directory / name, record)

    def _verified(self, name: str) -> bytes:
        listed = f"{SEGMENT}/{name}"
        if listed not in self.manifest.files:
            raise DamagedIndexError(
                f"the manifest does not list {listed}", hint="askdocs index --rebuild"
            )
        return files.read_verified(self.directory / listed, self.manifest.files[listed])


def is_index(directory: Path) -> bool:
    """Whether a folder is an index: it holds HEAD."""
    try:
        return (directory / HEAD).is_file()
    except OSError:
        # A folder above the user's own that may not be looked into.
        return False


def current_digest(directory: Path) -> str | None:
    """The name of the current generation; None where HEAD names none that can be read."""
    try:
        return read_head(directory)
    except (NoIndexError, DamagedIndexError, UnusableIndexError):
        return None


def open_generation(directory: Path) -> Generation:
    """Open the current generation of an index, without a lock and without waiting.

    Raises:
        NoIndexError: There is no index.
        DamagedIndexError: HEAD or the manifest is not what askdocs wrote.
        UnusableIndexError: They are of another format.
    """
    digest = read_head(directory)
    try:
        return _open(directory, digest)
    except DamagedIndexError:
        # A writer may have moved HEAD and removed the old generation since HEAD was read.
        moved = read_head(directory)
        if moved == digest:
            raise
        return _open(directory, moved)


def _open(directory: Path, digest: str) -> Generation:
    path = directory / GENERATIONS / digest / MANIFEST
    with files.refusals(path):
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            message = f"{path} is missing"
            raise DamagedIndexError(message, hint="askdocs index --rebuild PATH") from error
    if manifest_digest(content) != digest:
        raise DamagedIndexError(
            f"{path} is not what HEAD says", hint="askdocs index --rebuild PATH"
        )
    return Generation(index=directory, digest=digest, manifest=read_manifest(content))
