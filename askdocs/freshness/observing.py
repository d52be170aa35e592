"""The files of a corpus as they are now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from askdocs import files
from askdocs.datamodel import CorpusSettings, DocumentRecord, DocumentStatus
from askdocs.documents import RULED_ENCODINGS, decode, long_line, number_paragraphs
from askdocs.errors import UnreadableSourceError

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
        text, encoding = _decode_within(content, corpus)
    except UnreadableSourceError as error:
        status = DocumentStatus.SKIPPED if error.skipped else DocumentStatus.FAILED
        return Observation(path=entry.path, record=DocumentRecord(status=status, reason=str(error)))
    record = DocumentRecord(
        sha256=sha256,
        bytes=len(content),
        encoding=encoding,
        paragraphs=sum(1 for _ in number_paragraphs(text)),
    )
    return Observation(path=entry.path, record=record, text=text)


def _decode_within(content: bytes, corpus: CorpusSettings) -> tuple[str, str]:
    """Decode a file's bytes as `decode` does, if their text is within the limits of the corpus.

    Raises:
        UnreadableSourceError: It cannot be decoded, or is beyond a limit.
    """
    text, encoding = decode(content, fallback=corpus.encoding)
    number = long_line(text, corpus.max_line_chars)
    if number is not None:
        limit = f"{corpus.max_line_chars:,} characters (--max-line-length)"
        raise UnreadableSourceError(f"line {number} is longer than {limit}", skipped=True)
    if _has_more_sentences(text, corpus.max_sentences):
        limit = f"{corpus.max_sentences:,} sentences (--max-sentences)"
        raise UnreadableSourceError(f"more than {limit}", skipped=True)
    return text, encoding


def _has_more_sentences(text: str, limit: int) -> bool:
    # A sentence takes two characters at least, one of them white space or an end mark.
    if len(text) <= 2 * limit:
        return False
    from askdocs.passages import split_sentences  # noqa: PLC0415 - most files are smaller

    count = 0
    for paragraph in number_paragraphs(text):
        count += len(split_sentences(text, paragraph.chars))
        if count > limit:
            return True
    return False


def _is_decoded_by_rule(known: DocumentRecord, corpus: CorpusSettings) -> bool:
    """Whether the rule would still decode a file as it did: its fallback may have changed."""
    return known.encoding in RULED_ENCODINGS or known.encoding == corpus.encoding
