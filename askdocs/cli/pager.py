"""Show long output in a pager."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import IO, cast

from askdocs.cli.output import hold_back, shown, write
from askdocs.cli.process import TerminatedError

# A pager that is told to end needs less to give the terminal back.
_ENDING_SECONDS = 1.0


def page(pieces: Iterable[str]) -> None:
    """Show text in $PAGER, or in less, each piece as soon as it is known.

    Without such a program, or without a terminal, the text is printed. Leaving the pager ends the
    rest; Ctrl-C stops what is still to come, and the pager shows what there is. The pager ends with
    askdocs.
    """
    command = pager_command() if sys.stdout.isatty() else []
    filled = filter(None, pieces)
    first = next(filled, "")
    if not (first and command):
        for piece in chain([first], filled):
            write(piece)
        return
    # The user chose the program and its arguments.
    with hold_back(), subprocess.Popen(command, stdin=subprocess.PIPE) as pager:  # noqa: S603
        try:
            stdin = cast("IO[bytes]", pager.stdin)
            with suppress(BrokenPipeError), _without_ctrl_c(), stdin:
                for piece in chain([first], filled):
                    stdin.write(shown(piece))
                    stdin.flush()
            # The pager takes Ctrl-C for itself: ending now would leave it without a parent.
            while pager.returncode is None:
                with _without_ctrl_c():
                    pager.wait()
        except TerminatedError:
            pager.terminate()
            try:
                pager.wait(_ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                pager.kill()
            raise


def pager_command() -> list[str]:
    """Return the pager and its arguments; an empty list if there is no such program.

    `less` gets -R, so that it obeys colours and hyperlinks.
    """
    with suppress(ValueError):
        name, *arguments = shlex.split(os.environ.get("PAGER", "")) or ["less"]
        if path := shutil.which(name):
            raw = ["-R"] if Path(path).name == "less" else []
            return [path, *raw, *arguments]
    return []


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Suppress Ctrl-C inside the block; SIGTERM still propagates."""
    try:
        yield
    except TerminatedError:
        raise
    except KeyboardInterrupt:
        pass
