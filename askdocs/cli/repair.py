"""The `repair` command: repair a damaged index."""

from __future__ import annotations

from pathlib import Path

import click

from askdocs.cli.output import notifier, write
from askdocs.cli.parameters import option_index, option_quiet
from askdocs.errors import ExitStatus


@click.command("repair")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@option_index
@click.option("--dry-run", is_flag=True, help="Print what is damaged, and change nothing.")
@option_quiet
def repair_command(index: Path | None, paths: tuple[Path, ...], dry_run: bool, quiet: bool) -> int:
    """Verify every byte of the index, and repair what is damaged.

    Sound parts are kept. The rest is rebuilt from the documents, with the settings that the index
    records; PATH is needed only if these are lost. Nothing is written if the index is sound, or
    if a document that it holds can no longer be read.

    \b
      askdocs repair
      askdocs repair docs/ notes.md
    """
    from askdocs.cli.index import report_failures
    from askdocs.cli.progress import progress_bar
    from askdocs.places import cache_directory, index_to_repair
    from askdocs.render.reports import render_repair
    from askdocs.repair import repair

    with progress_bar(quiet=quiet) as progress:
        report = repair(
            index_to_repair(index), paths, cache=cache_directory(),
            notify=notifier(quiet=quiet), progress=progress, dry_run=dry_run,
        )  # fmt: skip
    if not quiet:
        write(render_repair(report))
    return ExitStatus.DONE if report.report is None else report_failures(report.report)
