"""Lines of type: their text, and those that every page repeats."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

HYPHEN = "\ufffe"
"""A hyphen that the end of the line called for; PDFium's mark."""

SENTENCE_END = re.compile(r"[.!?:;。\uff01\uff1f][\"'”’»)\]]*$")
"""Where a sentence, or what introduces a list or code, ends."""

_LIGATURES = dict(zip(range(0xFB00, 0xFB07), "ff fi fl ffi ffl st st".split(), strict=True))
_INVISIBLE = dict.fromkeys((*range(9), *range(14, 32), 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
# Bullets of symbol fonts, which have no Unicode.
_BULLETS = dict.fromkeys((0xF076, 0xF0A7, 0xF0A8, 0xF0B7, 0xF0D8, 0xF0FC), "•")
_CLEAN = _INVISIBLE | _LIGATURES | _BULLETS | {0xAD: None}
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")

_PAGE_NUMBER = re.compile(
    r"\W*(page\s+)?(\d+|[ivxlc]+)(\s*(of|/|von|de|sur)\s*\d+)?\W*", re.IGNORECASE
)
_NUMBERS = re.compile(r"[0-9]+|\b[ivxlc]+\b")
_LONE = "page number"
_Mark = tuple[str, int]
_MARGIN = 0.15  # of a page's height: where running heads stand
_EDGE_LINES = 5
_NEIGHBOURS = 4  # pages looked at on either side; left and right pages may have different heads


class Cell(NamedTuple):
    """Words that stand together on a line; its sides are in points from the left of the page."""

    text: str
    left: float
    right: float


class Line(NamedTuple):
    """A line of type.

    Attributes:
        cells: From left to right, at least one; several where wide gaps part its words.
        baseline: In points from the bottom of the page.
        size: Of most of its type, in points.
        is_bold: All of it is bold.
        is_code: All of it is in a typewriter face.
        first_width: Of its first word, in points.
    """

    cells: tuple[Cell, ...]
    baseline: float
    size: float
    is_bold: bool = False
    is_code: bool = False
    first_width: float = 0.0

    @property
    def text(self) -> str:
        """Return its words."""
        return " ".join(cell.text for cell in self.cells)

    @property
    def left(self) -> float:
        """Return its left side."""
        return self.cells[0].left

    @property
    def right(self) -> float:
        """Return its right side."""
        return self.cells[-1].right


class Page(NamedTuple):
    """The lines of a page, in the order of the file.

    Attributes:
        number: From 1.
        height: In points.
        lines: Those that run from left to right.
        bookmarks: Levels, from 1, and titles of the bookmarks that lead here.
        has_boxes: False if coordinates are not those of the page as it is displayed.
    """

    number: int
    height: float
    lines: list[Line]
    bookmarks: Sequence[tuple[int, str]] = ()
    has_boxes: bool = True


def cleaned(text: str) -> str:
    """Return a text without ligatures and characters that nobody sees, with single spaces."""
    clean = " ".join(text.translate(_CLEAN).split())
    return clean + HYPHEN if text.endswith("\xad") else clean


def joined(lines: Iterable[str]) -> str:
    """Return lines as one text: a hyphen that only broke a word is dropped.

    It stays before a capital or a digit, as in "X-Ray".
    """
    parts: list[str] = []
    for line in filter(None, lines):
        if parts:
            parts[-1] = _before(parts[-1], line)
        parts.append(line)
    return "".join(parts)


def _before(line: str, following: str) -> str:
    """Return a line with what parts it from the following one."""
    if line.endswith((HYPHEN, "-")) and line[-2:-1].isalnum():
        return line[:-1] if following[0].islower() else f"{line[:-1]}-"
    is_cjk = _CJK.match(line[-1]) and _CJK.match(following)
    return line if is_cjk else f"{line} "


def without_running_heads(pages: Iterable[Page]) -> Iterator[Page]:
    """Yield the pages without page numbers and running heads and feet.

    A line in the margin is one if a few pages nearby have the same there, digits aside, or have a
    number there that grows with the page. Only so many pages are held at a time.
    """
    iterator = iter(pages)
    window: deque[tuple[Page, list[set[_Mark]]]] = deque(maxlen=2 * _NEIGHBOURS + 1)
    window.extend((page, _marks(page)) for page in islice(iterator, _NEIGHBOURS + 1))
    position = 0
    while position < len(window):
        yield _body(window, position)
        following = next(iterator, None)
        is_full = len(window) == window.maxlen
        if following is not None:
            window.append((following, _marks(following)))
        position += not (is_full and following is not None)


def _marks(page: Page) -> list[set[_Mark]]:
    """Return for each line by which marks, with their height, other pages may have it too."""
    edges = _edge_lines(page)
    return [
        _marks_of(line, page) if index in edges else set() for index, line in enumerate(page.lines)
    ]


def _edge_lines(page: Page) -> set[int]:
    heights = sorted((line.baseline, index) for index, line in enumerate(page.lines))
    top, bottom = page.height * (1 - _MARGIN), page.height * _MARGIN
    feet = {index for height, index in heights[:_EDGE_LINES] if height < bottom}
    return feet | {index for height, index in heights[-_EDGE_LINES:] if height > top}


def _marks_of(line: Line, page: Page) -> set[_Mark]:
    text = line.text
    height = round(line.baseline / 4)
    numbers = re.findall(r"\d{1,6}", text)[:5]
    marks = {f"number {int(number) - page.number}" for number in numbers}
    marks.add(f"text {_NUMBERS.sub('', text)}")
    is_outermost = all(other.baseline >= line.baseline for other in page.lines) or all(
        other.baseline <= line.baseline for other in page.lines
    )
    if is_outermost and _PAGE_NUMBER.fullmatch(text):
        marks.add(_LONE)
    return {(mark, height) for mark in marks}


def _body(window: Sequence[tuple[Page, list[set[_Mark]]]], position: int) -> Page:
    page, marks = window[position]
    others = [set[_Mark]().union(*each) for at, (_, each) in enumerate(window) if at != position]
    lines = [
        line
        for line, of_line in zip(page.lines, marks, strict=True)
        if not any(_is_repeated(mark, others) for mark in of_line)
    ]
    return page._replace(lines=lines)


def _is_repeated(mark: _Mark, others: list[set[_Mark]]) -> bool:
    name, height = mark
    if name == _LONE:
        return True
    count = sum(
        any((name, near) in seen for near in (height - 1, height, height + 1)) for seen in others
    )
    return count >= (2 if name.startswith("number") else min(3, max(2, len(others))))
