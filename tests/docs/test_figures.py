"""Measured figures of the pages are those of the result files."""

import json
import re

import pytest

from benchmarks import figures

ROOT = figures.ROOT
NAMES = sorted(path.stem for path in figures.RESULTS.glob("*.json"))
# Measured: seconds with a fraction, milliseconds, MB (limits are in MiB), shares of three digits.
UNMARKED = re.compile(r"\d+\.\d+ s\b|\d ms\b|\d [kM]B\b|(?<!\d)\.\d{3}(?!\d)")
SOURCE = {"date": "2026-01-02", "machine": "2 cores", "commit": "0123456789", "command": "make x"}


@pytest.mark.parametrize("page", figures.PAGES, ids=lambda page: page.name)
def test_page_has_the_figures_of_the_files(page):
    """`make figures` would change nothing; a mark without a file or figure is an error."""
    text = page.read_text(encoding="utf-8")
    assert figures.fill(text) == text
    assert text.count("<!-- figure: ") == text.count("<!-- end -->")


@pytest.mark.parametrize("page", figures.PAGES, ids=lambda page: page.name)
def test_measured_figure_is_marked(page):
    """Seconds, milliseconds, megabytes and shares stand between marks, or in a session."""
    text = figures.MARKED.sub("", page.read_text(encoding="utf-8"))
    text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    assert UNMARKED.findall(text) == []


@pytest.mark.parametrize("name", NAMES)
def test_result_file_says_where_it_comes_from(name):
    """It has a day, a machine, a commit and a command, and every figure of it is shown."""
    result = json.loads((figures.RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    pages = "".join(page.read_text(encoding="utf-8") for page in figures.PAGES)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", result["date"])
    assert re.fullmatch(r"[0-9a-f]{40}\+?", result["commit"])
    assert result["machine"]
    assert result["command"]
    for key in result["figures"]:
        assert f"<!-- figure: {name}.{key} -->" in pages


def test_figures_are_put_between_the_marks(tmp_path):
    """A string stays in its line, a table gets blank lines around it, the rest is left alone."""
    figures.keep("a", SOURCE, {"time": "2 s", "table": ["| x |", "|---|"]}, tmp_path)
    marked = "in <!-- figure: a.time -->1 s<!-- end -->.\n\n<!-- figure: a.table --><!-- end -->\n"
    assert figures.fill(f"{marked}<!-- figure: a.source --><!-- end -->", tmp_path) == (
        "in <!-- figure: a.time -->2 s<!-- end -->.\n\n"
        "<!-- figure: a.table -->\n\n| x |\n|---|\n\n<!-- end -->\n"
        "<!-- figure: a.source -->Measured on 2026-01-02 at commit 012345678 (2 cores): "
        "`make x`.<!-- end -->"
    )


@pytest.mark.parametrize(("mark", "error"), [("b.time", FileNotFoundError), ("a.x", KeyError)])
def test_mark_without_a_figure_is_an_error(tmp_path, mark, error):
    """A page cannot show a figure that no file has."""
    figures.keep("a", SOURCE, {"time": "2 s"}, tmp_path)
    with pytest.raises(error):
        figures.fill(f"<!-- figure: {mark} -->1 s<!-- end -->", tmp_path)
