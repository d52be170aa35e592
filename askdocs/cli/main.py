"""The group of all commands, each imported when it is used."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import Any

import click

from askdocs import __version__
from askdocs.errors import ModelError, UsageError

# Every command with its line in the list of commands, which is printed without importing it.
_SHORT_HELP = {
    "ask": "Print the passages that answer a question.",
    "check": "Say whether the index is fresh.",
    "completion": "Print a script for completion in a shell.",
    "config": "Print the current settings and where each comes from.",
    "diff": "Show which questions get different citations from another index.",
    "eval": "Measure answers to questions of your own.",
    "index": "Build an index, or refresh it.",
    "repair": "Repair a damaged index.",
    "show": "Print the text of a citation, and say whether it is still in its file.",
    "status": "Print what the index holds.",
}
# A module called eval would hide Python's function.
_MODULES = {"eval": "evaluate"}
_STATUS_HELP = (
    "Exit status: 0 answered, fresh, done; 1 no passage answers, stale, below the bar; 2 usage; "
    "3 no index; 4 index damaged; 5 model or format cannot be used; 6 another process is writing "
    "the index; 7 a file could not be read or written; 8 done, but some documents failed."
)


class Commands(click.Group):
    """Commands that are imported when they are used.

    `check` and `status` need only click and pathspec: in CI they run after
    `pip install --no-deps`. The others name the missing package there, without a traceback.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """Return the names of all commands, sorted."""
        return list(_SHORT_HELP)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; return None for an unknown name."""
        if cmd_name in _SHORT_HELP and cmd_name not in self.commands:
            module = import_module(f"askdocs.cli.{_MODULES.get(cmd_name, cmd_name)}")
            command: click.Command = getattr(module, f"{cmd_name}_command")
            command.short_help = _SHORT_HELP[cmd_name]
            if cmd_name != "completion":
                command = _option_color(_option_config(command))
            self.add_command(command)
        if cmd_name not in _SHORT_HELP:
            # Click looks for similar names among the commands that are loaded.
            self.load_all()
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed.

        Raises:
            UsageError: It is a question.
        """
        if " " in args[0]:
            question = quote(" ".join(args))
            raise UsageError("a question needs the command ask", hint=f"askdocs ask {question}")
        return super().resolve_command(ctx, args)

    def load_all(self) -> Mapping[str, click.Command]:
        """Import every command, and return them by name in the order of the list."""
        for name in _SHORT_HELP:
            self.get_command(click.Context(self), name)
        # The command that was typed was loaded first.
        return {name: self.commands[name] for name in _SHORT_HELP}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_SHORT_HELP.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was typed.

        Raises:
            UsageError: It needs a package that is not installed.
        """
        try:
            return super().invoke(ctx)
        except (ModuleNotFoundError, ModelError) as error:
            # A ModelError may be about the package of the default model.
            cause = error.__cause__ if isinstance(error, ModelError) else error
            if not isinstance(cause, ModuleNotFoundError):
                raise
            package = (cause.name or "askdocs").partition(".")[0]
            if package == "askdocs":
                raise
            message = f"{ctx.invoked_subcommand} needs the package {package}, which is not"
            hint = "pip install askdocs, without --no-deps"
            raise UsageError(f"{message} installed here", hint=hint) from error


def _configure(context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    from askdocs.cli.config import configure

    configure(context, path)


def _color(context: click.Context, _option: click.Parameter, when: str) -> None:
    context.color = {"always": True, "never": False}.get(when)


# Eager, so that the file is read before the options that it sets, and after --help.
_option_config = click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", envvar="ASKDOCS_CONFIG",
    is_eager=True, expose_value=False, callback=_configure,
    help="The configuration file.  [default: the nearest askdocs.toml or pyproject.toml]",
)  # fmt: skip
_option_color = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
    envvar="ASKDOCS_COLOR", expose_value=False, callback=_color,
    help="Use colour; auto does on a terminal.",
)  # fmt: skip


@click.group(
    cls=Commands, epilog=_STATUS_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100,
                      "auto_envvar_prefix": "ASKDOCS"},
)  # fmt: skip
@click.version_option(__version__, message="askdocs %(version)s", allow_from_autoenv=False)
def cli() -> None:
    """Answer questions about a folder of documents with the passages that answer them.

    Every passage comes with a citation that is checked against the file when it is printed.
    askdocs retrieves and never generates.

    \b
      askdocs index docs/
      askdocs ask "Who may sign a contract?"
      askdocs check
    """
