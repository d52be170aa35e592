"""Hit to citation, and proof that it still holds in the file on disk."""

import re
import shlex
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path

from askdocs.corpus.read import read_source
from askdocs.corpus.walk import source_path
from askdocs.errors import UnreadableSourceError, UsageError
from askdocs.records.manifest import CorpusSettings
from askdocs.records.results import Citation, CitationStatus, CitedText, Place
from askdocs.records.spans import Document, Passage, Span
from askdocs.text.document import decode, line_of, read_document

_CITATION = re.compile(
    r"(?P<path>.+)#p(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?(?::(?P<start>\d{1,12})-(?P<end>\d{1,12}))?",
    re.DOTALL | re.ASCII,
)
_HINT = "a citation looks like seeds/a.txt#p9, seeds/a.txt#p9-10 or seeds/a.txt#p9:0-120"


class Sources:
    """The files of a corpus as they are now, each read at most once."""

    def __init__(self, base: Path, corpus: CorpusSettings) -> None:
        """Read nothing yet.

        Args:
            base: The folder to which paths are relative.
            corpus: Whose limit of size and encoding hold.
        """
        self._base = base
        self._corpus = corpus
        self._read = lru_cache(maxsize=256)(self._read_now)

    def document(self, path: str) -> Document | None:
        """A document as it is now; None where it is missing or cannot be decoded."""
        return self._read(path)

    def _read_now(self, path: str) -> Document | None:
        corpus = self._corpus
        try:
            content = read_source(
                source_path(self._base, path),
                max_bytes=corpus.max_bytes,
                follow_links=path in corpus.roots,
            )
            # Limits are for what is cut; a citation is proven by comparing its text alone.
            text, _ = decode(content, fallback=corpus.encoding)
        except UnreadableSourceError:
            return None
        return read_document(path, text)


def parse_citation(text: str) -> Citation:
    """Parse `path#pA[-B][:S-E]`, from the right at the last `#p`.

    Raises:
        UsageError: It is no citation.
    """
    found = _CITATION.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is not a citation", hint=_HINT)
    first = int(found["first"])
    last = int(found["last"] or first)
    offsets = None if found["start"] is None else (int(found["start"]), int(found["end"]))
    if not 1 <= first <= last or (offsets is not None and offsets[0] >= offsets[1]):
        raise UsageError(f"{text!r} is not a citation", hint=_HINT)
    return Citation(path=found["path"], paragraphs=(first, last), offsets=offsets)


def place_of_passage(path: str, passage: Passage) -> Place:
    """Where a passage stood when it was indexed."""
    citation = Citation(path=path, paragraphs=passage.paragraphs, offsets=passage.offsets)
    return Place(citation=citation, chars=passage.chars, lines=passage.lines)


def place_of_span(document: Document, chars: Span) -> Place:
    """Where a span of a document stands.

    Args:
        document: Where.
        chars: A span that touches at least one paragraph.
    """
    start, end = chars
    starts = [paragraph.chars[0] for paragraph in document.paragraphs]
    first = document.paragraphs[max(0, bisect_right(starts, start) - 1)]
    last = document.paragraphs[max(0, bisect_right(starts, end - 1) - 1)]
    origin = first.chars[0]
    whole = chars == (origin, last.chars[1])
    return Place(
        citation=Citation(
            path=document.path,
            paragraphs=(first.number, last.number),
            offsets=None if whole else (start - origin, end - origin),
        ),
        chars=chars,
        lines=(line_of(document.text, start), line_of(document.text, end - 1)),
    )


def begins_at(text: str, offset: int) -> tuple[int, int]:
    """The line of a character, and the byte of that line with which it begins, both from 1.

    Bytes are those of UTF-8, without a byte order mark: so editors count them, whatever the file
    is encoded in.
    """
    start = max(text.rfind("\n", 0, offset) + 1, int(text.startswith("\ufeff")))
    return line_of(text, offset), len(text[start:offset].encode()) + 1


def resolve(citation: Citation, document: Document) -> Place:
    """Find what a citation names in a document.

    Raises:
        UsageError: The document has no such paragraph or characters.
    """
    first, last = citation.paragraphs
    if not document.paragraphs:
        raise UsageError(f"{document.path} has no paragraphs", hint="askdocs status --documents")
    if last > len(document.paragraphs):
        raise UsageError(
            f"{document.path} has no paragraph {last}, the last one is {len(document.paragraphs)}",
            hint=f"askdocs show {shlex.quote(f'{document.path}#p1')}",
        )
    start = document.paragraphs[first - 1].chars[0]
    end = document.paragraphs[last - 1].chars[1]
    if citation.offsets is not None:
        end_offset = citation.offsets[1]
        if start + end_offset > end:
            raise UsageError(
                f"paragraph {last} of {document.path} ends at character {end - start}, "
                f"not {end_offset}",
                hint=f"askdocs show {shlex.quote(f'{document.path}#p{first}')}",
            )
        start, end = start + citation.offsets[0], start + end_offset
    return place_of_span(document, (start, end))


def verify(text: str, indexed: Place, document: Document | None) -> CitedText:
    """Prove that an indexed text still stands in its file, or find where it stands now.

    Args:
        text: The indexed text.
        indexed: Where it stood.
        document: The file as it is now; None where there is none.

    Returns:
        The text with status verified (all of the place holds), moved (it stands elsewhere in the
        file; of several places the nearest) or gone.
    """
    start = _nearest(text, indexed.chars[0], document.text) if document else None
    if document is None or start is None:
        return CitedText(place=indexed, text=text, status=CitationStatus.GONE)
    place = place_of_span(document, (start, start + len(text)))
    if place == indexed:
        return CitedText(place=place, text=text, status=CitationStatus.VERIFIED)
    return CitedText(place=place, text=text, status=CitationStatus.MOVED, indexed=indexed)


def _nearest(text: str, origin: int, content: str) -> int | None:
    if content.startswith(text, origin):
        return origin
    after = content.find(text, origin)
    before = content.rfind(text, 0, origin + len(text))
    found = [start for start in (before, after) if start >= 0]
    return min(found, key=lambda start: abs(start - origin), default=None)
