"""What a command says where only a part of askdocs' dependencies is installed."""

from __future__ import annotations

from typing import Any

import click

from askdocs.errors import ModelError, UsageError


class Commands(click.Group):
    """Commands of which some need more than click and pathspec.

    `check` and `status` do not: in CI they run after `pip install --no-deps`. The others end there
    with what is missing, and not with a traceback.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was typed.

        Raises:
            UsageError: It needs a package that is not installed.
        """
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            package = (error.name or "askdocs").partition(".")[0]
            if package == "askdocs":
                raise
            raise _incomplete(ctx, package) from error
        except ModelError as error:
            # Without the package of the model, `index` gets no further than this.
            if not isinstance(error.__cause__, ModuleNotFoundError):
                raise
            raise _incomplete(ctx, str(error.__cause__.name)) from error


def _incomplete(context: click.Context, package: str) -> UsageError:
    command = context.invoked_subcommand
    message = f"{command} needs the package {package}, which is not installed here"
    return UsageError(message, hint="pip install askdocs, without --no-deps")
