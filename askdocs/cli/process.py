"""The process: one place turns errors into exit statuses."""

import errno
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click
from click.core import ParameterSource

from askdocs.cli.commands import cli
from askdocs.cli.commands.options import variable_of
from askdocs.cli.output import ClosedOutput, ClosedPipeError, hint, notify
from askdocs.errors import AskdocsError, ExitStatus

# What the shell reports for a process that a closed pipe ended (128 + SIGPIPE).
_CLOSED_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Args:
        arguments: Without the program's name; None for those of the process.
    """
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(ClosedOutput(), encoding="utf-8", write_through=True)
    try:
        status = cli.main(
            args=None if arguments is None else list(arguments),
            prog_name="askdocs",
            standalone_mode=False,
        )
    except (
        AskdocsError,
        ClosedPipeError,
        KeyboardInterrupt,
        OSError,
        click.Abort,
        click.ClickException,
    ) as error:
        return _silenced(_report(error))
    except SystemExit as left:
        # Click's own way out of a closed pipe, and of answering a shell that completes.
        return _silenced(_CLOSED_PIPE if left.code else ExitStatus.DONE)
    return int(status or ExitStatus.DONE)


def _report(error: BaseException) -> int:
    """Say what is wrong, and give the exit status that stands for it."""
    match error:
        case AskdocsError():
            notify(str(error))
            hint(error.hint)
            return error.exit_status
        case ClosedPipeError():
            return _CLOSED_PIPE
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return ExitStatus.USAGE
        case click.ClickException():
            notify(_usage_message(error))
            hint(_usage_hint(error))
            return ExitStatus.USAGE
        case OSError():
            # What Click itself prints, and a current folder that is gone.
            reason = (error.strerror or str(error)).lower()
            unnamed = "the current folder" if error.errno == errno.ENOENT else "standard output"
            notify(f"{error.filename or unnamed}: {reason}")
            return ExitStatus.REFUSED
        case _:
            notify("interrupted")
            return ExitStatus.INTERRUPTED


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
    message = " ".join(message.split()).removesuffix(".")
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
