"""The types and ranges that fields of a manifest are held to."""

import math
import re
from collections.abc import Callable
from pathlib import PurePosixPath

WRONG = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a wrong type or value leads to, here and in the parser of JSON."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def texts(values: object, check: Callable[[object], str] | None = None) -> tuple[str, ...]:
    """A list of texts, each of which passes a check of its own where one is given."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is not a list")
    return tuple((check or text)(value) for value in values)


def text(value: object) -> str:
    """A text."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def count(value: object) -> int:
    """A whole number from 0 to 2^63 - 1; truth values are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise TypeError(f"{value!r} is not a count")
    return value


def truth(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def number(value: object) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def sha256(value: object) -> str:
    """64 hexadecimal digits in lower case."""
    found = text(value)
    if not _SHA256.fullmatch(found):
        raise ValueError(f"{found!r} is not a digest")
    return found


def root(value: object) -> str:
    """A relative path that may begin with `..`, and is otherwise clean."""
    found = text(value)
    below = found
    while below.startswith("../"):
        below = below[3:]
    if found != "." and below != "..":
        clean(below)
    return found


def clean(value: object) -> str:
    """A relative path that goes down alone."""
    found = text(value)
    parts = found.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\0" in found:
        raise ValueError(f"{found!r} is not a clean relative path")
    return found


def name(value: object) -> str:
    """The name of a file, without its folder."""
    found = clean(value)
    if PurePosixPath(found).name != found:
        raise ValueError(f"{found!r} is not a file name")
    return found
