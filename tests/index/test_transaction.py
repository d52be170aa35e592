"""From one generation to the next: whole or not at all, and never by two at once."""

import errno
import fcntl
import hashlib
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from askdocs.disk import seam
from askdocs.disk.verified import LARGE
from askdocs.errors import DamagedIndexError, LockedError, RefusedError
from askdocs.index.generation import current_digest, head_line, open_generation
from askdocs.index.transaction import OvertakenError, begin, sweep_leftovers
from askdocs.records.manifest import DocumentRecord, DocumentStatus
from askdocs.store.codebook import codebook_pieces, train_codebook
from tests.disk.conftest import Disk, identity
from tests.index.conftest import FILES, contents
from tests.raising import raises, refusing

OLD = {"docs/a.txt": "The ship sank.", "docs/b.txt": "It rained."}
NEW = {"docs/a.txt": "The moon rose."}


class CrashError(Exception):
    """Stands for whatever ends a run."""


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch, index: Path) -> Disk:
    """A watch on the disk, with the folder in which the index is to be made."""
    index.parent.mkdir()
    return Disk(monkeypatch)


def generations(index: Path) -> list[str]:
    """What lies beside one another in an index."""
    return sorted(path.name for path in (index / "generations").iterdir())


def texts(index: Path) -> dict[str, str]:
    """The documents that an index answers from, every byte of it verified."""
    opened = open_generation(index)
    opened.verify()
    reader = opened.reader()
    found = {path: reader.document(path).text for path, _ in reader.documents()}
    reader.close()
    return found


def test_first_generation_makes_the_index(index, commit):
    """Where there was nothing, there is an index with one generation, HEAD and the lock."""
    digest = commit(OLD)
    assert sorted(contents(index)) == [
        "HEAD",
        "LOCK",
        *(f"generations/{digest}/{name}" for name in FILES),
    ]
    assert (index / "HEAD").read_bytes() == head_line(digest)
    assert texts(index) == OLD


def test_next_generation_takes_the_place_of_the_last(index, commit):
    """After a commit, only what was committed remains."""
    commit(OLD)
    digest = commit(NEW)
    assert generations(index) == [digest]
    assert texts(index) == NEW


def test_same_content_changes_nothing(index, commit):
    """What is there already is not written again, and nothing is left of the attempt."""
    first = commit(OLD, tools={"askdocs": "1"})
    before = contents(index)
    second = commit(OLD, tools={"askdocs": "2"})
    assert second == first
    assert contents(index) == before


def test_nothing_is_seen_before_it_is_published(index, commit, write):
    """While a new generation is written, readers have the old one."""
    old = commit(OLD)
    with begin(index, expecting=old) as transaction:
        manifest = write(transaction, NEW)
        during = texts(index)
        transaction.publish(manifest, tools={})
    assert during == OLD
    assert texts(index) == NEW


@pytest.mark.parametrize("finished", [False, True])
def test_crash_before_publishing_leaves_the_old_generation(index, commit, write, finished):
    """Whatever ends a run before it publishes, the index is as it was, to the byte."""
    old = commit(OLD)
    before = contents(index)
    with pytest.raises(CrashError), begin(index, expecting=old) as transaction:
        if finished:
            write(transaction, NEW)
        else:
            transaction.writer(dimension=4, code_bytes=1)
        raise CrashError
    assert contents(index) == before
    assert generations(index) == [old]


def test_run_that_writes_nothing_changes_nothing(index, commit):
    """To look is not to write, and there is nothing to publish."""
    old = commit(OLD)
    before = contents(index)
    with (
        begin(index, expecting=old) as transaction,
        raises(ValueError, "must be called after writing"),
    ):
        transaction.publish(open_generation(index).manifest, tools={})
    assert contents(index) == before


@pytest.mark.parametrize("leftover", ["new-abc", "new-abc/000/passages.jsonl", "f" * 64])
def test_leftovers_of_dead_runs_are_swept_up(index, commit, leftover):
    """What a killed run left is gone with the beginning of the next one, which need not write."""
    digest = commit(OLD)
    path = index / "generations" / leftover
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir()
    with begin(index, expecting=digest):
        assert generations(index) == [digest]
    assert texts(index) == OLD


@pytest.mark.parametrize("leftover", ["generations/new-abc", f"generations/{'f' * 64}", "HEAD.new"])
def test_leftovers_can_be_swept_up_alone(index, commit, leftover):
    """Where nothing is to be written, what a dead run left goes all the same."""
    digest = commit(OLD)
    before = contents(index)
    path = index / leftover
    if path.suffix:
        path.write_bytes(b"half a line")
    else:
        path.mkdir()
    sweep_leftovers(index, digest)
    assert contents(index) == before
    assert generations(index) == [digest]


@pytest.mark.parametrize("stray", [False, True])
def test_index_without_leftovers_is_not_touched(index, commit, stray):
    """Not even the lock is taken: a fresh clone has none."""
    digest = commit(OLD)
    (index / "LOCK").unlink()
    if stray:
        (index / "generations" / ".DS_Store").write_bytes(b"")
    before = contents(index)
    sweep_leftovers(index, digest)
    assert contents(index) == before


