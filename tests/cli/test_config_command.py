"""Configuration file, environment and flags: which one counts, and what is refused."""

import json

import pytest

from askdocs.cli.config import SettingInForce, render_settings, render_settings_json
from askdocs.terminal import Style


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def in_force(run, command, key, *arguments):
    """Return the value of an option, its source and its origin from `askdocs config`."""
    ran = run("config", "--format", "json", *arguments)
    assert (ran.status, ran.err) == (0, "")
    settings = {(row["command"], row["key"]): row for row in json.loads(ran.out)["settings"]}
    return [settings[command, key][name] for name in ("value", "source", "origin")]


def test_environment_overrides_the_file_and_the_file_the_default(here, run, monkeypatch):
    """Each setting shows its origin."""
    assert in_force(run, "ask", "top-k") == [5, "default", None]
    (here / "askdocs.toml").write_text("\n\ntop-k = 3\n")
    assert in_force(run, "ask", "top-k") == [3, "file", "askdocs.toml:3"]

    monkeypatch.setenv("ASKDOCS_ASK_TOP_K", "4")

    assert in_force(run, "ask", "top-k") == [4, "environment", "ASKDOCS_ASK_TOP_K"]
    assert in_force(run, "eval", "top-k") == [3, "file", "askdocs.toml:3"]


def test_flag_comes_before_all(project, run, monkeypatch):
    """A flag overrides a variable, which overrides the file."""
    (project / "askdocs.toml").write_text('mode = "lexical"\n[ask]\ntop-k = 3\nmin-score = 0\n')

    def hits(*arguments):
        ran = run("ask", "--format", "json", *arguments, "Kremlin and NATO")
        answer = json.loads(ran.out)
        assert answer["mode"] == "lexical"
        return len(answer["hits"])

    monkeypatch.setenv("ASKDOCS_ASK_TOP_K", "2")
    assert (hits(), hits("-k", "1")) == (2, 1)


def test_table_of_a_command_comes_before_the_top(here, run):
    """A table overrides the top level for its command, wherever it is."""
    (here / "askdocs.toml").write_text("ask.top_k = 3\ntop-k = 4\n")

    assert in_force(run, "ask", "top-k") == [3, "file", "askdocs.toml:1"]
    assert in_force(run, "eval", "top-k") == [4, "file", "askdocs.toml:2"]


def test_value_that_one_command_takes_leaves_the_others_alone(here, run):
    """A format that only `ask` has counts for `ask`, and `show` keeps its own."""
    (here / "askdocs.toml").write_text('format = "jsonl"\n')

    assert in_force(run, "ask", "format") == ["jsonl", "file", "askdocs.toml:1"]
    assert in_force(run, "show", "format") == ["text", "default", None]


def test_paths_are_relative_to_the_file(project, run, monkeypatch):
    """From a folder below, paths are those beside the configuration file."""
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


def test_index_that_was_searched_is_shown(project, run, monkeypatch):
    """If no index is named, the value is the one that was found."""
    assert in_force(run, "ask", "index") == ["vectors", "search", None]

    monkeypatch.chdir(project / "seeds")

    assert in_force(run, "ask", "index") == [str(project / "vectors"), "search", None]


def test_file_that_is_named_is_read_instead(here, run, monkeypatch):
    """--config and its variable replace the search; /dev/null means no file."""
    (here / "askdocs.toml").write_text("top-k = 3\n")
    (here / "other.toml").write_text("top-k = 4\n")

    assert in_force(run, "ask", "top-k", "--config", "other.toml")[0] == 4
    assert in_force(run, "ask", "top-k", "--config", "/dev/null")[0] == 5
    monkeypatch.setenv("ASKDOCS_CONFIG", "other.toml")
    assert in_force(run, "ask", "top-k")[0] == 4


