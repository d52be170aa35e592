"""What `diff` does between its options and its output."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from askdocs import config
from askdocs.cli.input import name_of
from askdocs.cli.output import notifier, style, write
from askdocs.cli.questions import read_questions
from askdocs.comparison import compare_answers
from askdocs.errors import ExitStatus, UsageError
from askdocs.render.comparison import (
    render_comparison,
    render_comparison_json,
    render_comparison_markdown,
)
from askdocs.search import Index

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
    # The threads that NumPy's BLAS starts wait by spinning, and take the model's processors.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    asked = list(read_questions(questions))
    if not asked:
        message = f"there is no question in {name_of(questions)}"
        raise UsageError(message, hint="askdocs diff --help")
    cache, notify = config.cache_directory(), notifier(quiet=quiet)
    with (
        Index(old, cache=cache, notify=notify) as before,
        Index(new, cache=cache, notify=notify) as now,
    ):
        compared = list(compare_answers(before, now, asked, mode=mode, top_k=top_k))
    write(_rendered(compared, form))
    return ExitStatus.NO if any(one.is_different for one in compared) else ExitStatus.DONE


def _rendered(compared: Sequence[ComparedRanking], form: str) -> str:
    if form == "json":
        return render_comparison_json(compared)
    if form == "md":
        return render_comparison_markdown(compared)
    return render_comparison(compared, style())
