"""Read Word documents (.docx): what a reader sees of them, with all changes accepted.

Page headers and footers, comments, contents lists and hidden text are left out. Macros are never
run, links never followed.
"""

from collections.abc import Container, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from askdocs.records.blocks import ParsedText
from askdocs.records.spans import BlockKind
from askdocs.text.formats.docx_styles import Style, is_on, number_of, read_styles
from askdocs.text.formats.package import Package, value_of
from askdocs.text.outline import LEADING, Extract
from askdocs.text.pieces import UNSEEN

# What is under these is not read: properties, deleted and moved text, field codes, the reading
# aid over a word.
_UNREAD = frozenset(
    "pPr rPr tblPr trPr tcPr sdtPr sectPr del moveFrom delText instrText rt binData".split()
)
_IN_RUN = frozenset(
    "t tab ptab br cr noBreakHyphen footnoteReference endnoteReference txbxContent".split()
)
# Contracts style whole clauses as headings; a heading alone answers nothing, so they are text.
_LONGEST_HEADING = 200
# A list or table stays in one piece: the footnotes of its parts follow it.
_UNDIVIDED = {BlockKind.ITEM, BlockKind.ROW}
_METADATA = ("title", "subject", "keywords", "description")


def read(content: bytes) -> ParsedText:
    """Return the blocks of a Word document.

    Paragraphs are what their styles say, by the names that Word gives them in every language.
    Tracked insertions count, deletions do not. Footnotes and endnotes follow the block, list or
    table that refers to them; text boxes follow the paragraph that they are anchored in.

    Raises:
        UnreadableSourceError: It is encrypted, damaged, too large, or not a Word document.
        RecursionError: It is nested too deeply.

    Source:
        ISO/IEC 29500-1:2016, part 1, section 17.
    """
    package = Package(content, suffix=".docx")
    name, root = package.main_part("document")
    reader = _Reader(
        read_styles(package.part(package.related(name, "styles"))),
        {
            f"{kind}Reference": _notes(package.part(package.related(name, f"{kind}s")))
            for kind in ("footnote", "endnote")
        },
    )
    reader.read_body(root)
    reader.finish()
    properties = package.part(package.related("", "core-properties"))
    about = {} if properties is None else {each.tag: each.text or "" for each in properties}
    return reader.extract.parsed(*(" ".join(about.get(key, "").split()) for key in _METADATA))


class _Text(NamedTuple):
    """The text of a paragraph, the notes that it refers to, and the text boxes anchored in it."""

    text: str
    notes: list[Element]
    boxes: list[Element]


