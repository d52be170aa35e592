"""Tables: rows whose cells stand below each other."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from askdocs.text.layout.columns import Placed
from askdocs.text.layout.lines import Cell, Line, joined

_MARKER_ALONE = re.compile(
    r"[•‣◦▪■□●○◆➢➤✓\u2217*·–—\ue000-\uf8ff-]|\(?(?:\d{1,3}|[a-z])[.)]|\[\d{1,3}\]"
)
_MOST_CELLS = 60


class Row(NamedTuple):
    """A row of a table: its lines, and the text of its cells, which may be empty."""

    lines: list[Line]
    texts: list[str]


def table_at(placed: Sequence[Placed], index: int) -> list[Row]:
    """Return the rows of a table that begins at a line; none if there is not a table."""
    seeds = [_cells(line) for line, _ in placed[index : index + 2]]
    # A header often has no cell above the names of the rows, so the next line may have more.
    most = max(seeds, key=len)
    if len(seeds[0]) < 2 or len(most) > _MOST_CELLS:
        return []
    table = _Table(most)
    _, column = placed[index]
    while index < len(placed) and placed[index][1] == column and table.take(placed[index][0]):
        index += 1
    is_table = len(table.rows) >= 3 or (len(table.rows) == 2 and len(most) >= 3)
    return table.rows if is_table else []


class _Table:
    """Rows, and the stretches across the page that their cells stand in."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.rows: list[Row] = []
        self._stops = [(cell.left, cell.right) for cell in cells]

    def take(self, line: Line) -> bool:
        """Add a line as a row, or to the last row if its first cell has no text there."""
        cells = _cells(line)
        stops = [self._stop(cell) for cell in cells] if len(cells) <= len(self._stops) else [-1]
        pitch = self.rows[-1].lines[-1].baseline - line.baseline if self.rows else line.size
        if min(stops) < 0 or len(set(stops)) < len(stops) or not 0 < pitch < 3 * line.size:
            return False
        goes_on = self.rows and stops[0] > 0 and pitch < 1.5 * line.size
        if not goes_on and len(cells) < 2:
            return False
        if not goes_on:
            self.rows.append(Row([], [""] * len(self._stops)))
        row = self.rows[-1]
        row.lines.append(line)
        for cell, stop in zip(cells, stops, strict=True):
            row.texts[stop] = joined([row.texts[stop], cell.text])
            left, right = self._stops[stop]
            self._stops[stop] = min(left, cell.left), max(right, cell.right)
        return True

    def _stop(self, cell: Cell) -> int:
        """Return the only stretch that a cell reaches into, or -1."""
        found = [
            number
            for number, (left, right) in enumerate(self._stops)
            if cell.left < right and left < cell.right
        ]
        return found[0] if len(found) == 1 else -1


def _cells(line: Line) -> Sequence[Cell]:
    """Return the cells of a line; an item's marker and its text are one."""
    first, *others = line.cells
    if others and _MARKER_ALONE.fullmatch(first.text):
        return (Cell(f"{first.text} {others[0].text}", first.left, others[0].right), *others[1:])
    return line.cells
