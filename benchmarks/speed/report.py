"""Put the figures that were kept into docs/benchmarks.md."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks import figures
from benchmarks.figures import RESULTS
from benchmarks.speed import cold, growth, indexing, many, plots, quality, refresh
from benchmarks.speed.measuring import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PAGE = ROOT / "docs" / "benchmarks.md"
SECTIONS = {
    "cold": cold,
    "quality": quality,
    "index": indexing,
    "many": many,
    "refresh": refresh,
    "growth": growth,
}
"""What is measured, in the order in which it is measured and shown."""


def keep(folder: Path, name: str, found: Mapping[str, Any], about: Mapping[str, str]) -> None:
    """Write the raw figures of a section, and when, where and how they were measured."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"about": about, "figures": found}, indent=1)
    (folder / f"{name}.json").write_text(content + "\n", encoding="utf-8")


def kept(folder: Path) -> dict[str, Any]:
    """The sections that were measured, in order."""
    paths = {name: folder / f"{name}.json" for name in SECTIONS}
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in paths.items()
        if path.exists()
    }


def render(folder: Path, page: Path = PAGE, results: Path = RESULTS) -> None:
    """Write a result file for each section that was measured, its table into a page, and plots."""
    sections = kept(folder)
    for name, section in sections.items():
        shown = SECTIONS[name].show(section["figures"])
        figures.keep(name, section["about"], {"table": shown.splitlines()}, results)
    text = page.read_text(encoding="utf-8")
    page.write_text(figures.fill(text, results), encoding="utf-8")
    plots.draw({name: section["figures"] for name, section in sections.items()}, page.parent)
