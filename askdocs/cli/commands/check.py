"""The command that compares an index with its corpus."""

from __future__ import annotations

from pathlib import Path

import click

from askdocs import config
from askdocs.cli.commands.options import option_index, option_quiet
from askdocs.cli.output import style, write
from askdocs.errors import ExitStatus


@click.command("check", short_help="Say whether the index is fresh.")
@option_index
@option_quiet
def check_command(index: Path | None, quiet: bool) -> int:
    """Say whether the index is fresh: exit 0 if it is, 1 with the differences if not.

    Documents are compared by content. No model is needed, and nothing is written.

    \b
      askdocs check || askdocs index
    """
    from askdocs.freshness import check_freshness
    from askdocs.render.freshness import render_freshness

    freshness = check_freshness(config.existing_index(index))
    if not quiet:
        write(render_freshness(freshness, style()))
    return ExitStatus.DONE if freshness.is_fresh else ExitStatus.NO
