"""Row T2: what has changed is found whatever times and names say, and nothing else is."""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings, stateful
from hypothesis import strategies as st

from askdocs.disk.access import digest
from askdocs.freshness import check_freshness
from askdocs.records.reports import Freshness
from tests.reliability.states import build_index, make_cache

NAMES = st.sampled_from(["a.txt", "b.md", "sub/c.txt", "sub/d.txt", "e.png"])
CONTENTS = st.sampled_from([b"Rain fell.", b"Hail fell.", b"", b"Wet.", b"Caf\xe9", b"\xff\0"])
OF_ONE_SIZE = {b"Rain fell.": b"Hail fell.", b"Hail fell.": b"Rain fell.", b"Wet.": b"Dry."}
FAILED, SKIPPED = digest(b"Caf\xe9"), digest(b"\xff\0")


class Corpus(stateful.RuleBasedStateMachine):
    """A folder, and the sha256 of each file now and when it was indexed."""

    model: Path
    steps: int

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.top = Path(tempfile.mkdtemp())
        self.docs = self.top / "docs"
        self.cache = make_cache(self.top / "cache", self.model)
        self.now: dict[str, str] = {}
        self.indexed: dict[str, str] = {}

    def teardown(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.top)

    def path(self, name: str) -> Path:
        """Return where a file of the corpus is."""
        return self.docs / name

    @stateful.initialize()
    def begin(self) -> None:
        """Index one document."""
        self.path("sub").mkdir(parents=True)
        self.write("always.txt", b"Always.")
        self.refresh()

    @stateful.rule(name=NAMES, content=CONTENTS)
    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        self.path(name).write_bytes(content)
        self.now[name] = digest(content)

    @stateful.rule(name=NAMES)
    def rewrite_with_the_same_size_and_time(self, name: str) -> None:
        """Write a file so that only its content tells."""
        if name not in self.now:
            return
        before = self.path(name).stat()
        if other := OF_ONE_SIZE.get(self.path(name).read_bytes()):
            self.write(name, other)
            os.utime(self.path(name), ns=(before.st_atime_ns, before.st_mtime_ns))
            assert self.path(name).stat().st_size == before.st_size

    @stateful.rule(name=NAMES, seconds=st.integers(0, 2**31))
    def touch(self, name: str, seconds: int) -> None:
        """Change the time of a file and nothing else."""
        if name in self.now:
            os.utime(self.path(name), (seconds, seconds))

    @stateful.rule(name=NAMES)
    def delete(self, name: str) -> None:
        """Remove a file."""
        self.path(name).unlink(missing_ok=True)
        self.now.pop(name, None)

    @stateful.rule(name=NAMES, onto=NAMES)
    def rename_over(self, name: str, onto: str) -> None:
        """Put a file, with its time, in the place of another."""
        if name in self.now and name != onto:
            self.path(name).replace(self.path(onto))
            self.now[onto] = self.now.pop(name)

    @stateful.rule(name=NAMES, other=NAMES)
    def swap(self, name: str, other: str) -> None:
        """Let two files change places: sizes, times and contents are all still there."""
        if name in self.now and other in self.now and name != other:
            self.path(name).rename(self.top / "held")
            self.path(other).rename(self.path(name))
            (self.top / "held").rename(self.path(other))
            self.now[name], self.now[other] = self.now[other], self.now[name]

    @stateful.rule(seconds=st.integers(0, 2**31))
    def check_out(self, seconds: int) -> None:
        """Rewrite every file with one time for all, as a checkout does."""
        for name in self.now:
            content = self.path(name).read_bytes()
            self.path(name).unlink()
            self.path(name).write_bytes(content)
            os.utime(self.path(name), (seconds, seconds))

    @stateful.rule()
    def clone(self) -> None:
        """Go on in a copy of folder and index, elsewhere."""
        for name in ("docs", "vectors"):
            shutil.copytree(self.top / name, self.top / "clone", copy_function=shutil.copyfile)
            shutil.rmtree(self.top / name)
            (self.top / "clone").rename(self.top / name)

    @stateful.rule()
    @stateful.precondition(lambda self: "always.txt" in self.now)
    def refresh(self) -> None:
        """Index the folder as it is."""
        build_index(self.top / "vectors", self.docs, model=self.model, cache=self.cache)
        self.indexed = dict(self.now)

    @stateful.invariant()
    def agrees(self) -> None:
        """The check says what the two dictionaries say."""
        if self.indexed:
            type(self).steps += 1
            found = check_freshness(self.top / "vectors")
            assert found == difference(fates(self.indexed), fates(self.now))
            assert found.is_fresh or self.indexed != self.now


def fates(digests: dict[str, str]) -> dict[str, str]:
    """What becomes of each file: its sha256, or what is said of one that is not indexed."""
    said = {FAILED: "failed", SKIPPED: "skipped"}
    return {
        f"docs/{name}": said.get(sha256, sha256)
        for name, sha256 in digests.items()
        if not name.endswith(".png")
    }


def difference(old: dict[str, str], now: dict[str, str]) -> Freshness:
    """The freshness of an index of some files."""
    return Freshness(
        documents=sum(said not in {"failed", "skipped"} for said in old.values()),
        added=tuple(sorted(p for p in now.keys() - old.keys() if now[p] != "skipped")),
        changed=tuple(sorted(p for p in now.keys() & old.keys() if now[p] != old[p])),
        removed=tuple(sorted(p for p in old.keys() - now.keys() if old[p] != "skipped")),
    )


def test_freshness_is_that_of_a_dictionary(tiny_model, amount, tally):
    """Through any edits, moves, checkouts and refreshes, check says what two dictionaries say."""
    machine = type("Machine", (Corpus,), {"model": tiny_model, "steps": 0})
    sizes = {"max_examples": amount(8, 60), "stateful_step_count": amount(15, 50)}
    options = settings(**sizes, suppress_health_check=list(HealthCheck))
    stateful.run_state_machine_as_test(machine, settings=options)
    assert machine.steps >= amount(60, 500)
    tally("T2", "steps after which check was compared with a dictionary", machine.steps)
