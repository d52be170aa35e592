"""A run with nothing to do removes what a killed run has left, and nothing else."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.disk import seam
from askdocs.index.generation import open_generation
from askdocs.records.reports import IndexReport

IndexDocs = Callable[..., IndexReport]
State = dict[str, tuple[bytes, int]]


@pytest.fixture
def index(docs: Path, index_docs: IndexDocs) -> Path:
    """An index as left by a run that is killed right after it replaced HEAD."""
    (docs / "a.txt").write_text("The harbour froze in March.\n")
    index_docs()
    index = docs.parent / "vectors"
    older = index / "generations" / open_generation(index).digest
    shutil.copytree(older, docs.parent / "aside")
    (docs / "a.txt").write_text("The harbour never froze.\n")
    index_docs()
    (docs.parent / "aside").rename(older)
    return index


def state(index: Path) -> State:
    """Every file, with the time of its last change."""
    return {
        str(path.relative_to(index)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(index.rglob("*"))
        if path.is_file()
    }


def test_older_generation_goes(index, index_docs):
    """Nothing else is touched."""
    current = open_generation(index).digest
    before = state(index)
    report = index_docs()
    assert report.is_unchanged
    folder = f"generations/{current}/"
    assert state(index) == {
        name: content
        for name, content in before.items()
        if name.startswith(folder) or not name.startswith("generations/")
    }
    assert [path.name for path in (index / "generations").iterdir()] == [current]


def test_leftovers_of_an_index_that_is_read_only_stay(index, index_docs, monkeypatch):
    """The run still reports that nothing has changed."""
    before = state(index)

    def refuse(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for name in ("open_lock", "unlink", "remove_tree", "rename", "make_folder", "create"):
        monkeypatch.setattr(seam, name, refuse)

    report = index_docs()

    assert report.is_unchanged
    assert state(index) == before
