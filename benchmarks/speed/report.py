"""Put the figures that were kept into docs/benchmarks.md."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from benchmarks.speed import cold, growth, indexing, many, plots, quality, refresh
from benchmarks.speed.measuring import ROOT
from benchmarks.speed.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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


def keep(folder: Path, name: str, found: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write the figures of a section and what they were made with."""
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


def render(folder: Path, page: Path = PAGE) -> None:
    """Replace the tables of a page and draw its plots; what was not measured stays as it is."""
    sections = kept(folder)
    text = page.read_text(encoding="utf-8")
    for name, one in sections.items():
        text = fill(text, name, SECTIONS[name].show(one["figures"]))
    if sections:
        text = fill(text, "machine", about_table([one["about"] for one in sections.values()]))
    page.write_text(text, encoding="utf-8")
    plots.draw({name: one["figures"] for name, one in sections.items()}, page.parent)


def fill(text: str, name: str, content: str) -> str:
    """A page with other content between the marks of a section.

    Raises:
        ValueError: The page has no such marks.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the page must have {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text)


def about_table(abouts: Sequence[Mapping[str, Any]]) -> str:
    """The machine and the versions of the newest section as Markdown.

    Other processes' share of the processors is that of the section where it was highest.
    """
    about = max(abouts, key=lambda one: one["date"])
    rows = [[name, value] for name, value in about["machine"].items()]
    share = max(one["bystanders"] for one in abouts)
    rows.append(["other processes", f"at most {share:.0%} of the processors' time in a section"])
    # A line that is not a figure must not be set as one.
    machine = table(["machine", ""], rows).replace("|---|--:|", "|---|---|")
    versions = ", ".join(f"{name} {value}" for name, value in about["versions"].items())
    return f"{machine}\n\n{_wrapped(f'Versions: {versions}.')}"


def _wrapped(text: str, width: int = 100) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)
