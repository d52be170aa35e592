"""Options that several commands share, and the types of their values."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from askdocs.cli.output import remember_index

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

# Python refuses to read a number of thousands of digits, and no file has as many bytes.
_SIZE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))? *(?:([kmgt])(i?)b?|b)?", re.IGNORECASE)
# Click's words; where a number has a least and a most value, it adds "range".
_NOT_AN_INTEGER = re.compile(r"is not a valid integer(?: range)?(?=\.?$)")


class ByteSize(click.types.IntParamType):
    """A number of bytes, at least 1, with or without a unit.

    With an i, as in KiB, a unit is a power of 1,024; without it, as in kB or k, of 1,000.
    """

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes; a fraction of a byte does not count."""
        size = 0
        if match := _SIZE.fullmatch(str(value).strip()):
            whole, decimals, unit, is_binary = match.groups(default="")
            factor = (1024 if is_binary else 1000) ** " kmgt".index(unit.lower() or " ")
            size = int(whole + decimals) * factor // 10 ** len(decimals)
        examples = "500kB, 1.5M or 2GiB"
        message = f"{str(value)!r} is not a size: a number of bytes, or one such as {examples}"
        return size or self.fail(message, param, ctx)


class NonEmptyText(click.types.StringParamType):
    """A text that is not empty."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse an empty text."""
        return str(super().convert(value, param, ctx)) or self.fail("it is empty", param, ctx)


class Directory(click.Path):
    """A directory; an empty name, as of an unset variable, does not mean the current one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty name."""
        return super().convert(value or self.fail("it is empty", param, ctx), param, ctx)


def _remember_index(
    context: click.Context, option: click.Parameter, directory: Path | None
) -> Path | None:
    """Make hints name the index that --index names; one set elsewhere holds for them anyway."""
    source = context.get_parameter_source(str(option.name))
    if directory is not None and source == ParameterSource.COMMANDLINE:
        remember_index(directory)
    return directory


option_index = click.option(
    "--index", type=Directory(path_type=Path), metavar="DIR", envvar="ASKDOCS_INDEX",
    callback=_remember_index,
    help="The index directory.  [default: the nearest vectors/ here or above]",
)  # fmt: skip
option_quiet = click.option("-q", "--quiet", is_flag=True, help="Print results and errors only.")
option_mode = click.option(
    "--mode", type=click.Choice(["hybrid", "dense", "lexical"]), default="hybrid",
    show_default=True, help="What to rank by: meaning and words, meaning, or words.",
)  # fmt: skip


def option_format(command: str, help_text: str, *formats: str) -> _Decorator:
    """Add --format, one of `formats`; the first is the default.

    The command's name makes the environment variable.
    """
    return click.option(
        "--format", "form", envvar=f"ASKDOCS_{command.upper()}_FORMAT",
        type=click.Choice(formats), default=formats[0], show_default=True, help=help_text,
    )  # fmt: skip


def option_count(help_text: str, *names: str, **attributes: Any) -> _Decorator:
    """Add an option that takes a whole number, at least 1."""
    kind = click.IntRange(min=1)
    return click.option(*names, type=kind, metavar="N", help=help_text, **attributes)


def option_top_k(default: int, help_text: str) -> _Decorator:
    """Add --top-k, how many passages a command takes."""
    return option_count(help_text, "-k", "--top-k", default=default, show_default=True)


def option_max_tokens(help_text: str, envvar: list[str] | None = None) -> _Decorator:
    """Add --max-tokens, how long a passage may be."""
    kind = click.IntRange(16, 2000)
    return click.option("--max-tokens", type=kind, metavar="N", envvar=envvar, help=help_text)


def option_questions(*, is_required: bool) -> _Decorator:
    """Add --questions, a file of questions without answers."""
    return click.option(
        "--questions", required=is_required, type=click.Path(allow_dash=True), metavar="FILE",
        help="Ask every line of FILE (- for standard input): plain text, or JSON objects with "
        "question and id.",
    )  # fmt: skip


def options_rerank(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --rerank and --online, a model that reranks the best passages."""
    rerank = click.option(
        "--rerank", metavar="NAME_OR_PATH",
        help="Rerank the top 50 passages with a sentence-transformers CrossEncoder.",
    )  # fmt: skip
    online = click.option("--online", is_flag=True, help="Let that model be downloaded.")
    return rerank(online(command))


def variable_of(context: click.Context, option: click.Parameter) -> str:
    """Return the environment variable that sets an option."""
    named = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    named.append(f"{context.auto_envvar_prefix}_{str(option.name).upper()}")
    return next((name for name in named if os.environ.get(name)), named[0])


def in_plain_words(message: str) -> str:
    """Return a library's message in our form: one line, lower case at the start, no full stop."""
    line = _NOT_AN_INTEGER.sub("is not a whole number", " ".join(message.split()))
    return line[:1].lower() + line[1:].removesuffix(".")
