"""Changes of a small index, and its state before and after them."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from askdocs.errors import DamagedIndexError, NoIndexError
from askdocs.index.generation import Generation, current_digest, open_generation
from askdocs.index.transaction import begin
from askdocs.records.manifest import DocumentRecord
from tests.index.conftest import TOOLS, records_of, write_segments

OLD = {"docs/a.txt": "Nobody expects a crash.", "docs/b.txt": "Least of all at night."}
NEW = {"docs/a.txt": "Nobody expects a crash.", "docs/c.txt": "Then it comes."}
OTHERS = {path: replace(record, sha256="2" * 64) for path, record in records_of(OLD).items()}


def write(index: Path, documents: dict[str, str], *, expecting: str | None = None) -> None:
    """Write an index of documents of one sentence, or its next generation."""
    with begin(index, expecting=expecting or current_digest(index)) as transaction:
        transaction.publish(write_segments(transaction, documents), tools=TOOLS)


def relabel(index: Path, records: dict[str, DocumentRecord]) -> None:
    """Write other records for the same data, whose files stay."""
    old = open_generation(index)
    with begin(index, expecting=old.digest) as transaction:
        kept = {**transaction.keep_data(old), **transaction.write_documents(records)}
        transaction.publish(replace(old.manifest, files=kept), tools=TOOLS)


def damage(index: Path) -> None:
    """Cut off a file of an index."""
    path = open_generation(index).directory / "000" / "passages.jsonl"
    path.write_bytes(path.read_bytes()[:-1])


BEFORE = {"first": None, "update": OLD, "delete": OLD, "records": OLD, "mend": OLD}
DAMAGED = "damaged"
CHANGES: dict[str, tuple[Callable[..., None], dict]] = {
    "first": (write, NEW),
    "update": (write, NEW),
    "delete": (write, {}),
    "records": (relabel, OTHERS),
    "mend": (write, OLD),
}


def prepare(base: Path, change: str) -> Path:
    """Make a folder as it is before a change; return the path of its index."""
    index = base / "vectors"
    base.mkdir(parents=True)
    if BEFORE[change] is not None:
        write(index, BEFORE[change])
    if change == "mend":
        damage(index)
    return index


def state_of(index: Path) -> object:
    """Return texts and records of an index, every byte verified; None without an index.

    Raises:
        DamagedIndexError: A byte is wrong.
    """
    while True:
        head = current_digest(index)
        try:
            return _said_by(open_generation(index, with_documents=True))
        except NoIndexError:
            return None
        except DamagedIndexError:
            # Like `search`: a writer may have removed what was being read.
            if current_digest(index) == head:
                raise


def condition_of(index: Path) -> object:
    """Return `state_of`, or `DAMAGED` for a damaged index."""
    try:
        return state_of(index)
    except DamagedIndexError:
        return DAMAGED


def _said_by(generation: Generation) -> object:
    generation.verify()
    reader = generation.reader()
    texts = {path: reader.text_of(path) for path, _ in reader.documents()}
    reader.close()
    return texts, dict(generation.documents)


@contextmanager
def in_memory(folder: Path) -> Iterator[Path]:
    """Yield a folder in memory where the system has one, else the given folder.

    Forcing files to a disk would take longer than everything else in these tests.
    """
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="askdocs-", dir=memory) as made:
        yield Path(made)


def names(folder: Path) -> set[str]:
    """Return all paths below a folder, relative to it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
