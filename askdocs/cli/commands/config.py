"""The command that prints settings."""

from __future__ import annotations

import click

from askdocs.cli.commands.options import option_format
from askdocs.cli.output import style, write
from askdocs.errors import ExitStatus


@click.command("config", short_help="Print the settings in force and their origins.")
@option_format("config", "text", "json", help="How to print them.")
@click.pass_context
def config_command(context: click.Context, form: str) -> int:
    """Print the settings of all commands, and where each comes from.

    That is a flag's default, a line of the configuration file, an environment variable, or the
    search for an index. ask.top-k is the option --top-k of the command ask; a key without a
    command holds for all commands that have it.

    \b
      askdocs config
      askdocs config --format json
    """
    from askdocs.cli.settings import print_settings

    write(print_settings(context, form, style()))
    return ExitStatus.DONE
