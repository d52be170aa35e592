"""What `askdocs ask` does before it asks, around a passage, and for pipes and terminals."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.limits import limited

Run = Callable[..., Any]

LEXICAL = ("--mode", "lexical")
TEXT = "Rain fell.\n\nThe harbour froze in March.\n"
REFUSED = "hint: askdocs index, or ask with --refresh\n"


@pytest.fixture
def harbour(folder: Path, run: Run, tiny_model: Path) -> Path:
    """An index of one document with one passage of two paragraphs."""
    (folder / "docs" / "a.txt").write_text(TEXT)
    run("index", "--model", tiny_model, "docs")
    return folder


@pytest.mark.parametrize("stdin", [b"harbour", b"\n  harbour \r\n\n", b"\xef\xbb\xbfharbour\n"])
def test_question_comes_from_standard_input(harbour, run, stdin):
    """A single - stands for all of standard input, without the white space around it."""
    typed = run("ask", *LEXICAL, "--format", "json", "harbour")

    assert run("ask", *LEXICAL, "--format", "json", "-", stdin=stdin) == typed


def test_piped_question_may_have_several_lines(harbour, run):
    """Lines of standard input are one question, unlike those of --questions."""
    ran = run("ask", *LEXICAL, "--format", "json", "-", stdin=b"What froze\nin the harbour?\n")

    assert json.loads(ran.out)["question"] == "What froze\nin the harbour?"


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        (b" \n", "the question is empty"),
        (b"caf\xe9", "standard input is not UTF-8"),
        (b"a" * 10_001, "the question has 10001 characters, at most 10000 are read"),
        (b"a" * (2**20 + 1), "standard input is longer than a question may be"),
    ],
    ids=["empty", "bytes", "long", "endless"],
)
def test_piped_question_that_is_none_is_refused(harbour, run, stdin, message):
    """What comes from a pipe is judged as what is typed."""
    ran = run("ask", *LEXICAL, "-", stdin=stdin)

    assert (ran.status, ran.out, ran.err.splitlines()[0]) == (2, "", f"askdocs: {message}")


def test_broken_line_of_a_file_is_named(harbour, run):
    """File, line and reason stand in the error, and what a line should look like in the hint."""
    (harbour / "q.jsonl").write_text("harbour\n" * 6 + '{"question": "why?" "id": 3}\n')

    ran = run("ask", *LEXICAL, "--format", "jsonl", "--questions", "q.jsonl")

    assert (ran.status, len(ran.out.splitlines())) == (2, 6)
    assert ran.err == (
        "askdocs: line 7 of q.jsonl is not JSON: expecting ',' delimiter at character 21\n"
        'hint: write each line as plain text, or like {"id": "q1", "question": "Who signs?"}\n'
    )


@pytest.mark.parametrize("form", ["text", "jsonl", "md", "tsv", "vimgrep", "trec"])
def test_answer_comes_while_the_pipe_is_open(harbour, cache, form):
    """Each question is answered before the next one is written."""
    command = [sys.executable, "-m", "askdocs", "ask", *LEXICAL, "--questions", "-"]
    process = subprocess.Popen(
        [*command, "--format", form],
        env={**os.environ, "ASKDOCS_CACHE": str(cache)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with limited(process):
        assert process.stdin is not None
        assert process.stdout is not None
        answers = []
        for question in ("harbour", "March"):
            process.stdin.write(f"{question}\n")
            process.stdin.flush()
            seen = ""
            while "froze" not in seen and " askdocs\n" not in seen:
                line = process.stdout.readline()
                assert line, "no answer before the pipe was closed"
                seen += line
            answers.append(seen)
        process.stdin.close()

    assert len(answers) == 2
    assert process.returncode == 0


def test_context_stands_around_the_passage(folder, run, tiny_model):
    """Lines of context are marked in the margin, and JSON has them in a field of their own."""
    paragraphs = [f"{word * 9}alone." for word in ("Bread ", "Rain ", "Ship ", "Snow ")]
    (folder / "docs" / "a.txt").write_text("\n\n".join(paragraphs))
    run("index", "--model", tiny_model, "--max-tokens", "75", "docs")

    text = run("ask", *LEXICAL, "--context", "1", "ship")
    found = json.loads(run("ask", *LEXICAL, "--context", "1", "--format", "json", "ship").out)

    assert text.out.splitlines()[1:] == [
        f"-   {paragraphs[1]}", "", f">   {paragraphs[2]}", "", f"-   {paragraphs[3]}",
    ]  # fmt: skip
    assert found["hits"][0]["context"] == {
        "before": f"{paragraphs[1]}\n\n", "after": f"\n\n{paragraphs[3]}",
    }  # fmt: skip


def test_only_chosen_documents_are_looked_in(harbour, run, monkeypatch):
    """--path may be repeated, in the index's words or from the current folder."""
    (harbour / "docs" / "b.md").write_text("Ships left the harbour.\n")
    (harbour / "docs" / "c.md").write_text("The harbour thawed.\n")
    run("index")
    options = (*LEXICAL, "--min-score", "0", "--format", "paths")

    assert run("ask", *options, "harbour").out.count("\n") == 3
    assert run("ask", *options, "--path", "*.txt", "harbour").out == "docs/a.txt\n"
    both = run("ask", *options, "--path", "docs/b.md", "--path", "a.*", "harbour")
    assert set(both.out.split()) == {"docs/a.txt", "docs/b.md"}
    monkeypatch.chdir(harbour / "docs")
    assert run("ask", *options, "--path", "./c.md", "harbour").out == "c.md\n"


