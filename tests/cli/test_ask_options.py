"""What `askdocs ask` does before it asks, around a passage, and for pipes and terminals."""

import json
import os
import subprocess
import sys

import pytest

from tests.limits import limited

LEXICAL = ("--mode", "lexical")
TEXT = "Rain fell.\n\nThe harbour froze in March.\n"
REFUSED = "hint: askdocs index, or ask with --refresh\n"


@pytest.mark.parametrize("stdin", [b"harbour", b"\n  harbour \r\n\n", b"\xef\xbb\xbfharbour\n"])
def test_question_comes_from_standard_input(harbour, run, stdin):
    """A single - stands for all of standard input, without the white space around it."""
    typed = run("ask", *LEXICAL, "--format", "json", "harbour")

    assert run("ask", *LEXICAL, "--format", "json", "-", stdin=stdin) == typed


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
        [*command, "--format", form], env={**os.environ, "ASKDOCS_CACHE": str(cache)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with limited(process):
        for question in ("harbour", "March"):
            process.stdin.write(f"{question}\n")
            process.stdin.flush()
            seen = ""
            while "froze" not in seen and " askdocs\n" not in seen:
                line = process.stdout.readline()
                assert line, "no answer before the pipe was closed"
                seen += line
        process.stdin.close()

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
    assert quiet == (0, "docs/b.txt\n", "")


@pytest.mark.parametrize("command", [["ask", *LEXICAL, "harbour"], ["show", "docs/o d%.txt#p1-2"]])
def test_citation_is_a_link_on_a_terminal(harbour, run, terminal, monkeypatch, command):
    """On a terminal the citation links to its file by an absolute URL."""
    (harbour / "docs" / "a.txt").rename(harbour / "docs" / "o d%.txt")
    run("index")
    monkeypatch.setattr("sys.stdout", terminal)

    run(*command)

    address = f"file://{harbour}/docs/o%20d%25.txt"
    assert f"\x1b]8;;{address}\x1b\\docs/o d%.txt#p1-2\x1b]8;;\x1b\\" in terminal.shown


def test_pager_gets_each_answer_at_once(harbour, run, terminal, monkeypatch):
    """What is known is shown before a later question turns out to be none."""
    monkeypatch.setenv("PAGER", "sh -c 'head -1 > paged'")
    monkeypatch.setattr("sys.stdout", terminal)
    (harbour / "questions.txt").write_bytes(b"harbour\n" * 200 + b"\xff\n")

    ran = run("ask", *LEXICAL, "--pager", "--format", "paths", "--questions", "questions.txt")

    assert (harbour / "paged").read_text() == "docs/a.txt\n"
    assert ran.err == "askdocs: line 201 of questions.txt is not UTF-8\n"


def test_remarks_wait_for_the_pager(harbour, run, terminal, monkeypatch):
    """What there is to say is not written across the pager's screen, and is not lost."""
    monkeypatch.setenv("PAGER", "sh -c 'cat > paged; echo left >&2'")
    monkeypatch.setattr("sys.stdout", terminal)
    (harbour / "questions.txt").write_text("harbour\ntungsten\nharbour\n")

    ran = run("ask", *LEXICAL, "--pager", "--format", "trec", "--questions", "questions.txt")

    assert ran.err.startswith("askdocs: no passage clearly answers question 2\n")
    assert len((harbour / "paged").read_text().splitlines()) >= 2


@pytest.mark.parametrize(
    ("number", "status", "err"), [("INT", 0, ""), ("TERM", 143, "\naskdocs: interrupted\n")]
)
def test_pager_outlives_ctrl_c_alone(harbour, run, terminal, monkeypatch, *, number, status, err):
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
