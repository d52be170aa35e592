"""A number of bytes, as an option takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    _ParamType = click.ParamType[int]
else:
    _ParamType = click.ParamType

# Python refuses to read a number of thousands of digits, and no file has as many bytes.
_SIZE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))? *(?:([kmgt])(i?)b?|b)?", re.IGNORECASE)
_WANTED = "is no size: a number of bytes, or one such as 500kB, 1.5M or 2GiB"


class ByteSize(_ParamType):
    """A number of bytes, 1 at least, given with or without a unit.

    With an i, as in KiB, a unit is a power of 1,024; without, as in kB or k, of 1,000.
    """

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Count the bytes."""
        found = _SIZE.fullmatch(str(value).strip())
        size = _count(found) if found else 0
        return size or self.fail(f"{str(value)!r} {_WANTED}", param, ctx)


def _count(found: re.Match[str]) -> int:
    """The bytes of a size; what is less than one does not count."""
    whole, decimals, unit, is_binary = found.groups(default="")
    factor = (1024 if is_binary else 1000) ** " kmgt".index(unit.lower() or " ")
    return int(int(whole + decimals) * factor // 10 ** len(decimals))
