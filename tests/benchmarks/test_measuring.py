"""Processes are timed in turn and reported in short."""

import json
import subprocess
import sys

import pytest

from benchmarks.speed import machine
from benchmarks.speed.measuring import (
    ROOT,
    Command,
    FailedError,
    Spread,
    in_turn,
    measure_in_turn,
    run,
    spread,
)


def python(code: str, **environment: str) -> Command:
    """A process that runs some Python."""
    return Command(words=(sys.executable, "-c", code), environment=environment)


def test_names_take_turns():
    """Every name comes once before any comes again."""
    assert list(in_turn(["a", "b", "c"], 2)) == ["a", "b", "c", "a", "b", "c"]


def test_measures_are_called_in_turn():
    """Results are kept under the measure's name, in the order of the rounds."""
    calls = []
    measures = {name: lambda name=name: calls.append(name) or len(calls) for name in "ab"}
    found = measure_in_turn(measures, 3)
    assert calls == ["a", "b", "a", "b", "a", "b"]
    assert found == {"a": [1, 3, 5], "b": [2, 4, 6]}


def test_a_spread_is_the_lowest_the_middle_and_the_highest():
    """The median of an even number of values is the mean of the two in the middle."""
    assert spread([4.0, 1.0, 10.0]) == Spread(lowest=1.0, median=4.0, highest=10.0)
    assert spread([4.0, 1.0, 10.0, 2.0]) == Spread(lowest=1.0, median=3.0, highest=10.0)


def test_a_run_has_the_output_and_the_memory_of_the_process():
    """A process that holds 64 MB is reported with more memory than one that does not."""
    small = run(python("print('done')"))
    large = run(python("import os; held = b'x' * 64_000_000; print(os.environ['A'])", A="so"))
    assert (small.output, large.output) == ("done\n", "so\n")
    assert large.peak_bytes - small.peak_bytes > 50_000_000
    assert small.seconds > 0


def test_a_process_that_fails_is_not_measured():
    """The error has the command and what the process said."""
    with pytest.raises(FailedError, match=r"(?s)sys\.exit.*no luck"):
        run(python("import sys; sys.exit('no luck')"))


def test_a_process_is_timed_by_a_program_of_its_own(tmp_path):
    """`timed.py` prints the status of the process as well, and keeps its output in a file."""
    script = ROOT / "benchmarks" / "speed" / "timed.py"
    command = [sys.executable, "-S", script, tmp_path / "out", sys.executable, "-c"]
    done = subprocess.run(
        [*command, "print(1); raise SystemExit(3)"], check=True, capture_output=True, timeout=60
    )
    report = json.loads(done.stdout)
    assert report["status"] == 3
    assert set(report) == {"seconds", "cpu_seconds", "peak_bytes", "status"}
    assert (tmp_path / "out").read_text().split() == ["1"]


def test_own_work_is_not_that_of_bystanders():
    """What others used is what was used less the own part, and never below nothing."""
    assert machine.share_of_others(busy=10, own=4, seconds=40) == 0.15
    assert machine.share_of_others(busy=4, own=4.01, seconds=40) == 0.0
