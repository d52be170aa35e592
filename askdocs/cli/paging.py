"""Show long output in a pager."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs.cli.output import write

if TYPE_CHECKING:
    from collections.abc import Iterable


def page(pieces: Iterable[str]) -> None:
    """Show text in $PAGER, or in less; as it is where neither is there or nobody looks."""
    text = "".join(pieces)
    command = pager_command()
    if not (text and command and sys.stdout.isatty()):
        write(text)
        return
    # The arguments are the user's own, as for every program that has a pager.
    with subprocess.Popen(command, stdin=subprocess.PIPE) as pager:  # noqa: S603
        with suppress(BrokenPipeError, KeyboardInterrupt):
            pager.communicate(text.encode("utf-8", "backslashreplace"))
        _wait(pager)


def pager_command() -> list[str]:
    """The pager and its arguments; none where there is no such program.

    `less` is told to obey colours and hyperlinks: without -R it shows them as signs.
    """
    with suppress(ValueError):
        name, *arguments = shlex.split(os.environ.get("PAGER", "")) or ["less"]
        found = shutil.which(name)
        if found:
            raw = ["-R"] if Path(found).name == "less" else []
            return [found, *raw, *arguments]
    return []


def _wait(pager: subprocess.Popen[bytes]) -> None:
    """Wait for the pager to end: it takes Ctrl-C for itself, and would be left without a parent."""
    while pager.returncode is None:
        with suppress(KeyboardInterrupt):
            pager.wait()
