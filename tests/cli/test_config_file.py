"""A configuration file is found and read, and its values reach the options of any command."""

import json
import os
from pathlib import Path

import click
import pytest

from askdocs.cli import main
from askdocs.cli.config import (
    Configuration,
    defaults_of,
    find_configuration,
    named_configuration,
    read_configuration,
    read_settings,
)
from askdocs.errors import UsageError
from tests.raising import raises

TABLE = '[tool.askdocs]\nmode = "dense"\n'
HINT = "--config FILE names another configuration file"


def write(path, text):
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def refusal(content):
    """Read an askdocs.toml that is wrong."""
    content = content.encode() if isinstance(content, str) else content
    with pytest.raises(UsageError) as caught:
        read_configuration(Path("askdocs.toml"), content)
    return caught.value


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"askdocs.toml": 'mode = "dense"'}, "askdocs.toml"),
        ({"pyproject.toml": TABLE}, "pyproject.toml"),
        ({"pyproject.toml": TABLE, "askdocs.toml": "quiet = true"}, "askdocs.toml"),
        ({"pyproject.toml": '[project]\nname = "askdocs"'}, None),
        ({"pyproject.toml": '[tool.other]\nroots = ["askdocs"]'}, None),
        ({"pyproject.toml": "not TOML at all"}, None),
        ({"a/pyproject.toml": "[tool]\nx = 1", "askdocs.toml": "quiet = true"}, "askdocs.toml"),
        ({"askdocs.toml": "quiet = true", "a/b/pyproject.toml": TABLE}, "a/b/pyproject.toml"),
        ({"askdocs.toml": "quiet = true", "a/askdocs.toml": "quiet = true"}, "a/askdocs.toml"),
        ({"a/b/c/askdocs.toml": "quiet = true"}, None),
        ({"pyproject.toml/x": "a folder", "askdocs.toml": "quiet = true"}, "askdocs.toml"),
        ({"a/pyproject.toml/x": "a folder", "pyproject.toml": TABLE}, "pyproject.toml"),
    ],
)
def test_nearest_file_counts(tmp_path, files, expected):
    """The nearest file with settings is read, and in one folder askdocs.toml."""
    for name, text in files.items():
        write(tmp_path / name, text)
    (tmp_path / "a" / "b").mkdir(parents=True, exist_ok=True)

    nearest = find_configuration(tmp_path / "a" / "b")

    assert (nearest and nearest.path) == (tmp_path / expected if expected else None)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("folder", "is a directory"),
        ("fifo", "not a regular file"),
        ("broken link", "no such file or directory"),
        ("link to a fifo", "not a regular file"),
        ("link to itself", "too many levels of symbolic links"),
    ],
)
def test_only_askdocs_toml_must_be_a_file(tmp_path, kind, reason):
    """A pyproject.toml that is not a file is passed over; neither name is waited for."""
    for name in ("askdocs.toml", "pyproject.toml"):
        path = tmp_path / name.removesuffix(".toml") / name
        path.parent.mkdir()
        if kind == "folder":
            path.mkdir()
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            path.symlink_to(name if kind == "link to itself" else "target")
        if kind == "link to a fifo":
            os.mkfifo(path.with_name("target"))

    with raises(UsageError, f"{tmp_path}/askdocs/askdocs.toml: {reason}", HINT):
        find_configuration(tmp_path / "askdocs")
    assert find_configuration(tmp_path / "pyproject") is None


@pytest.mark.parametrize(("text", "is_ours"), [("[project]\n", False), (TABLE, True)])
def test_large_pyproject_is_refused_if_it_mentions_askdocs(tmp_path, text, is_ours):
    """A pyproject.toml above the limit matters only if it may have our table."""
    write(tmp_path / "pyproject.toml", text + "# filling\n" * 120_000)

    if is_ours:
        with pytest.raises(UsageError, match=r"pyproject\.toml: larger than 1 MiB$"):
            find_configuration(tmp_path)
    else:
        assert find_configuration(tmp_path) is None


def test_endless_file_is_not_read(tmp_path):
    """Of a file without an end, no more than the limit is read."""
    with pytest.raises(UsageError, match=r"^/dev/zero: larger than 1 MiB$"):
        named_configuration(Path("/dev/zero"))


def test_named_pipe_is_read():
    """A named file may be a pipe, such as the shell's `<(command)`."""
    reading, writing = os.pipe()
    os.write(writing, b"quiet = true")
    os.close(writing)

    configuration = named_configuration(Path(f"/dev/fd/{reading}"))

    os.close(reading)
    assert configuration.settings == {"quiet": True}


def test_missing_file_is_refused(tmp_path):
    """A file that was named must be there."""
    with pytest.raises(UsageError, match=r"absent\.toml: no such file or directory$"):
        named_configuration(tmp_path / "absent.toml")


