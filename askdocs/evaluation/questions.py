"""Read questions with known answers from JSON Lines and TREC relevance judgements."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import unquote

from askdocs.citations import parse_citation
from askdocs.errors import UsageError
from askdocs.records.results import Citation, Question
from askdocs.records.spans import Span
from askdocs.search.options import parse_question

_HINT = "askdocs eval --help"
_FORMS = '"paragraph", "start" and "end", or "text"'

Where: TypeAlias = Citation | Span | str | None
"""Paragraphs, characters, a text to find, or the whole document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """An answer as it was written down, not yet located in the indexed text.

    `file` is the path of its document in the index, or the end of that path; `text` is what a span
    must hold, empty for any text.
    """

    file: str
    where: Where
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedQuestion:
    """A question with all its answers: none if the corpus cannot answer it, None if not judged."""

    question: Question
    answers: tuple[GivenAnswer, ...] | None


def read_judged_questions(lines: Iterable[str]) -> list[JudgedQuestion]:
    """Read questions from JSON objects, one a line; blank lines are skipped.

    A question without an id gets the number of its line.

    Raises:
        UsageError: A line is not a question, an id occurs twice, or there are no questions.
    """
    questions: dict[str, JudgedQuestion] = {}
    for number, line in _numbered(lines):
        location = f"line {number} of the questions"
        judged = _judged_question(line, number, location)
        if judged.question.id in questions:
            raise UsageError(f"{location}: there is a question {judged.question.id} before it")
        questions[judged.question.id] = judged
    if not questions:
        raise UsageError("there is no question in the file", hint=_HINT)
    return list(questions.values())


def judge_by(questions: Sequence[JudgedQuestion], qrels: Iterable[str]) -> list[JudgedQuestion]:
    """Return the questions that TREC relevance judgements name, with the answers given there.

    A line is `qid 0 docno relevance`. The docno is a path or a citation, with white space
    percent-encoded. A question without a relevance above 0 is one that the corpus cannot answer.

    Raises:
        UsageError: A line is not a judgement, or the judgements name none of these questions.
    """
    answers: dict[str, list[GivenAnswer]] = {}
    for number, line in _numbered(qrels):
        try:
            identity, _, docno, relevance = line.split()
            is_relevant = int(relevance) > 0
        except ValueError as error:
            message = f'line {number} of the judgements is not "qid 0 docno relevance"'
            raise UsageError(message, hint=_HINT) from error
        relevant = answers.setdefault(unquote(identity), [])
        if is_relevant:
            relevant.append(_answer_of_docno(unquote(docno, errors="surrogateescape")))
    judged = [
        replace(asked, answers=tuple(answers[asked.question.id]))
        for asked in questions
        if asked.question.id in answers
    ]
    if not judged:
        raise UsageError("the judgements name none of the questions", hint=_HINT)
    return judged


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _judged_question(line: str, number: int, location: str) -> JudgedQuestion:
    question, fields = parse_question(line, number, location, hint=_HINT)
    answers = fields.get("answers")
    if answers is None:
        return JudgedQuestion(question=question, answers=None)
    if not isinstance(answers, list):
        raise UsageError(f'{location} needs a list under "answers"', hint=_HINT)
    located = tuple(_answer(answer, location) for answer in answers)
    return JudgedQuestion(question=question, answers=located)


def _answer(fields: object, location: str) -> GivenAnswer:
    if not isinstance(fields, dict):
        raise UsageError(f"{location} has an answer that is not a JSON object", hint=_HINT)
    file = fields.get("file", fields.get("path"))
    if not isinstance(file, str) or not file:
        raise UsageError(f'{location} has an answer without "file"', hint=_HINT)
    text = fields.get("text", "")
    where = _where(fields, file)
    if where is None or not isinstance(text, str):
        raise UsageError(f"{location} has an answer that needs {_FORMS}", hint=_HINT)
    return GivenAnswer(file=file, where=where, text=text)


def _where(fields: dict[str, Any], file: str) -> Where:
    """Return the part of the document that an answer names; None if it names no possible one."""
    match fields:
        case {"paragraph": [int(first), int(last)]} if 1 <= first <= last:
            return Citation(path=file, paragraphs=(first, last))
        case {"paragraph": int(number)} if number >= 1:
            return Citation(path=file, paragraphs=(number, number))
        case {"start": int(start), "end": int(end)} if (
            0 <= start < end and "paragraph" not in fields
        ):
            return (start, end)
        case {"paragraph": _} | {"start": _} | {"end": _}:
            return None
        case {"text": str(text)} if text.strip():
            return text
    return None


def _answer_of_docno(docno: str) -> GivenAnswer:
    try:
        citation = parse_citation(docno)
    except UsageError:
        return GivenAnswer(file=docno, where=None)
    return GivenAnswer(file=citation.path, where=citation)
