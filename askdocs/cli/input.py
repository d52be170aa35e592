"""What is read from a file that was named, or from standard input."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

from askdocs import files
from askdocs.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        reason = files.reason_of(error)
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
        reason = files.reason_of(error)
        raise UsageError(f"standard input: {reason}", hint=hint) from error
    if len(content) > _MOST_READ:
        raise UsageError("standard input is longer than a question may be", hint=hint)
    return text


def name_of(name: str) -> str:
    """What to call a file in an error."""
    return "standard input" if name == "-" else name


def _opened(name: str, hint: str) -> IO[bytes]:
    if name != "-":
        return files.open_named(name)
    if sys.stdin is None:
        raise UsageError("standard input is closed", hint=hint)
    return sys.stdin.buffer
