"""What `ask` does between its options and its output."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING

from askdocs import config
from askdocs.cli.output import hint, notify, style, write
from askdocs.datamodel import CitationStatus, Question
from askdocs.errors import ExitStatus, UsageError
from askdocs.render import objects
from askdocs.render import text as readable
from askdocs.search import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from askdocs.datamodel import Ranking


def ask(
    directory: Path,
    *,
    question: tuple[str, ...],
    questions: IO[str] | None,
    form: str,
    top_k: int,
    mode: str,
    min_score: float | None,
    announce: Callable[[str], None],
) -> int:
    """Ask one question or many and print each answer as soon as it is known."""
    if bool(question) == (questions is not None):
        raise UsageError("give one question, or --questions FILE", hint="askdocs ask --help")
    many = questions is not None
    asked = read_questions(questions) if questions else iter([_joined(question)])
    with Index(directory, cache=config.cache_directory(), notify=announce) as index:
        rankings = index.ask_all(asked, top_k=top_k, mode=mode, min_score=min_score)
        found = _print(rankings, form, many=many)
    return ExitStatus.DONE if found else ExitStatus.NO


def read_questions(file: IO[str]) -> Iterator[Question]:
    """Questions from a file, one a line: plain text, or JSON objects with question and id.

    Blank lines are passed over; a question without an id has its line's number for one.

    Raises:
        UsageError: A line is no such object, or the file is not UTF-8.
    """
    try:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _question(line.strip(), number)
    except UnicodeDecodeError as error:
        raise UsageError("the questions are not UTF-8") from error


def _joined(words: tuple[str, ...]) -> Question:
    return Question(id="1", text=" ".join(words))


def _question(line: str, number: int) -> Question:
    if not line.startswith("{"):
        return Question(id=str(number), text=line)
    try:
        found = json.loads(line)
    except ValueError as error:
        raise UsageError(f"line {number} of the questions is not JSON: {error}") from error
    text = found.get("question")
    if not isinstance(text, str):
        raise UsageError(f'line {number} of the questions has no text under "question"')
    return Question(id=str(found.get("id", number)), text=text)


def _print(rankings: Iterator[Ranking], form: str, *, many: bool) -> bool:
    """Print rankings; whether any has a hit."""
    if form == "json" and many:
        collected = list(rankings)
        write(objects.render_json_array(collected))
        return any(ranking.hits for ranking in collected)
    found = False
    for position, ranking in enumerate(rankings):
        found = found or bool(ranking.hits)
        write(_rendered(ranking, form, many=many, first=position == 0))
        _remark(ranking, many=many)
    return found


def _rendered(ranking: Ranking, form: str, *, many: bool, first: bool) -> str:
    if form == "jsonl":
        return objects.render_json_line(ranking)
    if form == "json":
        return objects.render_json(ranking)
    heading = readable.render_question(ranking, style()) if many else ""
    gap = "" if first else "\n"
    return f"{gap}{heading}{readable.render_ranking(ranking, style())}"


def _remark(ranking: Ranking, *, many: bool) -> None:
    """Say on standard error what the hits alone do not say."""
    which = f"question {ranking.question.id}" if many else "the question"
    if not ranking.hits:
        notify(f"no passage answers {which}")
        hint("--min-score 0 shows the nearest")
    elif all(hit.status == CitationStatus.GONE for hit in ranking.hits):
        notify("the cited documents are not there; the text is the index's own")
