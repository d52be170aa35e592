"""Ask an index every question and measure what it finds."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from askdocs.datamodel import Evaluation, JudgedRanking, Measurement
from askdocs.errors import UsageError
from askdocs.evaluation.judging import Answer, Judge
from askdocs.measures import (
    expected_calibration_error,
    hit_at,
    ndcg_at,
    newly_found,
    recall_at,
    reciprocal_rank,
    share,
)
from askdocs.search import TOGETHER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from askdocs.datamodel import Mode, Ranking
    from askdocs.embedding import Reranker
    from askdocs.evaluation.questions import JudgedQuestion
    from askdocs.search import Index

DEPTH = 10
"""How many hits the measures need at least."""

MEASURES = (
    "hit@1",
    "hit@5",
    "RR@10",
    "nDCG@10",
    "R@10",
    "refused_answerable",
    "refused_unanswerable",
    "ECE",
)
"""The names of all measures, in the order in which they are reported."""

LOWER_IS_BETTER = frozenset({"refused_answerable", "ECE"})
"""The measures that should be low; all others should be high."""


def evaluate(
    index: Index,
    questions: Sequence[JudgedQuestion],
    *,
    mode: Mode | str,
    top_k: int = DEPTH,
    reranker: Reranker | None = None,
) -> Evaluation:
    """Ask every question and compare the hits with its answers.

    Hits below the bar count as well; whether a question counts as refused follows from the mode's
    own bar. All answers are looked up before the first question is asked.

    Args:
        index: Open.
        questions: At least one, each judged.
        mode: Which signals make the score: hybrid, dense or lexical.
        top_k: How many hits to look through; fewer than 10 count as 10.
        reranker: Orders the hits anew; None for the order of the scores.

    Raises:
        UsageError: A question is not judged, or an answer is not in the index.
    """
    with Judge(index) as judge:
        answers = [_looked_up(one, judge) for one in questions]
    rankings = index.ask_all(
        (one.question for one in questions),
        top_k=max(DEPTH, top_k),
        mode=mode,
        min_score=0,
        reranker=reranker,
        together=TOGETHER,
    )
    judged = tuple(_judged(*pair) for pair in zip(rankings, answers, strict=True))
    return Evaluation(measures=_measured(judged), questions=judged)


def _looked_up(judged: JudgedQuestion, judge: Judge) -> list[Answer]:
    name = f"question {judged.question.id}"
    if judged.answers is None:
        raise UsageError(f'{name} has no "answers"', hint='"answers": [] where there is none')
    try:
        return [judge.look_up(answer) for answer in judged.answers]
    except UsageError as error:
        raise UsageError(f"{name}: {error}", hint=error.hint) from error


def _judged(ranking: Ranking, answers: Sequence[Answer]) -> JudgedRanking:
    shown = [
        [number for number, answer in enumerate(answers) if answer.is_shown_by(hit)]
        for hit in ranking.hits
    ]
    return JudgedRanking(ranking=ranking, answers=len(answers), found=tuple(newly_found(shown)))


def _measured(judged: Sequence[JudgedRanking]) -> dict[str, Measurement]:
    """Every measure by its name, in the order of `MEASURES`."""
    answerable = [one for one in judged if one.answers]
    unanswerable = [one for one in judged if not one.answers]

    def mean(measure: Callable[[JudgedRanking], float]) -> Measurement:
        values = [measure(one) for one in answerable]
        return _measurement(len(values), lambda: fsum(values) / len(values))

    def refused(among: Sequence[JudgedRanking]) -> Measurement:
        return _measurement(len(among), lambda: share([not one.ranking.answered for one in among]))

    return {
        "hit@1": mean(lambda one: hit_at(one.found, 1)),
        "hit@5": mean(lambda one: hit_at(one.found, 5)),
        "RR@10": mean(lambda one: reciprocal_rank(one.found, 10)),
        "nDCG@10": mean(lambda one: ndcg_at(one.found, one.answers, 10)),
        "R@10": mean(lambda one: recall_at(one.found, one.answers, 10)),
        "refused_answerable": refused(answerable),
        "refused_unanswerable": refused(unanswerable),
        "ECE": _measurement(len(judged), lambda: _calibration_error(judged)),
    }


def _calibration_error(judged: Sequence[JudgedRanking]) -> float:
    return expected_calibration_error(
        [one.score for one in judged], [one.first_relevant == 1 for one in judged]
    )


def _measurement(questions: int, value: Callable[[], float]) -> Measurement:
    return Measurement(value=value() if questions else None, questions=questions)
