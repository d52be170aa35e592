"""Read PDF: lines of text from PDFium, page by page, which `layout` makes into blocks.

Nothing in a file is run or followed: no form, script, attachment or link.
"""

import logging
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from ctypes import c_double, c_int, c_ushort, create_string_buffer
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from askdocs.errors import UnreadableSourceError
from askdocs.records.blocks import ParsedText
from askdocs.text.layout.drafts import blocks_of
from askdocs.text.layout.lines import Cell, Line, Page

# It warns of bookmarks that lead in a circle or too deep; it leaves them out, and so may we.
logging.getLogger("pypdfium2").setLevel(logging.ERROR)

# PDFium marks a hyphen at the end of a line with U+FFFE, and leaves out the line break after it.
_LINE = re.compile(r"[^\r\n\ufffe]+\ufffe?")
_WORD = re.compile(r"\S+")
# Dots that lead to a page number or a price; an ellipsis has at most four.
_LEADERS = re.compile(r"(?:[.·]\s?){5}")
_WORD_OR_LEADERS = re.compile(r"(?P<dots>(?:[.·]\s?){5,})|\S+?(?=[.·]{5}|\s|$)")
_BOLD = re.compile(r"bold|black|heavy|demi|medi$|cmbx|cmssbx|sfbx|ecbx", re.IGNORECASE)
_TYPEWRITER = re.compile(
    r"mono|courier|consolas|lucidaconsole|typewriter|menlo|cmtt|cmsltt|sftt|ectt|lmtt",
    re.IGNORECASE,
)
_IS_FIXED_PITCH = 1  # a flag of a font descriptor
# Words further apart, in ems, stand in two cells or columns; justified text seldom has such spaces.
_CELL_GAP = 1.1
_LARGEST_SIZE = 10_000.0
_FILE_NAME = re.compile(r"^(microsoft |untitled)|\.(docx?|dvi|indd|pdf|pptx?|tex)$", re.IGNORECASE)
_REASONS = {
    pdfium_c.FPDF_ERR_FORMAT: "damaged, or not a PDF",
    pdfium_c.FPDF_ERR_PASSWORD: "needs a password",
    pdfium_c.FPDF_ERR_SECURITY: "encrypted in a way that PDFium does not know",
}


def read(content: bytes) -> ParsedText:
    """Read a PDF that has a text layer.

    Running heads, page numbers and text that is turned against the rest of its page are left out,
    and so are pages that PDFium cannot load.

    Raises:
        UnreadableSourceError: It has no text layer, needs a password, or is damaged.
    """
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        reason = _REASONS.get(error.err_code, "PDFium cannot read it")
        raise UnreadableSourceError(reason, skipped=False) from None
    try:
        parsed = blocks_of(_pages(document), _context(document))
    finally:
        document.close()
    if not parsed.blocks:
        raise UnreadableSourceError("no text layer", skipped=True)
    return parsed


def _context(document: pdfium.PdfDocument) -> tuple[str, ...]:
    """Return title, subject and keywords; many programs write a file's name for a title."""
    values = (document.get_metadata_value(key) for key in ("Title", "Subject", "Keywords"))
    clean = (" ".join(value.split()) for value in values)
    return tuple(value for value in clean if value and not _FILE_NAME.search(value))


def _pages(document: pdfium.PdfDocument) -> Iterator[Page]:
    bookmarks = _bookmarks(document)
    for index in range(len(document)):
        try:
            page = document[index]
        except pdfium.PdfiumError:
            continue
        text_page = page.get_textpage()
        yield _TextPage(page, text_page).read(index + 1, bookmarks.get(index, ()))
        text_page.close()
        page.close()


def _bookmarks(document: pdfium.PdfDocument) -> dict[int, list[tuple[int, str]]]:
    """Return the levels, from 1, and titles of the bookmarks of each page, by its index."""
    pages: dict[int, list[tuple[int, str]]] = {}
    for bookmark in document.get_toc():
        target = bookmark.get_dest()
        index = None if target is None else target.get_index()
        if index is not None:
            pages.setdefault(index, []).append((bookmark.level + 1, bookmark.get_title()))
    return pages


