"""An index that is watched follows its corpus."""

import errno
import inspect
import os
import shutil
import sys
import time

import pytest
import watchfiles
from watchfiles import Change

from askdocs.disk.lock import exclusive_lock
from askdocs.embedding import compiled
from askdocs.errors import AskdocsError, LockedError, UsageError
from askdocs.freshness import check_freshness
from askdocs.index.generation import open_generation
from askdocs.indexing.build import Progress
from askdocs.indexing.request import IndexRequest
from askdocs.records.reports import IndexReport
from askdocs.watch import Pace, Watcher, _WatchedPaths
from tests.raising import raises

# Long enough for a slow machine; a test that waits this long fails.
_SECONDS = 30.0
# After so many looks without a change, no change will be reported any more.
_LOOKS = 5
_PACE = Pace(step_ms=20, check_ms=60)


@pytest.fixture
def docs(tmp_path):
    """A folder docs/ with a document, beside which the index is made."""
    (tmp_path / "base" / "docs").mkdir(parents=True)
    (tmp_path / "base" / "docs" / "a.txt").write_text("Rain fell.")
    return tmp_path / "base" / "docs"


@pytest.fixture
def watcher(docs, tiny_model, cache):
    """Watch docs/ with the tiny model: `watcher(strict=True)`."""

    def make(open_encoder=compiled.open_encoder, **options):
        settings = {"paths": (docs,), "model": str(tiny_model), **options}
        request = IndexRequest(index=docs.parent / "vectors", **settings)
        return Watcher(
            request, cache=cache, notify=lambda _line: None, progress=Progress(),
            open_encoder=open_encoder, pace=_PACE,
        )  # fmt: skip

    return make


def refreshes_of(watching):
    """Index once; return what becomes of the refreshes after that."""
    watching.first()
    return watching.refreshes()


def first_that(outcomes, wanted):
    """The first outcome that is wanted; others may come before it, as the system reports them."""
    until = time.monotonic() + _SECONDS
    for outcome in outcomes:
        if wanted(outcome):
            return outcome
        assert time.monotonic() < until, outcome
    raise AssertionError


def has_failed(outcome):
    """Return True if a refresh ended in an error."""
    return isinstance(outcome, AskdocsError)


def has_changed(outcome):
    """Return True if a refresh found something to do."""
    return isinstance(outcome, IndexReport) and not outcome.is_unchanged


def test_changes_are_indexed_as_they_come(docs, watcher):
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


def test_model_is_loaded_once(docs, watcher):
    """The encoder of the first run embeds what comes later."""
    opened: list[str] = []

    def noting_open(model, **named):
        opened.append(model.name)
        return compiled.open_encoder(model, **named)

    outcomes = refreshes_of(watcher(open_encoder=noting_open))

    for number in range(2):
        (docs / f"{number}.txt").write_text(f"Snow fell {number} times.")
        assert first_that(outcomes, has_changed).embedded == 1

    assert len(opened) == 1


def test_failed_refresh_is_not_the_last(docs, watcher):
    """A root that goes is an error; when it comes back, its changes are seen."""
    outcomes = refreshes_of(watcher())

    shutil.move(docs, docs.with_name("away"))
    error = first_that(outcomes, has_failed)
    (docs.with_name("away") / "b.txt").write_text("Snow fell.")
    shutil.move(docs.with_name("away"), docs)
    report = first_that(outcomes, has_changed)
    (docs / "c.txt").write_text("Hail fell.")
    later = first_that(outcomes, has_changed)

    assert str(error) == "docs, which the index records, does not exist"
    assert (report.added, later.added) == (("docs/b.txt",), ("docs/c.txt",))


def test_refresh_that_another_writer_kept_away_is_made_up_for(docs, watcher):
    """It is tried again without another change."""
    outcomes = refreshes_of(watcher())
    with exclusive_lock(docs.parent / "vectors" / "LOCK"):
        (docs / "b.txt").write_text("Snow fell.")
        first_that(outcomes, lambda outcome: isinstance(outcome, LockedError))

    assert first_that(outcomes, has_changed).added == ("docs/b.txt",)


def test_named_file_that_is_replaced_is_seen(docs, watcher):
    """As editors save: another file takes its place, and another again."""
    outcomes = refreshes_of(watcher(paths=(docs / "a.txt",)))

    for text in ("Snow fell.", "Hail fell."):
        (docs / "new").write_text(text)
        (docs / "new").rename(docs / "a.txt")
        assert first_that(outcomes, has_changed).changed == ("docs/a.txt",)


def test_ignore_file_above_a_root_is_seen(docs, watcher):
    """What it newly leaves out is removed."""
    (docs / "b.txt").write_text("Snow fell.")
    outcomes = refreshes_of(watcher())
    next(outcomes)

    (docs.parent / ".gitignore").write_text("b.txt")

    assert first_that(outcomes, has_changed).removed == ("docs/b.txt",)


def test_own_writing_is_no_change(docs, tiny_model, cache, watcher):
    """With the index below the root, what happens in it or to no document starts no refresh."""
    base = docs.parent
    outcomes = refreshes_of(watcher(paths=(base,)))
    (docs / "b.txt").write_text("Snow fell.")
    first_that(outcomes, has_changed)
    # The change itself may be reported again; then there is rest.
    until = time.monotonic() + _SECONDS
    while [next(outcomes) for _ in range(_LOOKS)] != [None] * _LOOKS:
        assert time.monotonic() < until

    (base / "vectors" / "generations" / "note.txt").write_text("Mine.")
    (base / "picture.png").write_bytes(b"")
    (base / ".hidden.txt").write_text("")

    assert [next(outcomes) for _ in range(_LOOKS)] == [None] * _LOOKS


