"""The `status` command: print what an index holds."""

from pathlib import Path

import click

from askdocs.cli.output import write
from askdocs.cli.parameters import option_index, option_quiet
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
    from askdocs.index.encoders import carried_encoders
    from askdocs.index.generation import open_generation
    from askdocs.places import existing_index
    from askdocs.render.reports import render_documents, render_status

    directory = existing_index(index)
    generation = open_generation(directory, with_documents=True)
    if documents:
        write(render_documents(generation.documents))
    elif not quiet:
        write(render_status(
            generation.manifest, generation.documents, index=str(directory),
            digest=generation.digest, encoders=carried_encoders(directory),
        ))  # fmt: skip
    return ExitStatus.DONE
