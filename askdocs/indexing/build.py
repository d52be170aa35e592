"""Carry out a plan: cut, embed, write and commit."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from askdocs.embedding import compiled
from askdocs.embedding.compiled import compiled_folder
from askdocs.embedding.model import PROBE_SENTENCE, Model
from askdocs.errors import DamagedIndexError, ModelError
from askdocs.index.generation import current_digest
from askdocs.index.transaction import OvertakenError, begin, sweep_leftovers
from askdocs.indexing.carrier import Carrier, open_model
from askdocs.indexing.plan import Plan, differing, indexed_paths, make_plan, reasons
from askdocs.records.manifest import DocumentRecord, DocumentStatus, Manifest, ModelRecord
from askdocs.records.reports import IndexReport
from askdocs.store.protocol import OutgrownError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from askdocs.embedding.model import Encoder
    from askdocs.index.generation import Generation
    from askdocs.index.transaction import Transaction
    from askdocs.indexing.plan import Salvage
    from askdocs.indexing.request import IndexRequest


# Digits of the probe: more would differ between machines without meaning anything.
_PROBE_DIGITS = 6


class Progress:
    """Learns how far indexing is; this class shows nothing."""

    def start(self, total: int) -> None:
        """Begin, with the number of bytes to index."""

    def advance(self, count: int) -> None:
        """Note that `count` more bytes are done."""

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
    salvage: Salvage | None = None,
) -> IndexReport:
    """Make an index of a corpus, or bring it up to date.

    If this fails or is killed before it returns, the previous index stays as it was.

    Args:
        request: What to index, and how.
        cache: Where compiled encoders and vectors are kept.
        notify: Called with one line about anything that takes long.
        progress: Learns how far it is.
        open_encoder: Called instead of `embedding.compiled.open_encoder`.
        open_device: Called instead of `embedding.device.open_device`.
        salvage: The sound parts of a damaged index; None for an index that is not damaged.

    Raises:
        UsageError: See `make_plan`.
        IncompleteError: See `make_plan`.
        ModelError: The model is missing or cannot be compiled, or there is no such device.
        DamagedIndexError: The index to refresh does not match its manifest.
        LockedError: Another process is writing the index, and still is after the wait.
        RefusedError: The disk refuses, or see `make_plan`.
    """
    started = time.monotonic()
    until = started + request.wait_seconds
    while True:
        building = _Building(
            plan=make_plan(request, salvage=salvage),
            cache=cache,
            notify=notify,
            progress=progress or Progress(),
            open_encoder=open_encoder or compiled.open_encoder,
            open_device=open_device,
            until=until,
        )
        try:
            return replace(building.run(), seconds=time.monotonic() - started)
        except OvertakenError:
            # The next plan starts from what another process has written meanwhile.
            if time.monotonic() >= until:
                raise


@dataclass(kw_only=True)
class _Building:
    """A plan that is being carried out, with the arguments of `build`."""

    plan: Plan
    cache: Path
    notify: Callable[[str], None]
    progress: Progress
    open_encoder: Callable[..., Encoder]
    open_device: Callable[..., Encoder] | None
    until: float

    def __post_init__(self) -> None:
        self.request = self.plan.request
        self.index = self.plan.request.index
        self.carrier = Carrier(self.plan.request, self.notify)

    def run(self) -> IndexReport:
        """Bring the index up to date.

        Raises:
            OvertakenError: Another process has changed what the plan starts from.
        """
        return self._without_model() or self._with_model()

    def _without_model(self) -> IndexReport | None:
        """Do what needs no model; return None if the model is needed."""
        old = self.plan.old
        if old is None or not self.plan.keeps_files:
            return None
        fingerprint = old.manifest.model.fingerprint
        if self.plan.is_done and not self.carrier.has_work(fingerprint):
            self._prove(old)
            sweep_leftovers(self.index, old.digest)
            return self._unchanged(old)
        if self.carrier.lacks(fingerprint):
            return None
        return self._relabel(old, None)

    def _prove(self, old: Generation) -> None:
        """Read every byte of the index before reporting that nothing has changed.

        Raises:
            DamagedIndexError: The generation does not match its manifest.
            OvertakenError: Another process has replaced the generation meanwhile.
        """
        try:
            old.verify()
        except DamagedIndexError as error:
            if current_digest(self.index) == old.digest:
                raise
            raise OvertakenError(self.index) from error

    def _with_model(self) -> IndexReport:
        # Open the model before locking: compiling can take long, and without a model there is
        # nothing to write.
        model, compiled = self._open_model()
        old = self.plan.old
        if old is not None and old.manifest.model.fingerprint != compiled.fingerprint:
            old = None
            self.plan = replace(self.plan, old=None)
        if old is not None and self.plan.keeps_files:
            return self._relabel(old, compiled)
        # Import NumPy and the device's libraries only if something is embedded.
        from askdocs.embedding import device

        open_device = self.open_device or device.open_device
        encoder = open_device(
            model, self.request.device, compiled, cache=self.cache, notify=self.notify
        )
        # The probe is the compiled encoder's: a manifest must not depend on the device.
        record = _model_record(model, compiled, old)
        try:
            return self._write(record, compiled, encoder, keeps_codebook=True)
        except OutgrownError:
            self.progress.finish()
            return self._write(record, compiled, encoder, keeps_codebook=False)

    def _open_model(self) -> tuple[Model, Encoder]:
        """Open the model, or the encoder that the index carries if the model is missing."""
        plan = self.plan
        try:
            return open_model(
                plan.model,
                base=self.request.base,
                revision=plan.revision,
                online=self.request.online,
                open_encoder=partial(self.open_encoder, cache=self.cache, notify=self.notify),
            )
        except ModelError as error:
            compiled = self.carrier.carried(plan.old)
            if compiled is None:
                raise
            self.notify(f"embedding with the encoder that {self.index} carries: {error}")
            directory = compiled_folder(compiled)
            return Model(name=plan.model, revision=plan.revision, directory=directory), compiled

    def _begin(self) -> AbstractContextManager[Transaction]:
        waiting = f"waiting for another process that is writing {self.index}"
        return begin(
            self.index,
            expecting=self.plan.started_from,
            until=self.until,
            waiting=partial(self.notify, waiting),
        )

    def _relabel(self, old: Generation, compiled: Encoder | None) -> IndexReport:
        """Commit a new manifest and new records for a generation's data, if they differ."""
        plan, fingerprint = self.plan, old.manifest.model.fingerprint
        with self._begin() as transaction:
            if compiled is not None:
                self.carrier.put(compiled)
            if plan.is_done:
                self.carrier.tidy(fingerprint)
                return self._unchanged(old)
            files = {**transaction.keep_data(old), **transaction.write_documents(plan.records)}
            manifest = replace(old.manifest, corpus=plan.corpus, files=files, parsers=plan.parsers)
            transaction.publish(manifest, tools=_tool_versions())
            self.carrier.tidy(fingerprint)
        return self._report(manifest, plan.records, embedded=0)

    def _write(
        self, record: ModelRecord, compiled: Encoder, encoder: Encoder, *, keeps_codebook: bool
    ) -> IndexReport:
        """Write a generation and commit it.

        Args:
            record: The manifest's record of the model.
            compiled: The encoder that the index carries, if it carries one.
            encoder: The encoder that embeds.
            keeps_codebook: See `Filler`.
        """
        from askdocs.indexing.fill import Filler

        with ExitStack() as stack:
            transaction = stack.enter_context(self._begin())
            plan = self.plan
            filler = Filler(
                plan,
                encoder,
                transaction,
                old=stack.enter_context(closing(plan.old.reader())) if plan.old else None,
                cache=self.cache,
                parsers=stack.enter_context(plan.open_parsers()),
                progress=self.progress,
                keeps_codebook=keeps_codebook,
            )
            records = filler.run()
            plan.require_result(records)
            manifest = Manifest(
                corpus=plan.corpus,
                passages=plan.passages,
                model=record,
                counts={"passages": filler.passages, "sentences": filler.sentences},
                files={**filler.finish(), **transaction.write_documents(records)},
                parsers=plan.parsers,
            )
            self.carrier.put(compiled)
            transaction.publish(manifest, tools=_tool_versions())
            self.carrier.tidy(record.fingerprint)
        return self._report(manifest, records, embedded=filler.embedded)

    def _unchanged(self, old: Generation) -> IndexReport:
        report = self._report(old.manifest, self.plan.records, embedded=0)
        return replace(report, is_unchanged=True)

    def _report(
        self, manifest: Manifest, now: Mapping[str, DocumentRecord], *, embedded: int
    ) -> IndexReport:
        added, changed, removed = differing(self.plan.before, now)
        return IndexReport(
            index=str(self.index),
            documents=len(indexed_paths(now)),
            passages=manifest.counts["passages"],
            sentences=manifest.counts["sentences"],
            embedded=embedded,
            added=added,
            changed=changed,
            removed=removed,
            skipped=reasons(now, DocumentStatus.SKIPPED),
            failed=reasons(now, DocumentStatus.FAILED),
            seconds=0.0,
            is_unchanged=False,
            other_kinds=self.plan.left_out.kinds,
            ignored=self.plan.left_out.ignored,
        )


def _tool_versions() -> dict[str, str]:
    versions = {}
    for name in ("askdocs", "faiss-cpu", "numpy", "onnxruntime", "pystemmer"):
        # askdocs has no version when run from a checkout that is not installed.
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def _model_record(model: Model, encoder: Encoder, old: Generation | None) -> ModelRecord:
    if old is not None:
        probe = old.manifest.model.probe
    else:
        vector = encoder.embed_sentences([PROBE_SENTENCE])[0]
        probe = tuple(round(float(value), _PROBE_DIGITS) for value in vector)
    return ModelRecord(
        name=model.name,
        revision=model.revision,
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        probe=probe,
    )
