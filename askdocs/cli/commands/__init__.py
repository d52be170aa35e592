"""The commands and their options."""

from __future__ import annotations

import click

from askdocs import __version__
from askdocs.cli.commands.ask import ask_command
from askdocs.cli.commands.check import check_command
from askdocs.cli.commands.evaluate import eval_command
from askdocs.cli.commands.index import index_command
from askdocs.cli.commands.show import show_command
from askdocs.cli.commands.status import status_command

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_STATUS_HELP = (
    "Exit status: 0 answered, fresh, done; 1 no passage answers, stale, below the bar; 2 usage; "
    "3 no index; "
    "4 index damaged; 5 model or format cannot be used; 6 another writer at work; "
    "7 the disk or a file refused; 8 done, but some documents failed."
)


@click.group(context_settings={**_HELP, "auto_envvar_prefix": "ASKDOCS"}, epilog=_STATUS_HELP)
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
    eval_command,
    index_command,
    show_command,
    status_command,
):
    cli.add_command(command)
