"""What was found to be wrong with an index, for a reader."""

from askdocs.datamodel import RepairReport
from askdocs.render.kinds import changes_of, count_kinds
from askdocs.render.style import count_of
from askdocs.terminal import make_safe


def render_repair(report: RepairReport) -> str:
    """What was wrong, each on a line of its own, and what was done about it on the last one."""
    if not report.damaged:
        summary = f"sound: {report.index}, {count_of(report.documents, 'document')}"
        return f"{make_safe(summary)}\n"
    lines = [f"damaged  {one.path} {one.reason}" for one in report.damaged]
    done = "repaired" if report.is_done else "can be repaired"
    parts = [f"{done}: {report.index}, {count_of(report.documents, 'document')}"]
    parts += count_kinds(changes_of(report))
    if report.report is not None:
        parts.append(f"{count_of(report.report.embedded, 'sentence')} embedded")
        parts[-1] += f" in {report.report.seconds:.1f} s"
    return "".join(f"{make_safe(line)}\n" for line in [*lines, ", ".join(parts)])
