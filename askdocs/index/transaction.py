"""The step from one generation to the next, which a crash cannot break."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs.disk import access, durable, lock
from askdocs.errors import DamagedIndexError, LockedError, RefusedError, UnreadableFileError
from askdocs.index.codec import write_manifest, write_records, write_tools
from askdocs.index.encoders import TEMPORARY, half_copies, sweep_encoders
from askdocs.index.generation import MANIFEST, RECORDS, TOOLS, Generation, current_digest, head_line
from askdocs.places import GENERATIONS, HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from askdocs.records.manifest import DocumentRecord, FileRecord, Manifest
    from askdocs.store.codebook import Codebook
    from askdocs.store.writer import GenerationWriter


LOCK = "LOCK"


class OvertakenError(LockedError):
    """Another process has written the index since the writer started."""

    def __init__(self, directory: Path) -> None:
        """Name the index directory."""
        message = f"another process has written {directory} meanwhile"
        super().__init__(message, hint="run the command again")


@contextmanager
def begin(
    directory: Path,
    *,
    expecting: str | None,
    until: float = 0.0,
    waiting: Callable[[], None] = lambda: None,
    keeps_all: bool = False,
) -> Iterator[Transaction]:
    """Lock an index for writing and remove what runs that died have left.

    Args:
        directory: The index directory; created if it is missing.
        expecting: The name of the generation that the writer started from; None without one.
        until: When to stop waiting for another writer, as a time of `time.monotonic`.
        waiting: Called once, before a wait.
        keeps_all: Whether generations that HEAD does not name stay, so that HEAD can be made to
            name one of them.

    Raises:
        LockedError: Another process is writing the index.
        OvertakenError: Another process has written the index since the writer started.
        RefusedError: The disk refuses.
    """
    durable.make_directory(directory)
    with lock.exclusive_lock(directory / LOCK, until=until, waiting=waiting):
        force_names(directory)
        current = current_digest(directory)
        if current != expecting:
            raise OvertakenError(directory)
        transaction = Transaction(directory)
        transaction.sweep(keep=None if keeps_all else current)
        try:
            yield transaction
        finally:
            transaction.close()


def force_names(directory: Path) -> None:
    """Force the names that lead to the current generation to the disk.

    A run that died, or was refused, may have replaced HEAD without doing so. It must be done before
    anything relies on HEAD: before other generations are removed, or the index is reported as
    unchanged.

    Raises:
        RefusedError: The disk refuses.
    """
    durable.sync_names([directory.absolute().parent, directory, directory / GENERATIONS])


def sweep_leftovers(directory: Path, digest: str) -> None:
    """Force the name of the current generation to the disk and remove what dead runs have left.

    If there is nothing to remove, or it may not be removed, the rest is left alone.

    Raises:
        RefusedError: The disk refuses to force the name.
    """
    force_names(directory)
    with suppress(LockedError, RefusedError):
        leftovers = [*_unneeded(directory, keep=digest), *half_copies(directory)]
        if leftovers or durable.has_replacement(directory / HEAD):
            with begin(directory, expecting=digest):
                pass


class Transaction:
    """Writes a generation, from `begin` to the end of its block.

    Nothing that it writes is visible before `publish`; whatever ends it before then leaves the
    previous generation as it was.
    """

    def __init__(self, directory: Path) -> None:
        """Take over an index directory that `begin` has locked."""
        self._directory = directory
        self._temporary: Path | None = None
        self._writer: GenerationWriter | None = None

    def writer(
        self,
        *,
        dimension: int,
        code_bytes: int,
        segments: int = 1,
        codebook: Codebook | None = None,
    ) -> GenerationWriter:
        """Return a writer of the new generation's data; see `store.writer.GenerationWriter`."""
        from askdocs.store.writer import GenerationWriter

        self._writer = GenerationWriter(
            self._folder(),
            dimension=dimension,
            code_bytes=code_bytes,
            segments=segments,
            codebook=codebook,
        )
        return self._writer

    def keep_files(
        self, generation: Generation, names: Collection[str] | None = None
    ) -> dict[str, FileRecord]:
        """Take over some or all files of the previous generation unchanged, once verified.

        Returns:
            What the manifest must say about each of them.
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
        """Write the record of every file of the corpus, by its path.

        Returns:
            What the manifest must say about the file that was written.

        Raises:
            RefusedError: The disk refuses, or the file was kept.
        """
        # Without a table of checksums, however long it is: it is never read in part.
        content = write_records(documents)
        return {RECORDS: durable.write_file(self._folder() / RECORDS, [content])}

    def keep_data(self, generation: Generation) -> dict[str, FileRecord]:
        """Take over all files but the records; see `keep_files`."""
        return self.keep_files(generation, generation.manifest.files.keys() - {RECORDS})

    def publish(self, manifest: Manifest, *, tools: Mapping[str, str]) -> str:
        """Make the generation that was written the current one.

        Args:
            manifest: Its manifest, which names every file that was written.
            tools: The versions of the tools that wrote it, for diagnosing faults. They are kept
                beside the manifest, not in it, and never make an index stale.

        Returns:
            The new generation's name, which survives a crash from now on.

        Raises:
            ValueError: Nothing was written.
            RefusedError: The disk refuses. The previous generation stays current until HEAD is
                renamed; if forcing the new name to the disk fails, the new one may be current.
        """
        if self._temporary is None:
            raise ValueError("must be called after writing")
        content = write_manifest(manifest)
        digest = access.digest(content)
        durable.write_file(self._temporary / MANIFEST, [content])
        durable.write_file(self._temporary / TOOLS, [write_tools(tools)])
        for path in sorted(self._temporary.iterdir()):
            if path.is_dir():
                durable.sync(path)
        durable.sync(self._temporary)
        generation = self._directory / GENERATIONS / digest
        if generation.is_dir() and not generation.is_symlink():
            # It may be the current one, so its sound files stay in place.
            mend_generation(generation, self._temporary, manifest)
        else:
            durable.move_into_place(self._temporary, generation)
        if current_digest(self._directory) != digest:
            self.name_current(digest)
        # The new generation is current: what cannot be removed now waits for the next writer.
        with suppress(RefusedError):
            self.sweep(keep=digest)
        return digest

    def name_current(self, digest: str) -> None:
        """Write HEAD, to name a generation that is on the disk."""
        durable.replace_file(self._directory / HEAD, head_line(digest))

    def _folder(self) -> Path:
        """Return the new generation's folder, created by the first call."""
        if self._temporary is None:
            generations = self._directory / GENERATIONS
            durable.make_directory(generations)
            self._temporary = generations / f"{TEMPORARY}{os.urandom(8).hex()}"
            durable.make_directory(self._temporary)
        return self._temporary

    def sweep(self, *, keep: str | None) -> None:
        """Remove what no reader needs: leftovers of runs that died, and other generations.

        With `keep` None no generation is removed: a damaged HEAD can be repaired as long as its
        generation exists. The name of the current generation must have been forced to the disk:
        after a power failure HEAD might otherwise name a generation that is removed here.
        """
        durable.drop_replacement(self._directory / HEAD)
        sweep_encoders(self._directory)
        for path in _unneeded(self._directory, keep=keep):
            durable.remove_tree(path)

    def close(self) -> None:
        """Remove what was written but not published."""
        if self._writer is not None:
            self._writer.abort()
        if self._temporary is not None and self._temporary.exists():
            durable.remove_tree(self._temporary)


