"""A refresh does only what has changed, and ends where a fresh build would."""

import fcntl
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from askdocs.embedding.compiled import open_encoder
from askdocs.embedding.model import Encoder, Model
from askdocs.errors import LockedError
from askdocs.freshness import check_freshness
from askdocs.index.generation import open_generation
from askdocs.index.transaction import begin
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.records.blocks import ParsedText
from askdocs.records.reports import IndexReport
from tests.indexing.conftest import ignore
from tests.raising import raises


def state_of(index: Path) -> dict[str, tuple[int, int, bytes]]:
    """Inode, time of writing and content of every file of an index."""
    paths = [path for path in sorted(index.rglob("*")) if path.is_file()]
    stats = [path.stat() for path in paths]
    return {
        path.relative_to(index).as_posix(): (stat.st_ino, stat.st_mtime_ns, path.read_bytes())
        for path, stat in zip(paths, stats, strict=True)
    }


def texts_in(index: Path) -> list[tuple[str, str]]:
    """The path and text of every passage of an index, in order."""
    with closing(open_generation(index).reader()) as reader:
        return [
            (path, stored.passage.text)
            for path, _ in reader.documents()
            for stored in reader.passages_of(path)
        ]


def test_first_build_reports_everything(docs, index_docs):
    """Every count and path of the report of a first build."""
    (docs / "a.txt").write_text("Rain fell. It was wet.\n")
    (docs / "b.txt").write_text("Rain fell.\n")
    (docs / "c.txt").write_bytes(b"\xff\0")
    (docs / "d.txt").write_bytes(b"Caf\xe9")
    report = index_docs()
    assert report.seconds > 0
    assert replace(report, seconds=0.0) == IndexReport(
        index=str(docs.parent / "vectors"), documents=2, passages=2, sentences=3, embedded=2,
        added=("docs/a.txt", "docs/b.txt"), changed=(), removed=(), seconds=0.0,
        skipped={"docs/c.txt": "binary"}, failed={"docs/d.txt": "not UTF-8"}, is_unchanged=False,
    )  # fmt: skip


def test_unchanged_corpus_needs_no_model_and_writes_nothing(docs, index_docs, tmp_path):
    """If nothing has changed, no encoder is opened and no file is touched."""
    (docs / "a.txt").write_text("Rain fell. It was wet.\n")
    index_docs()
    before = state_of(docs.parent / "vectors")
    os.utime(docs / "a.txt", ns=(0, 0))
    poisoned = tmp_path / "poisoned"
    poisoned.write_text("A cache in which nothing can be found or made.")
    request = IndexRequest(index=docs.parent / "vectors")
    report = build(request, cache=poisoned, notify=ignore)
    assert (report.is_unchanged, report.embedded, report.documents) == (True, 0, 1)
    assert (report.added, report.changed, report.removed) == ((), (), ())
    assert state_of(docs.parent / "vectors") == before


def test_only_new_sentences_are_embedded(docs, index_docs):
    """Only sentences that a document did not have before are embedded."""
    (docs / "a.txt").write_text("Rain fell. It was wet. The sun came out.\n")
    (docs / "b.txt").write_text("Snow fell.\n")
    (docs / "c.txt").write_text("Hail fell.\n")
    index_docs()
    (docs / "a.txt").write_text("Rain fell. It was cold. The sun came out.\n")
    (docs / "b.txt").unlink()
    (docs / "d.txt").write_text("It thawed. It froze.\n")

    report = index_docs()

    assert (report.documents, report.sentences, report.embedded) == (3, 6, 3)
    assert report.added == ("docs/d.txt",)
    assert report.changed == ("docs/a.txt",)
    assert report.removed == ("docs/b.txt",)
    assert not report.is_unchanged
    assert texts_in(docs.parent / "vectors") == [
        ("docs/a.txt", "Rain fell. It was cold. The sun came out."),
        ("docs/c.txt", "Hail fell."),
        ("docs/d.txt", "It thawed. It froze."),
    ]


