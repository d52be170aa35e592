"""Repair a damaged index: keep its sound parts and rebuild the rest from the documents."""

from __future__ import annotations

from contextlib import suppress
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
from askdocs.index.encoders import carry_encoder
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
from askdocs.indexing.carrier import open_model
from askdocs.indexing.plan import Salvage, differing, indexed_paths, make_plan
from askdocs.indexing.request import IndexRequest
from askdocs.places import GENERATIONS, HEAD, generation_folders, has_generations
from askdocs.records.reports import DamagedFile, RepairReport
from askdocs.store.partition import DOCUMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from askdocs.indexing.build import Progress
    from askdocs.records.reports import IndexReport


def repair(
    index: Path,
    paths: tuple[Path, ...] = (),
    *,
    cache: Path,
    notify: Callable[[str], None],
    progress: Progress | None = None,
    dry_run: bool = False,
) -> RepairReport:
    """Make an index match its manifest again, from its sound parts and its corpus.

    A sound index is not written to. If the repair fails or is killed, the sound parts stay.

    Args:
        index: The index directory.
        paths: The folders and files of the corpus, if the manifest that names them is lost.
        cache: Where compiled encoders and vectors are kept.
        notify: Called with one line about anything that takes long, or that is replaced.
        progress: Told how far the repair is.
        dry_run: Whether only to report what is wrong, and whether it can be repaired.

    Raises:
        NoIndexError: There is neither an index nor a part of one.
        UsageError: The paths are not those of the corpus that the index records.
        DamagedIndexError: The settings are lost and no path is given, or a document of the index
            cannot be read any more; nothing was written. Or the encoder in the index is damaged and
            its model is not here; everything else has then been repaired.
        LockedError: Another process is writing the index.
        ModelError: A model is needed that is not here.
        RefusedError: The disk refuses.
    """
    findings = _examine(index)
    generation = findings.generation
    _require_paths(findings, index, paths)
    report = RepairReport(
        index=str(index),
        documents=0,
        damaged=tuple(_damaged_files(findings, index)),
        report=None,
        is_done=not dry_run,
    )
    if generation is None or findings.damaged:
        if generation is None:
            notify(
                f"the settings of {index} are lost; the default ones and the model "
                f"{DEFAULT_MODEL} are used"
            )
        request = IndexRequest(index=index, paths=() if generation else paths)
        run_build = partial(build, request, cache=cache, notify=notify, progress=progress)
        report = _rebuild(report, findings, request, None if dry_run else run_build)
    else:
        report = replace(report, documents=len(indexed_paths(generation.documents)))
        if generation.digest != findings.current and not dry_run:
            with begin(index, expecting=findings.current, keeps_all=True) as transaction:
                transaction.name_current(generation.digest)
            older = "; askdocs index brings it up to date" if findings.current else ""
            notify(f"{index} answers from generation {generation.digest[:12]} again{older}")
    if not findings.is_sound:
        repaired = generation if dry_run else open_generation(index)
        if repaired and damaged_encoder(repaired):
            _replace_encoder(repaired, cache=cache, notify=notify, dry_run=dry_run)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Findings:
    """What is wrong with an index, and which generation of it to repair.

    Attributes:
        current: The name of the generation that HEAD names; None if HEAD is lost.
        generation: The generation to repair, whose manifest is sound; None if there is none. It
            differs from the current one if HEAD or the current manifest is lost.
        damaged: What is wrong with files of that generation, by their names in it.
        encoder: What is wrong with files of the encoder in the index.
        fault: What is wrong with the current manifest, or that no manifest is sound.
    """

    current: str | None
    generation: Generation | None = None
    damaged: dict[str, str]
    encoder: tuple[tuple[Path, str], ...] = ()
    fault: DamagedIndexError | None = None

    @property
    def is_sound(self) -> bool:
        return self.current is not None and not (self.damaged or self.encoder or self.fault)


def _examine(index: Path) -> _Findings:
    """Read every byte of an index and say what is wrong with it."""
    try:
        current = read_head(index)
    except NoIndexError:
        if not has_generations(index):
            raise
        return _stand_in(index)
    except DamagedIndexError:
        return _stand_in(index)
    try:
        generation = open_generation(index)
        findings = _findings(generation, current=generation.digest)
    except DamagedIndexError as error:
        findings = _stand_in(index, current, error)
    except UnreadableFileError as error:
        path = index / GENERATIONS / current / MANIFEST
        fault = DamagedFileError(path, error.reason, hint=REPAIR_FROM)
        findings = _stand_in(index, current, fault)
    if not findings.is_sound and current_digest(index) not in {None, findings.current}:
        # Another process has written the index meanwhile.
        return _examine(index)
    return findings


def _findings(
    generation: Generation, *, current: str | None, fault: DamagedIndexError | None = None
) -> _Findings:
    return _Findings(
        current=current,
        generation=generation,
        damaged=generation.damage(deep=True),
        encoder=tuple(damaged_encoder(generation)),
        fault=fault,
    )


