"""Read HTML: the text of a page in its structure."""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from askdocs.records.blocks import ParsedText
from askdocs.records.spans import BlockKind
from askdocs.text.formats.html_page import HEADINGS, content_of, parse, roles_of, walk
from askdocs.text.outline import LIST_LEADING, Extract
from askdocs.text.pieces import UNSEEN, single_spaced

_LISTS = {"ul", "ol", "menu", "dir"}
# These begin a block even in an item or a definition, whose other parts are joined.
_STRUCTURES = {*_LISTS, "li", "pre", "listing", "table", "dl", "blockquote"}
_BLOCKS = {
    *HEADINGS, *_STRUCTURES,
    *"address article aside body caption center dd details dialog div dt fieldset figure".split(),
    *"figcaption footer form header hgroup hr html legend main p section summary tbody".split(),
    *"td tfoot th thead tr".split(),
}  # fmt: skip
_KINDS = {
    "blockquote": BlockKind.QUOTATION,
    "dl": BlockKind.DEFINITION,
    "listing": BlockKind.CODE,
    "pre": BlockKind.CODE,
    "table": BlockKind.ROW,
}
_FOOTNOTE = {"citation", "doc-biblioentry", "doc-endnote", "doc-footnote", "footnote"}
_FOOTNOTES = {"footnotes", "footnote-list", "doc-endnotes"}
# Nothing inside these is a block by itself.
_CLOSED = {BlockKind.HEADING, BlockKind.CODE, BlockKind.ROW}
_PROSE = {BlockKind.PARAGRAPH, BlockKind.QUOTATION}
_NESTED = {BlockKind.HEADING, BlockKind.ITEM}
# HTML's own limits; nought stands for all rows that follow.
_SPAN = re.compile(r"\s*([0-9]{1,5})")
_MAX_ROWS, _MAX_COLUMNS = 65_534, 1_000
# Cells that are repeated add at most so many times the characters that a table has, and a few more.
_MAX_GROWTH = 20
_FREE_GROWTH = 200


def read(source: bytes) -> ParsedText:
    """Return the blocks of a page, each with the nearest identifier as its anchor.

    Where a page has one `<main>`, or one `<article>` that holds most of its text, that is read,
    otherwise the body. Navigation, scripts, controls of forms and hidden elements are left out. The
    title and the description are context.
    """
    page = parse(source)
    extract = Extract()
    if page.body is not None:
        _Reader(extract).read(content_of(page.body))
    title = page.css_first("head title")
    description = page.css_first("meta[name=description i]")
    return extract.parsed(
        single_spaced(title.text() if title is not None else ""),
        single_spaced(
            (description.attributes.get("content") or "") if description is not None else ""
        ),
    )


class _Grid:
    """The cells of a table's current row, in their columns.

    A cell that spans rows is read again in each, so that the row says all by itself. One that spans
    columns is read in the first of them. Spans end early in a table that would grow by them
    many times.
    """

    def __init__(self) -> None:
        self._row: list[str] = []
        self._is_empty = True
        # By column: in how many more rows a cell stands, and its text.
        self._spanning: dict[int, tuple[int, str]] = {}
        self._room = _FREE_GROWTH

    def begin_row(self) -> None:
        """Begin a row without cells."""
        self._row, self._is_empty = [], True

    def begin_section(self) -> None:
        """End all spans: none goes beyond a table's head, body or foot."""
        self._spanning.clear()

    def add(self, text: str, rows: int, columns: int) -> None:
        """Add a cell in the next column that is free."""
        self._room += _MAX_GROWTH * len(text)
        self._is_empty = self._is_empty and not text
        while len(self._row) in self._spanning:
            self._repeat()
        for each in range(columns):
            if each and not self._has_room(""):
                return
            if rows > 1:
                self._spanning[len(self._row)] = (rows - 1, "" if each else text)
            self._row.append("" if each else text)

    def end_row(self) -> str:
        """Return the row; empty if it has no text of its own."""
        last = max(self._spanning, default=-1)
        while len(self._row) <= last and self._spanning:
            self._repeat()
        while self._row and not self._row[-1]:
            self._row.pop()
        return "" if self._is_empty else " | ".join(self._row)

    def _repeat(self) -> None:
        """Add what spans the next column; nothing if no cell does."""
        column = len(self._row)
        rows, text = self._spanning.pop(column, (0, ""))
        if self._has_room(text):
            self._row.append(text)
            if rows > 1:
                self._spanning[column] = (rows - 1, text)

    def _has_room(self, text: str) -> bool:
        """Return True if a cell may be added that the source does not have, or end all spans."""
        growth = len(text) + len(" | ")
        if growth > self._room:
            self._spanning.clear()
            return False
        self._room -= growth
        return True


