"""HEAD, and the generation that it names, open for reading."""

from __future__ import annotations

import hashlib
import re
import shlex
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from askdocs.disk import access, verified
from askdocs.errors import (
    REPAIR,
    REPAIR_FROM,
    DamagedFileError,
    DamagedIndexError,
    FormatError,
    NoIndexError,
    RefusedError,
    UnreadableFileError,
    UnusableIndexError,
)
from askdocs.index.codec import read_manifest, read_records
from askdocs.places import GENERATIONS, HEAD, generation_folders, has_generations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from askdocs.records.manifest import DocumentRecord, FileRecord, Manifest
    from askdocs.store.local import GenerationReader

MANIFEST = "manifest.json"
RECORDS = "corpus.jsonl"
TOOLS = "tools.json"

_MAGIC = "askdocs-index"
_LAYOUT = 1
_LINE = re.compile(rb"askdocs-index (\d{1,9}) ([0-9a-f]{64}) ([0-9a-f]{16})\n")


def head_line(digest: str) -> bytes:
    """Return the content of HEAD: magic, layout, manifest digest, and a checksum of all three."""
    body = f"{_MAGIC} {_LAYOUT} {digest}"
    return f"{body} {_checksum(body)}\n".encode("ascii")


def read_head(directory: Path) -> str:
    """Return the digest of the current generation's manifest.

    Raises:
        NoIndexError: There is no HEAD.
        DamagedIndexError: HEAD is a link, or not a line that askdocs wrote.
        FormatError: HEAD has a layout that this version does not read.
        RefusedError: The file system refuses to read it.
    """
    path = directory / HEAD
    try:
        with access.open_regular(path, follow_links=False) as file:
            line = file.read(1024)
    except (FileNotFoundError, NotADirectoryError) as error:
        quoted = shlex.quote(str(directory))
        hint = f"askdocs index --index {quoted} PATH"
        if has_generations(directory):
            hint = f"askdocs repair --index {quoted}"
        raise NoIndexError(f"there is no index in {directory}", hint=hint) from error
    except OSError as error:
        if access.is_of_link(error):
            raise DamagedIndexError(f"{path} is a link", hint=REPAIR) from error
        raise RefusedError(f"{path}: {access.reason_of(error)}") from error
    match = _LINE.fullmatch(line)
    if match is None or _checksum(line.decode("ascii").rsplit(" ", 1)[0]) != match[3].decode():
        raise DamagedIndexError(f"{path} cannot be read", hint=REPAIR)
    layout = int(match[1])
    if layout != _LAYOUT:
        message = f"{path} is of layout {layout}, this version reads {_LAYOUT}"
        hint = "askdocs index --rebuild PATH, or the askdocs that made it"
        raise FormatError(message, found=str(layout), read=str(_LAYOUT), hint=hint)
    return match[2].decode()


def current_digest(directory: Path) -> str | None:
    """Return the name of the current generation, or None if HEAD does not name one."""
    try:
        return read_head(directory)
    except (NoIndexError, DamagedIndexError, UnusableIndexError):
        return None


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode("ascii")).hexdigest()[:16]


# Without slots: cached_property needs a dictionary.
@dataclass(frozen=True, kw_only=True)
class Generation:
    """A generation of an index directory whose manifest is verified, named by its digest."""

    index: Path
    digest: str
    manifest: Manifest

    @property
    def directory(self) -> Path:
        """The folder that holds its files."""
        return self.index / GENERATIONS / self.digest

    @property
    def base(self) -> Path:
        """The folder to which all paths of the index are relative."""
        return self.index.resolve().parent

    @cached_property
    def documents(self) -> Mapping[str, DocumentRecord]:
        """The record of every file of the corpus, by its path; read at first use.

        Questions do not need them, and reading 100,000 records takes half a second.

        Raises:
            DamagedIndexError: They are not what the manifest says, or make no sense.
        """
        path = self.directory / RECORDS
        return read_records(access.read_verified(path, self._record(RECORDS)), name=str(path))

    def reader(self) -> GenerationReader:
        """Return a reader of its data, which verifies every byte before it is used."""
        from askdocs.store.local import GenerationReader

        return GenerationReader(self._open_file, names=self.manifest.files)

    def verify(self, names: Iterable[str] | None = None, *, deep: bool = True) -> None:
        """Verify some files, or all of them; unless `deep`, only their sizes are compared.

        Raises:
            DamagedFileError: A file is not what the manifest says.
        """
        verify = access.verify if deep else access.verify_size
        for name in sorted(self.manifest.files if names is None else names):
            verify(self.directory / name, self.manifest.files[name])

    def damage(self, *, deep: bool) -> dict[str, str]:
        """Return the names of the files that are not what the manifest says, and what is wrong.

        If `deep`, every byte is read, and each table of checksums is verified to belong to its
        file; otherwise, only sizes are compared.
        """
        reasons = {name: self._damage_of(name, deep=deep) for name in sorted(self.manifest.files)}
        return {name: reason for name, reason in reasons.items() if reason}

    def _damage_of(self, name: str, *, deep: bool) -> str:
        path = self.directory / name
        if path.parent.is_symlink():
            return "is in a folder that is a link"
        blocks = self.manifest.files.get(verified.blocks_name(name))
        try:
            if deep and blocks:
                verified.verify_with_blocks(path, self.manifest.files[name], blocks)
            else:
                self.verify([name], deep=deep)
        except (DamagedFileError, UnreadableFileError) as error:
            return error.reason
        return ""

    def _open_file(self, name: str) -> verified.VerifiedFile:
        blocks = self.manifest.files.get(verified.blocks_name(name))
        return verified.VerifiedFile(self.directory / name, self._record(name), blocks)

    def _record(self, name: str) -> FileRecord:
        if name not in self.manifest.files:
            raise DamagedIndexError(f"the manifest does not list {name}", hint=REPAIR)
        return self.manifest.files[name]


def open_generation(directory: Path, *, with_documents: bool = False) -> Generation:
    """Open the current generation of an index, without a lock and without waiting.

    With `with_documents` the records of the documents are read now; a writer may remove them later.

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
    """Return the generations whose manifests are sound, whatever HEAD says, the newest first.

    Raises:
        FormatError: None of them is sound, but one is of another format: another askdocs can read
            it.
        RefusedError: The file system refuses to list them, or to read one and no other is sound.
    """
    sound, errors = [], []
    with access.refusals(directory / GENERATIONS):
        folders = generation_folders(directory)
    for path in sorted(folders, key=lambda path: (_written(path), path.name), reverse=True):
        try:
            sound.append(_open(directory, path.name))
        except (DamagedIndexError, UnreadableFileError):
            continue
        except (UnusableIndexError, RefusedError) as error:
            errors.append(error)
    if errors and not sound:
        raise errors[0]
    return sound


def _open(directory: Path, digest: str, *, with_documents: bool = False) -> Generation:
    path = directory / GENERATIONS / digest / MANIFEST
    try:
        content = access.read_index_file(path)
    except DamagedFileError as error:
        raise DamagedIndexError(str(error), hint=REPAIR_FROM) from error
    if access.digest(content) != digest:
        raise DamagedIndexError(f"{path} is not what HEAD says", hint=REPAIR_FROM)
    generation = Generation(index=directory, digest=digest, manifest=read_manifest(content))
    if with_documents:
        _ = generation.documents
    return generation


def _written(path: Path) -> float:
    """Return when a folder's manifest was written; 0 without a manifest."""
    with suppress(OSError):
        return (path / MANIFEST).stat().st_mtime
    return 0.0
