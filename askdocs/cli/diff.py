"""The `diff` command: compare the answers of two indexes."""

from collections.abc import Sequence
from pathlib import Path

import click

from askdocs.cli import parameters
from askdocs.cli.output import remember_index, style, write
from askdocs.errors import ExitStatus
from askdocs.records.results import ComparedRanking


@click.command("diff")
@click.argument("old", type=parameters.Directory(path_type=Path))
@click.argument("new", type=parameters.Directory(path_type=Path), required=False)
@parameters.option_index
@parameters.option_questions(is_required=True)
@parameters.option_top_k(5, "How many passages to compare at most.")
@parameters.option_mode
@parameters.option_format("diff",
                          "How to print the differences; md is for a comment on a pull request.",
                          "text", "json", "md")  # fmt: skip
@parameters.option_quiet
def diff_command(
    old: Path, new: Path | None, index: Path | None, questions: str, top_k: int, mode: str,
    form: str, quiet: bool,
) -> int:  # fmt: skip
    """List the questions whose citations differ between the indexes OLD and NEW.

    The cited texts are compared. A text that has only moved is not a difference. Without NEW, OLD
    is compared with the index of --index. Exits 0 if all cite the same texts, else 1.

    \b
      askdocs diff ../base/vectors vectors --questions questions.txt
      askdocs diff ../base/vectors --questions questions.txt --format md
    """
    from askdocs.cli.input import open_index, read_questions
    from askdocs.evaluation.compare import compare_answers
    from askdocs.places import existing_index

    new = new or existing_index(index)
    asked = list(read_questions(questions, hint="askdocs diff OLD --questions FILE"))
    # Hints name the index that is being opened: `askdocs index` must not rewrite the other one.
    remember_index(old)
    with open_index(old, quiet=quiet) as before:
        remember_index(new)
        with open_index(new, quiet=quiet) as now:
            compared = list(compare_answers(before, now, asked, mode=mode, top_k=top_k))
    write(_render(compared, form))
    is_different = any(ranking.is_different for ranking in compared)
    return ExitStatus.NO if is_different else ExitStatus.DONE


def _render(compared: Sequence[ComparedRanking], form: str) -> str:
    from askdocs.render import diff_report

    if form == "json":
        return diff_report.render_comparison_json(compared)
    if form == "md":
        return diff_report.render_comparison_markdown(compared)
    return diff_report.render_comparison(compared, style())
