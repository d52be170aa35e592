"""Evaluations as text for a reader."""

from askdocs.datamodel import Evaluation, JudgedRanking
from askdocs.terminal import make_safe, one_line

_DEPTH = 5
_MANY = 10


def render_evaluation(evaluation: Evaluation) -> str:
    """A table of the measures, and the questions that no hit among the first five answers."""
    lines = [f"{'measure':<20}  {'value':>6}  questions"]
    lines += [
        f"{name:<20}  {'-' if one.value is None else f'{one.value:.4f}':>6}  {one.questions:>9}"
        for name, one in evaluation.measures.items()
    ]
    missed = [one for one in evaluation.questions if _is_missed(one)]
    if missed:
        lines += ["", f"not answered by the first {_DEPTH} hits:"]
        lines += [
            make_safe(f"{one.ranking.question.id}  {one_line(one.ranking.question.text)}")
            for one in missed[:_MANY]
        ]
    if len(missed) > _MANY:
        lines.append(f"{len(missed) - _MANY} more; --format json lists them")
    return "\n".join([*lines, ""])


def _is_missed(judged: JudgedRanking) -> bool:
    return judged.answers > 0 and not any(judged.found[:_DEPTH])
