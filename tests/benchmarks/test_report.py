"""Figures become tables, plots and a page."""

import pytest

from askdocs.evaluation.judge import LocatedAnswer
from benchmarks import figures
from benchmarks.speed import cold, growth, indexing, many, plots, quality, refresh
from benchmarks.speed.report import keep, render
from benchmarks.speed.tables import number, ratio, share, table

ABOUT = {"date": "2026-01-02", "machine": "a fast one", "commit": "0" * 40, "command": "make bench"}
COLD = {
    "askdocs ask": {"seconds": [0.3, 0.2, 0.25], "peak_bytes": 150_000_000},
    "askdocs ask --mode lexical": {"seconds": [0.1], "peak_bytes": 50_000_000},
    "bare imports": {"seconds": [0.5], "peak_bytes": 60_000_000},
    "plain": {"seconds": [8.0, 12.0], "peak_bytes": 1_234_567_890},
}
ONE = {"askdocs": {"hit@1": 0.95, "nDCG@10": 0.75}, "plain": {"hit@1": 0.5, "nDCG@10": 1.0}}
TWO = {"askdocs": {"hit@1": 0.85, "nDCG@10": 0.25}, "plain": {"hit@1": 0.0, "nDCG@10": 0.5}}
QUALITY = {"one": {"questions": 20, "systems": ONE}, "two": {"questions": 30, "systems": TWO}}
GROWTH = {
    "10000": {
        "index": {"seconds": 12.34, "peak_bytes": 300_000_000},
        "index_bytes": 65_000_000, "cold_seconds": [0.4, 0.6, 0.5], "cold_peak_bytes": 250_000_000,
        "warm_milliseconds": list(range(1, 102)), "recall": 0.9876, "hit": 1.0,
    }
}  # fmt: skip


def lines(text: str) -> list[str]:
    """The lines of a text that are not blank."""
    return [line for line in text.splitlines() if line]


def test_numbers_keep_the_digits_that_matter():
    """Small numbers have three decimals, large ones none."""
    numbers = [number(value) for value in (0.01234, 1.234, 12.34, 123.4, 12_345.6)]
    assert numbers == ["0.012", "1.23", "12.3", "123", "12,346"]
    assert ratio([2.0, 3.0, 10.0], [1.0, 2.0]) == "2.00 ×"
    assert [share(0.98761), share(1.0), share(0.0)] == [".988", "1.000", ".000"]


def test_a_table_has_text_first_and_figures_to_the_right():
    """The second line of a table says how its columns are set."""
    made = table(["what", "s"], [["a", "1"], ["b", "2"]])
    assert made.splitlines() == ["| what | s |", "|---|--:|", "| a | 1 |", "| b | 2 |"]


def test_cold_starts_are_compared_with_the_imports_and_the_plain_system():
    """Medians are divided by those of bare imports and of the plain system."""
    assert cold.show(COLD).splitlines()[2:] == [
        "| `askdocs ask` | 0.250 | 0.200 | 0.300 | 0.500 × | 0.025 × | 150 |",
        "| `askdocs ask --mode lexical` | 0.100 | 0.100 | 0.100 | 0.200 × | 0.010 × | 50 |",
        "| bare imports | 0.500 | 0.500 | 0.500 | 1.00 × | 0.050 × | 60 |",
        "| plain | 10.0 | 8.00 | 12.0 | 20.0 × | 1.00 × | 1,235 |",
    ]


def test_quality_is_shown_by_set_and_on_average():
    """There is a table for each measure, with the number of questions below it."""
    assert lines(quality.show(QUALITY)) == [
        "| hit@1 | one | two | mean |",
        "|---|--:|--:|--:|",
        "| askdocs | .950 | .850 | .900 |",
        "| plain | .500 | .000 | .250 |",
        "| questions | 20 | 30 |  |",
        "| nDCG@10 | one | two | mean |",
        "|---|--:|--:|--:|",
        "| askdocs | .750 | .250 | .500 |",
        "| plain | 1.000 | .500 | .750 |",
        "| questions | 20 | 30 |  |",
    ]


