"""C3: whenever the power fails, the index is the old one or the new one."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from askdocs.disk import durable, seam
from askdocs.index.generation import current_digest
from askdocs.index.transaction import begin
from tests.reliability.power import KilledError, PowerlessDisk, write_tree
from tests.reliability.states import CHANGES, condition_of, names, prepare, write


def record(
    base: Path,
    change: str,
    monkeypatch: pytest.MonkeyPatch,
    lies: Callable[[str, Path], bool] = lambda *_: False,
) -> tuple[PowerlessDisk, object, object]:
    """Make a change on a disk that knows what a crash would leave, and the states around it."""
    index = prepare(base, change)
    before = condition_of(index)
    act, argument = CHANGES[change]
    with monkeypatch.context() as patch:
        recorder = PowerlessDisk(base, lies=lies)
        recorder.attach(patch)
        act(index, argument)
        recorder.acknowledge()
    return recorder, before, condition_of(index)


def faults(recorder: PowerlessDisk, before: object, after: object, folder: Path) -> Iterator[str]:
    """Go through the states that a crash may leave: what is wrong with each, "" for nothing."""
    for tree, is_acknowledged in recorder.states():
        write_tree(tree, folder)
        state = condition_of(folder / "vectors")
        is_right = state == after or (state == before and not is_acknowledged)
        yield "" if is_right else f"{state} in place of {after}"


@pytest.mark.parametrize("change", CHANGES)
def test_power_may_fail_at_any_time(ram, monkeypatch, tally, change):
    """In every state that a disk may be found in, the old index answers or the new one."""
    recorder, before, after = record(ram / "real", change, monkeypatch)
    found = list(faults(recorder, before, after, ram / "crashed"))
    assert set(found) == {""}
    assert len(found) > 5
    tally("C3", "states after a power failure", len(found))


@pytest.mark.parametrize("change", CHANGES)
def test_next_run_succeeds_whatever_the_power_left(ram, monkeypatch, amount, tally, change):
    """The same change, made again, takes, and leaves no file that the first one would not."""
    recorder, before, after = record(ram / "real", change, monkeypatch)
    expected = names(ram / "real")
    states = [tree for tree, _ in recorder.states()][:: amount(8, 1)]
    for tree in states:
        write_tree(tree, ram / "crashed")
        index = ram / "crashed" / "vectors"
        act, argument = CHANGES[change]
        if act is write or condition_of(index) == before:
            act(index, argument)
        with begin(index, expecting=current_digest(index)):
            pass
        assert condition_of(index) == after
        assert names(ram / "crashed") == expected
    tally("C3", "runs after a power failure", len(states))


@pytest.mark.parametrize("change", ["first", "update", "records"])
def test_power_may_fail_after_a_run_that_died(ram, monkeypatch, amount, tally, change):
    """The next run relies on nothing that the dead one did not force, and loses no index either."""
    whole, before, after = record(ram / "whole", change, monkeypatch)
    # The sample dies between the renaming of HEAD and the forcing of its name, or close to it.
    deaths = range(1, whole.calls)[-amount(2, whole.calls) :]
    tried = 0
    for death in deaths:
        index = prepare(ram / str(death), change)
        act, argument = CHANGES[change]
        with monkeypatch.context() as patch:
            recorder = PowerlessDisk(ram / str(death))
            recorder.attach(patch)
            recorder.dies_at = death
            with pytest.raises(KilledError):
                act(index, argument)
            recorder.dies_at = 0
            recorder.forget()
            with begin(index, expecting=current_digest(index)):
                pass
            if condition_of(index) == after:
                recorder.acknowledge()
        found = list(faults(recorder, before, after, ram / "crashed"))
        assert set(found) == {""}, death
        tried += len(found)
    tally("C3", "states after a dead run and a power failure", tried)


# Which forcing only pretends to succeed, and of which paths.
SABOTAGE = {
    "files are not forced": ("force", ""),
    "folders of a generation are not forced": ("force_path", "new-"),
    "the name of a generation is not forced": ("force_path", "/generations$"),
    "the name of HEAD is not forced": ("force_path", "/vectors$"),
    "HEAD is written in place": ("", ""),
}


@pytest.mark.parametrize("sabotage", SABOTAGE)
def test_sabotaged_protocol_is_caught(ram, monkeypatch, tally, sabotage):
    """Each step of the protocol is one without which an index is lost: these tests would see it."""
    call, pattern = SABOTAGE[sabotage]
    if not call:
        monkeypatch.setattr(durable, "replace_file", write_in_place)

    def lies(name: str, path: Path) -> bool:
        return name == call and re.search(pattern, str(path)) is not None

    recorder, before, after = record(ram / "real", "update", monkeypatch, lies)
    assert any(faults(recorder, before, after, ram / "crashed"))
    tally("C3", "sabotaged protocols caught", 1)


def write_in_place(path: Path, content: bytes) -> None:
    """Write over a file, as one should not."""
    with seam.overwrite(path) as file:
        file.write(content)
        seam.force(file)
