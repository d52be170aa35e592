"""Repair a damaged index: the use case behind `repair`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from askdocs.corpus.walk import exists, relative_root, source_path
from askdocs.disk import access
from askdocs.embedding.compiled import compiled_folder, has_compiled, open_encoder
from askdocs.embedding.entry import entry_directory
from askdocs.embedding.model import DEFAULT_MODEL
from askdocs.errors import (
    REPAIR,
    REPAIR_FROM,
    DamagedFileError,
    DamagedIndexError,
    ModelError,
    NoIndexError,
    UnreadableFileError,
    UsageError,
)
from askdocs.freshness import damaged_encoder, listed_damage
from askdocs.index.codec import readable_paths
from askdocs.index.generation import (
    MANIFEST,
    RECORDS,
    Generation,
    current_digest,
    open_generation,
    read_head,
    sound_generations,
)
from askdocs.index.transaction import begin
from askdocs.indexing.build import build
from askdocs.indexing.model import open_model
from askdocs.indexing.plan import Salvage, differing, indexed_paths, make_plan, require_held
from askdocs.indexing.request import IndexRequest
from askdocs.places import GENERATIONS, HEAD, generation_folders, has_generations
from askdocs.records.manifest import DocumentStatus
from askdocs.records.reports import DamagedFile, RepairReport
from askdocs.store.partition import DOCUMENTS, segment_name, segment_names, segment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from askdocs.indexing.build import Progress
    from askdocs.records.reports import IndexReport


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
        with access.refusals(index / GENERATIONS):
            folders = (
                [index / GENERATIONS / found.current]
                if found.current
                else generation_folders(index)
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
            yield from readable_paths(access.read_verified(generation.directory / name, record))
        else:
            yield from (path for path in unproved if segment_of(path, segments) == number)


def _unproved(folder: Path) -> Iterable[str]:
    """The documents that the records of a generation name, as far as they can be read."""
    try:
        return readable_paths(access.read_index_file(folder / RECORDS))
    except (DamagedIndexError, UnreadableFileError):
        return ()


_OTHERWISE = "askdocs index --rebuild --replace PATH"


def repair(
    index: Path,
    paths: tuple[Path, ...] = (),
    *,
    cache: Path,
    notify: Callable[[str], None],
    progress: Progress | None = None,
    dry_run: bool = False,
) -> RepairReport:
    """Make an index what its manifest says, from what of it is sound and from its corpus.

    Where nothing is wrong, nothing is written. Whatever fails or ends it leaves what was sound.

    Args:
        index: The index directory.
        paths: The folders and files of the corpus, where the manifest that names them is lost.
        cache: Where compiled encoders and vectors are kept.
        notify: Called with one line about anything that takes long, or is put in place.
        progress: Told how far it is.
        dry_run: Whether to find out only what is wrong, and whether it can be put right.

    Returns:
        What was wrong.

    Raises:
        NoIndexError: There is no index, and nothing of one.
        UsageError: The paths are not those of the corpus that the index records.
        DamagedIndexError: The settings are lost and no path is given, or a document of the index
            cannot be read any more; nothing was written. Or the encoder that the index carries is
            damaged and cannot be had again; what else was wrong has then been put right.
        LockedError: Another process is writing the index.
        ModelError: A model is needed that cannot be had.
        RefusedError: The disk refuses.
    """
    found = examine(index)
    _require_paths(found, index, paths)
    report = RepairReport(
        index=str(index),
        documents=0,
        damaged=tuple(listed(found, index)),
        report=None,
        is_done=not dry_run,
    )
    if found.damaged or found.lost:
        if found.lost:
            notify(_defaults(index))
        request = IndexRequest(index=index, paths=paths if found.lost else ())
        act = partial(build, cache=cache, notify=notify, progress=progress)
        report = _from_corpus(report, request, _salvage(found, index), None if dry_run else act)
    else:
        report = replace(report, documents=_count(found))
        if found.generation and found.generation.digest != found.current and not dry_run:
            _name_current(found.generation, found.current, notify)
    if not found.is_sound:
        whole = found.generation if dry_run else open_generation(index)
        _mend_encoder(whole, cache=cache, notify=notify, dry_run=dry_run)
    return report


def _from_corpus(
    report: RepairReport,
    request: IndexRequest,
    salvage: Salvage,
    act: Callable[..., IndexReport] | None,
) -> RepairReport:
    """Make anew what is damaged, or see what that would do; the report with what comes of it.

    Args:
        report: What is wrong.
        request: The index and, where its settings are lost, the corpus.
        salvage: What of it can be used again.
        act: Does it, as `build`; None to see only.
    """
    _require_roots(salvage)
    if act is None:
        plan = make_plan(request, salvage=salvage)
        documents = len(plan.indexed)
        added, changed, removed = differing(plan.before, plan.records)
        done = None
    else:
        done = act(request, salvage=salvage)
        documents, added, changed, removed = done.documents, done.added, done.changed, done.removed
    # Where the records are lost, what the index held is known by other means.
    added = tuple(path for path in added if path not in salvage.held)
    return replace(
        report, report=done, documents=documents, added=added, changed=changed, removed=removed
    )


def _require_paths(found: Findings, index: Path, paths: tuple[Path, ...]) -> None:
    """Refuse to do without paths where they are needed, and others than those that are recorded."""
    if found.lost and not paths:
        raise found.lost
    if found.generation is None or not paths:
        return
    roots = found.generation.manifest.corpus.roots
    base = found.generation.base
    if tuple(sorted({relative_root(path, base) for path in paths})) != roots:
        hint = _OTHERWISE if _gone_roots(found.generation) else REPAIR
        raise UsageError(f"{index} is the index of {', '.join(roots)}", hint=hint)


def _salvage(found: Findings, index: Path) -> Salvage:
    return Salvage(
        generation=found.generation,
        damaged=frozenset(found.damaged),
        held=held_documents(found, index),
        current=found.current,
    )


def _require_roots(salvage: Salvage) -> None:
    """Refuse to go on without the documents of a root that is gone; see `require_held`."""
    if salvage.generation is None:
        return
    gone = _gone_roots(salvage.generation)
    below = {
        path
        for path in salvage.held
        for root in gone
        if root in {".", path} or path.startswith(f"{root}/")
    }
    require_held(frozenset(below), {}, otherwise=_OTHERWISE)


def _gone_roots(generation: Generation) -> list[str]:
    """The roots of an index's corpus at which there is nothing any more."""
    return [
        root
        for root in generation.manifest.corpus.roots
        if not exists(source_path(generation.base, root))
    ]


