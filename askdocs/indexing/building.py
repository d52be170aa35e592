"""Carry a plan out: cut, embed, write and commit."""

from __future__ import annotations

import sqlite3
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np

from askdocs import embedding, files
from askdocs.datamodel import (
    DocumentRecord,
    DocumentStatus,
    IndexReport,
    Manifest,
    ModelRecord,
    Passage,
)
from askdocs.documents import read_document
from askdocs.freshness import observe_entry
from askdocs.index import begin
from askdocs.indexing.plan import IndexRequest, Plan, indexed_paths, make_plan
from askdocs.passages import cut_passages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.datamodel import StoredPassage
    from askdocs.embedding import Encoder, Model
    from askdocs.index import Generation
    from askdocs.store import Reader
    from askdocs.store.segment import SegmentWriter

# Sentences are embedded in slices large enough to be sorted by length to some effect.
_SLICE_SENTENCES = 2048
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
) -> IndexReport:
    """Make an index of a corpus, or bring it up to date.

    Whatever fails or ends this before it returns leaves the previous index as it was.

    Args:
        request: What to index, and how.
        cache: Where compiled encoders and vectors are kept.
        notify: Called with one line about anything that takes long.
        progress: Told how far it is.

    Raises:
        UsageError: As `make_plan` says.
        ModelError: The model cannot be had or compiled.
        DamagedIndexError: The index to be refreshed is not what its manifest says.
        LockedError: Another process is writing the index.
        RefusedError: The disk refuses.
    """
    started = time.monotonic()
    plan = make_plan(request)
    if plan.old is not None and plan.is_done:
        report = _report(request, plan, plan.old.manifest, embedded=0)
        return _timed(replace(report, is_unchanged=True), started)
    if plan.old is not None and plan.keeps_files:
        with begin(request.index, expecting=plan.started_from) as transaction:
            manifest = replace(
                plan.old.manifest,
                corpus=plan.corpus,
                documents=plan.records,
                files=transaction.keep_files(plan.old),
            )
            transaction.publish(manifest, tools=_tool_versions())
        return _timed(_report(request, plan, manifest, embedded=0), started)
    # Before the lock: compiling a model can take long, and finding none is no reason to write.
    model = embedding.locate_model(
        plan.model, base=request.base, online=request.online, revision=plan.revision
    )
    encoder = embedding.open_encoder(model, cache=cache, notify=notify)
    if plan.old is not None and plan.old.manifest.model.fingerprint != encoder.fingerprint:
        plan = replace(plan, old=None)
    with ExitStack() as stack:
        transaction = stack.enter_context(begin(request.index, expecting=plan.started_from))
        old = stack.enter_context(closing(plan.old.reader())) if plan.old else None
        writer = transaction.writer(dimension=encoder.dimension)
        builder = _Builder(plan, encoder, writer, old=old, base=request.base, cache=cache)
        records = builder.run(progress or Progress())
        manifest = Manifest(
            corpus=plan.corpus,
            passages=plan.passages,
            model=_model_record(model, encoder, plan.old),
            documents=records,
            counts={"passages": writer.passages, "sentences": writer.sentences},
            files=transaction.named(writer.finish()),
        )
        transaction.publish(manifest, tools=_tool_versions())
    return _timed(_report(request, plan, manifest, embedded=builder.embedded), started)


