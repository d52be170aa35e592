"""Refuse requests that indexing cannot carry out: each check raises an error that says why."""

from collections.abc import Mapping
from pathlib import Path

from askdocs.corpus.read import LINK, SPECIAL
from askdocs.corpus.walk import source_path
from askdocs.errors import (
    REPAIR,
    DamagedIndexError,
    IncompleteError,
    RefusedError,
    UnusableIndexError,
    UsageError,
)
from askdocs.index.generation import sound_generations
from askdocs.index.transaction import LOCK
from askdocs.indexing.request import IndexRequest
from askdocs.places import ENCODERS, GENERATIONS, HEAD, is_index
from askdocs.records.manifest import CorpusSettings, DocumentRecord, DocumentStatus
from askdocs.terminal import count_of
from askdocs.text.decode import NOT_UTF8, NOT_UTF8_HINT

# What a run that is killed before its first commit leaves.
_OWN_NAMES = frozenset({f"{HEAD}.new", LOCK, ENCODERS, GENERATIONS})

# These are skipped by design: they are not lost, and nothing is wrong with a file.
_BY_DESIGN = frozenset({LINK, SPECIAL})


def check_directory(index: Path) -> None:
    """Raise UsageError if an index cannot be made here: not a folder, or it holds other files."""
    if not index.exists() or is_index(index):
        return
    if not index.is_dir():
        raise UsageError(f"{index} is not a folder", hint="askdocs index --index DIR PATH")
    if {path.name for path in index.iterdir()} - _OWN_NAMES:
        message = f"{index} holds other files and is not an index"
        raise UsageError(message, hint="askdocs index --index DIR PATH")


def require_no_other(request: IndexRequest, corpus: CorpusSettings) -> None:
    """Refuse to remove a generation of another corpus that HEAD no longer names.

    A generation of the same corpus is what a first run leaves if it is killed just before it
    writes HEAD.

    Raises:
        DamagedIndexError: There is such a generation.
        UnusableIndexError: There is a generation of another format, and the request does not
            replace or rebuild it.
    """
    if request.replace or is_index(request.index):
        return
    try:
        generations = sound_generations(request.index)
    except UnusableIndexError:
        if request.rebuild:
            return
        raise
    for generation in generations:
        if generation.manifest.corpus != corpus:
            roots = ", ".join(generation.manifest.corpus.roots)
            message = f"{request.index / HEAD} is missing; its generation is an index of {roots}"
            raise DamagedIndexError(message, hint=REPAIR)


def require_roots(
    request: IndexRequest, corpus: CorpusSettings, records: Mapping[str, DocumentRecord]
) -> None:
    """Raise RefusedError if a root cannot be listed: its documents are not gone."""
    for root in corpus.roots:
        record = records.get(root)
        has_failed = record is not None and record.status == DocumentStatus.FAILED
        if has_failed and source_path(request.base, root).is_dir():
            message = f"{root} cannot be listed: {records[root].reason}"
            hint = "make it readable, or name other folders: askdocs index --replace PATH"
            raise RefusedError(message, hint=hint)


def require_complete(request: IndexRequest, records: Mapping[str, DocumentRecord]) -> None:
    """Raise IncompleteError if the request is strict and a document cannot be read.

    Failed documents count, and those skipped because they are binary or too large. Links, special
    files, and what ignore files and patterns leave out do not.
    """
    if not request.strict:
        return
    faults = {
        path: record.reason
        for path, record in records.items()
        if record.status != DocumentStatus.INDEXED and record.reason not in _BY_DESIGN
    }
    if faults:
        message = f"{count_of(len(faults), 'document')} cannot be indexed; nothing was written"
        hint = "repair them, leave them out with --exclude, or run without --strict"
        raise IncompleteError(message, hint=hint, reasons=faults)


def no_documents(
    request: IndexRequest, corpus: CorpusSettings, records: Mapping[str, DocumentRecord]
) -> UsageError:
    """Return the error for a corpus without a document that can be indexed."""
    names = ", ".join(str(path) for path in request.paths)
    reasons = [f"{path}: {record.reason}" for path, record in records.items()]
    if not reasons:
        return UsageError(f"there are no documents in {names}", hint=_what_is_read(corpus))
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    hint = NOT_UTF8_HINT if reasons[0].endswith(NOT_UTF8) else ""
    return UsageError(f"no document in {names} can be indexed; {reasons[0]}{more}", hint=hint)


def _what_is_read(corpus: CorpusSettings) -> str:
    """Say which files are indexed, with the patterns that choose them."""
    kinds = ".txt and .md files"
    if corpus.include != CorpusSettings(roots=()).include:
        kinds = f"what fits {_options('--include', corpus.include)}"
    but_for = f", but for what fits {_options('--exclude', corpus.exclude)}"
    return f"askdocs reads {kinds}{but_for if corpus.exclude else ''}"


def _options(name: str, patterns: tuple[str, ...]) -> str:
    return " ".join(f"{name} {pattern!r}" for pattern in patterns)