class _Word(NamedTuple):
    text: str
    start: int
    end: int


class _Type(NamedTuple):
    """What a character is set in; `turn` counts quarter turns to the left, and is -1 if aslant."""

    size: float
    is_bold: bool
    is_code: bool
    turn: int


class _TextPage:
    """The text of a page, with what PDFium tells of its characters.

    A call takes a microsecond or two, so only the ends of words and three characters of a line are
    asked for: boxes of all characters take longer than PDFium needs to read the page.
    """

    def __init__(self, page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> None:
        self._raw = text_page.raw
        self._edges = page.get_bbox()
        self._rotation = page.get_rotation() // 90
        self._numbers = tuple(c_double() for _ in range(4))
        self._matrix = pdfium_c.FS_MATRIX()
        self._name, self._flags = create_string_buffer(256), c_int()
        count = pdfium_c.FPDFText_CountChars(self._raw)
        units = (c_ushort * (count + 1))()
        length = pdfium_c.FPDFText_GetText(self._raw, 0, count, units)
        self._text = bytes(units)[: 2 * max(length - 1, 0)].decode("utf-16-le", "replace")
        # A character without Unicode has no place in the text; it counts as a character.
        self._is_shifted = len(self._text) != count

    def read(self, number: int, bookmarks: Sequence[tuple[int, str]]) -> Page:
        """Return the lines that run in the direction of most of the page's text."""
        found = []
        lengths: Counter[int] = Counter()
        for match in _LINE.finditer(self._text):
            words = self._words(*match.span())
            if words:
                line_type = self._line_type(words)
                found.append((words, line_type))
                lengths[line_type.turn] += match.end() - match.start()
        turn = max(lengths, key=lengths.__getitem__, default=0)
        left, bottom, right, top = self._edges
        width, height = right - left, top - bottom
        if turn % 2:
            width, height = height, width
        lines = (
            line
            for words, line_type in found
            if line_type.turn == turn >= 0
            for line in self._lines(words, line_type, turn)
        )
        return Page(
            number=number,
            height=height,
            lines=[line for line in lines if _is_on(line, width, height)],
            bookmarks=bookmarks,
            has_boxes=turn == self._rotation,
        )

    def _words(self, start: int, end: int) -> list[_Word]:
        """Return the words of a line, without leaders, and where they stand in the text."""
        if _LEADERS.search(self._text, start, end):
            words = _WORD_OR_LEADERS.finditer(self._text, start, end)
            return [_Word(word[0], *word.span()) for word in words if not word["dots"]]
        return [_Word(word[0], *word.span()) for word in _WORD.finditer(self._text, start, end)]

    def _line_type(self, words: list[_Word]) -> _Type:
        """Return the type of most of a line, from three of its words."""
        count = len(words)
        middles = {
            (start + end) // 2 for _, start, end in (words[count * k // 4] for k in (1, 2, 3))
        }
        types = [self._type(self._index(position)) for position in sorted(middles)]
        size, _ = Counter(each.size for each in types).most_common(1)[0]
        return _Type(
            size,
            all(each.is_bold for each in types),
            all(each.is_code for each in types),
            types[0].turn,
        )

    def _type(self, index: int) -> _Type:
        matrix = self._matrix
        pdfium_c.FPDFText_GetMatrix(self._raw, index, matrix)
        size = math.hypot(matrix.c, matrix.d) * pdfium_c.FPDFText_GetFontSize(self._raw, index)
        pdfium_c.FPDFText_GetFontInfo(self._raw, index, self._name, len(self._name), self._flags)
        is_bold, is_code = _face(self._name.value, self._flags.value)
        # A damaged file may have any number there, and even what is not one.
        size = round(min(max(0.1, abs(size)), _LARGEST_SIZE), 1)
        return _Type(size, is_bold, is_code, _turn(matrix.a, matrix.b))

    def _lines(self, words: list[_Word], line_type: _Type, turn: int) -> Iterator[Line]:
        """Yield the lines of what PDFium takes for one: it misses some breaks before numbers."""
        starts = [self._origin(word.start, turn) for word in words]
        first = 0
        for index, ((before_x, before_y), (x, y)) in enumerate(pairwise(starts), start=1):
            if x < before_x and abs(y - before_y) > 0.6 * line_type.size:
                yield self._line(words[first:index], starts[first:index], line_type, turn)
                first = index
        yield self._line(words[first:], starts[first:], line_type, turn)

    def _line(
        self, words: list[_Word], starts: list[tuple[float, float]], line_type: _Type, turn: int
    ) -> Line:
        heights = sorted(y for _, y in starts)
        left = self._sides(words[0].start, turn)[0]
        return Line(
            cells=self._cells(words, [left, *(x for x, _ in starts[1:])], line_type.size, turn),
            baseline=heights[len(heights) // 2],
            size=line_type.size,
            is_bold=line_type.is_bold,
            is_code=line_type.is_code,
            first_width=self._sides(words[0].end - 1, turn)[1] - left,
        )

    def _cells(
        self, words: list[_Word], starts: list[float], size: float, turn: int
    ) -> tuple[Cell, ...]:
        cells: list[Cell] = []
        gap = _CELL_GAP * size
        texts, left = [words[0].text], starts[0]
        for (before, word), start in zip(pairwise(words), starts[1:], strict=True):
            # A letter and a space are narrower than a gap, so the box is seldom needed.
            if start - self._origin(before.end - 1, turn)[0] > gap:
                end = self._sides(before.end - 1, turn)[1]
                if start - end > gap:
                    cells.append(_cell(texts, left, end))
                    texts, left = [], start
            texts.append(word.text)
        return (*cells, _cell(texts, left, self._sides(words[-1].end - 1, turn)[1]))

    def _sides(self, position: int, turn: int) -> tuple[float, float]:
        """Return the left and the right side of a character."""
        left, right, bottom, top = self._numbers
        pdfium_c.FPDFText_GetCharBox(self._raw, self._index(position), left, right, bottom, top)
        first, _ = self._upright(left.value, bottom.value, turn)
        last, _ = self._upright(right.value, top.value, turn)
        return (first, last) if first < last else (last, first)

    def _origin(self, position: int, turn: int) -> tuple[float, float]:
        """Return where a character stands on its baseline."""
        x, y, *_ = self._numbers
        pdfium_c.FPDFText_GetCharOrigin(self._raw, self._index(position), x, y)
        return self._upright(x.value, y.value, turn)

    def _upright(self, x: float, y: float, turn: int) -> tuple[float, float]:
        """Return where a point is, from the lower left, if the text is held upright."""
        left, bottom, right, top = self._edges
        if turn == 0:
            return x - left, y - bottom
        if turn == 1:
            return y - bottom, right - x
        return (right - x, top - y) if turn == 2 else (top - y, x - left)  # noqa: PLR2004

    def _index(self, position: int) -> int:
        """Return PDFium's number of a character of the text."""
        if not self._is_shifted:
            return position
        return int(pdfium_c.FPDFText_GetCharIndexFromTextIndex(self._raw, position))


def _is_on(line: Line, width: float, height: float) -> bool:
    """Return True if a line is on the page: what its edges cut off is not for readers."""
    return (
        0 < line.baseline + line.size / 2 < height
        and -width < line.left < width
        and 0 < line.right < 2 * width
    )


def _cell(texts: list[str], left: float, right: float) -> Cell:
    """Return a cell; the words of Arabic or Hebrew begin at the right."""
    return Cell(" ".join(texts), min(left, right), max(left, right))


@cache
def _face(name: bytes, flags: int) -> tuple[bool, bool]:
    """Return whether a font is bold, and whether it is a typewriter's."""
    text = name.decode("latin-1")
    return bool(_BOLD.search(text)), bool(flags & _IS_FIXED_PITCH or _TYPEWRITER.search(text))


def _turn(a: float, b: float) -> int:
    """Return the direction of text, by the first half of its matrix, in quarter turns."""
    if b == 0 < a:
        return 0
    if not math.isfinite(a + b):
        return -1
    quarters = math.atan2(b, a) / (math.pi / 2)
    return round(quarters) % 4 if abs(quarters - round(quarters)) < 0.1 else -1  # noqa: PLR2004
