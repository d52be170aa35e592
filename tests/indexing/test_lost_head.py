"""An index that has lost its HEAD is not treated as missing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.errors import DamagedIndexError
from askdocs.index.generation import open_generation
from askdocs.indexing.plan import preview
from askdocs.indexing.request import IndexRequest
from askdocs.records.reports import IndexReport
from tests.raising import raises

IndexDocs = Callable[..., IndexReport]


@pytest.fixture
def index(docs: Path, index_docs: IndexDocs) -> Path:
    """An index of docs/ without HEAD, beside a folder with another document."""
    (docs / "a.txt").write_text("Rain fell.")
    (docs.parent / "other").mkdir()
    (docs.parent / "other" / "b.txt").write_text("Snow fell.")
    index_docs()
    (docs.parent / "vectors" / "HEAD").unlink()
    return docs.parent / "vectors"


def names(index: Path) -> list[str]:
    """The files of an index except the lock."""
    return sorted(str(path) for path in index.rglob("*") if path.name != "LOCK")


@pytest.mark.parametrize("rebuild", [False, True])
def test_generation_of_another_corpus_is_not_removed(index, index_docs, rebuild):
    """It may be all that is left of an index, and `repair` can restore HEAD."""
    before = names(index)
    other = index.parent / "other"
    message = f"{index}/HEAD is missing; its generation is an index of docs"
    with raises(DamagedIndexError, message, "askdocs repair"):
        index_docs(other, rebuild=rebuild)
    with raises(DamagedIndexError, message):
        preview(IndexRequest(index=index, paths=(other,), rebuild=rebuild))
    assert names(index) == before


def test_other_settings_of_the_same_folder_are_another_corpus(index, index_docs):
    """They would be lost silently."""
    with pytest.raises(DamagedIndexError):
        index_docs(hidden=True)


def test_first_run_that_was_killed_does_not_block_the_next(index, index_docs):
    """A generation of the same corpus may be replaced."""
    assert index_docs().documents == 1
    assert sorted(open_generation(index).documents) == ["docs/a.txt"]


def test_replace_removes_a_generation_of_another_corpus(index, index_docs):
    """`--replace` allows it."""
    index_docs(index.parent / "other", replace=True)
    assert sorted(open_generation(index).documents) == ["other/b.txt"]
