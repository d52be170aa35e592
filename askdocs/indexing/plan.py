"""What a new generation will hold, and what has to be done for it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from askdocs.corpus.walk import Entry, EntryKind
from askdocs.errors import AskdocsError, DamagedIndexError, NoIndexError
from askdocs.freshness import observe, observe_entry
from askdocs.index.generation import RECORDS, Generation, current_digest, open_generation
from askdocs.indexing.refusals import (
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
from askdocs.store.partition import number_of_segments, segment_names
from askdocs.text.cutting import cut_passages
from askdocs.text.document import read_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from askdocs.store.local import GenerationReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What of a damaged index can be used again.

    Attributes:
        generation: One whose manifest is sound; None where there is none, and the settings with it.
        damaged: The names of its files that are not what its manifest says.
        held: The documents that the index holds, as far as that can be known.
        current: The name of the generation that HEAD names; None where it names none.
    """

    generation: Generation | None
    damaged: frozenset[str]
    held: frozenset[str]
    current: str | None


def require_held(
    held: frozenset[str],
    records: Mapping[str, DocumentRecord],
    *,
    otherwise: str = "askdocs index --rebuild",
) -> None:
    """Refuse to go on without a document that a damaged index holds: it could not be had again.

    Args:
        held: The documents of the index.
        records: What there is to say of each file of the corpus as it is now.
        otherwise: What to type to go on without it.

    Raises:
        DamagedIndexError: One cannot be read any more.
    """
    lost = [path for path in sorted(held) if not _is_readable(records.get(path))]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise DamagedIndexError(
            f"{lost[0]}{more} cannot be read any more and would be lost; nothing was written",
            hint=f"{otherwise} goes on without {'it' if len(lost) == 1 else 'them'}",
        )


def _is_readable(record: DocumentRecord | None) -> bool:
    return record is not None and record.status == DocumentStatus.INDEXED


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the new generation shall hold.

    Attributes:
        corpus: Which files.
        passages: How they are cut.
        model: The name of the model.
        revision: Its pinned revision; empty for the newest that is here.
        records: What there is to say of each file, by its path.
        old: The generation from which unchanged documents are taken; None for none.
        started_from: The name of the generation that was current; None where there was none.
        damaged: The names of the old generation's files that must not be used.
        held: The documents without which nothing shall be written.
    """

    corpus: CorpusSettings
    passages: PassageSettings
    model: str
    revision: str
    records: Mapping[str, DocumentRecord]
    old: Generation | None
    started_from: str | None
    damaged: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()

    @property
    def before(self) -> Mapping[str, DocumentRecord]:
        """What the old generation says of each file, where it has something to say."""
        return _records(self.old, self.damaged)

    @property
    def reads_old(self) -> bool:
        """Whether passages and vectors of the old generation can be read."""
        return self.old is not None and not self.damaged - {RECORDS}

    @property
    def indexed(self) -> list[str]:
        """The documents, in order of path."""
        return indexed_paths(self.records)

    @property
    def segments(self) -> int:
        """Into how many segments the index is cut: that follows from the corpus alone."""
        return number_of_segments(sum(record.bytes for record in self.records.values()))

    @property
    def keeps_segments(self) -> bool:
        """Whether the old generation is cut as the new one shall be."""
        return self.old is not None and len(segment_names(self.old.manifest.files)) == self.segments

    @property
    def keeps_model(self) -> bool:
        """Whether the old generation was made with a model of that name."""
        return self.old is not None and self.old.manifest.model.name == self.model

    @property
    def is_done(self) -> bool:
        """Whether the old generation is already all that."""
        return (
            self.old is not None
            and self.keeps_files
            and self.old.manifest.corpus == self.corpus
            and dict(self.before) == dict(self.records)
        )

    @property
    def keeps_files(self) -> bool:
        """Whether no passage changes, so that the old files serve as they are."""
        if self.old is None or self.damaged or not self.keeps_model:
            return False
        recorded = self.old.manifest.model.revision
        if PACKAGED_REVISIONS.get(self.model, recorded) != recorded:
            return False
        if self.old.manifest.passages != self.passages or not self.keeps_segments:
            return False
        return self.indexed == indexed_paths(self.before) and all(
            self.keeps(path) for path in self.indexed
        )

    def keeps(self, path: str) -> bool:
        """Whether a document's passages are taken from the old generation."""
        return (
            self.old is not None
            and self.keeps_model
            and self.old.manifest.passages == self.passages
            and self.before.get(path) == self.records[path]
        )


def make_plan(request: IndexRequest, *, salvage: Salvage | None = None) -> Plan:
    """Look at the corpus and decide what has to be done; nothing is written or locked.

    Args:
        request: What to index, and how.
        salvage: What can be used again of an index that is damaged; None for one that is not.

    Raises:
        UsageError: The index directory is something else, or the paths differ from the recorded
            corpus, are missing or hold no document.
        IncompleteError: A document cannot be read, and the request is strict.
        RefusedError: A folder that is a root cannot be listed.
        DamagedIndexError: The index is damaged, or as `require_held` and `require_no_other` say.
    """
    if salvage is None:
        # What is salvaged is an index, whatever else lies in it.
        check_directory(request.index)
    check_request(request)
    old = salvage.generation if salvage else _recorded(request)
    corpus = corpus_settings(request, old)
    if salvage is None and old is None:
        require_no_other(request, corpus)
    kept = None if request.rebuild else old
    damaged = salvage.damaged if salvage else frozenset[str]()
    known = _records(kept, damaged)
    if kept and _limits_of_text(kept.manifest.corpus) != _limits_of_text(corpus):
        # A file that is known is not decoded, and its text not measured.
        known = {}
    records = {
        seen.path: seen.record
        for seen in observe(request.base, corpus, index=request.index, known=known)
    }
    held = salvage.held if salvage else frozenset[str]()
    otherwise = f"askdocs index --rebuild{'' if old else ' PATH'}"
    require_held(held, records, otherwise=otherwise)
    require_roots(request, corpus, records)
    require_complete(request, records)
    if (old is None or request.paths) and not indexed_paths(records):
        raise no_documents(request, corpus, records)
    return Plan(
        corpus=corpus,
        passages=passage_settings(request, old),
        model=model_name(request, old),
        revision=old.manifest.model.revision if old and request.model is None else "",
        records=records,
        old=kept,
        started_from=_started_from(request, old, salvage),
        damaged=damaged,
        held=held,
    )


