"""The `show` command: print a cited text."""

from pathlib import Path

import click

from askdocs.cli.completion import complete_citation
from askdocs.cli.output import notifier, style, write
from askdocs.cli.parameters import option_format, option_index, option_quiet
from askdocs.errors import ExitStatus


@click.command("show")
@click.argument("citation", shell_complete=complete_citation)
@option_index
@option_format("show", "How to print it.", "text", "json")
@option_quiet
def show_command(citation: str, index: Path | None, form: str, quiet: bool) -> int:
    """Print the text that CITATION names, and whether it is still in its file.

    CITATION may name a page: report.pdf#page=3. Exits 0 if the citation is verified, 1 if the text
    has moved or is gone.

    \b
      askdocs show seeds/001_169922582ed849e6.txt#p2-3
      askdocs show report.pdf#page=3
    """
    from askdocs.places import cache_directory, existing_index
    from askdocs.records.results import CitationStatus
    from askdocs.render.json import render_cited_json
    from askdocs.render.text import render_cited
    from askdocs.search.index import Index

    directory = existing_index(index)
    with Index(directory, cache=cache_directory(), notify=notifier(quiet=quiet)) as opened:
        cited = opened.show(citation)
        base = opened.generation.base
    if form == "json":
        write(render_cited_json(cited))
    else:
        write(render_cited(cited, style(), base=base))
    return ExitStatus.DONE if cited.status == CitationStatus.VERIFIED else ExitStatus.NO
