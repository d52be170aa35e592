"""Read Markdown: CommonMark with tables, footnotes, definition lists and front matter.

MDX, wiki links, admonitions and HTML between the lines are read tolerantly: their marks are left
out, their text is kept.
"""

from __future__ import annotations

import re
import textwrap
from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from askdocs.records.blocks import ParsedText, Piece
from askdocs.records.spans import BlockKind
from askdocs.text.formats.front_matter import read_front_matter
from askdocs.text.formats.inline import (
    PlacedInline,
    html_blocks,
    pieces_of,
    wiki_link,
)
from askdocs.text.formats.mdx import component_indents, seen_lines
from askdocs.text.outline import LEADING, LIST_LEADING, Container, NestedOutline
from askdocs.text.pieces import moved, trimmed, without, without_unseen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

    from askdocs.records.spans import Span

_NUMBER = re.compile(r"(?:[-*+][ \t]+|>[ \t]*)*(?P<mark>\d{1,9}[.)])(?P<gap>[ \t]+)")
_CHECKBOX = re.compile(r"\[[ xX]\]\s+")
_ALERT = re.compile(r"\[!\w{1,20}\][+-]?\s*")
_ATTRIBUTES = re.compile(r" ?\{[#.:][^{}]*\}$")
_KINDS = {
    "list_item_open": BlockKind.ITEM,
    "blockquote_open": BlockKind.QUOTATION,
    "footnote_reference_open": BlockKind.FOOTNOTE,
}
_BETWEEN_CELLS = " | "
_IN_DEFINITION = {"dt_open", "dt_close", "dd_open", "dd_close", "paragraph_open", "paragraph_close"}


def read(text: str) -> ParsedText:
    """Return the blocks of a Markdown document with their places in its text.

    Every character lies in one block, except white space and the marks of a quotation's empty
    lines: what is not read, such as comments and link definitions, is in hidden ones.

    Source:
        CommonMark 0.31.2 and GitHub Flavored Markdown 0.29 (tables).
    """
    return _Reader(text).read()


@cache
def _parser(*, is_mdx: bool) -> MarkdownIt:
    # Quotations nested deeper than this are not read.
    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
    parser.inline = PlacedInline()
    parser.use(footnote_plugin, inline=False, move_to_end=False, always_match_refs=True)
    parser.use(deflist_plugin).use(admon_plugin)
    # The parts of a text must stay apart: each has its own place.
    # Lines end as `_source` says, and other characters are kept.
    parser.disable(["text_join", "fragments_join", "normalize"])
    if is_mdx:
        # Components are indented like their elements, and so is the text in them.
        parser.disable("code")
    parser.inline.ruler.before("link", "wiki_link", wiki_link)
    return parser


