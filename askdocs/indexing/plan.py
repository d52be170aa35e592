"""Plan what a new generation will hold, and what has to be done for it."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from askdocs.corpus.walk import Entry, EntryKind, LeftOut
from askdocs.errors import AskdocsError, DamagedIndexError, NoIndexError, UnreadableSourceError
from askdocs.freshness import observe, observe_entry
from askdocs.index.generation import RECORDS, Generation, current_digest, open_generation
from askdocs.indexing.checks import (
    check_directory,
    no_documents,
    require_complete,
    require_no_other,
    require_roots,
)
from askdocs.indexing.request import (
    IndexRequest,
    check_request,
    corpus_settings,
    model_name,
    passage_settings,
)
from askdocs.records.manifest import (
    PACKAGED_REVISIONS,
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    PassageSettings,
)
from askdocs.records.reports import IndexPreview
from askdocs.store.partition import CODEBOOK, number_of_segments, segment_name, segment_names
from askdocs.text.cutting import cut_passages
from askdocs.text.formats import changed_parsers, format_of, parser_versions
from askdocs.text.parsers import ParseLimits, Parsers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from askdocs.records.blocks import ParsedText
    from askdocs.records.spans import Passage
    from askdocs.store.local import GenerationReader
    from askdocs.text.cutting import CountTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """The parts of a damaged index that can be used again.

    Attributes:
        generation: A generation with a sound manifest; None if there is none, and so no settings.
        damaged: The names of its files that do not match its manifest.
        held: The documents that the index holds, as far as known.
        current: The name of the generation that HEAD names, if any.
    """

    generation: Generation | None
    damaged: frozenset[str]
    held: frozenset[str]
    current: str | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the new generation shall hold.

    Attributes:
        request: What to index, and how.
        corpus: Which files to index.
        passages: How to cut them.
        model: The name of the model.
        revision: Its pinned revision; empty for the newest one here.
        records: The record of each file, by path.
        old: The generation that unchanged documents are taken from, if any.
        started_from: The name of the generation that was current; None if there was none.
        damaged: The names of the old generation's files that must not be used.
        held: The documents without which nothing may be written.
        left_out: The files that are not documents.
    """

    request: IndexRequest
    corpus: CorpusSettings
    passages: PassageSettings
    model: str
    revision: str
    records: Mapping[str, DocumentRecord]
    old: Generation | None
    started_from: str | None
    damaged: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def before(self) -> Mapping[str, DocumentRecord]:
        """Return the old generation's records, as far as they can be read."""
        return _records(self.old, self.damaged)

    @property
    def reads_old(self) -> bool:
        """Return True if passages and vectors of the old generation can be read."""
        return self.old is not None and not self.damaged - {RECORDS}

    @property
    def indexed(self) -> list[str]:
        """Return the paths of the documents, in order."""
        return indexed_paths(self.records)

    @property
    def segments(self) -> int:
        """Return the number of segments, which depends only on the corpus."""
        return number_of_segments(sum(record.bytes for record in self.records.values()))

    @property
    def keeps_segments(self) -> bool:
        """Return True if the old generation has as many segments as the new one shall have."""
        return self.old is not None and len(segment_names(self.old.manifest.files)) == self.segments

    @property
    def keeps_codebook(self) -> bool:
        """Return True if the old generation's codebook is sound and its segments stay."""
        return self.keeps_segments and not self._has_damage(CODEBOOK)

    @property
    def keeps_model(self) -> bool:
        """Return True if the old generation was made with a model of the same name."""
        return self.old is not None and self.old.manifest.model.name == self.model

    @cached_property
    def parsers(self) -> dict[str, str]:
        """Return the parsers of the documents, as the manifest records them."""
        return parser_versions({format_of(path) for path in self.records})

    @cached_property
    def _changed_formats(self) -> frozenset[str]:
        """The formats whose parsers differ from those of the old generation."""
        return frozenset(changed_parsers(self.old.manifest.parsers)) if self.old else frozenset()

    @property
    def is_done(self) -> bool:
        """Return True if the current generation already matches the plan."""
        return (
            self.old is not None
            and self.keeps_files
            and self.old.manifest.corpus == self.corpus
            and self.old.manifest.parsers == self.parsers
            and dict(self.before) == dict(self.records)
        )

    @property
    def keeps_files(self) -> bool:
        """Return True if no passage changes, so that the old files can be used as they are."""
        if self.old is None or self.damaged or not self.keeps_model:
            return False
        recorded = self.old.manifest.model.revision
        return (
            PACKAGED_REVISIONS.get(self.model, recorded) == recorded
            and self.old.manifest.passages == self.passages
            and self.keeps_segments
            and self.indexed == indexed_paths(self.before)
            and all(map(self.keeps, self.indexed))
        )

    def keeps(self, path: str) -> bool:
        """Return True if a document's passages are taken from the old generation."""
        return (
            self.old is not None
            and self.keeps_model
            and self.old.manifest.passages == self.passages
            and self.before.get(path) == self.records[path]
            and format_of(path).name not in self._changed_formats
        )

    def keeps_segment(self, number: int, paths: Sequence[str]) -> bool:
        """Return True if a segment with these documents is taken from the old generation whole."""
        is_damaged = self._has_damage(f"{segment_name(number)}/")
        return not is_damaged and all(map(self.keeps, paths))

    def _has_damage(self, prefix: str) -> bool:
        return any(name.startswith(prefix) for name in self.damaged)

    def open_parsers(self) -> Parsers:
        """Return the parsers of all formats with the limits of the corpus."""
        corpus = self.corpus
        limits = ParseLimits(
            seconds=corpus.max_parse_seconds,
            memory_bytes=corpus.max_parse_bytes,
            blocks=corpus.max_sentences,
        )
        return Parsers(limits)

    def cut(
        self,
        path: str,
        parsers: Parsers,
        count_tokens: CountTokens,
        *,
        sentence_tokens: int | None = None,
    ) -> CutDocument:
        """Read a document again, parse and cut it.

        Documents are not kept in memory since the plan was made: a corpus may be larger.
        """
        entry = Entry(path=path, kind=EntryKind.FILE, is_root=path in self.corpus.roots)
        observation = observe_entry(self.request.base, entry, self.corpus)
        if observation.source is None:
            return CutDocument(observation.record)
        try:
            parsed = parsers.parse(format_of(path), observation.source)
            passages = cut_passages(
                parsed,
                self.passages,
                count_tokens,
                sentence_tokens=sentence_tokens,
                max_sentences=self.corpus.max_sentences,
            )
        except UnreadableSourceError as error:
            status = DocumentStatus.SKIPPED if error.skipped else DocumentStatus.FAILED
            return CutDocument(replace(observation.record, status=status, reason=str(error)))
        return CutDocument(
            replace(observation.record, paragraphs=len(parsed.blocks)), parsed, passages
        )

    def require_result(self, records: Mapping[str, DocumentRecord]) -> None:
        """Refuse to write what has become of the files, now that they are parsed.

        Raises:
            DamagedIndexError: See `require_held`.
            IncompleteError: A document cannot be read, and the request is strict.
            UsageError: None of the documents can be read, and the index is new or has been given
                paths.
        """
        require_held(self.held, records)
        require_complete(self.request, records)
        is_named = self.started_from is None or self.request.paths
        if is_named and self.indexed and not indexed_paths(records):
            raise no_documents(self.request, self.corpus, records)


