"""C3: whenever the power fails, the index is the old one or the new one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from askdocs import files
from askdocs.errors import DamagedIndexError
from askdocs.files import disk
from askdocs.index import begin, current_digest
from tests.reliability.power import PowerlessDisk, write_tree
from tests.reliability.states import CHANGES, names, prepare, state_of, write

Lie = Callable[[str, Path], bool]


def record(
    base: Path, change: str, monkeypatch: pytest.MonkeyPatch, lies: Lie = lambda *_: False
) -> tuple[PowerlessDisk, object, object]:
    """Make a change on a disk that knows what a crash would leave, and the states around it."""
    index = prepare(base, change)
    before = state_of(index)
    act, argument = CHANGES[change]
    with monkeypatch.context() as patch:
        recorder = PowerlessDisk(base, lies=lies)
        recorder.attach(patch)
        act(index, argument)
        recorder.acknowledge()
    return recorder, before, state_of(index)


def faults(recorder: PowerlessDisk, before: object, after: object, folder: Path) -> Iterator[str]:
    """Go through the states that a crash may leave: what is wrong with each, "" for nothing."""
    for tree, is_acknowledged in recorder.states():
        write_tree(tree, folder)
        try:
            state = state_of(folder / "vectors")
        except DamagedIndexError as error:
            yield str(error)
            continue
        is_right = state == after or (state == before and not is_acknowledged)
        yield "" if is_right else f"{state} in place of {after}"


@pytest.mark.parametrize("change", CHANGES)
def test_power_may_fail_at_any_time(
    ram: Path, monkeypatch: pytest.MonkeyPatch, tally: Callable[..., None], change: str
) -> None:
    """In every state that a disk may be found in, the old index answers or the new one."""
    recorder, before, after = record(ram / "real", change, monkeypatch)

    found = list(faults(recorder, before, after, ram / "crashed"))

    assert set(found) == {""}
    assert len(found) >= 10
    tally("C3", "states after a power failure", len(found))


@pytest.mark.parametrize("change", CHANGES)
def test_next_run_succeeds_whatever_the_power_left(
    ram: Path,
    monkeypatch: pytest.MonkeyPatch,
    amount: Callable[[int, int], int],
    tally: Callable[..., None],
    change: str,
) -> None:
    """The same change, made again, takes, and leaves no file that the first one would not."""
    recorder, before, after = record(ram / "real", change, monkeypatch)
    expected = names(ram / "real")
    states = [tree for tree, _ in recorder.states()][:: amount(8, 1)]

    for tree in states:
        write_tree(tree, ram / "crashed")
        index = ram / "crashed" / "vectors"
        act, argument = CHANGES[change]
        if act is write or state_of(index) == before:
            act(index, argument)
        with begin(index, expecting=current_digest(index)):
            pass
        assert state_of(index) == after
        assert names(ram / "crashed") == expected
    tally("C3", "runs after a power failure", len(states))


SABOTAGE: dict[str, Lie] = {
    "files are not forced": lambda name, _path: name == "force",
    "folders of a generation are not forced": lambda name, path: (
        name == "force_path" and "new-" in str(path)
    ),
    "the name of a generation is not forced": lambda name, path: (
        name == "force_path" and path.name == "generations"
    ),
    "the name of HEAD is not forced": lambda name, path: (
        name == "force_path" and path.name == "vectors"
    ),
}


@pytest.mark.parametrize("sabotage", [*SABOTAGE, "HEAD is written in place"])
def test_sabotaged_protocol_is_caught(
    ram: Path, monkeypatch: pytest.MonkeyPatch, tally: Callable[..., None], sabotage: str
) -> None:
    """Each step of the protocol is one without which an index is lost: these tests would see it."""
    if sabotage not in SABOTAGE:
        monkeypatch.setattr(files, "replace_file", write_in_place)

    lies = SABOTAGE.get(sabotage, lambda *_: False)
    recorder, before, after = record(ram / "real", "update", monkeypatch, lies)

    assert any(faults(recorder, before, after, ram / "crashed"))
    tally("C3", "sabotaged protocols caught", 1)


def write_in_place(path: Path, content: bytes) -> None:
    """Write over a file, as one should not."""
    with disk.overwrite(path) as file:
        file.write(content)
        disk.force(file)