def test_unchanged_documents_are_not_cut_again(docs, index_docs, monkeypatch):
    """The passages of an unchanged document are copied."""
    from askdocs.indexing import plan
    from askdocs.text import cutting

    (docs / "a.txt").write_text("Rain fell.")
    (docs / "b.txt").write_text("Snow fell.")
    index_docs()
    (docs / "b.txt").write_text("Hail fell.")
    cut: list[str] = []
    real = cutting.cut_passages

    def noting_cut(parsed: ParsedText, *arguments: Any, **named: Any) -> Any:
        cut.append(parsed.text)
        return real(parsed, *arguments, **named)

    monkeypatch.setattr(plan, "cut_passages", noting_cut)

    index_docs()

    assert cut == ["Hail fell."]
    assert texts_in(docs.parent / "vectors") == [
        ("docs/a.txt", "Rain fell."), ("docs/b.txt", "Hail fell."),
    ]  # fmt: skip


def test_other_roots_with_the_same_documents_are_recorded(rain, index_docs):
    """The named roots are recorded, even if they hold the same documents today."""
    index_docs()
    report = index_docs(rain / "a.txt", replace=True)
    assert (report.is_unchanged, report.embedded) == (False, 0)
    manifest = open_generation(rain.parent / "vectors").manifest
    assert manifest.corpus.roots == ("docs/a.txt",)
    (rain / "b.txt").write_text("Snow fell.")
    assert check_freshness(rain.parent / "vectors").is_fresh


def test_probe_is_kept_by_a_refresh(rain, index_docs):
    """The last digits of another machine's encoder do not change a committed index."""
    index_docs()
    generation = open_generation(rain.parent / "vectors")
    model = generation.manifest.model
    probe = (model.probe[0] + 1e-6, *model.probe[1:])
    with begin(rain.parent / "vectors", expecting=generation.digest) as transaction:
        transaction.keep_files(generation)
        manifest = replace(generation.manifest, model=replace(model, probe=probe))
        transaction.publish(manifest, tools={})
    (rain / "b.txt").write_text("Snow fell.")
    index_docs()
    assert open_generation(rain.parent / "vectors").manifest.model.probe == probe


def test_failed_file_leaves_the_data_as_they_are(rain, index_docs):
    """A new file that cannot be read changes the records, and no data."""
    index_docs()
    before = state_of(rain.parent / "vectors")
    (rain / "b.txt").write_bytes(b"Caf\xe9")
    report = index_docs()
    assert (report.failed, report.embedded) == ({"docs/b.txt": "not UTF-8"}, 0)
    after = state_of(rain.parent / "vectors")
    data = [name for name in after if name.startswith("generations") and "/000/" in name]
    assert len(data) == 7
    inodes = {inode for inode, _, _ in before.values()}
    written = {Path(name).name for name in after if after[name][0] not in inodes}
    assert all(after[name][0] in inodes for name in data)
    assert written == {"HEAD", "corpus.jsonl", "manifest.json", "tools.json"}
    assert check_freshness(rain.parent / "vectors").is_fresh


def test_file_that_can_be_read_again_is_indexed(rain, index_docs):
    """Every refresh tries failed files again."""
    (rain / "b.txt").write_bytes(b"Caf\xe9")
    index_docs()
    (rain / "b.txt").write_text("Café")
    report = index_docs()
    assert (report.failed, report.added) == ({}, ("docs/b.txt",))


def test_all_documents_may_go(rain, index_docs):
    """If a corpus becomes empty, so does its index; it can be filled again."""
    index_docs()
    (rain / "a.txt").unlink()
    request = IndexRequest(index=rain.parent / "vectors")
    emptied = build(request, cache=rain.parent / "cache", notify=ignore)
    (rain / "a.txt").write_text("Snow fell.")
    filled = index_docs()
    assert (emptied.documents, emptied.passages, emptied.sentences) == (0, 0, 0)
    assert emptied.removed == ("docs/a.txt",)
    assert (filled.documents, filled.added) == (1, ("docs/a.txt",))


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff", "\ufeff\n\n"])
def test_document_without_text_is_indexed(rain, index_docs, content):
    """An empty document counts, has no passages, and needs no further refresh."""
    (rain / "empty.txt").write_text(content)
    first, second = index_docs(), index_docs()
    assert (first.documents, first.passages) == (2, 1)
    assert second.is_unchanged


