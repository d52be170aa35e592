"""What the fixtures of conftest.py return, and a listener that ignores what it is told."""

from collections.abc import Callable
from dataclasses import dataclass

from askdocs.records.reports import IndexReport

Amount = Callable[[int, int], int]
Tally = Callable[[str, str, int], None]
IndexDocs = Callable[..., IndexReport]


@dataclass(frozen=True, slots=True)
class Ran:
    """The exit status of a command, and what it printed."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


def ignore(_line: str) -> None:
    """Ignore a notice."""
