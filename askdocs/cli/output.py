"""Results to standard output, everything else to standard error."""

import io
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import click

from askdocs.disk import access
from askdocs.errors import AskdocsError, IncompleteError, RefusedError
from askdocs.terminal import Style, keep_style, make_safe

_NAMED_INDEX: ContextVar[Path | None] = ContextVar("_NAMED_INDEX", default=None)
_HELD_LINES: ContextVar[list[str] | None] = ContextVar("_HELD_LINES", default=None)
# A command that reads or writes an index, at the start of a hint.
_INDEX_COMMAND = re.compile(
    r"askdocs (?:ask|check|diff|eval|index|repair|show|status)\b(?! --help)"
)


class ClosedPipeError(Exception):
    """The reader of a pipe has gone, as `head` does; no message is needed."""


class ClosedOutput(io.RawIOBase):
    """Replaces a standard output that was closed, so that writing to it is an error."""

    def writable(self) -> bool:
        """Return True: Python asks before it writes."""
        return True

    def write(self, _content: object) -> int:
        """Raise RefusedError."""
        raise RefusedError("standard output is closed")


def write(text: str) -> None:
    """Write a result to standard output at once.

    Raises:
        ClosedPipeError: Its reader has gone.
        RefusedError: It is closed, or its disk is full.
    """
    # Not click.echo: it removes some escape sequences, and leaves others.
    write_bytes(shown(text))


def shown(text: str) -> bytes:
    """Return a text as UTF-8, without anything that commands a terminal except our own style."""
    return keep_style(text, is_styled=style().color).encode("utf-8")


def write_bytes(content: bytes) -> None:
    """Write a result that may not be text, such as a file's name; for errors see `write`."""
    try:
        rest = memoryview(content)
        while rest:
            # With PYTHONUNBUFFERED there is no buffer, and a full disk takes only a part.
            rest = rest[sys.stdout.buffer.write(rest) :]
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        raise ClosedPipeError from error
    except OSError as error:
        raise RefusedError(f"standard output: {access.reason_of(error)}") from error


def notify(line: str) -> None:
    """Write a line about progress or an error to standard error."""
    say(f"askdocs: {line}")


def notifier(*, quiet: bool) -> Callable[[str], None]:
    """Return `notify`, or a function that does nothing if quiet."""
    return (lambda _line: None) if quiet else notify


def hint(command: str) -> None:
    """Write what to type next to standard error; nothing for an empty text."""
    if command:
        say(f"hint: {_with_index(command)}")


def remember_index(directory: Path | None) -> None:
    """Make hints name the index that the user named; otherwise they would mean another one."""
    _NAMED_INDEX.set(directory)


def _with_index(command: str) -> str:
    """Add the index that the user named to a hint; after a comma comes an alternative."""
    directory = _NAMED_INDEX.get()
    match = _INDEX_COMMAND.match(command)
    if directory is None or not match or "--index" in command.partition(", ")[0]:
        return command
    end = match.end()
    return f"{command[:end]} --index {shlex.quote(str(directory))}{command[end:]}"


def complain(error: AskdocsError) -> None:
    """Print what is wrong and what to type next; before it, what is wrong with each file."""
    if isinstance(error, IncompleteError):
        from askdocs.render.reports import render_faults

        for line in render_faults(error.reasons):
            notify(line)
    notify(str(error))
    hint(error.hint)


def say(line: str) -> None:
    """Write a line to standard error, at once or when `hold_back` ends."""
    if (held_lines := _HELD_LINES.get()) is not None:
        held_lines.append(line)
        return
    # If standard error cannot be written, the exit status still says what happened.
    with suppress(OSError):
        click.echo(make_safe(line), err=True)


@contextmanager
def hold_back() -> Iterator[None]:
    """Keep lines for standard error until the block ends: a pager has the screen."""
    lines: list[str] = []
    token = _HELD_LINES.set(lines)
    try:
        yield
    finally:
        _HELD_LINES.reset(token)
        for line in lines:
            say(line)


def style() -> Style:
    """Return how to lay text out on standard output, with links only on a terminal.

    --color decides about colour, then NO_COLOR, then FORCE_COLOR, then the terminal.
    """
    is_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    context = click.get_current_context(silent=True)
    color = context.color if context else None
    if color is None:
        is_forced = bool(os.environ.get("FORCE_COLOR"))
        color = not os.environ.get("NO_COLOR") and (is_forced or is_terminal)
    return Style(width=shutil.get_terminal_size().columns, color=color, links=color and is_terminal)
