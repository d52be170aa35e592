"""Output that is full, closed, piped or narrow: never lost in silence, never a traceback."""

import io
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
RunProcess = Callable[..., subprocess.CompletedProcess[bytes]]

FULL = "askdocs: standard output: no space left on device\n"
CLOSED = "askdocs: standard output is closed\n"
PRINTING = [
    ["check"],
    ["status"],
    ["status", "--documents"],
    ["show", "seeds/001_169922582ed849e6.txt#p3"],
    ["ask", "--mode", "lexical", "Kremlin"],
    ["ask", "--mode", "lexical", "--format", "jsonl", "Kremlin"],
    ["index"],
    ["--help"],
    ["ask", "--help"],
    ["--version"],
]


@pytest.mark.parametrize("command", PRINTING, ids=" ".join)
def test_full_disk_is_reported(project: Path, run_process: RunProcess, command: list[str]) -> None:
    """Where standard output cannot be written, the status is 7 and one line says why."""
    with Path("/dev/full").open("wb") as full:
        ran = run_process(*command, stdout=full)

    assert (ran.returncode, ran.stderr.decode()) == (7, FULL)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_disk_that_fills_up_is_reported(
    project: Path, run_process: RunProcess, tmp_path: Path, unbuffered: str
) -> None:
    """Output of which only a part could be written is no success, however Python buffers."""
    env = {
        "PYTHONUNBUFFERED": unbuffered,
        # Python and coverage write files of their own, to which the limit would apply.
        "PYTHONDONTWRITEBYTECODE": "1",
        "COVERAGE_PROCESS_CONFIG": "",
        "COVERAGE_PROCESS_START": "",
    }

    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))

    with (tmp_path / "output").open("wb") as output:
        ran = run_process("status", "--documents", stdout=output, env=env, preexec_fn=limit_files)

    assert (tmp_path / "output").stat().st_size <= 200
    assert (ran.returncode, ran.stderr) == (7, b"askdocs: standard output: file too large\n")


@pytest.mark.parametrize("command", PRINTING, ids=" ".join)
def test_closed_output_is_reported(
    project: Path, run_process: RunProcess, command: list[str]
) -> None:
    """Where there is no standard output, the status is 7 and one line says so."""
    ran = run_process(*command, stdout=None, preexec_fn=lambda: os.close(1))

    assert (ran.returncode, ran.stderr.decode()) == (7, CLOSED)


