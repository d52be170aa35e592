"""What `askdocs ask` prints in the formats that are for editors, tables, shells and tools."""

import json
import os

import pytest

from askdocs.cli.ask import ask_command
from askdocs.render.formats import FORMATS

HEADER = "id\trank\tscore\tcitation\tpath\tline_start\tline_end\tstatus\tanswer\n"
LEXICAL = ("--mode", "lexical")


@pytest.fixture
def harbours(harbour, run):
    """An index of two documents of one passage each."""
    (harbour / "docs" / "b.txt").write_text("  Ships left; é. The harbour was empty of them.\n")
    run("index")
    return harbour


def test_every_format_can_be_asked_for():
    """The option takes the formats that answers have, and no other."""
    (option,) = (one for one in ask_command.params if one.name == "form")

    assert tuple(option.to_info_dict()["type"]["choices"]) == FORMATS


def test_tabs_part_the_fields_of_a_row(harbours, run):
    """There is one header, and a row for each hit of each question."""
    ran = run(
        "ask", *LEXICAL, "--format", "tsv", "--questions", "-", "-k", "1",
        stdin=b'March\n{"id": "a\\tb", "question": "ships"}\n',
    )  # fmt: skip

    first, second = (line.split("\t") for line in ran.out.removeprefix(HEADER).splitlines())
    assert first[:2] + first[3:] == [
        "1", "1", "docs/a.txt#p1-2", "docs/a.txt", "1", "3", "verified",
        "The harbour froze in March.",
    ]  # fmt: skip
    assert second[0] == "a b"
    assert second[3:] == ["docs/b.txt#p1", "docs/b.txt", "1", "1", "verified", "Ships left; é."]
    for row, question in ((first, "March"), (second, "ships")):
        best, *_ = json.loads(run("ask", *LEXICAL, "--format", "json", question).out)["hits"]
        assert float(row[2]) == best["score"]


def test_editors_are_led_to_the_answer_sentence(harbours, run, monkeypatch):
    """Line and byte of the answer are those of the file, its path is that from here."""
    ran = run("ask", *LEXICAL, "--format", "vimgrep", "March empty")
    monkeypatch.chdir(harbours / "docs")
    below = run("ask", *LEXICAL, "--format", "vimgrep", "March empty")

    assert (ran.status, ran.err) == (0, "")
    assert sorted(ran.out.splitlines()) == [
        "docs/a.txt:3:1:The harbour froze in March.",
        # Two spaces, eleven letters and signs, two bytes of é, a full stop, a space.
        "docs/b.txt:1:19:The harbour was empty of them.",
    ]
    assert below.out == ran.out.replace("docs/", "")


def test_editors_are_led_to_where_the_answer_stands_now(harbours, run):
    """A passage that moved is opened at its new place, one that is gone is left out."""
    path = harbours / "docs" / "a.txt"
    path.write_text(f"\ufeffFirst of all.\n\n{path.read_text()}")
    (harbours / "docs" / "b.txt").unlink()

    ran = run("ask", *LEXICAL, "--format", "vimgrep", "March empty")

    assert (ran.status, ran.out) == (0, "docs/a.txt:5:1:The harbour froze in March.\n")
    assert ran.err == (
        "askdocs: 2 cited documents have changed since they were indexed; "
        "passages marked gone show the indexed text\n"
        "hint: askdocs check\n"
        "askdocs: 1 hit left out: the text is gone from the file\n"
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_columns_are_those_that_an_editor_counts(folder, run, tiny_model, encoding):
    """Whatever a file is encoded in, an editor shows it as UTF-8 without a byte order mark."""
    text = "Ängste, drei. The harbour froze in March.\n"
    (folder / "docs" / "a.txt").write_text(text, encoding=encoding)
    run("index", "--model", tiny_model, "--encoding", "latin-1", "docs")

    ran = run("ask", *LEXICAL, "--format", "vimgrep", "harbour")

    assert ran.out == "docs/a.txt:1:16:The harbour froze in March.\n"


def test_each_cited_file_is_listed_once(harbours, run, monkeypatch):
    """Paths come best first and from the current folder, whatever the number of questions."""
    options = ("--min-score", "0", "--questions", "-")
    ran = run("ask", *LEXICAL, *options, "--format", "paths", stdin=b"March\nships\nharbour\n")
    monkeypatch.chdir("/")
    index = ("--index", harbours / "vectors")
    root = run("ask", *LEXICAL, "--format", "paths", *index, "March")

    assert (ran.status, ran.out) == (0, "docs/a.txt\ndocs/b.txt\n")
    assert root.out == f"{harbours}/docs/a.txt\n".removeprefix("/")


def test_paths_of_any_bytes_can_be_passed_on(folder, run, run_process, tiny_model):
    """With --null a name is what the file system has, and without it is safe to show."""
    name = b"odd \n\xff\x1b[2J.txt"
    (folder / "docs" / os.fsdecode(name)).write_text("The harbour froze.\n")
    run("index", "--model", tiny_model, "docs")

    exact = run_process("ask", *LEXICAL, "--format", "paths", "-0", "harbour")
    shown = run_process("ask", *LEXICAL, "--format", "paths", "harbour")

    assert (exact.returncode, exact.stdout, exact.stderr) == (0, b"docs/" + name + b"\0", b"")
    assert shown.stdout.decode() == "docs/odd  \ufffd\ufffd[2J.txt\n"
    assert shown.stderr == (
        b"askdocs: some paths contain characters that cannot be shown\nhint: askdocs ask --format paths --null\n"
    )


def test_run_is_that_of_an_evaluation(harbours, run):
    """A run that `ask` prints has the lines that `eval --run-out` writes."""
    (harbours / "q.jsonl").write_text('{"id": "q 1", "question": "harbour", "answers": []}\n')
    run("eval", "q.jsonl", *LEXICAL, "--run-out", "run.txt")

    ran = run(
        "ask", *LEXICAL, "--min-score", "0", "-k", "10", "--format", "trec",
        "--questions", "q.jsonl",
    )  # fmt: skip

    assert ran.out == (harbours / "run.txt").read_text()
    assert ran.out.startswith("q%201 Q0 docs/")


LINE_HINT = 'hint: write each line as plain text, or like {"id": "q1", "question": "Who signs?"}\n'
UNANSWERED = {
    "schema": 2, "id": "1", "question": "sourdough", "mode": "lexical", "answered": False,
    "hits": [], "nearest": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "unanswered"),
    [
        ("text", ""),
        ("json", json.dumps(UNANSWERED, indent=2) + "\n"),
        ("jsonl", json.dumps(UNANSWERED) + "\n"),
        ("md", "## sourdough\n\nNo passage clearly answers this.\n"),
        ("tsv", HEADER),
        ("vimgrep", ""),
        ("paths", ""),
        ("trec", ""),
    ],
)
def test_nothing_found_is_valid_in_every_format(harbours, run, form, unanswered):
    """The output for no hits is of its format, and the status is 1."""
    ran = run("ask", *LEXICAL, "--format", form, "sourdough")

    assert (ran.status, ran.out) == (1, unanswered)
    assert ran.err.startswith("askdocs: no passage clearly answers the question\n")


@pytest.mark.parametrize("form", ["text", "json", "tsv"])
def test_file_without_questions_is_refused(harbours, run, form):
    """Blank lines are not questions: nothing is printed, and the hint shows one."""
    ran = run("ask", *LEXICAL, "--format", form, "--questions", "-", stdin=b"\n \n")

    assert ran == (2, "", f"askdocs: there is no question in standard input\n{LINE_HINT}")
