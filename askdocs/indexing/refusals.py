"""Requests that indexing refuses."""

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
from askdocs.index.encoders import ENCODERS
from askdocs.index.generation import sound_generations
from askdocs.index.transaction import LOCK
from askdocs.indexing.request import IndexRequest
from askdocs.places import GENERATIONS, HEAD, is_index
from askdocs.records.manifest import CorpusSettings, DocumentRecord, DocumentStatus
from askdocs.text.document import NOT_UTF8, NOT_UTF8_HINT

# What a run that died before its first commit leaves behind.
_OWN_NAMES = frozenset({f"{HEAD}.new", LOCK, ENCODERS, GENERATIONS})

# What is passed over by design: it is no loss, and no fault of a file.
_BY_DESIGN = frozenset({LINK, SPECIAL})


def check_directory(index: Path) -> None:
    """Refuse to make an index of a folder that is something else.

    Raises:
        UsageError: It is.
    """
    if not index.exists() or is_index(index):
        return
    if not index.is_dir():
        raise UsageError(f"{index} is not a folder", hint="askdocs index --index DIR PATH")
    if {path.name for path in index.iterdir()} - _OWN_NAMES:
        raise UsageError(
            f"{index} holds other files and is not an index", hint="askdocs index --index DIR PATH"
        )


def require_no_other(request: IndexRequest, corpus: CorpusSettings) -> None:
    """Refuse to remove the generation of another corpus that HEAD no longer names.

    One of the same corpus is what a first run leaves that died just before it wrote HEAD.

    Raises:
        DamagedIndexError: There is one.
        UnusableIndexError: There is one of another format, and no word that it shall go.
    """
    if request.replace or is_index(request.index):
        return
    try:
        found = sound_generations(request.index)
    except UnusableIndexError:
        if request.rebuild:
            return
        raise
    for generation in found:
        if generation.manifest.corpus != corpus:
            roots = ", ".join(generation.manifest.corpus.roots)
            message = f"{request.index / HEAD} is missing; its generation is an index of {roots}"
            raise DamagedIndexError(message, hint=REPAIR)


def require_roots(
    request: IndexRequest, corpus: CorpusSettings, records: Mapping[str, DocumentRecord]
) -> None:
    """Refuse a corpus of which a whole root cannot be listed: its documents are not gone.

    Raises:
        RefusedError: One cannot.
    """
    for root in corpus.roots:
        record = records.get(root)
        if record is None or record.status != DocumentStatus.FAILED:
            continue
        if source_path(request.base, root).is_dir():
            raise RefusedError(
                f"{root} cannot be listed: {record.reason}",
                hint="make it readable, or name other folders: askdocs index --replace PATH",
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


def no_documents(
    request: IndexRequest, corpus: CorpusSettings, records: Mapping[str, DocumentRecord]
) -> UsageError:
    """The error for a corpus without any document that can be indexed."""
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
