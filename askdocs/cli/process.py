"""The process: signals, errors and exit statuses, in one place."""

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

import click
from click.core import ParameterSource

from askdocs.cli import output
from askdocs.cli.main import cli
from askdocs.cli.output import ClosedPipeError, hint, notify
from askdocs.cli.parameters import in_plain_words, variable_of
from askdocs.disk import access
from askdocs.errors import AskdocsError, ExitStatus

_DEFAULT_HANDLERS: dict[int, Any] = {
    signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL
}  # fmt: skip
# What the shell reports for a process that a signal ended (128 + its number).
_CLOSED_PIPE = 141
_TERMINATED = 143
_REPORTED = (
    AskdocsError, ClosedPipeError, KeyboardInterrupt, OSError, click.Abort, click.ClickException
)  # fmt: skip


class TerminatedError(KeyboardInterrupt):
    """SIGTERM has come. Unlike Ctrl-C, only this process gets it, and must end its children."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    The arguments come without the program's name; None takes those of the process.
    """
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(output.ClosedOutput(), encoding="utf-8", write_through=True)
    output.remember_index(None)
    words = None if arguments is None else list(arguments)
    return exit_status_of(lambda: cli.main(args=words, prog_name="askdocs", standalone_mode=False))


def exit_status_of(action: Callable[[], int | None]) -> int:
    """Run an action, which returns its exit status or None for success, and report its error."""
    with _noticed_signals() as noticed:
        try:
            status = int(action() or ExitStatus.DONE)
        except _REPORTED as error:
            status = _report(error)
        except (ImportError, SystemError):
            # Some modules in C raise these when a signal interrupts their import.
            if not noticed:
                raise
            status = _report(KeyboardInterrupt())
        except SystemExit as left:
            # Click ends the process for a closed pipe, and after answering a shell that completes.
            status = _CLOSED_PIPE if left.code else ExitStatus.DONE
        if status != ExitStatus.DONE:
            _discard_output()
    is_terminated = status == ExitStatus.INTERRUPTED and signal.SIGTERM in noticed
    return _TERMINATED if is_terminated else status


@contextmanager
def _noticed_signals() -> Iterator[Collection[int]]:
    """Let SIGTERM end the block as Ctrl-C does, and collect which of the two have come.

    So a writer leaves its index as it was and removes its own leftovers. A signal that is ignored,
    as a shell sets it for background jobs, stays ignored.
    """
    noticed: set[int] = set()

    def notice(number: int, _frame: FrameType | None) -> None:
        noticed.add(number)
        raise TerminatedError if number == signal.SIGTERM else KeyboardInterrupt

    # Only the main thread may set handlers.
    handlers = _DEFAULT_HANDLERS if current_thread() is main_thread() else {}
    ours = [number for number, usual in handlers.items() if signal.getsignal(number) is usual]
    for number in ours:
        signal.signal(number, notice)
    try:
        yield noticed
    finally:
        for number in ours:
            signal.signal(number, handlers[number])


def _report(error: BaseException) -> int:
    """Print what is wrong, and return the exit status for it."""
    match error:
        case AskdocsError():
            output.complain(error)
            return int(error.exit_status)
        case ClosedPipeError():
            return _CLOSED_PIPE
        case click.exceptions.NoArgsIsHelpError():
            for line in error.format_message().splitlines():
                output.say(line)
            return ExitStatus.USAGE
        case click.ClickException():
            notify(_usage_message(error))
            context = getattr(error, "ctx", None)
            hint(f"{context.command_path if context else 'askdocs'} --help")
            return ExitStatus.USAGE
        case OSError():
            # What Click itself prints, and a current folder that is gone.
            unnamed = "the current folder" if error.errno == errno.ENOENT else "standard output"
            notify(f"{error.filename or unnamed}: {access.reason_of(error)}")
            return ExitStatus.REFUSED
        case _:
            notify("interrupted")
            return ExitStatus.INTERRUPTED


def _usage_message(error: click.ClickException) -> str:
    """Return Click's message in our form; a value from the environment is named by its variable."""
    if isinstance(error, click.BadParameter) and error.ctx and error.param:
        source = error.ctx.get_parameter_source(str(error.param.name))
        if source == ParameterSource.ENVIRONMENT:
            variable = variable_of(error.ctx, error.param)
            return f"{variable}: {in_plain_words(error.message)}"
    return in_plain_words(error.format_message())


def _discard_output() -> None:
    """Drop what standard output did not take: Python would complain about it at exit."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        return
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
