"""A configuration file, the environment and flags: which of them holds, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def in_force(run: Run, command: str, key: str, *arguments: str) -> list[Any]:
    """The value of an option, its source and its origin, as `askdocs config` has it."""
    ran = run("config", "--format", "json", *arguments)
    assert (ran.status, ran.err) == (0, "")
    (found,) = [
        one
        for one in json.loads(ran.out)["settings"]
        if (one["command"], one["key"]) == (command, key)
    ]
    return [found["value"], found["source"], found["origin"]]


def test_default_holds_where_nothing_is_said(here: Path, run: Run) -> None:
    """Without a file and a variable, an option has its default."""
    assert in_force(run, "ask", "top-k") == [5, "default", None]


def test_environment_comes_before_the_file(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file overrules the default, and a variable the file."""
    (here / "askdocs.toml").write_text("\n\ntop-k = 3\n")
    assert in_force(run, "ask", "top-k") == [3, "file", "askdocs.toml:3"]

    monkeypatch.setenv("ASKDOCS_ASK_TOP_K", "4")

    assert in_force(run, "ask", "top-k") == [4, "environment", "ASKDOCS_ASK_TOP_K"]
    assert in_force(run, "eval", "top-k") == [3, "file", "askdocs.toml:3"]


def test_flag_comes_before_all(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed overrules a variable, which overrules the file."""
    (project / "askdocs.toml").write_text('mode = "lexical"\n[ask]\ntop-k = 3\nmin-score = 0\n')

    def hits(*arguments: str) -> int:
        ran = run("ask", "--format", "json", *arguments, "Kremlin and NATO")
        found = json.loads(ran.out)
        assert found["mode"] == "lexical"
        return len(found["hits"])

    assert hits() == 3
    monkeypatch.setenv("ASKDOCS_ASK_TOP_K", "2")
    assert hits() == 2
    assert hits("-k", "1") == 1


def test_table_of_a_command_comes_before_the_top(here: Path, run: Run) -> None:
    """A table overrules the top level for its command, wherever it stands."""
    (here / "askdocs.toml").write_text("ask.top_k = 3\ntop-k = 4\n")

    assert in_force(run, "ask", "top-k") == [3, "file", "askdocs.toml:1"]
    assert in_force(run, "eval", "top-k") == [4, "file", "askdocs.toml:2"]


def test_value_that_one_command_takes_leaves_the_others_alone(here: Path, run: Run) -> None:
    """A format that `show` does not know is that of `ask`, and `show` keeps its own."""
    (here / "askdocs.toml").write_text('format = "jsonl"\n')

    assert in_force(run, "ask", "format") == ["jsonl", "file", "askdocs.toml:1"]
    assert in_force(run, "show", "format") == ["text", "default", None]


def test_paths_are_relative_to_the_file(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder below, the index and other files are those beside the configuration."""
    (project / "vectors").rename(project / "idx")
    (project / "pyproject.toml").write_text(
        '[tool.askdocs]\nindex = "idx"\nquestions = "-"\nqrels = "q"\nbaseline = "~/old.json"\n'
    )
    below = project / "seeds"
    monkeypatch.chdir(below)
    monkeypatch.setenv("HOME", "/home/me")

    ran = run("check")

    assert (ran.status, ran.err) == (0, "")
    assert in_force(run, "ask", "index")[0] == str(project / "idx")
    assert in_force(run, "ask", "questions")[0] == "-"
    assert in_force(run, "eval", "qrels")[0] == str(project / "q")
    assert in_force(run, "eval", "baseline")[0] == "/home/me/old.json"


def test_index_that_was_searched_is_shown(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no index is named, the one that was found is the value."""
    assert in_force(run, "ask", "index") == ["vectors", "search", None]

    monkeypatch.chdir(project / "seeds")

    assert in_force(run, "ask", "index") == [str(project / "vectors"), "search", None]


def test_file_that_is_named_is_read_instead(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--config, and its variable, take the place of the search; /dev/null means none."""
    (here / "askdocs.toml").write_text("top-k = 3\n")
    (here / "other.toml").write_text("top-k = 4\n")

    assert in_force(run, "ask", "top-k", "--config", "other.toml")[0] == 4
    assert in_force(run, "ask", "top-k", "--config", "/dev/null")[0] == 5
    monkeypatch.setenv("ASKDOCS_CONFIG", "other.toml")
    assert in_force(run, "ask", "top-k")[0] == 4


def test_local_model_is_taken(here: Path, run: Run, tiny_model: Path) -> None:
    """The packaged model and folders may stand in a file; a folder is found from the file."""
    (here / "models").mkdir()
    (here / "models" / "tiny").symlink_to(tiny_model)
    (here / "docs").mkdir()
    (here / "docs" / "a.txt").write_text("Rain fell.")
    (here / "askdocs.toml").write_text('model = "models/tiny"\n')

    ran = run("index", "docs")

    assert (ran.status, ran.err) == (0, "")
    assert json.loads(next(here.glob("vectors/generations/*/manifest.json")).read_text())["model"][
        "name"
    ] in {"models/tiny", "./models/tiny"}


def test_packaged_model_is_taken(here: Path, run: Run) -> None:
    """Its name is no folder's, even where there is one that is called so."""
    (here / "all-MiniLM-L6-v2").mkdir()
    (here / "askdocs.toml").write_text('model = "all-MiniLM-L6-v2"\n')

    assert in_force(run, "index", "model")[0] == "all-MiniLM-L6-v2"


RUN_OUT = "run-out cannot be set in a file: only a flag or the environment allows it"
ONLINE = "online cannot be set in a file: only a flag or the environment allows it"
TABLE = "index is the index directory and no table: options of the command index stand at the top"


@pytest.mark.parametrize(
    ("text", "line", "wrong"),
    [
        ("topk = 3", 1, ("there is no option topk", "did you mean top-k?")),
        ("[asc]\ntop-k = 3", 1, ("there is no option asc", "did you mean ask?")),
        ("\n[ask]\ntop-kk = 3", 3, ("ask has no option top-kk", "did you mean top-k?")),
        (
            "[ask]\nfail-under = []", 2,
            (
                "ask has no option fail-under",
                "askdocs COMMAND --help lists the options; a key is one without its dashes",
            ),
        ),
        ("config = 3", 1, ("config must be a table of options", "[config]")),
        ("help = true", 1, ("there is no option help", None)),
        ('top-k = "5"', 1, ('top-k must be a whole number, got "5"', "askdocs ask --help")),
        ("top-k = true", 1, ("top-k must be a whole number, got true", "askdocs ask --help")),
        ("top-k = 0", 1, ("top-k: 0 is not in the range x>=1", "askdocs ask --help")),
        ("min-score = 2", 1, ("min-score: 2.0 is not in the range 0<=x<=1", "askdocs ask --help")),
        ("min-score = nan", 1, ("min-score must be a number, got nan", "askdocs ask --help")),
        (
            f"min-score = 1{'0' * 400}", 1,
            (f"min-score must be a number, got 1{'0' * 400}", "askdocs ask --help"),
        ),
        ("quiet = 1", 1, ("quiet must be true or false, got 1", "askdocs ask --help")),
        ("mode = {}", 1, (None, "askdocs ask --help")),
        ('mode = ""', 1, (None, "askdocs ask --help")),
        ('index = ""', 1, ('index must be a text in quotes, got ""', "askdocs ask --help")),
        (
            'fail-under = "a=1"', 1,
            ('fail-under must be a list, each a text in quotes, got "a=1"', "askdocs eval --help"),
        ),
        ("top-k = 1\ntop_k = 1", 2, ("top-k is given twice", "keep one of them")),
        ("online = true", 1, (ONLINE, "askdocs ask --online")),
        ("[ask]\nonline = false", 2, (ONLINE, "askdocs ask --online")),
        ("[eval]\nrun-out = 'x'", 2, (RUN_OUT, "askdocs eval --run-out")),
        ('[index]\nmodel = "x"', 1, (f"{TABLE} level", 'index = "vectors"')),
        (
            'model = "owner/name"', 1,
            (
                "model: there is no folder ./owner/name, and a file may name no other model",
                "--model owner/name as a flag names any model",
            ),
        ),
        (
            '[ask]\nrerank = "all-MiniLM-L6-v2"', 2,
            (
                "rerank: there is no folder ./all-MiniLM-L6-v2, and a file may name no other model",
                "--rerank all-MiniLM-L6-v2 as a flag names any model",
            ),
        ),
        (
            "exclude = ['a', 1]", 1,
            (
                "exclude must be a list, each a text in quotes, got 1 in it",
                "askdocs index --help",
            ),
        ),
        ("max-tokens = 0", 1, (None, "askdocs check --help")),
        ("top-k = [1]", 1, ("top-k must be a whole number, got a list", "askdocs ask --help")),
        ("top-k = {}", 1, ("top-k must be a whole number, got a table", "askdocs ask --help")),
        ("x = \n", 1, ("not TOML: invalid value", "correct line 1 of askdocs.toml")),
    ],
)  # fmt: skip
def test_wrong_file_is_refused_with_the_line(
    here: Path, run: Run, text: str, line: int, wrong: tuple[str | None, str | None]
) -> None:
    """A mistake ends in status 2, the file, the line, what is wanted and what to do."""
    (here / "askdocs.toml").write_text(text)

    message, hint = wrong

    ran = run("config")

    assert (ran.status, ran.out) == (2, "")
    said, hinted = ran.err.splitlines()
    assert said.startswith(f"askdocs: askdocs.toml:{line}: ")
    assert message is None or said == f"askdocs: askdocs.toml:{line}: {message}"
    assert hint is None or hinted == f"hint: {hint}"


@pytest.mark.parametrize("command", ["ask", "check", "index", "show"])
def test_wrong_file_stops_every_command_but_not_its_help(
    here: Path, run: Run, command: str
) -> None:
    """Nothing is done under settings that were not understood, and help is always there."""
    (here / "askdocs.toml").write_text("topk = 3\n")

    ran, helped, plain = run(command, "x"), run(command, "--help"), run("--help")

    assert (ran.status, ran.out, ran.err.splitlines()[0]) == (
        2, "", "askdocs: askdocs.toml:1: there is no option topk",
    )  # fmt: skip
    assert (helped.status, helped.err, plain.status) == (0, "", 0)


def test_help_shows_the_defaults_of_the_program(here: Path, run: Run) -> None:
    """A file changes no help page."""
    before = run("ask", "--help")

    (here / "askdocs.toml").write_text("top-k = 77\n")

    assert run("ask", "--help") == before


def test_wrong_variable_is_named(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value from the environment is traced to its variable."""
    monkeypatch.setenv("ASKDOCS_EVAL_TOP_K", "x")

    shown, evaluated = run("config"), run("eval", "questions.jsonl")

    message = "askdocs: ASKDOCS_EVAL_TOP_K: 'x' is not a whole number"
    assert (shown.status, shown.err.splitlines()[0]) == (2, message)
    assert (evaluated.status, evaluated.err.splitlines()[0]) == (2, message)


def test_settings_are_one_line_each(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key on which commands agree has one line, another one for each command."""
    monkeypatch.setenv("ASKDOCS_CACHE", "/cache")
    monkeypatch.setenv("ASKDOCS_EVAL_TOP_K", "20")
    (here / "askdocs.toml").write_text('mode = "dense"\n[eval]\nfail-under = ["a=1", "b=2"]\n')

    ran = run("config")

    rows = [line.split("  ") for line in ran.out.splitlines()]
    shown = {row[0].strip(): [cell.strip() for cell in row[1:] if cell.strip()] for row in rows}
    assert (ran.status, ran.err, len(shown)) == (0, "", len(rows))
    assert shown["configuration"] == ["askdocs.toml", "found"]
    assert shown["cache"] == ["/cache", "ASKDOCS_CACHE"]
    assert shown["index"] == ["-", "not found"]
    assert shown["mode"] == ["dense", "askdocs.toml:1"]
    assert shown["fail-under"] == ['["a=1", "b=2"]', "askdocs.toml:3"]
    assert shown["ask.top-k"] == ["5", "default"]
    assert shown["eval.top-k"] == ["20", "ASKDOCS_EVAL_TOP_K"]
    assert "top-k" not in shown


def test_names_of_files_command_no_terminal(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Escape sequences in a value or a path are replaced."""
    monkeypatch.setenv("ASKDOCS_ASK_QUESTIONS", "a\x1b[31mb")

    ran = run("config")

    assert ran.status == 0
    assert "\x1b" not in ran.out
    assert "a\ufffd[31mb" in ran.out
