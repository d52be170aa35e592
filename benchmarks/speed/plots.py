"""The plots of docs/benchmarks.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.speed.measuring import spread
from benchmarks.speed.quality import means
from benchmarks.speed.tables import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

OURS, OTHERS = "#c0392b", "#5d6d7e"
_NEAR = 0.005
_LABELS = {"askdocs": "askdocs ask", "askdocs --mode lexical": "askdocs ask --mode lexical"}


def draw(sections: Mapping[str, Any], folder: Path) -> None:
    """Draw what was measured; the same figures give the same bytes."""
    # The white ground that Matplotlib paints keeps the plots readable on a dark page.
    plt.rcParams.update({"svg.hashsalt": "askdocs", "svg.fonttype": "none", "font.size": 9})
    if "cold" in sections:
        _save(folder / "benchmarks-cold.svg", 3.0, _cold, sections["cold"])
    if "cold" in sections and "quality" in sections:
        both = (sections["cold"], sections["quality"])
        _save(folder / "benchmarks-quality.svg", 3.4, _quality, *both)
    if "growth" in sections:
        _save(folder / "benchmarks-growth.svg", 3.4, _growth, sections["growth"])


def _save(path: Path, height: float, fill: Any, *figures: Any) -> None:  # noqa: ANN401
    figure, axes = plt.subplots(figsize=(7, height), layout="constrained")
    fill(axes, *figures)
    axes.grid(linewidth=0.3)
    axes.set_axisbelow(True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    # Matplotlib leaves white space at ends of lines.
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")


def _cold(axes: Axes, found: Mapping[str, Any]) -> None:
    for at, (name, one) in enumerate(found.items()):
        short = spread(one["seconds"])
        colour = OURS if name.startswith("askdocs") else OTHERS
        # Points, not bars: a logarithmic axis has no zero for a bar to stand on.
        axes.plot([short.lowest, short.highest], [at, at], color=colour, linewidth=2)
        axes.scatter(short.median, at, s=42, color=colour, zorder=3)
        _label(axes, f"{number(short.median)} s", short.highest, at)
    axes.set_yticks(range(len(found)), list(found))
    axes.invert_yaxis()
    axes.margins(x=0.12)
    _plain_log_axis(axes)
    axes.set_xlabel("seconds of a whole process (median; line: lowest to highest)")


def _quality(axes: Axes, cold: Mapping[str, Any], quality: Mapping[str, Any]) -> None:
    placed: list[float] = []
    for name, gain in means(quality, "nDCG@10").items():
        seconds = spread(cold[_LABELS.get(name, name)]["seconds"]).median
        axes.scatter(seconds, gain, s=36, color=OURS if name in _LABELS else OTHERS, zorder=3)
        # Systems that find the same stand on one line: their names go above each other.
        lines = sum(abs(gain - one) < _NEAR for one in placed)
        _label(axes, name, seconds, gain, offset=(-4, 10 + 11 * lines))
        placed.append(gain)
    axes.margins(x=0.25, y=0.2)
    _plain_log_axis(axes)
    axes.set_xlabel("seconds of a whole process that answers one question about seeds/ (median)")
    axes.set_ylabel("nDCG@10, mean over the sets")


def _growth(axes: Axes, found: Mapping[str, Any]) -> None:
    sizes = [int(size) for size in found]
    lines = {
        "cold ask, p50": [1000 * spread(one["cold_seconds"]).median for one in found.values()],
        "warm question, p95": [_percentile(one, 95) for one in found.values()],
        "warm question, p50": [_percentile(one, 50) for one in found.values()],
    }
    for (name, values), colour in zip(lines.items(), (OURS, OTHERS, "#1f618d"), strict=True):
        axes.plot(sizes, values, marker="o", color=colour, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("passages of four sentences")
    axes.set_ylabel("milliseconds")
    axes.legend(frameon=False)


def _label(
    axes: Axes, text: str, x: float, y: float, *, offset: tuple[float, float] = (6, 0)
) -> None:
    axes.annotate(text, (x, y), xytext=offset, textcoords="offset points", va="center")


def _plain_log_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")


def _percentile(one: Mapping[str, Any], share: int) -> float:
    return float(np.percentile(one["warm_milliseconds"], share))
