"""Read reStructuredText: docutils' tree as blocks, with their places in the source."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from docutils import nodes

from askdocs.records.blocks import ParsedText, Piece
from askdocs.records.spans import BlockKind
from askdocs.text.formats.rst_markup import OPTION, Node, parse
from askdocs.text.formats.rst_places import Source, Text, joined
from askdocs.text.outline import Container, NestedOutline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_UNDERLINE = re.compile(r"([!-/:-@\[-`{-~])\1*")
_UNREAD = (
    nodes.comment,
    nodes.substitution_definition,
    nodes.target,
    nodes.label,
    nodes.raw,
)
# The option of a table of comma-separated values that is a row.
_HEADER = ":header:"
# Their paragraphs that follow each other are one block.
_JOINED = {BlockKind.ITEM, BlockKind.FOOTNOTE}
_ABOUT = frozenset("title subtitle subject description abstract summary keywords tags".split())


def read(text: str) -> ParsedText:
    """Return the blocks of a reStructuredText document with their places in its text.

    Every character that is not white space lies in one block: what is not read, such as comments,
    link targets and the names and options of directives, is in hidden ones.

    Raises:
        RecursionError: It is nested too deeply.

    Source:
        https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html
    """
    source = Source(text)
    reader = _Reader(source)
    reader.read_children(parse(source.normal))
    return reader.parsed()


class _Reader:
    """Turns the nodes of docutils into blocks."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._outline = NestedOutline()
        self._depth = 0
        self._end = 0
        self._rows_lead = 0
        self._has_header = False
        self._preface = ""
        # Until there is more than titles, fields are about the document.
        self._is_beginning = True
        self._context: list[str] = []
        self._readers: tuple[tuple[Any, Callable[[Node], None]], ...] = (
            (_UNREAD, self._pass_over),
            (nodes.section, self._read_section),
            ((nodes.bullet_list, nodes.enumerated_list), self._read_list),
            (nodes.block_quote, partial(self._read_container, kind=BlockKind.QUOTATION)),
            (
                (nodes.footnote, nodes.citation),
                partial(self._read_container, kind=BlockKind.FOOTNOTE),
            ),
            (nodes.definition_list_item, self._add_definition),
            (nodes.field_list, self._read_fields),
            (nodes.option_list_item, self._add_option),
            (nodes.table, self._read_table),
            (nodes.row, self._add_row),
            (nodes.compound, self._read_directive),
            (nodes.line_block, self._read_lines),
            (nodes.FixedTextElement, self._add_code),
            (nodes.title, self._add_title),
            (nodes.TextElement, self._read_text),
        )

    def parsed(self) -> ParsedText:
        """Return the document."""
        self._hide(len(self._source.text))
        blocks = tuple(self._outline.blocks)
        return ParsedText(text=self._source.text, blocks=blocks, context=tuple(self._context))

    def read_children(self, parent: Node) -> None:
        """Add what is below a node."""
        children = list(parent.children)
        while children:
            node = children.pop(0)
            if isinstance(node, nodes.paragraph) and self._outline.container_kind() in _JOINED:
                group = [node]
                while children and isinstance(children[0], nodes.paragraph):
                    group.append(children.pop(0))
                self._add_texts(group)
            else:
                self._read(node)

    def _read(self, node: Node) -> None:
        for kinds, reader in self._readers:
            if isinstance(node, kinds):
                reader(node)
                return
        self.read_children(node)

    def _read_section(self, node: Node) -> None:
        self._depth += 1
        self.read_children(node)
        self._depth -= 1

    def _read_list(self, node: Node) -> None:
        lead = self._lead()
        for item in node.children:
            self._read_container(item, BlockKind.ITEM, lead)

    def _read_table(self, node: Node) -> None:
        """Add a table: its title introduces the header, and the header the other rows."""
        self._rows_lead = 0
        self._has_header = False
        for child in node.children:
            if not isinstance(child, nodes.title):
                self._read(child)
            elif text := self._text([child]):
                last = self._last_option(text.last)
                self._rows_lead = self._add(Text(text.first, last, text.pieces))

    def _read_directive(self, node: Node) -> None:
        self._preface = node.get("said", "")
        self.read_children(node)

    def _read_lines(self, node: Node) -> None:
        self._add_texts([line for line in node.findall(nodes.line) if line.children])

    def _read_text(self, node: Node) -> None:
        self._add_texts([node])

    def _read_container(self, node: Node, kind: BlockKind, lead: int = 0) -> None:
        self._outline.containers.append(Container(kind, lead))
        self.read_children(node)
        self._outline.containers.pop()

    def _pass_over(self, node: Node) -> None:
        """Look for what follows after a node that is not read."""
        self._context += [node[key] for key in sorted(_ABOUT) if node.get(key)]
        if found := self._source.find(node.rawsource or "", node.line):
            self._source.position = found.places[-1]

    def _add_title(self, node: Node) -> None:
        if not isinstance(node.parent, nodes.section):
            self._add_texts([node])
        elif text := self._text([node]):
            first, last = text.first, text.last
            underline = self._source.line(last + 1)
            if _UNDERLINE.fullmatch(underline):
                last += 1
                first -= self._source.line(first - 1) == underline and self._is_unread(first - 1)
            self._add(Text(first, last, text.pieces), BlockKind.HEADING, level=self._depth)

    def _add_texts(self, group: Sequence[Node]) -> None:
        preface, self._preface = self._preface, ""
        if text := self._text(group):
            end = text.pieces[0].start
            start, _ = self._source.without_space(self._source.lines[text.first][0], end)
            if preface and self._end <= start < end:
                text.pieces[:] = [Piece(start, end, preface), *_with_colon(text.pieces)]
            self._add(text)

    def _add_code(self, node: Node) -> None:
        lead = self._lead()
        if text := self._source.code(node):
            self._add(text, BlockKind.CODE, lead=lead)

    def _add_definition(self, item: Node) -> None:
        terms: list[Node] = []
        for node in item.children[:-1]:
            if isinstance(node, nodes.classifier):
                # The term as written holds its classifiers.
                terms[-1].extend([nodes.Text(" : "), *node.children])
            else:
                terms.append(node)
        self._add_meaning(self._text(terms, ", "), item.children[-1], BlockKind.DEFINITION)

    def _add_option(self, item: Node) -> None:
        group, description = item.children
        line = next((each.line for each in description.children), item.line)
        option = next(iter(group.findall(nodes.option_string)), group)
        meaning = description.children[0].rawsource if description.children else ""
        text = self._source.words_before(option.astext(), meaning, line)
        self._add_meaning(text, description, BlockKind.DEFINITION)

    def _read_fields(self, fields: Node) -> None:
        """Add fields as definitions; at the beginning they are about the document as a whole."""
        is_about = self._is_beginning
        for field in fields.children:
            name, body = field.children
            text = self._source.name_of_field(name, field.line)
            if not is_about or self._outline.containers:
                self._add_meaning(text, body, BlockKind.DEFINITION)
                continue
            if name.astext().lower() in _ABOUT:
                self._context.append(" ".join(body.astext().split()))
            self._add_meaning(text, body, BlockKind.METADATA)

    def _add_meaning(self, text: Text | None, body: Node, kind: BlockKind) -> None:
        """Add a term with the paragraphs that follow it as one block; then the rest."""
        rest = list(body.children)
        paragraphs = []
        while rest and isinstance(rest[0], nodes.paragraph):
            paragraphs.append(rest.pop(0))
        if text:
            self._source.position = text.pieces[-1].end
        is_marked = text is not None and text.pieces[-1].text.endswith(":")
        text = joined(text, self._text(paragraphs), " " if is_marked else ": ")
        if text and kind == BlockKind.METADATA:
            self._add(Text(text.first, text.last, []), kind)
        elif text:
            # A list or code may begin on the line of the name and its colon.
            is_shared = isinstance(body, nodes.field_body) and not paragraphs and rest
            end = text.pieces[-1].end + 1 if is_shared else 0
            self._add(text, kind, end=end)
            for node in rest:
                self._read(node)

    def _add_row(self, row: Node) -> None:
        cells = [list(_texts_in(entry)) for entry in row.children]
        text = self._source.row(cells)
        if text is None:
            return
        first, last = text.first, text.last
        while _is_rule(self._source.line(first - 1)) and self._is_unread(first - 1):
            first -= 1
        while _is_rule(self._source.line(last + 1)):
            last += 1
        if self._source.line(first).startswith(_HEADER):
            last = self._last_option(last)
        number = self._add(Text(first, last, text.pieces), BlockKind.ROW, lead=self._rows_lead)
        if isinstance(row.parent, nodes.thead) and not self._has_header:
            self._rows_lead = number
            self._has_header = True

    def _last_option(self, line: int) -> int:
        """Return the last line of the options after a line, up to one that holds the header.

        They belong to the block before them: what is hidden would part a table from its title.
        """
        while OPTION.match(following := self._source.line(line + 1)):
            if following.startswith(_HEADER):
                break
            line += 1
        return line

    def _text(self, group: Sequence[Node], joint: str = " ") -> Text | None:
        """Return the texts of nodes as one, if they are found."""
        result = None
        for node in group:
            text = self._source.text_of(node)
            result = joined(result, text, joint)
            if text:
                self._source.position = text.pieces[-1].end
        return result

    def _lead(self) -> int:
        """Return the number of the block that introduces what follows it, or 0."""
        lead = self._outline.lead()
        if lead and self._outline.blocks[-1].level not in {0, self._outline.item_level()}:
            # The last item of a list that has ended.
            return self._outline.containers[-1].number if self._outline.containers else 0
        return lead

    def _is_unread(self, line: int) -> bool:
        return line >= 0 and self._source.lines[line][0] >= self._end

    def _add(
        self,
        text: Text,
        kind: BlockKind | None = None,
        *,
        level: int = 0,
        lead: int = 0,
        end: int = 0,
    ) -> int:
        """Add the block on some lines, up to a character if not to their end."""
        kind = kind or self._outline.container_kind()
        start = max(self._source.lines[text.first][0], self._end)
        self._hide(start)
        chars = self._source.without_space(start, end or self._source.lines[text.last][1])
        number = self._outline.add_inside(kind, chars, text.pieces, level=level, lead=lead)
        self._end = self._source.position = chars[1]
        self._is_beginning &= kind in {BlockKind.HEADING, BlockKind.METADATA}
        return number

    def _hide(self, end: int) -> None:
        """Add what no block has up to a character; blank lines part it."""
        for chars in self._source.runs_of_lines(self._end, end):
            self._outline.add(BlockKind.HIDDEN, chars)
        self._end = max(self._end, end)


def _with_colon(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces of a text with a colon after its first word, a version, if more follows."""
    for number, (start, end, text) in enumerate(pieces):
        version, space, rest = text.partition(" ")
        if not space:
            continue
        if version.endswith((":", ".", ",")) or (version and len(text) != end - start):
            break
        at = start + len(version)
        after = at + 1 if rest else end
        parts = [Piece(start, at, version), Piece(at, after, ": "), Piece(after, end, rest)]
        return [*pieces[:number], *(each for each in parts if each.text), *pieces[number + 1 :]]
    return list(pieces)


def _texts_in(entry: Node) -> Iterator[Node]:
    """Yield the nodes in a cell that hold text."""
    for node in entry.children:
        if isinstance(node, nodes.TextElement) and not isinstance(node, _UNREAD):
            yield node
        elif not isinstance(node, _UNREAD):
            yield from _texts_in(node)


def _is_rule(line: str) -> bool:
    return bool(line) and not line.strip("=+-| ")
