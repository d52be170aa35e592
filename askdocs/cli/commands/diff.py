"""The command that compares the answers of two indexes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askdocs import config
from askdocs.cli.commands.options import (
    Directory,
    option_format,
    option_index,
    option_mode,
    option_questions,
    option_quiet,
    option_top_k,
)


@click.command("diff", short_help="Say which questions cite something else in another index.")
@click.argument("old", type=Directory(path_type=Path))
@click.argument("new", type=Directory(path_type=Path), required=False)
@option_index
@option_questions(is_required=True)
@option_top_k(5, help="How many passages to compare at most.")
@option_mode
@option_format(
    "diff", "text", "json", "md",
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
