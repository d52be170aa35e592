"""How much of each row of docs/reliability.md a run tries, and the count of what it has tried."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reliability.states import in_memory
from tests.reliability.victims import Nursery

_HERE = Path(__file__).parent
# A hang is a fault that a test must find: nothing here takes half as long.
_SAMPLE_SECONDS = 30
_FULL_SECONDS = 900


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what is marked `torture` to `make torture`, and give every test an end."""
    is_full = config.getoption("--torture")
    seconds = _FULL_SECONDS if is_full else _SAMPLE_SECONDS
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.timeout(seconds, func_only=True))
    left = [] if is_full else [item for item in items if item.get_closest_marker("torture")]
    if left:
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


@pytest.fixture
def amount(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """How much to try: `amount(sample, full)` is the sample unless `--torture` is given."""
    is_full = request.config.getoption("--torture")
    return lambda sample, full: full if is_full else sample


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[[str, str, int], None]:
    """Count what a test has tried: `tally("B1", "bit flips", 4096)`; the end of a run has sums."""

    def add(row: str, what: str, count: int) -> None:
        request.node.user_properties.append(("reliability", (row, what, count)))

    return add


@pytest.fixture
def ram(tmp_path: Path) -> Iterator[Path]:
    """A folder of the test's own, in memory where the system has such a place.

    Forcing a file to a disk takes longer than all else that these tests do.
    """
    with in_memory(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """What makes victims."""
    with Nursery({"COLUMNS": "80"}) as made:
        yield made
