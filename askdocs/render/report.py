"""What indexing did, for a reader."""

from collections.abc import Mapping

from askdocs.datamodel import IndexReport
from askdocs.render.style import count_of
from askdocs.terminal import make_safe

_MANY = 10


def render_report(report: IndexReport) -> str:
    """What indexing did, on one line; what was skipped on lines of its own."""
    held = (
        f"{count_of(report.documents, 'document')}, {count_of(report.passages, 'passage')}, "
        f"{count_of(report.sentences, 'sentence')}"
    )
    left_out = [
        f"{len(found)} {kind}"
        for kind, found in (("skipped", report.skipped), ("failed", report.failed))
        if found
    ]
    if report.is_unchanged:
        summary = ", ".join([f"nothing has changed: {held}", *left_out])
    else:
        parts = [f"indexed {held}", f"{report.embedded} embedded", *left_out]
        summary = f"{', '.join(parts)} in {report.seconds:.1f} s"
    return "\n".join([*_reasons("skipped", report.skipped), make_safe(summary), ""])


def render_failures(report: IndexReport) -> list[str]:
    """A line for each document that failed; of many, the first ten."""
    return _reasons("failed", report.failed)


def _reasons(kind: str, found: Mapping[str, str]) -> list[str]:
    lines = [f"{kind} {path}: {reason}" for path, reason in sorted(found.items())]
    if len(lines) > _MANY:
        rest = f"{kind} {len(lines) - _MANY} more; askdocs status --documents lists them"
        lines = [*lines[:_MANY], rest]
    return [make_safe(line) for line in lines]
