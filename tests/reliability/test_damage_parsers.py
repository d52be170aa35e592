"""Whatever bytes a parser is given, only the declared errors come out of it (row B4)."""

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reliability import fuzz

SECONDS = 20
EXAMPLES = 60


@pytest.mark.parametrize("name", fuzz.NAMES)
def test_any_bytes_do_no_harm(name, tally):
    """Bytes without any sense, and sound ones with changes."""

    @settings(max_examples=EXAMPLES, database=None)
    @given(st.binary(max_size=300), st.integers(0, 2**32))
    def try_bytes(content: bytes, seed: int) -> None:
        chosen = random.Random(seed)  # noqa: S311 - no secret
        for start in fuzz.sound(name):
            fuzz.parse(name, fuzz.changed(start, chosen))
        fuzz.parse(name, content)

    for start in fuzz.sound(name):
        fuzz.parse(name, start)
    try_bytes()
    tally("B4", f"inputs, {name}", EXAMPLES * (1 + len(fuzz.sound(name))))


@pytest.mark.torture
@pytest.mark.parametrize("name", fuzz.NAMES)
def test_fuzzer_finds_nothing(name, tmp_path, tally):
    """Inputs that are led by which lines they reach, for as long as the row asks for."""
    ran = subprocess.run(
        [sys.executable, fuzz.__file__, name, str(SECONDS)],
        cwd=tmp_path, env={"PYTHONPATH": str(Path(fuzz.__file__).parents[2])}, capture_output=True,
        text=True, timeout=10 * SECONDS, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-4000:]
    found = re.search(r"stat::number_of_executed_units: (\d+)", ran.stderr)
    assert found is not None, ran.stderr[-4000:]
    tally("B4", f"inputs, {name}", int(found[1]))
