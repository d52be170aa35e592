"""O3: output that is full, closed, cut off or narrow: status 7 or a quiet end, nothing lost."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.cli.main import cli

Ran = subprocess.CompletedProcess[bytes]
Run = Callable[..., Ran]

# Samples of these faults are in tests/cli/test_streams.py: each is a process of its own.
pytestmark = pytest.mark.torture

FORMATS = ("text", "json", "jsonl", "md", "tsv", "vimgrep", "paths", "trec")
LEXICAL = ("ask", "--mode", "lexical", "-k", "2")
SHOW = ["show", "seeds/001_169922582ed849e6.txt#p3"]
DIFF = ["diff", "vectors", "--mode", "lexical", "--questions", "questions.txt"]
PRINTING = [
    *([*LEXICAL, "--format", form, "Kremlin"] for form in FORMATS),
    [*LEXICAL, "--format", "paths", "--null", "Kremlin"],
    [*LEXICAL, "--questions", "questions.txt", "--format", "json"],
    [*LEXICAL, "--explain", "--pager", "Kremlin"],
    *(["check", "--format", form] for form in ("text", "json", "github", "junit")),
    SHOW, [*SHOW, "--format", "json"], ["status"], ["config"], ["config", "--format", "json"],
    *([*DIFF, "--format", form] for form in ("text", "json", "md")),
    *(["eval", "--mode", "lexical", "judged.jsonl", "--format", form] for form in ("text", "json")),
    ["index"], ["index", "--dry-run"], ["repair"], ["repair", "--dry-run"], ["completion", "bash"],
    ["--help"], ["--version"], ["eval", "--help"],
]  # fmt: skip
"""Every command in every format; each prints something on standard output."""

NARROW = [
    [*LEXICAL, "--explain", "--context", "1", "Kremlin"],
    [*LEXICAL, "--format", "md", "Kremlin"], DIFF, SHOW, ["status"], ["config"],
]  # fmt: skip
FAILING = {2: ["ask", ""], 3: ["check", "--index", "absent"], 1: [*LEXICAL, "tungsten"]}


@pytest.fixture
def run(project: Path, environment: dict[str, str], seeds_project: Path) -> Run:
    """Run a line of a shell in a copy of the seeds' project: `run(["check"], ">/dev/full")`."""
    # One cache for all tests: `config` prints its path, and `usual` keeps what was printed.
    fixed = {"ASKDOCS_CACHE": str(seeds_project / "cache"), "PYTHONUNBUFFERED": ""}

    def run_line(command: list[str], redirection: str, *, program: str = "sh", **env: str) -> Ran:
        return subprocess.run(
            [program, "-c", f'"$@" {redirection}', "sh", sys.executable, "-m", "askdocs", *command],
            cwd=project, env={**environment, **fixed, **env}, capture_output=True,
            check=False, timeout=60,
        )  # fmt: skip

    return run_line


_KNOWN: dict[str, Ran] = {}


@pytest.fixture
def usual(run: Run) -> Callable[[list[str]], Ran]:
    """Return what a command prints when nothing is wrong; each runs once."""

    def known(command: list[str]) -> Ran:
        name = " ".join(command)
        return _KNOWN.get(name) or _KNOWN.setdefault(name, run(command, ""))

    return known


def test_every_command_is_tried():
    """None that is added can be forgotten here."""
    first = {command[0] for command in PRINTING}
    assert {word for word in first if not word.startswith("-")} == set(cli.load_all())


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [(">/dev/full", b": no space left on device"), (">&-", b" is closed")],
)
def test_output_that_cannot_be_written_is_status_seven(run, tally, redirection, reason):
    """Whatever is printed, in whatever format: one line says why it is not there."""
    found = {}
    for command in PRINTING:
        ran = run(command, redirection)
        found[tuple(command)] = (ran.returncode, ran.stdout, ran.stderr)
    assert found == dict.fromkeys(found, (7, b"", b"askdocs: standard output" + reason + b"\n"))
    tally("O3", "outputs that were full or closed", len(found))


