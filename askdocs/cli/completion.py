"""Completion in a shell."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from askdocs.cli.output import write
from askdocs.errors import AskdocsError, ExitStatus
from askdocs.places import existing_index
from askdocs.terminal import make_safe

_VARIABLE = "_ASKDOCS_COMPLETE"


def complete_citation(
    context: click.Context, _argument: click.Parameter, typed: str
) -> list[CompletionItem]:
    """Return the next steps of a citation, or nothing if the index cannot be read."""
    from askdocs.index.generation import open_generation

    named = context.params.get("index")
    try:
        index = existing_index(Path(named) if named else None)
        documents = open_generation(index, with_documents=True).documents
    except (AskdocsError, OSError):
        return []
    paragraphs = {
        path: record.paragraphs
        for path, record in documents.items()
        # A line end in a path would end the shell's line too.
        if record.paragraphs and make_safe(path) == path
    }
    return [CompletionItem(_quoted(step)) for step in continuations(typed, paragraphs)]


def continuations(typed: str, documents: Mapping[str, int]) -> list[str]:
    """Return the next steps of a citation: folders, documents up to `#p`, or paragraphs.

    A step without a choice is taken at once, so that the shell does not end the word there.
    `documents` has the number of paragraphs of each document, by path.
    """
    path, mark, _ = typed.rpartition("#p")
    if mark and path in documents:
        citations = (f"{path}#p{number}" for number in range(1, documents[path] + 1))
        return [citation for citation in citations if citation.startswith(typed)]
    while True:
        steps = sorted({_step(path, len(typed)) for path in documents if path.startswith(typed)})
        if len(steps) != 1:
            return steps
        (typed,) = steps
        if typed.endswith("#p"):
            return continuations(typed, documents)


def _step(path: str, length: int) -> str:
    """Return a path up to the next folder after `length` characters, or whole with `#p`."""
    folder, slash, _ = path[length:].partition("/")
    return f"{path[:length]}{folder}/" if slash else f"{path}#p"


def _quoted(citation: str) -> str:
    """Escape a citation for bash, which does not escape it as zsh and fish do.

    Each backslash is doubled, because `read` in Click's script takes one away.
    """
    if os.environ.get(_VARIABLE) != "bash_complete":
        return citation
    return re.sub(r"([^\w@%+=:,./#-])", r"\\\\\1", citation)


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> int:
    """Print a script that completes commands, options, values, paths and citations in SHELL.

    The shell's start-up file runs it:

    \b
      eval "$(askdocs completion bash)"            # in ~/.bashrc
      eval "$(askdocs completion zsh)"             # in ~/.zshrc
      askdocs completion fish | source             # in config.fish
    """
    complete = cast("type[ShellComplete]", get_completion_class(shell))
    write(complete(context.find_root().command, {}, "askdocs", _VARIABLE).source())
    return ExitStatus.DONE
