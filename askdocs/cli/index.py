"""The command that builds an index or refreshes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from askdocs.cli.output import complain, hint, notifier, notify, write
from askdocs.cli.parameters import ByteSize, option_index, option_max_tokens, option_quiet
from askdocs.cli.progress import progress_bar
from askdocs.errors import AskdocsError, ExitStatus, UsageError
from askdocs.indexing.build import build
from askdocs.indexing.plan import preview
from askdocs.indexing.request import IndexRequest
from askdocs.places import cache_directory, default_paths, index_to_write
from askdocs.render.reports import render_failures, render_preview, render_refresh, render_report
from askdocs.text.document import NOT_UTF8, NOT_UTF8_HINT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from askdocs.records.reports import IndexReport


def report_failures(report: IndexReport) -> ExitStatus:
    """Name each document that failed, and what helps; the exit status that stands for it."""
    for line in render_failures(report):
        notify(line)
    if NOT_UTF8 in report.failed.values():
        hint(NOT_UTF8_HINT)
    return ExitStatus.SOME_FAILED if report.failed else ExitStatus.DONE


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
    wanted["paths"] = wanted["paths"] or default_paths(directory)
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
            request, cache=cache_directory(), notify=notifier(quiet=quiet), progress=progress
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
                request, cache=cache_directory(), notify=notifier(quiet=quiet),
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


@click.command("index")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@option_index
@click.option("--add", is_flag=True, help="Let PATH join the folders that the index records.")
@click.option("--replace", is_flag=True, help="Let PATH take their place.")
@click.option("--rebuild", is_flag=True, help="Cut and embed everything anew.")
@click.option("--model", metavar="NAME_OR_PATH", help="A sentence-transformers model.")
@click.option("--online", is_flag=True, help="Let the model be downloaded.")
@option_max_tokens(help="The longest passage.  [default: 400]")
@click.option("--encoding", metavar="NAME", help="How to decode files that are not UTF-8.")
@click.option(
    "--include", multiple=True, metavar="GLOB",
    help="Which files in folders are documents. May be repeated.  [default: *.txt, *.text, *.md, "
    "*.markdown]",
)  # fmt: skip
@click.option(
    "--exclude", multiple=True, metavar="GLOB",
    help="What to leave out of folders. May be repeated.",
)  # fmt: skip
@click.option(
    "--hidden/--no-hidden", default=None,
    help="Take files and folders whose names begin with a period.  [default: no-hidden]",
)  # fmt: skip
@click.option(
    "--max-file-size", "max_bytes", type=ByteSize(), metavar="SIZE",
    envvar="ASKDOCS_INDEX_MAX_FILE_SIZE", help="Skip larger files.  [default: 16MiB]",
)  # fmt: skip
@click.option(
    "--max-line-length", "max_line_chars", type=click.IntRange(min=1), metavar="CHARACTERS",
    envvar="ASKDOCS_INDEX_MAX_LINE_LENGTH",
    help="Skip files with longer lines.  [default: 1000000]",
)  # fmt: skip
@click.option(
    "--max-sentences", type=click.IntRange(min=1), metavar="N",
    help="Skip files with more sentences.  [default: 250000]",
)  # fmt: skip
@click.option(
    "--max-documents", type=click.IntRange(min=1), metavar="N",
    help="Index nothing if there are more.  [default: 1000000]",
)  # fmt: skip
@click.option(
    "--max-depth", type=click.IntRange(min=1), metavar="N",
    help="Skip folders that lie more folders below PATH.  [default: 1000]",
)  # fmt: skip
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    metavar="NAME",
    help="Embed on openvino, cuda, mps or another device of PyTorch.",
)
@click.option(
    "--portable/--no-portable", default=None,
    help="Keep the compiled model in the index, to ask where no model is installed.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Write nothing if a document cannot be read.")
@click.option(
    "--wait", "wait_seconds", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS",
    envvar="ASKDOCS_INDEX_WAIT", help="Wait so long for another process that is writing the index.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--watch", is_flag=True, help="Go on, and index again whenever a document changes.")
@option_quiet
def index_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Build an index of the .txt and .md files in PATH, or refresh it.

    Without PATH, the folders that the index records are indexed again, and only what has changed
    is embedded. Where there is no index, it is made in ./vectors; without PATH, of ./seeds. The
    index records model, length, encoding, globs, --hidden and limits: they hold until others are
    given.

    \b
      askdocs index docs/ notes.md
      askdocs index --include '*.rst' --exclude 'drafts/' docs/
      askdocs index --max-file-size 64MiB docs/
      askdocs index --watch
      askdocs index
    """
    return run_index(index_to_write(index), quiet=quiet, **wanted)