def test_local_model_is_taken(here, run, tiny_model):
    """A folder may be named in a file, relative to the file."""
    (here / "models").mkdir()
    (here / "models" / "tiny").symlink_to(tiny_model)
    (here / "docs").mkdir()
    (here / "docs" / "a.txt").write_text("Rain fell.")
    (here / "askdocs.toml").write_text('model = "models/tiny"\n')

    ran = run("index", "docs")

    assert (ran.status, ran.err) == (0, "")
    (manifest,) = here.glob("vectors/generations/*/manifest.json")
    assert json.loads(manifest.read_text())["model"]["name"].removeprefix("./") == "models/tiny"


def test_packaged_model_is_taken(here, run):
    """Its name means the package, even beside a folder of that name."""
    (here / "all-MiniLM-L6-v2").mkdir()
    (here / "askdocs.toml").write_text('model = "all-MiniLM-L6-v2"\n')

    assert in_force(run, "index", "model")[0] == "all-MiniLM-L6-v2"


KEYS = "askdocs COMMAND --help lists the options; a key is one without its dashes"
FLAG = "cannot be set in a file: only a flag or the environment allows it"


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("topk = 3", 1, "there is no option topk", "did you mean top-k?"),
        ("[asc]\ntop-k = 3", 1, "there is no option asc", "did you mean ask?"),
        ("\n[ask]\ntop-kk = 3", 3, "ask has no option top-kk", "did you mean top-k?"),
        ("[ask]\nfail-under = []", 2, "ask has no option fail-under", KEYS),
        ("help = true", 1, "there is no option help", None),
        ("config = 3", 1, "config must be a table of options", "[config]"),
        ("top-k = 1\ntop_k = 1", 2, "top-k is given twice", "keep one of them"),
        ('[ask]\ntop_k = "x"', 2, "ask.top_k: must be a whole number", "askdocs ask --help"),
        ("top-k = true", 1, "top-k: must be a whole number", "askdocs ask --help"),
        ('top-k = "3"', 1, "top-k: must be a whole number", "askdocs ask --help"),
        ("top-k = 0", 1, "top-k: 0 is not in the range x>=1", "askdocs ask --help"),
        ("top-k = [1]", 1, "top-k: must be a whole number", "askdocs ask --help"),
        ("index = 3", 1, "index: must be a text in quotes", None),
        (f"top-k = 0x{'f' * 5000}", 1, "top-k: it has too many digits", "askdocs ask --help"),
        ("min-score = 2", 1, "min-score: 2.0 is not in the range 0<=x<=1", "askdocs ask --help"),
        ('quiet = "yes"', 1, "quiet: must be true or false", None),
        ("min-score = nan", 1, "min-score: must be a number", "askdocs ask --help"),
        ("exclude = [1]", 1, "exclude: must be a list, each a text in quotes", None),
        ('mode = ""', 1, "mode: it is empty", "askdocs ask --help"),
        ('questions = "a\\u0000"', 1, "questions: it holds a NUL", "askdocs ask --help"),
        ('fail-under = "a=1"', 1, "fail-under: must be a list, each a text in quotes", "askdocs eval --help"),
        ("online = true", 1, f"online {FLAG}", "askdocs ask --online"),
        ("[ask]\nonline = false", 2, f"online {FLAG}", "askdocs ask --online"),
        ("[eval]\nrun-out = 'x'", 2, f"run-out {FLAG}", "askdocs eval --run-out"),
        (
            '[index]\nmodel = "x"', 1,
            "index is the index directory; options of the command index go at the top level",
            'index = "vectors"',
        ),
        (
            'model = "owner/name"', 1,
            "model: there is no folder ./owner/name, and a file may name no other model",
            "--model owner/name as a flag names any model",
        ),
        (
            '[ask]\nrerank = "all-MiniLM-L6-v2"', 2,
            "rerank: there is no folder ./all-MiniLM-L6-v2, and a file may name no other model",
            "--rerank all-MiniLM-L6-v2 as a flag names any model",
        ),
    ],
)  # fmt: skip
def test_wrong_key_or_value_is_refused_with_its_line(here, run, *, text, line, message, hint):
    """A mistake ends in status 2, and names the file, the line, the key and what to do."""
    (here / "askdocs.toml").write_text(text)

    ran = run("config")

    said, hinted = ran.err.splitlines()
    assert (ran.status, ran.out) == (2, "")
    assert said.startswith(f"askdocs: askdocs.toml:{line}: {message}")
    assert hint is None or hinted == f"hint: {hint}"


