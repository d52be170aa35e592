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
    """The reader of a pipe has gone, as `head` does; that is not an error of its own."""


class ClosedOutput(io.RawIOBase):
    """Stands for a standard output that was closed: nothing that it is given goes unnoticed."""

    def writable(self) -> bool:
        """It takes writing, to say what is wrong."""
        return True

    def write(self, _content: object) -> int:
        """Refuse."""
        raise RefusedError("standard output is closed")


def write(text: str) -> None:
    """Write a result to standard output at once.

    Raises:
        ClosedPipeError: Its reader has gone.
        RefusedError: It is closed, or its disk is full.
    """
    # Not click.echo, which removes what it takes for escape sequences, and leaves some.
    write_bytes(shown(text))


def shown(text: str) -> bytes:
    """What a reader gets to see of a text: in no output is more that commands a terminal."""
    return keep_style(text, is_styled=style().color).encode("utf-8")


def write_bytes(content: bytes) -> None:
    """Write a result that may be no text, such as a file's name; for errors see `write`."""
    try:
        rest = memoryview(content)
        while rest:
            # Where PYTHONUNBUFFERED is set there is no buffer, and a full disk takes only a part.
            rest = rest[sys.stdout.buffer.write(rest) :]
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        raise ClosedPipeError from error
    except OSError as error:
        reason = access.reason_of(error)
        raise RefusedError(f"standard output: {reason}") from error


def notify(line: str) -> None:
    """Write a line about what is going on, or what is wrong, to standard error."""
    say(f"askdocs: {line}")


def notifier(*, quiet: bool) -> Callable[[str], None]:
    """What tells the user what is going on: `notify`, or nothing at all."""
    return _ignore if quiet else notify


def hint(command: str) -> None:
    """Write what to type next to standard error; nothing where there is nothing to say."""
    if command:
        say(f"hint: {_of_named_index(command)}")


def remember_index(directory: Path) -> None:
    """Have hints name the index that the user named: without it they would be of another one."""
    _NAMED_INDEX.set(directory)


def forget_index() -> None:
    """Have hints name no index."""
    _NAMED_INDEX.set(None)


def _of_named_index(command: str) -> str:
    """A hint, of the index that the user named; behind a comma stands another thing to do."""
    directory = _NAMED_INDEX.get()
    found = _INDEX_COMMAND.match(command)
    if directory is None or not found or "--index" in command.partition(", ")[0]:
        return command
    end = found.end()
    return f"{command[:end]} --index {shlex.quote(str(directory))}{command[end:]}"


def complain(error: AskdocsError) -> None:
    """Say what is wrong and what to type next; before it, what is wrong with each file."""
    if isinstance(error, IncompleteError):
        from askdocs.render.reports import render_faults

        for line in render_faults(error.reasons):
            notify(line)
    notify(str(error))
    hint(error.hint)


def say(line: str) -> None:
    """Write a line to standard error, now or when whatever has the terminal gives it back."""
    held = _HELD_LINES.get()
    if held is not None:
        held.append(line)
        return
    # Where standard error cannot be written, the exit status still says what happened.
    with suppress(OSError):
        click.echo(make_safe(line), err=True)


@contextmanager
def hold_back() -> Iterator[None]:
    """Keep what there is to say until the block ends: another program shows its own screen."""
    held: list[str] = []
    token = _HELD_LINES.set(held)
    try:
        yield
    finally:
        _HELD_LINES.reset(token)
        for line in held:
            say(line)


def style() -> Style:
    """How to lay text out on standard output: colour as wanted, links only on a terminal."""
    is_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    color = _wants_color(is_terminal=is_terminal)
    return Style(width=shutil.get_terminal_size().columns, color=color, links=color and is_terminal)


def _wants_color(*, is_terminal: bool) -> bool:
    """What --color says, else NO_COLOR, else FORCE_COLOR, else the terminal."""
    context = click.get_current_context(silent=True)
    if context is not None and context.color is not None:
        return context.color
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_terminal


def _ignore(_line: str) -> None:
    """Show nothing."""
