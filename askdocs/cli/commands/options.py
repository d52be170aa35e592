"""Options that several commands have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from askdocs import config

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

CONFIGURATION = "askdocs.configuration"
"""What a context's `meta` calls the file that was read, with its settings."""


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


def option_config(command: click.Command) -> click.Command:
    """The configuration file, in every command that has options to set."""
    # Eager, so that it is read before the options that it sets, and after --help.
    return click.option(
        "--config", type=click.Path(path_type=Path), metavar="FILE", envvar="ASKDOCS_CONFIG",
        is_eager=True, expose_value=False, callback=_configure,
        help="The configuration file.  [default: the nearest askdocs.toml or pyproject.toml]",
    )(command)  # fmt: skip


def option_color(command: click.Command) -> click.Command:
    """When to use colour, in every command that prints for a reader."""
    return click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto",
        show_default=True, envvar="ASKDOCS_COLOR", expose_value=False, callback=_color,
        help="Use colour; auto does on a terminal.",
    )(command)  # fmt: skip


def variable_of(context: click.Context, option: click.Parameter) -> str:
    """The environment variable that gives an option its value."""
    named = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    named.append(f"{context.auto_envvar_prefix}_{str(option.name).upper()}")
    return next((name for name in named if os.environ.get(name)), named[0])


def complete_citation(
    context: click.Context, _argument: click.Parameter, typed: str
) -> list[CompletionItem]:
    """What a shell completes where a citation is typed."""
    from askdocs.cli.completing import citations

    return citations(context, typed)


def _configure(context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    """Let what the file says be the defaults of the command."""
    found = config.named_configuration(path) if path else config.find_configuration(Path())
    group = context.find_root().command
    if found is None or not isinstance(group, click.Group):
        return
    from askdocs.cli.configuring import options_of, read_settings

    settings = read_settings(found, group.commands)
    options = options_of(context.command)
    context.meta[CONFIGURATION] = found, settings
    context.default_map = {
        str(options[key].name): setting.value
        for (name, key), setting in settings.items()
        if name == context.info_name
    }


def _color(context: click.Context, _option: click.Parameter, when: str) -> None:
    """Let Click's own setting say it."""
    context.color = {"always": True, "never": False}.get(when)