def test_glob_without_a_document_is_refused(harbour, run):
    """A glob that names nothing is a mistake, whatever else is named."""
    ran = run("ask", *LEXICAL, "--path", "docs", "--path", "*.rst", "--format", "tsv", "harbour")

    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        "askdocs: no document of the index has a path like *.rst\nhint: askdocs status --documents\n"
    )


def test_stale_index_is_refused_where_that_was_asked_for(harbour, run):
    """With --require-fresh a fresh index answers, and a stale one says what differs."""
    fresh = run("ask", *LEXICAL, "--require-fresh", "harbour")
    (harbour / "docs" / "b.txt").write_text("New.")
    (harbour / "docs" / "a.txt").write_text(f"{TEXT}\nMore.\n")

    stale = run("ask", "--require-fresh", "--questions", "-", stdin=b"harbour\n")

    assert (fresh.status, fresh.err) == (0, "")
    assert (stale.status, stale.out) == (1, "")
    assert stale.err == f"askdocs: the index is stale: 1 added, 1 changed\n{REFUSED}"


def test_index_is_refreshed_before_it_is_asked(harbour, run):
    """With --refresh what has changed is found; documents that fail are said and do no harm."""
    (harbour / "docs" / "b.txt").write_text("Two sourdough loaves.\n")
    (harbour / "docs" / "c.txt").write_bytes(b"Caf\xe9")

    ran = run("ask", *LEXICAL, "--refresh", "--require-fresh", "--format", "paths", "sourdough")
    again = run("ask", *LEXICAL, "--refresh", "--format", "paths", "sourdough")
    quiet = run("ask", *LEXICAL, "--refresh", "-q", "--format", "paths", "sourdough")

    assert (ran.status, ran.out) == (0, "docs/b.txt\n")
    first, second = ran.err.splitlines()
    assert first.startswith("askdocs: indexed 2 documents, 2 passages, 3 sentences, 1 embedded, ")
    assert second == "askdocs: failed docs/c.txt: not UTF-8"
    assert again.err == "askdocs: failed docs/c.txt: not UTF-8\n"
    assert (quiet.status, quiet.out, quiet.err) == (0, "docs/b.txt\n", "")


def test_stale_index_answers_and_says_so(harbour, run):
    """A change after the passage is reported in one line, and not with -q."""
    (harbour / "docs" / "a.txt").write_text(f"{TEXT}\nMore.\n")

    ran = run("ask", *LEXICAL, "harbour")
    quiet = run("ask", *LEXICAL, "-q", "harbour")

    assert (ran.status, ran.out.splitlines()[0].split()[-1]) == (0, "verified")
    assert ran.err == (
        "askdocs: docs/a.txt has changed since it was indexed\nhint: askdocs check\n"
    )
    assert (quiet.out, quiet.err) == (ran.out, "")


