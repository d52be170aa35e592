"""The command that builds an index or refreshes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askdocs import config
from askdocs.cli.commands.options import option_index, option_quiet
from askdocs.cli.output import hint, notifier, notify, write
from askdocs.errors import ExitStatus


@click.command("index", short_help="Build an index, or refresh it.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@option_index
@click.option("--add", is_flag=True, help="Let PATH join the folders that the index records.")
@click.option("--replace", is_flag=True, help="Let PATH take their place.")
@click.option("--rebuild", is_flag=True, help="Cut and embed everything anew.")
@click.option("--model", metavar="NAME_OR_PATH", help="A sentence-transformers model.")
@click.option("--online", is_flag=True, help="Let the model be downloaded.")
@click.option("--max-tokens", type=int, metavar="N", help="The longest passage.  [default: 400]")
@click.option("--encoding", metavar="NAME", help="How to decode files that are not UTF-8.")
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    metavar="NAME",
    help="Embed on openvino, cuda, mps or another device of PyTorch.",
)
@option_quiet
def index_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Build an index of the .txt and .md files in PATH, or refresh it.

    Without PATH, the folders that the index records are indexed again, and only what has changed
    is embedded. Where there is no index, it is made in ./vectors; without PATH, of ./seeds.

    \b
      askdocs index docs/ notes.md
      askdocs index
    """
    from askdocs.cli.progress import progress_bar
    from askdocs.documents import NOT_UTF8, NOT_UTF8_HINT
    from askdocs.indexing import IndexRequest, build
    from askdocs.render.report import render_failures, render_report

    directory = config.index_to_write(index)
    wanted["paths"] = wanted["paths"] or config.default_paths(directory)
    with progress_bar(quiet=quiet) as progress:
        request = IndexRequest(index=directory, **wanted)
        report = build(
            request, cache=config.cache_directory(), notify=notifier(quiet=quiet), progress=progress
        )
    if not quiet:
        write(render_report(report))
    for line in render_failures(report):
        notify(line)
    if NOT_UTF8 in report.failed.values():
        hint(NOT_UTF8_HINT)
    return ExitStatus.SOME_FAILED if report.failed else ExitStatus.DONE
