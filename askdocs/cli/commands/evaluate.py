"""The command that measures answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askdocs import config
from askdocs.cli.commands.options import (
    option_format,
    option_index,
    option_mode,
    option_quiet,
    option_top_k,
    options_rerank,
)


@click.command("eval", short_help="Measure answers to questions of your own.")
@click.argument("questions", type=click.Path(allow_dash=True))
@option_index
@option_top_k(10, help="How many passages to look through; fewer than 10 count as 10.")
@option_mode
@click.option(
    "--qrels", type=click.Path(), metavar="FILE",
    help="Take the answers from TREC relevance judgements.",
)  # fmt: skip
@option_format("eval", "text", "json", help="How to print the measures.")
@click.option(
    "--run-out", type=click.Path(path_type=Path), metavar="FILE",
    help="Write the passages found as a TREC run.",
)  # fmt: skip
@click.option(
    "--fail-under", multiple=True, metavar="MEASURE=VALUE",
    help="Exit 1 if the measure is worse: below VALUE, and for ECE and refused_answerable above "
    "it. May be repeated.",
)  # fmt: skip
@click.option(
    "--baseline", type=click.Path(), metavar="OLD.json",
    help="Exit 1 if a question does worse than in this earlier output of --format json.",
)  # fmt: skip
@options_rerank
@option_quiet
def eval_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Measure how well the index answers the questions in QUESTIONS (- for standard input).

    Each line is a JSON object with the question and where it is answered; an empty list says that
    the corpus cannot answer it.

    \b
      {"question": "Who signs?", "answers": [{"file": "a.md", "paragraph": 3}]}
      {"question": "Who pays?", "answers": [{"file": "a.md", "text": "A pays"}]}
      {"question": "Is there a cat?", "answers": []}

    \b
      askdocs eval questions.jsonl --fail-under hit@5=0.9
      askdocs eval questions.jsonl --format json > old.json
      askdocs eval questions.jsonl --baseline old.json
    """
    from askdocs.cli.evaluating import run_evaluation

    return run_evaluation(config.existing_index(index), quiet=quiet, **wanted)
