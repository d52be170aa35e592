"""Which questions do worse than in an earlier evaluation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from askdocs.datamodel import Evaluation, JudgedRanking
from askdocs.errors import UsageError

_NO_BASELINE = "is not what askdocs eval --format json prints"
_HINT = "askdocs eval --format json QUESTIONS > old.json"


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
        raise UsageError(message, hint=_HINT) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{place} {_NO_BASELINE}", hint=_HINT) from error
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
