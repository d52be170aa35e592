"""One committed state of an index, open for reading."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs import files
from askdocs.errors import (
    REPAIR,
    REPAIR_FROM,
    DamagedFileError,
    DamagedIndexError,
    NoIndexError,
    RefusedError,
    UnreadableFileError,
    UnusableIndexError,
)
from askdocs.index.head import GENERATIONS, generation_folders, read_head
from askdocs.index.head import NAME as HEAD
from askdocs.manifest import manifest_digest, read_manifest, read_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from askdocs.datamodel import DocumentRecord, FileRecord, Manifest
    from askdocs.store.reader import GenerationReader

MANIFEST = "manifest.json"
RECORDS = "corpus.jsonl"
TOOLS = "tools.json"


# Without slots: what it reads is kept in its dictionary.
@dataclass(frozen=True, kw_only=True)
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

    @cached_property
    def documents(self) -> Mapping[str, DocumentRecord]:
        """What the walk found: every file of the corpus by its path, read by the first use.

        A question has no use for it, and of 100,000 documents it takes half a second.

        Raises:
            DamagedIndexError: It is not what the manifest says, or says nothing sensible.
        """
        path = self.directory / RECORDS
        return read_records(files.read_verified(path, self._record(RECORDS)), name=str(path))

    def reader(self) -> GenerationReader:
        """Read its data; every byte is verified before it is used."""
        from askdocs.store.reader import GenerationReader

        return GenerationReader(self._opened, names=self.manifest.files)

    def verify(self, names: Iterable[str] | None = None, *, deep: bool = True) -> None:
        """Prove that every byte of some files, or of all, is what the manifest says.

        Args:
            names: Which files; None for all of them.
            deep: Whether to read them; without it, only their sizes are compared.

        Raises:
            DamagedFileError: One is not.
        """
        verify = files.verify if deep else files.verify_size
        for name in sorted(self.manifest.files if names is None else names):
            verify(self.directory / name, self.manifest.files[name])

    def damage(self, *, deep: bool) -> dict[str, str]:
        """What is wrong with each file that is not what the manifest says, by its name.

        Args:
            deep: Whether to read them, and to prove that each table of checksums belongs to its
                file; without it, only their sizes are compared.
        """
        return {
            name: reason
            for name in sorted(self.manifest.files)
            if (reason := self._damage_of(name, deep=deep))
        }

    def _damage_of(self, name: str, *, deep: bool) -> str:
        """What is wrong with a file; empty where nothing is."""
        if (self.directory / name).parent.is_symlink():
            return "is in a folder that is a link"
        blocks = self.manifest.files.get(files.blocks_name(name))
        try:
            if deep and blocks is not None:
                files.verify_with_blocks(self.directory / name, self.manifest.files[name], blocks)
            else:
                self.verify([name], deep=deep)
        except (DamagedFileError, UnreadableFileError) as error:
            return error.reason
        return ""

    def _opened(self, name: str) -> files.VerifiedFile:
        blocks = self.manifest.files.get(files.blocks_name(name))
        return files.VerifiedFile(self.directory / name, self._record(name), blocks)

    def _record(self, name: str) -> FileRecord:
        if name not in self.manifest.files:
            raise DamagedIndexError(f"the manifest does not list {name}", hint=REPAIR)
        return self.manifest.files[name]


def is_index(directory: Path) -> bool:
    """Whether a folder is an index: it holds HEAD, or does not let anyone see whether it does."""
    try:
        return (directory / HEAD).is_file()
    except OSError:
        # Whoever opens it says why. Of a folder below one that may not be looked into, nothing is
        # known: it may be above the user's own.
        with suppress(OSError):
            return directory.is_dir()
        return False


def current_digest(directory: Path) -> str | None:
    """The name of the current generation; None where HEAD names none that can be read."""
    try:
        return read_head(directory)
    except (NoIndexError, DamagedIndexError, UnusableIndexError):
        return None


def open_generation(directory: Path, *, with_documents: bool = False) -> Generation:
    """Open the current generation of an index, without a lock and without waiting.

    Args:
        directory: The index directory.
        with_documents: Whether to read the records of the documents as well: later, a writer may
            have removed them.

    Raises:
        NoIndexError: There is no index.
        DamagedIndexError: HEAD, the manifest or the records are not what askdocs wrote.
        UnusableIndexError: They are of another format.
    """
    digest = read_head(directory)
    try:
        return _open(directory, digest, with_documents=with_documents)
    except DamagedIndexError:
        # A writer may have moved HEAD and removed the old generation since HEAD was read.
        moved = read_head(directory)
        if moved == digest:
            raise
        return _open(directory, moved, with_documents=with_documents)


def sound_generations(directory: Path) -> list[Generation]:
    """The generations whose manifests are sound, whatever HEAD says; the last written one first.

    Raises:
        FormatError: None is, but one is of another format: another askdocs can read it.
        RefusedError: The file system refuses, and none is sound of those that it gives.
    """
    sound, others = [], []
    found = generation_folders(directory)
    for path in sorted(found, key=lambda one: (_written(one), one.name), reverse=True):
        try:
            sound.append(_open(directory, path.name, with_documents=False))
        except (DamagedIndexError, UnreadableFileError):
            continue
        except (UnusableIndexError, RefusedError) as error:
            others.append(error)
    if others and not sound:
        raise others[0]
    return sound


def _open(directory: Path, digest: str, *, with_documents: bool) -> Generation:
    generation = Generation(
        index=directory, digest=digest, manifest=_read_manifest(directory, digest)
    )
    if with_documents:
        _ = generation.documents
    return generation


def _read_manifest(directory: Path, digest: str) -> Manifest:
    path = directory / GENERATIONS / digest / MANIFEST
    try:
        content = files.read_index_file(path)
    except DamagedFileError as error:
        raise DamagedIndexError(str(error), hint=REPAIR_FROM) from error
    if manifest_digest(content) != digest:
        raise DamagedIndexError(f"{path} is not what HEAD says", hint=REPAIR_FROM)
    return read_manifest(content)


def _written(path: Path) -> float:
    """When a folder's manifest was written; long ago where it has none."""
    with suppress(OSError):
        return (path / MANIFEST).stat().st_mtime
    return 0.0
