"""Two writers that are killed at random, and two readers: a program that prints what happened.

`python -m tests.reliability.contest FOLDER SECONDS`
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from askdocs.errors import LockedError
from askdocs.index.generation import current_digest
from askdocs.search.index import Index
from askdocs.search.options import AskOptions
from tests.reliability.states import names, state_of, write
from tests.reliability.victims import fork

# All differ: copies would be one hit.
_DOCUMENTS = ("snow", "rain", "wind", "frost", "fog")


def main(folder: Path, seconds: float) -> dict[str, int]:
    """Run the contest, check the index in the end, and return how often each thing happened."""
    index = folder / "vectors"
    folder.mkdir()
    write(index, documents_of(0))
    deadline = time.monotonic() + seconds
    readers = [start(lambda: read_on(index, deadline)) for _ in range(2)]
    writers = [start(lambda: write_on(index)) for _ in range(2)]
    counts: Counter[str] = Counter()
    chance = random.Random(0)  # noqa: S311 - nothing secret
    while time.monotonic() < deadline:
        time.sleep(chance.uniform(0.002, 0.08))
        victim = chance.randrange(2)
        kill(*writers[victim])
        writers[victim] = start(lambda: write_on(index))
        counts["kills"] += 1
    for writer in writers:
        kill(*writer)
    for reader, pipe in readers:
        with os.fdopen(pipe) as output:
            counts.update(json.load(output))
        _, status = os.waitpid(reader, 0)
        assert status == 0, "a reader failed"
    counts["generations"] = number_in(index)
    write(index, documents_of(-1))
    assert number_in(index) == -1
    write(folder / "clean", documents_of(-1))
    assert names(index) == names(folder / "clean"), "something was left behind"
    return dict(counts)


def kill(writer: int, pipe: int) -> None:
    """Kill a writer that is still running."""
    os.kill(writer, signal.SIGKILL)
    _, status = os.waitpid(writer, 0)
    os.close(pipe)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "a writer failed"


def documents_of(number: int) -> dict[str, str]:
    """Return documents that all name the same number."""
    return {f"docs/{name}.txt": f"{name} says: number {number}." for name in _DOCUMENTS}


def number_in(index: Path) -> int:
    """Return the number that all documents of an index name."""
    return number_of(*state_of(index)[0].values())


def number_of(*texts: str) -> int:
    """Return the number that the texts of all documents name."""
    assert len(texts) == len(_DOCUMENTS)
    (number,) = {text.removesuffix(".").rpartition(" ")[2] for text in texts}
    return int(number)


def read_on(index: Path, deadline: float) -> dict[str, int]:
    """Ask until the deadline, reopening every fifth time; the number never decreases."""
    last, reads = 0, 0
    opened = Index(index, cache=index, notify=print)
    while time.monotonic() < deadline:
        if reads % 5 == 0:
            opened.close()
            opened = Index(index, cache=index, notify=print)
        found = opened.ask("Who says a number?", AskOptions(mode="lexical", min_score=0))
        number = number_of(*(hit.text for hit in found.hits))
        assert number >= last, f"{number} after {last}"
        last = number
        reads += 1
    return {"reads": reads}


def write_on(index: Path) -> dict[str, int]:
    """Write the next number until killed."""
    while True:
        try:
            # Before the number is read: another writer may commit between the two.
            digest = current_digest(index)
            write(index, documents_of(number_in(index) + 1), expecting=digest)
        except LockedError:
            time.sleep(0.001)


def start(act: Callable[[], dict[str, int]]) -> tuple[int, int]:
    """Call a function in a child process; return its pid and a pipe with the result as JSON."""
    read, written = os.pipe()
    child = fork()
    if child:
        os.close(written)
        return child, read
    with os.fdopen(written, "w") as pipe:
        json.dump(act(), pipe)
    os._exit(0)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), float(sys.argv[2]))))
