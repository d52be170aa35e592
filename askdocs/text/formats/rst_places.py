"""Find where the text of a docutils node stands in its source.

docutils gives a line, nearly always the right one, and the text as it was written, without its
indentation. The rest is found by comparing lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from docutils import nodes

from askdocs.records.blocks import Piece
from askdocs.text.pieces import seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from askdocs.records.spans import Span
    from askdocs.text.formats.rst_markup import Node

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# docutils ends lines at these too; as spaces they keep lines and places the same.
_OTHER_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
_TAB_WIDTH = 8
_NEAR = (0, -1, 1, -2, 2, -3, 3)
# Further lines that are looked at for a text whose line is not known, or wrong.
_FAR = 300
# As far as a short text is looked for, which may stand anywhere.
_NEAR_LINES = 20
_SHORT = 20
_BEFORE_HEADER = re.compile(r"\s*:header:")
_BETWEEN_CELLS = re.compile(r"(?:[\s|,;\"*+=-]|\.\.\s)*")
_ROLE = re.compile(r":(?:[\w.+-]{1,50}:){0,3}[\w.+-]{1,50}:(?=`)")
# A gap that does not read as it is written.
_GAP = re.compile(r"\s\s+|[^\S ]")
_SPACE = re.compile(r"\s+")
_MARKS = "\\`*|_<>\n "


class Found(NamedTuple):
    """A text in the source: its lines from 0, and the place of each character and of its end."""

    first: int
    last: int
    places: list[int]


class Text(NamedTuple):
    """What a reader sees of nodes, and its first and last line from 0."""

    first: int
    last: int
    pieces: list[Piece]


class Source:
    """A text by lines, and how far it is read.

    Attributes:
        text: The whole.
        normal: The same for docutils, with a character for each.
        lines: The span of each line, without its end.
        position: What is before this character belongs to blocks already.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.normal = re.sub("^\ufeff", " ", _OTHER_LINE_ENDS.sub(" ", text))
        self.lines: list[Span] = []
        start = 0
        for match in _LINE.finditer(self.normal):
            self.lines.append((start, start + len(match[0].rstrip())))
            start = match.end()
        self._starts = [start for start, _ in self.lines]
        self._read = [self.normal[a:b].expandtabs(_TAB_WIDTH) for a, b in self.lines]
        self.position = 0

    def line_of(self, position: int) -> int:
        """Return the number, from 0, of the line of a character."""
        return bisect_right(self._starts, position) - 1

    def line(self, number: int) -> str:
        """Return a line without the white space around it."""
        return self._read[number].strip() if 0 <= number < len(self._read) else ""

    def without_space(self, start: int, end: int) -> Span:
        """Return a span without the white space around it."""
        text = self.normal[start:end]
        return start + len(text) - len(text.lstrip()), start + len(text.rstrip())

    def runs_of_lines(self, start: int, end: int) -> Iterator[Span]:
        """Yield the spans of the lines between two characters that blank lines separate."""
        run: Span | None = None
        for number in range(max(self.line_of(start), 0), len(self.lines)):
            line_start, line_end = self.lines[number]
            if line_start >= end:
                break
            chars = self.without_space(max(line_start, start), min(line_end, end))
            if chars[0] < chars[1]:
                run = (run[0] if run else chars[0], chars[1])
            elif run:
                yield run
                run = None
        if run:
            yield run

    def text_of(self, node: Node) -> Text | None:
        """Return what a reader sees of a node with inline markup; None if it is not found."""
        raw = node.rawsource or node.astext()
        found = self.find(raw, node.line)
        if found is None:
            return self._rough_text(node)
        pieces = _text_pieces(node.children, raw, found.places)
        return Text(found.first, found.last, pieces) if pieces else None

    def code(self, node: Node) -> Text | None:
        """Return code as it is written, without its indentation; None if it is not found."""
        raw = node.rawsource or node.astext()
        found = self.find(raw, node.line)
        if found is None:
            return self._rough_text(node)
        return Text(found.first, found.last, _line_pieces(raw, found.places))

    def name_of_field(self, node: Node, line: int) -> Text | None:
        """Return the name of a field."""
        prefix = "" if self.text.startswith("PEP:") else ":"
        raw = node.rawsource
        if found := self.find(raw, line, prefix=prefix):
            pieces = _text_pieces(node.children, raw, found.places)
            return Text(found.first, found.last, pieces) if pieces else None
        return None

    def words_before(self, start: str, end: str, line: int | None) -> Text | None:
        """Return what is written on a line that begins with one text, before another or its end."""
        if found := self.find(start, line, prefix=""):
            words = self.text[found.places[0] : self.lines[found.first][1]]
            words = words.partition(end.partition("\n")[0] or "\n")[0].rstrip()
            at = found.places[0]
            return Text(found.first, found.first, [Piece(at, at + len(words), words)])
        return None

    def row(self, cells: Sequence[Sequence[Node]]) -> Text | None:
        """Return the cells of a table's row, each with the nodes that hold its text."""
        texts = [each for cell in cells for each in cell]
        line = min((each.line for each in texts if each.line), default=None)
        raws = [each.rawsource or each.astext() for each in texts]
        found = self._find_cells(raws, line) if raws else None
        if found is None:
            return self._rough_row(cells)
        result: Text | None = None
        joint = ""
        places = iter(found)
        for number, cell in enumerate(cells):
            joint += " | " * bool(number)
            for node in cell:
                raw, (first, last, at) = node.rawsource or node.astext(), next(places)
                pieces = _text_pieces(node.children, raw, at)
                text = Text(first, last, pieces) if pieces else None
                result = joined(result, text, joint or " ")
                joint = "" if text else joint
        return result

    def _rough_text(self, node: Node) -> Text | None:
        """Return a text that cannot be found word by word as a whole on the lines that it has."""
        return self._rough(node.astext(), [node])

    def _rough_row(self, cells: Sequence[Sequence[Node]]) -> Text | None:
        plain = (" ".join(each.astext() for each in cell) for cell in cells)
        return self._rough(" | ".join(plain), [each for cell in cells for each in cell])

    def _rough(self, plain: str, texts: Sequence[Node]) -> Text | None:
        plain = " ".join(plain.split()).removeprefix("| ")
        lines = [each.line - 1 for each in texts if each.line]
        counts = [(each.rawsource or each.astext()).count("\n") for each in texts if each.line]
        if not lines or not plain:
            return None
        first = max(min(lines), self.line_of(self.position))
        last = max(line + count for line, count in zip(lines, counts, strict=True))
        last = min(last, len(self.lines) - 1)
        start = max(self.lines[first][0], self.position)
        start, end = self.without_space(start, self.lines[last][1] if last >= first else start)
        return Text(first, last, [Piece(start, end, plain)]) if start < end else None

    def find(self, raw: str, line: int | None, *, prefix: str | None = None) -> Found | None:
        """Find a text as written, without regard to the white space around its lines.

        Args:
            raw: The text.
            line: The number, from 1, of the line that it should begin on, if known.
            prefix: What stands before it on its first line; without it, the text ends that line.
        """
        raw_lines = [each.rstrip() for each in raw.split("\n")]
        head = raw_lines[0].lstrip()
        if not head:
            return None
        for number in self._candidates(line, _FAR if len(raw) > _SHORT else _NEAR_LINES):
            read = self._read[number]
            indent = len(read) - len(read.lstrip())
            if prefix is not None:
                is_head = read.startswith(prefix + head, indent)
                column = indent + len(prefix)
            else:
                is_head = read.endswith(head)
                column = len(read) - len(raw_lines[0])
            if is_head and self._has_lines(number + 1, raw_lines[1:]):
                places = self._places(number, raw_lines, column)
                if places[0] >= self.position:
                    return Found(number, number + len(raw_lines) - 1, places)
        return None

    def _find_cells(self, cells: Sequence[str], line: int | None) -> list[Found] | None:
        """Find texts that follow each other with nothing but the marks of a table between them."""
        for number in self._candidates(line, _NEAR_LINES):
            at = max(self.position, self.lines[number][0])
            result: list[Found] = []
            for raw in cells:
                places = self._cell_places(raw, at)
                if places is None:
                    break
                at = places[-1]
                result.append(Found(self.line_of(places[0]), self.line_of(at), places))
            else:
                return result
        return None

    def _candidates(self, line: int | None, far: int) -> Iterator[int]:
        """Yield the numbers of the lines that a text may begin on, the likeliest first."""
        first = self.line_of(self.position)
        near = [] if line is None else [line - 1 + each for each in _NEAR]
        yield from (each for each in near if first <= each < len(self.lines))
        last = min(first + far, len(self.lines))
        yield from (each for each in range(first, last) if each not in near)

    def _has_lines(self, number: int, raw_lines: Sequence[str]) -> bool:
        following = self._read[number : number + len(raw_lines)]
        return [each.strip() for each in following] == [each.strip() for each in raw_lines]

    def _places(self, number: int, raw_lines: Sequence[str], column: int) -> list[int]:
        result: list[int] = []
        for offset, raw in enumerate(raw_lines):
            start, end = self.lines[number + offset]
            if offset:
                column = len(self._read[number + offset]) - len(raw)
            columns: Sequence[int] = range(end - start)
            if "\t" in self.normal[start:end]:
                columns = _columns(self.normal[start:end])
            places = [start + columns[max(column + each, 0)] for each in range(len(raw))]
            result += [*places, places[-1] + 1 if places else end]
        return result

    def _cell_places(self, raw: str, at: int) -> list[int] | None:
        result: list[int] = []
        if mark := _BEFORE_HEADER.match(self.normal, at):
            at = mark.end()
        for line in raw.split("\n"):
            start = self.normal.find(line, at, at + _FAR * 10)
            if start < 0 or not _BETWEEN_CELLS.fullmatch(self.normal, at, start):
                return None
            at = start + len(line)
            result += range(start, at + 1)
        return result


