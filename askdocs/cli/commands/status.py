"""The command that says what an index holds."""

from __future__ import annotations

from pathlib import Path

import click

from askdocs import config
from askdocs.cli.commands.options import option_index, option_quiet
from askdocs.cli.output import write
from askdocs.errors import ExitStatus


@click.command("status")
@option_index
@click.option("--documents", is_flag=True, help="List every file of the corpus instead.")
@option_quiet
def status_command(index: Path | None, documents: bool, quiet: bool) -> int:
    """Print what the index holds.

    \b
      askdocs status
      askdocs status --documents
    """
    from askdocs.index import carried_encoders, open_generation
    from askdocs.render.status import render_documents, render_status

    directory = config.existing_index(index)
    found = open_generation(directory, with_documents=True)
    if documents:
        write(render_documents(found.documents))
    elif not quiet:
        write(
            render_status(
                found.manifest,
                found.documents,
                index=str(directory),
                digest=found.digest,
                encoders=carried_encoders(directory),
            )
        )
    return ExitStatus.DONE
