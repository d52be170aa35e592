"""C1, C2 and K4: whatever call of the system fails, or ends the run, an index is whole."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from askdocs.errors import ExitStatus
from tests.reliability.states import build_index, make_cache, names, state_of
from tests.reliability.victims import Death, Nursery

pytestmark = pytest.mark.torture

ERRORS = {
    "openat": ("ENOSPC", "EACCES", "EROFS"), "write": ("ENOSPC", "EIO"),
    "pwrite64": ("ENOSPC", "EIO"), "fsync": ("EIO", "ENOSPC"), "fdatasync": ("EIO",),
    "ftruncate": ("EIO",), "rename": ("EIO", "ENOSPC"), "link,linkat": ("EPERM", "EIO"),
    "unlink": ("EROFS",), "unlinkat": ("EACCES", "EIO"), "rmdir": ("EACCES",),
    "mkdir": ("ENOSPC", "EROFS"), "flock": ("ENOLCK", "EIO"),
}  # fmt: skip
"""The calls that change a disk, and what they may be refused with."""

UNUSED = {
    "first": {"link,linkat", "unlinkat", "rmdir"}, "update": {"link,linkat"},
    "delete": {"link,linkat", "pwrite64"}, "sweep": {"link,linkat"}, "records": {"pwrite64"},
}  # fmt: skip
"""What a scenario does without; and none of them cuts a file off or forces its data alone."""

OLD = {"a.txt": "The ship sank.\n", "b.txt": "It rained all day.\n"}
NEW = {"a.txt": "The ship sank.\n", "c.txt": "The moon rose.\n\nNobody saw it.\n"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A folder as it is before a command, and index and paths as an undisturbed run leaves them."""

    template: Path
    arguments: tuple[str, ...]
    model: Path
    before: object
    after: object
    names: set[str]
    trace: tuple[str, ...]

    def counts(self, call: str) -> list[int]:
        """Return which of the main thread's calls of this kind change the disk, from 1."""
        pattern = re.compile(rf"{self.trace[0].split()[0]} +({call.replace(',', '|')})\(")
        calls = enumerate((line for line in self.trace if pattern.match(line)), start=1)
        return [number for number, line in calls if call != "openat" or "O_CREAT" in line]


@pytest.fixture(scope="module")
def make_scenario(nursery: Nursery, memory: Path, tiny_model: Path) -> Callable[[str], Scenario]:
    """Make the folder of a scenario and run its command undisturbed, once per scenario."""

    @cache
    def make(name: str) -> Scenario:
        template = memory / name
        write_documents(template, OLD if name != "first" else NEW)
        arguments = ("index", "docs", "--model", str(tiny_model))
        if name != "first":
            build_index(template / "vectors", template / "docs", model=tiny_model)
            write_documents(template, {"delete": {}, "records": OLD}.get(name, NEW))
            arguments = ("index",)
        if name == "sweep":
            litter(template / "vectors")
        if name == "records":
            # Skipped: nothing changes but what is known of the files.
            (template / "docs" / "d.txt").write_bytes(b"\0")
        folder, environment = copied(template, memory / "rehearsal", tiny_model)
        death = nursery.run(arguments, folder, environment, "-e", f"trace={','.join(ERRORS)}")
        assert death.status == 0, death
        states = [state_of(one / "vectors") for one in (template, folder)]
        trace = tuple(line for line in death.trace if re.match(r"\d+ +\w+\(", line))
        return Scenario(template, arguments, tiny_model, *states, names(folder), trace)

    return make


def write_documents(folder: Path, documents: dict[str, str]) -> None:
    """Make these the documents of a folder."""
    shutil.rmtree(folder / "docs", ignore_errors=True)
    (folder / "docs").mkdir(parents=True)
    for name, text in documents.items():
        (folder / "docs" / name).write_text(text)


def litter(index: Path) -> None:
    """Leave what dead runs leave."""
    (generation,) = (index / "generations").iterdir()
    shutil.copytree(generation, index / "generations" / "new-0123456789abcdef")
    shutil.copytree(generation, index / "generations" / ("0" * 64))
    shutil.copytree(generation, index / "encoders" / "new-entry")
    (index / "HEAD.new").write_bytes(b"half")


def copied(template: Path, folder: Path, model: Path) -> tuple[Path, dict[str, str]]:
    """A copy of a folder, and an environment with a cache that has no vectors."""
    own = folder.with_name("cache-of-one")
    for path in (folder, own):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(template, folder)
    return folder, {"ASKDOCS_CACHE": str(make_cache(own, model))}