class CutDocument(NamedTuple):
    """A document's record, its blocks and passages; no blocks if it cannot be read."""

    record: DocumentRecord
    parsed: ParsedText | None = None
    passages: Sequence[Passage] = ()


def make_plan(request: IndexRequest, *, salvage: Salvage | None = None) -> Plan:
    """Look at the corpus and decide what has to be done, without writing or locking anything.

    Raises:
        UsageError: The index directory is something else, or the paths differ from the recorded
            corpus, are missing or hold no document.
        IncompleteError: A document cannot be read, and the request is strict.
        RefusedError: A folder that is a root cannot be listed.
        DamagedIndexError: The index is damaged, or see `require_held` and `require_no_other`.
    """
    if salvage is None:
        # A damaged index may be repaired whatever else lies in its folder.
        check_directory(request.index)
    check_request(request)
    old = salvage.generation if salvage else _recorded(request)
    corpus = corpus_settings(request, old)
    if salvage is None and old is None:
        require_no_other(request, corpus)
    kept = None if request.rebuild else old
    damaged = salvage.damaged if salvage else frozenset[str]()
    held = salvage.held if salvage else frozenset[str]()
    left_out = LeftOut()
    records = _observed(request, corpus, kept, damaged, left_out)
    require_held(held, records, otherwise=f"askdocs index --rebuild{'' if old else ' PATH'}")
    require_roots(request, corpus, records)
    require_complete(request, records)
    if (old is None or request.paths) and not indexed_paths(records):
        raise no_documents(request, corpus, records)
    if salvage is not None:
        started_from = salvage.current
    else:
        started_from = old.digest if old else current_digest(request.index)
    return Plan(
        request=request,
        corpus=corpus,
        passages=passage_settings(request, old),
        model=model_name(request, old),
        revision=old.manifest.model.revision if old and request.model is None else "",
        records=records,
        old=kept,
        started_from=started_from,
        damaged=damaged,
        held=held,
        left_out=left_out,
    )


