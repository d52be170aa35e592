"""A number of bytes, as an option takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    _ParamType = click.ParamType[int]
else:
    _ParamType = click.ParamType

_UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
}
# Python refuses to read a number of thousands of them.
_MOST_DIGITS = 18
_WANTED = "is no size, such as 500kB, 64MiB or 2GiB"


class ByteSize(_ParamType):
    """A whole number of bytes, above 0, given with or without a unit."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Count the bytes."""
        text = str(value)
        digits = text.rstrip("BGIKMbgikm ")
        unit = _UNITS.get(text[len(digits) :].strip().lower())
        is_number = digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
        size = int(digits) * unit if unit and is_number else 0
        return size or self.fail(f"{text!r} {_WANTED}", param, ctx)
