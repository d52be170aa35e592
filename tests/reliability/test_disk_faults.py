"""C1 and C2 at the seam: a run that dies, or is refused, at any of its calls."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.disk import seam
from askdocs.errors import RefusedError
from tests.reliability.power import SEAM, KilledError
from tests.reliability.states import CHANGES, condition_of, names, prepare

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)


class FaultyDisk:
    """A disk of which one call fails, by number, or all from it on."""

    def __init__(self, fails_at: int, error: BaseException, *, for_good: bool) -> None:
        """Count from 1; 0 never fails."""
        self.calls = 0
        self._fails_at = fails_at
        self._error = error
        self._for_good = for_good

    def attach(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of every function of the seam."""
        for name in SEAM:
            monkeypatch.setattr(seam, name, self._faulty(getattr(seam, name)))

    def _faulty(self, original: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            self.calls += 1
            late = self._for_good and self.calls > self._fails_at > 0
            if self.calls == self._fails_at or late:
                raise self._error
            return original(*arguments)

        return call


def attempt(
    base: Path, change: str, faulty: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> BaseException | None:
    """Make a change on a faulty disk; what ended it."""
    index = prepare(base, change)
    act, argument = CHANGES[change]
    with monkeypatch.context() as patch:
        faulty.attach(patch)
        try:
            act(index, argument)
        except (KilledError, RefusedError) as error:
            return error
    return None


def rehearse(
    base: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, object, object]:
    """How many calls a change makes, and the states before it and after it."""
    before = condition_of(prepare(base / "before", change))
    disk = FaultyDisk(0, KilledError(), for_good=False)
    assert attempt(base / "after", change, disk, monkeypatch) is None
    return disk.calls, before, condition_of(base / "after" / "vectors")


@pytest.mark.parametrize("change", CHANGES)
def test_run_may_die_at_any_call(ram, monkeypatch, tally, change):
    """Nothing after that call takes place, not even tidying up: the index is old or new."""
    calls, before, after = rehearse(ram, change, monkeypatch)
    act, argument = CHANGES[change]

    for number in range(1, calls + 1):
        base = ram / str(number)
        dead = FaultyDisk(number, KilledError(), for_good=True)
        assert isinstance(attempt(base, change, dead, monkeypatch), KilledError)
        state = condition_of(base / "vectors")
        assert state in (before, after)
        if state == before:
            act(base / "vectors", argument)
            assert names(base) == names(ram / "after")
        assert condition_of(base / "vectors") == after
    tally("C1", "deaths at a call of the seam", calls)


@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_disk_may_refuse_any_call(ram, monkeypatch, amount, tally, change, *, for_good):
    """The refusal names a path and the reason, or was not a hindrance; the index is old or new."""
    calls, before, after = rehearse(ram, change, monkeypatch)
    tried = 0

    for number in range(1, calls + 1):
        for error in ERRORS[number % amount(4, 1) :: amount(4, 1)]:
            base = ram / f"{number}-{error}"
            path = "/disk/file"
            faulty = FaultyDisk(number, OSError(error, os.strerror(error), path), for_good=for_good)
            refusal = attempt(base, change, faulty, monkeypatch)
            state = condition_of(base / "vectors")
            assert state in (before, after)
            if refusal is None:
                assert state == after
            else:
                assert str(refusal) == f"{path}: {os.strerror(error).lower()}"
            tried += 1
    tally("C2", "refused calls of the seam", tried)
