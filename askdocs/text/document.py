"""Decode bytes, and find the paragraphs, headings and fenced blocks of a text."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from askdocs.errors import UnreadableSourceError
from askdocs.records.spans import Document, Paragraph, Span

# UTF-32's little-endian mark begins with UTF-16's, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
RULED_ENCODINGS = frozenset(name for _, name in _MARKS)
"""The codecs that are used without a fallback."""

NOT_UTF8 = "not UTF-8"
"""The reason of a file whose encoding the user has to name."""

NOT_UTF8_HINT = "askdocs index --encoding NAME, where NAME is, say, latin-1"
"""The hint for such a file."""

_BYTE_ORDER_MARK = "\ufeff"
_NOT_BLANK = re.compile(r"\S")
_HARD_WRAP = range(50, 101)
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]{0,3}$")


def decode(content: bytes, *, fallback: str = "") -> tuple[str, str]:
    """Decode a file's bytes by one stated rule, with nothing removed.

    A byte order mark decides; without one, a file with NUL bytes is binary, as for git and grep
    (UTF-16 without a mark would pass for UTF-8); otherwise it is strict UTF-8, otherwise of the
    fallback. A mark stays in the text as character 0.

    Args:
        content: The whole file.
        fallback: The codec for what is not UTF-8; empty for none.

    Returns:
        The text, and the name of the codec that decoded it.

    Raises:
        UnreadableSourceError: The file is binary, or its encoding is not known.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    if encoding:
        return _decode_strictly(content, encoding), encoding
    if b"\0" in content:
        raise UnreadableSourceError("binary", skipped=True)
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if not fallback:
            raise UnreadableSourceError(NOT_UTF8, skipped=False) from error
    return _decode_strictly(content, fallback), fallback


def long_line(text: str, limit: int) -> int | None:
    """Return the number, from 1, of the first line with more characters than a limit, or None.

    Reads few characters: it looks for the last line end in each stretch as long as the limit.
    """
    start = 0
    while start + limit < len(text):
        end = text.rfind("\n", start, start + limit + 1)
        if end < 0:
            return line_of(text, start)
        start = end + 1
    return None


def is_codec(name: str) -> bool:
    """Return True if a codec of this name decodes bytes to text."""
    try:
        b"    ".decode(name)
    except (LookupError, ValueError) as error:
        return isinstance(error, UnicodeDecodeError)
    return True


def is_encodable(text: str) -> bool:
    """Return True if UTF-8 can encode a text: lone surrogates are not characters."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def read_document(path: str, text: str) -> Document:
    """Number the paragraphs of a decoded text."""
    return Document(path=path, text=text, paragraphs=tuple(number_paragraphs(text)))


def number_paragraphs(text: str) -> Iterator[Paragraph]:
    r"""Cut a text into the paragraphs that a reader sees.

    Blank lines (empty or white space only) separate paragraphs. Where no blank line stands between
    two lines of text, each line is a paragraph, unless the file is hard-wrapped: most lines are
    50 to 100 characters long and do not end a sentence.

    Lines end at `\n` only, so that their numbers agree with every other tool's.

    Yields:
        Paragraphs in order, numbered from 1; every character that is not white space is in one.
    """
    lines_stand_alone = _is_list_of_lines(text)
    number = first_line = last_line = start = end = 0
    for line, line_start, line_end in _text_lines(text):
        if number == 0 or lines_stand_alone or line != last_line + 1:
            if number:
                yield Paragraph(number=number, chars=(start, end), lines=(first_line, last_line))
            number, first_line, start = number + 1, line, line_start
        last_line, end = line, line_end
    if number:
        yield Paragraph(number=number, chars=(start, end), lines=(first_line, last_line))


def line_of(text: str, offset: int) -> int:
    """Return the number, from 1, of the line of a character."""
    return text.count("\n", 0, offset) + 1


def _decode_strictly(content: bytes, encoding: str) -> str:
    if not is_codec(encoding):
        raise UnreadableSourceError(f"unknown encoding {encoding}", skipped=False)
    try:
        text = content.decode(encoding)
        text.encode()  # lone surrogates are not characters
    except UnicodeError as error:
        raise UnreadableSourceError(f"not {encoding.upper()}", skipped=False) from error
    return text


def _text_lines(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield the lines that hold text: number from 1, and span without surrounding white space.

    One at a time: the lines of a large file take more memory than its text.
    """
    number, line_end = 1, 0
    end = int(text.startswith(_BYTE_ORDER_MARK))
    while match := _NOT_BLANK.search(text, end):
        start = match.start()
        number += text.count("\n", line_end, start)
        line_end = text.find("\n", start)
        if line_end < 0:
            line_end = len(text)
        yield number, start, start + len(text[start:line_end].rstrip())
        end = line_end


