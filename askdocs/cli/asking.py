"""What `ask` does between its options and its output."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs import config
from askdocs.cli.input import read_lines
from askdocs.cli.output import hint, notifier, notify, style, write
from askdocs.datamodel import CitationStatus, Question
from askdocs.embedding import open_reranker
from askdocs.errors import ExitStatus, UsageError
from askdocs.render import objects
from askdocs.render import text as readable
from askdocs.search import TOGETHER, Index, check_question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from askdocs.datamodel import Ranking
    from askdocs.embedding import Reranker


def ask(
    directory: Path,
    *,
    question: tuple[str, ...],
    questions: str | None,
    form: str,
    top_k: int,
    mode: str,
    min_score: float | None,
    explain: bool,
    rerank: str | None,
    online: bool,
    quiet: bool,
) -> int:
    """Ask one question or many and print each answer as soon as it is known."""
    # The threads that NumPy's BLAS starts wait by spinning, and take the model's processors.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if bool(question) == (questions is not None):
        raise UsageError("give one question, or --questions FILE", hint="askdocs ask --help")
    many = questions is not None
    asked = read_questions(questions) if questions is not None else iter([_joined(question)])
    reranker = chosen_reranker(rerank, online=online, quiet=quiet)
    with Index(directory, cache=config.cache_directory(), notify=notifier(quiet=quiet)) as index:
        rankings = index.ask_all(
            asked,
            top_k=top_k,
            mode=mode,
            min_score=min_score,
            explain=explain,
            reranker=reranker,
            # Whoever writes questions into a pipe may wait for an answer before the next one.
            together=1 if questions in {None, "-"} else TOGETHER,
        )
        found = _print(rankings, form, many=many, quiet=quiet, hinted=min_score is None)
    return ExitStatus.DONE if found else ExitStatus.NO


def chosen_reranker(name: str | None, *, online: bool, quiet: bool) -> Reranker | None:
    """The model that --rerank names; None where there is no such option."""
    if name is None and online:
        raise UsageError("--online is for --rerank", hint="askdocs ask --help")
    if name is None:
        return None
    return open_reranker(name, base=Path.cwd(), online=online, notify=notifier(quiet=quiet))


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
            yield _question(line.strip(), number)


def _joined(words: tuple[str, ...]) -> Question:
    text = " ".join(words)
    # In a locale that is not UTF-8, Python hides the bytes of an argument in surrogates.
    with suppress(UnicodeError):
        text = os.fsencode(text).decode("utf-8")
    return Question(id="1", text=text)


def _question(line: str, number: int) -> Question:
    place = f"line {number} of the questions"
    identity: object = number
    if line.startswith("{"):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{place} is not JSON") from error
        line, identity = found.get("question"), found.get("id", number)
        if not isinstance(line, str) or not isinstance(identity, str | int):
            raise UsageError(f'{place} needs a text under "question", and a text or number as "id"')
    try:
        check_question(line)
    except UsageError as error:
        raise UsageError(f"{place}: {error}", hint=error.hint) from error
    return Question(id=str(identity), text=line)


def _print(
    rankings: Iterator[Ranking], form: str, *, many: bool, quiet: bool, hinted: bool
) -> bool:
    """Print rankings; whether any is an answer, or what was asked for."""
    found = False
    gone = False
    collected: list[Ranking] = []
    for position, ranking in enumerate(rankings):
        found = found or ranking.answered or bool(ranking.hits)
        gone = gone or any(hit.status == CitationStatus.GONE for hit in ranking.hits)
        if form == "json" and many:
            collected.append(ranking)
        else:
            write(_rendered(ranking, form, many=many, first=position == 0))
        if not (ranking.hits or quiet):
            _remark_nothing(ranking, many=many, hinted=hinted)
    if form == "json" and many:
        write(objects.render_json_array(collected))
    if gone and not quiet:
        notify("a text marked gone is no longer in its file; what is printed is the index's own")
    return found


def _rendered(ranking: Ranking, form: str, *, many: bool, first: bool) -> str:
    if form == "jsonl":
        return objects.render_json_line(ranking)
    if form == "json":
        return objects.render_json(ranking)
    heading = readable.render_question(ranking, style()) if many else ""
    gap = "" if first else "\n"
    return f"{gap}{heading}{readable.render_ranking(ranking, style())}"


def _remark_nothing(ranking: Ranking, *, many: bool, hinted: bool) -> None:
    which = f"question {ranking.question.id}" if many else "the question"
    if ranking.answered:
        notify(f"no passage scores that much for {which}")
    else:
        notify(f"no passage answers {which}")
        if hinted:
            hint("--min-score 0 shows the nearest")
