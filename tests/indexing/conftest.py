"""Index small folders with the tiny model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.records.reports import IndexReport


def ignore(_line: str) -> None:
    """Ignore notices."""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """An empty folder docs/, beside which the index is made."""
    (tmp_path / "docs").mkdir()
    return tmp_path / "docs"


@pytest.fixture
def rain(docs: Path) -> Path:
    """The folder docs/ with a.txt, of one sentence."""
    (docs / "a.txt").write_text("Rain fell.")
    return docs


@pytest.fixture
def index_docs(docs: Path, tiny_model: Path, cache: Path) -> Callable[..., IndexReport]:
    """Index docs/ into vectors/ beside it: `index_docs(rebuild=True)`."""

    def run(*paths: Path, **options: Any) -> IndexReport:
        settings: dict[str, Any] = {"index": docs.parent / "vectors", "model": str(tiny_model)}
        request = IndexRequest(paths=paths or (docs,), **(settings | options))
        # Nothing takes long with the tiny model: a notice is a fault.
        return build(request, cache=cache, notify=pytest.fail)

    return run