def test_indexing_is_shown_by_encoder_and_by_system():
    """Rates are compared with SentenceTransformer, whole runs with the plain system."""
    rates = {"askdocs": [300.0], "SentenceTransformer": [100.0]}
    runs = {"askdocs": {"seconds": [5.0], "peak_bytes": 1e8}}
    runs["plain"] = {"seconds": [10.0], "peak_bytes": 2e8}
    encoders = {"size": 512, "rates": rates, "lowest_cosine": 0.99999}
    found = {"encoders": encoders, "corpus": "one", "runs": runs}

    assert lines(indexing.show(found)) == [
        "| encoder | median sentences/s | lowest | highest | to SentenceTransformer |",
        "|---|--:|--:|--:|--:|",
        "| askdocs | 300 | 300 | 300 | 3.00 × |",
        "| SentenceTransformer | 100 | 100 | 100 | 1.00 × |",
        "Slices of 512 sentences; the lowest cosine between the two encoders' vectors",
        "of a sentence is 0.9999900.",
        "| `index` of one | median s | lowest | highest | to plain | peak MB |",
        "|---|--:|--:|--:|--:|--:|",
        "| askdocs | 5.00 | 5.00 | 5.00 | 0.500 × | 100 |",
        "| plain | 10.0 | 10.0 | 10.0 | 1.00 × | 200 |",
    ]


def test_many_questions_are_shown_as_a_rate():
    """Questions a second count the whole process, its start included."""
    found = {
        "askdocs": {"questions": 1000, "seconds": [10.0, 20.0, 5.0]},
        "plain": {"questions": 1000, "seconds": [20.0]},
    }
    assert many.show(found).splitlines()[2:] == [
        "| askdocs | 1,000 | 10.0 | 5.00 | 20.0 | 100 | 2.00 × |",
        "| plain | 1,000 | 20.0 | 20.0 | 20.0 | 50.0 | 1.00 × |",
    ]


def test_a_refresh_is_shown_with_the_size_of_the_corpus():
    """The corner of the table says of how many documents and passages the figures are."""
    found = {
        "documents": 10_000,
        "passages": 100_000,
        "runs": {"`askdocs check`": {"seconds": [0.5, 0.7, 0.9], "peak_bytes": 4e7}},
    }
    assert refresh.show(found).splitlines() == [
        "| 10,000 documents, 100,000 passages | median s | lowest | highest | peak MB |",
        "|---|--:|--:|--:|--:|",
        "| `askdocs check` | 0.700 | 0.500 | 0.900 | 40 |",
    ]


def test_growth_has_a_row_for_each_size():
    """Sentences are four a passage, bytes are those of the index by passage."""
    assert growth.show(GROWTH).splitlines()[2] == (
        "| 10,000 | 40,000 | 0.500 | 250 | 51.0 | 96.0 | 6,500 | .988 | 1.000 | 12.3 | 300 |"
    )


def test_recall_is_the_share_of_the_exactly_nearest():
    """The order in which they were found does not count; a sentence found twice counts once."""
    exact = [[1, 2], [3, 4]]
    assert growth.recall([[2, 1], [3, 9]], exact) == 0.75
    assert growth.recall([[2, 2], [8, 9]], exact) == 0.25


def test_hits_of_peers_are_measured_as_those_of_askdocs_are():
    """An answer counts at the first hit that shows it; nDCG is worked out by hand."""
    first, second = (LocatedAnswer(path=path, spans=((0, 5),)) for path in ("a.txt", "b.txt"))
    answers = [[first], [first, second]]
    found = quality.judge_hits([[[0]], [[], [1], [1]]], answers)
    # The second question: 1 / log2(3) of the ideal 1 + 1 / log2(3).
    assert found["hit@1"] == 0.5
    assert found["nDCG@10"] == pytest.approx((1 + 0.63093 / 1.63093) / 2, abs=1e-5)


def test_rendering_replaces_tables_and_leaves_the_rest(tmp_path):
    """Sections that were not measured keep their tables; words around tables stay."""
    page = tmp_path / "benchmarks.md"
    marked = "Words.\n<!-- figure: growth.table -->old<!-- end -->\n<!-- figure: cold.table -->"
    page.write_text(f"{marked}\n\n| kept |\n\n<!-- end -->\nEnd.\n")
    figures.keep("cold", ABOUT, {"table": ["| kept |"]}, tmp_path)
    keep(tmp_path / "raw", "growth", GROWTH, ABOUT)
    render(tmp_path / "raw", page, tmp_path)
    assert page.read_text() == (
        f"Words.\n<!-- figure: growth.table -->\n\n{growth.show(GROWTH)}\n\n<!-- end -->\n"
        "<!-- figure: cold.table -->\n\n| kept |\n\n<!-- end -->\nEnd.\n"
    )
    assert (tmp_path / "benchmarks-growth.svg").exists()


def test_the_same_figures_give_the_same_plots(tmp_path):
    """Plots have no date and no random names, so that they change in git with the figures only."""
    sections = {"cold": COLD, "quality": QUALITY, "growth": GROWTH}
    drawn = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        plots.draw(sections, tmp_path / name)
        drawn.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert drawn[0] == drawn[1]
    names = ["benchmarks-cold.svg", "benchmarks-growth.svg", "benchmarks-quality.svg"]
    assert sorted(drawn[0]) == names
