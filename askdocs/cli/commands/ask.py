"""The command that answers questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askdocs import config
from askdocs.cli.commands.options import (
    NonEmptyText,
    option_format,
    option_index,
    option_mode,
    option_questions,
    option_quiet,
    option_top_k,
    options_rerank,
)


@click.command("ask", short_help="Print the passages that answer a question.")
@click.argument("question", nargs=-1)
@option_index
@option_top_k(5, help="How many passages to print at most.")
@option_format(
    "ask", "text", "json", "jsonl", "md", "tsv", "vimgrep", "paths", "trec",
    help="How to print them.",
)  # fmt: skip
@click.option(
    "-0", "--null", is_flag=True, help="With --format paths: end each path with NUL, not a line."
)
@option_questions(is_required=False)
@click.option(
    "--path", "paths", type=NonEmptyText(), multiple=True, envvar="ASKDOCS_ASK_PATH",
    metavar="GLOB",
    help="Look only in documents whose path matches, as in .gitignore: docs/, *.md, docs/**/*.md. "
    "May be repeated.",
)  # fmt: skip
@option_mode
@click.option(
    "--min-score", type=click.FloatRange(0, 1), metavar="S",
    help="Leave out passages that score less.  [default: 0.26 hybrid, 0.45 dense, 0.20 lexical]",
)  # fmt: skip
@click.option(
    "--context", type=click.IntRange(min=0), default=0, metavar="N",
    help="Print N paragraphs before and behind each passage, too.",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Print what makes each score.")
@options_rerank
@click.option("--require-fresh", is_flag=True, help="Exit 1 unless the index is fresh.")
@click.option("--refresh", is_flag=True, help="Index what has changed before asking.")
@click.option("--pager", is_flag=True, help="On a terminal, show the answers in $PAGER or less.")
@option_quiet
def ask_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Print the passages that answer QUESTION, best first, each with its citation.

    Words that are not quoted are joined; a single - is standard input. The score is between 0 and
    1; the status says whether the citation holds in the file as it is now: verified, moved or
    gone.

    \b
      askdocs ask "What did Rasmussen request from the Kremlin?"
      askdocs ask --questions questions.txt --format jsonl
      vim -q <(askdocs ask --format vimgrep "Who may sign a contract?")
    """
    from askdocs.cli.asking import ask

    return ask(config.existing_index(index), quiet=quiet, **wanted)
