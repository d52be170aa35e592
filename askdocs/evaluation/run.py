"""Ask an index every question, measure what it finds, and compare that with a bar or a baseline."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from askdocs.errors import UsageError
from askdocs.evaluation.judge import Answer, Judge
from askdocs.evaluation.measures import (
    expected_calibration_error,
    hit_at,
    ndcg_at,
    newly_found,
    recall_at,
    reciprocal_rank,
    share,
)
from askdocs.records.results import Evaluation, JudgedRanking, Measurement
from askdocs.search.options import TOGETHER, AskOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from askdocs.embedding.rerank import Reranker
    from askdocs.evaluation.questions import JudgedQuestion
    from askdocs.records.results import Mode, Ranking
    from askdocs.search.index import Index


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
    options = AskOptions(top_k=max(DEPTH, top_k), mode=mode, min_score=0, reranker=reranker)
    asked = (one.question for one in questions)
    rankings = index.ask_all(asked, options, together=TOGETHER)
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


_BAR_HINT = f"--fail-under hit@5=0.9, where the measure is one of {', '.join(MEASURES)}"


def read_bars(given: Iterable[str]) -> dict[str, float]:
    """Bars from `measure=value`; of two for one measure the last one holds.

    Raises:
        UsageError: There is no such measure, or the value is no number from 0 to 1.
    """
    bars: dict[str, float] = {}
    for one in given:
        name, _, text = one.partition("=")
        try:
            value = float(text)
        except ValueError as error:
            raise UsageError(f"{one} has no number behind =", hint=_BAR_HINT) from error
        if name not in MEASURES:
            raise UsageError(f"there is no measure {name}", hint=_BAR_HINT)
        if not 0 <= value <= 1:
            raise UsageError(f"the bar of {name} must be from 0 to 1, got {text}", hint=_BAR_HINT)
        bars[name] = value
    return bars


def shortfalls(evaluation: Evaluation, bars: Mapping[str, float]) -> list[str]:
    """A line for each measure that is worse than its bar, or has no value."""
    return [line for name, bar in bars.items() if (line := _shortfall(evaluation, name, bar))]


def _shortfall(evaluation: Evaluation, name: str, bar: float) -> str:
    value = evaluation.measures[name].value
    if value is None:
        return f"{name} has no value: there is no question for it"
    side = "above" if name in LOWER_IS_BETTER else "below"
    is_worse = value > bar if name in LOWER_IS_BETTER else value < bar
    return f"{name} is {value:.4f}, {side} {bar:g}" if is_worse else ""


_NO_BASELINE = "is not what askdocs eval --format json prints"
_BASELINE_HINT = "askdocs eval --format json QUESTIONS > old.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an earlier evaluation says of a question.

    Attributes:
        first_relevant: The first relevant rank, from 1; None where none was found.
        answered: Whether it was answered rather than refused.
    """

    first_relevant: int | None
    answered: bool


def read_baseline(content: str, name: str) -> dict[str, Earlier]:
    """The questions of an earlier evaluation by their ids.

    Args:
        content: What `askdocs eval --format json` printed.
        name: The file's, for messages.

    Raises:
        UsageError: It is something else.
    """
    place = name
    try:
        found = {}
        for number, one in enumerate(json.loads(content)["questions"], 1):
            place = f"question {number} of {name}"
            found[str(one["id"])] = _earlier(one["first_relevant"], one["answered"])
    except json.JSONDecodeError as error:
        why = f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.colno}"
        message = f"line {error.lineno} of {name} {_NO_BASELINE}: {why}"
        raise UsageError(message, hint=_BASELINE_HINT) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{place} {_NO_BASELINE}", hint=_BASELINE_HINT) from error
    return found


def _earlier(rank: object, answered: object) -> Earlier:
    if not (rank is None or isinstance(rank, int)) or not isinstance(answered, bool):
        raise TypeError
    return Earlier(first_relevant=rank, answered=answered)


def setbacks(evaluation: Evaluation, baseline: Mapping[str, Earlier]) -> list[str]:
    """A line for each question that does worse than it did; new questions are passed over.

    A question does worse when its first relevant rank is further down or gone, when it has answers
    and is now refused, or when it has none and is now answered.
    """
    return [
        line
        for one in evaluation.questions
        if (earlier := baseline.get(one.ranking.question.id)) and (line := _setback(one, earlier))
    ]


def _setback(now: JudgedRanking, earlier: Earlier) -> str:
    before, after = earlier.first_relevant, now.first_relevant
    is_further_down = before is not None and (after is None or after > before)
    should_answer = now.answers > 0
    was_right, is_right = (
        answered == should_answer for answered in (earlier.answered, now.ranking.answered)
    )
    changes = []
    if should_answer:
        changes.append(f"rank {before or 'none'} before, {after or 'none'} now")
    if was_right and not is_right:
        words = ("answered", "refused") if should_answer else ("refused", "answered")
        changes.append(f"{words[0]} before, {words[1]} now")
    elif not is_further_down:
        return ""
    return f"question {now.ranking.question.id}: {'; '.join(changes)}"
