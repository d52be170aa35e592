"""An index that is watched follows its corpus."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from askdocs import embedding
from askdocs.datamodel import IndexReport
from askdocs.errors import AskdocsError, LockedError, UsageError
from askdocs.files import exclusive_lock
from askdocs.freshness import check_freshness
from askdocs.index import open_generation
from askdocs.indexing import IndexRequest, Progress
from askdocs.watch import Watcher

Outcomes = Iterator[IndexReport | AskdocsError | None]

# Long enough for a slow machine; whoever has to wait for it is about to fail.
_SECONDS = 30.0


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder docs/ with a document, beside which the index is made."""
    (tmp_path / "base" / "docs").mkdir(parents=True)
    (tmp_path / "base" / "docs" / "a.txt").write_text("Rain fell.")
    return tmp_path / "base" / "docs"


@pytest.fixture
def watcher(docs: Path, tiny_model: Path, cache: Path) -> Callable[..., Watcher]:
    """Watch docs/ with the tiny model: `watcher(strict=True)`."""

    def make(**options: Any) -> Watcher:
        settings = {"paths": (docs,), "model": str(tiny_model), **options}
        request = IndexRequest(index=docs.parent / "vectors", **settings)
        return Watcher(request, cache=cache, notify=lambda _line: None, progress=Progress())

    return make


def first_that(
    outcomes: Outcomes, wanted: Callable[[IndexReport | AskdocsError | None], bool]
) -> Any:
    """The first outcome that is wanted; others may come before it, as the system reports them."""
    until = time.monotonic() + _SECONDS
    for outcome in outcomes:
        if wanted(outcome):
            return outcome
        assert time.monotonic() < until, outcome
    raise AssertionError


def has_changed(outcome: IndexReport | AskdocsError | None) -> bool:
    """Whether a refresh found something to do."""
    return isinstance(outcome, IndexReport) and not outcome.is_unchanged


def test_changes_are_indexed_as_they_come(docs: Path, watcher: Any) -> None:
    """A new, a changed and a removed document are in the index soon after."""
    watching = watcher()
    assert watching.first().documents == 1
    outcomes = watching.refreshes()

    (docs / "b.txt").write_text("Snow fell.")
    added = first_that(outcomes, has_changed)
    (docs / "a.txt").write_text("Hail fell.")
    changed = first_that(outcomes, has_changed)
    (docs / "b.txt").unlink()
    removed = first_that(outcomes, has_changed)

    assert (added.added, changed.changed) == (("docs/b.txt",), ("docs/a.txt",))
    assert removed.removed == ("docs/b.txt",)
    assert check_freshness(docs.parent / "vectors").is_fresh


def test_model_is_loaded_once(docs: Path, watcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder of the first run embeds what comes later."""
    opened: list[str] = []
    real_open = embedding.open_encoder

    def noting_open(model: embedding.Model, **named: Any) -> embedding.Encoder:
        opened.append(model.name)
        return real_open(model, **named)

    monkeypatch.setattr(embedding, "open_encoder", noting_open)
    watching = watcher()
    watching.first()
    outcomes = watching.refreshes()

    for number in range(2):
        (docs / f"{number}.txt").write_text(f"Snow fell {number} times.")
        assert first_that(outcomes, has_changed).embedded == 1

    assert len(opened) == 1


def test_failed_refresh_is_not_the_last(docs: Path, watcher: Any) -> None:
    """A root that goes is an error; when it comes back, its changes are seen."""
    watching = watcher()
    watching.first()
    outcomes = watching.refreshes()

    shutil.move(docs, docs.with_name("away"))
    error = first_that(outcomes, lambda outcome: isinstance(outcome, AskdocsError))
    (docs.with_name("away") / "b.txt").write_text("Snow fell.")
    shutil.move(docs.with_name("away"), docs)
    report = first_that(outcomes, has_changed)
    (docs / "c.txt").write_text("Hail fell.")
    later = first_that(outcomes, has_changed)

    assert str(error) == "docs, which the index records, does not exist"
    assert (report.added, later.added) == (("docs/b.txt",), ("docs/c.txt",))


def test_refresh_that_another_writer_kept_away_is_made_up_for(docs: Path, watcher: Any) -> None:
    """It is tried again without another change."""
    watching = watcher()
    watching.first()
    outcomes = watching.refreshes()
    with exclusive_lock(docs.parent / "vectors" / "LOCK"):
        (docs / "b.txt").write_text("Snow fell.")
        first_that(outcomes, lambda outcome: isinstance(outcome, LockedError))

    assert first_that(outcomes, has_changed).added == ("docs/b.txt",)


def test_named_file_that_is_replaced_is_seen(docs: Path, watcher: Any) -> None:
    """As editors save: another file takes its place, and another again."""
    watching = watcher(paths=(docs / "a.txt",))
    watching.first()
    outcomes = watching.refreshes()

    for text in ("Snow fell.", "Hail fell."):
        (docs / "new").write_text(text)
        (docs / "new").rename(docs / "a.txt")
        assert first_that(outcomes, has_changed).changed == ("docs/a.txt",)


def test_ignore_file_above_a_root_is_seen(docs: Path, watcher: Any) -> None:
    """What it newly leaves out is removed."""
    (docs / "b.txt").write_text("Snow fell.")
    watching = watcher()
    watching.first()
    outcomes = watching.refreshes()
    next(outcomes)

    (docs.parent / ".gitignore").write_text("b.txt")

    assert first_that(outcomes, has_changed).removed == ("docs/b.txt",)


def test_own_writing_is_no_change(docs: Path, tiny_model: Path, cache: Path, watcher: Any) -> None:
    """With the index below the root, what happens in it or to no document starts no refresh."""
    base = docs.parent
    watching = watcher(paths=(base,))
    watching.first()
    outcomes = watching.refreshes()
    (docs / "b.txt").write_text("Snow fell.")
    first_that(outcomes, has_changed)
    # The change itself may be reported again; then there is rest.
    first_that(outcomes, lambda outcome: outcome is None)

    (base / "vectors" / "generations" / "note.txt").write_text("Mine.")
    (base / "picture.png").write_bytes(b"")
    (base / ".hidden.txt").write_text("")

    assert [next(outcomes) for _ in range(3)] == [None] * 3


def test_lack_of_the_package_says_how_to_install_it(
    watcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra that not everybody needs."""
    monkeypatch.setitem(sys.modules, "watchfiles", None)

    with pytest.raises(UsageError) as caught:
        watcher()

    assert str(caught.value) == "--watch needs the package watchfiles"
    assert caught.value.hint == "pip install 'askdocs[watch]'"


def test_refreshes_obey_a_strict_request(docs: Path, watcher: Any) -> None:
    """A document that goes bad leaves the index as it was."""
    watching = watcher(strict=True)
    watching.first()
    before = open_generation(docs.parent / "vectors").digest
    outcomes = watching.refreshes()
    next(outcomes)

    (docs / "b.txt").write_bytes(b"Caf\xe9")
    error = first_that(outcomes, lambda outcome: isinstance(outcome, AskdocsError))

    assert str(error) == "1 document cannot be indexed; nothing was written"
    assert open_generation(docs.parent / "vectors").digest == before
