"""What `check` does between its options and its output."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from askdocs.cli.output import style, write
from askdocs.errors import REPAIR, DamagedIndexError, ExitStatus
from askdocs.freshness import WantedSettings, check_freshness
from askdocs.render.freshness import (
    render_annotations,
    render_freshness,
    render_freshness_json,
    render_junit,
    summarise,
)

if TYPE_CHECKING:
    from pathlib import Path

    from askdocs.datamodel import Freshness


def check(
    directory: Path,
    *,
    form: str,
    deep: bool,
    model: str | None,
    max_tokens: int | None,
    quiet: bool,
) -> int:
    """Compare, and print how the corpus differs from the index.

    Raises:
        DamagedIndexError: Files of the index are not what was written; they have been printed.
    """
    wanted = WantedSettings(model=model, max_tokens=max_tokens)
    freshness = check_freshness(directory, wanted=wanted, deep=deep)
    if form != "text" or not quiet:
        write(_rendered(freshness, form, directory))
    if freshness.damaged:
        raise DamagedIndexError(f"{directory} is {summarise(freshness)}", hint=REPAIR)
    return ExitStatus.DONE if freshness.is_fresh else ExitStatus.NO


def _rendered(freshness: Freshness, form: str, directory: Path) -> str:
    if form == "json":
        return render_freshness_json(freshness)
    if form == "github":
        folder = os.path.relpath(directory.resolve().parent).replace(os.sep, "/")
        return render_annotations(freshness, folder=folder)
    if form == "junit":
        return render_junit(freshness)
    return render_freshness(freshness, style())
