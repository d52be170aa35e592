"""What a new generation shall hold, and what has to be done for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from askdocs import files
from askdocs.datamodel import (
    PACKAGED_REVISIONS,
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    PassageSettings,
)
from askdocs.documents import NOT_UTF8, NOT_UTF8_HINT
from askdocs.errors import (
    AskdocsError,
    DamagedIndexError,
    IncompleteError,
    NoIndexError,
    RefusedError,
    UsageError,
)
from askdocs.freshness import observe
from askdocs.index import (
    RECORDS,
    Generation,
    current_digest,
    is_index,
    open_generation,
)
from askdocs.indexing.request import IndexRequest, check_request
from askdocs.indexing.salvage import Salvage, is_whole, require_held
from askdocs.indexing.settings import corpus_settings, model_name, passage_settings
from askdocs.store.partition import number_of_segments, segment_names, segment_of

# What a run that died before its first commit leaves behind.
_OWN_NAMES = frozenset({"HEAD.new", "LOCK", "encoders", "generations"})

# What is passed over by design: it is no loss, and no fault of a file.
_BY_DESIGN = frozenset({files.LINK, files.SPECIAL})


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
        if self.old is None or RECORDS in self.damaged:
            return {}
        return self.old.documents

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
            and (not self.damaged or is_whole(self.damaged, segment_of(path, self.segments)))
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
        DamagedIndexError: The index is damaged, or as `require_held` says.
    """
    _check_directory(request.index)
    check_request(request)
    old = salvage.generation if salvage else _recorded(request)
    corpus = corpus_settings(request, old)
    kept = None if request.rebuild else old
    damaged = salvage.damaged if salvage else frozenset[str]()
    known = kept.documents if kept and RECORDS not in damaged else {}
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
    _require_roots(request, corpus, records)
    require_complete(request, records)
    if (old is None or request.paths) and not indexed_paths(records):
        raise _no_documents(request, corpus, records)
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


def require_complete(request: IndexRequest, records: Mapping[str, DocumentRecord]) -> None:
    """Refuse a corpus of which something cannot be read, where the request is strict.

    What failed counts, and what was skipped because it is binary or too large; links and special
    files do not, and neither does what ignore files and patterns leave out.

    Raises:
        IncompleteError: Something cannot be read.
    """
    if not request.strict:
        return
    faults = {
        path: record.reason
        for path, record in records.items()
        if record.status != DocumentStatus.INDEXED and record.reason not in _BY_DESIGN
    }
    if faults:
        count = f"{len(faults)} document{'' if len(faults) == 1 else 's'}"
        raise IncompleteError(
            f"{count} cannot be indexed; nothing was written",
            hint="mend them, leave them out with --exclude, or run without --strict",
            reasons=faults,
        )


def indexed_paths(records: Mapping[str, DocumentRecord]) -> list[str]:
    """The paths of the files that were indexed, in order."""
    return [
        path for path, record in sorted(records.items()) if record.status == DocumentStatus.INDEXED
    ]


def reasons(records: Mapping[str, DocumentRecord], status: DocumentStatus) -> dict[str, str]:
    """Why some files have a status, by path."""
    return {path: record.reason for path, record in records.items() if record.status == status}


def _limits_of_text(corpus: CorpusSettings) -> tuple[int, int]:
    return corpus.max_line_chars, corpus.max_sentences


def _check_directory(index: Path) -> None:
    if not index.exists() or is_index(index):
        return
    if not index.is_dir():
        raise UsageError(f"{index} is not a folder", hint="askdocs index --index DIR PATH")
    if {path.name for path in index.iterdir()} - _OWN_NAMES:
        raise UsageError(
            f"{index} holds other files and is not an index", hint="askdocs index --index DIR PATH"
        )


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


def _require_roots(
    request: IndexRequest, corpus: CorpusSettings, records: Mapping[str, DocumentRecord]
) -> None:
    """Refuse a corpus of which a whole root cannot be listed: its documents are not gone."""
    for root in corpus.roots:
        record = records.get(root)
        if record is None or record.status != DocumentStatus.FAILED:
            continue
        if files.source_path(request.base, root).is_dir():
            raise RefusedError(
                f"{root} cannot be listed: {record.reason}",
                hint="make it readable, or name other folders: askdocs index --replace PATH",
            )


def _no_documents(
    request: IndexRequest, corpus: CorpusSettings, records: Mapping[str, DocumentRecord]
) -> UsageError:
    names = ", ".join(str(path) for path in request.paths)
    reasons = [f"{path}: {record.reason}" for path, record in records.items()]
    if not reasons:
        return UsageError(f"there are no documents in {names}", hint=_what_is_read(corpus))
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    hint = NOT_UTF8_HINT if reasons[0].endswith(NOT_UTF8) else ""
    return UsageError(f"no document in {names} can be indexed; {reasons[0]}{more}", hint=hint)


def _what_is_read(corpus: CorpusSettings) -> str:
    """Which files are taken, with the patterns that say so."""
    kinds = ".txt and .md files"
    if corpus.include != CorpusSettings(roots=()).include:
        kinds = f"what fits {_options('--include', corpus.include)}"
    but_for = f", but for what fits {_options('--exclude', corpus.exclude)}"
    return f"askdocs reads {kinds}{but_for if corpus.exclude else ''}"


def _options(name: str, patterns: tuple[str, ...]) -> str:
    return " ".join(f"{name} {pattern!r}" for pattern in patterns)