class _Reader:
    """Turns the tokens of markdown-it into blocks."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._outline = NestedOutline()
        # The span of each line without its end and without a byte order mark; in a component of
        # MDX also without the indentation.
        self._lines: list[Span] = []
        start = 0
        for line in text.split("\n"):
            end = start + len(line.removesuffix("\r"))
            self._lines.append((start + (not start and line.startswith("\ufeff")), end))
            start += len(line) + 1
        # The lines as markdown-it sees them; its texts stand at their ends.
        self._shown: list[str] = []
        self._next_line = 0
        self._leads: list[int] = []

    def read(self) -> ParsedText:
        """Return the document."""
        front, context = read_front_matter(self._text)
        if front:
            self._outline.add(BlockKind.METADATA, front)
            self._next_line = self._text.count("\n", 0, front[1]) + 1
        written = [self._text[start:end] for start, end in self._lines]
        if indents := component_indents(written, self._next_line):
            moved_left = zip(self._lines, indents, strict=True)
            self._lines = [(start + indent, end) for (start, end), indent in moved_left]
        source = self._source(self._next_line)
        self._shown = source.split("\n")
        tokens = _parser(is_mdx=bool(indents)).parse(source)
        position = 0
        while position < len(tokens):
            position = self._read_token(tokens, position)
        self._hide_lines(len(self._lines))
        return ParsedText(text=self._text, blocks=tuple(self._outline.blocks), context=context)

    def _source(self, first: int) -> str:
        """Return the text as markdown-it sees it: line for line, without what is not read."""
        # A mark that a file kept when it was appended to another one is as wide as a space.
        text = self._text.replace("\r", " ").replace("\n\ufeff", "\n ")
        return "\n".join(seen_lines([text[start:end] for start, end in self._lines], first))

    def _read_token(self, tokens: Sequence[Token], at: int) -> int:
        """Add the block that begins with a token, if one does; return where to read on."""
        token = tokens[at]
        if token.type in {"paragraph_open", "admonition_title_open"}:
            return self._add_paragraphs(tokens, at)
        if token.type == "table_open":
            return self._add_table(tokens, at)
        if token.type == "dt_open":
            return self._add_definition(tokens, at)
        if token.type == "heading_open":
            self._add_heading(token, tokens[at + 1])
        elif token.type in {"fence", "code_block"}:
            self._add_code(token)
        elif token.type == "html_block":
            self._add_html(token)
        else:
            self._open_or_close(token)
        return at + 1

    def _open_or_close(self, token: Token) -> None:
        """Keep track of the lists and the containers that a token opens or closes."""
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            kinds = LEADING if self._outline.item_level() else LIST_LEADING
            self._leads.append(self._outline.lead(kinds))
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            self._leads.pop()
        elif token.type in _KINDS:
            lead = self._leads[-1] if token.type == "list_item_open" else 0
            self._outline.containers.append(Container(_KINDS[token.type], lead))
        elif token.type.replace("_close", "_open") in _KINDS:
            self._outline.containers.pop()

    def _add_heading(self, token: Token, inline: Token) -> None:
        pieces = self._pieces(inline)
        if token.level:
            # In a quotation or an item it begins no section.
            self._add(token.map or [0, 0], pieces)
            return
        plain = "".join(piece.text for piece in pieces)
        pieces = without(pieces, _ATTRIBUTES.search(plain))
        self._add(token.map or [0, 0], pieces, BlockKind.HEADING, level=int(token.tag[1:]))

    def _add_paragraphs(self, tokens: Sequence[Token], at: int) -> int:
        """Add a paragraph; those of an item that follow each other are one block."""
        first, last = tokens[at], tokens[at]
        pieces: list[Piece] = []
        is_item = self._outline.container_kind() == BlockKind.ITEM
        while tokens[at].type in {"paragraph_open", "admonition_title_open"}:
            following = self._pieces(tokens[at + 1])
            if tokens[at].type == "admonition_title_open":
                # markdown-it makes up a title where there is none.
                line = self._line((tokens[at].map or [0])[0])
                following = following if following and following[0].text in line else []
            if pieces and following:
                pieces.append(Piece(pieces[-1].end, following[0].start, " "))
            pieces += following
            last = tokens[at]
            at += 3
            if not is_item or at >= len(tokens):
                break
        lines = [(first.map or [0, 0])[0], (last.map or [0, 0])[1]]
        plain = "".join(piece.text for piece in pieces[:2])
        pieces = without(pieces, _CHECKBOX.match(plain) if is_item else _ALERT.match(plain))
        self._add(lines, pieces)
        return at

    def _add_code(self, token: Token) -> None:
        first, end = token.map or [0, 0]
        line = first + (token.type == "fence")
        pieces: list[Piece] = []
        for content in textwrap.dedent(token.content).removesuffix("\n").split("\n"):
            if line >= end:
                break
            stop = self._lines[line][0] + len(self._line(line))
            # A tab that is half indentation is written out.
            written = Piece(max(stop - len(content), self._lines[line][0]), stop, content)
            pieces += without_unseen(written)
            following = self._lines[line + 1][0] if line + 1 < end else stop
            pieces.append(Piece(stop, following, "\n"))
            line += 1
        self._add([first, end], trimmed(pieces), BlockKind.CODE, lead=self._outline.lead())

    def _add_html(self, token: Token) -> None:
        """Add the blocks of HTML; a table or a list ends with it."""
        first, end = token.map or [0, 0]
        start = self._lines[first][0]
        blocks = html_blocks(self._without_marks(token))
        if not blocks:
            self._add([first, end], [], BlockKind.HIDDEN)
        header = 0
        leads: dict[int, int] = {}
        for block in blocks:
            kind, level, lead = block.kind, block.level, 0
            if kind == BlockKind.ROW:
                header = 0 if block.is_first or block.is_header else header
                lead = header
            elif kind == BlockKind.ITEM:
                if block.is_first or level not in leads:
                    leads[level] = self._outline.lead()
                lead = leads[level]
                level += self._outline.item_level()
            is_plain = kind == BlockKind.PARAGRAPH or (
                kind == BlockKind.HEADING and self._outline.containers
            )
            chars = self._stripped(start, self._lines[first][0] + block.end)
            number = self._add(
                [first, end],
                moved(block.pieces, self._lines[first][0]),
                None if is_plain else kind,
                level=0 if is_plain else level,
                lead=lead,
                chars=chars,
            )
            header = number if block.is_header else header
            start = chars[1]

    def _without_marks(self, token: Token) -> str:
        """Return the source of HTML, with spaces for the marks of quotations and items."""
        first, end = token.map or [0, 0]
        parts: list[str] = []
        position = self._lines[first][0]
        contents = [*token.content.split("\n"), *[""] * (end - first)]
        for (start, stop), content in zip(self._lines[first:end], contents, strict=False):
            written = self._text[start:stop]
            kept = min(len(content), len(written))
            parts += [
                " " * (start - position + len(written) - kept),
                written[len(written) - kept :],
            ]
            position = stop
        return "".join(parts)

    def _add_table(self, tokens: Sequence[Token], at: int) -> int:
        header = 0
        while tokens[at].type != "table_close":
            if tokens[at].type == "tr_open":
                first, end = tokens[at].map or [0, 0]
                cells = []
                while tokens[at].type != "tr_close":
                    if tokens[at].type == "inline":
                        cells.append(tokens[at])
                    at += 1
                pieces = self._cells(first, cells)
                # The row of dashes belongs to the header.
                end += not header
                number = self._add([first, end], pieces, BlockKind.ROW, lead=header)
                header = header or number
            at += 1
        return at + 1

    def _cells(self, line: int, cells: Sequence[Token]) -> list[Piece]:
        pieces: list[Piece] = []
        shown = self._shown[line]
        position = 0
        for number, cell in enumerate(cells):
            written = cell.content
            start = shown.find(written, position)
            if start < 0:
                # A vertical bar in a cell is written after a backslash.
                written = written.replace("|", "\\|")
                start = shown.find(written, position)
            if start < 0:
                start, written = position, ""
            if number:
                pieces.append(Piece(position, start, _BETWEEN_CELLS))
            if len(written) == len(cell.content):
                pieces += moved(pieces_of(cell.content, cell.children or []), start)
            elif written:
                pieces.append(Piece(start, start + len(written), cell.content))
            position = start + len(written)
        while pieces and pieces[-1].text == _BETWEEN_CELLS:
            del pieces[-1]
        return moved(trimmed(pieces), self._lines[line][0])

    def _add_definition(self, tokens: Sequence[Token], at: int) -> int:
        """Add a term with the paragraphs of its definitions that follow each other."""
        first = last = tokens[at].map or [0, 0]
        pieces: list[Piece] = []
        joint = ""
        while tokens[at].type != "dl_close":
            if tokens[at].type == "inline":
                following = self._pieces(tokens[at])
                last = tokens[at].map or last
                if pieces and following:
                    pieces.append(Piece(pieces[-1].end, following[0].start, joint))
                pieces += following
                joint = " " if joint else ": "
            elif tokens[at].type not in _IN_DEFINITION or (
                tokens[at].type == "dt_open" and joint == " "
            ):
                break
            at += 1
        self._add([first[0], max(last[1], last[0] + 1)], pieces, BlockKind.DEFINITION)
        return at

    def _add(
        self,
        lines: Sequence[int],
        pieces: Sequence[Piece],
        kind: BlockKind | None = None,
        *,
        level: int = 0,
        lead: int = 0,
        chars: Span | None = None,
    ) -> int:
        """Add the block on some lines, from the first up to the second, or on a part of them."""
        if not pieces:
            kind, level, lead = BlockKind.HIDDEN, 0, 0
        kind = kind or self._outline.container_kind()
        self._hide_lines(lines[0])
        chars = chars or self._span(lines)
        if kind == BlockKind.ITEM and (marker := _NUMBER.match(self._text, *chars)):
            # The number of an item is read, its dash is not.
            gap = Piece(*marker.span("gap"), " ")
            pieces = [Piece(*marker.span("mark"), marker["mark"]), gap, *pieces]
        number = self._outline.add_inside(kind, chars, pieces, level=level, lead=lead)
        self._next_line = max(self._next_line, lines[1])
        return number

    def _hide_lines(self, end: int) -> None:
        """Add the lines up to this one that no block has; blank lines part them."""
        first = None
        for line in range(self._next_line, end + 1):
            # An empty line of a quotation has its mark alone.
            is_text = line < end and bool(self._line(line).strip().strip("> \t"))
            if is_text and first is None:
                first = line
            elif not is_text and first is not None:
                self._outline.add(BlockKind.HIDDEN, self._span((first, line)))
                first = None
        self._next_line = max(self._next_line, end)

    def _span(self, lines: Sequence[int]) -> Span:
        """Return the span of the text on some lines, from the first up to the second."""
        return self._stripped(self._lines[lines[0]][0], self._lines[lines[1] - 1][1])

    def _stripped(self, start: int, end: int) -> Span:
        """Return a span without white space around it."""
        text = self._text[start:end]
        return start + len(text) - len(text.lstrip()), start + len(text.rstrip())

    def _line(self, number: int) -> str:
        start, end = self._lines[number]
        return self._text[start:end]

    def _pieces(self, inline: Token) -> list[Piece]:
        """Return the pieces of a text whose lines stand at the ends of lines of the source."""
        first, end = inline.map or [0, 0]
        starts, places = [], []
        position = left_out = 0
        for number, content in enumerate(inline.content.split("\n"), first):
            starts.append(position)
            position += len(content) + 1
            written = content.strip()
            while number + left_out < end - 1 and written not in self._shown[number + left_out]:
                # A line of white space that CommonMark strips, but that ends no paragraph.
                left_out += 1
            line = self._shown[number + left_out].rstrip()
            at = len(line) - len(written) if line.endswith(written) else line.find(written)
            places.append(
                self._lines[number + left_out][0] + at - (len(content) - len(content.lstrip()))
            )

        def place(offset: int) -> int:
            line = bisect_right(starts, offset) - 1
            return places[line] + offset - starts[line]

        pieces = pieces_of(inline.content, inline.children or [])
        return [Piece(place(piece.start), place(piece.end), piece.text) for piece in pieces]
