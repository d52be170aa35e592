"""Spans of text: documents, paragraphs and passages."""

from dataclasses import dataclass
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""A half-open range of code points, counted from 0."""

Range: TypeAlias = tuple[int, int]
"""An inclusive range of paragraphs or lines, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A block of text as a reader sees it.

    Attributes:
        number: Position in its document, from 1.
        chars: Its span in the document's text, without surrounding white space.
    """

    number: int
    chars: Span
    lines: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A decoded source file with numbered paragraphs.

    Attributes:
        path: POSIX, relative to the parent of the index directory.
        text: The decoded text with nothing removed.
        paragraphs: In order, numbers from 1 without a gap.
    """

    path: str
    text: str
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The unit retrieved: one contiguous span of one document.

    Attributes:
        chars: Span in the document's text.
        paragraphs: The paragraphs that it touches.
        offsets: Half-open code points from the first character of its first paragraph; None if it
            is all of its paragraphs.
        text: The document's text at `chars`.
        sentences: Spans in the document's text, in order, at least one, each inside `chars`.
        headings: The headings above it, outermost first.
    """

    chars: Span
    paragraphs: Range
    lines: Range
    text: str
    sentences: tuple[Span, ...]
    offsets: Span | None = None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPassage:
    """A passage of an index, with its document.

    Attributes:
        id: Position in the index (by segment, then path, then position), from 0.
        encoding: The codec that decoded its document.
        first_sentence: The id of its first sentence; the others follow it.
    """

    id: int
    path: str
    encoding: str
    first_sentence: int
    passage: Passage