def test_leftovers_of_a_writer_at_work_stay(index, commit):
    """While another writes, what looks like a leftover is its work; so it is after a commit."""
    digest = commit(OLD)
    (index / "generations" / "new-abc").mkdir()
    with (index / "LOCK").open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        sweep_leftovers(index, digest)
    sweep_leftovers(index, "0" * 64)
    kept = generations(index)
    sweep_leftovers(index, digest)
    assert kept == sorted([digest, "new-abc"])
    assert generations(index) == [digest]


def test_leftovers_that_the_disk_does_not_show_are_left(index, commit, monkeypatch):
    """To sweep is a favour: where it cannot be done, nobody is stopped."""
    digest = commit(OLD)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", refusing(errno.EIO))
        sweep_leftovers(index, digest)
    assert texts(index) == OLD


@pytest.mark.parametrize("is_first", [False, True])
def test_leftovers_go_and_stray_files_stay(index, commit, is_first):
    """In whatever order the system lists them; neither stops anybody from writing."""
    if not is_first:
        commit(OLD)
    stray = [".DS_Store", "new-file", *(f"stray-{number}" for number in range(20))]
    for number, name in enumerate(stray):
        (index / "generations" / f"new-{number}" / "000").mkdir(parents=True)
        (index / "generations" / name).write_bytes(b"")
    digest = commit(NEW)
    assert generations(index) == sorted([digest, *stray])
    assert texts(index) == NEW


def test_old_generation_that_cannot_be_removed_waits_for_the_next_writer(
    index, commit, write, monkeypatch
):
    """The new one is current and reported as such, whatever becomes of the old one."""
    old = commit(OLD)
    with begin(index, expecting=old) as transaction:
        manifest = write(transaction, NEW)
        with monkeypatch.context() as patch:
            patch.setattr(seam, "remove_tree", refusing(errno.EIO))
            new = transaction.publish(manifest, tools={})
    assert generations(index) == sorted([old, new])
    assert texts(index) == NEW
    with begin(index, expecting=new):
        assert generations(index) == [new]


def test_disk_that_does_not_list_the_generations_is_named(index, commit, monkeypatch):
    """A disk that fails before anything is written is a refusal, and nothing has changed."""
    digest = commit(OLD)
    with (
        monkeypatch.context() as patch,
        raises(RefusedError, f"{index / 'generations'}: {os.strerror(errno.EIO).lower()}"),
    ):
        patch.setattr(Path, "iterdir", refusing(errno.EIO))
        with begin(index, expecting=digest):
            pytest.fail("writes to a disk that fails")
    assert texts(index) == OLD


def test_damaged_head_costs_no_generation(index, commit, write):
    """While HEAD names nothing that can be read, the generations stay until one is published."""
    old = commit(OLD)
    (index / "HEAD").write_bytes(b"damaged")
    with begin(index, expecting=None) as transaction:
        assert generations(index) == [old]
        new = transaction.publish(write(transaction, NEW), tools={})
    assert generations(index) == [new]
    assert texts(index) == NEW


def test_generation_that_head_lost_is_published_again(index, commit):
    """Where the very generation lies there already, without HEAD, it becomes current."""
    old = commit(OLD)
    (index / "HEAD").unlink()
    new = commit(OLD)
    assert new == old
    assert texts(index) == OLD


@pytest.mark.parametrize("expecting", [None, "0" * 64])
def test_writer_that_started_from_another_generation_is_turned_away(index, commit, expecting):
    """Who planned from a state that is no longer there does not write over the new one."""
    commit(OLD)
    before = contents(index)
    with (
        raises(
            LockedError, f"another process has written {index} meanwhile", "run the command again"
        ),
        begin(index, expecting=expecting),
    ):
        pytest.fail("writes over what another writer wrote")
    assert contents(index) == before


def test_writer_that_started_from_an_index_that_is_gone_is_turned_away(index):
    """An index that was removed meanwhile is not made again from an old plan."""
    with pytest.raises(LockedError), begin(index, expecting="0" * 64):
        pytest.fail("writes from a plan that does not hold")


def test_second_writer_is_turned_away(index, commit, write):
    """While one writes, another gets nothing; the first is not disturbed."""
    old = commit(OLD)
    with begin(index, expecting=old) as transaction:
        manifest = write(transaction, NEW)
        with pytest.raises(LockedError), begin(index, expecting=old):
            pytest.fail("two write at once")
        transaction.publish(manifest, tools={})
    assert texts(index) == NEW


def test_writer_that_has_waited_writes(index, commit, write):
    """Where the other wrote nothing, the plan still holds, and the lock is not given up again."""
    old = commit(OLD)
    with (index / "LOCK").open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        until = time.monotonic() + 60
        with begin(index, expecting=old, until=until, waiting=holder.close) as transaction:
            with pytest.raises(LockedError), begin(index, expecting=old):
                pytest.fail("two write at once")
            transaction.publish(write(transaction, NEW), tools={})
    assert texts(index) == NEW


