"""Whole processes, timed in turn."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to start.

    Attributes:
        words: The program and its arguments.
        environment: Variables beside those that are set.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a process took.

    Attributes:
        seconds: From its start to its end.
        cpu_seconds: On all processors.
        peak_bytes: The most resident memory that it, or a process that it started, had.
        output: What it printed.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str


class FailedError(Exception):
    """A process that was to be measured did not do its work."""


def run(command: Command) -> Run:
    """Run a process to its end.

    Raises:
        FailedError: Its exit status is not 0.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "output")
        timed = [sys.executable, "-S", str(Path(__file__).with_name("timed.py")), str(output)]
        done = subprocess.run(
            [*timed, *command.words],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **command.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or (report := json.loads(done.stdout)).pop("status"):
            raise FailedError(f"{' '.join(command.words)}\n{done.stderr}")
        return Run(**report, output=output.read_text(encoding="utf-8"))


def in_turn(names: Sequence[_Key], rounds: int) -> Iterator[_Key]:
    """Each name once, then each once more (a b c a b c), so that a slow minute strikes all."""
    for _ in range(rounds):
        yield from names


def measure_in_turn(
    measures: Mapping[_Key, Callable[[], _Value]], rounds: int
) -> dict[_Key, list[_Value]]:
    """Call every measure once a round, and return the results by name."""
    found: dict[_Key, list[_Value]] = {name: [] for name in measures}
    for name in in_turn(list(measures), rounds):
        found[name].append(measures[name]())
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Some measurements in short."""

    lowest: float
    median: float
    highest: float


def spread(values: Sequence[float]) -> Spread:
    """The lowest, the middle and the highest of at least one value."""
    return Spread(lowest=min(values), median=statistics.median(values), highest=max(values))
