"""C2, C5, C7 and K1: full disks, signals, and processes that meet."""

import ctypes
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from askdocs.errors import ExitStatus, RefusedError
from tests.reliability.states import CHANGES, build_index, make_cache, names, prepare, state_of
from tests.reliability.victims import forkable_environment


def test_writers_may_be_killed_while_others_read(ram, amount, tally):
    """K1: no reader waits, fails, sees half a generation, or one older than the last."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.reliability.contest", ram / "contest", str(amount(1, 10))],
        cwd=Path(__file__).parents[2], env=forkable_environment(), capture_output=True, check=False,
        text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    counts = json.loads(ran.stdout)
    assert min(counts.values()) >= amount(1, 50), counts
    tally("K1", "writers killed", counts["kills"])
    tally("K1", "reads beside writers", counts["reads"])


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: the write that would is short, the next one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_short_writes_are_refusals(ram, amount, tally):
    """C2: what could be written in part alone is not taken for written."""
    index = prepare(ram / "base", "update")
    before = state_of(index)
    act, argument = CHANGES["update"]
    largest = max(path.stat().st_size for path in index.rglob("*") if path.is_file())
    sizes = range(0, largest, amount(150, 5))
    for size in sizes:
        with largest_file(size), pytest.raises(RefusedError, match=r"^[^:]+: file too large$"):
            act(index, argument)
        assert state_of(index) == before
    tally("C2", "short writes", len(sizes))


@pytest.fixture
def environment(ram: Path, tiny_model: Path) -> dict[str, str]:
    """A cache that has the tiny model compiled, and no vectors."""
    return {"ASKDOCS_CACHE": str(make_cache(ram / "cache", tiny_model))}


def write_documents(folder: Path, count: int, *, sentences: int) -> None:
    """Make documents whose sentences all differ."""
    folder.mkdir(parents=True)
    for number in range(count):
        lines = [f"Document {number} has a sentence {one} here." for one in range(sentences)]
        (folder / f"{number:03}.txt").write_text("\n\n".join(lines))


def test_run_may_be_interrupted_at_any_time(
    *, ram, nursery, environment, tiny_model, amount, tally
):
    """C7: the old index answers, the lock is free, nothing is left, and vectors are kept."""
    folder = ram / "folder"
    write_documents(folder / "docs", 1, sentences=20)
    cache = ram / "cache"
    build_index(folder / "vectors", folder / "docs", model=tiny_model, cache=cache)
    before, files = state_of(folder / "vectors"), names(folder / "vectors")
    shutil.rmtree(folder / "docs")
    write_documents(folder / "docs", 40, sentences=200)
    chance = random.Random(0)  # noqa: S311 - nothing secret
    known, ended = vectors_in(cache), 0
    for attempt in range(amount(4, 50)):
        number = (signal.SIGINT, signal.SIGTERM)[attempt % 2]
        with nursery.start(["index"], folder, environment) as victim:
            if attempt % 4 < 2:
                time.sleep(chance.uniform(0, 0.7))
            else:
                wait_for_vectors(cache, more_than=known)
            victim.kill(number)
        assert victim.death is not None
        if victim.death.status == ExitStatus.DONE:
            # It was faster: the old index is put back.
            shutil.rmtree(folder / "vectors")
            shutil.move(ram / "kept", folder / "vectors")
        else:
            assert (victim.death.status, victim.death.out) == (128 + number, ""), victim.death
            # A new line, because a terminal shows ^C before; nothing in a process's first moments.
            assert victim.death.err in {"", "\naskdocs: interrupted\n"}
            ended += 1
        assert state_of(folder / "vectors") == before
        assert names(folder / "vectors") == files
        assert vectors_in(cache) >= known
        known = vectors_in(cache)
        shutil.copytree(folder / "vectors", ram / "kept", dirs_exist_ok=True)
    assert ended >= amount(1, 25)
    assert known > amount(20, 1000)
    build_index(folder / "vectors", cache=cache)
    tally("C7", "runs ended by a signal", ended)


def wait_for_vectors(cache: Path, *, more_than: int) -> None:
    """Wait until a run has saved vectors, so that a signal comes while it embeds."""
    deadline = time.monotonic() + 30
    while vectors_in(cache) <= more_than and time.monotonic() < deadline:
        time.sleep(0.01)


def vectors_in(cache: Path) -> int:
    """Return how many vectors a cache has."""
    (path,) = (cache / "embeddings").glob("*.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0])


@pytest.mark.torture
def test_full_disk_leaves_the_old_index(ram, nursery, environment, tiny_model, tally):
    """C5: at every size of a disk that is too small, nothing is lost and the reason is said."""
    with small_disk(ram / "disk") as resize:
        folder = ram / "disk" / "folder"
        write_documents(folder / "docs", 4, sentences=10)
        cache = ram / "cache"
        build_index(folder / "vectors", folder / "docs", model=tiny_model, cache=cache)
        before = state_of(folder / "vectors")
        shutil.rmtree(folder / "docs")
        write_documents(folder / "docs", 30, sentences=60)
        used = shutil.disk_usage(folder).used
        refused = 0
        for step in range(40):
            resize(used + step * 16384)
            death = nursery.run(["index"], folder, environment)
            if death.status == ExitStatus.DONE:
                break
            assert death.status == ExitStatus.REFUSED, death
            assert re.fullmatch("askdocs: .*: no space left on device\n", death.err), (step, death)
            assert state_of(folder / "vectors") == before
            refused += 1
        resize(1 << 30)
        build_index(folder / "vectors", cache=cache)
        assert state_of(folder / "vectors") != before
    assert refused >= 20
    tally("C5", "sizes of a full disk", refused)


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[int], None]]:
    """Mount a disk in memory whose size can be changed; this takes the rights to mount one."""
    system = ctypes.CDLL(None, use_errno=True)

    def mount(options: str, flags: int) -> None:
        done = system.mount(b"askdocs", bytes(folder), b"tmpfs", flags, options.encode())
        assert done == 0, f"mount: {os.strerror(ctypes.get_errno())}"

    folder.mkdir()
    mount("size=1g", 0)
    try:
        yield lambda size: mount(f"size={size}", 32)
    finally:
        system.umount2(bytes(folder), 2)
