"""What is wrong with an index, and what of it is sound."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from askdocs import files
from askdocs.datamodel import DamagedFile, DocumentStatus
from askdocs.errors import (
    REPAIR_FROM,
    DamagedFileError,
    DamagedIndexError,
    NoIndexError,
    UnreadableFileError,
)
from askdocs.freshness import damaged_encoder, listed_damage
from askdocs.index import (
    GENERATIONS,
    HEAD,
    MANIFEST,
    RECORDS,
    Generation,
    current_digest,
    generation_folders,
    has_generations,
    open_generation,
    read_head,
    sound_generations,
)
from askdocs.manifest import readable_paths
from askdocs.store.partition import DOCUMENTS, segment_name, segment_names, segment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong with an index, and what of it is sound.

    Attributes:
        current: The name of the generation that HEAD names; None where it names none.
        generation: The one to put right, whose manifest is sound; None where there is none. It is
            not the current one where that has no sound manifest, or there is none.
        damaged: What is wrong with files of it, by their names in it.
        encoder: What is wrong with files of the encoder that the index carries.
        fault: What is wrong with the manifest that HEAD names, or that there is none at all; None
            where nothing is.
    """

    current: str | None
    generation: Generation | None
    damaged: dict[str, str]
    encoder: tuple[tuple[Path, str], ...] = ()
    fault: DamagedIndexError | None = None

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.current is not None and not (self.damaged or self.encoder or self.fault)

    @property
    def lost(self) -> DamagedIndexError | None:
        """Why the settings are lost; None where they are not."""
        return self.fault if self.generation is None else None


def examine(index: Path) -> Findings:
    """Read every byte of an index and say what is wrong with it.

    Raises:
        NoIndexError: There is none, and nothing of one.
        UnusableIndexError: It is of another format.
        RefusedError: The file system refuses to read it.
    """
    try:
        current = read_head(index)
    except NoIndexError:
        if not has_generations(index):
            raise
        return _without_head(index)
    except DamagedIndexError:
        return _without_head(index)
    try:
        generation = open_generation(index)
        found = _of(generation, current=generation.digest)
    except DamagedIndexError as error:
        found = _without_manifest(index, current, error)
    except UnreadableFileError as error:
        path = index / GENERATIONS / current / MANIFEST
        lost = DamagedFileError(path, error.reason, hint=REPAIR_FROM)
        found = _without_manifest(index, current, lost)
    if not found.is_sound and current_digest(index) not in {None, found.current}:
        # A writer has put another generation in its place meanwhile.
        return examine(index)
    return found


def _without_head(index: Path) -> Findings:
    """The newest generation that is whole, or else the newest whose manifest is."""
    found = [_of(generation, current=None) for generation in sound_generations(index)]
    if not found:
        message = f"no generation in {index / GENERATIONS} has a sound manifest"
        lost = DamagedIndexError(message, hint=REPAIR_FROM)
        return Findings(current=None, generation=None, damaged={}, fault=lost)
    return next((one for one in found if not one.damaged), found[0])


def _without_manifest(index: Path, current: str, fault: DamagedIndexError) -> Findings:
    """The newest generation that is whole, though HEAD names another."""
    for generation in sound_generations(index):
        found = _of(generation, current=current)
        if not found.damaged:
            return replace(found, fault=fault)
    return Findings(current=current, generation=None, damaged={}, fault=fault)


def _of(generation: Generation, *, current: str | None) -> Findings:
    return Findings(
        current=current,
        generation=generation,
        damaged=generation.damage(deep=True),
        encoder=tuple(damaged_encoder(generation)),
    )


def listed(found: Findings, index: Path) -> Iterator[DamagedFile]:
    """Everything that is wrong, as far as it is about files, with paths as the index is named."""
    if found.current is None:
        yield DamagedFile(path=str(index / HEAD), reason="names no generation")
    if found.fault is not None and found.current is not None:
        path = index / GENERATIONS / found.current / MANIFEST
        yield DamagedFile(path=str(path), reason=str(found.fault).removeprefix(f"{path} "))
    if found.generation is not None:
        yield from listed_damage(found.generation, found.damaged, found.encoder)


def held_documents(found: Findings, index: Path) -> frozenset[str]:
    """The documents that a damaged index holds, as far as that can be known.

    From its records where these are sound; else from those of its segments that are sound, and
    where a segment's own list is damaged too, or the manifest is lost, from the lines that can
    still be read of records that nothing vouches for.
    """
    if found.generation is None:
        folders = (
            [index / GENERATIONS / found.current] if found.current else generation_folders(index)
        )
        return frozenset(path for one in folders for path in _unproved(one))
    if RECORDS not in found.damaged:
        records = found.generation.documents.items()
        return frozenset(path for path, one in records if one.status == DocumentStatus.INDEXED)
    return frozenset(_by_segments(found, found.generation))


def _by_segments(found: Findings, generation: Generation) -> Iterator[str]:
    segments = len(segment_names(generation.manifest.files))
    unproved = _unproved(generation.directory)
    for number in range(segments):
        name = f"{segment_name(number)}/{DOCUMENTS}"
        if name in generation.manifest.files and name not in found.damaged:
            record = generation.manifest.files[name]
            yield from readable_paths(files.read_verified(generation.directory / name, record))
        else:
            yield from (path for path in unproved if segment_of(path, segments) == number)


def _unproved(folder: Path) -> Iterable[str]:
    """The documents that the records of a generation name, as far as they can be read."""
    try:
        return readable_paths(files.read_index_file(folder / RECORDS))
    except (DamagedIndexError, UnreadableFileError):
        return ()
