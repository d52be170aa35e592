"""Options that several commands have."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from askdocs.cli.output import remember_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    _Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

if TYPE_CHECKING:
    _ParamType = click.ParamType[int]
else:
    _ParamType = click.ParamType

# Python refuses to read a number of thousands of digits, and no file has as many bytes.
_SIZE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))? *(?:([kmgt])(i?)b?|b)?", re.IGNORECASE)
_WANTED = "is no size: a number of bytes, or one such as 500kB, 1.5M or 2GiB"


class ByteSize(_ParamType):
    """A number of bytes, 1 at least, given with or without a unit.

    With an i, as in KiB, a unit is a power of 1,024; without, as in kB or k, of 1,000.
    """

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Count the bytes."""
        found = _SIZE.fullmatch(str(value).strip())
        size = _count(found) if found else 0
        return size or self.fail(f"{str(value)!r} {_WANTED}", param, ctx)


def _count(found: re.Match[str]) -> int:
    """The bytes of a size; what is less than one does not count."""
    whole, decimals, unit, is_binary = found.groups(default="")
    factor = (1024 if is_binary else 1000) ** " kmgt".index(unit.lower() or " ")
    return int(int(whole + decimals) * factor // 10 ** len(decimals))


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


def variable_of(context: click.Context, option: click.Parameter) -> str:
    """The environment variable that gives an option its value."""
    named = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    named.append(f"{context.auto_envvar_prefix}_{str(option.name).upper()}")
    return next((name for name in named if os.environ.get(name)), named[0])


def complete_citation(
    context: click.Context, _argument: click.Parameter, typed: str
) -> list[CompletionItem]:
    """What a shell completes where a citation is typed."""
    from askdocs.cli.completion import citations

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
