"""Index small folders with the tiny model."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from askdocs.datamodel import IndexReport
from askdocs.indexing import IndexRequest, build

TwoIndexes = tuple[Path, Callable[[str], IndexReport]]


def no_notice(line: str) -> None:
    """Nothing takes long with the tiny model: a notice is a fault."""
    raise AssertionError(line)


@pytest.fixture(scope="session")
def two_indexes(tiny_model: Path) -> Callable[[], AbstractContextManager[TwoIndexes]]:
    """What makes an empty folder docs/ with two indexes to be, as a context: docs and `index`.

    `index(name)` indexes docs/ into the folder of that name, "one" or "two", beside it, each with a
    cache of vectors of its own.
    """

    @contextmanager
    def make() -> Iterator[TwoIndexes]:
        with tempfile.TemporaryDirectory() as directory:
            top = Path(directory)
            (top / "docs").mkdir()
            for name in ("one", "two"):
                (top / f"cache-{name}").mkdir()
                compiled = tiny_model.with_name("compiled") / "encoders"
                (top / f"cache-{name}" / "encoders").symlink_to(compiled)

            def index(name: str) -> IndexReport:
                request = IndexRequest(
                    index=top / name, paths=(top / "docs",), model=str(tiny_model)
                )
                return build(request, cache=top / f"cache-{name}", notify=no_notice)

            yield top / "docs", index

    return make


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """An empty folder docs/, beside which the index is made."""
    (tmp_path / "docs").mkdir()
    return tmp_path / "docs"


@pytest.fixture
def index_docs(docs: Path, tiny_model: Path, cache: Path) -> Callable[..., IndexReport]:
    """Index docs/ into vectors/ beside it: `index_docs(rebuild=True)`."""

    def run(*paths: Path, **options: Any) -> IndexReport:
        settings: dict[str, Any] = {"index": docs.parent / "vectors", "model": str(tiny_model)}
        request = IndexRequest(paths=paths or (docs,), **(settings | options))
        return build(request, cache=cache, notify=no_notice)

    return run
