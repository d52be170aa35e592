"""Whatever bytes a parser is given, only the declared errors come out of it (row B4)."""

import importlib.util
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Tally = Callable[[str, str, int], None]

FUZZ = Path(__file__).with_name("fuzz.py")
SPEC = importlib.util.spec_from_file_location("fuzz", FUZZ)
assert SPEC is not None
assert SPEC.loader is not None
fuzz = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(fuzz)

SECONDS = 20
EXAMPLES = 60


@pytest.mark.parametrize("name", fuzz.PARSERS)
def test_any_bytes_do_no_harm(name, tally):
    """Bytes without any sense, and sound ones with changes."""

    @settings(max_examples=EXAMPLES, database=None)
    @given(st.binary(max_size=300), st.integers(0, 2**32))
    def try_bytes(content: bytes, seed: int) -> None:
        chosen = random.Random(seed)  # noqa: S311 - no secret
        for start in fuzz.sound(name):
            fuzz.PARSERS[name](fuzz.changed(start, chosen))
        fuzz.PARSERS[name](content)

    for start in fuzz.sound(name):
        fuzz.PARSERS[name](start)
    try_bytes()

    tally("B4", f"inputs, {name}", EXAMPLES * (1 + len(fuzz.sound(name))))


@pytest.mark.torture
@pytest.mark.parametrize("name", fuzz.PARSERS)
def test_fuzzer_finds_nothing(name, tmp_path, tally):
    """Inputs that are led by which lines they reach, for as long as the row asks for."""
    ran = subprocess.run(
        [sys.executable, str(FUZZ), name, str(SECONDS)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(FUZZ.parents[2])},
        capture_output=True,
        text=True,
        timeout=10 * SECONDS,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr[-4000:]
    found = re.search(r"stat::number_of_executed_units: (\d+)", ran.stderr)
    assert found is not None, ran.stderr[-4000:]
    tally("B4", f"inputs, {name}", int(found[1]))
