"""Lines from a file that was named, or from standard input."""

from __future__ import annotations

import io
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
        UsageError: There is no such file, or it is not UTF-8.
    """
    try:
        with _opened(name, hint) as file:
            yield from file
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{name}: {reason}", hint=hint) from error


def _opened(name: str, hint: str) -> IO[str]:
    # A mark at the start belongs to the encoding, not to the first line.
    if name != "-":
        return Path(name).open(encoding="utf-8-sig")
    if sys.stdin is None:
        raise UsageError("standard input is closed", hint=hint)
    return io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig")
