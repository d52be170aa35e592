"""Open what answers questions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs import config
from askdocs.cli.output import notifier
from askdocs.embedding import open_reranker
from askdocs.errors import UsageError
from askdocs.search import Index

if TYPE_CHECKING:
    from askdocs.embedding import Reranker


def open_index(directory: Path, *, quiet: bool) -> Index:
    """An index to ask, with the user's cache; for errors see `Index`."""
    spare_processors()
    return Index(directory, cache=config.cache_directory(), notify=notifier(quiet=quiet))


def chosen_reranker(
    name: str | None, *, online: bool, quiet: bool, command: str
) -> Reranker | None:
    """The model that --rerank names; None where there is no such option.

    Raises:
        UsageError: --online is given without it.
    """
    if name is None and online:
        raise UsageError("--online is for --rerank", hint=f"askdocs {command} --help")
    if name is None:
        return None
    spare_processors()
    return open_reranker(name, base=Path.cwd(), online=online, notify=notifier(quiet=quiet))


def spare_processors() -> None:
    """Have NumPy start no threads of its own, unless the environment says how many.

    Those of its BLAS wait by spinning, and take the processors from the model. Counts only before
    NumPy is imported.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
