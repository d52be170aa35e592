"""The process: one place turns errors into exit statuses."""

import errno
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from types import FrameType

import click
from click.core import ParameterSource

from askdocs.cli.main import cli
from askdocs.cli.output import (
    ClosedOutput,
    ClosedPipeError,
    complain,
    forget_index,
    hint,
    notify,
    say,
)
from askdocs.cli.parameters import variable_of
from askdocs.disk import access
from askdocs.errors import AskdocsError, ExitStatus

_USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class TerminatedError(KeyboardInterrupt):
    """SIGTERM has come: unlike Ctrl-C, it is for this process alone, and nothing may outlive it."""


@contextmanager
def noticed_signals() -> Iterator[Collection[int]]:
    """Let SIGTERM end the block as Ctrl-C does; which of the two have come.

    An index that is being written is left as it was, and what a dead run would leave is removed.
    """
    noticed: set[int] = set()
    if current_thread() is not main_thread():
        yield noticed
        return

    def notice(number: int, _frame: FrameType | None) -> None:
        noticed.add(number)
        raise TerminatedError if number == signal.SIGTERM else KeyboardInterrupt

    with _handled_by(notice):
        yield noticed


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    # What ignores a signal, as a shell has it for its background, goes on ignoring it.
    ours = {number: usual for number, usual in _USUAL.items() if signal.getsignal(number) is usual}
    for number in ours:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, usual in ours.items():
            signal.signal(number, usual)


# What the shell reports for a process that a signal ended (128 + its number).
_CLOSED_PIPE = 141
_TERMINATED = 143
# Click's words where a number has its least and most.
_NO_NUMBER = re.compile(r"is not a valid integer(?: range)?(?=\.?$)")
_REPORTED = (
    AskdocsError,
    ClosedPipeError,
    KeyboardInterrupt,
    OSError,
    click.Abort,
    click.ClickException,
)
# What a module in C makes of an interruption while it is imported.
_OF_IMPORTS = (ImportError, SystemError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Args:
        arguments: Without the program's name; None for those of the process.
    """
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(ClosedOutput(), encoding="utf-8", write_through=True)
    forget_index()
    words = None if arguments is None else list(arguments)
    return exit_status_of(lambda: cli.main(args=words, prog_name="askdocs", standalone_mode=False))


def exit_status_of(action: Callable[[], int | None]) -> int:
    """Do what prints, say what is wrong, and give the exit status that stands for it.

    Args:
        action: Gives its exit status, or None for success.
    """
    with noticed_signals() as noticed:
        status = _exit_status_of(action, noticed)
    is_terminated = status == ExitStatus.INTERRUPTED and signal.SIGTERM in noticed
    return _TERMINATED if is_terminated else status


def _exit_status_of(action: Callable[[], int | None], noticed: Collection[int]) -> int:
    try:
        return int(action() or ExitStatus.DONE)
    except _REPORTED as error:
        return _silenced(_report(error))
    except _OF_IMPORTS:
        if not noticed:
            raise
        return _silenced(_report(KeyboardInterrupt()))
    except SystemExit as left:
        # Click's own way out of a closed pipe, and of answering a shell that completes.
        return _silenced(_CLOSED_PIPE if left.code else ExitStatus.DONE)


def _report(error: BaseException) -> int:
    """Say what is wrong, and give the exit status that stands for it."""
    match error:
        case AskdocsError():
            complain(error)
            return error.exit_status
        case ClosedPipeError():
            return _CLOSED_PIPE
        case click.ClickException():
            _complain_of_usage(error)
            return ExitStatus.USAGE
        case OSError():
            # What Click itself prints, and a current folder that is gone.
            unnamed = "the current folder" if error.errno == errno.ENOENT else "standard output"
            notify(f"{error.filename or unnamed}: {access.reason_of(error)}")
            return ExitStatus.REFUSED
        case _:
            notify("interrupted")
            return ExitStatus.INTERRUPTED


def _complain_of_usage(error: click.ClickException) -> None:
    """Say what is wrong with the arguments; where there are none, what there is to type."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        for line in error.format_message().splitlines():
            say(line)
        return
    notify(_usage_message(error))
    hint(_usage_hint(error))


def _usage_message(error: click.ClickException) -> str:
    """What is wrong; a value from the environment is named by its variable."""
    if isinstance(error, click.BadParameter) and error.ctx and error.param:
        source = error.ctx.get_parameter_source(str(error.param.name))
        if source == ParameterSource.ENVIRONMENT:
            return f"{variable_of(error.ctx, error.param)}: {_lower(error.message)}"
    return _lower(error.format_message())


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'askdocs'} --help"


def _lower(message: str) -> str:
    """Click's messages as ours are: no capital at the start, no full stop at the end."""
    message = _NO_NUMBER.sub("is not a whole number", " ".join(message.split())).removesuffix(".")
    return message[:1].lower() + message[1:]


def _silenced(status: int) -> int:
    """Give up what standard output could not take: Python would complain about it at exit."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        return int(status)
    with suppress(OSError, ValueError, AttributeError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
    return int(status)
