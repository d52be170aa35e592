"""Read the inline markup of Markdown into pieces: what a reader sees, and where it stands."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline

from askdocs.records.blocks import Piece
from askdocs.text.pieces import moved, seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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


def html_pieces(source: str) -> list[Piece]:
    """Return the text of HTML without tags, comments and scripts."""
    pieces: list[Piece] = []
    position = 0
    for match in _UNREAD_HTML.finditer(source):
        pieces += _with_entities(source, position, match.start())
        if _WIDE_BREAK.match(match[0]):
            pieces.append(Piece(*match.span(), " "))
        position = match.end()
    pieces += _with_entities(source, position, len(source))
    return seen(pieces)


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
