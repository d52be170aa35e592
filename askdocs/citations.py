"""Make citations, and prove that they are still true of the files on disk."""

import re
import shlex
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

from askdocs.corpus.read import read_source
from askdocs.corpus.walk import source_path
from askdocs.disk import access
from askdocs.errors import UnreadableSourceError, UsageError
from askdocs.records.blocks import paragraph_spans
from askdocs.records.manifest import CorpusSettings
from askdocs.records.results import Citation, CitationStatus, CitedText, Place
from askdocs.records.spans import Document, Passage, Range, Span, overlap
from askdocs.text.decode import decode, line_of
from askdocs.text.formats import format_of

_CITATION = re.compile(
    r"(?P<path>.+)#p(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?(?::(?P<start>\d{1,12})-(?P<end>\d{1,12}))?",
    re.DOTALL | re.ASCII,
)
_WORD = re.compile(r"\S+")
_PAGE = re.compile(r"(?P<path>.+)#page=(?P<page>[1-9]\d{0,8})", re.DOTALL | re.ASCII)
# A question waits for the parser of each cited file that has changed.
_PARSE_SECONDS = 10.0
# Of a format whose text is extracted.
_NO_LINES = (1, 1)
_HINT = "a citation looks like seeds/a.txt#p9, seeds/a.txt#p9-10 or seeds/a.txt#p9:0-120"


class CurrentFile:
    """A document of the corpus as it is now: its digest, and its text and blocks when needed."""

    def __init__(self, path: str, content: bytes, corpus: CorpusSettings) -> None:
        self.path = path
        self.sha256 = access.digest(content)
        self._content = content
        self._corpus = corpus

    def is_checkout_of(self, sha256: str) -> bool:
        """Return True if it is the file with this digest, with its own or with git's line ends."""
        if sha256 == self.sha256:
            return True
        lines = self._content.replace(b"\r\n", b"\n")
        return sha256 in {access.digest(lines), access.digest(lines.replace(b"\n", b"\r\n"))}

    @cached_property
    def text(self) -> str | None:
        """Its text; None if its format has no text of its own, or it cannot be decoded.

        Limits are for cutting; to prove a citation only the text is compared.
        """
        if not format_of(self.path).is_text:
            return None
        try:
            return decode(self._content, fallback=self._corpus.encoding)[0]
        except UnreadableSourceError:
            return None

    @cached_property
    def document(self) -> Document | None:
        """Its text and blocks; None if it cannot be decoded or parsed."""
        format_ = format_of(self.path)
        source = self.text if format_.is_text else self._content
        if source is None:
            return None
        # Only a file that has changed is parsed.
        from askdocs.text.parsers import ParseLimits, Parsers

        try:
            with Parsers(ParseLimits(seconds=_PARSE_SECONDS)) as parsers:
                parsed = parsers.parse(format_, source)
        except UnreadableSourceError:
            return None
        spans = tuple(paragraph_spans(parsed))
        return Document(path=self.path, text=parsed.text, paragraphs=spans)


class Sources:
    """The files of a corpus as they are now, each read at most once."""

    def __init__(self, base: Path, corpus: CorpusSettings) -> None:
        """Read nothing yet; paths are relative to `base`, `corpus` has the limit and encoding."""
        self._base = base
        self._corpus = corpus
        self.file = lru_cache(maxsize=256)(self._file)

    def _file(self, path: str) -> CurrentFile | None:
        """Return a document as it is now; None if it cannot be read."""
        try:
            content = read_source(
                source_path(self._base, path),
                max_bytes=self._corpus.max_bytes,
                follow_links=path in self._corpus.roots,
            )
        except UnreadableSourceError:
            return None
        return CurrentFile(path, content, self._corpus)


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


def parse_page(text: str) -> tuple[str, int] | None:
    """Parse `path#page=N`, as links have it: the path and the page; None for other texts."""
    match = _PAGE.fullmatch(text)
    return None if match is None else (match["path"], int(match["page"]))


def place_of_page(page: int, document: Document, passages: Sequence[Passage]) -> Place:
    """Return the place of the passages of a document that touch a page.

    Raises:
        UsageError: There are none.
    """
    ranges = [passage.pages for passage in passages if passage.pages is not None]
    if not ranges:
        hint = f"askdocs show {shlex.quote(f'{document.path}#p1')}"
        raise UsageError(f"{document.path} has no pages", hint=hint)
    touching = [
        passage.chars
        for passage in passages
        if passage.pages is not None and passage.pages[0] <= page <= passage.pages[1]
    ]
    if not touching:
        nearest = min((end for pages in ranges for end in pages), key=lambda at: abs(at - page))
        hint = f"askdocs show {shlex.quote(f'{document.path}#page={nearest}')}"
        raise UsageError(f"{document.path} has no text on page {page}", hint=hint)
    return place_of_span(document, (touching[0][0], touching[-1][1]))


def place_of_passage(path: str, passage: Passage) -> Place:
    """Return the place of a passage when it was indexed."""
    citation = Citation(path=path, paragraphs=passage.paragraphs, offsets=passage.offsets)
    lines = passage.lines if format_of(path).is_text else _NO_LINES
    return Place(citation=citation, chars=passage.chars, lines=lines)


