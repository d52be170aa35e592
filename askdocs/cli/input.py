"""What commands read: files, questions, an index."""

import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from askdocs.cli.output import notifier
from askdocs.disk import access
from askdocs.embedding.rerank import Reranker
from askdocs.errors import UsageError
from askdocs.places import cache_directory
from askdocs.records.results import Question
from askdocs.search.index import Index
from askdocs.search.options import parse_question, written_question

# A question has at most 10,000 characters, and white space around it does not count.
_MAX_BYTES = 1 << 20
_ARRAY = re.compile(r"\[(?:\s*[\[{\"]|$)")
_LINE_HINT = 'write each line as plain text, or like {"id": "q1", "question": "Who signs?"}'


def typed_question(words: tuple[str, ...]) -> Question:
    """Join words to a question; a single - reads all of standard input.

    Raises:
        UsageError: Standard input is closed, not UTF-8, or longer than any question.
    """
    if words == ("-",):
        return Question(id="1", text=_read_whole(hint="askdocs ask QUESTION"))
    text = " ".join(words)
    # In a locale that is not UTF-8, Python hides the bytes of an argument in surrogates.
    with suppress(UnicodeError):
        text = os.fsencode(text).decode("utf-8")
    return Question(id="1", text=text)


def _read_whole(*, hint: str) -> str:
    try:
        content = _open("-", hint).read(_MAX_BYTES + 1)
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise UsageError("standard input is not UTF-8", hint=hint) from error
    except OSError as error:
        raise UsageError(f"standard input: {access.reason_of(error)}", hint=hint) from error
    if len(content) > _MAX_BYTES:
        raise UsageError("standard input is longer than a question may be", hint=hint)
    return text


def read_questions(name: str, *, hint: str) -> Iterator[Question]:
    """Read questions from a file, one a line: plain text, or JSON objects with question and id.

    Blank lines are skipped. The number of its line is the id of a question without one. For
    arguments see `read_lines`.

    Raises:
        UsageError: There is no such file or no question in it, it is not UTF-8, or a line is not a
            question.
    """
    is_empty = True
    for number, line in enumerate(read_lines(name, hint=hint), 1):
        text, location = line.strip(), f"line {number} of {name_of(name)}"
        if is_empty and _ARRAY.match(text):
            message = f"{name_of(name)} is a JSON array; each question needs a line of its own"
            raise UsageError(message, hint=f"jq -c '.[]' {shlex.quote(name)}")
        if text.startswith("{"):
            yield parse_question(text, number, location, hint=_LINE_HINT)[0]
        elif text:
            yield written_question(text, number, location)
        is_empty = is_empty and not text
    if is_empty:
        raise UsageError(f"there is no question in {name_of(name)}", hint=_LINE_HINT)


def read_lines(name: str, *, hint: str) -> Iterator[str]:
    """Read the lines of a file in UTF-8, or of - for standard input, each as soon as it is there.

    The hint says what to type if there is no such file.

    Raises:
        UsageError: There is no such file, or a line of it is not UTF-8.
    """
    number = 0
    try:
        with _open(name, hint) as file:
            # Decoded line by line: those before one that is not UTF-8 are good.
            for number, line in enumerate(file, 1):
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                yield text.replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"line {number} of {name_of(name)} is not UTF-8") from error
    except OSError as error:
        raise UsageError(f"{name_of(name)}: {access.reason_of(error)}", hint=hint) from error


def name_of(name: str) -> str:
    """Return what to call a file in an error."""
    return "standard input" if name == "-" else name


def _open(name: str, hint: str) -> IO[bytes]:
    if name != "-":
        return access.open_named(name)
    if sys.stdin is None:
        raise UsageError("standard input is closed", hint=hint)
    return sys.stdin.buffer


def open_index(directory: Path, *, quiet: bool) -> Index:
    """Open an index to ask, with the user's cache; for errors see `Index`."""
    spare_processors()
    return Index(directory, cache=cache_directory(), notify=notifier(quiet=quiet))


def chosen_reranker(
    name: str | None, *, online: bool, quiet: bool, command: str
) -> Reranker | None:
    """Open the model that --rerank names; return None without that option.

    Raises:
        UsageError: --online is given without --rerank.
    """
    if name is None:
        if online:
            raise UsageError("--online is for --rerank", hint=f"askdocs {command} --help")
        return None
    from askdocs.embedding.rerank import open_reranker

    spare_processors()
    return open_reranker(name, base=Path.cwd(), online=online, notify=notifier(quiet=quiet))


def spare_processors() -> None:
    """Keep NumPy from starting threads, unless the environment says how many it may use.

    The threads of its BLAS wait by spinning, and take processors from the model. This has an effect
    only before NumPy is imported.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
