"""The `check` command: compare an index with its corpus."""

import os
from pathlib import Path

import click

from askdocs.cli import parameters
from askdocs.cli.output import style, write
from askdocs.errors import REPAIR, DamagedIndexError, ExitStatus
from askdocs.records.reports import Freshness


@click.command("check")
@parameters.option_index
@parameters.option_format("check",
                          "How to print the differences; github makes annotations in GitHub "
                          "Actions.", "text", "json", "github", "junit")  # fmt: skip
@click.option("--deep", is_flag=True, help="Verify every byte of the index first.")
@click.option(
    "--model", metavar="NAME_OR_PATH", envvar=["ASKDOCS_CHECK_MODEL", "ASKDOCS_INDEX_MODEL"],
    help="The model that the index should be made with.  [default: the recorded one]",
)  # fmt: skip
@parameters.option_max_tokens(
    "The longest passage it should have.  [default: the recorded one]",
    envvar=["ASKDOCS_CHECK_MAX_TOKENS", "ASKDOCS_INDEX_MAX_TOKENS"],
)
@parameters.option_quiet
@click.pass_context
def check_command(
    context: click.Context, index: Path | None, form: str, deep: bool, model: str | None,
    max_tokens: int | None, quiet: bool,
) -> int:  # fmt: skip
    """Say whether the index is fresh: exit 0 if it is, 1 with the differences if not.

    Documents are compared by content, settings with those that this version would use. No model
    is needed, and nothing is written. With --deep, damaged files are named and the exit status is
    4.

    \b
      askdocs check || askdocs index
      askdocs check --format junit > freshness.xml
    """
    from askdocs.cli.config import corpus_settings_in_force
    from askdocs.freshness import WantedSettings, check_freshness
    from askdocs.places import existing_index
    from askdocs.render.check_report import summarise

    directory = existing_index(index)
    corpus = corpus_settings_in_force(context)
    wanted = WantedSettings(model=model, max_tokens=max_tokens, corpus=corpus)
    freshness = check_freshness(directory, wanted=wanted, deep=deep)
    if form != "text" or not quiet:
        write(_render(freshness, form, directory))
    if freshness.damaged:
        raise DamagedIndexError(f"{directory} is {summarise(freshness)}", hint=REPAIR)
    return ExitStatus.DONE if freshness.is_fresh else ExitStatus.NO


def _render(freshness: Freshness, form: str, directory: Path) -> str:
    from askdocs.render import check_report

    if form == "json":
        return check_report.render_freshness_json(freshness)
    if form == "github":
        folder = os.path.relpath(directory.resolve().parent).replace(os.sep, "/")
        return check_report.render_annotations(freshness, folder=folder)
    if form == "junit":
        return check_report.render_junit(freshness)
    return check_report.render_freshness(freshness, style())