def place_of_span(document: Document, chars: Span) -> Place:
    """Return the place of a span, which must touch a block, in a document."""
    start, end = chars
    starts = [first for first, _ in document.paragraphs]
    first = max(1, bisect_right(starts, start))
    last = max(1, bisect_right(starts, end - 1))
    origin = starts[first - 1]
    whole = chars == (origin, document.paragraphs[last - 1][1])
    return Place(
        citation=Citation(
            path=document.path,
            paragraphs=(first, last),
            offsets=None if whole else (start - origin, end - origin),
        ),
        chars=chars,
        lines=_lines_of(document, chars),
    )


def _lines_of(document: Document, chars: Span) -> Range:
    if not format_of(document.path).is_text:
        return _NO_LINES
    start, end = chars
    return line_of(document.text, start), line_of(document.text, end - 1)


def begins_at(text: str, offset: int) -> tuple[int, int]:
    """Return the line of a character and its first byte in that line, both from 1.

    Bytes are counted in UTF-8, without a byte order mark, as editors do for any encoding.
    """
    start = max(text.rfind("\n", 0, offset) + 1, int(text.startswith("\ufeff")))
    return line_of(text, offset), len(text[start:offset].encode()) + 1


def resolve(citation: Citation, document: Document) -> Place:
    """Return the place that a citation names in a document.

    Raises:
        UsageError: The document has no such blocks or characters, or they are hidden or metadata.
    """
    first, last = citation.paragraphs
    if not document.paragraphs:
        raise UsageError(f"{document.path} has no paragraphs", hint="askdocs status --documents")
    if last > len(document.paragraphs):
        raise UsageError(
            f"{document.path} has no paragraph {last}, the last one is {len(document.paragraphs)}",
            hint=f"askdocs show {shlex.quote(f'{document.path}#p1')}",
        )
    for number in range(first, last + 1):
        start, end = document.paragraphs[number - 1]
        if start == end:
            message = f"paragraph {number} of {document.path} is metadata or hidden, and not shown"
            raise UsageError(message, hint="open the file itself")
    start, end = document.paragraphs[first - 1][0], document.paragraphs[last - 1][1]
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


def verify(text: str, indexed: Place, sha256: str, file: CurrentFile | None) -> CitedText:
    """Prove that an indexed text still stands in its file, or find where it stands now.

    White space and line ends may differ: a file may be checked out with other line ends, and
    a paragraph refilled.

    Args:
        text: The indexed text.
        indexed: Its place when it was indexed.
        sha256: The digest of the file that was indexed.
        file: The file as it is now; None if there is no such file.

    Returns:
        The text as the file has it, with status verified (at the same place), moved (elsewhere in
        the file; the nearest place) or gone; then it is the indexed text.
    """
    if file is not None and file.sha256 == sha256:
        return CitedText(place=indexed, text=text, status=CitationStatus.VERIFIED)
    chars = _nearest(text, indexed.chars[0], file)
    document = file.document if file is not None and chars is not None else None
    if document is None or chars is None or not _is_read(document, chars):
        return CitedText(place=indexed, text=text, status=CitationStatus.GONE)
    place = place_of_span(document, chars)
    now = document.text[slice(*chars)]
    if (place.citation, place.lines) == (indexed.citation, indexed.lines):
        return CitedText(place=place, text=now, status=CitationStatus.VERIFIED)
    return CitedText(place=place, text=now, status=CitationStatus.MOVED, indexed=indexed)


def _is_read(document: Document, chars: Span) -> bool:
    """Return True if a span touches a block that is neither hidden nor metadata."""
    return any(overlap(chars, paragraph) for paragraph in document.paragraphs)


def _nearest(text: str, origin: int, file: CurrentFile | None) -> Span | None:
    """Return where the words of a text stand in a file, nearest to a character."""
    content = None if file is None else file.text
    if content is None and file is not None and file.document is not None:
        content = file.document.text
    if content is None:
        return None
    if content.startswith(text, origin):
        return origin, origin + len(text)
    # Strings are searched in linear time, however often a text nearly occurs; patterns are not.
    words, searched = " ".join(content.split()), " ".join(text.split())
    # What begins at or before the character begins in these words.
    end = len(" ".join(content[: origin + 1].split()))
    starts = words.rfind(searched, 0, end - 1 + len(searched)), words.find(searched, end)
    spans = [
        (_place_of(content, words, start), _place_of(content, words, start + len(searched) - 1) + 1)
        for start in starts
        if start >= 0
    ]
    return min(spans, key=lambda span: abs(span[0] - origin), default=None)


def _place_of(content: str, words: str, offset: int) -> int:
    """Return where a character of a text's words, joined by single spaces, stands in the text."""
    number, start = words.count(" ", 0, offset), words.rfind(" ", 0, offset) + 1
    word = next(islice(_WORD.finditer(content), number, None))
    return word.start() + offset - start


def span_of_part(whole: str, part: Span, now: str) -> Span:
    """Return where a part of an indexed text stands in the same words with other white space."""
    if whole == now:
        return part
    before, words = len("".join(whole[: part[0]].split())), whole[slice(*part)].split()
    places = [at for at, character in enumerate(now) if not character.isspace()]
    return places[before], places[before + len("".join(words)) - 1] + 1
