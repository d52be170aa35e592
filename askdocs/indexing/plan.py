"""What a new generation shall hold, and what has to be done for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from askdocs import embedding, files
from askdocs.datamodel import (
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    PassageSettings,
)
from askdocs.documents import NOT_UTF8, NOT_UTF8_HINT, is_codec
from askdocs.errors import AskdocsError, NoIndexError, UsageError
from askdocs.freshness import observe
from askdocs.index import Generation, current_digest, is_index, open_generation
from askdocs.store.partition import number_of_segments, segment_names

_TOKENS = range(16, 2001)
# What a run that died before its first commit leaves behind.
_OWN_NAMES = frozenset({"HEAD.new", "LOCK", "generations"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRequest:
    """What to index, and how.

    Attributes:
        index: The index directory; made where it is missing.
        paths: Folders and files; none for the corpus that the index records.
        add: Whether the paths join the recorded corpus.
        replace: Whether the paths take its place.
        rebuild: Whether everything is cut and embedded anew, whatever the index holds.
        model: A packaged model, a path or a name on the hub; None for the recorded one.
        max_tokens: The longest passage, 16 to 2,000; None for the recorded setting.
        encoding: The codec for files that are not UTF-8; None for the recorded one.
        online: Whether a model may be downloaded.
        device: Where sentences are embedded; see `embedding.open_device`.
    """

    index: Path
    paths: tuple[Path, ...] = ()
    add: bool = False
    replace: bool = False
    rebuild: bool = False
    model: str | None = None
    max_tokens: int | None = None
    encoding: str | None = None
    online: bool = False
    device: str = embedding.DEFAULT_DEVICE

    @property
    def base(self) -> Path:
        """The folder to which all paths of the index are relative."""
        return self.index.resolve().parent


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
    """

    corpus: CorpusSettings
    passages: PassageSettings
    model: str
    revision: str
    records: Mapping[str, DocumentRecord]
    old: Generation | None
    started_from: str | None

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
    def is_done(self) -> bool:
        """Whether the old generation is already all that."""
        return (
            self.old is not None
            and self.keeps_files
            and self.old.manifest.corpus == self.corpus
            and dict(self.old.documents) == dict(self.records)
        )

    @property
    def keeps_files(self) -> bool:
        """Whether no passage changes, so that the old files serve as they are."""
        if self.old is None or self.old.manifest.model.name != self.model:
            return False
        if self.old.manifest.passages != self.passages or not self.keeps_segments:
            return False
        return self.indexed == indexed_paths(self.old.documents) and all(
            self.keeps(path) for path in self.indexed
        )

    def keeps(self, path: str) -> bool:
        """Whether a document's passages are taken from the old generation."""
        return (
            self.old is not None
            and self.old.manifest.passages == self.passages
            and self.old.documents.get(path) == self.records[path]
        )


def make_plan(request: IndexRequest) -> Plan:
    """Look at the corpus and decide what has to be done; nothing is written or locked.

    Raises:
        UsageError: The index directory is something else, or the paths differ from the recorded
            corpus, are missing or hold no document.
    """
    _check_directory(request.index)
    _check_options(request)
    old = _recorded(request)
    corpus = _corpus(request, old)
    kept = None if request.rebuild else old
    known = kept.documents if kept else {}
    records = {
        seen.path: seen.record
        for seen in observe(request.base, corpus, index=request.index, known=known)
    }
    if (old is None or request.paths) and not indexed_paths(records):
        raise _no_documents(request, records)
    return Plan(
        corpus=corpus,
        passages=_passages(request, old),
        model=_model(request, old),
        revision=old.manifest.model.revision if old and request.model is None else "",
        records=records,
        old=kept,
        started_from=old.digest if old else current_digest(request.index),
    )


def indexed_paths(records: Mapping[str, DocumentRecord]) -> list[str]:
    """The paths of the files that were indexed, in order."""
    return [
        path for path, record in sorted(records.items()) if record.status == DocumentStatus.INDEXED
    ]