def joined(text: Text | None, following: Text | None, joint: str) -> Text | None:
    """Return two texts as one, with what a reader sees between them."""
    if text is None or following is None:
        return text or following
    between = Piece(text.pieces[-1].end, following.pieces[0].start, joint)
    return Text(text.first, following.last, [*text.pieces, between, *following.pieces])


def _columns(line: str) -> list[int]:
    """Return which character of a line stands in each column, when tabs are written out."""
    columns: list[int] = []
    for number, character in enumerate(line):
        width = _TAB_WIDTH - len(columns) % _TAB_WIDTH if character == "\t" else 1
        columns += [number] * width
    return columns


def _text_pieces(children: Sequence[Node], raw: str, places: Sequence[int]) -> list[Piece]:
    """Return what a reader sees of a text with inline markup.

    Args:
        children: The nodes in the text, in order.
        raw: The text as written.
        places: The place of each of its characters, and of its end.
    """
    pieces: list[Piece] = []
    for start, end, text in _segments(children, raw):
        if raw[start:end] != text:
            pieces.append(Piece(places[start], places[end - 1] + 1, text))
            continue
        at = start
        for gap in _GAP.finditer(raw, start, end):
            pieces.append(Piece(places[at], places[gap.start()], raw[at : gap.start()]))
            pieces.append(Piece(places[gap.start()], places[gap.end()], " "))
            at = gap.end()
        if at < end:
            pieces.append(Piece(places[at], places[end - 1] + 1, raw[at:end]))
    return seen([piece for piece in pieces if piece.text])


