"""Carry a plan out: cut, embed, write and commit."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from askdocs import embedding
from askdocs.datamodel import (
    DocumentRecord,
    DocumentStatus,
    IndexReport,
    Manifest,
    ModelRecord,
)
from askdocs.index import begin
from askdocs.indexing.plan import IndexRequest, Plan, indexed_paths, make_plan
from askdocs.store import OutgrownError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from askdocs.embedding import Encoder, Model
    from askdocs.index import Generation

# Digits of the probe: more would differ between machines without meaning anything.
_PROBE_DIGITS = 6


class Progress:
    """Takes notice of how far indexing is; this one shows nothing."""

    def start(self, total: int) -> None:
        """Begin, with the number of bytes to index."""

    def advance(self, count: int) -> None:
        """Note that some more bytes are done."""

    def finish(self) -> None:
        """Note that all bytes are done."""


def build(
    request: IndexRequest,
    *,
    cache: Path,
    notify: Callable[[str], None],
    progress: Progress | None = None,
    open_encoder: Callable[..., Encoder] | None = None,
) -> IndexReport:
    """Make an index of a corpus, or bring it up to date.

    Whatever fails or ends this before it returns leaves the previous index as it was.

    Args:
        request: What to index, and how.
        cache: Where compiled encoders and vectors are kept.
        notify: Called with one line about anything that takes long.
        progress: Told how far it is.
        open_encoder: Opens the encoder instead of `embedding.open_encoder`, with its arguments.

    Raises:
        UsageError: As `make_plan` says.
        ModelError: The model cannot be had or compiled, or there is no such device.
        DamagedIndexError: The index to be refreshed is not what its manifest says.
        LockedError: Another process is writing the index.
        RefusedError: The disk refuses.
    """
    started = time.monotonic()
    plan = make_plan(request)
    if plan.old is not None and plan.is_done:
        report = _report(request, plan, plan.old.manifest, plan.records, embedded=0)
        return _timed(replace(report, is_unchanged=True), started)
    if plan.old is not None and plan.keeps_files:
        return _timed(_relabelled(request, plan, plan.old), started)
    # Before the lock: compiling a model can take long, and finding none is no reason to write.
    model = embedding.locate_model(
        plan.model, base=request.base, online=request.online, revision=plan.revision
    )
    compiled = (open_encoder or embedding.open_encoder)(model, cache=cache, notify=notify)
    encoder = embedding.open_device(model, request.device, compiled, cache=cache, notify=notify)
    if plan.old is not None and plan.old.manifest.model.fingerprint != encoder.fingerprint:
        plan = replace(plan, old=None)
    # The compiled encoder's probe: a manifest must not differ by the device.
    record = _model_record(model, compiled, plan.old)
    progress = progress or Progress()
    write = partial(_written, request, plan, record, encoder, cache=cache, progress=progress)
    try:
        report = write(keeps_codebook=True)
    except OutgrownError:
        progress.finish()
        report = write(keeps_codebook=False)
    return _timed(report, started)


def _relabelled(request: IndexRequest, plan: Plan, old: Generation) -> IndexReport:
    """Commit another manifest and other records for the data of a generation."""
    with begin(request.index, expecting=plan.started_from) as transaction:
        files = {**transaction.keep_data(old), **transaction.write_documents(plan.records)}
        manifest = replace(old.manifest, corpus=plan.corpus, files=files)
        transaction.publish(manifest, tools=_tool_versions())
    return _report(request, plan, manifest, plan.records, embedded=0)


def _written(
    request: IndexRequest,
    plan: Plan,
    record: ModelRecord,
    encoder: Encoder,
    *,
    cache: Path,
    progress: Progress,
    keeps_codebook: bool,
) -> IndexReport:
    """Write a generation and commit it."""
    from askdocs.indexing.filling import Filler

    with ExitStack() as stack:
        transaction = stack.enter_context(begin(request.index, expecting=plan.started_from))
        old = stack.enter_context(closing(plan.old.reader())) if plan.old else None
        filler = Filler(
            plan,
            encoder,
            transaction,
            old=old,
            base=request.base,
            cache=cache,
            keeps_codebook=keeps_codebook,
        )
        records = filler.run(progress)
        manifest = Manifest(
            corpus=plan.corpus,
            passages=plan.passages,
            model=record,
            counts={"passages": filler.passages, "sentences": filler.sentences},
            files={**filler.finish(), **transaction.write_documents(records)},
        )
        transaction.publish(manifest, tools=_tool_versions())
    return _report(request, plan, manifest, records, embedded=filler.embedded)


def _tool_versions() -> dict[str, str]:
    versions = {}
    for name in ("askdocs", "faiss-cpu", "numpy", "onnxruntime", "pystemmer"):
        # Run from a checkout that is not installed, askdocs has no version.
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def _timed(report: IndexReport, started: float) -> IndexReport:
    return replace(report, seconds=time.monotonic() - started)


def _model_record(model: Model, encoder: Encoder, old: Generation | None) -> ModelRecord:
    record = ModelRecord(
        name=model.name,
        revision=model.revision,
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        probe=(),
    )
    if old is not None:
        return replace(record, probe=old.manifest.model.probe)
    probe = encoder.embed_sentences([embedding.PROBE_SENTENCE])[0]
    return replace(record, probe=tuple(round(float(value), _PROBE_DIGITS) for value in probe))


def _report(
    request: IndexRequest,
    plan: Plan,
    manifest: Manifest,
    now: Mapping[str, DocumentRecord],
    *,
    embedded: int,
) -> IndexReport:
    before = plan.old.documents if plan.old else {}
    old, new = set(indexed_paths(before)), set(indexed_paths(now))
    return IndexReport(
        index=str(request.index),
        documents=len(new),
        passages=manifest.counts["passages"],
        sentences=manifest.counts["sentences"],
        embedded=embedded,
        added=tuple(sorted(new - old)),
        changed=tuple(sorted(path for path in new & old if before[path] != now[path])),
        removed=tuple(sorted(old - new)),
        skipped=_reasons(now, DocumentStatus.SKIPPED),
        failed=_reasons(now, DocumentStatus.FAILED),
        seconds=0.0,
        is_unchanged=False,
    )


def _reasons(records: Mapping[str, DocumentRecord], status: DocumentStatus) -> dict[str, str]:
    return {path: record.reason for path, record in records.items() if record.status == status}
