"""A configuration file is found, read, and every key of it has its line."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.cli.config_file import Configuration, find_configuration, named_configuration
from askdocs.errors import UsageError

TABLE = '[tool.askdocs]\nmode = "dense"\n'


def write(path: Path, text: str) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


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
def test_nearest_file_holds(tmp_path: Path, files: dict[str, str], expected: str | None) -> None:
    """The nearest file that has something to say is read, and in one folder askdocs.toml."""
    for name, text in files.items():
        write(tmp_path / name, text)
    (tmp_path / "a" / "b").mkdir(parents=True, exist_ok=True)

    found = find_configuration(tmp_path / "a" / "b")

    assert (found and found.path) == (tmp_path / expected if expected else None)


@pytest.mark.parametrize("kind", ["folder", "fifo", "broken link", "link to a fifo"])
def test_what_is_no_file_is_named(tmp_path: Path, kind: str) -> None:
    """An askdocs.toml that is no file is an error that says so, and is not waited for."""
    found = tmp_path / "askdocs.toml"
    if kind == "folder":
        found.mkdir()
    elif kind == "fifo":
        os.mkfifo(found)
    else:
        found.symlink_to("target")
    if kind == "link to a fifo":
        os.mkfifo(tmp_path / "target")
    reasons = {"folder": "is a directory", "broken link": "no such file or directory"}
    reason = reasons.get(kind, "not a regular file")

    with pytest.raises(UsageError) as error:
        find_configuration(tmp_path)

    assert str(error.value) == f"{found}: {reason}"
    assert error.value.hint == "--config FILE names another configuration file"


def test_a_fifo_that_is_no_ones_configuration_is_passed_over(tmp_path: Path) -> None:
    """A pyproject.toml that is no file may be anything; it is not waited for either."""
    os.mkfifo(tmp_path / "pyproject.toml")

    assert find_configuration(tmp_path) is None


@pytest.mark.parametrize("target", ["absent", "pyproject.toml"])
def test_a_link_to_nothing_is_no_ones_configuration(tmp_path: Path, target: str) -> None:
    """A pyproject.toml that leads nowhere, or to itself, ends no command below it."""
    (tmp_path / "pyproject.toml").symlink_to(target)

    assert find_configuration(tmp_path) is None


@pytest.mark.parametrize(("text", "is_ours"), [("[project]\n", False), (TABLE, True)])
def test_a_large_file_is_refused_where_it_speaks_of_askdocs(
    tmp_path: Path, text: str, is_ours: bool
) -> None:
    """A pyproject.toml above the limit is the matter of others, unless it has our table."""
    write(tmp_path / "pyproject.toml", text + "# filling\n" * 120_000)
    write(tmp_path / "askdocs.toml", "")

    if is_ours:
        with pytest.raises(UsageError, match=r"pyproject\.toml: larger than 1 MiB$"):
            find_configuration(tmp_path)
    else:
        assert find_configuration(tmp_path) is None


def test_a_pipe_that_is_named_is_read(tmp_path: Path) -> None:
    """A named file may be a pipe, as that of `--config <(command)`."""
    reading, writing = os.pipe()
    os.write(writing, b"quiet = true")
    os.close(writing)

    found = named_configuration(Path(f"/dev/fd/{reading}"))

    os.close(reading)
    assert found is not None
    assert found.settings == {"quiet": True}


@pytest.mark.parametrize("is_named", [True, False])
def test_an_endless_file_is_not_read(tmp_path: Path, is_named: bool) -> None:
    """A file larger than any configuration is refused; of one without an end, no more is read."""
    found = tmp_path / "askdocs.toml"
    with found.open("wb") as file:
        file.truncate(2**20 + 1)

    with pytest.raises(UsageError, match=r"larger than 1 MiB$"):
        named_configuration(Path("/dev/zero")) if is_named else find_configuration(tmp_path)


def test_a_number_of_too_many_digits_has_its_line(tmp_path: Path) -> None:
    """Python reads no whole number of more than 4,300 digits; a text or a key may have as many."""
    found = tmp_path / "askdocs.toml"
    digits = "9" * 4301
    passed = f"# {digits}\n{digits} = 1.{digits}\nmode = \"{digits}\"\nmodel = '''\n{digits}'''\n"
    found.write_text(f"{passed}top-k = -1_{digits}\n")

    with pytest.raises(UsageError) as error:
        find_configuration(tmp_path)

    assert str(error.value) == f"{found}:6: a number has too many digits"
    assert error.value.hint == f"correct line 6 of {found}"


@pytest.mark.parametrize(
    "text",
    [
        f"{'.'.join('a' * 101)} = 1",
        f"[{' . '.join('a' * 101)}]",
        f"[[{'.'.join('a' * 101)}]]",
        "{} = 1".format(".".join(["'a'", '"."'] * 51)),
        f"x = {{ {'.'.join('a' * 101)} = 1 }}",
    ],
)
def test_a_key_of_too_many_parts_has_its_line(tmp_path: Path, text: str) -> None:
    """To read one of some ten thousand takes minutes; a text or a comment may have as many."""
    found = tmp_path / "askdocs.toml"
    long = ".".join("a" * 101)
    passed = f"# {long}\nmode = \"{long}\"\nmodel = '''\n{long} = 1'''\n{long[2:]} = 1\n"
    found.write_text(f"{passed}{text}\n")

    with pytest.raises(UsageError) as error:
        find_configuration(tmp_path)

    assert str(error.value) == f"{found}:6: a key has more than 100 parts"
    assert error.value.hint == f"correct line 6 of {found}"


@pytest.mark.parametrize("line", ['\\"""', '\\"', "'''", "'", '"', '"\\'])
def test_quotes_that_nothing_closes_are_looked_at_once(tmp_path: Path, line: str) -> None:
    """A file of them would else take minutes: each would look for its end in the whole of it."""
    found = tmp_path / "askdocs.toml"
    found.write_text(f"{line}\n" * (900_000 // (len(line) + 1)))

    with pytest.raises(UsageError, match="not TOML"):
        find_configuration(tmp_path)


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
def test_table_is_found_however_it_is_written(tmp_path: Path, text: str) -> None:
    """Every way in which TOML writes the table is understood."""
    write(tmp_path / "pyproject.toml", text)

    found = find_configuration(tmp_path)

    assert found is not None
    assert found.settings == {"mode": "dense"}


def test_file_of_the_current_folder_is_named_briefly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages name ./askdocs.toml as one would type it."""
    write(tmp_path / "askdocs.toml", "quiet = true")
    monkeypatch.chdir(tmp_path)

    found = find_configuration(Path())

    assert found is not None
    assert found.place("quiet") == "askdocs.toml:1"


def test_current_folder_that_is_gone_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no current folder, nothing is found and nothing fails."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert find_configuration(Path()) is None


def test_empty_file_is_no_configuration() -> None:
    """/dev/null stands for none."""
    assert named_configuration(Path("/dev/null")) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"mode = \n", ":1: not TOML: invalid value"),
        (b"a = 1\na = 2\n", ":2: not TOML: cannot overwrite a value"),
        (b'x = 1\ny = """\n', ":2: not TOML: unterminated string"),
        (b"a = 1\n\nb = '\xe9'\n", ":3: not UTF-8"),
    ],
)
def test_broken_file_is_refused_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    """What is not TOML in UTF-8 is an error that names the line."""
    path = tmp_path / "askdocs.toml"
    path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        find_configuration(tmp_path)

    assert str(caught.value) == f"{path}{message}"


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that was named must be there."""
    with pytest.raises(UsageError, match="no such file or directory"):
        named_configuration(tmp_path / "absent.toml")


def test_table_must_be_a_table(tmp_path: Path) -> None:
    """`tool.askdocs` that is a value is an error."""
    write(tmp_path / "pyproject.toml", "[tool]\naskdocs = 3\n")

    with pytest.raises(UsageError, match="askdocs is not a table"):
        find_configuration(tmp_path)


LINES = '''# mode = 1
[other.askdocs]
top-k = 1
[tool.askdocs]
mode = "dense"   # [tool.askdocs.eval]
note = """
top-k = 2
[tool.askdocs.ask]
"""
"top-k" = 3
exclude = [
  "index = 4",
]
ask.min-score = 0.5
check = {deep = true}
[tool.askdocs . 'eval']
mode = "lexical"
[[tool.askdocs.show]]
quiet = true
'''


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ((), 4),
        (("mode",), 5),
        (("top-k",), 10),
        (("exclude",), 11),
        (("ask", "min-score"), 14),
        (("check", "deep"), 15),
        (("eval",), 16),
        (("eval", "mode"), 17),
        (("show", "quiet"), 19),
        (("absent",), 4),
    ],
)
def test_key_has_its_line(keys: tuple[str, ...], line: int) -> None:
    """The line is that of the key in its own table, else that of what is around it."""
    file = Configuration(
        path=Path("pyproject.toml"), settings={}, text=LINES, table=("tool", "askdocs")
    )

    assert file.line(*keys) == line


@pytest.mark.parametrize("long", ['"""', "'''"])
@pytest.mark.parametrize(
    "before",
    [
        "x = 1  # {long}",
        "x = 1  # it's \" {long}",
        "x = 'a\\'  # {long}",
        'x = "\\""  # {long}',
        "x = '#'  # {long}",
        'x = "{long}"  # {long}',
        'x = "" # {long}',
        "x = {long}a{long} # {long}",
        "x = {long}a{long} # a {long} b {long} c {long}",
        "x = {long}# a\nmode = 1\n[ask]\n{long} # {long}",
        'x = """a\\"""" # {long}',
        'x = """""a""""" # {long}',
        "x = '''''a''''' # {long}",
        "x = ['# \"',  # {long}\n  1]",
    ],
)
def test_quotes_that_open_no_text_hide_no_key(before: str, long: str) -> None:
    """Quotes in comments, in strings and at the ends of texts leave the lines behind them found."""
    before = before.replace('"{long}"', "\"'''\"").replace("{long}", long)
    text = f"{before}\nmode = 1\n"
    assert tomllib.loads(text)["mode"] == 1

    file = Configuration(path=Path("askdocs.toml"), settings={}, text=text, table=())

    assert file.line("mode") == text.count("\n")


NAMES = st.sampled_from(["mode", "top-k", "a_b", "x"])
VALUES = st.sampled_from(["1", '"mode = 2"', '"""\nmode = 3\n"""', "[\n1,\n2]", "'''\n[ask]\n'''"])


@given(
    top=st.dictionaries(NAMES, VALUES, max_size=3),
    tables=st.dictionaries(
        st.sampled_from(["ask", "eval"]), st.dictionaries(NAMES, VALUES, max_size=3)
    ),
)
def test_lines_are_where_the_keys_were_written(
    top: dict[str, str], tables: dict[str, dict[str, str]]
) -> None:
    """Whatever values of several lines stand between, each key is found where it was put."""
    text, expected = "", {}
    for table, entries in {"": top, **tables}.items():
        text += f"[{table}]\n" if table else ""
        for key, value in entries.items():
            expected[(table, key) if table else (key,)] = text.count("\n") + 1
            text += f"{key} = {value}\n"
    assert set(tomllib.loads(text)) == {*top, *tables}

    file = Configuration(path=Path("askdocs.toml"), settings={}, text=text, table=())

    assert {keys: file.line(*keys) for keys in expected} == expected