def _line_pieces(raw: str, places: Sequence[int]) -> list[Piece]:
    """Return what a reader sees of code: its lines as they are, without their indentation."""
    pieces: list[Piece] = []
    at = 0
    for line in raw.split("\n"):
        if at:
            pieces.append(Piece(places[at - 1], places[at], "\n"))
        if line:
            # A block begins with a character: not with the indentation of its first line.
            start = places[at or len(line) - len(line.lstrip())]
            pieces.append(Piece(start, places[at + len(line) - 1] + 1, line))
        at += len(line) + 1
    return pieces


def _segments(children: Sequence[Node], raw: str) -> Iterator[tuple[int, int, str]]:
    """Yield which characters of a text as written read as what."""
    at = 0
    for child, following in zip_longest(children, children[1:]):
        text = child.astext()
        if isinstance(child, nodes.Text) and isinstance(following, nodes.footnote_reference):
            # Nobody sees the reference, nor the space before it.
            text = text.rstrip()
            if not text:
                continue
        if isinstance(child, nodes.Text):
            start, end = at, len(raw)
            segments = _walked(text, raw, at, end, "\\\n ")
        else:
            space = _SPACE.match(raw, at)
            if space and isinstance(child, nodes.footnote_reference):
                at = space.end()
            written = child.rawsource or text
            start = raw.find(written, at) if text else (at if raw.startswith(written, at) else -1)
            if start < 0:
                continue
            end = start + len(written)
            role = _ROLE.match(raw, start, end)
            segments = _walked(text, raw, role.end() if role else start, end, _MARKS)
        if isinstance(child, nodes.footnote_reference) or not text:
            at = end
        elif segments is None:
            yield start, end, _SPACE.sub(" ", text)
            at = end
        else:
            yield from segments
            at = segments[-1][1] if isinstance(child, nodes.Text) else end


def _walked(
    text: str, raw: str, at: int, end: int, marks: str
) -> list[tuple[int, int, str]] | None:
    """Return where the characters of a text are; None if more than marks stand between them."""
    start = raw.find(text, at, end)
    if start >= 0 and all(each in marks for each in raw[at:start]):
        return [(start, start + len(text), text)]
    segments: list[tuple[int, int, str]] = []
    for character in text:
        while at < end and raw[at] != character and raw[at] in marks:
            at += 1
        if at >= end or raw[at] != character:
            return None
        if segments and segments[-1][1] == at:
            segments[-1] = (segments[-1][0], at + 1, segments[-1][2] + character)
        else:
            segments.append((at, at + 1, character))
        at += 1
    return segments