@dataclass(slots=True)
class _Frame:
    """An open element that says what the text in it is.

    Attributes:
        kind: The kind of its blocks.
        level: Of a heading or an item.
        lead: The block that introduces a list, for the list and its items, or a table's caption.
        number: Its first block; of a table, the header; 0 before there is one.
        is_joined: Whether its paragraphs are joined to one block.
        is_defined: Whether a definition has begun, after its terms.
        is_header: Whether the current row is a header.
        grid: The cells of a table.
    """

    kind: BlockKind
    level: int = 0
    lead: int = 0
    number: int = 0
    is_joined: bool = False
    is_defined: bool = False
    is_header: bool = False
    grid: _Grid = field(default_factory=_Grid)


class _Reader:
    """Turns elements into blocks."""

    def __init__(self, extract: Extract) -> None:
        self._extract = extract
        self._frames = [_Frame(BlockKind.PARAGRAPH)]
        self._text: list[str] = []
        # Whether no text follows the last break of a line.
        self._is_after_break = False
        # The nearest identifier here, and where the current block began.
        self._anchor = ""
        self._first_anchor: str | None = None

    def read(self, root: LexborNode) -> None:
        """Add the blocks of an element."""
        # How many frames are open around each open element.
        depths: list[int] = []
        for node, is_end in walk(root):
            if is_end:
                self._close(node, node.tag or "", depths.pop())
            elif node.is_element_node:
                depths.append(len(self._frames))
                self._open(node, node.tag or "", node.attributes)
            else:
                self._read_text(node.text_content or "")
        self._flush()

    def _read_text(self, text: str) -> None:
        if self._first_anchor is None and text.strip():
            self._first_anchor = self._anchor
        self._is_after_break = self._is_after_break and not text.strip()
        self._text.append(text)

    def _break_line(self, frame: _Frame) -> None:
        """End a line; two breaks without text between them part paragraphs, as on the page."""
        if self._is_after_break and frame.kind in _PROSE and not frame.is_joined:
            self._flush()
        else:
            self._text.append("\n")
        self._is_after_break = True

    def _open(self, node: LexborNode, tag: str, attributes: Mapping[str, str | None]) -> None:
        name = attributes.get("name") if tag == "a" else None
        self._anchor = attributes.get("id") or name or self._anchor
        frame = self._frames[-1]
        if tag == "br":
            self._break_line(frame)
        elif tag == "span" and attributes.get("class") == "classifier":
            # Style sheets of Docutils and Sphinx add the colon between a term and its type.
            self._text.append(" : ")
        elif frame.kind == BlockKind.ROW:
            self._open_in_table(frame, node, tag)
        elif tag in {"dt", "dd"} and frame.is_joined:
            self._open_in_definitions(frame, tag)
        elif tag in _BLOCKS:
            self._divide(frame, tag)
            if new := self._frame_of(node, tag, roles_of(attributes)):
                self._frames.append(new)

    def _close(self, node: LexborNode, tag: str, depth: int) -> None:
        frame = self._frames[-1]
        if len(self._frames) > depth:
            self._flush()
            self._frames.pop()
            if tag == "caption" and self._frames[-1].kind == BlockKind.ROW:
                self._frames[-1].lead = frame.number
        elif frame.kind == BlockKind.ROW:
            self._close_in_table(frame, node, tag)
        elif tag in _BLOCKS:
            self._divide(frame, tag)

    def _divide(self, frame: _Frame, tag: str) -> None:
        """End the current block, or a part of it, which white space separates from the next."""
        if not _is_part(frame, tag):
            self._flush()
        elif not self._text or not self._text[-1].endswith("\n"):
            self._text.append("\n")

    def _frame_of(self, node: LexborNode, tag: str, roles: set[str]) -> _Frame | None:
        """Return the frame of an element that says what the text in it is."""
        frame = self._frames[-1]
        if _is_part(frame, tag):
            return None
        is_note = frame.kind == BlockKind.FOOTNOTE
        if roles & (_FOOTNOTE | _FOOTNOTES) or (tag == "li" and is_note):
            return _Frame(BlockKind.FOOTNOTE, is_joined=not roles & _FOOTNOTES)
        if tag in _LISTS:
            is_nested = frame.kind == BlockKind.ITEM
            lead = frame.number or frame.lead if is_nested else self._extract.lead(LIST_LEADING)
            kind_around = BlockKind.FOOTNOTE if is_note else BlockKind.PARAGRAPH
            return _Frame(kind_around, level=frame.level, lead=lead)
        if tag == "li":
            return _Frame(BlockKind.ITEM, level=frame.level + 1, lead=frame.lead, is_joined=True)
        kind = _KINDS.get(tag)
        if "line-block" in roles:
            kind = frame.kind
        elif tag in HEADINGS and len(self._frames) == 1:
            # In a quotation or an item it begins no section.
            kind = BlockKind.HEADING
        elif tag == "table" and not _has_data(node):
            kind = None
        if kind is None:
            return None
        is_joined = tag == "dl" or "line-block" in roles
        return _Frame(kind, level=HEADINGS.get(tag, 0), is_joined=is_joined)

    def _open_in_definitions(self, frame: _Frame, tag: str) -> None:
        """Join terms by commas, and their definition after a colon."""
        if tag == "dt" and frame.is_defined:
            self._flush()
            frame.number = 0
        elif not frame.is_defined:
            term = single_spaced("".join(self._text)).removesuffix(":")
            self._text = [term, ", " if tag == "dt" else ": "] if term else []
        else:
            self._text.append("\n")
        frame.is_defined = tag == "dd"

    def _open_in_table(self, frame: _Frame, node: LexborNode, tag: str) -> None:
        if tag == "caption":
            self._frames.append(_Frame(BlockKind.PARAGRAPH, is_joined=True))
        elif tag == "tr":
            frame.grid.begin_row()
            frame.is_header = _is_header(node, is_first=not frame.number)
        elif tag in {"td", "th"}:
            self._text = []
        else:
            self._text.append("\n" if tag in _BLOCKS else "")

    def _close_in_table(self, frame: _Frame, node: LexborNode, tag: str) -> None:
        if tag in {"td", "th"}:
            frame.grid.add(single_spaced("".join(self._text)), *_spans_of(node.attributes))
            self._text = []
        elif tag == "tr":
            if row := frame.grid.end_row():
                lead = frame.lead if frame.is_header else frame.number or frame.lead
                number = self._add(BlockKind.ROW, row, lead=lead)
                frame.number = number if frame.is_header else frame.number
        elif tag in {"thead", "tbody", "tfoot"}:
            frame.grid.begin_section()
        elif tag in _BLOCKS:
            self._text.append("\n")

    def _flush(self) -> None:
        """Add the block that ends here, if there is one."""
        frame = self._frames[-1]
        text = "".join(self._text)
        self._text = []
        if frame.kind == BlockKind.CODE:
            code = textwrap.dedent(text.translate(UNSEEN)).strip("\n")
            if code.strip():
                self._add(BlockKind.CODE, code, lead=self._extract.lead())
            return
        plain = single_spaced(text)
        if not plain:
            return
        is_rest = frame.kind == BlockKind.DEFINITION and frame.number
        kind = BlockKind.PARAGRAPH if is_rest else frame.kind
        level = frame.level if kind in _NESTED else 0
        lead = frame.number or frame.lead if kind == BlockKind.ITEM else 0
        number = self._add(kind, plain, level=level, lead=lead)
        frame.number = frame.number or number

    def _add(self, kind: BlockKind, plain: str, *, level: int = 0, lead: int = 0) -> int:
        anchor, self._first_anchor = self._first_anchor or "", None
        return self._extract.add_text(kind, plain, level=level, lead=lead, anchor=anchor)