@pytest.fixture
def attempt(nursery: Nursery, memory: Path) -> Callable[..., tuple[Path, Death]]:
    """Run a scenario's command with a fault: `attempt(scenario, "fsync", "error=EIO:when=1")`."""

    def run(scenario: Scenario, call: str, fault: str) -> tuple[Path, Death]:
        folder, environment = copied(scenario.template, memory / "attempt", scenario.model)
        tracing = ("-e", f"trace={call}", "-e", f"inject={call}:{fault}")
        return folder, nursery.run(scenario.arguments, folder, environment, *tracing)

    return run


def require_next_run(scenario: Scenario, folder: Path) -> None:
    """The same command, undisturbed, succeeds and leaves nothing."""
    is_first = "--model" in scenario.arguments
    paths, model = ((folder / "docs",), scenario.model) if is_first else ((), None)
    build_index(folder / "vectors", *paths, model=model, cache=folder.with_name("cache-of-one"))
    assert state_of(folder / "vectors") == scenario.after
    assert names(folder) == scenario.names


@pytest.mark.parametrize("call", ERRORS)
@pytest.mark.parametrize("name", UNUSED)
def test_run_may_be_killed_at_any_call(make_scenario, attempt, tally, name, call):
    """C1: the index is the old one or the new one, and the next run puts all right."""
    scenario = make_scenario(name)
    numbers = scenario.counts(call)
    assert bool(numbers) != (call in UNUSED[name] | {"fdatasync", "ftruncate"})
    for number in numbers:
        folder, death = attempt(scenario, call, f"signal=SIGKILL:when={number}")
        assert death.status == 137, (call, number, death)
        state = state_of(folder / "vectors")
        assert state in (scenario.before, scenario.after), (call, number)
        if "indexed" in death.out:
            assert state == scenario.after, (call, number)
        require_next_run(scenario, folder)
    tally("C1", "kills at a call of the system", len(numbers))


@pytest.mark.parametrize("call", ERRORS)
@pytest.mark.parametrize("name", UNUSED)
def test_disk_may_refuse_any_call(make_scenario, attempt, tally, name, call):
    """C2: one line says what was refused, and the old index answers, or all was done without it."""
    scenario = make_scenario(name)
    for number in scenario.counts(call):
        # Each error once, and the first one from a call on.
        once = [f"error={error}:when={number}" for error in ERRORS[call]]
        for fault in (*once, f"{once[0]}+"):
            folder, death = attempt(scenario, call, fault)
            require_refusal(scenario, folder, death)
            require_next_run(scenario, folder)
            tally("C2", "refused calls of the system", 1)


def require_refusal(scenario: Scenario, folder: Path, death: Death) -> None:
    """The exit status, what was printed and the index agree."""
    state = state_of(folder / "vectors")
    injected = [line for line in death.trace if "INJECTED" in line]
    if death.status == ExitStatus.DONE:
        assert (state, death.err) == (scenario.after, ""), (injected, death.err)
        assert death.out
        return
    assert death.status == ExitStatus.REFUSED, (injected, death)
    if any("write(2" in line for line in injected):
        # Not even this can be said.
        assert state in (scenario.before, scenario.after)
        return
    complaint, *hints = death.err.splitlines()
    assert complaint.startswith("askdocs: "), death.err
    assert all(line.startswith("hint: ") for line in hints), death.err
    # What fails once HEAD is replaced, comes too late: its own name on the disk, and the output.
    if state != scenario.before:
        assert state == scenario.after
        assert re.search(r"vectors: |standard output: ", complaint), (injected, complaint)


@pytest.mark.parametrize(
    "command",
    [
        "ask ship",
        "ask --mode lexical ship",
        "check",
        "check --deep",
        "show docs/a.txt#p1",
        "status",
    ],
)
def test_reading_opens_nothing_for_writing(make_scenario, nursery, memory, tally, command):
    """K4: what only reads leaves the index and the corpus alone."""
    scenario = make_scenario("update")
    folder, environment = copied(scenario.template, memory / "attempt", scenario.model)
    before = names(folder)
    calls = "openat,open,creat,mkdir,rename,link,unlink,truncate,flock,utimensat"
    death = nursery.run(command.split(), folder, environment, "-e", f"trace={calls}")
    assert death.status in {ExitStatus.DONE, ExitStatus.NO}, death
    writes = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|\b(mkdir|rename|link|unlink|flock)\(")
    changes = [line for line in death.trace if writes.search(line)]
    assert [line for line in changes if "/dev/" not in line or "shm" in line] == []
    assert names(folder) == before
    tally("K4", "commands that only read", 1)
