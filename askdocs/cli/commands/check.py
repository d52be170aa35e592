"""The command that compares an index with its corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from askdocs import config
from askdocs.cli.commands.options import (
    option_format,
    option_index,
    option_max_tokens,
    option_quiet,
)


@click.command("check", short_help="Say whether the index is fresh.")
@option_index
@option_format(
    "check", "text", "json", "github", "junit",
    help="How to print the differences; github makes annotations in GitHub Actions.",
)  # fmt: skip
@click.option("--deep", is_flag=True, help="Verify every byte of the index first.")
@click.option(
    "--model", metavar="NAME_OR_PATH", envvar=["ASKDOCS_CHECK_MODEL", "ASKDOCS_INDEX_MODEL"],
    help="The model that the index shall be made with.  [default: the recorded one]",
)  # fmt: skip
@option_max_tokens(
    envvar=["ASKDOCS_CHECK_MAX_TOKENS", "ASKDOCS_INDEX_MAX_TOKENS"],
    help="The longest passage that it shall have.  [default: the recorded one]",
)
@option_quiet
def check_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Say whether the index is fresh: exit 0 if it is, 1 with the differences if not.

    Documents are compared by content, settings with those that this version would use. No model
    is needed, and nothing is written. With --deep, damaged files are named, and it exits 4.

    \b
      askdocs check || askdocs index
      askdocs check --format junit > freshness.xml
    """
    from askdocs.cli.checking import check

    return check(config.existing_index(index), quiet=quiet, **wanted)
