"""The exit status and the hint say how a command ended."""

import os
import signal
from contextlib import suppress

import pytest

from askdocs.cli.main import cli


@pytest.fixture
def replace(monkeypatch):
    """Make `askdocs status` do something else."""

    def replace_status(action):
        monkeypatch.setattr(cli.load_all()["status"], "callback", lambda **_: action())

    return replace_status


def press_ctrl_c():
    """Press Ctrl-C and lose the exception, as a module in C does during its import."""
    with suppress(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("kind", [ImportError, SystemError])
def test_failed_import_is_an_interruption_only_after_ctrl_c(run, replace, kind):
    """After Ctrl-C the status is 130; without it, also in a later run, the error is a crash."""

    def fail():
        raise kind("initialization failed")

    replace(lambda: press_ctrl_c() or fail())
    ran = run("status")
    assert ran == (130, "", "askdocs: interrupted\n")

    replace(fail)
    with pytest.raises(kind, match="initialization failed"):
        run("status")


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.default_int_handler])
def test_handler_of_ctrl_c_is_left_as_it_was(run, replace, handler):
    """A process that ignores Ctrl-C goes on ignoring it; other handlers are restored."""
    before = signal.signal(signal.SIGINT, handler)
    during = []

    def look():
        during.append(signal.getsignal(signal.SIGINT) is handler)
        return 0

    replace(look)
    try:
        run("status")
        after = signal.getsignal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)

    assert (during, after) == ([handler is signal.SIG_IGN], handler)


@pytest.fixture
def damaged(folder):
    """Two folders with a damaged index."""
    for name in ("vectors", "my index"):
        (folder / name).mkdir()
        (folder / name / "HEAD").write_text("x")
    return folder


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["check"], "askdocs repair"),
        (["check", "--index", "my index"], "askdocs repair --index 'my index'"),
        (["ask", "why?", "--index", "vectors"], "askdocs repair --index vectors"),
        (["index", "--index", "absent", "x"], "askdocs index --index absent PATH"),
        (["check", "--index", "absent"], "askdocs index --index absent PATH"),
        (["index", "--index", "absent", "--dry-run", "--watch"], "askdocs index --help"),
    ],
)
def test_hint_is_of_the_index_that_was_named(damaged, run, arguments, hint):
    """Following the hint changes no other index."""
    ran = run(*arguments)

    assert ran.err.splitlines()[-1] == f"hint: {hint}"


def test_every_clause_of_a_hint_names_an_index(damaged, run):
    """An alternative with --index does not count for the first clause."""
    (damaged / "docs" / "a.txt").write_text("Rain fell.")
    run("index", "--index", "my index", "--rebuild", "docs")
    (damaged / "more").mkdir()

    ran = run("index", "--index", "my index", "more")

    assert ran.err.splitlines()[-1] == (
        "hint: askdocs index --index 'my index' --add PATH, --replace PATH, "
        "or --index ANOTHER_DIR PATH"
    )


def test_index_of_the_environment_is_not_repeated(damaged, run, monkeypatch):
    """The environment also applies to the next command; a flag is forgotten after its run."""
    run("check", "--index", "vectors")
    monkeypatch.setenv("ASKDOCS_INDEX", "my index")

    ran = run("check")

    assert ran.err.splitlines()[-1] == "hint: askdocs repair"
