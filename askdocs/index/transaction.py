"""The way from one generation to the next, which a crash cannot break."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs.disk import access, durable, lock
from askdocs.errors import DamagedIndexError, LockedError, RefusedError, UnreadableFileError
from askdocs.index.codec import manifest_digest, write_manifest, write_records, write_tools
from askdocs.index.encoders import (
    TEMPORARY,
    carry_encoder,
    drop_encoders,
    has_half_copies,
    sweep_encoders,
)
from askdocs.index.generation import MANIFEST, RECORDS, TOOLS, Generation, current_digest, head_line
from askdocs.places import GENERATIONS, HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from askdocs.records.manifest import DocumentRecord, FileRecord, Manifest
    from askdocs.store.codebook import Codebook
    from askdocs.store.writer import GenerationWriter


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
        durable.require_folder(target / folder)
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
        durable.put(source / name, target / name)


def _is_whole(path: Path, record: FileRecord) -> bool:
    try:
        access.verify(path, record)
    except (DamagedIndexError, UnreadableFileError):
        return False
    return True


def _content(path: Path) -> bytes | None:
    try:
        return access.read_index_file(path)
    except (DamagedIndexError, RefusedError):
        return None


LOCK = "LOCK"


class Transaction:
    """The writer's hold on an index, from `begin` to the end of its block.

    Nothing that it writes can be seen before `publish`; whatever ends it before then leaves the
    previous generation as it was.
    """

    def __init__(self, directory: Path) -> None:
        """Take over a locked index directory; `begin` does the locking."""
        self._directory = directory
        self._temporary: Path | None = None
        self._writer: GenerationWriter | None = None

    def writer(
        self, *, dimension: int, segments: int = 1, codebook: Codebook | None = None
    ) -> GenerationWriter:
        """Begin to write a new generation's data; see `store.writer.GenerationWriter`."""
        from askdocs.store.writer import GenerationWriter

        self._writer = GenerationWriter(
            self._folder(), dimension=dimension, segments=segments, codebook=codebook
        )
        return self._writer

    def keep_files(
        self, generation: Generation, names: Collection[str] | None = None
    ) -> dict[str, FileRecord]:
        """Take over files of a generation as they are, verified on the way.

        Args:
            generation: The previous one.
            names: Which of its files; None for all of them.

        Returns:
            What the manifest must promise about each of them.
        """
        records = generation.manifest.files
        kept = {name: records[name] for name in (records if names is None else names)}
        generation.verify(kept)
        for name in kept:
            target = self._folder() / name
            durable.make_directory(target.parent)
            durable.link_or_copy(generation.directory / name, target)
        return kept

    def write_documents(self, documents: Mapping[str, DocumentRecord]) -> dict[str, FileRecord]:
        """Write what the walk found: what is known of every file of the corpus, by its path.

        Returns:
            What the manifest must promise about the file.

        Raises:
            RefusedError: The disk refuses, or the file was kept.
        """
        # Without a table of checksums, however long it is: it is never read in part.
        content = write_records(documents)
        return {RECORDS: durable.write_file(self._folder() / RECORDS, [content])}

    def keep_data(self, generation: Generation) -> dict[str, FileRecord]:
        """Take over all that was made of the documents; see `keep_files`."""
        return self.keep_files(generation, generation.manifest.files.keys() - {RECORDS})

    def carry_encoder(self, source: Path) -> None:
        """Copy a compiled encoder into the index; see `encoders.carry_encoder`."""
        carry_encoder(self._directory, source)

    def drop_encoders(self, *, keep: str = "") -> None:
        """Remove the compiled encoders of the index but one; see `encoders.drop_encoders`."""
        drop_encoders(self._directory, keep=keep)

    def publish(self, manifest: Manifest, *, tools: Mapping[str, str]) -> str:
        """Make the generation that was written the current one.

        Args:
            manifest: Its identity card, naming every file that was written.
            tools: The versions of what wrote it, for whoever looks into a fault; they stand beside
                the manifest, not in it, and never make an index stale.

        Returns:
            The new generation's name; when this returns, it survives a crash.

        Raises:
            ValueError: Nothing was written.
            RefusedError: The disk refuses. The previous generation stays current until HEAD is
                renamed; what is refused after that, to force its name, may leave the new one so.
        """
        if self._temporary is None:
            raise ValueError("must be called after writing")
        content = write_manifest(manifest)
        digest = manifest_digest(content)
        generations = self._directory / GENERATIONS
        durable.write_file(self._temporary / MANIFEST, [content])
        durable.write_file(self._temporary / TOOLS, [write_tools(tools)])
        for path in sorted(self._temporary.iterdir()):
            if path.is_dir():
                durable.sync(path)
        durable.sync(self._temporary)
        generation = generations / digest
        if generation.is_dir() and not generation.is_symlink():
            # It may be the current one: what is whole in it is left alone.
            mend_generation(generation, self._temporary, manifest)
        else:
            durable.put(self._temporary, generation)
        if current_digest(self._directory) != digest:
            self.name_current(digest)
        # From here on the new generation is current: what cannot be removed now waits for the
        # next writer.
        with suppress(RefusedError):
            self.sweep(keep=digest)
        return digest

    def name_current(self, digest: str) -> None:
        """Have HEAD name a generation, all of which is on the disk."""
        durable.replace_file(self._directory / HEAD, head_line(digest))

    def _folder(self) -> Path:
        """Where the new generation's files go; made by its first use."""
        if self._temporary is None:
            generations = self._directory / GENERATIONS
            durable.make_directory(generations)
            self._temporary = generations / f"{TEMPORARY}{os.urandom(8).hex()}"
            durable.make_directory(self._temporary)
        return self._temporary

    def sweep(self, *, keep: str | None) -> None:
        """Remove what no reader can need: leftovers of dead runs, and other generations.

        Without a current generation nothing is removed: a damaged HEAD can still be mended by
        hand as long as its generation is there. To be called when the name of the current one is
        sure to be on the disk: otherwise the last one might come back with the power, and be gone.
        """
        durable.drop_replacement(self._directory / HEAD)
        sweep_encoders(self._directory)
        for path in _unneeded(self._directory, keep=keep):
            durable.remove_tree(path)

    def close(self) -> None:
        """Remove what was written and not published."""
        if self._writer is not None:
            self._writer.abort()
        if self._temporary is not None and self._temporary.exists():
            durable.remove_tree(self._temporary)


