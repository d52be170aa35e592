"""How much of each row of docs/reliability.md a run tries, and counts of what it tried."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
def amount(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """Choose how much to try: `amount(sample, full)` returns `full` under `--torture`."""
    is_full = request.config.getoption("--torture")
    return lambda sample, full: full if is_full else sample


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[[str, str, int], None]:
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
