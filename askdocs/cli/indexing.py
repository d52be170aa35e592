"""What `index` does between its options and its output."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from askdocs import config
from askdocs.cli.failures import report_failures
from askdocs.cli.output import complain, notifier, notify, write
from askdocs.cli.progress import progress_bar
from askdocs.errors import AskdocsError, ExitStatus, UsageError
from askdocs.indexing import IndexRequest, build, preview
from askdocs.render.report import (
    render_failures,
    render_preview,
    render_refresh,
    render_report,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from askdocs.datamodel import IndexReport


def run_index(
    directory: Path,
    *,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    dry_run: bool,
    watch: bool,
    quiet: bool,
    **wanted: Any,
) -> int:
    """Index once, or say what that would do, or go on for as long as the user likes."""
    if dry_run and watch:
        raise UsageError("--dry-run and --watch exclude each other", hint="askdocs index --help")
    wanted["paths"] = wanted["paths"] or config.default_paths(directory)
    request = IndexRequest(
        index=directory, include=include or None, exclude=exclude or None, **wanted
    )
    if dry_run:
        write(render_preview(preview(request)))
        return ExitStatus.DONE
    return _watch(request, quiet=quiet) if watch else _index(request, quiet=quiet)


def _index(request: IndexRequest, *, quiet: bool) -> int:
    with progress_bar(quiet=quiet) as progress:
        report = build(
            request, cache=config.cache_directory(), notify=notifier(quiet=quiet), progress=progress
        )
    return _reported(report, quiet=quiet)


def _reported(report: IndexReport, *, quiet: bool) -> int:
    """Print what was done; the exit status that stands for it."""
    if not quiet:
        write(render_report(report))
    return report_failures(report)


def _watch(request: IndexRequest, *, quiet: bool) -> int:
    """Index now and at every change, until Ctrl-C, which is no news to the one who typed it."""
    from askdocs.watch import Watcher

    teller = _Teller(quiet=quiet)
    try:
        with progress_bar(quiet=quiet) as progress:
            watcher = Watcher(
                request, cache=config.cache_directory(), notify=notifier(quiet=quiet),
                progress=progress,
            )  # fmt: skip
            report = watcher.first()
        _reported(report, quiet=quiet)
        teller.note(report)
        for outcome in watcher.refreshes():
            if outcome is not None:
                teller.tell(outcome)
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    return ExitStatus.DONE


class _Teller:
    """Says what became of each refresh, and nothing twice in a row."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._failed: Mapping[str, str] = {}
        self._error = ""

    def tell(self, outcome: IndexReport | AskdocsError) -> None:
        """Print what a refresh changed, or why it did not come about."""
        if isinstance(outcome, AskdocsError):
            if str(outcome) != self._error:
                complain(outcome)
            self._error = str(outcome)
            return
        if not self._quiet:
            write(render_refresh(outcome))
        new = dict(outcome.failed.items() - self._failed.items())
        for line in render_failures(replace(outcome, failed=new)):
            notify(line)
        self.note(outcome)

    def note(self, report: IndexReport) -> None:
        """Remember what is known to fail."""
        self._failed = report.failed
        self._error = ""
