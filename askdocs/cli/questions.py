"""Questions as they are typed, piped, or written in a file."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from askdocs.cli.input import name_of, read_lines, read_whole
from askdocs.datamodel import Question
from askdocs.errors import UsageError
from askdocs.search import check_question

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_HINT = 'write each line as plain text, or like {"id": "q1", "question": "Who signs?"}'


def typed_question(words: tuple[str, ...]) -> Question:
    """The question that some words are; a single - stands for all of standard input.

    Raises:
        UsageError: Standard input is no question.
    """
    if words == ("-",):
        return Question(id="1", text=read_whole(hint="askdocs ask QUESTION"))
    text = " ".join(words)
    # In a locale that is not UTF-8, Python hides the bytes of an argument in surrogates.
    with suppress(UnicodeError):
        text = os.fsencode(text).decode("utf-8")
    return Question(id="1", text=text)


def read_questions(name: str) -> Iterator[Question]:
    """Questions from a file, one a line: plain text, or JSON objects with question and id.

    Blank lines are passed over; a question without an id has its line's number for one.

    Args:
        name: The file's path, or - for standard input.

    Raises:
        UsageError: There is no such file, it is not UTF-8, or a line is no question.
    """
    lines = read_lines(name, hint="askdocs ask --questions FILE")
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _question(line.strip(), number, f"line {number} of {name_of(name)}")


def _question(line: str, number: int, place: str) -> Question:
    identity: object = number
    if line.startswith("{"):
        line, identity = _fields(line, number, place)
    try:
        check_question(line)
    except UsageError as error:
        raise UsageError(f"{place}: {error}", hint=error.hint) from error
    return Question(id=str(identity), text=line)


def _fields(line: str, number: int, place: str) -> tuple[str, object]:
    """The question and the id of a JSON object."""
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        why = f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"
        raise UsageError(f"{place} is not JSON: {why}", hint=_LINE_HINT) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place} is not JSON", hint=_LINE_HINT) from error
    text, identity = found.get("question"), found.get("id", number)
    if not isinstance(text, str) or not _is_name(identity):
        needs = 'needs a text under "question", and a text or number as "id"'
        raise UsageError(f"{place} {needs}", hint=_LINE_HINT)
    return text, identity


def _is_name(identity: object) -> bool:
    # To Python, true and false are numbers.
    return isinstance(identity, str | int) and not isinstance(identity, bool)
