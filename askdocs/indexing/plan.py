"""What a new generation shall hold, and what has to be done for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from askdocs.datamodel import (
    PACKAGED_REVISIONS,
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    PassageSettings,
)
from askdocs.errors import AskdocsError, DamagedIndexError, NoIndexError
from askdocs.freshness import observe
from askdocs.index import (
    RECORDS,
    Generation,
    current_digest,
    open_generation,
)
from askdocs.indexing.refusing import (
    check_directory,
    no_documents,
    require_complete,
    require_no_other,
    require_roots,
)
from askdocs.indexing.request import IndexRequest, check_request
from askdocs.indexing.salvage import Salvage, require_held
from askdocs.indexing.settings import corpus_settings, model_name, passage_settings
from askdocs.store.partition import number_of_segments, segment_names


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
