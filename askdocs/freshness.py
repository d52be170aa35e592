"""How the corpus differs from what was indexed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from askdocs import files
from askdocs.datamodel import (
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    Freshness,
    PassageSettings,
)
from askdocs.documents import RULED_ENCODINGS, decode, number_paragraphs
from askdocs.errors import UnreadableSourceError, UnusableIndexError
from askdocs.index import Generation, open_generation

# Files that one thread looks at in a row. A second thread reads from the disk while the first
# hashes: of files that are in memory already it gains nothing and costs nothing, more would.
_BATCH = 64
_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A file of the corpus as it is now.

    Attributes:
        path: POSIX, relative to the base.
        record: What the index would say of it.
        text: Its text, where it can be indexed and is not what was known; otherwise None.
    """

    path: str
    record: DocumentRecord
    text: str | None = None


def observe(
    base: Path, corpus: CorpusSettings, *, index: Path, known: Mapping[str, DocumentRecord]
) -> Iterator[Observation]:
    """Look at every file of a corpus, in order of path.

    Files are compared by content: times lie after a clone. What is hashed is what is decoded.
    Two files at most are in memory at a time.

    Args:
        base: The real parent of the index directory.
        corpus: Which files to look at.
        index: The index directory, which is never entered.
        known: What the index says of the files; a file that is still the same is not decoded.

    Returns:
        The observations without the texts, which may be larger than memory.
    """

    def look(entries: Sequence[files.Entry]) -> list[Observation]:
        seen = (observe_entry(base, entry, corpus, known.get(entry.path)) for entry in entries)
        return [one if one.text is None else replace(one, text=None) for one in seen]

    entries = files.walk(base, corpus, index=index)
    if len(entries) <= _BATCH:
        yield from look(entries)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - small corpora do without

    batches = [entries[first : first + _BATCH] for first in range(0, len(entries), _BATCH)]
    with ThreadPoolExecutor(_THREADS) as pool:
        for seen in pool.map(look, batches):
            yield from seen


def observe_entry(
    base: Path, entry: files.Entry, corpus: CorpusSettings, known: DocumentRecord | None = None
) -> Observation:
    """Look at one file that a walk found; see `observe`."""
    try:
        content = files.read_entry(base, entry, max_bytes=corpus.max_bytes)
        sha256 = files.digest(content)
        if known is not None and known.sha256 == sha256 and _is_decoded_by_rule(known, corpus):
            return Observation(path=entry.path, record=known)
        text, encoding = decode(content, fallback=corpus.encoding)
    except UnreadableSourceError as error:
        status = DocumentStatus.SKIPPED if error.skipped else DocumentStatus.FAILED
        return Observation(path=entry.path, record=DocumentRecord(status=status, reason=str(error)))
    record = DocumentRecord(
        sha256=sha256,
        bytes=len(content),
        encoding=encoding,
        paragraphs=len(number_paragraphs(text)),
    )
    return Observation(path=entry.path, record=record, text=text)


def _is_decoded_by_rule(known: DocumentRecord, corpus: CorpusSettings) -> bool:
    """Whether the rule would still decode a file as it did: its fallback may have changed."""
    return known.encoding in RULED_ENCODINGS or known.encoding == corpus.encoding


def check_freshness(index: Path) -> Freshness:
    """Compare an index with its corpus, and with the settings of this version.

    Needs no model, and nothing but the standard library and pathspec.

    Raises:
        NoIndexError: There is no index.
        DamagedIndexError: HEAD, the manifest or the records of the documents cannot be read.
    """
    try:
        generation = open_generation(index, with_documents=True)
    except UnusableIndexError:
        return Freshness(documents=0, settings=("format",))
    return compare(generation)


def compare(generation: Generation) -> Freshness:
    """Compare a generation with its corpus as it is now."""
    manifest = generation.manifest
    # A root that is gone has no documents; that is not this function's error to raise.
    roots = tuple(
        root for root in manifest.corpus.roots if files.source_path(generation.base, root).exists()
    )
    corpus = replace(manifest.corpus, roots=roots)
    known = generation.documents
    now = {
        observation.path: observation.record
        for observation in observe(generation.base, corpus, index=generation.index, known=known)
    }
    rules = PassageSettings().rules
    return Freshness(
        documents=sum(record.status == DocumentStatus.INDEXED for record in known.values()),
        added=tuple(path for path in now if path not in known and _matters(now[path])),
        changed=tuple(
            path
            for path in now
            if path in known
            and now[path] != known[path]
            and (_matters(now[path]) or _matters(known[path]))
        ),
        removed=tuple(path for path in sorted(known) if path not in now and _matters(known[path])),
        settings=("passages",) if manifest.passages.rules != rules else (),
    )


def _matters(record: DocumentRecord) -> bool:
    """Files that are skipped on purpose never make an index stale."""
    return record.status != DocumentStatus.SKIPPED
