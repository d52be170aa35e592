"""What may be asked, how, and of which documents."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from askdocs.corpus.ignore import path_matcher
from askdocs.errors import UsageError
from askdocs.records.results import Mode, Question
from askdocs.text.document import is_encodable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from askdocs.embedding.rerank import Reranker


RERANKED = 50
"""How many of the best passages a reranker scores, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """How questions are answered.

    Attributes:
        top_k: How many hits to return at most, at least 1.
        mode: Which signals make the score: hybrid, dense or lexical. The name will do.
        min_score: Leave out hits below this score, in [0, 1]; None for the bar of the mode.
        explain: Whether hits list the signals that made their scores.
        reranker: Reorders the best 50 passages above the bar (`top_k`, if that is more). Passages
            with equal scores keep their order. None to keep the order of the scores.
        paths: Patterns as in .gitignore. Only documents whose path matches one of them are ranked.
            Empty for all documents.
        context: How many paragraphs before and after a passage its hit shows, at least 0.

    Raises:
        UsageError: A value is out of range, or the mode is unknown.
    """

    top_k: int = 5
    mode: Mode | str = Mode.HYBRID
    min_score: float | None = None
    explain: bool = False
    reranker: Reranker | None = None
    paths: Sequence[str] = ()
    context: int = 0

    def __post_init__(self) -> None:
        """Check every value."""
        if self.top_k < 1:
            raise UsageError(f"the number of hits must be at least 1, got {self.top_k}")
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise UsageError(f"the lowest score must be between 0 and 1, got {self.min_score}")
        if self.context < 0:
            raise UsageError(f"the number of paragraphs must be at least 0, got {self.context}")
        if self.mode not in tuple(Mode):
            raise UsageError(f"the mode must be one of {', '.join(Mode)}, got {self.mode!r}")

    @property
    def depth(self) -> int:
        """How many passages to rank."""
        return self.top_k if self.reranker is None else max(RERANKED, self.top_k)


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


def select_documents(
    paths: Iterable[str], patterns: Sequence[str], *, base: Path, current: Path | None
) -> frozenset[str]:
    """The documents that any of some patterns names.

    A pattern is read as a line of .gitignore is: without a slash but at its end it names files and
    folders at any depth, with one it is relative to the base or to the current folder, a folder
    stands for all that is below it, and `**` for any number of folders. A path as it stands names
    its document, whatever signs it is made of. Otherwise letter case does not matter.

    Args:
        paths: Of all documents, relative to the base.
        patterns: At least one.
        base: The folder to which the paths are relative.
        current: The current folder; None where there is none.

    Raises:
        UsageError: A pattern names no document.
    """
    places = {path: os.path.normpath(base / path) for path in paths}
    selected: set[str] = set()
    for text in patterns:
        pattern = _Pattern(text, base=base, current=current or base)
        found = {path for path, place in places.items() if pattern.fits(path, place)}
        if not found:
            raise UsageError(
                f"no document of the index has a path like {text}",
                hint="askdocs status --documents",
            )
        selected |= found
    return frozenset(selected)


class _Pattern:
    """One pattern of paths."""

    def __init__(self, pattern: str, *, base: Path, current: Path) -> None:
        self._exact = {pattern, *(os.path.normpath(one / pattern) for one in (base, current))}
        # The dots that a path may begin with, for which patterns have no sign.
        rest = re.sub(r"^(?:\.{1,2}(?:/+|$))+", "", pattern)
        dots = pattern.removesuffix(rest)
        self._is_plain = not dots and not pattern.startswith("/")
        self._folder = "/" if pattern.startswith("/") else _folder(current, dots)
        # Paths of documents that are not below the base begin with dots as well.
        self._outside = _folder(base, dots)
        line = f"/{rest or '**'}" if dots else re.sub(r"^[#!]", r"\\\g<0>", rest)
        self._matches = path_matcher(line.lower())

    def fits(self, path: str, place: str) -> bool:
        """Whether the pattern names the document at a path of the index, which is a place."""
        if path in self._exact or place in self._exact:
            return True
        folders = {self._folder, self._outside} if path.startswith("../") else {self._folder}
        names = [place.removeprefix(one) for one in folders if place.startswith(one)]
        wanted = [path, *names] if self._is_plain else names
        return any(self._matches(one.lower()) for one in wanted)


def _folder(start: Path, dots: str) -> str:
    """The folder that some dots lead to, with a slash."""
    return os.path.normpath(start / dots).rstrip("/") + "/"