def test_root_may_be_a_file(docs, index_docs):
    """A named file is indexed whatever its name; its neighbours are not."""
    (docs / "NOTES").write_text("Rain fell.")
    (docs / "b.txt").write_text("Snow fell.")
    report = index_docs(docs / "NOTES")
    assert report.added == ("docs/NOTES",)
    assert check_freshness(docs.parent / "vectors").is_fresh


def test_root_may_be_a_link(rain, index_docs):
    """A named link is followed; links below a root are skipped."""
    (rain / "link.txt").symlink_to("a.txt")
    (rain.parent / "linked").symlink_to("docs")
    (rain.parent / "note.txt").symlink_to("docs/a.txt")
    report = index_docs(rain.parent / "linked", rain.parent / "note.txt")
    assert report.added == ("linked/a.txt", "note.txt")
    assert report.skipped == {"linked/link.txt": "link"}
    assert check_freshness(rain.parent / "vectors").is_fresh


def test_overlapping_roots_index_each_document_once(rain, index_docs):
    """A file that is named beside its folder is one document."""
    report = index_docs(rain, rain / "a.txt", rain)
    assert (report.documents, report.added) == (1, ("docs/a.txt",))


def test_index_inside_its_corpus_is_not_part_of_it(rain, index_docs):
    """An index inside the folder that it indexes is not walked."""
    (rain / "vectors").mkdir()
    report = index_docs(rain, index=rain / "vectors")
    assert report.added == ("a.txt",)
    assert open_generation(rain / "vectors").manifest.corpus.roots == (".",)


def test_index_elsewhere_has_paths_that_climb(rain, index_docs):
    """The roots of an index elsewhere begin with `..`, even if its parent is new."""
    index = rain.parent / "build" / "deep" / "index"
    report = index_docs(index=index)
    assert report.added == ("../../docs/a.txt",)
    assert open_generation(index).manifest.corpus.roots == ("../../docs",)
    assert check_freshness(index).is_fresh


def test_index_is_the_same_through_a_link(rain, index_docs):
    """Paths are relative to the real parent of the index directory."""
    index_docs()
    (rain.parent / "links").mkdir()
    (rain.parent / "links" / "index").symlink_to(rain.parent / "vectors")
    report = index_docs(index=rain.parent / "links" / "index")
    assert report.is_unchanged


def test_longest_passage_is_recorded(docs, index_docs):
    """--max-tokens cuts everything again, once, and holds for later refreshes."""
    text = " ".join(f"Rain fell on day number {n} of that long, dark winter." for n in range(8))
    (docs / "a.txt").write_text(text)
    whole = index_docs()
    cut = index_docs(max_tokens=60)
    (docs / "b.txt").write_text(text)
    refreshed = index_docs()
    assert (whole.passages, cut.passages, cut.embedded) == (1, 8, 0)
    assert refreshed.passages == 16
    assert open_generation(docs.parent / "vectors").manifest.passages.max_tokens == 60


def test_rebuilding_embeds_everything_again(docs, index_docs):
    """A rebuild uses nothing of the old index, and ends in the same generation."""
    (docs / "a.txt").write_text("Rain fell. It was wet.\n")
    index_docs()
    before = open_generation(docs.parent / "vectors").digest
    report = index_docs(rebuild=True)
    assert (report.embedded, report.is_unchanged) == (2, False)
    assert open_generation(docs.parent / "vectors").digest == before


