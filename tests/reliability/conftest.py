"""How much of each row of docs/reliability.md a run tries, and counts of what it tried."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reliability.states import Amount, IndexDocs, build_index, in_memory
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
def tally(request: pytest.FixtureRequest) -> Callable[[str, str, int], None]:
    """Count what a test tried, as in `tally("B1", "bit flips", 4096)`; the run ends with the sums."""
    add = request.node.user_properties.append
    return lambda row, what, count: add(("reliability", (row, what, count)))


@pytest.fixture
def ram(tmp_path: Path) -> Iterator[Path]:
    """A private folder, in memory where the system allows it; see `in_memory`."""
    with in_memory(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of a module's own, in memory where the system allows it."""
    with in_memory(tmp_path_factory.mktemp("memory")) as folder:
        yield folder


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """The process that forks victims."""
    with Nursery({"COLUMNS": "80"}) as nursery:
        yield nursery


@pytest.fixture
def index_docs(docs: Path, tiny_model: Path, cache: Path) -> IndexDocs:
    """Index docs/, or other paths, into vectors/ beside it, as in `index_docs(max_depth=1)`."""
    index = docs.parent / "vectors"
    return lambda *paths, **options: build_index(
        index, *(paths or (docs,)), model=tiny_model, cache=cache, **options
    )


@pytest.fixture
def project(seeds_project: Path, tmp_path: Path) -> Path:
    """A copy of the seed articles and their index, with questions to ask, and judged ones."""
    folder = tmp_path / "project"
    for name in ("seeds", "vectors"):
        shutil.copytree(seeds_project / name, folder / name)
    (folder / "questions.txt").write_text(
        "What did Rasmussen request from the Kremlin?\nNATO\n" * 3
    )
    answer = {"path": "seeds/001_169922582ed849e6.txt", "paragraph": 3}
    (folder / "judged.jsonl").write_text(json.dumps({"question": "Kremlin", "answers": [answer]}))
    return folder


@pytest.fixture
def environment(seeds_project: Path, tmp_path: Path) -> dict[str, str]:
    """Ours, without settings of askdocs, and with the test's own cache with the default model."""
    (tmp_path / "cache").mkdir(exist_ok=True)
    (tmp_path / "cache" / "encoders").symlink_to(seeds_project / "cache" / "encoders")
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ASKDOCS_")}
    return {**ours, "ASKDOCS_CACHE": str(tmp_path / "cache")}
