"""Run askdocs, in this process or in one of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from askdocs.cli.process import main


@dataclass(frozen=True, slots=True)
class Ran:
    """Exit status and output of a run."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Ran]:
    """Run askdocs in this process: `run("ask", "why?", stdin=b"")`."""
    for name in [name for name in os.environ if name.startswith("ASKDOCS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASKDOCS_CACHE", str(cache))
    monkeypatch.setenv("COLUMNS", "80")

    def run_here(*arguments: object, stdin: bytes = b"") -> Ran:
        (tmp_path / "stdin").write_bytes(stdin)
        capsys.readouterr()
        with (tmp_path / "stdin").open(encoding="utf-8") as file:
            monkeypatch.setattr("sys.stdin", file)
            status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ran(status, out, err)

    return run_here


@pytest.fixture
def run_process(cache: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run askdocs in a process of its own: `run_process("check", env={}, stdout=file)`.

    With `script`, /bin/sh runs it, and "$@" is the command.
    """

    def run_there(
        *arguments: str | bytes,
        env: Mapping[str, str] | None = None,
        script: str = "",
        **options: object,
    ) -> subprocess.CompletedProcess[bytes]:
        start = ["/bin/sh", "-c", script, "sh"] if script else []
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **options}
        fixed = {"ASKDOCS_CACHE": str(cache), "COLUMNS": "80", "PYTHONUNBUFFERED": ""}
        environment = {**fixed, **(env or {})}
        return subprocess.run(
            [*start, sys.executable, "-m", "askdocs", *arguments],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
            **streams,
        )

    return run_there


@pytest.fixture
def project(seeds_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: the seed articles in seeds/ and their index in vectors/."""
    folder = tmp_path / "project"
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, folder / name)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in which there is an empty docs/."""
    folder = tmp_path / "folder"
    (folder / "docs").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder
