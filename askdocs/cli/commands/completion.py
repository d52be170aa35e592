"""The command that lets a shell complete what is typed."""

from __future__ import annotations

import click

from askdocs.cli.output import write
from askdocs.errors import ExitStatus


@click.command("completion", short_help="Print a script for completion in a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> int:
    """Print a script that completes commands, options, values, paths and citations in SHELL.

    The shell's start-up file runs it:

    \b
      eval "$(askdocs completion bash)"            # in ~/.bashrc
      eval "$(askdocs completion zsh)"             # in ~/.zshrc
      askdocs completion fish | source             # in config.fish
    """
    from askdocs.cli.completing import completion_script

    write(completion_script(shell))
    return ExitStatus.DONE