def _stand_in(
    index: Path, current: str | None = None, fault: DamagedIndexError | None = None
) -> _Findings:
    """Choose the generation to repair if HEAD, or the manifest that it names, is lost.

    It is the newest whole generation. If HEAD is lost, it may be a damaged one; if HEAD names a
    generation, the documents of that one count, and a damaged older one does not replace them.
    """
    sound = sound_generations(index)
    candidates = [_findings(generation, current=current, fault=fault) for generation in sound]
    whole = [findings for findings in candidates if not findings.damaged]
    if whole or (candidates and current is None):
        return [*whole, *candidates][0]
    if fault is None:
        message = f"no generation in {index / GENERATIONS} has a sound manifest"
        fault = DamagedIndexError(message, hint=REPAIR_FROM)
    return _Findings(current=current, damaged={}, fault=fault)


def _require_paths(findings: _Findings, index: Path, paths: tuple[Path, ...]) -> None:
    """Refuse to repair without paths if they are needed, or with other paths than recorded."""
    if findings.generation is None:
        if findings.fault and not paths:
            raise findings.fault
        return
    base, roots = findings.generation.base, findings.generation.manifest.corpus.roots
    if paths and tuple(sorted({relative_root(path, base) for path in paths})) != roots:
        raise UsageError(f"{index} is the index of {', '.join(roots)}", hint=REPAIR)


def _damaged_files(findings: _Findings, index: Path) -> Iterator[DamagedFile]:
    """List everything that is wrong, with paths below the index as the user named it."""
    if findings.current is None:
        yield DamagedFile(path=str(index / HEAD), reason="names no generation")
    elif findings.fault:
        path = index / GENERATIONS / findings.current / MANIFEST
        yield DamagedFile(path=str(path), reason=str(findings.fault).removeprefix(f"{path} "))
    if findings.generation:
        yield from listed_damage(findings.generation, findings.damaged, findings.encoder)


def _rebuild(
    report: RepairReport,
    findings: _Findings,
    request: IndexRequest,
    run_build: Callable[..., IndexReport] | None,
) -> RepairReport:
    """Rebuild what is damaged, or only plan it without `run_build`, and complete the report."""
    if findings.generation:
        _require_roots(findings.generation)
    held = frozenset(_held_documents(findings, request.index))
    salvage = Salvage(
        generation=findings.generation,
        damaged=frozenset(findings.damaged),
        held=held,
        current=findings.current,
    )
    built = run_build(salvage=salvage) if run_build else None
    if built:
        documents, differences = built.documents, (built.added, built.changed, built.removed)
    else:
        plan = make_plan(request, salvage=salvage)
        documents, differences = len(plan.indexed), differing(plan.before, plan.records)
    added, changed, removed = differences
    # If the records are lost, every document counts as added, even those that the index held.
    added = tuple(path for path in added if path not in held)
    return replace(
        report, report=built, documents=documents, added=added, changed=changed, removed=removed
    )


def _require_roots(generation: Generation) -> None:
    """Refuse to go on without a root of the corpus: all documents below it would be lost."""
    for root in generation.manifest.corpus.roots:
        if not exists(source_path(generation.base, root)):
            raise DamagedIndexError(
                f"{root} does not exist and its documents would be lost; nothing was written",
                hint="askdocs index --rebuild --replace PATH goes on without it",
            )


def _held_documents(findings: _Findings, index: Path) -> Iterator[str]:
    """Yield the paths of the documents that a damaged index holds, as far as they are known.

    They are taken from the records. If these are damaged, they are taken from the sound segments,
    and if a segment's list or the manifest is damaged too, from the lines of the records that can
    still be read, though nothing verifies these.
    """
    generation = findings.generation
    if generation is None:
        with access.refusals(index / GENERATIONS):
            folders = generation_folders(index)
        if findings.current:
            folders = [index / GENERATIONS / findings.current]
    elif RECORDS not in findings.damaged:
        folders = []
        yield from indexed_paths(generation.documents)
    else:
        records = generation.manifest.files
        lists = {name for name in records if name.endswith(f"/{DOCUMENTS}")}
        for name in lists - findings.damaged.keys():
            content = access.read_verified(generation.directory / name, records[name])
            yield from readable_paths(content)
        folders = [generation.directory] if lists & findings.damaged.keys() else []
    for folder in folders:
        with suppress(DamagedIndexError, UnreadableFileError):
            yield from readable_paths(access.read_index_file(folder / RECORDS))


def _replace_encoder(
    generation: Generation, *, cache: Path, notify: Callable[[str], None], dry_run: bool
) -> None:
    """Replace the damaged encoder in an index, or raise DamagedIndexError if no other is here."""
    source = _sound_encoder(generation, cache=cache, notify=notify)
    if source is None:
        raise DamagedIndexError(
            f"the encoder that {generation.index} carries is damaged and its model is not here",
            hint="askdocs index --no-portable goes on without it",
        )
    if dry_run:
        return
    with begin(generation.index, expecting=generation.digest, keeps_all=True):
        carry_encoder(generation.index, source)
        notify(f"{generation.index} carries its encoder again")


def _sound_encoder(
    generation: Generation, *, cache: Path, notify: Callable[[str], None]
) -> Path | None:
    """Return where the cache has the encoder of an index's model, compiled if necessary."""
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
    return compiled_folder(encoder) if encoder.fingerprint == record.fingerprint else None