class OvertakenError(LockedError):
    """Another process has written the index since the writer started."""

    def __init__(self, directory: Path) -> None:
        """Name the index directory."""
        super().__init__(
            f"another process has written {directory} meanwhile", hint="run the command again"
        )


@contextmanager
def begin(
    directory: Path,
    *,
    expecting: str | None,
    until: float = 0.0,
    waiting: Callable[[], None] = lambda: None,
    keeps_all: bool = False,
) -> Iterator[Transaction]:
    """Lock an index for writing and sweep up what dead runs left.

    Args:
        directory: The index directory; made where it is missing.
        expecting: The name of the generation that the writer started from; None for none.
        until: The time of `time.monotonic` at which to give up waiting for another writer.
        waiting: Called once, before a wait.
        keeps_all: Whether generations that HEAD does not name stay: one of them is to be named.

    Raises:
        LockedError: Another writer is at work, and still is then.
        OvertakenError: Another writer has been at work since the writer started.
        RefusedError: The disk refuses.
    """
    durable.make_directory(directory)
    with lock.exclusive_lock(directory / LOCK, until=until, waiting=waiting):
        force_names(directory)
        transaction = Transaction(directory)
        current = current_digest(directory)
        if current != expecting:
            raise OvertakenError(directory)
        transaction.sweep(keep=None if keeps_all else current)
        try:
            yield transaction
        finally:
            transaction.close()


def force_names(directory: Path) -> None:
    """Force to the disk what leads to the current generation.

    A run that died, or was refused, may have replaced HEAD without coming to that. Whoever relies
    on HEAD, to remove other generations or to report that all is well, does it first.

    Raises:
        RefusedError: The disk refuses.
    """
    durable.sync_names([directory.absolute().parent, directory, directory / GENERATIONS])


def sweep_leftovers(directory: Path, digest: str) -> None:
    """Put right what dead runs have left undone or behind, as far as it can be.

    The name of the current generation is forced to the disk; where there is nothing to remove, or
    no leave to, nothing else is done.

    Args:
        directory: The index directory.
        digest: The name of its current generation.

    Raises:
        RefusedError: The disk refuses to force the name.
    """
    force_names(directory)
    with suppress(LockedError, RefusedError):
        if (
            _unneeded(directory, keep=digest)
            or durable.has_replacement(directory / HEAD)
            or has_half_copies(directory)
        ):
            with begin(directory, expecting=digest):
                pass


def _unneeded(directory: Path, *, keep: str | None) -> list[Path]:
    """The folders in which no reader has anything to look for; for `keep` see `sweep`."""
    generations = directory / GENERATIONS
    if not generations.is_dir():
        return []
    with access.refusals(generations):
        found = [path for path in generations.iterdir() if path.is_dir() and not path.is_symlink()]
    return [
        path
        for path in found
        if path.name.startswith(TEMPORARY) or (keep is not None and path.name != keep)
    ]