def test_empty_file_is_no_configuration():
    """/dev/null stands for no file."""
    assert named_configuration(Path("/dev/null")) is None


def test_current_folder_that_is_gone_has_none(tmp_path, monkeypatch):
    """Without a current folder, nothing is found and nothing fails."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert find_configuration(Path()) is None


@pytest.mark.parametrize(
    "text",
    [
        "[tool.askdocs]\nmode = 'dense'",
        '[ tool . "askdocs" ]\nmode = "dense"',
        "tool.askdocs.mode = 'dense'",
        "[tool]\naskdocs = {mode = 'dense'}",
        "[tool]\naskdocs.mode = 'dense'",
        "tool = {askdocs = {mode = 'dense'}}",
        "\ufeff[tool.askdocs]\r\nmode = 'dense'\r\n",
    ],
)
def test_table_is_found_however_it_is_written(text):
    """Every way in which TOML writes the table is understood."""
    configuration = read_configuration(Path("pyproject.toml"), text.encode())

    assert configuration.settings == {"mode": "dense"}


def test_table_must_be_a_table():
    """A `tool.askdocs` that is a value is an error."""
    with pytest.raises(UsageError, match=r"^pyproject\.toml: askdocs is not a table$"):
        read_configuration(Path("pyproject.toml"), b"[tool]\naskdocs = 3\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("mode = \n", ": not TOML: invalid value (at line 1, column 8)"),
        ("a = 1\na = 2\n", ": not TOML: cannot overwrite a value (at line 2, column 6)"),
        (b"a = 1\n\nb = '\xe9'\n", ": not UTF-8"),
        (f"a = {'9' * 4301}", ": not TOML: exceeds the limit (4300 digits) for integer"),
        (f"a = {'[' * 100_000}", ": not TOML: "),
        (f"a = 1\n{'.'.join('a' * 30_000)} = 1", ":2: a key has more than 500 parts"),
        (f"x = {{ {'.'.join('a' * 30_000)} = 1 }}", ":1: a key has more than 500 parts"),
    ],
)
def test_broken_file_is_refused(content, message):
    """What is not TOML in UTF-8, or takes tomllib minutes, is an error in one line."""
    error = refusal(content)

    assert str(error).startswith(f"askdocs.toml{message}")
    assert "\n" not in str(error)


def test_dots_in_texts_and_comments_are_free():
    """A long list of patterns on one line is not a long key."""
    patterns = [f"d{number}/*.md" for number in range(600)]
    text = f"exclude = {json.dumps(patterns)}  # {'.' * 600}\n"

    assert read_configuration(Path("askdocs.toml"), text.encode()).settings["exclude"] == patterns


@pytest.mark.parametrize("line", [f"{'.'.join('a' * 500)} = 1\n", '\\"""\n', "'''\n", '"\\\n'])
def test_no_file_within_the_limits_takes_long(line):
    """Long keys, and quotes that nothing closes, are read in seconds."""
    refusal(line * (900_000 // len(line)))


LINES = """# mode = 1
[tool.askdocs]
mode = "dense"
  "top-k" = 3
exclude = [
  "index = 4",
]
ask.min-score = 0.5
[tool.askdocs.eval]
mode = "lexical"
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("mode",), 3), (("top-k",), 4), (("exclude",), 5), (("ask", "min-score"), 8),
        (("eval",), 9), (("eval", "mode"), 10), (("absent",), 2),
    ],
)  # fmt: skip
def test_key_has_its_line(keys, line):
    """The line is that of the key in its own table, else that of the table."""
    path, table = Path("pyproject.toml"), ("tool", "askdocs")
    file = Configuration(path=path, settings={}, text=LINES, table=table)

    assert file.origin(*keys) == f"pyproject.toml:{line}"


def test_path_is_known_by_its_type():
    """A path is relative to the file, however the help of its option shows it."""
    path = click.Option(["--place", "where"], type=click.Path(), metavar="ANYWHERE")
    text = click.Option(["--name"], metavar="FILE")
    command = click.Command("go", params=[path, text])
    file = read_configuration(Path("/here/askdocs.toml"), b'place = "a"\n[go]\nname = "b"\n')

    defaults = defaults_of(command, "go", read_settings(file, {"go": command}))

    assert defaults == {"where": "/here/a", "name": "b"}


def test_error_is_that_of_the_command_with_most_choices():
    """If no command takes a value, ask says what could be meant: it has the most formats."""
    file = read_configuration(Path("askdocs.toml"), b'format = "nothing"\n')

    with pytest.raises(UsageError, match="is not one of 'text', 'json', 'jsonl'") as caught:
        read_settings(file, main.cli.load_all())

    assert caught.value.hint == "askdocs ask --help"
