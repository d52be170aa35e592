"""Row T3: of a file that changes while it is read, what is hashed is what is indexed."""

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from askdocs.disk.access import digest
from askdocs.freshness import check_freshness
from askdocs.index.generation import open_generation
from askdocs.indexing import build as building
from askdocs.indexing.plan import make_plan
from askdocs.indexing.request import IndexRequest
from askdocs.records.manifest import DocumentStatus
from tests.reliability.states import IndexDocs

BEFORE = b"Rain fell in March.\n\nIt was wet.\n" * 40
AFTER = b"Hail fell in April.\n\nIt was dry.\n" * 40


CHANGES = "same size,grow,shrink,empty,vanish,replace,folder,link,fifo,binary".split(",")
CHANGES_IN_PLACE = ["write", "same size", "grow", "shrink", "empty", "replace"]


def change_file(path: Path, change: str) -> None:
    """Change a file in place, or put something else in its place."""
    match change:
        case "write" | "binary":
            path.write_bytes(BEFORE if change == "write" else b"\xff\0" * 100)
        case "same size":
            # And the same time.
            before = path.stat()
            with path.open("r+b") as file:
                file.write(AFTER)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        case "grow":
            with path.open("ab") as file:
                file.write(AFTER)
        case "shrink" | "empty":
            os.truncate(path, 300 if change == "shrink" else 0)
        case "replace":
            # As editors do.
            path.with_name("new").write_bytes(AFTER)
            path.with_name("new").replace(path)
        case _:
            path.unlink()
    if change == "folder":
        path.mkdir()
    elif change == "link":
        (path.parents[1] / "secret.txt").write_bytes(b"The secret.")
        path.symlink_to("../secret.txt")
    elif change == "fifo":
        os.mkfifo(path)


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
        texts = {path: reader.document(path).text for path, _ in reader.documents()}
    records = generation.documents
    indexed = {path for path, one in records.items() if one.status == DocumentStatus.INDEXED}
    assert texts.keys() == indexed
    for path, text in texts.items():
        # What stands in no paragraph, white space at the end, is not kept.
        endings = ("", "\n", "\n\n")
        assert records[path].sha256 in {digest((text + ending).encode()) for ending in endings}
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
        """Change a file once, before a call of its reading of some number, from 1: the plan's."""
        self.times = 0
        self._name = path.name
        self._when = (moment, reading)
        self._change: Callable[[], None] | None = change
        self._descriptors: set[int] = set()
        self._real = {name: getattr(os, name) for name in MOMENTS}

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Stand between the program and the system."""
        for name in MOMENTS:
            patch.setattr(os, name, partial(self._call, name))

    def _call(self, name: str, first: Any, *arguments: Any, **named: Any) -> Any:
        is_open = name == "open" and os.path.basename(first) == (self._name or None)
        if not is_open and (name == "open" or first not in self._descriptors):
            return self._real[name](first, *arguments, **named)
        self.times += is_open
        if (name, self.times) == self._when and self._change:
            change, self._change = self._change, None
            # What the change does to the file is nobody's reading.
            known, self._name, self._descriptors = self._name, "", set()
            change()
            self._name, self._descriptors = known, set() if is_open else {first}
        result = self._real[name](first, *arguments, **named)
        if is_open:
            self._descriptors.add(result)
        elif name == "close":
            self._descriptors.discard(first)
        return result


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_hashed_is_what_is_indexed(*, docs, index_docs, amount, tally, monkeypatch, change):
    """Whatever happens to a file before or between any calls that read it, in both readings."""
    path = docs / "a.txt"
    tried = 0
    places = [(moment, reading) for reading in (1, 2) for moment in MOMENTS]
    # Of the sample, each change comes at two other places.
    for moment, reading in places[CHANGES.index(change) % 4 :: 4] if amount(1, 0) else places:
        changed: list[Path] = []

        def act(changed: list[Path] = changed) -> None:
            changed.append(path)
            change_file(path, change)

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
    path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
    path.write_bytes(BEFORE)
    shutil.rmtree(docs.parent / "vectors")


@pytest.mark.parametrize("change", CHANGES)
def test_change_behind_a_plan_that_keeps_a_document_is_found_by_the_next_check(
    docs, index_docs, tally, monkeypatch, change
):
    """A document that is taken over as it was is recorded as it was, and then stale."""
    index_docs()
    (docs / "b.txt").write_bytes(b"Snow fell. It thawed.")
    real = make_plan

    def plan_and_change(request: IndexRequest, **named: Any) -> Any:
        plan = real(request, **named)
        change_file(docs / "a.txt", change)
        return plan

    monkeypatch.setattr(building, "make_plan", plan_and_change)
    index_docs()
    monkeypatch.undo()
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
            change_file(path, CHANGES_IN_PLACE[number % len(CHANGES_IN_PLACE)])
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
