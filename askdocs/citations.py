"""Make citations, and prove that they are still true of the files on disk."""

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
        """Read nothing yet; paths are relative to `base`, `corpus` has the limit and encoding."""
        self._base = base
        self._corpus = corpus
        self.document = lru_cache(maxsize=256)(self._document)

    def _document(self, path: str) -> Document | None:
        """Return a document as it is now; None if it is missing or cannot be decoded."""
        corpus = self._corpus
        try:
            content = read_source(
                source_path(self._base, path),
                max_bytes=corpus.max_bytes,
                follow_links=path in corpus.roots,
            )
            # The other limits are for cutting; to prove a citation only its text is compared.
            text, _ = decode(content, fallback=corpus.encoding)
        except UnreadableSourceError:
            return None
        return read_document(path, text)


def parse_citation(text: str) -> Citation:
    """Parse `path#pA[-B][:S-E]`, from the right at the last `#p`.

    Raises:
        UsageError: The text is not a citation.
    """
    if match := _CITATION.fullmatch(text):
        first = int(match["first"])
        last = int(match["last"] or first)
        offsets = None if match["start"] is None else (int(match["start"]), int(match["end"]))
        if 1 <= first <= last and (offsets is None or offsets[0] < offsets[1]):
            return Citation(path=match["path"], paragraphs=(first, last), offsets=offsets)
    raise UsageError(f"{text!r} is not a citation", hint=_HINT)


def place_of_passage(path: str, passage: Passage) -> Place:
    """Return the place of a passage when it was indexed."""
    citation = Citation(path=path, paragraphs=passage.paragraphs, offsets=passage.offsets)
    return Place(citation=citation, chars=passage.chars, lines=passage.lines)


def place_of_span(document: Document, chars: Span) -> Place:
    """Return the place of a span, which must touch a paragraph, in a document."""
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
    """Return the line of a character and its first byte in that line, both from 1.

    Bytes are counted in UTF-8, without a byte order mark, as editors do for any encoding.
    """
    start = max(text.rfind("\n", 0, offset) + 1, int(text.startswith("\ufeff")))
    return line_of(text, offset), len(text[start:offset].encode()) + 1


def resolve(citation: Citation, document: Document) -> Place:
    """Return the place that a citation names in a document.

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
        indexed: Its place when it was indexed.
        document: The file as it is now; None if there is no such file.

    Returns:
        The text with status verified (at the same place), moved (elsewhere in the file; the nearest
        place) or gone.
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
    starts = [start for start in (before, after) if start >= 0]
    return min(starts, key=lambda start: abs(start - origin), default=None)
