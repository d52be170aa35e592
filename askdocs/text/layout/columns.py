"""Columns of text on a page."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple, TypeAlias

from askdocs.text.layout.lines import Cell, Line

_LEAST_COLUMN_LINES = 5
_LEAST_COLUMN_TEXT = 18  # characters in most of its lines; the cells of a table have fewer


class Column(NamedTuple):
    """A column: its number from 0, or -1 for lines across columns, and its sides."""

    number: int
    left: float
    right: float


Placed: TypeAlias = tuple[Line, Column]
"""A line with the column that it stands in."""


def placed_lines(lines: list[Line]) -> list[Placed]:
    """Return the lines with their columns, column by column between lines across all of them.

    The order of the file is kept, unless it runs across columns.
    """
    gutters = _gutters([cell for line in lines for cell in line.cells])
    if not gutters:
        return _with_edges([(line, 0) for line in lines])
    parts: list[tuple[Line, int]] = []
    for line in lines:
        parts += _parted(line, gutters)
    if len(parts) > len(lines):
        across = sorted(-line.baseline for line, column in parts if column < 0)
        keys = [(bisect_left(across, -line.baseline), column < 0, column) for line, column in parts]
        parts = [parts[index] for index in sorted(range(len(parts)), key=keys.__getitem__)]
    return _with_edges(parts)


def _gutters(cells: list[Cell]) -> list[float]:
    """Return where gutters between columns of text are, from left to right.

    A gutter parts lines that mostly fill their columns, so the columns of a table have none.
    """
    if len(cells) < 2 * _LEAST_COLUMN_LINES:
        return []
    left, right = min(cell.left for cell in cells), max(cell.right for cell in cells)
    narrow = [cell for cell in cells if cell.right - cell.left < 0.6 * (right - left)]
    gutter = _emptiest(narrow, left + 0.2 * (right - left), right - 0.2 * (right - left))
    before = [cell for cell in narrow if cell.right <= gutter]
    after = [cell for cell in narrow if cell.left >= gutter]
    are_parted = len(before) + len(after) >= 0.9 * len(narrow)
    if not (are_parted and _is_column(before) and _is_column(after)):
        return []
    return [*_gutters(before), gutter, *_gutters(after)]


def _emptiest(cells: list[Cell], left: float, right: float) -> float:
    """Return the middle of the widest stretch that hardly any cell, such as a title, crosses."""
    steps = Counter[float]()
    for cell in cells:
        steps[cell.left] += 1
        steps[cell.right] -= 1
    few = 1 + len(cells) // 20
    covered, start, widest = 0, left, (0.0, left)
    for edge in sorted(steps):
        end = min(max(edge, left), right)
        if covered > few:
            start = end
        widest = max(widest, (end - start, (start + end) / 2))
        covered += steps[edge]
    return widest[1]


def _is_column(cells: list[Cell]) -> bool:
    if len(cells) < _LEAST_COLUMN_LINES:
        return False
    width = max(cell.right for cell in cells) - min(cell.left for cell in cells)
    is_full = median(cell.right - cell.left for cell in cells) > width / 2
    return is_full and median(len(cell.text) for cell in cells) >= _LEAST_COLUMN_TEXT


def _parted(line: Line, gutters: list[float]) -> Iterator[tuple[Line, int]]:
    """Cut a line at gutters, unless a part of it crosses one."""
    columns: dict[int, list[Cell]] = {}
    for cell in line.cells:
        column = sum(cell.left >= gutter for gutter in gutters)
        if sum(cell.right > gutter for gutter in gutters) > column:
            yield line, -1
            return
        columns.setdefault(column, []).append(cell)
    for column, cells in columns.items():
        yield line._replace(cells=tuple(cells)), column


def _with_edges(parts: list[tuple[Line, int]]) -> list[Placed]:
    columns: dict[int, Column] = {}
    for number in {column for _, column in parts}:
        lines = [line for line, column in parts if column == number]
        columns[number] = Column(number, min(line.left for line in lines), _right_edge(lines))
    return [(line, columns[column]) for line, column in parts]


def _right_edge(lines: list[Line]) -> float:
    """Return the edge of justified text, or the right side of the longest line."""
    edge, count = Counter(round(line.right) for line in lines).most_common(1)[0]
    return edge if count >= max(3, len(lines) / 5) else max(line.right for line in lines)