@pytest.mark.parametrize("name", ["dense.faiss", "passages.jsonl"])
def test_rebuilding_replaces_damaged_files(docs, index_docs, name):
    """A rebuild that ends in the same generation still repairs its files."""
    (docs / "a.txt").write_text("Rain fell. It was wet.\n")
    index_docs()
    [path] = (docs.parent / "vectors").rglob(name)
    path.write_bytes(path.read_bytes()[:-1])
    index_docs(rebuild=True)
    open_generation(docs.parent / "vectors").verify()


def test_settings_are_kept_by_a_rebuild(docs, index_docs):
    """A rebuild uses the recorded corpus, model, encoding and passage length."""
    (docs / "a.txt").write_bytes(b"Caf\xe9 is open.")
    index_docs(max_tokens=100, encoding="latin-1")
    before = open_generation(docs.parent / "vectors").manifest
    request = IndexRequest(index=docs.parent / "vectors", rebuild=True)
    build(request, cache=docs.parent / "cache", notify=ignore)
    assert open_generation(docs.parent / "vectors").manifest == before


def test_many_sentences_are_written_in_slices(docs, index_docs, monkeypatch):
    """The index does not depend on how often it is written to."""
    for number in range(6):
        (docs / f"{number}.txt").write_text(f"Rain fell on day {number}. It was wet.\n")
    at_once = index_docs()
    whole = state_of(docs.parent / "vectors")
    monkeypatch.setattr("askdocs.indexing.fill._SLICE_SENTENCES", 2)
    sliced = index_docs(index=docs.parent / "sliced")
    assert (at_once.embedded, at_once.sentences) == (7, 12)
    assert sliced.sentences == 12
    for name, (_, _, content) in state_of(docs.parent / "sliced").items():
        if name.endswith((".jsonl", ".npys")):
            others = [state[2] for path, state in whole.items() if path.endswith(Path(name).name)]
            assert others == [content]


def test_documents_are_in_order_of_path(docs, index_docs):
    """The order in which files were made does not matter."""
    names = ("z/a.txt", "a/z.txt", "b.txt", "a.txt", "A.txt")
    for name in names:
        (docs / name).parent.mkdir(exist_ok=True)
        (docs / name).write_text(f"This is {name}.")
    index_docs()
    paths = [path for path, _ in texts_in(docs.parent / "vectors")]
    assert paths == sorted(f"docs/{name}" for name in names)


def test_corpus_is_only_read(rain, index_docs):
    """Nothing is written into the corpus."""
    before = state_of(rain)
    index_docs()
    assert state_of(rain) == before
    assert [path.name for path in rain.iterdir()] == ["a.txt"]


def test_writer_that_is_always_overtaken_gives_up(rain, index_docs, cache):
    """Planning again takes no longer than the requested wait."""
    index_docs()
    (rain / "b.txt").write_text("Snow fell.")
    opened: list[str] = []

    def overtaken(model: Model, **named: Any) -> Encoder:
        opened.append(model.name)
        (rain / "b.txt").write_text(f"Snow fell {len(opened)} times.")
        index_docs()
        (rain / "b.txt").write_text("Snow fell.")
        return open_encoder(model, **named)

    patient = IndexRequest(index=rain.parent / "vectors", wait_seconds=0.2)
    with raises(LockedError, f"another process has written {patient.index} meanwhile"):
        build(patient, cache=cache, notify=pytest.fail, open_encoder=overtaken)
    assert opened


def test_patient_writer_plans_again_after_another_writer(rain, index_docs, cache):
    """It starts from what was committed while it waited, and does only the rest."""
    index_docs()
    (rain / "b.txt").write_text("Snow fell.")
    request = IndexRequest(index=rain.parent / "vectors", wait_seconds=60.0)
    with (request.index / "LOCK").open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)

        def write_and_give_up(_line: str) -> None:
            holder.close()
            index_docs()
            (rain / "c.txt").write_text("Hail fell.")

        report = build(request, cache=cache, notify=write_and_give_up)
    assert (report.added, report.embedded) == (("docs/c.txt",), 1)
    assert texts_in(request.index)[1:] == [
        ("docs/b.txt", "Snow fell."),
        ("docs/c.txt", "Hail fell."),
    ]
