"""Read a configuration file, and know the line of everything in it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askdocs.config.nearest import SHARED_NAME
from askdocs.errors import UsageError

_TABLE = ("tool", "askdocs")
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_NAME = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_NAME})\s*\]")
_KEY = re.compile(rf"\s*({_NAME})\s*=")
# What may hold lines that look like keys, or quotes that open nothing: texts of several lines and
# comments. Texts of one line are matched as well, since they may hold what looks like either.
# One that is not closed ends with the file, or with its line: otherwise each quote in it would be
# tried in turn.
_LONG = r"""("{3}(?:\\.|[^\\])*?(?:"{3,5}|\\?\Z)|'{3}.*?(?:'{3,5}|\Z)|#[^\n]*)"""
_SHORT = r"""|"(?:\\[^\n]|[^"\\\n])*+(?:"|\\?(?=\n|\Z))|'[^'\n]*+(?:'|(?=\n|\Z))"""
_PASSED_OVER = re.compile(_LONG + _SHORT, re.DOTALL)
# tomllib takes time by the square of them, and a key of some ten thousand takes minutes.
_MOST_PARTS = 100
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{_MOST_PARTS}}}")
# A whole number, and neither a key nor a part of another number.
_LONG_NUMBER = re.compile(r"(?<![\w.+-])[+-]?(?:[0-9]_?){4301,}+(?![\w-]|[ \t]*[.=])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a configuration file says, by keys as they are written in it.

    Attributes:
        path: The file.
        settings: Its keys and values; a table is a mapping.
        text: The whole file.
        table: The keys above the settings: none, or tool and askdocs.
    """

    path: Path
    settings: Mapping[str, Any]
    text: str
    table: tuple[str, ...]

    def line(self, *keys: str) -> int:
        """The line, from 1, in which a key stands, or the nearest table around it.

        Args:
            keys: The key behind the keys of the tables that it is in, as written.
        """
        wanted = (*self.table, *keys)
        best, found = 0, 1
        for number, place in _places(self.text):
            if len(place) > best and place == wanted[: len(place)]:
                best, found = len(place), number
        return found

    def place(self, *keys: str) -> str:
        """The file and the line of a key, as `file:line`."""
        return f"{self.path}:{self.line(*keys)}"


def read_configuration(path: Path, content: bytes) -> Configuration | None:
    """What a file says; None where it is a `pyproject.toml` without a table for askdocs.

    Raises:
        UsageError: It is not TOML in UTF-8, or `tool.askdocs` is no table.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: not UTF-8", hint=f"save {path} as UTF-8") from error
    _require_short_keys(path, text)
    settings = _parsed(path, text)
    if path.name != SHARED_NAME:
        return Configuration(path=path, settings=settings, text=text, table=())
    for key in _TABLE:
        settings = settings.get(key)
        if settings is None:
            return None
        if not isinstance(settings, dict):
            raise UsageError(f"{path}: {key} is not a table", hint="[tool.askdocs]")
    return Configuration(path=path, settings=settings, text=text, table=_TABLE)


def _require_short_keys(path: Path, text: str) -> None:
    """Refuse a key that tomllib would not get done with."""
    # What is quoted may be a part of a key, too.
    bare = _PASSED_OVER.sub(lambda found: _without_long(found) if found[1] else "_", text)
    if found := _LONG_KEY.search(bare):
        line = bare.count("\n", 0, found.start()) + 1
        message = f"{path}:{line}: a key has more than {_MOST_PARTS} parts"
        raise UsageError(message, hint=f"correct line {line} of {path}")


def _parsed(path: Path, text: str) -> Any:  # noqa: ANN401 - TOML
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error) or "nested too deeply"
        found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", reason)
        end = len(text.splitlines()) or 1
        line = int(found[1]) if found and found[1] else end
        reason = reason[: found.start()] if found else reason
        hint = f"correct line {line} of {path}"
        raise UsageError(f"{path}:{line}: not TOML: {reason.lower()}", hint=hint) from error
    except ValueError as error:
        # Python reads no whole number of more digits, and says so without a place.
        bare = _PASSED_OVER.sub(lambda passed: "\n" * passed[0].count("\n"), text)
        number = _LONG_NUMBER.search(bare)
        if number is None:
            raise
        line = bare.count("\n", 0, number.start()) + 1
        message = f"{path}:{line}: a number has too many digits"
        raise UsageError(message, hint=f"correct line {line} of {path}") from error


def _places(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The line of every table and key, with the keys that lead to it.

    tomllib keeps no lines. What stands in a comment or in a text of several lines is passed over;
    keys inside an inline table are not told apart from it.

    Args:
        text: Valid TOML.
    """
    table: tuple[str, ...] = ()
    bare = _PASSED_OVER.sub(_without_long, text)
    for number, line in enumerate(bare.split("\n"), 1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            yield number, table
        elif key := _KEY.match(line):
            yield number, (*table, *_parts(key[1]))


def _without_long(found: re.Match[str]) -> str:
    """What is left of a text or a comment: its line breaks, or a text of one line as it is."""
    return found[0] if found[1] is None else "\n" * found[1].count("\n")


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, name))
