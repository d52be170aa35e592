"""The command that compares the answers of two indexes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askdocs import config
from askdocs.cli.commands.options import option_index, option_mode, option_quiet


@click.command("diff", short_help="Say which questions cite something else in another index.")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path), required=False)
@option_index
@click.option(
    "--questions", required=True, type=click.Path(allow_dash=True), metavar="FILE",
    help="Ask every line of FILE (- for standard input): plain text, or JSON objects with "
    "question and id.",
)  # fmt: skip
@click.option(
    "-k", "--top-k", type=click.IntRange(min=1), default=5, show_default=True, metavar="N",
    help="How many passages to compare at most.",
)  # fmt: skip
@option_mode
@click.option(
    "--format", "form", envvar="ASKDOCS_DIFF_FORMAT",
    type=click.Choice(["text", "json", "md"]), default="text", show_default=True,
    help="How to print the differences; md is for a comment on a pull request.",
)  # fmt: skip
@option_quiet
def diff_command(
    old: Path, new: Path | None, index: Path | None, quiet: bool, **wanted: Any
) -> int:
    """Say which questions cite something else in the index NEW than in the index OLD.

    Cited texts are compared: one that stands elsewhere has moved, which is no difference. Without
    NEW, OLD is compared with the index of --index. Exits 0 when all cite the same, else 1.

    \b
      askdocs diff ../base/vectors vectors --questions questions.txt
      askdocs diff ../base/vectors --questions questions.txt --format md
    """
    from askdocs.cli.comparing import compare

    return compare(old, new or config.existing_index(index), quiet=quiet, **wanted)
