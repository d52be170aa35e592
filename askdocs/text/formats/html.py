"""Read HTML: the text of a page in its structure."""

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
_NESTED = {BlockKind.HEADING, BlockKind.ITEM}


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


@dataclass(slots=True)
class _Frame:
    """An open element that says what the text in it is.

    Attributes:
        kind: The kind of its blocks.
        level: Of a heading or an item.
        lead: The block that introduces a list, for the list and its items.
        number: Its first block; of a table, the header; 0 before there is one.
        is_joined: Whether its paragraphs are joined to one block.
        is_defined: Whether a definition has begun, after its terms.
        is_header: Whether the current row is a header.
        cells: The texts of the current row.
    """

    kind: BlockKind
    level: int = 0
    lead: int = 0
    number: int = 0
    is_joined: bool = False
    is_defined: bool = False
    is_header: bool = False
    cells: list[str] = field(default_factory=list)


class _Reader:
    """Turns elements into blocks."""

    def __init__(self, extract: Extract) -> None:
        self._extract = extract
        self._frames = [_Frame(BlockKind.PARAGRAPH)]
        self._text: list[str] = []
        # The nearest identifier here, and where the current block began.
        self._anchor = ""
        self._first_anchor: str | None = None

    def read(self, root: LexborNode) -> None:
        """Add the blocks of an element."""
        # How many frames are open around each open element.
        depths: list[int] = []
        for node, is_end in walk(root):
            if is_end:
                self._close(node.tag or "", depths.pop())
            elif node.is_element_node:
                depths.append(len(self._frames))
                self._open(node, node.tag or "", node.attributes)
            else:
                self._read_text(node.text_content or "")
        self._flush()

    def _read_text(self, text: str) -> None:
        if self._first_anchor is None and text.strip():
            self._first_anchor = self._anchor
        self._text.append(text)

    def _open(self, node: LexborNode, tag: str, attributes: Mapping[str, str | None]) -> None:
        name = attributes.get("name") if tag == "a" else None
        self._anchor = attributes.get("id") or name or self._anchor
        frame = self._frames[-1]
        if tag == "br":
            self._text.append("\n")
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

    def _close(self, tag: str, depth: int) -> None:
        frame = self._frames[-1]
        if len(self._frames) > depth:
            self._flush()
            self._frames.pop()
        elif frame.kind == BlockKind.ROW:
            self._close_in_table(frame, tag)
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
            self._frames.append(_Frame(BlockKind.PARAGRAPH))
        elif tag == "tr":
            frame.cells = []
            frame.is_header = _is_header(node, is_first=not frame.number)
        elif tag in {"td", "th"}:
            self._text = []
        else:
            self._text.append("\n" if tag in _BLOCKS else "")

    def _close_in_table(self, frame: _Frame, tag: str) -> None:
        if tag in {"td", "th"}:
            frame.cells.append(single_spaced("".join(self._text)))
            self._text = []
        elif tag == "tr" and any(frame.cells):
            lead = 0 if frame.is_header else frame.number
            number = self._add(BlockKind.ROW, " | ".join(frame.cells), lead=lead)
            frame.number = number if frame.is_header else frame.number
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


def _is_header(row: LexborNode, *, is_first: bool) -> bool:
    """Return True if a row names the columns; one cell across the table names a group of rows."""
    tags = [node.tag for node in row.css("td, th")]
    in_head = row.parent is not None and row.parent.tag == "thead"
    return in_head or ("td" not in tags and (is_first or len(tags) > 1))
