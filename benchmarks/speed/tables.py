"""Figures as Markdown tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.speed.measuring import spread

if TYPE_CHECKING:
    from collections.abc import Sequence

SPREAD_HEAD = ("median s", "lowest", "highest")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are figures."""
    lines = [f"| {' | '.join(head)} |", f"|---|{'--:|' * (len(head) - 1)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def number(value: float) -> str:
    """Three digits that matter, whole ones with commas."""
    if value >= 100:  # noqa: PLR2004 - from here on three digits are whole
        return f"{value:,.0f}"
    digits = 1 if value >= 10 else 2 if value >= 1 else 3  # noqa: PLR2004 - powers of ten
    return f"{value:.{digits}f}"


def spread_cells(values: Sequence[float]) -> list[str]:
    """Median, lowest and highest."""
    short = spread(values)
    return [number(short.median), number(short.lowest), number(short.highest)]


def ratio(values: Sequence[float], base: Sequence[float]) -> str:
    """The median as a multiple of another one."""
    return f"{number(spread(values).median / spread(base).median)} ×"


def megabytes(count: float) -> str:
    """Bytes in millions."""
    return f"{count / 1e6:,.0f}"


def share(value: float) -> str:
    """A share with three decimals, without a zero before the point."""
    return f"{value:.3f}".removeprefix("0")
