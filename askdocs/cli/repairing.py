"""What `repair` does between its options and its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs import config
from askdocs.cli.failures import report_failures
from askdocs.cli.output import notifier, write
from askdocs.cli.progress import progress_bar
from askdocs.errors import ExitStatus
from askdocs.render.repair import render_repair
from askdocs.repair import repair

if TYPE_CHECKING:
    from pathlib import Path


def run_repair(directory: Path, *, paths: tuple[Path, ...], dry_run: bool, quiet: bool) -> int:
    """Put an index right, and print what was wrong with it."""
    with progress_bar(quiet=quiet) as progress:
        report = repair(
            directory, paths, cache=config.cache_directory(), notify=notifier(quiet=quiet),
            progress=progress, dry_run=dry_run,
        )  # fmt: skip
    if not quiet:
        write(render_repair(report))
    return ExitStatus.DONE if report.report is None else report_failures(report.report)