def mend_generation(target: Path, source: Path, manifest: Manifest) -> None:
    """Replace each damaged file in a generation's folder by that of a whole copy.

    The files are replaced one by one, the manifest last, so that a crash leaves what was sound in
    its place. Removing the folder and renaming the copy would leave the index without a manifest in
    between.

    Args:
        target: The folder.
        source: The copy, from which the files are moved.
        manifest: What both must hold.
    """
    for folder in sorted({name.parent for name in map(Path, manifest.files)}):
        durable.ensure_folder(target / folder)
    records = sorted(manifest.files.items())
    damaged = [name for name, record in records if not _is_sound(target / name, record)]
    if not (target / TOOLS).is_file():
        damaged.append(TOOLS)
    if not _is_sound(target / MANIFEST, access.record_of(source / MANIFEST)):
        damaged.append(MANIFEST)
    for name in damaged:
        durable.move_into_place(source / name, target / name)


def _is_sound(path: Path, record: FileRecord) -> bool:
    try:
        access.verify(path, record)
    except (DamagedIndexError, UnreadableFileError):
        return False
    return True


def _unneeded(directory: Path, *, keep: str | None) -> list[Path]:
    """Return the folders that no reader needs; for `keep` see `Transaction.sweep`."""
    generations = directory / GENERATIONS
    if not generations.is_dir():
        return []
    with access.refusals(generations):
        return [
            path
            for path in generations.iterdir()
            if path.is_dir() and not path.is_symlink()
            if path.name.startswith(TEMPORARY) or keep not in {None, path.name}
        ]
