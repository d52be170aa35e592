"""What these tests share: small indexes, their states, and what fixtures return."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from askdocs.errors import DamagedIndexError, NoIndexError
from askdocs.index.generation import current_digest, open_generation
from askdocs.index.transaction import begin
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.records.manifest import DocumentRecord
from askdocs.records.reports import IndexReport
from tests.index.conftest import TOOLS, records_of, write_segments
from tests.limits import Ran

Amount = Callable[[int, int], int]
IndexDocs = Callable[..., IndexReport]


Run = Callable[..., Ran]


def ignore(_line: str) -> None:
    """Ignore a notice."""


def build_index(
    index: Path,
    *paths: Path,
    model: Path | None = None,
    cache: Path | None = None,
    **options: object,
) -> IndexReport:
    """Index paths, or those of before, with the cache beside the model unless another is named."""
    name = None if model is None else str(model)
    request = IndexRequest(index=index, paths=paths, model=name, **options)
    return build(request, cache=cache or model.with_name("compiled"), notify=ignore)


def make_cache(folder: Path, model: Path) -> Path:
    """Make a cache that has the model compiled, and no vectors."""
    folder.mkdir()
    (folder / "encoders").symlink_to(model.with_name("compiled") / "encoders")
    return folder


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


BEFORE = {"first": None, "update": OLD, "delete": OLD, "records": OLD, "mend": OLD}
CHANGES: dict[str, tuple[Callable[..., None], dict]] = {
    "first": (write, NEW), "update": (write, NEW), "delete": (write, {}),
    "records": (relabel, OTHERS), "mend": (write, OLD),
}  # fmt: skip


def prepare(base: Path, change: str) -> Path:
    """Make a folder as it is before a change; return the path of its index."""
    index = base / "vectors"
    base.mkdir(parents=True)
    if BEFORE[change] is not None:
        write(index, BEFORE[change])
    if change == "mend":
        path = open_generation(index).directory / "000" / "passages.jsonl"
        path.write_bytes(path.read_bytes()[:-1])
    return index


def state_of(index: Path) -> object:
    """Return texts and records of an index, every byte verified; None without an index."""
    while True:
        head = current_digest(index)
        try:
            generation = open_generation(index, with_documents=True)
            generation.verify()
            with closing(generation.reader()) as reader:
                texts = {path: reader.document(path).text for path, _ in reader.documents()}
            return texts, dict(generation.documents)
        except NoIndexError:
            return None
        except DamagedIndexError:
            # Like `search`: a writer may have removed what was being read.
            if current_digest(index) == head:
                raise


def condition_of(index: Path) -> object:
    """Return `state_of`, or "damaged" for a damaged index."""
    try:
        return state_of(index)
    except DamagedIndexError:
        return "damaged"


@contextmanager
def in_memory(folder: Path) -> Iterator[Path]:
    """Yield a folder in memory, where the system has one: to force files to a disk takes long."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else folder
    with tempfile.TemporaryDirectory(prefix="askdocs-", dir=memory) as made:
        yield Path(made)


def names(folder: Path) -> set[str]:
    """Return all paths below a folder, relative to it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
