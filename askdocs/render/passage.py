"""Lay a passage out as its author did: paragraphs, lists, tables, code."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from askdocs.records.results import Hit
from askdocs.records.spans import BlockKind, Excerpt, Span, overlap
from askdocs.terminal import MARGIN, Style, columns, make_safe, wrap

_STEP = 2
_SEPARATOR = " | "
# Between cells; the first and the last may be empty.
_BETWEEN = re.compile(r"(?:^| )\|(?= |$)")
_TAB = 4
# The number or letter of a list item: its other lines are indented by as much.
_MARKER = re.compile(r"\(?(?:\d{1,9}|[a-zA-Z])[.)]\s")
# These follow each other without an empty line.
_CLOSE = {BlockKind.ITEM, BlockKind.ROW, BlockKind.DEFINITION}
NOWHERE = (0, 0)
"""The span of the answer sentence in a text that does not have it."""


class _Block(NamedTuple):
    """A block of an excerpt; `answer` is the span of the answer sentence in its text."""

    kind: BlockKind
    level: int
    text: str
    answer: Span


def render_passage(hit: Hit, style: Style) -> str:
    """Return the reader's text of a hit, with its context, in the width of a terminal.

    The passage's headings are left out, because they stand above it. Lines of the answer have `>`
    in the margin, those of the context and of what introduces the passage `-`. On a terminal the
    answer is also bold, and the others are dim.
    """
    header, lead = (hit.lead, "") if hit.is_table else ("", hit.lead)
    sections = [
        _wrapped(lead, NOWHERE, style, "-"),
        _laid_out(hit.body, hit.answer.reading, style, header=header),
    ]
    if hit.context is not None:
        above, below = hit.context.above, hit.context.below
        sections.insert(0, _laid_out(above, NOWHERE, style, "-"))
        sections.append(_laid_out(below, NOWHERE, style, "-"))
    texts = ("".join(f"{line}\n" for line in lines) for lines in sections)
    return "\n".join(filter(None, texts))


def cells_of(row: str) -> list[str]:
    """Return the cells of a table's row."""
    return [cell.strip() for cell in _BETWEEN.split(row)]


def _laid_out(
    excerpt: Excerpt, answer: Span, style: Style, mark: str = "", *, header: str = ""
) -> Iterator[str]:
    """Yield the lines of an excerpt; `header` is that of the table that it begins with."""
    blocks = [
        _Block(kind, level, excerpt.plain[start:end], _shifted(answer, -start))
        for kind, level, start, end in excerpt.parts
    ]
    for position, (kind, group) in enumerate(groupby(blocks, key=lambda block: block.kind)):
        if position:
            yield ""
        if kind == BlockKind.ROW:
            yield from _table(list(group), style, mark, "" if position else header)
            continue
        for number, block in enumerate(group):
            if number and kind not in _CLOSE:
                yield ""
            yield from _lines(block, style, mark)


def _lines(block: _Block, style: Style, mark: str) -> Iterator[str]:
    kind, level, text, answer = block
    if kind == BlockKind.CODE:
        return _code(text, answer, style, mark)
    if kind == BlockKind.QUOTATION:
        return _wrapped(text, answer, style, mark, first=" " * _STEP, rest=" " * _STEP)
    if kind != BlockKind.ITEM:
        return _wrapped(text, answer, style, mark)
    marker = _MARKER.match(text)
    bullet, begin = (marker[0], marker.end()) if marker else ("- ", 0)
    indent = " " * min(_STEP * (level - 1), style.body_width // 2)
    first, rest = f"{indent}{bullet}", f"{indent}{'':<{len(bullet)}}"
    return _wrapped(text[begin:], _shifted(answer, -begin), style, mark, first=first, rest=rest)


def _wrapped(
    text: str, answer: Span, style: Style, mark: str, *, first: str = "", rest: str = ""
) -> Iterator[str]:
    """Yield a text in lines as wide as they may be, the first and the rest each with its indent.

    Lines that their author ended end here too.
    """
    indent, width = make_safe(first), style.body_width - max(len(first), len(rest))
    for line in text.split("\n"):
        safe = make_safe(line)
        for span in wrap(safe, width):
            margin = ">" if overlap(span, answer) else mark
            yield f"{margin:<{MARGIN}}{indent}{_painted(safe, span, answer, style, mark)}"
            indent = rest
        answer = _shifted(answer, -len(line) - 1)


def _code(text: str, answer: Span, style: Style, mark: str) -> Iterator[str]:
    """Yield lines of code as they are, however long they are; tabs become spaces."""
    offset = 0
    for line in text.split("\n"):
        first, last = (max(0, bound) for bound in _shifted(answer, -offset))
        spaced = len(line[:first].expandtabs(_TAB)), len(line[:last].expandtabs(_TAB))
        safe = make_safe(line.expandtabs(_TAB).rstrip())
        margin = ">" if overlap((0, len(safe)), spaced) else mark
        body = _painted(safe, (0, len(safe)), spaced, style, mark)
        yield f"{margin:<{MARGIN}}{body}" if safe else ""
        offset += len(line) + 1


def _table(rows: Sequence[_Block], style: Style, mark: str, header: str) -> Iterator[str]:
    """Yield the rows of a table with aligned columns, or one after the other if it is too wide."""
    marked = [(header, NOWHERE, "-")] if header else []
    marked += [(row.text, row.answer, mark) for row in rows]
    table = [cells_of(make_safe(text)) for text, _, _ in marked]
    widths = [
        max(columns(row[at]) for row in table if at < len(row))
        for at in range(max(map(len, table)))
    ]
    is_wide = sum(widths) + len(_SEPARATOR) * (len(widths) - 1) > style.body_width
    for cells, (text, answer, margin) in zip(table, marked, strict=True):
        if is_wide:
            yield from _wrapped(text, answer, style, margin, rest=" " * _STEP)
            continue
        padded = [
            cell + " " * (width - columns(cell)) for cell, width in zip(cells, widths, strict=False)
        ]
        line = _SEPARATOR.join(padded).rstrip()
        is_answer = overlap((0, len(text)), answer)
        span = (0, len(line))
        body = _painted(line, span, span if is_answer else NOWHERE, style, margin)
        yield f"{'>' if is_answer else margin:<{MARGIN}}{body}"


def _painted(text: str, span: Span, answer: Span, style: Style, mark: str) -> str:
    """Return a part of a line with the answer in bold, and the rest dim if it is marked."""
    start, end = span
    cuts = sorted({min(max(cut, start), end) for cut in (start, end, *answer)})
    painted = []
    for piece in pairwise(cuts):
        look = "bold" if overlap(piece, answer) else "dim" if mark else ""
        part = text[slice(*piece)]
        painted.append(style.paint(part, look) if look else part)
    return "".join(painted)


def _shifted(span: Span, by: int) -> Span:
    return span[0] + by, span[1] + by
