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
from askdocs.errors import LockedError
from askdocs.index import begin, wait_for_writers
from askdocs.indexing.plan import Plan, indexed_paths, make_plan, reasons, require_complete
from askdocs.indexing.portable import Carrier
from askdocs.store import OutgrownError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from askdocs.embedding import Encoder, Model
    from askdocs.index import Generation, Transaction
    from askdocs.indexing.request import IndexRequest

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
    open_device: Callable[..., Encoder] | None = None,
) -> IndexReport:
    """Make an index of a corpus, or bring it up to date.

    Whatever fails or ends this before it returns leaves the previous index as it was.

    Args:
        request: What to index, and how.
        cache: Where compiled encoders and vectors are kept.
        notify: Called with one line about anything that takes long.
        progress: Told how far it is.
        open_encoder: Opens the encoder instead of `embedding.open_encoder`, with its arguments.
        open_device: Opens the device instead of `embedding.open_device`, with its arguments.

    Raises:
        UsageError: As `make_plan` says.
        IncompleteError: As `make_plan` says.
        ModelError: The model cannot be had or compiled, or there is no such device.
        DamagedIndexError: The index to be refreshed is not what its manifest says.
        LockedError: Another process is writing the index, and still does after the wait.
        RefusedError: The disk refuses.
    """
    started = time.monotonic()
    building = _Building(
        request,
        cache=cache,
        notify=notify,
        progress=progress or Progress(),
        open_encoder=open_encoder or embedding.open_encoder,
        open_device=open_device or embedding.open_device,
    )
    until = started + request.wait_seconds
    while True:
        try:
            return replace(building.run(), seconds=time.monotonic() - started)
        except LockedError:
            if time.monotonic() >= until:
                raise
            # What another process has written meanwhile is what the next attempt begins with.
            notify(f"waiting for another process that is writing {request.index}")
            wait_for_writers(request.index, until=until)


class _Building:
    """One way to an index, which may have to be gone more than once."""

    def __init__(
        self,
        request: IndexRequest,
        *,
        cache: Path,
        notify: Callable[[str], None],
        progress: Progress,
        open_encoder: Callable[..., Encoder],
        open_device: Callable[..., Encoder],
    ) -> None:
        """Do nothing yet."""
        self._request = request
        self._cache = cache
        self._notify = notify
        self._progress = progress
        self._open_encoder = open_encoder
        self._open_device = open_device

    def run(self) -> IndexReport:
        """Bring the index up to date."""
        plan = make_plan(self._request)
        carrier = Carrier(self._request, self._notify)
        old = plan.old
        if old is not None and plan.keeps_files:
            fingerprint = old.manifest.model.fingerprint
            if plan.is_done and not carrier.has_work(fingerprint):
                return _unchanged(self._request, plan, old)
            if not carrier.lacks(fingerprint):
                return _relabelled(self._request, plan, old, carrier, None)
        # Before the lock: compiling a model can take long, and finding none is no reason to write.
        model = embedding.locate_model(
            plan.model,
            base=self._request.base,
            online=self._request.online,
            revision=plan.revision,
        )
        tools = {"cache": self._cache, "notify": self._notify}
        compiled = self._open_encoder(model, **tools)
        if old is not None and old.manifest.model.fingerprint != compiled.fingerprint:
            plan = replace(plan, old=None)
        if plan.old is not None and plan.keeps_files:
            return _relabelled(self._request, plan, plan.old, carrier, compiled)
        encoder = self._open_device(model, self._request.device, compiled, **tools)
        # The compiled encoder's probe: a manifest must not differ by the device.
        record = _model_record(model, compiled, plan.old)
        write = partial(
            _written,
            self._request,
            plan,
            record,
            encoder,
            carry=partial(carrier.put, encoder=compiled),
            tidy=carrier.tidy,
            cache=self._cache,
            progress=self._progress,
        )
        try:
            return write(keeps_codebook=True)
        except OutgrownError:
            self._progress.finish()
            return write(keeps_codebook=False)


def _unchanged(request: IndexRequest, plan: Plan, old: Generation) -> IndexReport:
    report = _report(request, plan, old.manifest, plan.records, embedded=0)
    return replace(report, is_unchanged=True)


def _relabelled(
    request: IndexRequest,
    plan: Plan,
    old: Generation,
    carrier: Carrier,
    compiled: Encoder | None,
) -> IndexReport:
    """Commit another manifest and other records for the data of a generation, where they differ."""
    fingerprint = old.manifest.model.fingerprint
    with begin(request.index, expecting=plan.started_from) as transaction:
        if compiled is not None:
            carrier.put(transaction, compiled)
        if plan.is_done:
            carrier.tidy(transaction, fingerprint)
            return _unchanged(request, plan, old)
        files = {**transaction.keep_data(old), **transaction.write_documents(plan.records)}
        manifest = replace(old.manifest, corpus=plan.corpus, files=files)
        transaction.publish(manifest, tools=_tool_versions())
        carrier.tidy(transaction, fingerprint)
    return _report(request, plan, manifest, plan.records, embedded=0)


def _written(
    request: IndexRequest,
    plan: Plan,
    record: ModelRecord,
    encoder: Encoder,
    *,
    carry: Callable[[Transaction], None],
    tidy: Callable[[Transaction, str], None],
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
        require_complete(request, records)
        manifest = Manifest(
            corpus=plan.corpus,
            passages=plan.passages,
            model=record,
            counts={"passages": filler.passages, "sentences": filler.sentences},
            files={**filler.finish(), **transaction.write_documents(records)},
        )
        carry(transaction)
        transaction.publish(manifest, tools=_tool_versions())
        tidy(transaction, record.fingerprint)
    return _report(request, plan, manifest, records, embedded=filler.embedded)


def _tool_versions() -> dict[str, str]:
    versions = {}
    for name in ("askdocs", "faiss-cpu", "numpy", "onnxruntime", "pystemmer"):
        # Run from a checkout that is not installed, askdocs has no version.
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


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
        skipped=reasons(now, DocumentStatus.SKIPPED),
        failed=reasons(now, DocumentStatus.FAILED),
        seconds=0.0,
        is_unchanged=False,
    )
