"""Write the measured figures of the pages from the result files: `python -m benchmarks.figures`.

A result file, `benchmarks/results/NAME.json`, says when, where, on which code and how its figures
were measured:

    {"date": "2026-11-22", "machine": "...", "commit": "...", "command": "...", "figures": {...}}

A figure is a string, or a list of lines: a Markdown table. A page marks the place of each, and what
stands between the marks is written by this program:

    <!-- figure: NAME.KEY -->0.29 s<!-- end -->

`NAME.source` is not a figure of the file but its date, machine, commit and command in one sentence.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.speed.machine import describe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))
MARKED = re.compile(r"(<!-- figure: (\w+)\.(\w+) -->)(.*?)(<!-- end -->)", re.DOTALL)

Figures = dict[str, str | list[str]]


def main() -> None:
    """Rewrite every marked place of the pages and print which pages changed."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if (written := fill(text)) != text:
            page.write_text(written, encoding="utf-8")
            print(page.relative_to(ROOT))


def made_here(command: str) -> dict[str, str]:
    """Return what a result file says of a measurement: today, on this machine, at this commit.

    A `+` after the commit stands for changes that are not committed.
    """
    machine = describe()
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": f"{machine['processor']}, {machine['memory']}, {machine['system']}",
        "commit": _git("rev-parse", "HEAD") + ("+" if _git("status", "--porcelain") else ""),
        "command": command,
    }


def keep(
    name: str,
    source: Mapping[str, str],
    figures: Mapping[str, str | Sequence[str]],
    results: Path = RESULTS,
) -> None:
    """Write a result file.

    Args:
        name: Its name without `.json`.
        source: What `made_here` returns, and `notes` if there are any.
        figures: Each figure by its key.
        results: Where to write it.
    """
    content = json.dumps({**source, "figures": dict(figures)}, indent=1, ensure_ascii=False)
    (results / f"{name}.json").write_text(f"{content}\n", encoding="utf-8")


def fill(text: str, results: Path = RESULTS) -> str:
    """Return a page with every marked figure as the result files have it.

    Raises:
        FileNotFoundError: There is no result file of that name.
        KeyError: The file has no such figure.
    """

    def place(match: re.Match[str]) -> str:
        begin, name, key, _, end = match.groups()
        figure = read_figures(name, results)[key]
        if isinstance(figure, str):
            return f"{begin}{figure}{end}"
        return "\n".join([begin, "", *figure, "", end])

    return MARKED.sub(place, text)


def read_figures(name: str, results: Path = RESULTS) -> Figures:
    """Return the figures of a result file, `source` among them."""
    result = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
    source = (
        f"Measured on {result['date']} at commit {result['commit'][:9]} ({result['machine']}): "
        f"`{result['command']}`. {result.get('notes', '')}"
    )
    return {**result["figures"], "source": source.strip()}


def _git(*arguments: str) -> str:
    command = ("/usr/bin/env", "git", *arguments)
    return subprocess.check_output(command, cwd=ROOT, encoding="utf-8", timeout=60).strip()


if __name__ == "__main__":
    main()
