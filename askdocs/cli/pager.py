"""Show long output in a pager."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs.cli.output import hold_back, shown, write
from askdocs.cli.process import TerminatedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


# A pager that is told to end gives the terminal back in less.
_ENDING_SECONDS = 1.0


def page(pieces: Iterable[str]) -> None:
    """Show text in $PAGER, or in less, each piece as soon as it is known.

    It is shown as it is where there is no such program or nobody looks. A pager that is left ends
    the rest, and Ctrl-C what is still to come: the pager shows what there is. It ends with askdocs.
    """
    command = pager_command() if sys.stdout.isatty() else []
    filled = filter(None, pieces)
    first = next(filled, "")
    if not (first and command):
        for piece in chain([first], filled):
            write(piece)
        return
    # The arguments are the user's own, as for every program that has a pager.
    with hold_back(), subprocess.Popen(command, stdin=subprocess.PIPE) as pager:  # noqa: S603
        _show(pager, chain([first], filled))


def _show(pager: subprocess.Popen[bytes], pieces: Iterable[str]) -> None:
    """Feed a pager for as long as it is there, and wait for it; it does not outlive askdocs."""
    try:
        with suppress(BrokenPipeError), _without_ctrl_c():
            _feed(pager, pieces)
        _wait(pager)
    except TerminatedError:
        _end(pager)
        raise


def _feed(pager: subprocess.Popen[bytes], pieces: Iterable[str]) -> None:
    """Write to a pager; that there is no more, it learns in any case."""
    stdin = pager.stdin
    if stdin is None:
        raise ValueError("must have a pipe to the pager, got none")
    with stdin:
        for piece in pieces:
            stdin.write(shown(piece))
            stdin.flush()


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
        with _without_ctrl_c():
            pager.wait()


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """End the block at Ctrl-C, and go on behind it; what ends this process is none."""
    try:
        yield
    except TerminatedError:
        raise
    except KeyboardInterrupt:
        pass


def _end(pager: subprocess.Popen[bytes]) -> None:
    """End a pager, and do not wait for one that does not hear of it."""
    pager.terminate()
    try:
        pager.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        pager.kill()
