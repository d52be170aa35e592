"""Refresh: one changed document of many, nothing changed, `askdocs check`."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.speed import growing, systems
from benchmarks.speed.generated import PASSAGES_PER_DOCUMENT
from benchmarks.speed.measuring import Command, measure_in_turn, run
from benchmarks.speed.tables import SPREAD_HEAD, megabytes, spread_cells, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.speed.measuring import Run
    from benchmarks.speed.settings import Settings

ROUNDS = 5
_SENTENCE = "The committee put off its decision on the bridge until the spring of the next year.\n"


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds and peak memory of each command, on a copy of the generated corpus."""
    made = growing.make(settings, settings.refresh * PASSAGES_PER_DOCUMENT)
    copy = settings.work / "refreshed"
    shutil.rmtree(copy, ignore_errors=True)
    for name in ("docs", "vectors"):
        shutil.copytree(made.work / name, copy / name)
    try:
        runs = _measure(copy)
    finally:
        shutil.rmtree(copy)
    return {
        "documents": settings.refresh,
        "passages": settings.refresh * PASSAGES_PER_DOCUMENT,
        "runs": {
            name: {
                "seconds": [one.seconds for one in done],
                "peak_bytes": max(one.peak_bytes for one in done),
            }
            for name, done in runs.items()
        },
    }


def _measure(folder: Path) -> dict[str, list[Run]]:
    index = ("--index", str(folder / "vectors"))
    refresh = Command(words=(systems.program(), "index", "-q", *index))
    check = Command(words=(systems.program(), "check", *index))
    documents = sorted((folder / "docs").rglob("*.txt"))
    # From the middle, so that neither the first nor the last document is a special case.
    waiting = iter(documents[len(documents) // 2 :])
    run(check)

    def change() -> Run:
        with next(waiting).open("a", encoding="utf-8") as document:
            document.write(f"\n{_SENTENCE}")
        return run(refresh)

    return measure_in_turn(
        {
            "`askdocs index`, one document changed": change,
            "`askdocs index`, nothing changed": partial(run, refresh),
            "`askdocs check`": partial(run, check),
        },
        ROUNDS,
    )


def show(found: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    rows = [
        [name, *spread_cells(one["seconds"]), megabytes(one["peak_bytes"])]
        for name, one in found["runs"].items()
    ]
    size = f"{found['documents']:,} documents, {found['passages']:,} passages"
    return table([size, *SPREAD_HEAD, "peak MB"], rows)
