"""Help is complete: every option is explained, and every command has an example."""

import click
import pytest

import askdocs
from askdocs.cli.main import cli

COMMANDS = sorted(cli.load_all())


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_command(run, flag):
    """The first page has a usage line, an example, all commands and the exit statuses."""
    ran = run(flag)

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("Usage: askdocs [OPTIONS] COMMAND [ARGS]...\n")
    assert '  askdocs ask "Who may sign a contract?"\n' in ran.out
    assert {"ask", "check", "index", "show", "status"} <= set(COMMANDS)
    assert all(f"\n  {name} " in ran.out for name in COMMANDS)
    assert "Exit status: 0 answered" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_commands_keep_their_order(monkeypatch):
    """Whichever command was typed, and so imported first, `config` lists them in one order."""
    monkeypatch.setattr(cli, "commands", dict(reversed(cli.load_all().items())))

    assert list(cli.load_all()) == cli.list_commands(click.Context(cli))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_is_complete(run, name):
    """It fits 80 columns, lists every option with a text, and has an example."""
    ran = run(name, "--help")

    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith(f"    askdocs {name}") for line in lines)
    listed = {
        word.rstrip(",")
        for line in lines
        if line.startswith("  -")
        for word in line.strip().split("  ")[0].split()
    }
    params = cli.load_all()[name].params
    options = [param for param in params if isinstance(param, click.Option)]
    assert all(option.help for option in options)
    assert {flag for option in options for flag in option.opts} <= listed


@pytest.mark.parametrize("name", sorted({*COMMANDS} - {"completion"}))
def test_every_command_has_the_common_options(name):
    """--config and --color are in every command, --index and -q in those that use an index."""
    options = {option for parameter in cli.load_all()[name].params for option in parameter.opts}

    common = {"--config", "--color"}
    assert (common if name == "config" else common | {"--index", "-q", "--quiet"}) <= options


def test_version_is_the_packages(run):
    """--version prints the name and the version."""
    ran = run("--version")

    assert ran == (0, f"askdocs {askdocs.__version__}\n", "")


def test_no_command_is_answered_with_the_help(run):
    """Without arguments the help goes to standard error, with the status of a usage error."""
    ran = run()

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("Usage: askdocs [OPTIONS] COMMAND [ARGS]...\n")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["frobnicate"], "no such command 'frobnicate'", "askdocs --help"),
        (["asq"], "no such command 'asq'. Did you mean 'ask'?", "askdocs --help"),
        (["--frobnicate"], "no such option '--frobnicate'", "askdocs --help"),
        (["show"], "missing argument 'CITATION'", "askdocs show --help"),
        (["check", "--index", ""], "invalid value for '--index': it is empty", "askdocs check --help"),
        (["ask", "why?", "--path", ""], "invalid value for '--path': it is empty", "askdocs ask --help"),
        (["check", "more"], "got unexpected extra argument more", "askdocs check --help"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_and_a_hint(run, arguments, message, hint):
    """Usage errors end in status 2 and point to the help."""
    ran = run(*arguments)

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.splitlines()[0].replace("(", "").replace(")", "") == f"askdocs: {message}"
    assert ran.err.splitlines()[1] == f"hint: {hint}"
