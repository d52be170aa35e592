"""What commands read: files, questions, an index."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from askdocs.cli.output import notifier
from askdocs.disk import access
from askdocs.embedding.rerank import open_reranker
from askdocs.errors import UsageError
from askdocs.places import cache_directory
from askdocs.records.results import Question
from askdocs.search.index import Index
from askdocs.search.options import parse_question, written_question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from askdocs.embedding.rerank import Reranker


# A question has at most 10,000 characters, and white space around it does no harm.
_MOST_READ = 1 << 20


def read_lines(name: str, *, hint: str) -> Iterator[str]:
    """The lines of a file in UTF-8, each as soon as it is there.

    Args:
        name: The file's path, or - for standard input.
        hint: What to type where there is no such file.

    Raises:
        UsageError: There is no such file, or a line of it is not UTF-8.
    """
    number = 0
    try:
        with _opened(name, hint) as file:
            # Decoded line by line: those before one that is not UTF-8 are good.
            for number, line in enumerate(file, 1):
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                yield text.replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"line {number} of {name_of(name)} is not UTF-8") from error
    except OSError as error:
        reason = access.reason_of(error)
        raise UsageError(f"{name_of(name)}: {reason}", hint=hint) from error


def read_whole(*, hint: str) -> str:
    """All of standard input in UTF-8, without the white space around it.

    Args:
        hint: What to type where there is none.

    Raises:
        UsageError: It is closed, not UTF-8, or longer than any question.
    """
    try:
        content = _opened("-", hint).read(_MOST_READ + 1)
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise UsageError("standard input is not UTF-8", hint=hint) from error
    except OSError as error:
        reason = access.reason_of(error)
        raise UsageError(f"standard input: {reason}", hint=hint) from error
    if len(content) > _MOST_READ:
        raise UsageError("standard input is longer than a question may be", hint=hint)
    return text


def name_of(name: str) -> str:
    """What to call a file in an error."""
    return "standard input" if name == "-" else name


def _opened(name: str, hint: str) -> IO[bytes]:
    if name != "-":
        return access.open_named(name)
    if sys.stdin is None:
        raise UsageError("standard input is closed", hint=hint)
    return sys.stdin.buffer


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


def open_index(directory: Path, *, quiet: bool) -> Index:
    """An index to ask, with the user's cache; for errors see `Index`."""
    spare_processors()
    return Index(directory, cache=cache_directory(), notify=notifier(quiet=quiet))


def chosen_reranker(
    name: str | None, *, online: bool, quiet: bool, command: str
) -> Reranker | None:
    """The model that --rerank names; None where there is no such option.

    Raises:
        UsageError: --online is given without it.
    """
    if name is None and online:
        raise UsageError("--online is for --rerank", hint=f"askdocs {command} --help")
    if name is None:
        return None
    spare_processors()
    return open_reranker(name, base=Path.cwd(), online=online, notify=notifier(quiet=quiet))


def spare_processors() -> None:
    """Have NumPy start no threads of its own, unless the environment says how many.

    Those of its BLAS wait by spinning, and take the processors from the model. Counts only before
    NumPy is imported.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