class Terminal(io.TextIOWrapper):
    """Standard output that says it is a terminal, and remembers what it shows."""

    def __init__(self) -> None:
        """Begin with nothing shown."""
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        """Claim to be a terminal."""
        return True

    @property
    def shown(self) -> str:
        """All that was written."""
        return self.buffer.getvalue().decode()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal that likes colours."""
    for name in ("NO_COLOR", "FORCE_COLOR", "PAGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


@pytest.mark.parametrize("command", [["ask", *LEXICAL, "harbour"], ["show", "docs/o d%.txt#p1-2"]])
def test_citation_is_a_link_on_a_terminal(harbour, run, terminal, monkeypatch, command):
    """On a terminal the citation links to its file by an absolute URL."""
    (harbour / "docs" / "a.txt").rename(harbour / "docs" / "o d%.txt")
    run("index")
    monkeypatch.setattr("sys.stdout", terminal)

    run(*command)

    address = f"file://{harbour}/docs/o%20d%25.txt"
    assert f"\x1b]8;;{address}\x1b\\docs/o d%.txt#p1-2\x1b]8;;\x1b\\" in terminal.shown


def test_pager_is_used_when_it_is_asked_for(harbour, run, terminal, monkeypatch):
    """On a terminal the answers go to $PAGER, and nothing else is printed."""
    monkeypatch.setenv("PAGER", "sh -c 'cat > paged'")
    monkeypatch.setattr("sys.stdout", terminal)

    ran = run("ask", *LEXICAL, "--pager", "--format", "tsv", "harbour")

    assert (ran.status, terminal.shown) == (0, "")
    assert (harbour / "paged").read_text().startswith("id\trank\t")


def test_pager_gets_each_answer_at_once(harbour, run, terminal, monkeypatch):
    """What is known is shown before a later question turns out to be none."""
    monkeypatch.setenv("PAGER", "sh -c 'head -1 > paged'")
    monkeypatch.setattr("sys.stdout", terminal)
    (harbour / "questions.txt").write_bytes(b"harbour\n" * 200 + b"\xff\n")

    ran = run(
        "ask", *LEXICAL, "--pager", "--format", "paths", "--questions", "questions.txt"
    )  # fmt: skip

    assert (harbour / "paged").read_text() == "docs/a.txt\n"
    assert ran.err == "askdocs: line 201 of questions.txt is not UTF-8\n"


def test_remarks_wait_for_the_pager(harbour, run, terminal, monkeypatch):
    """What there is to say is not written across the pager's screen, and is not lost."""
    monkeypatch.setenv("PAGER", "sh -c 'cat > paged; echo left >&2'")
    monkeypatch.setattr("sys.stdout", terminal)
    (harbour / "questions.txt").write_text("harbour\ntungsten\nharbour\n")

    ran = run("ask", *LEXICAL, "--pager", "--format", "trec", "--questions", "questions.txt")

    assert ran.err.startswith("askdocs: no passage answers question 2\n")
    assert len((harbour / "paged").read_text().splitlines()) >= 2


@pytest.mark.parametrize(
    ("number", "status", "err"), [("INT", 0, ""), ("TERM", 143, "\naskdocs: interrupted\n")]
)
def test_pager_outlives_ctrl_c_alone(  # noqa: PLR0917
    harbour: Path,
    run: Run,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    number: str,
    status: int,
    err: str,
) -> None:
    """Ctrl-C is the pager's own; what ends askdocs ends the pager too, at once."""
    last = "touch read" if number == "INT" else "exec sleep 60"
    monkeypatch.setenv("PAGER", f"sh -c 'cat > paged; kill -{number} $PPID; {last}'")
    monkeypatch.setattr("sys.stdout", terminal)

    ran = run("ask", *LEXICAL, "--pager", "--format", "paths", "harbour")

    assert (ran.status, ran.err) == (status, err)
    assert (harbour / "read").exists() == (number == "INT")


@pytest.mark.parametrize("pager", ["absent-program", "'", "  "])
def test_answers_are_shown_without_a_pager(harbour, run, terminal, monkeypatch, pager):
    """If the pager cannot be started, answers are printed as without the option."""
    monkeypatch.setenv("PAGER", pager)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.stdout", terminal)

    run("ask", *LEXICAL, "--pager", "--format", "paths", "harbour")

    assert terminal.shown == "docs/a.txt\n"


def test_no_pager_where_nobody_looks(harbour, run, monkeypatch):
    """In a pipe --pager changes nothing."""
    monkeypatch.setenv("PAGER", "false")

    ran = run("ask", *LEXICAL, "--pager", "harbour")

    assert ran == run("ask", *LEXICAL, "harbour")
