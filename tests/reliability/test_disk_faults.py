"""C1 and C2 at the seam: a run that dies, or is refused, at any of its calls."""

import errno
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from askdocs.disk import seam
from askdocs.errors import RefusedError
from tests.reliability.power import SEAM, KilledError
from tests.reliability.states import CHANGES, condition_of, names, prepare

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)


def attempt(base: Path, change: str, fails_at: int, error: BaseException, *, for_good: bool = True):
    """Make a change whose call of some number fails; return how many it made, and its error."""
    index, calls = prepare(base, change), count(1)

    def faulty(original: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            number = next(calls)
            if number == fails_at or (for_good and number > fails_at > 0):
                raise error
            return original(*arguments)

        return call

    act, argument = CHANGES[change]
    with pytest.MonkeyPatch.context() as patch:
        for name in SEAM:
            patch.setattr(seam, name, faulty(getattr(seam, name)))
        try:
            act(index, argument)
        except (KilledError, RefusedError) as ended:
            return next(calls) - 1, ended
    return next(calls) - 1, None


def rehearse(base: Path, change: str) -> tuple[int, object, object]:
    """How many calls a change makes, and the states before it and after it."""
    before = condition_of(prepare(base / "before", change))
    calls, ended = attempt(base / "after", change, 0, KilledError())
    assert ended is None
    return calls, before, condition_of(base / "after" / "vectors")


@pytest.mark.parametrize("change", CHANGES)
def test_run_may_die_at_any_call(ram, tally, change):
    """Nothing after that call takes place, not even tidying up: the index is old or new."""
    calls, before, after = rehearse(ram, change)
    act, argument = CHANGES[change]
    for number in range(1, calls + 1):
        base = ram / str(number)
        assert isinstance(attempt(base, change, number, KilledError())[1], KilledError)
        state = condition_of(base / "vectors")
        assert state in (before, after)
        if state == before:
            act(base / "vectors", argument)
            assert names(base) == names(ram / "after")
        assert condition_of(base / "vectors") == after
    tally("C1", "deaths at a call of the seam", calls)


@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_disk_may_refuse_any_call(ram, amount, tally, change, *, for_good):
    """The refusal names a path and the reason, or was not a hindrance; the index is old or new."""
    calls, before, after = rehearse(ram, change)
    for number in range(1, calls + 1):
        for error in ERRORS[number % amount(4, 1) :: amount(4, 1)]:
            base = ram / f"{number}-{error}"
            path = "/disk/file"
            fault = OSError(error, os.strerror(error), path)
            _, refusal = attempt(base, change, number, fault, for_good=for_good)
            state = condition_of(base / "vectors")
            assert state in (before, after)
            if refusal is None:
                assert state == after
            else:
                assert str(refusal) == f"{path}: {os.strerror(error).lower()}"
            tally("C2", "refused calls of the seam", 1)