def _is_list_of_lines(text: str) -> bool:
    """Return True if no blank line separates lines of text, and they are not hard-wrapped."""
    count = broken = first_line = 0
    for number, start, end in _text_lines(text):
        first_line = first_line or number
        if number != first_line + count:
            return False
        count += 1
        is_wrapped = end - start in _HARD_WRAP
        broken += is_wrapped and not _SENTENCE_END.search(text[end - 4 : end])
    return broken * 2 <= count


_SUFFIXES = (".md", ".markdown")
_HEADING = re.compile(r" {0,3}(?P<level>#{1,6})[ \t]+(?P<text>\S.*)")
# A search that starts within white space would read the rest of it again for each character.
_CLOSING_MARKS = re.compile(r"(?<![ \t])[ \t]+#+$")
# Every passage below a heading repeats it: a longer one would be written thousands of times.
_LONGEST_HEADING = 300
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}(?=[^`]*$)|~{3,})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading of a document.

    Attributes:
        chars: Span of its line in the document's text, without the white space around it.
        path: The headings above it and itself, outermost first, without their marks; of a long
            one, its beginning.
    """

    chars: Span
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The structure of a Markdown document beside its paragraphs; empty for other documents.

    Attributes:
        headings: In order.
        fences: Spans of fenced blocks in order, their marks included; an open one ends with the
            document.
    """

    headings: tuple[Heading, ...] = ()
    fences: tuple[Span, ...] = ()


def find_structure(document: Document) -> Structure:
    """Find the headings (written with `#`) and fenced blocks of a document with a Markdown name.

    Source:
        CommonMark 0.31.2, sections 4.2 and 4.5.
    """
    if not document.path.lower().endswith(_SUFFIXES):
        return Structure()
    headings: list[Heading] = []
    fences: list[Span] = []
    levels: list[tuple[int, str]] = []
    opened: tuple[int, str] | None = None
    for start, line in _lines(document.text):
        fence = _FENCE.match(line)
        if opened is not None:
            if fence and _closes(line, fence["mark"], opened[1]):
                fences.append((opened[0], start + len(line)))
                opened = None
        elif fence:
            opened = (start, fence["mark"])
        elif heading := _HEADING.match(line):
            level = len(heading["level"])
            text = _shortened(_CLOSING_MARKS.sub("", heading["text"].rstrip()))
            levels = [*(outer for outer in levels if outer[0] < level), (level, text)]
            path = tuple(name for _, name in levels)
            first = start + heading.start("level")
            headings.append(Heading(chars=(first, start + len(line.rstrip())), path=path))
    if opened is not None:
        fences.append((opened[0], len(document.text)))
    return Structure(headings=tuple(headings), fences=tuple(fences))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_HEADING else f"{text[: _LONGEST_HEADING - 1]}…"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        yield start, line.removesuffix("\r")
        start += len(line) + 1


def _closes(line: str, mark: str, opening: str) -> bool:
    """Return True if a line has at least as many of the same mark, and nothing else."""
    return mark[0] == opening[0] and len(mark) >= len(opening) and line.strip() == mark
