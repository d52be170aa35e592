"""The command that puts a damaged index right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askdocs import config
from askdocs.cli.commands.options import option_index, option_quiet


@click.command("repair", short_help="Put a damaged index right.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@option_index
@click.option("--dry-run", is_flag=True, help="Say what is wrong, and do nothing.")
@option_quiet
def repair_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Verify every byte of the index, and put right what is not as it was written.

    What is sound stays; the rest is cut and embedded from the documents, by the settings that the
    index records. PATH is needed only where these are lost. Nothing is written where the index is
    sound, or where a document that it holds cannot be read any more.

    \b
      askdocs repair
      askdocs repair docs/ notes.md
    """
    from askdocs.cli.repairing import run_repair

    return run_repair(config.index_to_repair(index), quiet=quiet, **wanted)
