"""Row T3: of a file that changes while it is read, what is hashed is what is indexed."""

import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from askdocs.freshness import check_freshness
from askdocs.index.generation import open_generation
from askdocs.indexing import build as building
from askdocs.indexing.plan import make_plan
from askdocs.indexing.request import IndexRequest
from askdocs.records.manifest import DocumentStatus
from tests.reliability.signatures import Amount, IndexDocs, Tally

BEFORE = b"Rain fell in March.\n\nIt was wet.\n" * 40
AFTER = b"Hail fell in April.\n\nIt was dry.\n" * 40


def same_size(path: Path) -> None:
    """Another content of the same length, in place, with the same time."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(AFTER)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def grow(path: Path) -> None:
    """More at the end."""
    with path.open("ab") as file:
        file.write(AFTER)


def shrink(path: Path) -> None:
    """Cut in the middle of a word."""
    os.truncate(path, 300)


def empty(path: Path) -> None:
    """Cut to nothing."""
    os.truncate(path, 0)


def vanish(path: Path) -> None:
    """Remove it."""
    path.unlink()


def replace(path: Path) -> None:
    """Put another file in its place, as editors do."""
    path.with_name("new").write_bytes(AFTER)
    path.with_name("new").replace(path)


def become_a_folder(path: Path) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


def become_a_link(path: Path) -> None:
    """Put a link to a file outside the corpus in its place."""
    path.unlink()
    (path.parents[1] / "secret.txt").write_bytes(b"The secret.")
    path.symlink_to("../secret.txt")


def become_a_fifo(path: Path) -> None:
    """Put a pipe that nobody writes into in its place."""
    path.unlink()
    os.mkfifo(path)


def become_binary(path: Path) -> None:
    """Other bytes that are not text."""
    path.write_bytes(b"\xff\0" * 100)


def write_anew(path: Path) -> None:
    """Write it from its beginning."""
    path.write_bytes(BEFORE)


CHANGES_IN_PLACE = [write_anew, same_size, grow, shrink, empty, replace]

CHANGES = [
    same_size, grow, shrink, empty, vanish, replace,
    become_a_folder, become_a_link, become_a_fifo, become_binary,
]  # fmt: skip


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with the document that changes, and one that does not."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_bytes(BEFORE)
    (tmp_path / "docs" / "b.txt").write_bytes(b"Snow fell.")
    return tmp_path / "docs"


def assert_hashed_is_indexed(index: Path) -> None:
    """Every document's record is that of the text that the index has; the others have none."""
    generation = open_generation(index)
    generation.verify()
    with closing(generation.reader()) as reader:
        texts = {path: reader.text_of(path) for path, _ in reader.documents()}
    records = generation.documents
    indexed = {path for path, one in records.items() if one.status == DocumentStatus.INDEXED}
    assert texts.keys() == indexed
    for path, text in texts.items():
        content = text.encode()
        # What stands in no paragraph, white space at the end, is not kept.
        endings = (b"", b"\n", b"\n\n")
        found = {hashlib.sha256(content + ending).hexdigest() for ending in endings}
        assert records[path].sha256 in found
        assert "secret" not in text
    for path in records.keys() - indexed:
        assert records[path].reason


def assert_sound(docs: Path, index_docs: IndexDocs) -> None:
    """The index is sound now, and fresh after another run."""
    index = docs.parent / "vectors"
    assert_hashed_is_indexed(index)
    assert "docs/b.txt" in open_generation(index).documents
    index_docs()
    assert_hashed_is_indexed(index)
    assert check_freshness(index).is_fresh


MOMENTS = ["open", "fstat", "pread", "close"]


