"""Read the markup in a block of Markdown into pieces: what a reader sees, and where it stands."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline

from askdocs.records.blocks import Piece
from askdocs.records.spans import BlockKind
from askdocs.text.pieces import moved, seen, trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, Literal

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_WIKI_LINK = re.compile(
    r"(?P<embed>!?)\[\[(?P<page>[^\[\]|\n]{1,300})(?:\|(?P<label>[^\[\]\n]{1,300}))?\]\]"
)
_WIDE_BREAK = re.compile(r"<br\b|</?(?:p|div|li|td|th|tr)\b", re.IGNORECASE)
_UNREAD_HTML = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<tag>script|style|template)\b.*?(?:</(?P=tag)\s*>|\Z)|<[^<>]*>",
    re.DOTALL | re.IGNORECASE,
)
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)")
_HEADINGS = {f"h{level}" for level in range(1, 7)}
_LISTS = {"ul", "ol", "menu"}
_ROW_ENDS = {"table", "thead", "tbody", "tfoot", "tr", "caption"}
_PARTS = {
    *"address article aside blockquote br center details div dl fieldset figcaption figure footer"
    " form header hr main nav p pre section summary".split()
}
# Paragraphs in these are joined.
_JOINED = {BlockKind.HEADING, BlockKind.ITEM, BlockKind.ROW, BlockKind.DEFINITION}
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,31});")


class PlacedInline(ParserInline):
    """markdown-it's inline parser, whose tokens say in `meta` at which character they begin."""

    def parse(
        self,
        src: str,
        md: MarkdownIt,
        env: Any,  # noqa: ANN401 - markdown-it's signature
        tokens: list[Token],
    ) -> list[Token]:
        """Parse a text into tokens."""
        state = _PlacedState(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


class _PlacedState(StateInline):
    def append_pending(self, text: str) -> None:
        if not self.pending:
            self._pending_start = self.pos
        super().append_pending(text)

    def pushPending(self) -> Token:  # noqa: N802 - markdown-it's name
        token = super().pushPending()
        token.meta = {"at": self._pending_start}
        return token

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        token = super().push(ttype, tag, nesting)
        token.meta = {"at": self.pos}
        return token


def wiki_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
    """Read `[[Page]]` and `[[Page|label]]` as the page or the label; an embedded page is unseen."""
    match = _WIKI_LINK.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    if not silent:
        token = state.push("text_special", "", 0)
        token.markup = match[0]
        token.content = "" if match["embed"] else (match["label"] or match["page"])
    state.pos = match.end()
    return True


def pieces_of(source: str, tokens: Sequence[Token]) -> list[Piece]:
    """Return what the tokens of a text say to a reader; places are characters of the text."""
    pieces: list[Piece] = []
    end = 0
    for token in tokens:
        # Marks of one run begin at the same character.
        at = max(int(token.meta.get("at", end)), end)
        for piece in _pieces_of_token(source, token, at):
            pieces.append(piece)
            end = piece.end
    return seen(pieces)


class HtmlBlock(NamedTuple):
    """A block in HTML.

    Attributes:
        kind: Its kind; of an item of a list, a row or a definition too.
        level: Of a heading or an item, from 1; otherwise 0.
        end: Where it ends, with the tags that close it; it begins where the one before ends.
        pieces: What a reader sees of it; some.
        is_first: Whether a table or a list begins with it.
        is_header: Whether it is a row that names the columns.
    """

    kind: BlockKind
    level: int
    end: int
    pieces: list[Piece]
    is_first: bool = False
    is_header: bool = False


def html_blocks(source: str) -> list[HtmlBlock]:
    """Return the blocks of HTML, without tags, comments and scripts; places are its characters."""
    reader = _HtmlReader(source)
    position = 0
    for match in _UNREAD_HTML.finditer(source):
        reader.read_text(_with_entities(source, position, match.start()))
        reader.read_tag(match)
        position = match.end()
    reader.read_text(_with_entities(source, position, len(source)))
    reader.end_block(len(source))
    blocks = reader.blocks
    return [*blocks[:-1], blocks[-1]._replace(end=len(source))] if blocks else []


class _HtmlReader:
    """Turns tags and texts into blocks."""

    def __init__(self, source: str) -> None:
        self.blocks: list[HtmlBlock] = []
        self._source = source
        self._kind = BlockKind.PARAGRAPH
        self._level = 0
        # How many lists are open, and whether one or a table has just begun.
        self._depth = 0
        self._is_first = False
        # The parts before, cells or terms, and the current one.
        self._done: list[Piece] = []
        self._pieces: list[Piece] = []
        self._cells: set[str] = set()
        # Whether only tags that end something follow the last block.
        self._is_ending = False

    def read_text(self, pieces: Iterable[Piece]) -> None:
        """Add text to the current part."""
        for piece in pieces:
            self._is_ending = self._is_ending and not piece.text.strip()
            self._pieces.append(piece)

    def read_tag(self, match: re.Match[str]) -> None:
        """End a part or a block, or begin one."""
        tag = _TAG.match(match[0])
        name, is_end = (tag["name"].lower(), bool(tag["end"])) if tag else ("", True)
        edge = match.end() if is_end else match.start()
        self._part(name, match, edge, is_end=is_end)
        if is_end and self._is_ending:
            self.blocks[-1] = self.blocks[-1]._replace(end=match.end())
        else:
            self._is_ending = False

    def _part(self, name: str, match: re.Match[str], edge: int, *, is_end: bool) -> None:
        """End or begin what a tag stands for; tags inside a line do nothing."""
        if name in _LISTS or name == "li":
            self._begin_item(name, edge, is_end=is_end)
        elif name in {"td", "th", "dt", "dd"}:
            if not is_end:
                begin = self._begin_cell if name[0] == "t" else self._begin_definition
                begin(name, match)
        elif name in _HEADINGS and self._kind not in _JOINED - {BlockKind.HEADING}:
            self.end_block(edge)
            if not is_end:
                self._kind, self._level = BlockKind.HEADING, int(name[1])
        elif name in _ROW_ENDS or (name == "dl" and is_end):
            self.end_block(edge)
            self._is_first = self._is_first or name == "table"
        elif name in _PARTS or name in _HEADINGS:
            if self._kind in _JOINED or name == "br":
                self._pieces.append(Piece(*match.span(), " "))
            else:
                self.end_block(edge)

    def end_block(self, edge: int) -> None:
        """Add the block that ends here, if there is one; a paragraph follows."""
        pieces = self._done + seen(self._pieces)
        while pieces and pieces[-1].text == " | ":
            del pieces[-1]
        if pieces := trimmed(pieces):
            is_grouped = self._kind in {BlockKind.ITEM, BlockKind.ROW}
            is_header = self._cells == {"th"}
            self.blocks.append(
                HtmlBlock(
                    self._kind, self._level, edge, pieces, self._is_first and is_grouped, is_header
                )
            )
            self._is_first = self._is_first and not is_grouped
            self._is_ending = True
        self._done, self._pieces, self._cells = [], [], set()
        self._kind, self._level = BlockKind.PARAGRAPH, 0

    def _begin_cell(self, name: str, match: re.Match[str]) -> None:
        if self._kind == BlockKind.ROW:
            self._join(" | ", match)
        else:
            self.end_block(match.start())
            self._kind = BlockKind.ROW
        self._cells.add(name)

    def _begin_definition(self, name: str, match: re.Match[str]) -> None:
        """Join terms by commas, and their definition after a colon."""
        is_defined = "dd" in self._cells
        if self._kind != BlockKind.DEFINITION or (name == "dt" and is_defined):
            self.end_block(match.start())
            self._kind = BlockKind.DEFINITION
        elif self._done or seen(self._pieces):
            self._join(", " if name == "dt" else " " if is_defined else ": ", match)
        self._cells.add(name)

    def _begin_item(self, name: str, edge: int, *, is_end: bool) -> None:
        if self._kind in {BlockKind.ROW, BlockKind.DEFINITION}:
            # A list in a cell or a definition is a part of it.
            self._pieces.append(Piece(edge, edge, " "))
            return
        self.end_block(edge)
        if name in _LISTS:
            self._depth = max(0, self._depth + (-1 if is_end else 1))
            self._is_first = not is_end
        if self._depth or not is_end:
            self._kind, self._level = BlockKind.ITEM, max(self._depth, 1)

    def _join(self, text: str, match: re.Match[str]) -> None:
        """Begin the next part."""
        self._done += [*seen(self._pieces), Piece(*match.span(), text)]
        self._pieces = []


def _with_entities(source: str, start: int, end: int) -> Iterator[Piece]:
    for match in _ENTITY.finditer(source, start, end):
        yield Piece(start, match.start(), source[start : match.start()])
        yield Piece(*match.span(), html.unescape(match[0]))
        start = match.end()
    yield Piece(start, end, source[start:end])


def _pieces_of_token(source: str, token: Token, at: int) -> Iterator[Piece]:
    if token.type in {"softbreak", "hardbreak"}:
        yield Piece(at, source.index("\n", at) + 1, " ")
    elif token.type == "html_inline" and _WIDE_BREAK.match(token.content):
        yield Piece(at, at + len(token.content), " ")
    elif token.type == "text_special":
        yield Piece(at, at + len(token.markup), token.content)
    elif token.type == "image":
        label = pieces_of(token.content, token.children or [])
        yield from moved(label, source.index("[", at) + 1)
    elif token.type == "code_inline":
        start = at + len(token.markup)
        written = source[start : start + len(token.content)].replace("\n", " ")
        start += written != token.content
        yield Piece(start, start + len(token.content), token.content)
    elif token.type == "text" and token.content:
        end = at + len(token.content)
        if source.startswith(token.content, at):
            yield Piece(at, end, token.content)
        else:
            # An address between < and >, whose escapes are undone.
            yield Piece(at, source.index(">", at) + 1, token.content)