def test_linked_root_below_a_hidden_folder_is_seen_by_either_name(docs, watcher):
    """Some systems report where a file really is; what is hidden above a root says nothing."""
    docs.rename(docs.parent / ".store")
    docs.symlink_to(".store")
    watcher().first()
    real, given = docs.parent / ".store", docs

    may_matter = _WatchedPaths(docs.parent / "vectors").may_matter

    for folder in (real, given):
        assert may_matter(Change.added, str(folder / "b.txt"))
        assert not may_matter(Change.added, str(folder / ".b.txt"))
    assert may_matter(Change.added, "/.elsewhere/b.txt")


def test_damaged_index_does_not_end_the_watch(docs, watcher):
    """While it cannot be read where to look that is said; when it is whole, changes are seen."""
    outcomes = refreshes_of(watcher())
    head = docs.parent / "vectors" / "HEAD"
    content = head.read_bytes()
    head.write_bytes(b"nonsense")

    errors = [next(outcomes), next(outcomes)]
    head.write_bytes(content)
    (docs / "b.txt").write_text("Snow fell.")
    report = first_that(outcomes, has_changed)

    assert [str(error) for error in errors] == [f"{head} cannot be read"] * 2
    assert report.added == ("docs/b.txt",)


def test_system_that_refuses_to_watch_does_not_end_the_watch(docs, watcher, monkeypatch):
    """A limit of the system may be raised, and a folder may be gone for a moment."""
    real_watch = watchfiles.watch
    refusals = [OSError(errno.ENOSPC, "No space left on device"), None]

    def refusing_watch(*places, **options):
        if refusal := refusals.pop(0):
            raise refusal
        return real_watch(*places, **options)

    monkeypatch.setattr(watchfiles, "watch", refusing_watch)
    outcomes = refreshes_of(watcher())

    refused = next(outcomes)
    (docs / "b.txt").write_text("Snow fell.")

    assert str(refused) == f"{docs.parent / 'vectors'}: no space left on device"
    assert first_that(outcomes, has_changed).added == ("docs/b.txt",)


def test_restarted_watch_closes_the_one_before(docs, watcher, monkeypatch):
    """The one before is closed, and with it what the system holds for it."""
    real_watch, kept = watchfiles.watch, []

    def noting_watch(*places, **options):
        kept.append(real_watch(*places, **options))
        return kept[-1]

    monkeypatch.setattr(watchfiles, "watch", noting_watch)
    outcomes = refreshes_of(watcher())
    next(outcomes)
    docs.rename(docs.with_name("away"))
    first_that(outcomes, has_failed)

    states = [inspect.getgeneratorstate(one) for one in kept]

    assert states == [inspect.GEN_CLOSED, inspect.GEN_SUSPENDED]


def test_lack_of_the_package_says_how_to_install_it(watcher, monkeypatch):
    """It is an extra that not everybody needs."""
    monkeypatch.setitem(sys.modules, "watchfiles", None)

    message, hint = "--watch needs the package watchfiles", "pip install 'askdocs[watch]'"
    with raises(UsageError, message, hint):
        watcher()


def test_refreshes_obey_a_strict_request(docs, watcher):
    """A document that goes bad leaves the index as it was."""
    outcomes = refreshes_of(watcher(strict=True))
    before = open_generation(docs.parent / "vectors").digest
    next(outcomes)

    (docs / "b.txt").write_bytes(b"Caf\xe9")
    error = first_that(outcomes, has_failed)

    assert str(error) == "1 document cannot be indexed; nothing was written"
    assert open_generation(docs.parent / "vectors").digest == before


@pytest.mark.skipif(sys.platform == "darwin", reason="file names there are UTF-8")
def test_name_that_is_not_utf8_does_not_end_the_watch(docs, watcher):
    """Changes after it are seen too, whether the file is a document or not."""
    outcomes = refreshes_of(watcher())
    next(outcomes)

    (docs / os.fsdecode(b"\xfe.tmp")).write_text("Snow fell.")
    seen = first_that(outcomes, lambda outcome: outcome is not None)
    (docs / os.fsdecode(b"\xfe.txt")).write_text("Snow fell.")
    odd = first_that(outcomes, has_changed)
    (docs / "c.txt").write_text("Hail fell.")
    later = first_that(outcomes, has_changed)

    assert isinstance(seen, IndexReport)
    assert (odd.added, later.added) == ((os.fsdecode(b"docs/\xfe.txt"),), ("docs/c.txt",))


@pytest.mark.skipif(sys.platform == "darwin", reason="file names there are UTF-8")
def test_root_whose_name_is_not_utf8_is_said_to_be_unwatched(docs, watcher):
    """It is indexed all the same."""
    odd = docs.rename(docs.with_name(os.fsdecode(b"\xfe")))
    watching = watcher(paths=(odd,))
    assert watching.first().documents == 1

    refused = next(watching.refreshes())

    assert str(refused) == f"{odd} cannot be watched: its name is not UTF-8"


def test_root_that_may_be_read_again_is_watched_again(docs, watcher):
    """What may not be read is not watched, so that no system reports when it may be."""
    watcher().first()
    docs.chmod(0)
    places = _WatchedPaths(docs.parent / "vectors")
    closed = places.state()
    docs.chmod(0o755)

    assert places.state() != closed