@pytest.mark.parametrize(
    "command",
    [
        ["status", "--documents"],
        ["ask", "--mode", "lexical", "--questions", "-", "--format", "jsonl"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_reader_that_goes_away_ends_it_quietly(
    project: Path, run_process: RunProcess, command: list[str]
) -> None:
    """A pipe that is closed, as by `head`, is neither an error message nor a success."""
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "wb") as pipe:
        ran = run_process(*command, stdout=pipe, stdin=None, input=b"Kremlin\n" * 3)

    assert (ran.returncode, ran.stderr) == (141, b"")


def test_first_line_can_be_had_with_head(project: Path, cache: Path) -> None:
    """`| head -1` prints one line, and nothing about the others."""
    command = f"yes Kremlin | head -200 | {sys.executable} -m askdocs ask --mode lexical"
    script = f"{command} --questions - --format jsonl | head -1 | cut -c -12"

    ran = subprocess.run(
        ["/bin/sh", "-c", script],
        env={**os.environ, "ASKDOCS_CACHE": str(cache)},
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert (ran.stdout, ran.stderr) == (b'{"schema": 1\n', b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("stream", ["full", "closed"])
def test_status_is_kept_where_errors_cannot_be_written(
    project: Path, cache: Path, stream: str, unbuffered: str
) -> None:
    """Without a usable standard error the exit status still tells what was wrong."""
    redirection = {"full": "2>/dev/full", "closed": "2>&-"}[stream]

    statuses = []
    for command in ("ask ''", "check --index absent", "ask --mode lexical tungsten"):
        script = f"exec {sys.executable} -m askdocs {command} {redirection}"
        fixed = {"ASKDOCS_CACHE": str(cache), "PYTHONUNBUFFERED": unbuffered}
        environment = {**os.environ, **fixed}
        ran = subprocess.run(
            ["/bin/sh", "-c", script], env=environment, stdout=subprocess.PIPE, check=False,
            timeout=60,
        )  # fmt: skip
        statuses.append(ran.returncode)

    assert statuses == [2, 3, 1]


def test_closed_input_has_no_questions(project: Path, run_process: RunProcess) -> None:
    """Where there is no standard input, --questions - says so."""
    ran = run_process("ask", "--questions", "-", stdin=None, preexec_fn=lambda: os.close(0))

    assert (ran.returncode, ran.stdout) == (2, b"")
    assert ran.stderr == b"askdocs: standard input is closed\nhint: askdocs ask --questions FILE\n"


PLAIN_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_output_is_utf8_in_every_locale(project: Path, run_process: RunProcess) -> None:
    """In the C locale a question beyond ASCII is understood, and the answer is not mangled."""
    arguments = ("ask", "-k", "1", "What did Rasmussen – the NATO chief – ask of the Kremlin?")
    expected = run_process(*arguments, env={"PYTHONUTF8": "1"})

    ran = run_process(*arguments, env=PLAIN_LOCALE)

    assert expected.returncode == 0
    assert "“reset”".encode() in expected.stdout
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, expected.stdout, b"")


def test_bytes_that_are_not_utf8_are_no_crash(project: Path, run_process: RunProcess) -> None:
    """A question and a path of any bytes are refused in one line."""
    asked = run_process("ask", "-k", "1", b"What did Rasmussen \xff ask of the Kremlin?")
    refused = run_process("index", b"caf\xe9")

    assert (asked.returncode, asked.stdout) == (2, b"")
    assert asked.stderr.splitlines()[0] == b"askdocs: the question is not UTF-8"
    assert (refused.returncode, refused.stdout) == (2, b"")
    expected = "askdocs: caf\ufffd does not exist\nhint: askdocs index PATH\n"
    assert refused.stderr.decode() == expected


@pytest.mark.parametrize("columns", ["0", "1", "2", "19", "100000", "x"])
def test_any_terminal_width_will_do(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """A terminal of one column, or an absurd one, shows every word of the text."""
    arguments = ("--mode", "lexical", "-k", "1", "What did Rasmussen request from the Kremlin?")
    wide = run("ask", *arguments)
    monkeypatch.setenv("COLUMNS", columns)

    ran = run("ask", *arguments)
    helped = run("ask", "--help")

    assert (ran.status, helped.status) == (0, 0)
    head, *lines = ran.out.splitlines()
    assert head == wide.out.splitlines()[0]
    texts = [[line[4:] for line in out.splitlines()[1:]] for out in (ran.out, wide.out)]
    assert " ".join(texts[0]).split() == " ".join(texts[1]).split()
    assert all(line == "" or 4 < len(line) <= 100 for line in lines)


class Terminal(io.TextIOWrapper):
    """Standard output or error that says it is a terminal, and remembers what it shows."""

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


@pytest.mark.parametrize(
    ("environment", "codes"),
    [
        ({}, {"1", "2", "32", "36", "0"}),
        ({"NO_COLOR": "1"}, set()),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, set()),
        ({"NO_COLOR": ""}, {"1", "2", "32", "36", "0"}),
        ({"TERM": "dumb"}, set()),
    ],
)
def test_color_is_for_terminals_that_want_it(
    project: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    codes: set[str],
) -> None:
    """Colour is used on a terminal, unless NO_COLOR or a dumb one says otherwise."""
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    if "NO_COLOR" not in environment:
        monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)

    run("ask", "--mode", "lexical", "-k", "1", "Kremlin")

    assert "Kremlin" in terminal.shown
    assert set(re.findall(r"\x1b\[(\d+)m", terminal.shown)) == codes
    links = re.findall(r"\x1b\]8;;(?:file://[!-~]+)?\x1b\\", terminal.shown)
    assert bool(links) == bool(codes)
    assert len(re.findall(r"\x1b(?:\[\d+m|[]\\])", terminal.shown)) == terminal.shown.count("\x1b")


CODES = {"1", "2", "32", "36", "0"}


@pytest.mark.parametrize(
    ("asked", "colored"),
    [
        (([], {}), False),
        (([], {"FORCE_COLOR": "1"}), True),
        (([], {"FORCE_COLOR": ""}), False),
        (([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}), False),
        (([], {"FORCE_COLOR": "1", "TERM": "dumb"}), True),
        (([], {"ASKDOCS_COLOR": "always", "NO_COLOR": "1"}), True),
        ((["--color", "always"], {"NO_COLOR": "1", "TERM": "dumb"}), True),
        ((["--color", "never"], {"FORCE_COLOR": "1"}), False),
        ((["--color", "auto"], {"ASKDOCS_COLOR": "always"}), False),
    ],
)
def test_color_in_a_pipe_is_what_was_asked_for(
    project: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[list[str], dict[str, str]],
    colored: bool,
) -> None:
    """--color decides, then NO_COLOR, then FORCE_COLOR; links are for terminals alone."""
    arguments, environment = asked
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)

    ran = run("ask", "--mode", "lexical", "-k", "1", *arguments, "Kremlin")

    assert set(re.findall(r"\x1b\[(\d+)m", ran.out)) == (CODES if colored else set())
    assert "\x1b]8" not in ran.out


def test_color_never_holds_on_a_terminal(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --color never a terminal gets no escape sequence at all."""
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout", terminal)

    run("ask", "--color", "never", "--mode", "lexical", "-k", "1", "Kremlin")

    assert "Kremlin" in terminal.shown
    assert "\x1b" not in terminal.shown


def test_progress_is_shown_on_a_terminal(
    folder: Path, run: Run, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal a bar fills on standard error; the report on standard output stays clean."""
    (folder / "docs" / "a.txt").write_text("Rain fell. It was wet.\n\nThe sun came out.\n")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    ran = run("index", "--model", tiny_model, "docs")

    assert "embedding" in terminal.shown
    assert "100%" in terminal.shown
    assert terminal.shown.endswith("\n")
    assert ran.out.startswith("indexed 1 document, ")
    assert "\x1b" not in ran.out


def test_no_progress_where_no_byte_is_to_be_read(
    folder: Path, run: Run, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that is emptied shows no bar that never fills."""
    (folder / "docs" / "a.txt").write_text("Rain fell.")
    run("index", "--model", tiny_model, "docs")
    (folder / "docs" / "a.txt").unlink()
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    ran = run("index")

    assert (ran.status, terminal.shown) == (0, "")
    assert ran.out.startswith("indexed 0 documents, ")


@pytest.mark.parametrize("arguments", [["-q"], []])
def test_no_progress_where_there_is_nothing_to_show(
    folder: Path, run: Run, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """With -q, and where nothing has to be done, no bar is drawn."""
    (folder / "docs" / "a.txt").write_text("Rain fell.")
    if not arguments:
        run("index", "--model", tiny_model, "docs")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    ran = run("index", "--model", tiny_model, *arguments, "docs")

    assert (ran.status, terminal.shown) == (0, "")
