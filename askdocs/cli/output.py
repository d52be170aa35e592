"""Results to standard output, everything else to standard error."""

import os
import shutil
import sys
from collections.abc import Callable

import click

from askdocs.errors import RefusedError
from askdocs.render.text import Style
from askdocs.terminal import make_safe


class ClosedPipeError(Exception):
    """The reader of a pipe has gone, as `head` does; that is not an error of its own."""


def write(text: str) -> None:
    """Write a result to standard output at once.

    Raises:
        ClosedPipeError: Its reader has gone.
        RefusedError: It is closed, or its disk is full.
    """
    if sys.stdout is None:
        raise RefusedError("standard output is closed")
    try:
        # Not click.echo, which removes what it takes for escape sequences.
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        raise ClosedPipeError from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RefusedError(f"standard output: {reason}") from error


def notify(line: str) -> None:
    """Write a line about what is going on, or what is wrong, to standard error."""
    click.echo(f"askdocs: {make_safe(line)}", err=True)


def notifier(*, quiet: bool) -> Callable[[str], None]:
    """What tells the user what is going on: `notify`, or nothing at all."""
    return _ignore if quiet else notify


def hint(command: str) -> None:
    """Write what to type next to standard error; nothing where there is nothing to say."""
    if command:
        click.echo(f"hint: {make_safe(command)}", err=True)


def style() -> Style:
    """How to lay text out on standard output: colour only on a terminal that wants it."""
    color = (
        sys.stdout is not None
        and sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
    return Style(width=shutil.get_terminal_size().columns, color=color)


def _ignore(_line: str) -> None:
    """Show nothing."""