def indexed_paths(records: Mapping[str, DocumentRecord]) -> list[str]:
    """The paths of the files that were indexed, in order."""
    return [
        path for path, record in sorted(records.items()) if record.status == DocumentStatus.INDEXED
    ]


def differing(
    before: Mapping[str, DocumentRecord], now: Mapping[str, DocumentRecord]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The documents that were added, changed and removed, each in order."""
    old, new = set(indexed_paths(before)), set(indexed_paths(now))
    changed = tuple(sorted(path for path in new & old if before[path] != now[path]))
    return tuple(sorted(new - old)), changed, tuple(sorted(old - new))


def reasons(records: Mapping[str, DocumentRecord], status: DocumentStatus) -> dict[str, str]:
    """Why some files have a status, by path."""
    return {path: record.reason for path, record in records.items() if record.status == status}


def _records(old: Generation | None, damaged: frozenset[str]) -> Mapping[str, DocumentRecord]:
    return {} if old is None or RECORDS in damaged else old.documents


def _limits_of_text(corpus: CorpusSettings) -> tuple[int, int]:
    return corpus.max_line_chars, corpus.max_sentences


def _recorded(request: IndexRequest) -> Generation | None:
    """The index as it is; None where there is none, or where it shall be made from nothing."""
    try:
        # A rebuild asks for no records, and so it mends them.
        generation = open_generation(request.index, with_documents=not request.rebuild)
    except NoIndexError:
        return None
    except AskdocsError:
        if request.rebuild and request.paths:
            return None
        raise
    if not request.rebuild and not _has_its_files(generation):
        return _recorded(request)
    return generation


def _has_its_files(generation: Generation) -> bool:
    """Whether all files of a generation are there in their sizes; False where it is not current.

    Without a look, a refresh that finds the corpus unchanged would leave a damaged index as it is.

    Raises:
        DamagedFileError: One is not.
    """
    try:
        generation.verify(deep=False)
    except DamagedIndexError:
        # A writer may have removed it meanwhile.
        if current_digest(generation.index) in {None, generation.digest}:
            raise
        return False
    return True


def _started_from(
    request: IndexRequest, old: Generation | None, salvage: Salvage | None
) -> str | None:
    if salvage is not None:
        return salvage.current
    return old.digest if old else current_digest(request.index)


def preview(request: IndexRequest) -> IndexPreview:
    """What `build` would do; nothing is written, nothing locked, and no model opened.

    The number of sentences to embed is a lower bound: only the model knows which ones it has to
    cut because they are too long. A model that changed under the name that is recorded is not seen.

    Raises:
        UsageError: As `make_plan` says.
        IncompleteError: As `make_plan` says.
        RefusedError: As `make_plan` says.
        DamagedIndexError: The index to be refreshed is not what its manifest says.
    """
    plan = make_plan(request)
    added, changed, removed = differing(plan.before, plan.records)
    cut = [path for path in plan.indexed if not plan.keeps(path)]
    return IndexPreview(
        documents=len(plan.indexed),
        added=added,
        changed=changed,
        removed=removed,
        cut=len(cut),
        sentences=len(_new_sentences(plan, cut, request.base)) if cut else 0,
        skipped=reasons(plan.records, DocumentStatus.SKIPPED),
        failed=reasons(plan.records, DocumentStatus.FAILED),
        is_unchanged=plan.is_done,
    )


def _new_sentences(plan: Plan, paths: Sequence[str], base: Path) -> set[str]:
    """The sentences of some documents that these did not have before."""
    if plan.old is None or not plan.keeps_model:
        return {text for path in paths for text in _sentences(plan, path, base)}
    with closing(plan.old.reader()) as reader:
        return {
            text
            for path in paths
            for text in _sentences(plan, path, base) - _known_sentences(reader, path)
        }


def _sentences(plan: Plan, path: str, base: Path) -> set[str]:
    entry = Entry(path=path, kind=EntryKind.FILE, named=path in plan.corpus.roots)
    text = observe_entry(base, entry, plan.corpus).text
    if text is None:
        return set()
    passages = cut_passages(read_document(path, text), plan.passages, _count_none)
    return {text[start:end] for one in passages for start, end in one.sentences}


def _count_none(texts: Sequence[str]) -> list[int]:
    """As if no sentence had tokens: none is then cut for its length in them."""
    return [0] * len(texts)


def _known_sentences(reader: GenerationReader, path: str) -> set[str]:
    return {
        stored.passage.text[start - stored.passage.chars[0] : end - stored.passage.chars[0]]
        for stored in reader.passages_of(path)
        for start, end in stored.passage.sentences
    }
