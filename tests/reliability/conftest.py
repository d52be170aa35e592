"""How much of each row of docs/reliability.md a run tries, and counts of what it tried."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from askdocs.cli.process import main
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.records.reports import IndexReport
from tests.reliability.signatures import Amount, IndexDocs, Ran, Run, Tally, ignore
from tests.reliability.states import in_memory
from tests.reliability.victims import Nursery


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is marked `torture`, unless `--torture` is given."""
    if config.getoption("--torture"):
        return
    left = [item for item in items if item.get_closest_marker("torture")]
    items[:] = [item for item in items if not item.get_closest_marker("torture")]
    config.hook.pytest_deselected(items=left)


@pytest.fixture
def amount(request: pytest.FixtureRequest) -> Amount:
    """Choose how much to try: `amount(sample, full)` returns `full` under `--torture`."""
    is_full = request.config.getoption("--torture")
    return lambda sample, full: full if is_full else sample


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Count what a test tried, as in `tally("B1", "bit flips", 4096)`; the run ends with the sums."""

    def add(row: str, what: str, count: int) -> None:
        request.node.user_properties.append(("reliability", (row, what, count)))

    return add


@pytest.fixture
def ram(tmp_path: Path) -> Iterator[Path]:
    """A private folder, in memory where the system allows it; see `in_memory`."""
    with in_memory(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """The process that forks victims."""
    with Nursery({"COLUMNS": "80"}) as nursery:
        yield nursery


@pytest.fixture
def run(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run askdocs in this process, as in `run("ask", "-", stdin=b"why?")`."""
    for name in [name for name in os.environ if name.startswith("ASKDOCS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASKDOCS_CACHE", str(cache))

    def run_here(*arguments: object, stdin: bytes = b"") -> Ran:
        (tmp_path / "stdin").write_bytes(stdin)
        capsys.readouterr()
        with (tmp_path / "stdin").open(encoding="utf-8") as file:
            monkeypatch.setattr("sys.stdin", file)
            status = main([str(argument) for argument in arguments])
        return Ran(status, *capsys.readouterr())

    return run_here


@pytest.fixture
def index_docs(docs: Path, tiny_model: Path, cache: Path) -> IndexDocs:
    """Index docs/, or other paths, into vectors/ beside it, as in `index_docs(max_depth=1)`."""

    def index(*paths: Path, **options: object) -> IndexReport:
        request = IndexRequest(
            index=docs.parent / "vectors", paths=paths or (docs,), model=str(tiny_model), **options
        )
        return build(request, cache=cache, notify=ignore)

    return index
