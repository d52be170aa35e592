"""Questions with their answers, as a file gives them."""

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
"""Paragraphs, characters, a text to be looked for, or the whole document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """Where a question is answered, as it was written down and not yet looked up.

    Attributes:
        file: The path of its document as the index has it, or the end of one.
        where: The place in that document.
        text: What the document must hold there, where `where` is a span; empty for anything.
    """

    file: str
    where: Where
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedQuestion:
    """A question with all its answers.

    Attributes:
        question: The question.
        answers: Empty where the corpus cannot answer it; None where nobody has judged it yet.
    """

    question: Question
    answers: tuple[GivenAnswer, ...] | None


def read_questions(lines: Iterable[str]) -> list[JudgedQuestion]:
    """Questions from JSON objects, one a line; blank lines are passed over.

    A question without an id has its line's number for one.

    Raises:
        UsageError: A line is no question, an id comes twice, or there is no question at all.
    """
    read: dict[str, JudgedQuestion] = {}
    for number, line in _numbered(lines):
        place = f"line {number} of the questions"
        judged = _judged_question(line, number, place)
        if judged.question.id in read:
            raise UsageError(f"{place}: there is a question {judged.question.id} before it")
        read[judged.question.id] = judged
    if not read:
        raise UsageError("there is no question in the file", hint=_HINT)
    return list(read.values())


def judge_by(questions: Sequence[JudgedQuestion], qrels: Iterable[str]) -> list[JudgedQuestion]:
    """The questions that TREC relevance judgements name, with the answers given there.

    A line is `qid 0 docno relevance`; the docno is a path or a citation, in which white space is
    percent-encoded. A question with no relevance above 0 is one that the corpus cannot answer.

    Raises:
        UsageError: A line is no judgement, or none is of these questions.
    """
    answers: dict[str, list[GivenAnswer]] = {}
    for number, line in _numbered(qrels):
        try:
            identity, _, docno, relevance = line.split()
            is_relevant = int(relevance) > 0
        except ValueError as error:
            place = f"line {number} of the judgements"
            raise UsageError(f'{place} is not "qid 0 docno relevance"', hint=_HINT) from error
        known = answers.setdefault(unquote(identity), [])
        if is_relevant:
            known.append(_answer_of_docno(unquote(docno, errors="surrogateescape")))
    judged = [
        replace(one, answers=tuple(answers[one.question.id]))
        for one in questions
        if one.question.id in answers
    ]
    if not judged:
        raise UsageError("the judgements are of none of the questions", hint=_HINT)
    return judged


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _judged_question(line: str, number: int, place: str) -> JudgedQuestion:
    question, found = parse_question(line, number, place, hint=_HINT)
    answers = found.get("answers")
    if answers is not None and not isinstance(answers, list):
        raise UsageError(f'{place} needs a list under "answers"', hint=_HINT)
    return JudgedQuestion(
        question=question,
        answers=None if answers is None else tuple(_answer(one, place) for one in answers),
    )


def _answer(found: object, place: str) -> GivenAnswer:
    if not isinstance(found, dict):
        raise UsageError(f"{place} has an answer that is not a JSON object", hint=_HINT)
    file = found.get("file", found.get("path"))
    if not isinstance(file, str) or not file:
        raise UsageError(f'{place} has an answer without "file"', hint=_HINT)
    text = found.get("text", "")
    where = _where(found, file)
    if where is None or not isinstance(text, str):
        raise UsageError(f"{place} has an answer that needs {_FORMS}", hint=_HINT)
    return GivenAnswer(file=file, where=where, text=text)


def _where(found: dict[str, Any], file: str) -> Where:
    """The place that an answer gives; None where it gives none that can be."""
    match found:
        case {"paragraph": [int(first), int(last)]} if 1 <= first <= last:
            return Citation(path=file, paragraphs=(first, last))
        case {"paragraph": int(number)} if number >= 1:
            return Citation(path=file, paragraphs=(number, number))
        case {"start": int(start), "end": int(end)} if (
            0 <= start < end and "paragraph" not in found
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
