"""What the user learns of documents that cannot be indexed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs.cli.output import hint, notify
from askdocs.documents import NOT_UTF8, NOT_UTF8_HINT
from askdocs.errors import ExitStatus
from askdocs.render.report import render_failures

if TYPE_CHECKING:
    from askdocs.datamodel import IndexReport


def report_failures(report: IndexReport) -> ExitStatus:
    """Name each document that failed, and what helps; the exit status that stands for it."""
    for line in render_failures(report):
        notify(line)
    if NOT_UTF8 in report.failed.values():
        hint(NOT_UTF8_HINT)
    return ExitStatus.SOME_FAILED if report.failed else ExitStatus.DONE
