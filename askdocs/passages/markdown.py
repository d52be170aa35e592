"""Find the headings and the fenced blocks of a Markdown document."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from askdocs.datamodel import Document, Span

_SUFFIXES = (".md", ".markdown")
_HEADING = re.compile(r" {0,3}(?P<level>#{1,6})[ \t]+(?P<text>\S.*)")
# A search from within white space would read the rest of it once more for each character.
_CLOSING_MARKS = re.compile(r"(?<![ \t])[ \t]+#+$")
# Every passage below a heading says it: a longer one would be written thousands of times.
_LONGEST_HEADING = 300
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}(?=[^`]*$)|~{3,})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading of a document.

    Attributes:
        chars: Span of its line in the document's text, without the white space around it.
        path: The headings above it and itself, outermost first, without their marks; of a long
            one, its beginning.
    """

    chars: Span
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What a reader of a Markdown document sees beside paragraphs; empty for any other document.

    Attributes:
        headings: In order.
        fences: Spans of fenced blocks in order, their marks included; an open one ends with the
            document.
    """

    headings: tuple[Heading, ...] = ()
    fences: tuple[Span, ...] = ()


def find_structure(document: Document) -> Structure:
    """The headings (written with `#`) and fenced blocks of a document, if its name says Markdown.

    Source:
        CommonMark 0.31.2, sections 4.2 and 4.5.
    """
    if not document.path.lower().endswith(_SUFFIXES):
        return Structure()
    headings: list[Heading] = []
    fences: list[Span] = []
    levels: list[tuple[int, str]] = []
    opened: tuple[int, str] | None = None
    for start, line in _lines(document.text):
        fence = _FENCE.match(line)
        if opened is not None:
            if fence and _closes(line, fence["mark"], opened[1]):
                fences.append((opened[0], start + len(line)))
                opened = None
        elif fence:
            opened = (start, fence["mark"])
        elif heading := _HEADING.match(line):
            level = len(heading["level"])
            text = _shortened(_CLOSING_MARKS.sub("", heading["text"].rstrip()))
            levels = [*(one for one in levels if one[0] < level), (level, text)]
            path = tuple(name for _, name in levels)
            first = start + heading.start("level")
            headings.append(Heading(chars=(first, start + len(line.rstrip())), path=path))
    if opened is not None:
        fences.append((opened[0], len(document.text)))
    return Structure(headings=tuple(headings), fences=tuple(fences))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_HEADING else f"{text[: _LONGEST_HEADING - 1]}…"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        yield start, line.removesuffix("\r")
        start += len(line) + 1


def _closes(line: str, mark: str, opening: str) -> bool:
    """A fence ends with at least as many of the same mark, and nothing behind them."""
    return mark[0] == opening[0] and len(mark) >= len(opening) and line.strip() == mark
