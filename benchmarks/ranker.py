"""Fit the ranker on evaluation sets, print its figures on each set left out, and write it.

python -m benchmarks.ranker SETS... [--work DIR] [--dry-run]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import figures
from benchmarks.evaluation_sets import EvaluationSet, read_sets
from benchmarks.fitting import SHIPPED, Figures, Settings, fit_ranker, measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from askdocs.ranking.score import Ranker

WEIGHTS = Path(__file__).parents[1] / "askdocs" / "ranking" / "weights.json"


def rankers_without(
    sets: Sequence[EvaluationSet], settings: Settings = SHIPPED
) -> dict[str, Ranker]:
    """For each set the ranker that is fitted without it.

    Neither its corpus nor its questions, asked of others, are seen.
    """
    return {
        one.name: fit_ranker([other for other in sets if other is not one], settings)
        for one in sets
    }


def table(measured: Mapping[str, Figures]) -> str:
    """Return the figures of each set as Markdown."""
    lines = [
        "| set | hit@1 | hit@5 | own refused | unanswerable refused | others' refused | ECE |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, one in measured.items():
        none = "–" if one.refused_none is None else share(one.refused_none)
        foreign = list(one.refused_foreign.values())
        others = f"{share(float(np.mean(foreign)))} ({share(min(foreign))})" if foreign else "–"
        lines.append(
            f"| {name} | {share(one.hit_at[1])} | {share(one.hit_at[5])} | "
            f"{share(one.refused)} | {none} | {others} | {share(one.calibration_error)} |"
        )
    return "\n".join(lines)


def share(value: float) -> str:
    """A share with three decimals and no zero before the point."""
    return f"{value:.3f}".removeprefix("0")


def _write(ranker: Ranker, path: Path) -> None:
    path.write_text(json.dumps(asdict(ranker), indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Fit, report and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, help="folders with docs/ and questions.jsonl")
    parser.add_argument("--work", type=Path, default=Path("build/sets"), help="for the indexes")
    parser.add_argument("--dry-run", action="store_true", help="report, but write nothing")
    wanted = parser.parse_args()
    sets = read_sets(wanted.sets, wanted.work)
    source = figures.made_here(f'make ranker SETS="{" ".join(map(str, wanted.sets))}"')
    without = rankers_without(sets)
    left_out = table({s.name: measure(without[s.name], s) for s in sets})
    print(f"\nEach set left out:\n\n{left_out}")
    for name, ranker in without.items():
        _write(ranker, wanted.work / name / WEIGHTS.name)
    print(f"\n{wanted.work}/SET/{WEIGHTS.name} has the weights made without a set")
    ranker = fit_ranker(sets)
    shipped = table({s.name: measure(ranker, s) for s in sets})
    print(f"\nIn-sample:\n\n{shipped}")
    if not wanted.dry_run:
        tables = {"left_out": left_out.splitlines(), "shipped": shipped.splitlines()}
        figures.keep("ranker", source, tables)
        _write(ranker, WEIGHTS)
        print(f"\n{WEIGHTS} has the weights now")


if __name__ == "__main__":
    main()
