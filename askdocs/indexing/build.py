"""Carry a plan out: cut, embed, write and commit."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from askdocs.embedding import compiled
from askdocs.embedding.compiled import compiled_folder
from askdocs.embedding.model import PROBE_SENTENCE, Model
from askdocs.errors import DamagedIndexError, ModelError
from askdocs.index.generation import current_digest
from askdocs.index.transaction import OvertakenError, begin, sweep_leftovers
from askdocs.indexing.model import Carrier, open_model
from askdocs.indexing.plan import Plan, differing, indexed_paths, make_plan, reasons, require_held
from askdocs.indexing.refusals import require_complete
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
    salvage: Salvage | None = None,
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
        salvage: What can be used again of an index that is damaged; None for one that is not.

    Raises:
        UsageError: As `make_plan` says.
        IncompleteError: As `make_plan` says.
        ModelError: The model cannot be had or compiled, or there is no such device.
        DamagedIndexError: The index to be refreshed is not what its manifest says.
        LockedError: Another process is writing the index, and still does after the wait.
        RefusedError: The disk refuses, or as `make_plan` says.
    """
    started = time.monotonic()
    until = started + request.wait_seconds
    while True:
        building = _Building(
            request,
            make_plan(request, salvage=salvage),
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
            # What another process has written meanwhile is what the next plan begins with.
            if time.monotonic() >= until:
                raise


class _Building:
    """A plan that is carried out."""

    def __init__(
        self,
        request: IndexRequest,
        plan: Plan,
        *,
        cache: Path,
        notify: Callable[[str], None],
        progress: Progress,
        open_encoder: Callable[..., Encoder],
        open_device: Callable[..., Encoder] | None,
        until: float,
    ) -> None:
        """Do nothing yet; for the arguments see `build` and `begin`."""
        self._request = request
        self._plan = plan
        self._carrier = Carrier(request, notify)
        self._cache = cache
        self._notify = notify
        self._progress = progress
        self._open_encoder = partial(open_encoder, cache=cache, notify=notify)
        self._open_device = open_device
        self._until = until

    def run(self) -> IndexReport:
        """Bring the index up to date.

        Raises:
            OvertakenError: The plan does not hold any more.
        """
        return self._without_model() or self._with_model()

    def _without_model(self) -> IndexReport | None:
        """Do what needs no model; None where one is needed."""
        old = self._plan.old
        if old is None or not self._plan.keeps_files:
            return None
        fingerprint = old.manifest.model.fingerprint
        if self._plan.is_done and not self._carrier.has_work(fingerprint):
            self._prove(old)
            sweep_leftovers(self._request.index, old.digest)
            return self._unchanged(old)
        if self._carrier.lacks(fingerprint):
            return None
        return self._relabelled(old, None)

    def _prove(self, old: Generation) -> None:
        """Read every byte of what stays as it is: "nothing has changed" is said of the index too.

        Raises:
            DamagedIndexError: It is not what its manifest says.
            OvertakenError: Another process has put another one in its place meanwhile.
        """
        try:
            old.verify()
        except DamagedIndexError as error:
            if current_digest(self._request.index) == old.digest:
                raise
            raise OvertakenError(self._request.index) from error

    def _with_model(self) -> IndexReport:
        # Before the lock: compiling a model can take long, and finding none is no reason to write.
        model, compiled = self._opened()
        old = self._plan.old
        if old is not None and old.manifest.model.fingerprint != compiled.fingerprint:
            old = None
            self._plan = replace(self._plan, old=None)
        if old is not None and self._plan.keeps_files:
            return self._relabelled(old, compiled)
        # NumPy and what runs a device are imported only when something is embedded.
        from askdocs.embedding import device

        open_device = self._open_device or device.open_device
        encoder = open_device(
            model, self._request.device, compiled, cache=self._cache, notify=self._notify
        )
        # The compiled encoder's probe: a manifest must not differ by the device.
        record = _model_record(model, compiled, old)
        try:
            return self._written(record, compiled, encoder, keeps_codebook=True)
        except OutgrownError:
            self._progress.finish()
            return self._written(record, compiled, encoder, keeps_codebook=False)

    def _opened(self) -> tuple[Model, Encoder]:
        """The model and its encoder; what the index carries of it, where it is not to be had."""
        plan = self._plan
        try:
            return open_model(
                plan.model,
                base=self._request.base,
                revision=plan.revision,
                online=self._request.online,
                open_encoder=self._open_encoder,
            )
        except ModelError as error:
            compiled = self._carrier.carried(plan.old)
            if compiled is None:
                raise
            self._notify(f"embedding with the encoder that {self._request.index} carries: {error}")
            directory = compiled_folder(compiled)
            return Model(name=plan.model, revision=plan.revision, directory=directory), compiled

    def _begin(self) -> AbstractContextManager[Transaction]:
        waiting = f"waiting for another process that is writing {self._request.index}"
        return begin(
            self._request.index,
            expecting=self._plan.started_from,
            until=self._until,
            waiting=partial(self._notify, waiting),
        )

    def _unchanged(self, old: Generation) -> IndexReport:
        report = self._report(old.manifest, self._plan.records, embedded=0)
        return replace(report, is_unchanged=True)

    def _relabelled(self, old: Generation, compiled: Encoder | None) -> IndexReport:
        """Commit another manifest and other records for a generation's data, where they differ."""
        plan, fingerprint = self._plan, old.manifest.model.fingerprint
        with self._begin() as transaction:
            if compiled is not None:
                self._carrier.put(transaction, compiled)
            if plan.is_done:
                self._carrier.tidy(transaction, fingerprint)
                return self._unchanged(old)
            files = {**transaction.keep_data(old), **transaction.write_documents(plan.records)}
            manifest = replace(old.manifest, corpus=plan.corpus, files=files)
            transaction.publish(manifest, tools=_tool_versions())
            self._carrier.tidy(transaction, fingerprint)
        return self._report(manifest, plan.records, embedded=0)

    def _written(
        self, record: ModelRecord, compiled: Encoder, encoder: Encoder, *, keeps_codebook: bool
    ) -> IndexReport:
        """Write a generation and commit it.

        Args:
            record: What the manifest is to say of the model.
            compiled: The encoder that the index carries, where it carries one.
            encoder: The one that embeds.
            keeps_codebook: As `Filler` says.
        """
        from askdocs.indexing.fill import Filler

        with ExitStack() as stack:
            transaction = stack.enter_context(self._begin())
            old = self._plan.old
            filler = Filler(
                self._plan,
                encoder,
                transaction,
                old=stack.enter_context(closing(old.reader())) if old else None,
                base=self._request.base,
                cache=self._cache,
                keeps_codebook=keeps_codebook,
            )
            records = filler.run(self._progress)
            require_held(self._plan.held, records)
            require_complete(self._request, records)
            manifest = Manifest(
                corpus=self._plan.corpus,
                passages=self._plan.passages,
                model=record,
                counts={"passages": filler.passages, "sentences": filler.sentences},
                files={**filler.finish(), **transaction.write_documents(records)},
            )
            self._carrier.put(transaction, compiled)
            transaction.publish(manifest, tools=_tool_versions())
            self._carrier.tidy(transaction, record.fingerprint)
        return self._report(manifest, records, embedded=filler.embedded)

    def _report(
        self, manifest: Manifest, now: Mapping[str, DocumentRecord], *, embedded: int
    ) -> IndexReport:
        added, changed, removed = differing(self._plan.before, now)
        return IndexReport(
            index=str(self._request.index),
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
        )


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
    probe = encoder.embed_sentences([PROBE_SENTENCE])[0]
    return replace(record, probe=tuple(round(float(value), _PROBE_DIGITS) for value in probe))
