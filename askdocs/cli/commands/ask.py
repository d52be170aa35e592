"""The command that answers questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askdocs import config
from askdocs.cli.commands.options import option_index, option_mode, option_quiet, options_rerank


@click.command("ask", short_help="Print the passages that answer a question.")
@click.argument("question", nargs=-1)
@option_index
@click.option(
    "-k", "--top-k", type=click.IntRange(min=1), default=5, show_default=True, metavar="N",
    help="How many passages to print at most.",
)  # fmt: skip
@click.option(
    "--format", "form", envvar="ASKDOCS_ASK_FORMAT",
    type=click.Choice(["text", "json", "jsonl"]), default="text",
    show_default=True, help="How to print them.",
)  # fmt: skip
@click.option(
    "--questions",
    metavar="FILE",
    help="Ask every line of FILE (- for standard input): plain text, or JSON objects with "
    "question and id.",
)
@option_mode
@click.option(
    "--min-score", type=click.FloatRange(0, 1), metavar="S",
    help="Leave out passages that score less.  [default: 0.26 hybrid, 0.45 dense, 0.20 lexical]",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Print what makes each score.")
@options_rerank
@option_quiet
def ask_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Print the passages that answer QUESTION, best first, each with its citation.

    Words that are not quoted are joined. The score is between 0 and 1; the status says whether
    the citation holds in the file as it is now: verified, moved or gone.

    \b
      askdocs ask "What did Rasmussen request from the Kremlin?"
      askdocs ask --questions questions.txt --format jsonl
    """
    from askdocs.cli.asking import ask

    return ask(config.existing_index(index), quiet=quiet, **wanted)
