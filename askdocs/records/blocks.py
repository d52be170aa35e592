"""Blocks: the structural units that every format is read into."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from askdocs.records.spans import BlockKind, Span

UNREAD = frozenset({BlockKind.HIDDEN, BlockKind.METADATA})
"""The kinds of blocks that are neither searched nor shown."""


class Piece(NamedTuple):
    """A part of a reader's text: the characters `start` up to `end` of the source read as `text`.

    A line wrap reads as a space, an entity as its character. What has no piece is not read: markup,
    link targets, soft hyphens.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A structural unit of a document.

    Attributes:
        number: Position in its document, from 1; blocks that nobody sees are counted too.
        chars: Its span in the document's text with its markup, without white space around it.
        pieces: The reader's text and where it comes from, in order; none for a hidden block.
        headings: The headings above it, outermost first; of a heading, with itself.
        level: Of a heading, from 1; of a list item, how deep it is nested, from 1; otherwise 0.
        lead: The number of the block that introduces it: the sentence before a list or code, the
            header of a table row, the item around an item; 0 for none.
        page: The page that it begins on, from 1; 0 if the format has no pages.
        page_turns: Where its next pages begin in the document's text, and their numbers.
        box: Its left, bottom, right and top edges on that page in points, from the lower left.
        cell: The cell of a notebook, from 1; 0 in other formats.
        anchor: The nearest identifier at or before it that a link can name; empty for none.
    """

    number: int
    kind: BlockKind
    chars: Span
    pieces: tuple[Piece, ...] = ()
    headings: tuple[str, ...] = ()
    level: int = 0
    lead: int = 0
    page: int = 0
    page_turns: tuple[tuple[int, int], ...] = ()
    box: tuple[float, float, float, float] | None = None
    cell: int = 0
    anchor: str = ""

    @property
    def plain(self) -> str:
        """Return the reader's text."""
        return "".join(piece.text for piece in self.pieces)

    def page_at(self, char: int) -> int:
        """Return the page that a character of the document's text stands on."""
        return next((page for turn, page in reversed(self.page_turns) if turn <= char), self.page)

    def sources(self, plains: Iterable[Span]) -> list[Span]:
        """Return where parts of the reader's text, each at least a character, stand in the source.

        A piece that reads differently from its source counts whole.
        """
        ends = list(accumulate(len(piece.text) for piece in self.pieces))
        spans = []
        for start, end in plains:
            if not 0 <= start < end <= (ends[-1] if ends else 0):
                raise ValueError(f"must be within the reader's text, got {(start, end)}")
            first, last = bisect_right(ends, start), bisect_left(ends, end)
            spans.append((self._source(first, ends, start)[0], self._source(last, ends, end)[1]))
        return spans

    def _source(self, number: int, ends: Sequence[int], at: int) -> Span:
        """Return a place in a piece from both sides; it has two if the piece is not literal."""
        piece = self.pieces[number]
        if piece.end - piece.start != len(piece.text):
            return piece.start, piece.end
        return (piece.end - (ends[number] - at),) * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedText:
    """What a format makes of a file.

    Attributes:
        text: The text that all spans refer to: the decoded file or, for formats without characters
            of their own, the text extracted from it.
        blocks: In order, numbers from 1 without a gap.
        context: What the document says of itself as a whole: title, aliases, tags, description.
    """

    text: str
    blocks: tuple[Block, ...]
    context: tuple[str, ...] = ()


def paragraph_spans(parsed: ParsedText) -> list[Span]:
    """Return the span of each block, as `Document` has them."""
    return [(block.chars[0], block.chars[block.kind not in UNREAD]) for block in parsed.blocks]