def _name_current(
    generation: Generation, current: str | None, notify: Callable[[str], None]
) -> None:
    """Have HEAD name a generation that is whole."""
    with begin(generation.index, expecting=current, keeps_all=True) as transaction:
        transaction.name_current(generation.digest)
    older = "" if current is None else "; askdocs index brings it up to date"
    notify(f"{generation.index} answers from generation {generation.digest[:12]} again{older}")


def _mend_encoder(
    generation: Generation | None, *, cache: Path, notify: Callable[[str], None], dry_run: bool
) -> None:
    """Put the encoder that an index carries in place of a damaged one.

    Raises:
        DamagedIndexError: It cannot be had. The damaged one stays: it may be the last there is.
    """
    if generation is None or not damaged_encoder(generation):
        return
    source = _sound_encoder(generation, cache=cache, notify=notify)
    if source is None:
        raise DamagedIndexError(
            f"the encoder that {generation.index} carries is damaged and its model is not here",
            hint="askdocs index --no-portable goes on without it",
        )
    if dry_run:
        return
    with begin(generation.index, expecting=generation.digest, keeps_all=True) as transaction:
        transaction.carry_encoder(source)
        notify(f"{generation.index} carries its encoder again")


def _sound_encoder(
    generation: Generation, *, cache: Path, notify: Callable[[str], None]
) -> Path | None:
    """Where the encoder of an index's model lies; None where it cannot be had."""
    record = generation.manifest.model
    if has_compiled(record.fingerprint, cache=cache, whole=True):
        return entry_directory(cache, record.fingerprint)
    try:
        _, encoder = open_model(
            record.name,
            base=generation.base,
            revision=record.revision,
            online=False,
            open_encoder=partial(open_encoder, cache=cache, notify=notify),
        )
    except ModelError:
        return None
    is_same = encoder.fingerprint == record.fingerprint
    return compiled_folder(encoder) if is_same else None


def _defaults(index: Path) -> str:
    model = DEFAULT_MODEL
    return f"the settings of {index} are lost; the default ones and the model {model} are used"


def _count(found: Findings) -> int:
    return len(indexed_paths(found.generation.documents)) if found.generation else 0
