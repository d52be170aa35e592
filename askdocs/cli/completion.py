"""Completion in a shell."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ZshComplete

from askdocs.cli.output import write
from askdocs.errors import AskdocsError, ExitStatus
from askdocs.places import existing_index
from askdocs.terminal import make_safe

if TYPE_CHECKING:
    from collections.abc import Mapping


_VARIABLE = "_ASKDOCS_COMPLETE"
_SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


def completion_script(shell: str) -> str:
    """The script for bash, zsh or fish that asks askdocs what to complete."""
    from askdocs.cli.main import cli

    return _SHELLS[shell](cli, {}, "askdocs", _VARIABLE).source()


def citations(context: click.Context, typed: str) -> list[CompletionItem]:
    """How a citation can go on; nothing where that cannot be told."""
    from askdocs.index.generation import open_generation

    named = context.params.get("index")
    try:
        index = existing_index(Path(named) if named else None)
        documents = open_generation(index, with_documents=True).documents
    except (AskdocsError, OSError):
        return []
    citable = {
        # A line end in a name would end the shell's line, too.
        path: record.paragraphs
        for path, record in documents.items()
        if record.paragraphs and make_safe(path) == path
    }
    return [CompletionItem(_as_typed(one)) for one in continuations(typed, citable)]


def _as_typed(citation: str) -> str:
    """With backslashes for bash, which adds none of itself, as zsh and fish do.

    Two for each, because `read` in Click's script takes one away.
    """
    if os.environ.get(_VARIABLE) != "bash_complete":
        return citation
    return re.sub(r"([^\w@%+=:,./#-])", r"\\\\\1", citation)


def continuations(typed: str, documents: Mapping[str, int]) -> list[str]:
    """The next step of a citation: a folder, a document up to `#p`, or its paragraphs.

    A step that leaves no choice is taken, so that a shell does not end the word behind it.

    Args:
        typed: What there is of it.
        documents: How many paragraphs the document of each path has.
    """
    path, mark, _ = typed.rpartition("#p")
    if mark and path in documents:
        numbers = range(1, documents[path] + 1)
        return [cited for number in numbers if (cited := f"{path}#p{number}").startswith(typed)]
    while True:
        steps = sorted({_step(one, len(typed)) for one in documents if one.startswith(typed)})
        if len(steps) != 1:
            return steps
        (typed,) = steps
        if typed.endswith("#p"):
            return continuations(typed, documents)


def _step(path: str, length: int) -> str:
    """A path up to the end of the folder in which it goes on, or with the mark behind it."""
    folder, slash, _ = path[length:].partition("/")
    return f"{path[:length]}{folder}/" if slash else f"{path}#p"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> int:
    """Print a script that completes commands, options, values, paths and citations in SHELL.

    The shell's start-up file runs it:

    \b
      eval "$(askdocs completion bash)"            # in ~/.bashrc
      eval "$(askdocs completion zsh)"             # in ~/.zshrc
      askdocs completion fish | source             # in config.fish
    """
    write(completion_script(shell))
    return ExitStatus.DONE
