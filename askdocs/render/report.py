"""What indexing did, for a reader."""

from collections.abc import Mapping

from askdocs.datamodel import IndexPreview, IndexReport
from askdocs.render.kinds import changes_of, count_kinds
from askdocs.render.style import count_of
from askdocs.terminal import make_safe

_MANY = 10


def render_report(report: IndexReport) -> str:
    """What indexing did, on one line; what was skipped on lines of its own."""
    held = (
        f"{count_of(report.documents, 'document')}, {count_of(report.passages, 'passage')}, "
        f"{count_of(report.sentences, 'sentence')}"
    )
    left_out = _left_out(report.skipped, report.failed)
    if report.is_unchanged:
        summary = ", ".join([f"nothing has changed: {held}", *left_out])
    else:
        parts = [f"indexed {held}", f"{report.embedded} embedded", *left_out]
        summary = f"{', '.join(parts)} in {report.seconds:.1f} s"
    return "\n".join([*_reasons("skipped", report.skipped), make_safe(summary), ""])


def render_refresh(report: IndexReport) -> str:
    """What a refresh changed, on one line; empty where that is nothing."""
    if report.is_unchanged:
        return ""
    parts = [
        f"indexed {count_of(report.documents, 'document')}",
        *count_kinds(changes_of(report)),
        f"{report.embedded} embedded",
        *_left_out(report.skipped, report.failed),
    ]
    return f"{', '.join(parts)} in {report.seconds:.1f} s\n"


def render_preview(preview: IndexPreview) -> str:
    """What indexing would do: the counts, then every path on a line of its own."""
    if preview.is_unchanged:
        summary = ["nothing would change", *_left_out(preview.skipped, preview.failed)]
        return f"{', '.join(summary)}: {count_of(preview.documents, 'document')}\n"
    changes = changes_of(preview)
    parts = [
        f"would index {count_of(preview.documents, 'document')}",
        *count_kinds(changes),
        *_left_out(preview.skipped, preview.failed),
        f"{preview.cut} to cut",
        f"at least {count_of(preview.sentences, 'sentence')} to embed",
    ]
    lines = [f"{kind:<8}  {path}" for kind, found in changes.items() for path in found]
    for kind, reasons in (("skipped", preview.skipped), ("failed", preview.failed)):
        lines += [f"{kind:<8}  {path}: {reason}" for path, reason in sorted(reasons.items())]
    return "".join(f"{make_safe(line)}\n" for line in [", ".join(parts), *lines])


def render_failures(report: IndexReport) -> list[str]:
    """A line for each document that failed; of many, the first ten."""
    return _reasons("failed", report.failed)


def render_faults(reasons: Mapping[str, str]) -> list[str]:
    """A line for every file that keeps a strict run from going on."""
    return [make_safe(f"{path}: {reason}") for path, reason in sorted(reasons.items())]


def _left_out(skipped: Mapping[str, str], failed: Mapping[str, str]) -> list[str]:
    return count_kinds({"skipped": skipped, "failed": failed})


def _reasons(kind: str, found: Mapping[str, str]) -> list[str]:
    lines = [f"{kind} {path}: {reason}" for path, reason in sorted(found.items())]
    if len(lines) > _MANY:
        rest = f"{kind} {len(lines) - _MANY} more; askdocs status --documents lists them"
        lines = [*lines[:_MANY], rest]
    return [make_safe(line) for line in lines]