def _recorded(request: IndexRequest) -> Generation | None:
    """Open the index as it is; None if it does not exist, or shall be rebuilt from paths.

    A refresh requires that all files are there in their sizes: it would otherwise leave a damaged
    index as it is when the corpus has not changed.
    """
    while True:
        try:
            # A rebuild reads no records, and so repairs them.
            generation = open_generation(request.index, with_documents=not request.rebuild)
        except NoIndexError:
            return None
        except AskdocsError:
            if request.rebuild and request.paths:
                return None
            raise
        if request.rebuild:
            return generation
        try:
            generation.verify(deep=False)
        except DamagedIndexError:
            if current_digest(generation.index) in {None, generation.digest}:
                raise
            # A writer has removed this generation meanwhile: open the one that it wrote.
            continue
        return generation


def _observed(
    request: IndexRequest,
    corpus: CorpusSettings,
    kept: Generation | None,
    damaged: frozenset[str],
    left_out: LeftOut,
) -> dict[str, DocumentRecord]:
    known = _records(kept, damaged)
    if kept and (changed := changed_parsers(kept.manifest.parsers)):
        known = {path: each for path, each in known.items() if format_of(path).name not in changed}
    limits = attrgetter("max_line_chars", "max_sentences", "max_parse_seconds", "max_parse_bytes")
    if kept and limits(kept.manifest.corpus) != limits(corpus):
        # A known file is not decoded, so its text would not be measured by the new limits.
        known = {}
    observations = observe(
        request.base, corpus, index=request.index, known=known, left_out=left_out
    )
    return {observation.path: observation.record for observation in observations}


def _records(old: Generation | None, damaged: frozenset[str]) -> Mapping[str, DocumentRecord]:
    return {} if old is None or RECORDS in damaged else old.documents


def require_held(
    held: frozenset[str],
    records: Mapping[str, DocumentRecord],
    *,
    otherwise: str = "askdocs index --rebuild",
) -> None:
    """Raise DamagedIndexError if a document that only a damaged index holds cannot be read now.

    `otherwise` is the command that continues without the document.
    """
    lost = sorted(held.difference(indexed_paths(records)))
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        message = f"{lost[0]}{more} cannot be read any more and would be lost; nothing was written"
        hint = f"{otherwise} goes on without {'it' if len(lost) == 1 else 'them'}"
        raise DamagedIndexError(message, hint=hint)


def indexed_paths(records: Mapping[str, DocumentRecord]) -> list[str]:
    """Return the paths of the files that were indexed, in order."""
    indexed = DocumentStatus.INDEXED
    return [path for path, record in sorted(records.items()) if record.status == indexed]


def differing(
    before: Mapping[str, DocumentRecord], now: Mapping[str, DocumentRecord]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the documents that were added, changed and removed, each in order."""
    old, new = set(indexed_paths(before)), set(indexed_paths(now))
    changed = tuple(sorted(path for path in new & old if before[path] != now[path]))
    return tuple(sorted(new - old)), changed, tuple(sorted(old - new))


def reasons(records: Mapping[str, DocumentRecord], status: DocumentStatus) -> dict[str, str]:
    """Return why files have a status, by path."""
    return {path: record.reason for path, record in records.items() if record.status == status}


def preview(request: IndexRequest) -> IndexPreview:
    """Return what `build` would do, without writing, locking or opening a model.

    The number of sentences to embed is a lower bound: only the model can tell which sentences are
    too long and will be cut. A model that changed under its recorded name is not noticed. Errors
    are those of `make_plan` and `Plan.require_result`.
    """
    plan = make_plan(request)
    cut = [path for path in plan.indexed if not plan.keeps(path)]
    records, sentences = _cut_for_preview(plan, cut)
    plan.require_result(records)
    added, changed, removed = differing(plan.before, records)
    return IndexPreview(
        documents=len(indexed_paths(records)),
        added=added,
        changed=changed,
        removed=removed,
        cut=len(cut),
        sentences=len(sentences),
        skipped=reasons(records, DocumentStatus.SKIPPED),
        failed=reasons(records, DocumentStatus.FAILED),
        is_unchanged=plan.is_done,
    )


def _cut_for_preview(
    plan: Plan, paths: Sequence[str]
) -> tuple[dict[str, DocumentRecord], set[str]]:
    """Cut some documents; return all records, and the sentences that no vector is kept for."""
    records, new = dict(plan.records), set[str]()
    with ExitStack() as stack:
        parsers = stack.enter_context(plan.open_parsers())
        old = plan.old if paths and plan.keeps_model else None
        reader = stack.enter_context(closing(old.reader())) if old else None
        for path in paths:
            # As if no sentence had tokens, so that no sentence is cut for its length.
            document = plan.cut(path, parsers, lambda texts: [0] * len(texts))
            records[path] = document.record
            sentences = {text for passage in document.passages for text in passage.plain_sentences}
            new |= sentences.difference(stored_sentences(reader, path) if reader else ())
    return records, new


def stored_sentences(reader: GenerationReader, path: str) -> list[str]:
    """Return the sentences of a document that a generation holds, in order."""
    return [
        sentence
        for stored in reader.passages_of(path)
        for sentence in stored.passage.plain_sentences
    ]
