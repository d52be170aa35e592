"""Spans of text: documents, paragraphs and passages."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

Span: TypeAlias = tuple[int, int]
"""A half-open range of code points, counted from 0."""

Range: TypeAlias = tuple[int, int]
"""An inclusive range of paragraphs or lines, counted from 1."""


def overlap(first: Span, second: Span) -> bool:
    """Return True if two spans share a character."""
    return max(first[0], second[0]) < min(first[1], second[1])


class BlockKind(StrEnum):
    """What a block is to a reader."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"
    CODE = "code"
    QUOTATION = "quotation"
    DEFINITION = "definition"
    FOOTNOTE = "footnote"
    METADATA = "metadata"
    HIDDEN = "hidden"


class Part(NamedTuple):
    """A block, or a part of one, in the reader's text of a passage.

    Attributes:
        kind: The kind of the block.
        level: Of a heading or a list item, as `Block` has it.
        start, end: Its span in the passage's reader's text.
    """

    kind: BlockKind
    level: int
    start: int
    end: int


class Excerpt(NamedTuple):
    """A part of a document as it is read: its reader's text, and its blocks in that text."""

    plain: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document's text with its numbered blocks.

    Attributes:
        path: POSIX, relative to the parent of the index directory.
        text: The decoded or extracted text with nothing removed.
        paragraphs: The span of each block in order; the first one is number 1. That of a block
            which nobody reads, hidden or metadata, is empty.
    """

    path: str
    text: str
    paragraphs: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The unit retrieved: consecutive blocks of one section of a document.

    Attributes:
        chars: Span in the document's text.
        paragraphs: The numbers of the blocks that it touches.
        offsets: Half-open code points from the first character of its first block; None if it is
            all of its blocks.
        text: The document's text at `chars`.
        sentences: Spans in the document's text, in order, at least one, each inside `chars`.
        headings: The headings above it, outermost first.
        plain: The reader's text: wraps joined, markup left out, a line end between two blocks.
        readings: The span of each sentence in `plain`.
        parts: Its blocks in `plain`.
        lead: What introduces it and stands before it: the sentence before a list that was cut, or
            the header of a table; empty for nothing.
        pages: The pages that it begins and ends on, if its format has pages.
        cell: The cell of a notebook that it stands in, from 1; 0 in other formats.
    """

    chars: Span
    paragraphs: Range
    lines: Range
    text: str
    sentences: tuple[Span, ...]
    plain: str
    readings: tuple[Span, ...]
    parts: tuple[Part, ...]
    offsets: Span | None = None
    headings: tuple[str, ...] = ()
    lead: str = ""
    pages: Range | None = None
    cell: int = 0

    @property
    def plain_sentences(self) -> list[str]:
        """The sentences as they are read, searched and embedded."""
        return [self.plain[start:end] for start, end in self.readings]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPassage:
    """A passage of an index, with its document.

    Attributes:
        id: Position in the index (by segment, then path, then position), from 0.
        sha256: The digest of its document's bytes.
        first_sentence: The id of its first sentence; the others follow it.
    """

    id: int
    path: str
    sha256: str
    first_sentence: int
    passage: Passage
