"""How questions are asked, what a question may be, and which documents a pattern selects."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from askdocs.corpus.ignore import path_matcher
from askdocs.errors import UsageError
from askdocs.records.results import Mode, Question
from askdocs.text.decode import is_encodable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from askdocs.embedding.rerank import Reranker

# How many of the best passages a reranker scores, at least.
_RERANKED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """How questions are answered.

    Attributes:
        top_k: How many hits to return at most, at least 1.
        mode: Which signals make the score: hybrid, dense or lexical. The name will do.
        min_score: Leave out hits below this score, in [0, 1]; None for the bar of the mode.
        nearest: How many passages below the bar to return at most where no hit reaches it, at
            least 0. Their scores are at or above the floor of the mode.
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
    nearest: int = 3
    explain: bool = False
    reranker: Reranker | None = None
    paths: Sequence[str] = ()
    context: int = 0

    def __post_init__(self) -> None:
        if self.top_k < 1:
            raise UsageError(f"the number of hits must be at least 1, got {self.top_k}")
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise UsageError(f"the lowest score must be between 0 and 1, got {self.min_score}")
        if self.nearest < 0:
            raise UsageError(
                f"the number of nearest passages must be at least 0, got {self.nearest}"
            )
        if self.context < 0:
            raise UsageError(f"the number of paragraphs must be at least 0, got {self.context}")
        if self.mode not in tuple(Mode):
            raise UsageError(f"the mode must be one of {', '.join(Mode)}, got {self.mode!r}")

    @property
    def depth(self) -> int:
        """How many of the best passages may become hits."""
        return self.top_k if self.reranker is None else max(_RERANKED, self.top_k)


MAX_QUESTION_CHARS = 10_000
"""A longer question is refused: no model reads all of it."""

TOGETHER = 32
"""How many questions to look up together: more save little time."""


def check_question(question: str) -> None:
    """Raise UsageError if a question is empty, too long, or not text that UTF-8 can encode."""
    if not question.strip():
        raise UsageError("the question is empty", hint='askdocs ask "What did they decide?"')
    if len(question) > MAX_QUESTION_CHARS:
        limits = f"{len(question)} characters, at most {MAX_QUESTION_CHARS} are read"
        hint = "ask in one or two sentences; several questions go into --questions FILE"
        raise UsageError(f"the question has {limits}", hint=hint)
    if not is_encodable(question):
        raise UsageError("the question is not UTF-8")


def written_question(text: str, identity: str | int, location: str) -> Question:
    """Return a question of a file; errors are `check_question`'s, after the line of the file."""
    try:
        check_question(text)
    except UsageError as error:
        raise UsageError(f"{location}: {error}", hint=error.hint) from error
    return Question(id=str(identity), text=text)


def parse_question(
    line: str, number: int, location: str, *, hint: str
) -> tuple[Question, dict[str, Any]]:
    """Return the question in a JSON object with `question` and `id`, and the whole object.

    The number of the line is the id if the object has none. UsageError says with `location` and
    `hint` that the line is not such an object, or that the question cannot be asked.
    """
    fields = _parse_object(line, location, hint)
    text, identity = fields.get("question"), fields.get("id", number)
    # Python takes true and false for numbers.
    is_name = isinstance(identity, str | int) and not isinstance(identity, bool)
    if not isinstance(text, str) or not is_name:
        needs = 'needs a text under "question", and a text or number as "id"'
        raise UsageError(f"{location} {needs}", hint=hint)
    return written_question(text, identity, location), fields


def _parse_object(line: str, location: str, hint: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        why = ""
        if isinstance(error, json.JSONDecodeError):
            why = f": {error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"
        raise UsageError(f"{location} is not JSON{why}", hint=hint) from error
    if not isinstance(fields, dict):
        raise UsageError(f"{location} is not a JSON object", hint=hint)
    return fields


def grouped(questions: Iterable[Question], size: int) -> Iterator[list[Question]]:
    """Yield groups of `size` questions; those before a bad question come before its UsageError."""
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
    """Return the documents that match any of some patterns.

    Patterns work as in .gitignore. Without a slash, except at its end, a pattern names files and
    folders at any depth. With one, it is relative to the base or to the current folder. A folder
    stands for everything below it, and `**` for any number of folders. A document's exact path
    always names it, whatever characters it has. Otherwise letter case does not matter. There may be
    no current folder.

    Raises:
        UsageError: A pattern matches no document.
    """
    locations = {path: os.path.normpath(base / path) for path in paths}
    selected: set[str] = set()
    for text in patterns:
        pattern = _PathPattern(text, base=base, current=current or base)
        matching = {path for path, location in locations.items() if pattern.fits(path, location)}
        if not matching:
            message = f"no document of the index has a path like {text}"
            raise UsageError(message, hint="askdocs status --documents")
        selected |= matching
    return frozenset(selected)


class _PathPattern:
    def __init__(self, pattern: str, *, base: Path, current: Path) -> None:
        self._exact = {pattern, *(os.path.normpath(start / pattern) for start in (base, current))}
        # Leading "./" and "../", for which .gitignore has no syntax.
        rest = re.sub(r"^(?:\.{1,2}(?:/+|$))+", "", pattern)
        dots = pattern.removesuffix(rest)
        self._is_plain = not dots and not pattern.startswith("/")
        self._folder = "/" if pattern.startswith("/") else _folder(current, dots)
        # The paths of documents outside the base begin with dots, too.
        self._outside = _folder(base, dots)
        line = f"/{rest or '**'}" if dots else re.sub(r"^[#!]", r"\\\g<0>", rest)
        self._matches = path_matcher(line.lower())

    def fits(self, path: str, location: str) -> bool:
        """Return True if the pattern names the document with this path at this location."""
        if path in self._exact or location in self._exact:
            return True
        folders = {self._folder, self._outside} if path.startswith("../") else {self._folder}
        names = [location.removeprefix(start) for start in folders if location.startswith(start)]
        names += [path] if self._is_plain else []
        return any(self._matches(name.lower()) for name in names)


def _folder(start: Path, dots: str) -> str:
    """Return the folder that some dots lead to, with a slash at its end."""
    return os.path.normpath(start / dots).rstrip("/") + "/"