def test_writer_that_was_overtaken_while_it_waited_is_turned_away(index, commit):
    """What the other wrote meanwhile stays, and the lock is free for another attempt."""
    old = commit(OLD)
    with (index / "LOCK").open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)

        def write_and_give_up() -> None:
            holder.close()
            commit(NEW)

        with pytest.raises(OvertakenError):
            with begin(
                index, expecting=old, until=time.monotonic() + 60, waiting=write_and_give_up
            ):
                pytest.fail("writes over what another writer wrote")
    assert texts(index) == NEW
    with begin(index, expecting=current_digest(index)):
        pass


def test_kept_files_are_shared(index, commit):
    """Where no passage changes, the new generation has the same files under second names."""
    old = commit(OLD)
    opened = open_generation(index)
    files = sorted((opened.directory / "000").iterdir())
    before = {path.name: path.stat().st_ino for path in files}
    other = replace(opened.manifest, corpus=replace(opened.manifest.corpus, roots=("docs", "more")))
    with begin(index, expecting=old) as transaction:
        kept = transaction.keep_files(opened)
        new = transaction.publish(replace(other, files=kept), tools={})
    now = (index / "generations" / new / "000").iterdir()
    assert {path.name: path.stat().st_ino for path in now} == before
    assert generations(index) == [new]
    assert texts(index) == OLD


def test_data_are_kept_without_the_records(index, commit):
    """Where only the walk found something else, all but the manifest and the records is shared."""
    old = commit(OLD)
    opened = open_generation(index)
    found = {**opened.documents, "docs/z.txt": DocumentRecord(status=DocumentStatus.SKIPPED)}
    with begin(index, expecting=old) as transaction:
        files = {**transaction.keep_data(opened), **transaction.write_documents(found)}
        new = transaction.publish(replace(opened.manifest, files=files), tools={})
    assert new != old
    assert open_generation(index).documents == found
    kept = {name: one for name, one in opened.manifest.files.items() if name != "corpus.jsonl"}
    assert {name: one for name, one in files.items() if name != "corpus.jsonl"} == kept
    assert texts(index) == OLD


def test_segments_can_be_written_by_the_codebook_of_those_that_are_kept(index, commit):
    """A given codebook is the one that is written, however many vectors there are."""
    old = commit(OLD)
    codebook = train_codebook(np.eye(4, dtype=np.float32), lists=2)
    expected = b"".join(codebook_pieces(codebook))
    with begin(index, expecting=old) as transaction:
        writer = transaction.writer(dimension=4, code_bytes=1, segments=2, codebook=codebook)
        for number in range(2):
            with writer.segment(number):
                pass
        files = writer.finish()
    assert files["codebook.npys"].sha256 == hashlib.sha256(expected).hexdigest()


def test_records_have_no_table_of_checksums(index, commit):
    """However many they are: they are never read in part."""
    old = commit(OLD)
    many = {f"docs/{number}": DocumentRecord(reason="x" * 1000) for number in range(1100)}
    with begin(index, expecting=old) as transaction:
        files = transaction.write_documents(many)
    assert list(files) == ["corpus.jsonl"]
    assert files["corpus.jsonl"].bytes > LARGE


def test_one_segment_may_be_kept(index, commit):
    """Only the named files are taken over, and only they are verified: damage is never kept."""
    old = commit(OLD, segments=2)
    opened = open_generation(index)
    names = [name for name in opened.manifest.files if name.startswith("001/")]
    os.truncate(opened.directory / "000" / "lexical.npys", 9)
    before = contents(index)
    with begin(index, expecting=old) as transaction:
        kept = transaction.keep_files(opened, names)
        [folder] = (path for path in (index / "generations").iterdir() if path.name != old)
        found = sorted(contents(folder))
        with pytest.raises(DamagedIndexError):
            transaction.keep_files(opened)
    assert kept == {name: opened.manifest.files[name] for name in names}
    assert (found, len(names)) == (sorted(names), 7)
    assert contents(index) == before


@pytest.mark.parametrize("segments", [1, 2])
def test_all_is_on_the_disk_before_head_names_it(index, commit, disk, segments):
    """Files, then the folders that name them, then the generation's name, then HEAD."""
    digest = commit(OLD, segments=segments)
    generation = index / "generations" / digest
    named = disk.events.index(("rename", identity(generation)))
    current = disk.events.index(("rename", identity(index / "HEAD")))
    forced = {what: at for at, (kind, what) in enumerate(disk.events[:named]) if kind == "force"}
    for path in generation.rglob("*"):
        assert forced[identity(path)] < forced[identity(path.parent)]
    assert identity(index.parent) in forced
    between = [identity(index / "generations"), identity(index / "HEAD")]
    assert disk.events[named + 1 : current] == [("force", one) for one in between]
    assert disk.events[current + 1 :] == [("force", identity(index))]


def test_generation_can_be_read_by_others(index, commit):
    """A folder made for one user alone would keep a shared index from everyone else."""
    digest = commit(OLD)
    mode = (index / "generations" / digest).stat().st_mode & 0o777
    assert mode == 0o755