def test_pipe_that_closes_ends_it_quietly(run, tally):
    """A reader that has gone is not an error of ours: status 141, as of a signal, and no word."""
    found = {}
    for command in PRINTING:
        ran = run(command, "| : ; exit ${PIPESTATUS[0]}", program="bash")
        # Where the pipe has room, what is written before the reader goes is not a loss.
        found[tuple(command)] = (ran.returncode in {0, 141}, ran.stdout, ran.stderr)
    assert found == dict.fromkeys(found, (True, b"", b""))
    tally("O3", "pipes that closed", len(found))


def test_head_gets_its_line(run, usual, tally):
    """`| head -1` shows the first line of what is printed without it, and nothing else."""
    found, whole = {}, {}
    for command in PRINTING:
        ran = run(command, "| head -1")
        found[tuple(command)] = (ran.stdout, ran.stderr)
        first = usual(command).stdout.splitlines(keepends=True)[:1]
        whole[tuple(command)] = (b"".join(first), b"")
    assert found == whole
    tally("O3", "outputs cut off by head", len(found))


@pytest.mark.parametrize(
    "redirection", ["2>/dev/full", "2>&-", "2>&- >&-", "2>/dev/full >/dev/full"]
)
def test_status_is_kept_without_standard_error(run, tally, redirection):
    """Where nothing can be said, the status still says what happened."""
    statuses = {run(command, redirection).returncode for command in FAILING.values()}
    assert statuses == set(FAILING)
    tally("O3", "errors without standard error", len(FAILING))


def test_results_are_whole_without_the_other_streams(run, usual, tally):
    """Without standard input and standard error, results and status are the same."""
    found, expected = {}, {}
    for command in PRINTING:
        ran, whole = run(command, "<&- 2>&-"), usual(command)
        found[tuple(command)] = (ran.returncode, ran.stdout)
        expected[tuple(command)] = (whole.returncode, whole.stdout)
    assert found == expected
    tally("O3", "commands without input and standard error", len(found))


def test_questions_from_nowhere_are_a_usage_error(run, tally):
    """Where there is no standard input, what reads it says so."""
    commands = (["ask", "-"], ["ask", "--questions", "-"], ["eval", "-"])
    for command in commands:
        ran = run(command, "<&-")
        assert (ran.returncode, ran.stdout) == (2, b"")
        assert ran.stderr.startswith(b"askdocs: standard input is closed\n")
    tally("O3", "commands without the input that they read", len(commands))


@pytest.mark.parametrize(
    "env", [{"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_output_is_the_same_in_every_encoding(run, usual, tally, env):
    """What is printed is UTF-8 whatever the locale says."""
    found = {tuple(command): run(command, "", LC_ALL="C", **env) for command in PRINTING}
    for command, ran in found.items():
        whole = usual(list(command))
        assert (ran.returncode, ran.stdout) == (whole.returncode, whole.stdout)
        assert b"Traceback" not in ran.stderr
    tally("O3", "outputs in another locale", len(found))


@pytest.mark.parametrize("columns", ["0", "1", "abc", "-5", "9" * 30])
def test_every_width_shows_every_word(run, usual, tally, columns):
    """A terminal of no, one or too many columns gets the same words, on shorter lines."""
    for command in NARROW:
        ran, whole = run(command, "", COLUMNS=columns), usual(command)
        assert (ran.returncode, ran.stderr) == (whole.returncode, whole.stderr)
        # How often a mark stands in the margin follows from the number of lines.
        shown = [re.sub(r"[\s>-]", "", one.stdout.decode()) for one in (ran, whole)]
        assert shown[0] == shown[1], command
    assert run(["ask", "--help"], "", COLUMNS=columns).returncode == 0
    tally("O3", "outputs on odd terminals", len(NARROW) + 1)
