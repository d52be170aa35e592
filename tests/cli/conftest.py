"""Run askdocs, in this process or in one of its own."""

import io
import os
import shutil
import subprocess
import sys

import pytest

from tests.limits import run_limited


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
