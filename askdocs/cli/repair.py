"""The command that repairs a damaged index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askdocs.cli.index import report_failures
from askdocs.cli.output import notifier, write
from askdocs.cli.parameters import option_index, option_quiet
from askdocs.cli.progress import progress_bar
from askdocs.errors import ExitStatus
from askdocs.places import cache_directory, index_to_repair
from askdocs.render.reports import render_repair
from askdocs.repair import repair


def run_repair(directory: Path, *, paths: tuple[Path, ...], dry_run: bool, quiet: bool) -> int:
    """Put an index right, and print what was wrong with it."""
    with progress_bar(quiet=quiet) as progress:
        report = repair(
            directory, paths, cache=cache_directory(), notify=notifier(quiet=quiet),
            progress=progress, dry_run=dry_run,
        )  # fmt: skip
    if not quiet:
        write(render_repair(report))
    return ExitStatus.DONE if report.report is None else report_failures(report.report)


@click.command("repair")
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
    return run_repair(index_to_repair(index), quiet=quiet, **wanted)
