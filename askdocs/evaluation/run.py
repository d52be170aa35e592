"""Measure the answers of an index, and compare them with a bar or an earlier evaluation."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import fsum
from typing import NamedTuple

from askdocs.embedding.rerank import Reranker
from askdocs.errors import UsageError
from askdocs.evaluation import measures
from askdocs.evaluation.judge import Judge, LocatedAnswer
from askdocs.evaluation.questions import JudgedQuestion
from askdocs.records.results import Evaluation, JudgedRanking, Measurement, Mode, Ranking
from askdocs.search.index import Index
from askdocs.search.options import TOGETHER, AskOptions

# The number of hits that the measures need.
_MIN_DEPTH = 10
# The measures that are a mean over the questions with answers.
_PER_QUESTION: dict[str, Callable[[JudgedRanking], float]] = {
    "hit@1": lambda judged: measures.hit_at(judged.found, 1),
    "hit@5": lambda judged: measures.hit_at(judged.found, 5),
    "RR@10": lambda judged: measures.reciprocal_rank(judged.found, 10),
    "nDCG@10": lambda judged: measures.ndcg_at(judged.found, judged.answers, 10),
    "R@10": lambda judged: measures.recall_at(judged.found, judged.answers, 10),
}
_MEASURES = (*_PER_QUESTION, "refused_answerable", "refused_unanswerable", "ECE")
_LOWER_IS_BETTER = frozenset({"refused_answerable", "ECE"})


def evaluate(
    index: Index, questions: Sequence[JudgedQuestion], *, mode: Mode | str,
    top_k: int = _MIN_DEPTH, reranker: Reranker | None = None,
) -> Evaluation:  # fmt: skip
    """Ask every question, at least one, and compare the hits with its answers.

    Hits below the bar count as well. A question counts as refused if no hit reaches the mode's
    own bar. All answers are located before the first question is asked. Fewer than 10 hits
    (`top_k`) count as 10; a reranker reorders them.

    Raises:
        UsageError: A question has not been judged, or an answer is not in the index.
    """
    with Judge(index) as judge:
        answers = [_locate(question, judge) for question in questions]
    options = AskOptions(top_k=max(_MIN_DEPTH, top_k), mode=mode, min_score=0, reranker=reranker)
    asked = (judged.question for judged in questions)
    rankings = index.ask_all(asked, options, together=TOGETHER)
    judged = tuple(_judge(*pair) for pair in zip(rankings, answers, strict=True))
    return Evaluation(measures=_measure(judged), questions=judged)


def _locate(judged: JudgedQuestion, judge: Judge) -> list[LocatedAnswer]:
    name = f"question {judged.question.id}"
    if judged.answers is None:
        raise UsageError(f'{name} has no "answers"', hint='"answers": [] where there is none')
    try:
        return [judge.look_up(answer) for answer in judged.answers]
    except UsageError as error:
        raise UsageError(f"{name}: {error}", hint=error.hint) from error


def _judge(ranking: Ranking, answers: Sequence[LocatedAnswer]) -> JudgedRanking:
    shown = [
        [number for number, answer in enumerate(answers) if answer.is_shown_by(hit)]
        for hit in ranking.hits
    ]
    return JudgedRanking(
        ranking=ranking, answers=len(answers), found=tuple(measures.newly_found(shown))
    )


def _measure(judged: Sequence[JudgedRanking]) -> dict[str, Measurement]:
    """Return every measure by its name, in the order of `_MEASURES`."""
    answerable = [question for question in judged if question.answers]
    unanswerable = [question for question in judged if not question.answers]
    measurements = {}
    for name, measure in _PER_QUESTION.items():
        values = [measure(question) for question in answerable]
        mean = fsum(values) / len(values) if values else None
        measurements[name] = Measurement(value=mean, questions=len(values))
    scores = [question.score for question in judged]
    correct = [question.first_relevant == 1 for question in judged]
    calibration = measures.expected_calibration_error(scores, correct) if judged else None
    return {
        **measurements,
        "refused_answerable": _refused(answerable),
        "refused_unanswerable": _refused(unanswerable),
        "ECE": Measurement(value=calibration, questions=len(judged)),
    }


def _refused(judged: Sequence[JudgedRanking]) -> Measurement:
    flags = [not question.ranking.answered for question in judged]
    return Measurement(value=measures.share(flags) if flags else None, questions=len(flags))


_BAR_HINT = f"--fail-under hit@5=0.9, where the measure is one of {', '.join(_MEASURES)}"


def read_bars(arguments: Iterable[str]) -> dict[str, float]:
    """Read bars from `measure=value`; of two for one measure the last one counts.

    Raises:
        UsageError: The measure is unknown, or the value is not a number from 0 to 1.
    """
    bars: dict[str, float] = {}
    for argument in arguments:
        name, _, text = argument.partition("=")
        try:
            value = float(text)
        except ValueError as error:
            raise UsageError(f"{argument} needs a number after =", hint=_BAR_HINT) from error
        if name not in _MEASURES:
            raise UsageError(f"there is no measure {name}", hint=_BAR_HINT)
        if not 0 <= value <= 1:
            raise UsageError(f"the bar of {name} must be from 0 to 1, got {text}", hint=_BAR_HINT)
        bars[name] = value
    return bars


def shortfalls(evaluation: Evaluation, bars: Mapping[str, float]) -> list[str]:
    """Return a line for each measure that is worse than its bar, or has no value."""
    lines = []
    for name, bar in bars.items():
        value = evaluation.measures[name].value
        side, sign = ("above", 1) if name in _LOWER_IS_BETTER else ("below", -1)
        if value is None:
            lines.append(f"{name} has no value: there is no question for it")
        elif sign * value > sign * bar:
            lines.append(f"{name} is {value:.4f}, {side} {bar:g}")
    return lines


_NO_BASELINE = "is not what askdocs eval --format json prints"
_BASELINE_HINT = "askdocs eval --format json QUESTIONS > old.json"


class EarlierResult(NamedTuple):
    """The result of a question in an earlier evaluation: its first relevant rank, from 1."""

    first_relevant: int | None
    answered: bool


def read_baseline(content: str, name: str) -> dict[str, EarlierResult]:
    """Read the output of `askdocs eval --format json` by the ids of the questions.

    Raises:
        UsageError: The content is something else; the message has the name of the file.
    """
    location = name
    results = {}
    try:
        for number, fields in enumerate(json.loads(content)["questions"], 1):
            location = f"question {number} of {name}"
            rank, answered = fields["first_relevant"], fields["answered"]
            if not isinstance(rank, int | None) or not isinstance(answered, bool):
                raise TypeError  # noqa: TRY301 - reported below
            results[str(fields["id"])] = EarlierResult(first_relevant=rank, answered=answered)
    except json.JSONDecodeError as error:
        reason = f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.colno}"
        message = f"line {error.lineno} of {name} {_NO_BASELINE}: {reason}"
        raise UsageError(message, hint=_BASELINE_HINT) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{location} {_NO_BASELINE}", hint=_BASELINE_HINT) from error
    return results


def setbacks(evaluation: Evaluation, baseline: Mapping[str, EarlierResult]) -> list[str]:
    """Return a line for each question that does worse than before; new questions are skipped.

    A question does worse if its first relevant rank is further down or gone, if it has answers
    and is now refused, or if it has none and is now answered.
    """
    lines = []
    for judged in evaluation.questions:
        name = judged.ranking.question.id
        if name in baseline and (changes := _setback(judged, baseline[name])):
            lines.append(f"question {name}: {'; '.join(changes)}")
    return lines


def _setback(now: JudgedRanking, earlier: EarlierResult) -> list[str]:
    """Return what got worse, for people."""
    before, after = earlier.first_relevant, now.first_relevant
    should_answer = now.answers > 0
    was_right = earlier.answered == should_answer
    is_right = now.ranking.answered == should_answer
    is_further_down = before is not None and (after is None or after > before)
    is_newly_wrong = was_right and not is_right
    changes = []
    if is_further_down or (is_newly_wrong and should_answer):
        changes.append(f"rank {before or 'none'} before, {after or 'none'} now")
    if is_newly_wrong:
        words = ("answered", "refused") if should_answer else ("refused", "answered")
        changes.append(f"{words[0]} before, {words[1]} now")
    return changes
