"""What each signal and each choice of cutting is worth, as a table and a plot.

Every row is fitted on all sets but one and measured on that one, for each set in turn.

    python -m benchmarks.ablation SETS... [--work DIR]
"""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import matplotlib.pyplot as plt
import numpy as np

from askdocs.ranking.signals import OF_QUESTION
from benchmarks import figures
from benchmarks.evaluation_sets import SIGNALS, EvaluationSet, read_sets
from benchmarks.fitting import PRIOR, SET_BY_HAND, Settings, measure
from benchmarks.ranker import rankers_without, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PLOT = Path(__file__).parents[1] / "docs" / "ablation.svg"
TRAINING_ONLY = ("boolq_eraser",)
"""Sets that are trained on and not reported."""

CUTTING = {
    "passages of at most 120 tokens": {"max_tokens": 120},
    "passages of at most 200 tokens": {"max_tokens": 200},
    "passages of at most 800 tokens": {"max_tokens": 800},
    "short paragraphs alone": {"askdocs.text.cutting._SHORT": 0},
    "question as it is put": {"benchmarks.evaluation_sets.without_frame": lambda text: text},
    "repeated sentences at full weight": {"askdocs.ranking.signals.REPEATED_WEIGHT": 1.0},
    "30 candidates": {"askdocs.ranking.candidates.RANKED": 30},
    "120 candidates": {"askdocs.ranking.candidates.RANKED": 120},
}
"""Names and values that differ from the shipped ones; max_tokens is an option of `index`."""

Row = dict[str, float]


def signal_rows(sets: Sequence[EvaluationSet]) -> Iterator[tuple[str, Row]]:
    """hit@1 by set, with all signals, without each of them, and with two alone."""
    yield "as shipped", _hits(sets, Settings())
    # The others change no order.
    for name in (one for one in SIGNALS if one not in {*OF_QUESTION, *SET_BY_HAND}):
        others = tuple(one for one in SIGNALS if one != name)
        yield f"without {name}", _hits(sets, Settings(signals=others))
    yield f"{', '.join(PRIOR)}, fitted", _hits(sets, Settings(signals=tuple(PRIOR)))
    yield (
        "the same, as the prior has them",
        _hits(sets, Settings(signals=tuple(PRIOR), is_fitted=False)),
    )
    for strength in (0.01, 0.1, 0.3):
        yield f"prior at strength {strength}", _hits(sets, Settings(strength=strength))
    for name in ("best_cosine", "bm25_share", "late_interaction"):
        yield f"{name} alone", _hits(sets, Settings(signals=(name,), is_fitted=False))


def cutting_rows(folders: Sequence[Path], work: Path) -> Iterator[tuple[str, Row]]:
    """hit@1 by set, with one choice of cutting or searching changed."""
    for name, changes in CUTTING.items():
        # An index does not record what is patched here, and would pass for fresh under another row.
        with _changed(changes) as options:
            sets = read_sets(folders, work / name.replace(" ", "-"), foreign=1, **options)
        yield name, _hits(sets, Settings())


@contextmanager
def _changed(changes: dict[str, object]) -> Iterator[dict[str, object]]:
    options = {name: value for name, value in changes.items() if "." not in name}
    patches = [patch(name, value) for name, value in changes.items() if "." in name]
    for one in patches:
        one.start()
    try:
        yield options
    finally:
        for one in patches:
            one.stop()


def _hits(sets: Sequence[EvaluationSet], settings: Settings) -> Row:
    rankers = rankers_without(sets, settings)
    return {
        one.name: measure(rankers[one.name], one).hit_at[1]
        for one in sets
        if one.name not in TRAINING_ONLY
    }


def table(rows: Sequence[tuple[str, Row]]) -> str:
    """The rows as Markdown, with the mean over the sets."""
    names = list(rows[0][1])
    lines = [f"| hit@1 | {' | '.join(names)} | mean |", f"|---|{'--:|' * (len(names) + 1)}"]
    for title, row in rows:
        mean = share(float(np.mean(list(row.values()))))
        lines.append(f"| {title} | {' | '.join(share(row[name]) for name in names)} | {mean} |")
    return "\n".join(lines)


def plot(rows: Sequence[tuple[str, Row]], path: Path) -> None:
    """How far each row lies from the first one, in points of hit@1, by set and on average."""
    (_, base), *others = rows
    plt.rcParams.update({"svg.hashsalt": "askdocs", "svg.fonttype": "none", "font.size": 9})
    figure, axes = plt.subplots(figsize=(8, 0.32 * len(others) + 1.2), layout="constrained")
    for at, (_, row) in enumerate(others):
        points = [100 * (row[name] - base[name]) for name in base]
        axes.scatter(points, [at] * len(points), s=14, color="#888888", zorder=2)
        axes.scatter(np.mean(points), at, s=42, marker="D", color="#c0392b", zorder=3)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xscale("symlog", linthresh=2)
    ticks = [-30, -10, -3, -1, 0, 1, 3]
    axes.set_xticks(ticks, [f"{tick:+d}" if tick else "0" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(others)), [title for title, _ in others])
    axes.invert_yaxis()
    axes.grid(axis="x", linewidth=0.3)
    axes.set_xlabel("points of hit@1 against what is shipped: each set (grey), their mean (red)")
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure every row, print the table, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, help="folders with docs/ and questions.jsonl")
    parser.add_argument("--work", type=Path, default=Path("build/sets"), help="for the indexes")
    wanted = parser.parse_args()
    source = figures.made_here(f'make ablation SETS="{" ".join(map(str, wanted.sets))}"')
    rows = list(signal_rows(read_sets(wanted.sets, wanted.work, foreign=1)))
    print(table(rows), flush=True)
    for row in cutting_rows(wanted.sets, wanted.work):
        rows.append(row)
        print(table([rows[0], row]), flush=True)
    print("\n" + table(rows))
    figures.keep("ablation", source, {"table": table(rows).splitlines()})
    plot(rows, PLOT)


if __name__ == "__main__":
    main()
