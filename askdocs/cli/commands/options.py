"""Options that several commands have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from askdocs import config
from askdocs.cli.output import remember_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    _Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_EMPTY = "it is empty"

CONFIGURATION = "askdocs.configuration"
"""What a context's `meta` calls the file that was read, with its settings."""


def option_index(command: Callable[..., Any]) -> Callable[..., Any]:
    """The index directory, in every command."""
    return click.option(
        "--index",
        type=Directory(path_type=Path),
        metavar="DIR",
        envvar="ASKDOCS_INDEX",
        callback=_remember_index,
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


def option_format(command: str, *formats: str, help: str) -> _Decorator:  # noqa: A002 - Click's word
    """How a command prints; the first of its formats is the default.

    Args:
        command: Its name, of which the environment variable is made.
        formats: What may be given.
        help: What the help says of them.
    """
    return click.option(
        "--format", "form", envvar=f"ASKDOCS_{command.upper()}_FORMAT",
        type=click.Choice(formats), default=formats[0], show_default=True, help=help,
    )  # fmt: skip


def option_top_k(default: int, *, help: str) -> _Decorator:  # noqa: A002 - the same
    """How many passages a command takes."""
    return click.option(
        "-k", "--top-k", type=click.IntRange(min=1), default=default, show_default=True,
        metavar="N", help=help,
    )  # fmt: skip


def option_max_tokens(*, help: str, envvar: list[str] | None = None) -> _Decorator:  # noqa: A002 - the same
    """How long a passage may be."""
    return click.option(
        "--max-tokens", type=click.IntRange(16, 2000), metavar="N", envvar=envvar, help=help
    )


def option_questions(*, is_required: bool) -> _Decorator:
    """A file of questions without answers."""
    return click.option(
        "--questions", required=is_required, type=click.Path(allow_dash=True), metavar="FILE",
        help="Ask every line of FILE (- for standard input): plain text, or JSON objects with "
        "question and id.",
    )  # fmt: skip


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


class NonEmptyText(click.types.StringParamType):
    """A text that says something."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse an empty one."""
        return str(super().convert(value, param, ctx)) or self.fail(_EMPTY, param, ctx)


class Directory(click.Path):
    """A directory; an empty name, as of a variable that is not set, is not the current one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty one."""
        return super().convert(value or self.fail(_EMPTY, param, ctx), param, ctx)


def _remember_index(
    context: click.Context, option: click.Parameter, directory: Path | None
) -> Path | None:
    """Let hints name the index of the flag; that of the environment or a file holds anyway."""
    source = context.get_parameter_source(str(option.name))
    if directory is not None and source == ParameterSource.COMMANDLINE:
        remember_index(directory)
    return directory


def _configure(context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    """Let what the file says be the defaults of the command."""
    found = config.named_configuration(path) if path else config.find_configuration(Path())
    group = context.find_root().command
    if found is None or not isinstance(group, click.Group):
        return
    from askdocs.cli.configuring import defaults_of, read_settings

    settings = read_settings(found, group.commands)
    context.meta[CONFIGURATION] = found, settings
    context.default_map = defaults_of(context.command, str(context.info_name), settings)


def _color(context: click.Context, _option: click.Parameter, when: str) -> None:
    """Let Click's own setting say it."""
    context.color = {"always": True, "never": False}.get(when)
