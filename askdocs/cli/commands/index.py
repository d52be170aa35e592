"""The command that builds an index or refreshes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askdocs import config
from askdocs.cli.commands.bytesize import ByteSize
from askdocs.cli.commands.options import option_index, option_max_tokens, option_quiet


@click.command("index", short_help="Build an index, or refresh it.")
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
    from askdocs.cli.indexing import run_index

    return run_index(config.index_to_write(index), quiet=quiet, **wanted)
