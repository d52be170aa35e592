"""Collect the blocks of a document: number them, and keep the headings above each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import TypedDict, Unpack

from askdocs.errors import UnreadableSourceError
from askdocs.records.blocks import Block, ParsedText, Piece
from askdocs.records.spans import BlockKind, Span

# Every passage below a heading repeats it: a longer one would be written thousands of times.
_LONGEST_HEADING = 300
# These stand on neighbouring lines of an extracted text; an empty line separates all others.
_CLOSE = {BlockKind.ITEM, BlockKind.ROW}

LEADING = frozenset(
    {BlockKind.PARAGRAPH, BlockKind.ITEM, BlockKind.QUOTATION, BlockKind.DEFINITION}
)
"""The kinds of blocks that can introduce the code or the nested list after them."""

LIST_LEADING = LEADING - {BlockKind.ITEM}
"""Those that can introduce a list: an item before it belongs to another list."""


def require_at_most(sentences: int, limit: int | None) -> None:
    """Refuse a document of more sentences than allowed. Blocks count too: each has at least one.

    Raises:
        UnreadableSourceError: It has more.
    """
    if limit is not None and sentences > limit:
        raise UnreadableSourceError(
            f"more than {limit:,} sentences (--max-sentences)", skipped=True
        )


class BlockFields(TypedDict, total=False):
    """What a reader may know of a block; see `Block`."""

    level: int
    lead: int
    page: int
    page_turns: tuple[tuple[int, int], ...]
    box: tuple[float, float, float, float] | None
    cell: int
    anchor: str


class Outline:
    """Collects blocks in order, up to a limit."""

    def __init__(self, limit: int | None = None) -> None:
        self.blocks: list[Block] = []
        self._limit = limit
        self._levels: list[tuple[int, str]] = []

    def add(
        self,
        kind: BlockKind,
        chars: Span,
        pieces: Sequence[Piece] = (),
        **known: Unpack[BlockFields],
    ) -> int:
        """Add the next block, and return its number; see `Block`."""
        if kind == BlockKind.HEADING:
            title = "".join(piece.text for piece in pieces)
            level = known.get("level", 0)
            levels = [outer for outer in self._levels if outer[0] < level]
            self._levels = [*levels, (level, _shortened(title))]
        block = Block(
            number=len(self.blocks) + 1,
            kind=kind,
            chars=chars,
            pieces=tuple(pieces),
            headings=tuple(title for _, title in self._levels if title),
            **known,
        )
        self.blocks.append(block)
        require_at_most(block.number, self._limit)
        return block.number

    def lead(self, kinds: Collection[BlockKind] = LEADING) -> int:
        """Return the number of the last block if it introduces what follows, otherwise 0."""
        return len(self.blocks) if self.blocks and self.blocks[-1].kind in kinds else 0


@dataclass(slots=True)
class Container:
    """A list item, quotation or footnote that is open; `lead` introduces the list of an item."""

    kind: BlockKind
    lead: int = 0
    number: int = 0


class NestedOutline(Outline):
    """Collects blocks inside list items, quotations and footnotes; `containers` are open now."""

    def __init__(self) -> None:
        super().__init__()
        self.containers: list[Container] = []

    def container_kind(self) -> BlockKind:
        """Return the kind of the innermost container; outside, blocks are paragraphs."""
        return self.containers[-1].kind if self.containers else BlockKind.PARAGRAPH

    def item_level(self) -> int:
        """Return how many list items are open."""
        return sum(each.kind == BlockKind.ITEM for each in self.containers)

    def add_inside(
        self, kind: BlockKind, chars: Span, pieces: Sequence[Piece], *, level: int, lead: int
    ) -> int:
        """Add the next block to its container, and return its number; items get level and lead."""
        container = self.containers[-1] if self.containers else Container(BlockKind.PARAGRAPH)
        if kind == BlockKind.ITEM and not level:
            level, lead = self.item_level(), container.number or container.lead
        number = self.add(kind, chars, pieces, level=level, lead=lead)
        if pieces and not container.number:
            container.number = number
        return number


class Extract(Outline):
    """Collects blocks of a format without characters of its own, and the text made of them."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._length = 0

    def add_text(
        self,
        kind: BlockKind,
        plain: str,
        **known: Unpack[BlockFields],
    ) -> int:
        """Add the next block with its text, which must not be blank; return its number.

        Pages turn at characters of its text.
        """
        plain = (dedent(plain) if kind == BlockKind.CODE else plain).strip()
        if not plain:
            raise ValueError("must have a text, got only white space")
        if self.blocks:
            is_close = kind in _CLOSE and self.blocks[-1].kind in _CLOSE
            self._append("\n" if is_close else "\n\n")
        start = self._length
        self._append(plain)
        chars = (start, self._length)
        pieces = () if kind == BlockKind.HIDDEN else (Piece(*chars, plain),)
        known["page_turns"] = tuple(
            (start + char, page) for char, page in known.get("page_turns", ())
        )
        return self.add(kind, chars, pieces, **known)

    def parsed(self, *context: str) -> ParsedText:
        """Return the document."""
        text = "".join(self._parts)
        return ParsedText(
            text=text, blocks=tuple(self.blocks), context=tuple(filter(None, context))
        )

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_HEADING else f"{text[: _LONGEST_HEADING - 1]}…"
