"""Output that is full, closed, piped or narrow: no silent loss, no traceback."""

import os
import re
from pathlib import Path

import pytest

FULL = "askdocs: standard output: no space left on device\n"
CLOSED = "askdocs: standard output is closed\n"
PRINTING = [["check"], ["ask", "--mode", "lexical", "--format", "jsonl", "Kremlin"], ["--help"]]


@pytest.mark.parametrize("command", PRINTING, ids=" ".join)
def test_output_that_cannot_be_written_is_reported(project, run_process, command):
    """If standard output is full or closed, the status is 7 and one line says why."""
    with Path("/dev/full").open("wb") as full:
        ran = run_process(*command, stdout=full)
    closed = run_process(*command, script='exec "$@" >&-')

    assert (ran.returncode, ran.stderr.decode()) == (7, FULL)
    assert (closed.returncode, closed.stderr.decode()) == (7, CLOSED)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_disk_that_fills_up_is_reported(project, run_process, tmp_path, unbuffered):
    """Output that is written only in part is an error, however Python buffers."""
    env = {
        "PYTHONUNBUFFERED": unbuffered,
        # Python and coverage write files of their own, to which the limit would apply.
        "PYTHONDONTWRITEBYTECODE": "1",
        "COVERAGE_PROCESS_CONFIG": "",
        "COVERAGE_PROCESS_START": "",
    }
    with (tmp_path / "output").open("wb") as output:
        script = 'ulimit -f 1; exec "$@"'
        ran = run_process("config", stdout=output, env=env, script=script)

    assert (tmp_path / "output").stat().st_size <= 1024
    assert (ran.returncode, ran.stderr) == (7, b"askdocs: standard output: file too large\n")


@pytest.mark.parametrize("command", ["--help", "ask --mode lexical --questions - --format jsonl"])
def test_reader_that_goes_away_ends_it_quietly(project, run_process, command):
    """A closed pipe, as after `head`, ends in status 141 without a message."""
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "wb") as pipe:
        ran = run_process(*command.split(), stdout=pipe, stdin=None, input=b"Kremlin\n" * 3)

    assert (ran.returncode, ran.stderr) == (141, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_status_is_kept_where_errors_cannot_be_written(
    project, run_process, redirection, unbuffered
):
    """Without a usable standard error, the exit status still says what was wrong."""
    commands = (["ask", ""], ["check", "--index", "absent"], ["ask", "--mode", "lexical", "gold"])
    script, env = f'exec "$@" {redirection}', {"PYTHONUNBUFFERED": unbuffered}

    runs = [run_process(*command, script=script, env=env) for command in commands]

    assert [ran.returncode for ran in runs] == [2, 3, 1]


def test_closed_input_has_no_questions(project, run_process):
    """Without a standard input, --questions - says so."""
    ran = run_process("ask", "--questions", "-", script='exec "$@" <&-')

    assert ran.returncode == 2
    assert ran.stderr == b"askdocs: standard input is closed\nhint: askdocs ask --questions FILE\n"


def test_output_is_utf8_in_every_locale(project, run_process):
    """In the C locale, questions and answers beyond ASCII work."""
    arguments = ("ask", "-k", "1", "What did Rasmussen – the NATO chief – ask of the Kremlin?")
    expected = run_process(*arguments, env={"PYTHONUTF8": "1"})

    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = run_process(*arguments, env=plain)

    assert expected.returncode == 0
    assert "“reset”".encode() in expected.stdout
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, expected.stdout, b"")


def test_bytes_that_are_not_utf8_are_no_crash(project, run_process):
    """A question or a path that is not UTF-8 is refused in one line."""
    asked = run_process("ask", "-k", "1", b"What did Rasmussen \xff ask of the Kremlin?")
    refused = run_process("index", b"caf\xe9")

    assert (asked.returncode, refused.returncode) == (2, 2)
    assert asked.stderr.splitlines()[0] == b"askdocs: the question is not UTF-8"
    assert refused.stderr.decode().splitlines()[0] == "askdocs: caf\ufffd does not exist"


CODES = {"1", "2", "32", "36", "0"}


@pytest.fixture
def ask_in(project, run, monkeypatch):
    """Ask with some variables for colour: `ask_in({"NO_COLOR": "1"})`; return what was printed."""

    def ask(environment, *arguments):
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        for name, value in {"TERM": "xterm", **environment}.items():
            monkeypatch.setenv(name, value)
        return run("ask", "--mode", "lexical", "-k", "1", *arguments, "Kremlin").out

    return ask


@pytest.mark.parametrize(
    ("arguments", "environment", "is_colored"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {}, False),
    ],
)
def test_color_is_for_terminals_that_want_it(
    ask_in, terminal, monkeypatch, *, arguments, environment, is_colored
):
    """A terminal gets colour and links, unless NO_COLOR, --color or its kind says otherwise."""
    monkeypatch.setattr("sys.stdout", terminal)

    ask_in(environment, *arguments)

    shown = terminal.shown
    assert "Kremlin" in shown
    assert set(re.findall(r"\x1b\[(\d+)m", shown)) == (CODES if is_colored else set())
    assert bool(re.search(r"\x1b\]8;;file://[!-~]+\x1b\\", shown)) == is_colored
    assert len(re.findall(r"\x1b(?:\[\d+m|[]\\])", shown)) == shown.count("\x1b")


@pytest.mark.parametrize(
    ("arguments", "environment", "is_colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": ""}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ([], {"ASKDOCS_COLOR": "always", "NO_COLOR": "1"}, True),
        (["--color", "always"], {"NO_COLOR": "1", "TERM": "dumb"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "auto"], {"ASKDOCS_COLOR": "always"}, False),
    ],
)
def test_color_in_a_pipe_follows_the_options(ask_in, arguments, environment, is_colored):
    """--color decides, then NO_COLOR, then FORCE_COLOR; a pipe gets no links."""
    shown = ask_in(environment, *arguments)

    assert set(re.findall(r"\x1b\[(\d+)m", shown)) == (CODES if is_colored else set())
    assert "\x1b]8" not in shown


def test_progress_is_shown_on_a_terminal(folder, run, tiny_model, terminal, monkeypatch):
    """On a terminal, a bar on standard error fills; standard output has only the report."""
    (folder / "docs" / "a.txt").write_text("Rain fell. It was wet.\n\nThe sun came out.\n")
    monkeypatch.setattr("sys.stderr", terminal)

    ran = run("index", "--model", tiny_model, "docs")

    assert "embedding" in terminal.shown
    assert "100%" in terminal.shown
    assert terminal.shown.endswith("\n")
    assert ran.out.startswith("indexed 1 document, ")
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("case", ["quiet", "unchanged", "emptied"])
def test_no_progress_where_there_is_nothing_to_show(harbour, run, terminal, monkeypatch, case):
    """No bar is drawn with -q, for an unchanged corpus, and for one that is now empty."""
    if case == "quiet":
        (harbour / "docs" / "a.txt").write_text("Snow fell.")
    elif case == "emptied":
        (harbour / "docs" / "a.txt").unlink()
    monkeypatch.setattr("sys.stderr", terminal)

    ran = run("index", *(["-q"] if case == "quiet" else []))

    assert (ran.status, terminal.shown) == (0, "")
