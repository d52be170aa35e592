"""Run askdocs, in this process or in one of its own."""

import io
import os
import shutil
import subprocess
import sys
from typing import NamedTuple

import pytest

from askdocs.cli.process import main
from tests.limits import run_limited


class Ran(NamedTuple):
    """Exit status and output of a run."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(cache, tmp_path, capsys, monkeypatch):
    """Run askdocs in this process: `run("ask", "why?", stdin=b"")`."""
    for name in [name for name in os.environ if name.startswith("ASKDOCS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASKDOCS_CACHE", str(cache))
    monkeypatch.setenv("COLUMNS", "80")

    def run_here(*arguments, stdin=b""):
        (tmp_path / "stdin").write_bytes(stdin)
        capsys.readouterr()
        with (tmp_path / "stdin").open(encoding="utf-8") as file:
            monkeypatch.setattr("sys.stdin", file)
            status = main([str(argument) for argument in arguments])
        return Ran(status, *capsys.readouterr())

    return run_here


@pytest.fixture
def run_process(cache):
    """Run askdocs in a process of its own: `run_process("check", env={}, stdout=file)`.

    With `script`, /bin/sh runs it, and "$@" is the command.
    """

    def run_there(*arguments, env=None, script="", **options):
        start = ["/bin/sh", "-c", script, "sh"] if script else []
        streams = {"stdin": subprocess.DEVNULL, **options}
        fixed = {"ASKDOCS_CACHE": str(cache), "COLUMNS": "80", "PYTHONUNBUFFERED": ""}
        command = [*start, sys.executable, "-m", "askdocs", *arguments]
        return run_limited(command, env={**os.environ, **fixed, **(env or {})}, **streams)

    return run_there


@pytest.fixture
def project(seeds_project, tmp_path, monkeypatch):
    """The current folder: the seed articles in seeds/ and their index in vectors/."""
    folder = tmp_path / "project"
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, folder / name)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, in which there is an empty docs/."""
    folder = tmp_path / "folder"
    (folder / "docs").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def harbour(folder, run, tiny_model):
    """An index of one document with one passage of two paragraphs."""
    (folder / "docs" / "a.txt").write_text("Rain fell.\n\nThe harbour froze in March.\n")
    ran = run("index", "--model", tiny_model, "docs")
    assert ran.status == 0, ran.err
    return folder


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal, and keeps what it shows."""

    def __init__(self):
        """Begin with nothing shown."""
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def isatty(self):
        """Claim to be a terminal."""
        return True

    @property
    def shown(self):
        """All that was written."""
        return self.buffer.getvalue().decode()


@pytest.fixture
def terminal(monkeypatch):
    """A terminal that likes colours."""
    for name in ("NO_COLOR", "FORCE_COLOR", "PAGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()
