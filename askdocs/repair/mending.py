"""Put right what is wrong with an index."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from askdocs import embedding, files
from askdocs.datamodel import RepairReport
from askdocs.errors import REPAIR, DamagedIndexError, ModelError, UsageError
from askdocs.freshness import damaged_encoder
from askdocs.index import begin, open_generation
from askdocs.indexing import IndexRequest, Salvage, build
from askdocs.indexing.models import open_model
from askdocs.indexing.plan import differing, indexed_paths, make_plan
from askdocs.indexing.salvage import require_held
from askdocs.repair.finding import Findings, examine, held_documents, listed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from askdocs.datamodel import IndexReport
    from askdocs.index import Generation
    from askdocs.indexing import Progress


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
    if tuple(sorted({files.relative_root(path, base) for path in paths})) != roots:
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
        if not files.exists(files.source_path(generation.base, root))
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
    if embedding.has_compiled(record.fingerprint, cache=cache, whole=True):
        return embedding.entry_directory(cache, record.fingerprint)
    try:
        _, encoder = open_model(
            record.name,
            base=generation.base,
            revision=record.revision,
            online=False,
            open_encoder=partial(embedding.open_encoder, cache=cache, notify=notify),
        )
    except ModelError:
        return None
    is_same = encoder.fingerprint == record.fingerprint
    return embedding.compiled_folder(encoder) if is_same else None


def _defaults(index: Path) -> str:
    model = embedding.DEFAULT_MODEL
    return f"the settings of {index} are lost; the default ones and the model {model} are used"


def _count(found: Findings) -> int:
    return len(indexed_paths(found.generation.documents)) if found.generation else 0
