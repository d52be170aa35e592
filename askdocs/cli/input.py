"""Lines from a file that was named, or from standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from askdocs.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


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
        raise UsageError(f"line {number} of {name} is not UTF-8") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{name}: {reason}", hint=hint) from error


def _opened(name: str, hint: str) -> IO[bytes]:
    if name != "-":
        return Path(name).open("rb")
    if sys.stdin is None:
        raise UsageError("standard input is closed", hint=hint)
    return sys.stdin.buffer