def _tool_versions() -> dict[str, str]:
    versions = {"sqlite": sqlite3.sqlite_version}
    for name in ("askdocs", "faiss-cpu", "numpy", "onnxruntime", "pystemmer"):
        # Run from a checkout that is not installed, askdocs has no version.
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def _timed(report: IndexReport, started: float) -> IndexReport:
    return replace(report, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A document on its way into the index.

    Attributes:
        path: Which document.
        record: What the manifest is to say of it.
        text: Its decoded text.
        passages: Its passages.
        vectors: Those that are known already, by the sentence's text.
    """

    path: str
    record: DocumentRecord
    text: str
    passages: Sequence[Passage]
    vectors: Mapping[str, NDArray[np.float32]]

    @property
    def sentences(self) -> list[str]:
        return [self.text[start:end] for one in self.passages for start, end in one.sentences]


class _Builder:
    """Brings documents into a new segment, a slice of sentences at a time."""

    def __init__(
        self,
        plan: Plan,
        encoder: Encoder,
        writer: SegmentWriter,
        *,
        old: Reader | None,
        base: Path,
        cache: Path,
    ) -> None:
        self._plan = plan
        self._encoder = encoder
        self._writer = writer
        self._base = base
        self._cache = cache
        self._old = old
        self._ready: list[_Ready] = []
        self.embedded = 0

    def run(self, progress: Progress) -> dict[str, DocumentRecord]:
        """Write every document; what the manifest is to say of each file."""
        records = dict(self._plan.records)
        progress.start(sum(records[path].bytes for path in self._plan.indexed))
        waiting = 0
        for path in self._plan.indexed:
            document = self._prepare(path)
            if isinstance(document, DocumentRecord):
                # It was fine when the plan was made, and has changed or vanished since.
                records[path] = document
                continue
            records[path] = document.record
            self._ready.append(document)
            waiting += len(document.sentences)
            if waiting >= _SLICE_SENTENCES:
                self._write(progress)
                waiting = 0
        self._write(progress)
        progress.finish()
        return records

    def _prepare(self, path: str) -> _Ready | DocumentRecord:
        if self._old is not None and self._plan.keeps(path):
            stored = self._old.passages_of(path)
            return _Ready(
                path=path,
                record=self._plan.records[path],
                text=self._old.text_of(path),
                passages=[one.passage for one in stored],
                vectors=_stored_vectors(self._old, stored),
            )
        # Read again rather than kept since the plan was made: a corpus may be larger than memory.
        entry = files.Entry(
            path=path, kind=files.EntryKind.FILE, named=path in self._plan.corpus.roots
        )
        seen = observe_entry(self._base, entry, self._plan.corpus)
        if seen.text is None:
            return seen.record
        document = read_document(path, seen.text)
        return _Ready(
            path=path,
            record=seen.record,
            text=seen.text,
            passages=cut_passages(
                document,
                self._plan.passages,
                self._encoder.count_tokens,
                sentence_tokens=self._encoder.capacity,
            ),
            vectors=_stored_vectors(self._old, self._old.passages_of(path)) if self._old else {},
        )

    def _write(self, progress: Progress) -> None:
        """Embed what is ready and not known, and write it all."""
        known = {text: vector for one in self._ready for text, vector in one.vectors.items()}
        sentences = [text for one in self._ready for text in one.sentences]
        new = list(dict.fromkeys(text for text in sentences if text not in known))
        size = sum(one.record.bytes for one in self._ready)
        share = size / max(1, len(new))
        found = embedding.embed_with_cache(
            self._encoder,
            new,
            cache=self._cache,
            advance=lambda count: progress.advance(round(share * count)),
        )
        if not new:
            progress.advance(size)
        known.update(zip(new, found, strict=True))
        self.embedded += len(new)
        for one in self._ready:
            vectors = [known[text] for text in one.sentences]
            rows = np.array(vectors, dtype=np.float32).reshape(-1, self._encoder.dimension)
            self._writer.add(one.path, one.record.encoding, one.text, one.passages, rows)
        self._ready = []


def _stored_vectors(
    reader: Reader, passages: Sequence[StoredPassage]
) -> dict[str, NDArray[np.float32]]:
    """The vectors that an index has for the sentences of a document, by their text."""
    texts = [
        one.passage.text[start - one.passage.chars[0] : end - one.passage.chars[0]]
        for one in passages
        for start, end in one.passage.sentences
    ]
    first = passages[0].first_sentence if passages else 0
    vectors = reader.vectors(np.arange(first, first + len(texts)))
    return dict(zip(texts, vectors, strict=True))


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


def _report(request: IndexRequest, plan: Plan, manifest: Manifest, *, embedded: int) -> IndexReport:
    before = plan.old.manifest.documents if plan.old else {}
    now = manifest.documents
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
