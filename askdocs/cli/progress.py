"""The progress bar of indexing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from askdocs.indexing.build import Progress


class _Bar(Progress):
    """A bar on standard error, drawn by click; it appears with the first byte to index."""

    def __init__(self) -> None:
        self._bar: Any = None

    def start(self, total: int) -> None:
        """Draw the empty bar."""
        if total:
            self._bar = click.progressbar(
                length=total, label="embedding", file=sys.stderr, show_pos=False
            ).__enter__()

    def advance(self, count: int) -> None:
        """Fill some of it."""
        if self._bar is not None:
            self._bar.update(count)

    def finish(self) -> None:
        """Leave the line."""
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """Show a bar if standard error is a terminal, otherwise nothing."""
    shown = not quiet and sys.stderr is not None and sys.stderr.isatty()
    progress = _Bar() if shown else Progress()
    try:
        yield progress
    finally:
        progress.finish()
