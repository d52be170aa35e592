"""The command that compares the answers of two indexes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from askdocs.cli.input import name_of, open_index, read_questions
from askdocs.cli.output import remember_index, style, write
from askdocs.cli.parameters import (
    Directory,
    option_format,
    option_index,
    option_mode,
    option_questions,
    option_quiet,
    option_top_k,
)
from askdocs.errors import ExitStatus, UsageError
from askdocs.evaluation.compare import compare_answers
from askdocs.places import existing_index
from askdocs.render.diff_report import (
    render_comparison,
    render_comparison_json,
    render_comparison_markdown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from askdocs.records.results import ComparedRanking


def compare(
    old: Path, new: Path, *, questions: str, top_k: int, mode: str, form: str, quiet: bool
) -> int:
    """Ask two indexes the same questions, and print what they cite otherwise.

    Raises:
        UsageError: There is no question.
    """
    asked = list(read_questions(questions, hint="askdocs diff OLD --questions FILE"))
    if not asked:
        message = f"there is no question in {name_of(questions)}"
        raise UsageError(message, hint="askdocs diff --help")
    # A hint that names the other index, or none, would have the wrong one written anew.
    remember_index(old)
    with open_index(old, quiet=quiet) as before:
        remember_index(new)
        with open_index(new, quiet=quiet) as now:
            compared = list(compare_answers(before, now, asked, mode=mode, top_k=top_k))
    write(_rendered(compared, form))
    return ExitStatus.NO if any(one.is_different for one in compared) else ExitStatus.DONE


def _rendered(compared: Sequence[ComparedRanking], form: str) -> str:
    if form == "json":
        return render_comparison_json(compared)
    if form == "md":
        return render_comparison_markdown(compared)
    return render_comparison(compared, style())


@click.command("diff")
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
    return compare(old, new or existing_index(index), quiet=quiet, **wanted)