def _is_part(frame: _Frame, tag: str) -> bool:
    """Return True if a block of the page is only a part of the current one."""
    return frame.kind in _CLOSED or (frame.is_joined and tag not in _STRUCTURES)


def _has_data(table: LexborNode) -> bool:
    """Return True unless a table only places text on the page."""
    if table.attributes.get("role") in {"presentation", "none"}:
        return False
    child = table.first_child
    while child is not None:
        # Stops at the first match: tables may be nested thousands deep.
        if child.is_element_node and child.css_first("table, h1, h2, h3, h4, pre") is not None:
            return False
        child = child.next
    return len(table.css("td, th")) > len(table.css("tr"))


def _spans_of(attributes: Mapping[str, str | None]) -> tuple[int, int]:
    """Return how many rows and columns a cell spans."""
    rows, columns = (_SPAN.match(attributes.get(f"{each}span") or "1") for each in ("row", "col"))
    return (
        min(int(rows[1]) or _MAX_ROWS, _MAX_ROWS) if rows else 1,
        min(int(columns[1]) or 1, _MAX_COLUMNS) if columns else 1,
    )


def _is_header(row: LexborNode, *, is_first: bool) -> bool:
    """Return True if a row names the columns; one cell across the table names a group of rows."""
    tags = [node.tag for node in row.css("td, th")]
    in_head = row.parent is not None and row.parent.tag == "thead"
    return in_head or ("td" not in tags and (is_first or len(tags) > 1))