def _check_directory(index: Path) -> None:
    if not index.exists() or is_index(index):
        return
    if not index.is_dir():
        raise UsageError(f"{index} is not a folder", hint="askdocs index --index DIR PATH")
    if {path.name for path in index.iterdir()} - _OWN_NAMES:
        raise UsageError(
            f"{index} holds other files and is not an index", hint="askdocs index --index DIR PATH"
        )


def _check_options(request: IndexRequest) -> None:
    if request.add and request.replace:
        raise UsageError("--add and --replace exclude each other", hint="askdocs index --help")
    if (request.add or request.replace) and not request.paths:
        raise UsageError("--add and --replace need a PATH", hint="askdocs index --add PATH")
    if request.encoding and not is_codec(request.encoding):
        raise UsageError(
            f"there is no encoding {request.encoding!r}", hint="askdocs index --encoding latin-1"
        )


def _recorded(request: IndexRequest) -> Generation | None:
    """The index as it is; None where there is none, or where it shall be made from nothing."""
    try:
        # A rebuild asks for no records, and so it mends them.
        return open_generation(request.index, with_documents=not request.rebuild)
    except NoIndexError:
        return None
    except AskdocsError:
        if request.rebuild and request.paths:
            return None
        raise


def _corpus(request: IndexRequest, old: Generation | None) -> CorpusSettings:
    for path in request.paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist", hint="askdocs index PATH")
    named = tuple(sorted({files.relative_root(path, request.base) for path in request.paths}))
    if old is None:
        if not named:
            raise UsageError("there is no index to refresh", hint="askdocs index PATH")
        return CorpusSettings(roots=named, encoding=request.encoding or "")
    recorded = old.manifest.corpus
    roots = _roots(request, recorded.roots, named)
    for root in roots:
        if not files.source_path(request.base, root).exists():
            raise UsageError(
                f"{root}, which the index records, does not exist",
                hint="askdocs index --replace PATH",
            )
    encoding = recorded.encoding if request.encoding is None else request.encoding
    return replace(recorded, roots=roots, encoding=encoding)


def _roots(
    request: IndexRequest, recorded: tuple[str, ...], named: tuple[str, ...]
) -> tuple[str, ...]:
    if not named or named == recorded:
        return recorded
    if request.replace:
        return named
    if request.add:
        return tuple(sorted({*recorded, *named}))
    raise UsageError(
        f"{request.index} is the index of {', '.join(recorded)}",
        hint="askdocs index --add PATH, --replace PATH, or --index ANOTHER_DIR PATH",
    )


def _passages(request: IndexRequest, old: Generation | None) -> PassageSettings:
    current = PassageSettings()
    if request.max_tokens is not None and request.max_tokens not in _TOKENS:
        raise UsageError(f"--max-tokens must be between 16 and 2000, got {request.max_tokens}")
    recorded = old.manifest.passages.max_tokens if old else current.max_tokens
    return replace(current, max_tokens=request.max_tokens or recorded)


def _model(request: IndexRequest, old: Generation | None) -> str:
    if request.model is None:
        return old.manifest.model.name if old else embedding.DEFAULT_MODEL
    if request.model == embedding.DEFAULT_MODEL or not Path(request.model).is_dir():
        return request.model
    # Recorded like a root, so that an index and a model beside it can move together; a folder that
    # has the packaged model's name is not the packaged model.
    folder = files.relative_root(Path(request.model), request.base)
    return folder if "/" in folder else f"./{folder}"


def _no_documents(request: IndexRequest, records: Mapping[str, DocumentRecord]) -> UsageError:
    names = ", ".join(str(path) for path in request.paths)
    reasons = [f"{path}: {record.reason}" for path, record in records.items()]
    if not reasons:
        return UsageError(
            f"there are no documents in {names}", hint="askdocs reads .txt and .md files"
        )
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    hint = NOT_UTF8_HINT if reasons[0].endswith(NOT_UTF8) else ""
    return UsageError(f"no document in {names} can be indexed; {reasons[0]}{more}", hint=hint)
