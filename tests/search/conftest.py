"""Indexes to be asked in this process."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.search.index import Index


@pytest.fixture(scope="module")
def seeds_index(seeds_project: Path) -> Iterator[Index]:
    """The index of the seed articles, open."""
    cache = seeds_project / "cache"
    with Index(seeds_project / "vectors", cache=cache, notify=pytest.fail) as opened:
        yield opened


@pytest.fixture
def seeds_copy(seeds_project: Path, tmp_path: Path) -> Path:
    """A folder with the seed articles and their index, to be changed."""
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """An empty folder docs/, beside which the index is made."""
    (tmp_path / "docs").mkdir()
    return tmp_path / "docs"


@pytest.fixture
def open_docs(docs: Path, tiny_model: Path, cache: Path) -> Iterator[Callable[..., Index]]:
    """Index docs/ with the tiny model, or with `model=`, and open the index."""
    opened: list[Index] = []

    def run(**options: Any) -> Index:
        settings = {"model": str(tiny_model), **options}
        request = IndexRequest(index=docs.parent / "vectors", paths=(docs,), **settings)
        build(request, cache=cache, notify=pytest.fail)
        opened.append(Index(request.index, cache=cache, notify=pytest.fail))
        return opened[-1]

    yield run
    for index in opened:
        index.close()