@pytest.mark.parametrize("command", ["ask", "check", "index", "show"])
def test_wrong_file_stops_every_command_but_not_its_help(here, run, command):
    """Nothing is done with settings that are wrong, and help still works."""
    (here / "askdocs.toml").write_text("topk = 3\n")

    ran, helped, plain = run(command, "x"), run(command, "--help"), run("--help")

    assert (ran.status, ran.out, ran.err.splitlines()[0]) == (
        2, "", "askdocs: askdocs.toml:1: there is no option topk",
    )  # fmt: skip
    assert (helped.status, helped.err, plain.status) == (0, "", 0)


def test_help_shows_the_defaults_of_the_program(here, run):
    """A file does not change a help page."""
    before = run("ask", "--help")

    (here / "askdocs.toml").write_text("top-k = 77\n")

    assert run("ask", "--help") == before


def test_wrong_variable_is_named(here, run, monkeypatch):
    """An error about a value from the environment names the variable."""
    monkeypatch.setenv("ASKDOCS_EVAL_TOP_K", "x")

    shown, evaluated = run("config"), run("eval", "questions.jsonl")

    message = "askdocs: ASKDOCS_EVAL_TOP_K: 'x' is not a whole number"
    assert (shown.status, shown.err.splitlines()[0]) == (2, message)
    assert (evaluated.status, evaluated.err.splitlines()[0]) == (2, message)


def test_settings_are_one_line_each(here, run, monkeypatch):
    """A key on which commands agree has one line, another one for each command."""
    monkeypatch.setenv("ASKDOCS_CACHE", "/cache")
    monkeypatch.setenv("ASKDOCS_EVAL_TOP_K", "20")
    monkeypatch.setenv("ASKDOCS_ASK_QUESTIONS", "a\x1b[31mb")
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
    assert shown["ask.questions"] == ["a\ufffd[31mb", "ASKDOCS_ASK_QUESTIONS"]
    assert "top-k" not in shown


SETTINGS = [
    SettingInForce(command="ask", key="index", value="資料", source="search"),
    SettingInForce(command="eval", key="index", value="資料", source="search"),
    SettingInForce(command="ask", key="top-k", value=3, source="file", origin="askdocs.toml:2"),
    SettingInForce(command="eval", key="top-k", value=10, source="default"),
    SettingInForce(command="ask", key="rerank", value=None, source="default"),
    SettingInForce(
        command="eval", key="run-out", value="x" * 40, source="environment", origin="NAME"
    ),
]


def test_origins_are_in_a_column():
    """Wide characters count twice, and one long value moves no other row."""
    shown = render_settings(SETTINGS, top=[("cache", "/c", "default")], style=Style())

    assert shown == (
        "cache       /c    default\n"
        "index       資料  found\n"
        "ask.top-k   3     askdocs.toml:2\n"
        "eval.top-k  10    default\n"
        "rerank      -     default\n"
        f"run-out     {'x' * 40}  NAME\n"
    )


def test_json_has_every_option_of_every_command():
    """Programs get all settings and the cache with their sources, and no control characters."""
    shown = render_settings_json(SETTINGS[2:3], configuration="資料/\x9b.toml", cache=("/c", "V"))

    assert '"configuration": "資料/\\u009b.toml"' in shown
    assert json.loads(shown) == {
        "schema": 2,
        "configuration": "資料/\x9b.toml",
        "cache": {"value": "/c", "source": "environment", "origin": "V"},
        "settings": [
            {
                "command": "ask", "key": "top-k", "value": 3, "source": "file",
                "origin": "askdocs.toml:2",
            }
        ],
    }  # fmt: skip
