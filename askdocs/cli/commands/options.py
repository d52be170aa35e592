"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def option_index(command: Callable[..., Any]) -> Callable[..., Any]:
    """The index directory, in every command."""
    return click.option(
        "--index",
        type=click.Path(path_type=Path),
        metavar="DIR",
        envvar="ASKDOCS_INDEX",
        help="The index directory.  [default: the nearest vectors/ here or above]",
    )(command)


def option_quiet(command: Callable[..., Any]) -> Callable[..., Any]:
    """Results and errors only, in every command."""
    return click.option("-q", "--quiet", is_flag=True, help="Print results and errors only.")(
        command
    )


def option_mode(command: Callable[..., Any]) -> Callable[..., Any]:
    """What to rank by."""
    return click.option(
        "--mode", type=click.Choice(["hybrid", "dense", "lexical"]), default="hybrid",
        show_default=True, help="What to rank by: meaning and words, meaning, or words.",
    )(command)  # fmt: skip


def options_rerank(command: Callable[..., Any]) -> Callable[..., Any]:
    """A model that orders the best passages anew."""
    rerank = click.option(
        "--rerank", metavar="NAME_OR_PATH",
        help="Order the best 50 passages anew, with a sentence-transformers CrossEncoder.",
    )  # fmt: skip
    online = click.option("--online", is_flag=True, help="Let that model be downloaded.")
    return rerank(online(command))