class Reading:
    """The calls of the system that read a file, before one of which the file changes."""

    def __init__(self, path: Path, moment: str, reading: int, change: Callable[[], None]) -> None:
        """Change nothing yet.

        Args:
            path: The file.
            moment: Which call: open, fstat, pread or close.
            reading: Which reading of the file, from 1; the plan's is the first.
            change: What to do, once.
        """
        self.calls: list[str] = []
        self._name = path.name
        self._moment = moment
        self._reading = reading
        self._change: Callable[[], None] | None = change
        self._descriptors: set[int] = set()
        self._real = {name: getattr(os, name) for name in MOMENTS}

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Stand between the program and the system."""
        for name in MOMENTS:
            patch.setattr(os, name, partial(self._call, name))

    @property
    def times(self) -> int:
        """How often the file was opened."""
        return self.calls.count("open")

    def _call(self, name: str, first: Any, *arguments: Any, **named: Any) -> Any:
        if not self._is_about(name, first):
            return self._real[name](first, *arguments, **named)
        self.calls.append(name)
        if (name, self.times) == (self._moment, self._reading) and self._change:
            change, self._change = self._change, None
            # What the change does to the file is nobody's reading.
            known, self._name, self._descriptors = self._name, "", set()
            change()
            self._name = known
            self._descriptors = {first} if name != "open" else set()
        result = self._real[name](first, *arguments, **named)
        if name == "open":
            self._descriptors.add(result)
        if name == "close":
            self._descriptors.discard(first)
        return result

    def _is_about(self, name: str, first: Any) -> bool:
        if name == "open":
            return bool(self._name) and os.path.basename(os.fspath(first)) == self._name
        return first in self._descriptors


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_what_is_hashed_is_what_is_indexed(
    *, docs: Path, index_docs: IndexDocs, amount: Amount, tally: Tally,
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None],
) -> None:  # fmt: skip
    """Whatever happens to a file before or between any calls that read it, in both readings."""
    path = docs / "a.txt"
    tried = 0
    places = [(moment, reading) for reading in (1, 2) for moment in MOMENTS]
    # Of the sample, each change comes at two other places.
    for moment, reading in places[CHANGES.index(change) % 4 :: 4] if amount(1, 0) else places:
        changed: list[Path] = []

        def act(changed: list[Path] = changed) -> None:
            changed.append(path)
            change(path)

        with monkeypatch.context() as patch:
            read = Reading(path, moment, reading, act)
            read.watch(patch)
            index_docs()

        # Where the first reading has failed, there is no second one.
        assert changed or (reading == 2 and read.times == 1)
        tried += len(changed)
        assert_sound(docs, index_docs)
        begin_again(docs)
    tally("T3", "changes of a file while it is read", tried)


def begin_again(docs: Path) -> None:
    """The folder as it was before anything was indexed."""
    path = docs / "a.txt"
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.write_bytes(BEFORE)
    shutil.rmtree(docs.parent / "vectors")


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_change_behind_a_plan_that_keeps_a_document_is_found_by_the_next_check(
    docs: Path, index_docs: IndexDocs, tally: Tally,
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None],
) -> None:  # fmt: skip
    """A document that is taken over as it was is recorded as it was, and then stale."""
    index_docs()
    (docs / "b.txt").write_bytes(b"Snow fell. It thawed.")
    real = make_plan

    def plan_and_change(request: IndexRequest, **named: Any) -> Any:
        plan = real(request, **named)
        change(docs / "a.txt")
        return plan

    with monkeypatch.context() as patch:
        patch.setattr(building, "make_plan", plan_and_change)
        index_docs()

    assert_hashed_is_indexed(docs.parent / "vectors")
    found = check_freshness(docs.parent / "vectors")
    assert (*found.changed, *found.removed) == ("docs/a.txt",)
    assert_sound(docs, index_docs)
    tally("T3", "changes of a file that is taken over", 1)


def test_file_that_another_thread_keeps_writing_is_indexed_or_reported(
    docs, index_docs, amount, tally
):
    """Under a writer that never rests, each run ends with an index of what was hashed."""
    path, ended = docs / "a.txt", threading.Event()
    runs = amount(3, 30)

    def keep_writing() -> None:
        number = 0
        while not ended.is_set():
            CHANGES_IN_PLACE[number % len(CHANGES_IN_PLACE)](path)
            number += 1

    writer = threading.Thread(target=keep_writing, daemon=True)
    writer.start()
    try:
        for _ in range(runs):
            index_docs()
            assert_hashed_is_indexed(docs.parent / "vectors")
    finally:
        ended.set()
        writer.join(60)
    assert_sound(docs, index_docs)
    tally("T3", "runs beside a thread that writes", runs)
