"""What `ask` does about an index that is not fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs import config
from askdocs.cli.opening import spare_processors
from askdocs.cli.output import notifier, notify
from askdocs.errors import StaleIndexError

if TYPE_CHECKING:
    from pathlib import Path


def refresh(directory: Path, *, quiet: bool) -> None:
    """Index what has changed; documents that fail are said, and are no reason not to ask."""
    from askdocs.cli.progress import progress_bar
    from askdocs.indexing import IndexRequest, build
    from askdocs.render.report import render_failures, render_report

    # The question that follows is asked in this process, with the NumPy that is imported here.
    spare_processors()
    with progress_bar(quiet=quiet) as progress:
        report = build(
            IndexRequest(index=directory),
            cache=config.cache_directory(),
            notify=notifier(quiet=quiet),
            progress=progress,
        )
    said = [] if report.is_unchanged else render_report(report).splitlines()
    for line in [] if quiet else [*said, *render_failures(report)]:
        notify(line)


def refuse_stale(directory: Path) -> None:
    """Compare the index with its corpus.

    Raises:
        StaleIndexError: They differ.
    """
    from askdocs.freshness import check_freshness
    from askdocs.render.freshness import summarise

    freshness = check_freshness(directory)
    if not freshness.is_fresh:
        raise StaleIndexError(
            f"the index is {summarise(freshness)}", hint="askdocs index, or ask with --refresh"
        )
