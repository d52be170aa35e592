"""Evaluations as text for a reader, or for tools that read TREC runs."""

import re
from collections.abc import Iterator

from askdocs.datamodel import Evaluation, JudgedRanking
from askdocs.terminal import make_safe

_DEPTH = 5
_MANY = 10
# What would break a line of a run into other fields, and what the encoding itself is made of.
_ENCODED = re.compile(r"[\s%\x00-\x1f\ud800-\udfff]")


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
            make_safe(f"{one.ranking.question.id}  {_one_line(one.ranking.question.text)}")
            for one in missed[:_MANY]
        ]
    if len(missed) > _MANY:
        lines.append(f"{len(missed) - _MANY} more; --format json lists them")
    return "\n".join([*lines, ""])


def render_run(evaluation: Evaluation) -> str:
    """The hits as a TREC run: `qid Q0 docno rank score askdocs`, a line for each.

    The docno is the hit's citation in the index; white space and percent signs in it, and in the
    question's id, are percent-encoded. The score is the one that the hits are ordered by: tools
    that read runs go by it, not by the rank.
    """
    return "".join(line for one in evaluation.questions for line in _run_lines(one))


def _run_lines(judged: JudgedRanking) -> Iterator[str]:
    name = _encoded(judged.ranking.question.id)
    for hit in judged.ranking.hits:
        place = hit.indexed or hit.place
        docno = _encoded(str(place.citation))
        score = hit.score if hit.rerank_score is None else hit.rerank_score
        yield f"{name} Q0 {docno} {hit.rank} {score:.6f} askdocs\n"


def _is_missed(judged: JudgedRanking) -> bool:
    return judged.answers > 0 and not any(judged.found[:_DEPTH])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _encoded(text: str) -> str:
    return _ENCODED.sub(
        lambda found: "".join(
            f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogateescape")
        ),
        text,
    )
