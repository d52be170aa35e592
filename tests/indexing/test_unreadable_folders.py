"""Documents in a folder that cannot be listed are not treated as removed."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from askdocs.errors import RefusedError
from askdocs.index.generation import open_generation
from askdocs.indexing.build import build
from askdocs.indexing.plan import preview
from askdocs.indexing.request import IndexRequest
from tests.indexing.conftest import ignore


@pytest.fixture
def base(tiny_model: Path, cache: Path) -> Iterator[Path]:
    """A public folder with one/ and two/, an inner/ in each, and the index of one/."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name).resolve()
        base.chmod(0o755)
        for folder in ("one", "two"):
            (base / folder / "inner").mkdir(parents=True)
            (base / folder / "a.txt").write_text("Rain fell.")
            (base / folder / "inner" / "b.txt").write_text("Snow fell.")
        request = IndexRequest(index=base / "vectors", paths=(base / "one",), model=str(tiny_model))
        build(request, cache=cache, notify=ignore)
        yield base


@pytest.fixture
def closed() -> Callable[[Path], AbstractContextManager[None]]:
    """A context in which nobody may list a folder."""

    @contextmanager
    def close(folder: Path) -> Iterator[None]:
        user = os.geteuid()
        folder.chmod(0)
        if user == 0:
            # The superuser may list anything.
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(user)
            folder.chmod(0o755)

    return close


def refusal(request: IndexRequest, cache: Path) -> tuple[str, str]:
    """The message and the hint with which indexing is refused."""
    with pytest.raises(RefusedError) as caught:
        build(request, cache=cache, notify=ignore)
    return str(caught.value), caught.value.hint


HINT = "make it readable, or name other folders: askdocs index --replace PATH"


@pytest.mark.parametrize("strict", [False, True])
def test_recorded_root_that_cannot_be_listed_is_refused(base, cache, closed, *, strict):
    """The index stays as it was, and is fresh when the root can be listed again."""
    request = IndexRequest(index=base / "vectors", strict=strict)
    before = open_generation(base / "vectors").digest
    with closed(base / "one"):
        refused = refusal(request, cache)
    assert refused == ("one cannot be listed: permission denied", HINT)
    assert open_generation(base / "vectors").digest == before
    assert build(request, cache=cache, notify=ignore).is_unchanged


def test_named_root_that_cannot_be_listed_is_refused(base, cache, closed):
    """A root beside, or inside, a readable root is refused, too."""
    for folder in (base / "two", base / "one" / "inner"):
        request = IndexRequest(index=base / "vectors", paths=(folder,), add=True)
        with closed(folder):
            refused = refusal(request, cache)
        name = folder.relative_to(base).as_posix()
        assert refused == (f"{name} cannot be listed: permission denied", HINT)


def test_root_that_cannot_be_listed_may_be_replaced(base, closed):
    """`--replace` works, as the hint says."""
    request = IndexRequest(index=base / "vectors", paths=(base / "two",), replace=True)
    with closed(base / "one"):
        shown = preview(request)
    assert shown.added == ("two/a.txt", "two/inner/b.txt")