class _Reader:
    """Adds the paragraphs and tables of a document to an extract."""

    def __init__(self, styles: dict[str, Style], notes: dict[str, dict[str, Element]]) -> None:
        self.extract = Extract()
        self._styles = styles
        self._notes = notes
        # The block that the next paragraph may belong to, as lines of code do.
        self._kind, self._level, self._pending = BlockKind.PARAGRAPH, 0, ""
        self._pending_notes: list[Element] = []
        self._unwritten_notes: list[Element] = []
        # The beginning of a paragraph that goes on in the next one.
        self._beginning = ""
        self._last: tuple[int, BlockKind] = (0, BlockKind.PARAGRAPH)
        self._list_lead = 0
        self._items: list[tuple[int, int]] = []
        self._title_level = 0

    def read_body(self, parent: Element) -> None:
        """Add what is below an element."""
        for element in _walk(parent, {"p", "tbl"}):
            if element.tag == "p":
                self._read_paragraph(element)
            else:
                self._read_table(element)

    def finish(self) -> None:
        """Add what waits for a following block."""
        if self._beginning:
            self._take(BlockKind.PARAGRAPH, Style(), " ".join(self._beginning.split()))
        self._add_pending()
        self._add_notes()

    def _read_paragraph(self, paragraph: Element) -> None:
        properties = paragraph.find("pPr")
        style = self._style(properties)
        is_code = style.kind == BlockKind.CODE
        text, notes, boxes = self._text(paragraph, style, is_code=is_code)
        text = self._beginning + text
        self._beginning = text if _goes_on(properties) else ""
        if not self._beginning and style.kind and (text.strip() or is_code):
            self._take(style.kind, style, text if is_code else " ".join(text.split()))
        self._pending_notes += notes
        for box in boxes:
            self.read_body(box)

    def _take(self, kind: BlockKind, style: Style, text: str) -> None:
        """Make a paragraph the pending block, or join it to that."""
        if kind == BlockKind.HEADING and len(text) > _LONGEST_HEADING:
            kind = BlockKind.PARAGRAPH
        if self._pending and self._kind == kind == BlockKind.CODE:
            self._pending += f"\n{text}"
        elif self._pending and self._kind == BlockKind.ITEM and _continues_item(style):
            self._pending += f" {text}"
        else:
            self._add_pending()
            level = style.level if kind in {BlockKind.HEADING, BlockKind.ITEM} else 0
            if kind == BlockKind.HEADING:
                self._title_level = max(self._title_level, int(style.is_title))
                level += 0 if style.is_title else self._title_level
            self._kind, self._level, self._pending = kind, level, text

    def _read_table(self, table: Element) -> None:
        self._add_pending()
        rows = [list(_walk(row, {"tc"})) for row in _walk(table, {"tr"}) if not _is_deleted(row)]
        if sum(map(len, rows)) == 1:
            # A frame around text.
            self.read_body(rows[0][0])
            return
        header = 0
        merged: dict[int, str] = {}
        for cells in rows:
            row = " | ".join(self._cells(cells, merged))
            if row.strip(" |"):
                number = self._add(BlockKind.ROW, row, lead=header)
                header = header or number
        self._add_pending()

    def _cells(self, cells: list[Element], merged: dict[int, str]) -> Iterator[str]:
        """Yield the texts of a row; a cell that spans rows is read in each of them."""
        column = 0
        for cell in cells:
            merge = cell.find("tcPr/vMerge")
            if merge is None or value_of(merge) == "restart":
                merged[column] = self._flat_text(cell)
            yield merged.get(column, "")
            column += number_of(cell.find("tcPr/gridSpan")) or 1

    def _flat_text(self, parent: Element) -> str:
        """Return the text of all paragraphs below an element."""
        texts = []
        for paragraph in _walk(parent, {"p"}):
            style = self._style(paragraph.find("pPr"))
            text, notes, boxes = self._text(paragraph, style, is_code=False)
            texts += [text, *map(self._flat_text, boxes)]
            self._pending_notes += notes
        return " ".join(" ".join(texts).split())

    def _style(self, properties: Element | None) -> Style:
        """Return the style of a paragraph with what it sets itself."""
        if properties is None:
            return Style()
        style = self._styles.get(value_of(properties.find("pStyle")), Style())
        return style.with_properties(properties)

    def _text(self, paragraph: Element, style: Style, *, is_code: bool) -> _Text:
        parts: list[str] = []
        notes: list[Element] = []
        boxes: list[Element] = []
        for run in _walk(paragraph, {"r"}):
            if self._is_hidden(run.find("rPr"), style):
                continue
            for element in _walk(run, _IN_RUN):
                if element.tag == "t":
                    parts.append(element.text or "")
                elif element.tag == "noBreakHyphen":
                    parts.append("-")
                elif element.tag == "txbxContent":
                    boxes.append(element)
                elif element.tag in self._notes:
                    note = self._notes[element.tag].get(value_of(element, "id"))
                    notes += [] if note is None else [note]
                else:
                    parts.append("\n" if is_code and element.tag in {"br", "cr"} else "\t")
        text = "".join(parts).translate(UNSEEN).replace("\u2011", "-")
        return _Text(text, notes, boxes)

    def _is_hidden(self, properties: Element | None, style: Style) -> bool:
        if properties is None:
            return style.is_hidden
        vanish = properties.find("vanish")
        if vanish is not None:
            return is_on(vanish)
        run_style = self._styles.get(value_of(properties.find("rStyle")))
        return style.is_hidden or bool(run_style and run_style.is_hidden)

    def _add_pending(self) -> None:
        if self._pending.strip():
            self._add(self._kind, self._pending, level=self._level)
        self._pending = ""
        self._unwritten_notes += self._pending_notes
        self._pending_notes = []

    def _add(self, kind: BlockKind, text: str, *, level: int = 0, lead: int = 0) -> int:
        last, last_kind = self._last
        if kind != last_kind or kind not in _UNDIVIDED:
            self._add_notes()
        introduction = last if last_kind in LEADING else 0
        if kind == BlockKind.ITEM:
            if last_kind != BlockKind.ITEM:
                self._list_lead, self._items = introduction, []
            self._items = [item for item in self._items if item[0] < level]
            lead = self._items[-1][1] if self._items else self._list_lead
        elif kind == BlockKind.CODE:
            lead = introduction
        number = self.extract.add_text(kind, text, level=level, lead=lead)
        if kind == BlockKind.ITEM:
            self._items.append((level, number))
        self._last = number, kind
        return number

    def _add_notes(self) -> None:
        notes, self._unwritten_notes = self._unwritten_notes, []
        pending, self._pending_notes = self._pending_notes, []
        for note in notes:
            if text := self._flat_text(note):
                self.extract.add_text(BlockKind.FOOTNOTE, text)
        # A note has no notes of its own.
        self._pending_notes = pending


def _walk(parent: Element, tags: Container[str]) -> Iterator[Element]:
    """Yield the elements of these tags in order, without those inside another of them."""
    for child in parent:
        if child.tag in tags:
            yield child
        elif child.tag == "AlternateContent":
            # The same content twice, for newer and older programs.
            yield from _walk(child if len(child) == 0 else child[0], tags)
        elif child.tag not in _UNREAD:
            yield from _walk(child, tags)


def _continues_item(style: Style) -> bool:
    return style.is_continuation and style.kind == BlockKind.PARAGRAPH


def _notes(root: Element | None) -> dict[str, Element]:
    return {} if root is None else {value_of(note, "id"): note for note in root}


def _goes_on(properties: Element | None) -> bool:
    """Return True if a paragraph's end is deleted, or it is only the large first letter of one."""
    if properties is None:
        return False
    is_joined = any(properties.find(f"rPr/{tag}") is not None for tag in ("del", "moveFrom"))
    return is_joined or value_of(properties.find("framePr"), "dropCap") in {"drop", "margin"}


def _is_deleted(row: Element) -> bool:
    return row.find("trPr/del") is not None
