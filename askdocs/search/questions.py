"""What can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs.documents import is_encodable
from askdocs.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from askdocs.datamodel import Question

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
