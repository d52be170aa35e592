"""What `diff` does between its options and its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs.cli.input import name_of
from askdocs.cli.opening import open_index
from askdocs.cli.output import remember_index, style, write
from askdocs.cli.questions import read_questions
from askdocs.comparison import compare_answers
from askdocs.errors import ExitStatus, UsageError
from askdocs.render.comparison import (
    render_comparison,
    render_comparison_json,
    render_comparison_markdown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from askdocs.datamodel import ComparedRanking


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
