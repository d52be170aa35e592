"""What can be asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from askdocs.datamodel import Question
from askdocs.documents import is_encodable
from askdocs.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_QUESTION_CHARS = 10_000
"""A longer question is refused: no model reads it whole."""

TOGETHER = 32
"""How many questions are best looked up in one go: more save little time."""


def check_question(question: str) -> None:
    """Refuse what cannot be asked.

    Raises:
        UsageError: The question is empty, too long, or no text that UTF-8 can encode.
    """
    if not question.strip():
        raise UsageError("the question is empty", hint='askdocs ask "What did they decide?"')
    if len(question) > MAX_QUESTION_CHARS:
        raise UsageError(
            f"the question has {len(question)} characters, at most {MAX_QUESTION_CHARS} are read",
            hint="ask in one or two sentences; several questions go into --questions FILE",
        )
    if not is_encodable(question):
        raise UsageError("the question is not UTF-8")


def written_question(text: str, identity: str | int, place: str) -> Question:
    """A question of a file that can be asked.

    Raises:
        UsageError: As `check_question` says, with the place before it.
    """
    try:
        check_question(text)
    except UsageError as error:
        raise UsageError(f"{place}: {error}", hint=error.hint) from error
    return Question(id=str(identity), text=text)


def parse_question(
    line: str, number: int, place: str, *, hint: str
) -> tuple[Question, dict[str, Any]]:
    """The question of a JSON object with `question` and `id`, and the object with all it holds.

    Args:
        line: The object as it is written.
        number: Of the line, which is the id where the object has none.
        place: What an error calls the line.
        hint: What helps whoever wrote it.

    Raises:
        UsageError: The line is no such object, or the question cannot be asked.
    """
    found = _parse_object(line, place, hint)
    text, identity = found.get("question"), found.get("id", number)
    # To Python, true and false are numbers.
    is_name = isinstance(identity, str | int) and not isinstance(identity, bool)
    if not isinstance(text, str) or not is_name:
        needs = 'needs a text under "question", and a text or number as "id"'
        raise UsageError(f"{place} {needs}", hint=hint)
    return written_question(text, identity, place), found


def _parse_object(line: str, place: str, hint: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        why = f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"
        raise UsageError(f"{place} is not JSON: {why}", hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place} is not JSON", hint=hint) from error
    if not isinstance(found, dict):
        raise UsageError(f"{place} is not a JSON object", hint=hint)
    return found


def grouped(questions: Iterable[Question], size: int) -> Iterator[list[Question]]:
    """Questions that can be asked, so many at a time; those before a bad one come before its error.

    Raises:
        UsageError: A question cannot be asked, or whoever reads them says so.
    """
    group: list[Question] = []
    try:
        for question in questions:
            check_question(question.text)
            group.append(question)
            if len(group) == size:
                yield group
                group = []
    except UsageError:
        if group:
            yield group
        raise
    if group:
        yield group
