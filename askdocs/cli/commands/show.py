"""The command that prints a cited text."""

from __future__ import annotations

from pathlib import Path

import click

from askdocs import config
from askdocs.cli.commands.options import (
    complete_citation,
    option_format,
    option_index,
    option_quiet,
)
from askdocs.cli.output import notifier, style, write
from askdocs.errors import ExitStatus


@click.command("show", short_help="Print a cited text, and whether it still stands.")
@click.argument("citation", shell_complete=complete_citation)
@option_index
@option_format("show", "text", "json", help="How to print it.")
@option_quiet
def show_command(citation: str, index: Path | None, form: str, quiet: bool) -> int:
    """Print the text that CITATION names, and whether it still stands in its file.

    Exits 0 when the citation is verified, 1 when the text has moved or is gone.

    \b
      askdocs show seeds/001_169922582ed849e6.txt#p2-3
    """
    from askdocs.datamodel import CitationStatus
    from askdocs.render.objects import render_cited_json
    from askdocs.render.text import render_cited
    from askdocs.search import Index

    with Index(
        config.existing_index(index), cache=config.cache_directory(), notify=notifier(quiet=quiet)
    ) as opened:
        cited = opened.show(citation)
    base = opened.generation.base
    as_text = form == "text"
    write(render_cited(cited, style(), base=base) if as_text else render_cited_json(cited))
    return ExitStatus.DONE if cited.status == CitationStatus.VERIFIED else ExitStatus.NO
