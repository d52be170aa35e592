"""The commands and their options."""

from __future__ import annotations

import click

from askdocs import __version__
from askdocs.cli.commands.ask import ask_command
from askdocs.cli.commands.check import check_command
from askdocs.cli.commands.completion import completion_command
from askdocs.cli.commands.config import config_command
from askdocs.cli.commands.diff import diff_command
from askdocs.cli.commands.evaluate import eval_command
from askdocs.cli.commands.index import index_command
from askdocs.cli.commands.options import option_color, option_config
from askdocs.cli.commands.repair import repair_command
from askdocs.cli.commands.show import show_command
from askdocs.cli.commands.status import status_command
from askdocs.cli.installation import Commands

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_STATUS_HELP = (
    "Exit status: 0 answered, fresh, done; 1 no passage answers, stale, below the bar; 2 usage; "
    "3 no index; "
    "4 index damaged; 5 model or format cannot be used; 6 another writer at work; "
    "7 the disk or a file refused; 8 done, but some documents failed."
)


@click.group(
    cls=Commands, context_settings={**_HELP, "auto_envvar_prefix": "ASKDOCS"}, epilog=_STATUS_HELP
)
@click.version_option(__version__, message="askdocs %(version)s", allow_from_autoenv=False)
def cli() -> None:
    """Answer questions about a folder of documents with the passages that answer them.

    Every passage comes with a citation that is checked against the file when it is printed.
    askdocs retrieves and never generates.

    \b
      askdocs index docs/
      askdocs ask "Who may sign a contract?"
      askdocs check
    """


for command in (
    ask_command,
    check_command,
    config_command,
    diff_command,
    eval_command,
    index_command,
    repair_command,
    show_command,
    status_command,
):
    cli.add_command(option_color(option_config(command)))
cli.add_command(completion_command)
