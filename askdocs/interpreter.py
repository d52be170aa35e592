"""Start other Python processes that import askdocs from where this one does."""

import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""Where the package askdocs is imported from."""


def command_of(module: str, *arguments: str) -> Sequence[str]:
    """Return the command that runs a module.

    It does not import from the current directory, which may hold anything.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> dict[str, str]:
    """Return the environment of this process, with askdocs importable."""
    inherited = dict(os.environ)
    if Path(sysconfig.get_path("purelib")).resolve() != ROOT:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        inherited["PYTHONPATH"] = os.pathsep.join(paths)
    return inherited
