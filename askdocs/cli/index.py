"""The `index` command: build an index or refresh it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from askdocs.cli import parameters
from askdocs.cli.output import complain, hint, notifier, notify, write
from askdocs.errors import AskdocsError, ExitStatus, UsageError

if TYPE_CHECKING:
    from askdocs.indexing.request import IndexRequest
    from askdocs.records.reports import IndexReport
    from askdocs.watch import Watcher


@click.command("index")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@parameters.option_index
@click.option("--add", is_flag=True, help="Add PATH to the indexed folders.")
@click.option("--replace", is_flag=True, help="Replace the indexed folders with PATH.")
@click.option("--rebuild", is_flag=True, help="Cut and embed every document again.")
@click.option("--model", metavar="NAME_OR_PATH", help="A sentence-transformers model.")
@click.option("--online", is_flag=True, help="Allow the model to be downloaded.")
@parameters.option_max_tokens("The longest passage.  [default: 400]")
@click.option("--encoding", metavar="NAME", help="How to decode files that are not UTF-8.")
@click.option("--include", multiple=True, metavar="GLOB",
              help="Which files in folders are documents. May be repeated.  [default: those of "
              "every format that is read]")  # fmt: skip
@click.option("--exclude", multiple=True, metavar="GLOB",
              help="Leave out files and folders that match. May be repeated.")  # fmt: skip
@click.option("--hidden/--no-hidden", default=None,
              help="Also index files and folders whose names begin with a period.  [default: "
              "no-hidden]")  # fmt: skip
@click.option("--max-file-size", "max_bytes", type=parameters.ByteSize(), metavar="SIZE",
              envvar="ASKDOCS_INDEX_MAX_FILE_SIZE",
              help="Skip larger files.  [default: 16MiB]")  # fmt: skip
@click.option("--max-line-length", "max_line_chars", type=click.IntRange(min=1),
              metavar="CHARACTERS", envvar="ASKDOCS_INDEX_MAX_LINE_LENGTH",
              help="Skip files with longer lines.  [default: 1000000]")  # fmt: skip
@parameters.option_count("Skip files with more sentences.  [default: 250000]", "--max-sentences")
@parameters.option_count("Index nothing if there are more documents.  [default: 1000000]",
                         "--max-documents")  # fmt: skip
@parameters.option_count("Skip folders more than N levels below PATH.  [default: 1000]",
                         "--max-depth")  # fmt: skip
@click.option("--max-parse-time", "max_parse_seconds", type=click.IntRange(min=1),
              metavar="SECONDS", envvar="ASKDOCS_INDEX_MAX_PARSE_TIME",
              help="Give a document up that takes longer to parse.  [default: 60]")  # fmt: skip
@click.option("--max-parse-memory", "max_parse_bytes", type=parameters.ByteSize(), metavar="SIZE",
              envvar="ASKDOCS_INDEX_MAX_PARSE_MEMORY",
              help="Give a document up that needs more memory to parse.  [default: 2GiB]",
              )  # fmt: skip
@click.option("--device", default="cpu", show_default=True, metavar="NAME",
              help="Embed on openvino, cuda, mps or another PyTorch device.")  # fmt: skip
@click.option("--portable/--no-portable", default=None,
              help="Store the compiled model in the index, to ask where no model is "
              "installed.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Write nothing if a document cannot be read.")
@click.option("--wait", "wait_seconds", type=click.FloatRange(min=0), default=0.0,
              metavar="SECONDS", envvar="ASKDOCS_INDEX_WAIT",
              help="Wait this long for another process to finish writing.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
@click.option("--watch", is_flag=True,
              help="Keep running, and index again whenever a document changes.")  # fmt: skip
@parameters.option_quiet
def index_command(
    index: Path | None, paths: tuple[Path, ...], include: tuple[str, ...],
    exclude: tuple[str, ...], dry_run: bool, watch: bool, quiet: bool, **options: Any,
) -> int:  # fmt: skip
    """Build an index of the documents in PATH, or refresh it.

    Documents are text, Markdown, reStructuredText, HTML, PDF, Word and notebooks.
    Without PATH, the recorded folders are indexed again, and only what has changed is embedded. A
    new index goes to ./vectors and, without PATH, covers ./seeds. The index records model, length,
    encoding, globs, --hidden and limits, and uses them until others are given.

    \b
      askdocs index docs/ notes.md
      askdocs index --include '*.log' --exclude 'drafts/' docs/
      askdocs index --max-file-size 64MiB docs/
      askdocs index --watch
      askdocs index
    """
    from askdocs.indexing.plan import preview
    from askdocs.indexing.request import IndexRequest
    from askdocs.places import default_paths, index_to_write
    from askdocs.render.reports import render_preview

    directory = index_to_write(index)
    if dry_run and watch:
        raise UsageError("--dry-run and --watch exclude each other", hint="askdocs index --help")
    request = IndexRequest(
        index=directory, paths=paths or default_paths(directory),
        include=include or None, exclude=exclude or None, **options,
    )  # fmt: skip
    if dry_run:
        write(render_preview(preview(request)))
        return ExitStatus.DONE
    if watch:
        return _watch(request, quiet=quiet)
    return _print_report(build_index(request, quiet=quiet), quiet=quiet)


def build_index(request: IndexRequest, *, quiet: bool) -> IndexReport:
    """Build or refresh an index with a progress bar; for errors see `build`."""
    from askdocs.cli.progress import progress_bar
    from askdocs.indexing.build import build
    from askdocs.places import cache_directory

    with progress_bar(quiet=quiet) as progress:
        tell = notifier(quiet=quiet)
        return build(request, cache=cache_directory(), notify=tell, progress=progress)


def report_failures(report: IndexReport) -> ExitStatus:
    """Name each document that failed, with a hint, and return the exit status."""
    from askdocs.render.reports import render_failures
    from askdocs.text.decode import NOT_UTF8, NOT_UTF8_HINT

    for line in render_failures(report.failed):
        notify(line)
    if NOT_UTF8 in report.failed.values():
        hint(NOT_UTF8_HINT)
    return ExitStatus.SOME_FAILED if report.failed else ExitStatus.DONE


def _print_report(report: IndexReport, *, quiet: bool) -> int:
    from askdocs.render.reports import render_report

    if not quiet:
        write(render_report(report))
    return report_failures(report)


def _watch(request: IndexRequest, *, quiet: bool) -> int:
    """Index now and after every change, until Ctrl-C."""
    from askdocs.cli.progress import progress_bar
    from askdocs.places import cache_directory
    from askdocs.watch import Watcher

    try:
        with progress_bar(quiet=quiet) as progress:
            tell = notifier(quiet=quiet)
            watcher = Watcher(request, cache=cache_directory(), notify=tell, progress=progress)
            report = watcher.first()
        _print_report(report, quiet=quiet)
        _log_refreshes(watcher, report.failed, quiet=quiet)
    except KeyboardInterrupt:
        # The user typed it and needs no message.
        return ExitStatus.INTERRUPTED
    return ExitStatus.DONE


def _log_refreshes(watcher: Watcher, failed: Mapping[str, str], *, quiet: bool) -> None:
    """Print the outcome of each refresh, without the failures that the last one had too."""
    from askdocs.render.reports import render_failures, render_refresh

    error = ""
    for outcome in watcher.refreshes():
        if isinstance(outcome, AskdocsError):
            if str(outcome) != error:
                complain(outcome)
            error = str(outcome)
        elif outcome is not None:
            if not quiet:
                write(render_refresh(outcome))
            for line in render_failures(dict(outcome.failed.items() - failed.items())):
                notify(line)
            failed, error = outcome.failed, ""
