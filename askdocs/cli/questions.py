"""Questions as they are typed, piped, or written in a file."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from askdocs.cli.input import name_of, read_lines, read_whole
from askdocs.datamodel import Question
from askdocs.search import parse_question, written_question

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


def read_questions(name: str, *, hint: str) -> Iterator[Question]:
    """Questions from a file, one a line: plain text, or JSON objects with question and id.

    Blank lines are passed over; a question without an id has its line's number for one.

    Args:
        name: The file's path, or - for standard input.
        hint: What to type where there is no such file.

    Raises:
        UsageError: There is no such file, it is not UTF-8, or a line is no question.
    """
    lines = read_lines(name, hint=hint)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _question(line.strip(), number, f"line {number} of {name_of(name)}")


def _question(line: str, number: int, place: str) -> Question:
    if line.startswith("{"):
        return parse_question(line, number, place, hint=_LINE_HINT)[0]
    return written_question(line, number, place)
