"""A damaged index becomes what its manifest says, from what is sound and from the corpus."""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from askdocs.disk import seam
from askdocs.disk.lock import exclusive_lock
from askdocs.errors import DamagedIndexError, FormatError, RefusedError, UsageError
from askdocs.freshness import check_freshness
from askdocs.index.generation import open_generation
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.records.reports import RepairReport
from askdocs.repair import repair
from askdocs.store import partition
from tests.index.conftest import contents
from tests.raising import raises

SEGMENT = (
    "dense.faiss", "documents.jsonl", "lexical.npys", "passages.jsonl", "tables.npys",
    "tokens.npys",
)  # fmt: skip


@pytest.fixture
def index(tmp_path: Path, tiny_model: Path, cache: Path) -> Path:
    """The index of three documents."""
    write_corpus(tmp_path / "docs", 3)
    make(tmp_path, tiny_model, cache)
    return tmp_path / "vectors"


@pytest.fixture
def segmented(
    tmp_path: Path, tiny_model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The index of twenty documents, in more than one segment."""
    monkeypatch.setattr(partition, "SEGMENT_BYTES", 300)
    write_corpus(tmp_path / "docs", 20)
    make(tmp_path, tiny_model, cache)
    return tmp_path / "vectors"


@pytest.fixture
def mend(cache: Path) -> Callable[..., RepairReport]:
    """Repair an index: `mend(index, docs, dry_run=True)`."""

    def run(index: Path, *paths: Path, **options: bool) -> RepairReport:
        return repair(index, paths, cache=cache, notify=lambda _line: None, **options)

    return run


def write_corpus(folder: Path, count: int) -> None:
    """Write documents of two sentences."""
    folder.mkdir()
    for number in range(count):
        text = f"The captain saw {number} ships. It rained on day {number}.\n"
        (folder / f"{number:02}.txt").write_text(text)


def make(base: Path, model: Path, cache: Path, **options: bool) -> None:
    """Index docs/ into vectors/ beside it."""
    request = IndexRequest(
        index=base / "vectors", paths=(base / "docs",), model=str(model), **options
    )
    build(request, cache=cache, notify=lambda _line: None)


def generation_of(index: Path) -> Path:
    """The folder of the only generation."""
    [found] = (index / "generations").iterdir()
    return found


def damage(path: Path) -> None:
    """Turn one bit round, without touching what else has the same content."""
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.unlink()
    path.write_bytes(changed)


def test_sound_index_is_left_alone(index, mend):
    """Nothing is written, and not even the lock is taken."""
    before = contents(index)
    times = {path: path.stat().st_mtime_ns for path in index.rglob("*")}
    with exclusive_lock(index / "LOCK"):
        report = mend(index)
    assert report == RepairReport(
        index=str(index), documents=3, damaged=(), report=None, is_done=True
    )
    assert contents(index) == before
    assert {path: path.stat().st_mtime_ns for path in index.rglob("*")} == times


@pytest.mark.parametrize("name", [*(f"000/{name}" for name in SEGMENT), "corpus.jsonl"])
@pytest.mark.parametrize("fault", ["flip", "remove", "folder", "link"])
def test_damaged_file_is_put_right(index, mend, name, fault):
    """To the byte; a second run finds nothing to do."""
    before = contents(index)
    path = generation_of(index) / name
    if fault == "flip":
        damage(path)
    else:
        path.unlink()
    if fault == "folder":
        (path / "inner").mkdir(parents=True)
    if fault == "link":
        path.symlink_to(index.parent / "docs" / "00.txt")
    report = mend(index)
    assert [one.path for one in report.damaged] == [str(path)]
    assert contents(index) == before
    assert (index.parent / "docs" / "00.txt").read_text().startswith("The captain")
    assert check_freshness(index, deep=True).is_fresh
    assert mend(index).damaged == ()


def test_records_that_are_lost_cost_no_embedding(index, mend, cache):
    """Vectors of an index that has them are taken from there, whatever the cache has."""
    (generation_of(index) / "corpus.jsonl").unlink()
    shutil.rmtree(cache / "embeddings")
    report = mend(index)
    assert report.report is not None
    assert report.report.embedded == 0


def test_sound_segments_are_taken_over(segmented, mend):
    """Only the damaged segment is rewritten; the result is the same to the byte."""
    before = contents(segmented)
    folder = generation_of(segmented)
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    damage(folder / names[0] / "passages.jsonl")
    held = {path: path.stat().st_ino for path in folder.glob(f"{names[1]}/*")}
    report = mend(segmented)
    assert len(names) > 1
    assert report.report is not None
    assert 0 < report.report.embedded < report.report.sentences
    assert contents(segmented) == before
    assert {path: path.stat().st_ino for path in folder.glob(f"{names[1]}/*")} == held


def test_damaged_codebook_is_rebuilt(segmented, mend, tiny_model, cache):
    """The result is what a rebuild would give."""
    damage(generation_of(segmented) / "codebook.npys")
    mend(segmented)
    mended = contents(segmented)
    make(segmented.parent, tiny_model, cache, rebuild=True)
    assert contents(segmented) == mended


@pytest.mark.parametrize("head", [None, b"", b"garbage\n", "HEAD", "../docs/00.txt"])
def test_head_is_put_right(index, mend, head):
    """The generation that is there is current again."""
    before = contents(index)
    (index / "HEAD").unlink()
    if isinstance(head, str):
        (index / "HEAD").symlink_to(head)
    elif head is not None:
        (index / "HEAD").write_bytes(head)
    report = mend(index)
    assert [one.path for one in report.damaged] == [str(index / "HEAD")]
    assert contents(index) == before


def test_newest_sound_generation_is_named(index, mend, tiny_model, cache):
    """Of several, the one whose manifest was written last and of which all is sound."""
    older, newer = two_generations(index, tiny_model, cache)
    os.utime(older / "manifest.json", (1, 1))
    (index / "HEAD").unlink()
    mend(index)
    first = open_generation(index).digest
    (index / "HEAD").unlink()
    (newer / "000" / "dense.faiss").unlink()
    mend(index)
    assert (first, open_generation(index).digest) == (newer.name, older.name)


@pytest.mark.parametrize("lost", ["document", "root", "decoding"])
@pytest.mark.parametrize("name", ["000/passages.jsonl", "corpus.jsonl", "manifest.json"])
def test_what_cannot_be_replaced_is_not_deleted(index, mend, lost, name):
    """Nothing is written as long as a document that the index holds cannot be read."""
    docs = index.parent / "docs"
    damage(generation_of(index) / name)
    match lost:
        case "document":
            (docs / "01.txt").unlink()
        case "root":
            docs.rename(docs.with_name("moved"))
        case _:
            (docs / "01.txt").write_bytes(b"caf\xe9")
    before = contents(index)
    paths = [docs] if name == "manifest.json" else []

    with pytest.raises((DamagedIndexError, UsageError)) as caught:
        mend(index, *paths)

    if paths and lost == "root":
        assert str(caught.value) == f"{docs} does not exist"
    else:
        what = "docs/01.txt cannot be read any more and"
        if lost == "root":
            what = "docs does not exist and its documents"
        assert str(caught.value) == f"{what} would be lost; nothing was written"
        assert caught.value.hint.startswith("askdocs index --rebuild")
    assert contents(index) == before


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("fault", ["flip", "remove"])
def test_damaged_encoder_without_its_model_stays(  # noqa: PLR0917
    index: Path, tiny_model: Path, cache: Path, tmp_path: Path, fault: str, dry_run: bool
) -> None:
    """What cannot be put back is not deleted, and the hint goes on without it."""
    make(index.parent, tiny_model, cache, portable=True)
    [path] = index.glob("encoders/*/weights.bin")
    damage(path) if fault == "flip" else path.unlink()
    before = contents(index)
    model = tiny_model.with_name("aside")
    tiny_model.rename(model)
    try:
        with pytest.raises(DamagedIndexError) as caught:
            repair(index, cache=tmp_path / "empty", notify=print, dry_run=dry_run)
        after = contents(index)
        request = IndexRequest(index=index, portable=False)
        build(request, cache=tmp_path / "empty", notify=print)
    finally:
        model.rename(tiny_model)

    assert str(caught.value) == (
        f"the encoder that {index} carries is damaged and its model is not here"
    )
    assert caught.value.hint == "askdocs index --no-portable goes on without it"
    assert after == before
    assert not (index / "encoders").exists()
    assert check_freshness(index, deep=True).is_fresh


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("name", ["000/dense.faiss", "corpus.jsonl"])
def test_corpus_that_changed_meanwhile_is_reported(index, mend, name, dry_run):
    """What a repair takes in is told, as far as it is known what the index held."""
    damage(generation_of(index) / name)
    (index.parent / "docs" / "00.txt").write_text("Nobody saw a ship.\n")
    (index.parent / "docs" / "new.txt").write_text("It snowed.\n")
    report = mend(index, dry_run=dry_run)
    # With the records, it is lost what the documents were.
    changed = () if name == "corpus.jsonl" else ("docs/00.txt",)
    assert (report.added, report.changed, report.removed) == (("docs/new.txt",), changed, ())


def test_carried_encoder_embeds_where_its_model_is_gone(index, tiny_model, cache, tmp_path):
    """Damaged data are rebuilt with the encoder in the index, and a line says so."""
    make(index.parent, tiny_model, cache, portable=True)
    path = generation_of(index) / "000" / "dense.faiss"
    damage(path)
    said: list[str] = []
    model = tiny_model.with_name("aside")
    tiny_model.rename(model)
    try:
        report = repair(index, cache=tmp_path / "empty", notify=said.append)
    finally:
        model.rename(tiny_model)
    assert report.report is not None
    assert report.report.embedded == 6
    assert [line.split(":")[0] for line in said] == [
        f"embedding with the encoder that {index} carries"
    ]
    assert check_freshness(index, deep=True).damaged == ()


def test_generation_that_stands_in_and_the_lost_one_both_stay(index, mend, tiny_model, cache):
    """To name another generation deletes nothing, not even what cannot be read; a refresh does."""
    older, newer = two_generations(index, tiny_model, cache)
    damage(newer / "manifest.json")
    [encoder] = index.glob("encoders/*/encoder.json")
    damage(encoder)
    mend(index)
    assert open_generation(index).digest == older.name
    assert sorted(path.name for path in (index / "generations").iterdir()) == sorted(
        [older.name, newer.name]
    )
    assert check_freshness(index, deep=True).damaged == ()
    make(index.parent, tiny_model, cache)
    assert generation_of(index).name == newer.name


def test_damaged_generation_does_not_stand_in(index, mend, tiny_model, cache):
    """Only one of which all is sound does; otherwise nothing is written without a path."""
    older, newer = two_generations(index, tiny_model, cache)
    (newer / "manifest.json").unlink()
    damage(older / "000" / "dense.faiss")
    before = contents(index)
    with pytest.raises(DamagedIndexError) as caught:
        mend(index)
    assert caught.value.hint == "askdocs repair PATH"
    assert contents(index) == before


def two_generations(index: Path, model: Path, cache: Path) -> tuple[Path, Path]:
    """Make the index portable and then refresh it; the older generation stays, as after a crash."""
    make(index.parent, model, cache, portable=True)
    older = generation_of(index)
    shutil.copytree(older, index.parent / "aside")
    (index.parent / "docs" / "00.txt").write_text("Something else.\n")
    make(index.parent, model, cache)
    newer = generation_of(index)
    (index.parent / "aside").rename(older)
    return older, newer


@pytest.mark.parametrize("head", ["sound", "damaged"])
def test_lost_generations_are_rebuilt_from_a_path(index, mend, head):
    """Without one the error says what to type."""
    shutil.rmtree(index / "generations")
    if head == "damaged":
        (index / "HEAD").write_bytes(b"garbage\n")
    with pytest.raises(DamagedIndexError) as caught:
        mend(index)
    report = mend(index, index.parent / "docs")
    assert (caught.value.exit_status, caught.value.hint) == (4, "askdocs repair PATH")
    assert report.documents == 3
    assert check_freshness(index, deep=True).is_fresh


def test_head_and_file_are_put_right_together(index, mend):
    """One run is enough; what others put into the index stays."""
    before = contents(index)
    (index / ".gitignore").write_text("*\n")
    (index / "HEAD").unlink()
    damage(generation_of(index) / "000" / "dense.faiss")
    mend(index)
    assert contents(index) == {**before, ".gitignore": b"*\n"}


def fail_opening(monkeypatch: pytest.MonkeyPatch, path: Path, number: int) -> None:
    """Let a file fail to open; another file of that name can be read, as on a disk."""
    lost, real = path.stat().st_ino, os.open

    def fail(wanted: Path | str, *arguments: int, **options: int) -> int:
        if str(wanted) == str(path) and path.stat().st_ino == lost:
            raise OSError(number, os.strerror(number))
        return real(wanted, *arguments, **options)

    monkeypatch.setattr(os, "open", fail)


@pytest.mark.parametrize("name", ["000/dense.faiss", "corpus.jsonl", "manifest.json"])
def test_file_that_the_disk_has_lost_is_put_right(index, mend, name, monkeypatch):
    """It is damaged like any other."""
    before = contents(index)
    path = generation_of(index) / name
    fail_opening(monkeypatch, path, errno.EIO)
    report = mend(index, *([index.parent / "docs"] if name == "manifest.json" else []))
    reason = f"cannot be read: {os.strerror(errno.EIO).lower()}"
    assert [(one.path, one.reason) for one in report.damaged] == [(str(path), reason)]
    assert mend(index).damaged == ()
    assert name == "manifest.json" or contents(index) == before


def test_newer_format_is_no_damage(index, mend):
    """An index without HEAD that a later askdocs made is left to that one, path or no path."""
    newer = b'{"format_version": 999}'
    old = generation_of(index)
    old.rename(old.with_name(hashlib.sha256(newer).hexdigest()))
    (generation_of(index) / "manifest.json").write_bytes(newer)
    (index / "HEAD").unlink()
    before = contents(index)
    for paths in ((), (index.parent / "docs",)):
        with pytest.raises(FormatError):
            mend(index, *paths)
    assert contents(index) == before


def test_leftovers_of_a_dead_run_hold_no_document(index, mend, tmp_path):
    """What was never committed is not missed."""
    leftover = index / "generations" / "new-0123456789abcdef"
    shutil.copytree(generation_of(index), leftover)
    shutil.rmtree(next(one for one in leftover.parent.iterdir() if one != leftover))
    (index / "HEAD").write_bytes(b"garbage\n")
    (tmp_path / "docs" / "00.txt").unlink()
    assert mend(index, tmp_path / "docs").documents == 2


def test_records_that_may_not_be_read_stop_a_repair(index, mend, monkeypatch):
    """What they hold might be lost otherwise."""
    (generation_of(index) / "manifest.json").unlink()
    path = generation_of(index) / "corpus.jsonl"
    fail_opening(monkeypatch, path, errno.EACCES)
    with raises(RefusedError, f"{path}: {os.strerror(errno.EACCES).lower()}"):
        mend(index, index.parent / "docs")


def test_other_paths_than_the_recorded_ones_are_refused(index, mend, tmp_path):
    """A repair is not a way to another corpus."""
    with pytest.raises(UsageError, match="is the index of docs") as there:
        mend(index, tmp_path)
    (tmp_path / "docs").rename(tmp_path / "moved")
    with pytest.raises(UsageError, match="is the index of docs") as gone:
        mend(index, tmp_path / "moved")
    assert (there.value.hint, gone.value.hint) == ("askdocs repair", "askdocs repair")


def test_disk_that_fails_on_the_way_costs_nothing_sound(index, mend, monkeypatch):
    """At whichever operation it fails, all that was sound is there, and the next run succeeds."""
    whole = contents(index)
    states = 0
    for number in range(1, 1000):
        damage(generation_of(index) / "000" / "dense.faiss")
        with monkeypatch.context() as patch:
            left = fail_at(patch, number)
            with suppress(RefusedError):
                mend(index)
            if left():
                break
        now = contents(index)
        assert {name: now.get(name) for name in whole if "dense" not in name} == {
            name: kept for name, kept in whole.items() if "dense" not in name
        }
        mend(index)
        assert contents(index) == whole
        states += 1
    assert states > 20


def fail_at(patch: pytest.MonkeyPatch, number: int) -> Callable[[], bool]:
    """Let the call of that number that changes the disk fail; whether there were fewer."""
    calls = [0]

    def failing(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            calls[0] += 1
            if calls[0] == number:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*arguments)

        return call

    for name in ("create", "force", "force_path", "make_folder", "rename", "link", "unlink"):
        patch.setattr(seam, name, failing(getattr(seam, name)))
    return lambda: calls[0] < number
