"""Write the man page from the definitions of the commands."""

import inspect
import re
import sys
import textwrap
from collections.abc import Iterable

import click

from askdocs import __version__
from askdocs.cli.main import cli
from askdocs.cli.output import write
from askdocs.cli.process import exit_status_of

_FILES = (
    ("vectors/", "The index, unless another is named."),
    ("askdocs.toml, pyproject.toml", "The configuration; in the latter the table tool.askdocs."),
)
_VARIABLES = (
    ("ASKDOCS_COMMAND_OPTION", "Sets an option of a command, as in ASKDOCS_ASK_TOP_K=3."),
    ("ASKDOCS_INDEX, ASKDOCS_CONFIG, ASKDOCS_COLOR", "Set that option for every command."),
    ("ASKDOCS_CACHE", "The cache of compiled models and vectors; otherwise ~/.cache/askdocs."),
    ("NO_COLOR, FORCE_COLOR", "Turn colour off, or on, where --color is auto; in this order."),
)


def manual() -> str:
    """Return the man page `askdocs(1)`, in roff."""
    context = click.Context(cli, info_name="askdocs", **cli.context_settings)
    lines = [
        f'.TH ASKDOCS 1 "" "askdocs {__version__}" "User Commands"',
        ".SH NAME", f"askdocs \\- {_roff(cli.get_short_help_str(200)).rstrip('.')}",
        ".SH SYNOPSIS", f"\\fBaskdocs\\fR {_roff(' '.join(cli.collect_usage_pieces(context)))}",
        ".SH DESCRIPTION", *_paragraphs(cli.help), ".SH COMMANDS",
    ]  # fmt: skip
    for name, command in sorted(cli.load_all().items()):
        lines += _command(click.Context(command, context, name))
    lines += [".SH ENVIRONMENT", *_items(_VARIABLES), ".SH FILES", *_items(_FILES)]
    statuses = str(cli.epilog).removeprefix("Exit status: ").rstrip(".").split("; ")
    lines += [".SH EXIT STATUS", *_items(tuple(status.split(" ", 1)) for status in statuses)]
    return "\n".join(lines) + "\n"


def _command(context: click.Context) -> list[str]:
    """Return a command's usage, help and options."""
    usage = " ".join(context.command.collect_usage_pieces(context))
    parameters = context.command.get_params(context)
    options = [option for option in parameters if isinstance(option, click.Option)]
    name = _roff(context.command_path)
    return [
        f".SS {name}", f"\\fB{name}\\fR {_roff(usage)}", *_paragraphs(context.command.help),
        *_items(filter(None, (option.get_help_record(context) for option in options))),
    ]  # fmt: skip


def _paragraphs(text: str | None) -> list[str]:
    """Return the paragraphs of a docstring; those marked for Click keep their lines."""
    lines = []
    for block in inspect.cleandoc(text or "").split("\n\n"):
        if block.startswith("\b\n"):
            lines += [".PP", ".RS 4", ".nf", _roff(textwrap.dedent(block[2:])), ".fi", ".RE"]
        else:
            lines += [".PP", _roff(" ".join(block.split()))]
    return lines


def _items(records: Iterable[tuple[str, ...]]) -> list[str]:
    return [
        line for term, text in records for line in (".TP", f"\\fB{_roff(term)}\\fR", _roff(text))
    ]


def _roff(text: str) -> str:
    """Escape everything that commands the formatter."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti")
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(exit_status_of(lambda: write(manual())))
