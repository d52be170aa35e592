"""What the tests of the pages share."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))]


def run(
    command: str | list[str], folder: Path, *, merged: bool = False, **variables: object
) -> subprocess.CompletedProcess[str]:
    """Run a script of bash, or a program, in a folder, with askdocs on the path.

    Of the environment it has only the path and the given variables; `merged` puts what it writes
    to the standard error into its output.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "COLUMNS": "80", **variables}
    return subprocess.run(
        ["bash", "-c", command] if isinstance(command, str) else command,
        cwd=folder,
        env={name: str(value) for name, value in environment.items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
