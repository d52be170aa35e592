"""A refresh does only what has changed, and ends where a fresh build would."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from askdocs.errors import AskdocsError, DamagedIndexError, UsageError
from askdocs.freshness import check_freshness
from askdocs.index.generation import open_generation
from askdocs.index.transaction import begin
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.records.reports import IndexReport
from askdocs.records.spans import Document
from askdocs.search.index import Index

IndexDocs = Callable[..., IndexReport]


def state_of(index: Path) -> dict[str, tuple[int, int, bytes]]:
    """Inode, time of writing and content of every file of an index."""
    return {
        path.relative_to(index).as_posix(): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            path.read_bytes(),
        )
        for path in sorted(index.rglob("*"))
        if path.is_file()
    }


def ignore(_line: str) -> None:
    """Ignore notices."""


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
        index=str(docs.parent / "vectors"),
        documents=2,
        passages=2,
        sentences=3,
        embedded=2,
        added=("docs/a.txt", "docs/b.txt"),
        changed=(),
        removed=(),
        skipped={"docs/c.txt": "binary"},
        failed={"docs/d.txt": "not UTF-8"},
        seconds=0.0,
        is_unchanged=False,
    )


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

    def noting_cut(document: Document, *arguments: Any, **named: Any) -> Any:
        cut.append(document.path)
        return real(document, *arguments, **named)

    monkeypatch.setattr(plan, "cut_passages", noting_cut)

    index_docs()

    assert cut == ["docs/b.txt"]
    assert texts_in(docs.parent / "vectors") == [
        ("docs/a.txt", "Rain fell."), ("docs/b.txt", "Hail fell."),
    ]  # fmt: skip


def test_other_roots_with_the_same_documents_are_recorded(docs, index_docs):
    """The named roots are recorded, even if they hold the same documents today."""
    (docs / "a.txt").write_text("Rain fell.")
    index_docs()

    report = index_docs(docs / "a.txt", replace=True)

    assert (report.is_unchanged, report.embedded) == (False, 0)
    manifest = open_generation(docs.parent / "vectors").manifest
    assert manifest.corpus.roots == ("docs/a.txt",)
    (docs / "b.txt").write_text("Snow fell.")
    assert check_freshness(docs.parent / "vectors").is_fresh


def test_probe_is_kept_by_a_refresh(docs, index_docs):
    """The last digits of another machine's encoder do not change a committed index."""
    (docs / "a.txt").write_text("Rain fell.")
    index_docs()
    generation = open_generation(docs.parent / "vectors")
    model = generation.manifest.model
    probe = (model.probe[0] + 1e-6, *model.probe[1:])
    with begin(docs.parent / "vectors", expecting=generation.digest) as transaction:
        transaction.keep_files(generation)
        manifest = replace(generation.manifest, model=replace(model, probe=probe))
        transaction.publish(manifest, tools={})
    (docs / "b.txt").write_text("Snow fell.")

    index_docs()

    assert open_generation(docs.parent / "vectors").manifest.model.probe == probe


def test_failed_file_leaves_the_data_as_they_are(docs, index_docs):
    """A new file that cannot be read changes the records, and no data."""
    (docs / "a.txt").write_text("Rain fell.")
    index_docs()
    before = state_of(docs.parent / "vectors")
    (docs / "b.txt").write_bytes(b"Caf\xe9")

    report = index_docs()

    assert (report.failed, report.embedded) == ({"docs/b.txt": "not UTF-8"}, 0)
    after = state_of(docs.parent / "vectors")
    data = [name for name in after if name.startswith("generations") and "/000/" in name]
    assert len(data) == 5
    inodes = {inode for inode, _, _ in before.values()}
    written = {Path(name).name for name in after if after[name][0] not in inodes}
    assert all(after[name][0] in inodes for name in data)
    assert written == {"HEAD", "corpus.jsonl", "manifest.json", "tools.json"}
    assert check_freshness(docs.parent / "vectors").is_fresh


def test_data_that_are_kept_are_verified(docs, index_docs):
    """Damage is not copied into the next generation."""
    (docs / "a.txt").write_text("Rain fell.")
    index_docs()
    [path] = (docs.parent / "vectors").rglob("tables.npys")
    path.write_bytes(path.read_bytes()[:-1])
    (docs / "b.txt").write_bytes(b"Caf\xe9")

    with pytest.raises(DamagedIndexError, match=r"tables\.npys is not what its manifest says"):
        index_docs()

    assert len(list((docs.parent / "vectors" / "generations").iterdir())) == 1


def test_file_that_can_be_read_again_is_indexed(docs, index_docs):
    """Every refresh tries failed files again."""
    (docs / "a.txt").write_text("Rain fell.")
    (docs / "b.txt").write_bytes(b"Caf\xe9")
    index_docs()
    (docs / "b.txt").write_text("Café")

    report = index_docs()

    assert (report.failed, report.added) == ({}, ("docs/b.txt",))


def test_all_documents_may_go(docs, index_docs):
    """If a corpus becomes empty, so does its index; it can be filled again."""
    (docs / "a.txt").write_text("Rain fell.")
    index_docs()
    (docs / "a.txt").unlink()

    request = IndexRequest(index=docs.parent / "vectors")
    emptied = build(request, cache=docs.parent / "cache", notify=ignore)
    (docs / "a.txt").write_text("Snow fell.")
    filled = index_docs()

    assert (emptied.documents, emptied.passages, emptied.sentences) == (0, 0, 0)
    assert emptied.removed == ("docs/a.txt",)
    assert (filled.documents, filled.added) == (1, ("docs/a.txt",))


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff", "\ufeff\n\n"])
def test_document_without_text_is_indexed(docs, index_docs, content):
    """An empty document counts, has no passages, and needs no further refresh."""
    (docs / "a.txt").write_text("Rain fell.")
    (docs / "empty.txt").write_text(content)

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


def test_root_may_be_a_link(docs, index_docs):
    """A named link is followed; links below a root are skipped."""
    (docs / "a.txt").write_text("Rain fell.")
    (docs / "link.txt").symlink_to("a.txt")
    (docs.parent / "linked").symlink_to("docs")
    (docs.parent / "note.txt").symlink_to("docs/a.txt")

    report = index_docs(docs.parent / "linked", docs.parent / "note.txt")

    assert report.added == ("linked/a.txt", "note.txt")
    assert report.skipped == {"linked/link.txt": "link"}
    assert check_freshness(docs.parent / "vectors").is_fresh


def test_overlapping_roots_index_each_document_once(docs, index_docs):
    """A file that is named beside its folder is one document."""
    (docs / "a.txt").write_text("Rain fell.")

    report = index_docs(docs, docs / "a.txt", docs)

    assert (report.documents, report.added) == (1, ("docs/a.txt",))


def test_index_inside_its_corpus_is_not_part_of_it(docs, index_docs):
    """An index inside the folder that it indexes is not walked."""
    (docs / "a.txt").write_text("Rain fell.")
    (docs / "vectors").mkdir()

    report = index_docs(docs, index=docs / "vectors")

    assert report.added == ("a.txt",)
    assert open_generation(docs / "vectors").manifest.corpus.roots == (".",)


def test_index_elsewhere_has_paths_that_climb(docs, index_docs):
    """The roots of an index elsewhere begin with `..`, even if its parent is new."""
    (docs / "a.txt").write_text("Rain fell.")
    index = docs.parent / "build" / "deep" / "index"

    report = index_docs(index=index)

    assert report.added == ("../../docs/a.txt",)
    assert open_generation(index).manifest.corpus.roots == ("../../docs",)
    assert check_freshness(index).is_fresh


def test_index_is_the_same_through_a_link(docs, index_docs):
    """Paths are relative to the real parent of the index directory."""
    (docs / "a.txt").write_text("Rain fell.")
    index_docs()
    (docs.parent / "links").mkdir()
    (docs.parent / "links" / "index").symlink_to(docs.parent / "vectors")

    report = index_docs(index=docs.parent / "links" / "index")

    assert report.is_unchanged


def test_longest_passage_is_recorded(docs, index_docs):
    """--max-tokens cuts everything again, once, and holds for later refreshes."""
    sentences = [
        f"Rain fell on day number {number} of that long and dark winter." for number in range(8)
    ]
    (docs / "a.txt").write_text(" ".join(sentences))
    whole = index_docs()

    cut = index_docs(max_tokens=60)
    (docs / "b.txt").write_text(" ".join(sentences))
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


@pytest.mark.parametrize(
    ("target", "reasons"),
    [
        ("", ({}, {"docs/a.txt": "no such file or directory"})),
        ("b.txt", ({"docs/a.txt": "link"}, {})),
    ],
)
def test_document_that_vanishes_meanwhile_is_reported(
    docs, index_docs, monkeypatch, target, reasons
):
    """A file removed, or replaced by a link, after planning affects only that file."""
    (docs / "a.txt").write_text("Rain fell.")
    (docs / "b.txt").write_text("Snow fell.")

    def remove() -> None:
        (docs / "a.txt").unlink()
        if target:
            (docs / "a.txt").symlink_to(target)

    after_planning(monkeypatch, remove)

    report = index_docs()

    assert (report.skipped, report.failed) == reasons
    assert report.added == ("docs/b.txt",)
    assert texts_in(docs.parent / "vectors") == [("docs/b.txt", "Snow fell.")]


def test_document_that_changes_meanwhile_is_indexed_as_hashed(docs, index_docs, monkeypatch):
    """A file's record describes what was indexed, not what was planned."""
    (docs / "a.txt").write_text("Rain fell.")
    after_planning(monkeypatch, lambda: (docs / "a.txt").write_text("Hail fell."))

    index_docs()

    assert texts_in(docs.parent / "vectors") == [("docs/a.txt", "Hail fell.")]
    assert check_freshness(docs.parent / "vectors").is_fresh


def after_planning(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something once, between planning and building."""
    from askdocs.indexing import build
    from askdocs.indexing.plan import make_plan

    real = make_plan

    def plan_then_act(request: IndexRequest, **named: Any) -> Any:
        plan = real(request, **named)
        monkeypatch.setattr(build, "make_plan", real)
        act()
        return plan

    monkeypatch.setattr(build, "make_plan", plan_then_act)


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


def test_corpus_is_only_read(docs, index_docs):
    """Nothing is written into the corpus."""
    (docs / "a.txt").write_text("Rain fell.")
    before = state_of(docs)

    index_docs()

    assert state_of(docs) == before
    assert [path.name for path in docs.iterdir()] == ["a.txt"]


def test_refused_request_makes_nothing(docs, index_docs):
    """An error before the first write leaves no directory."""
    with pytest.raises(UsageError):
        index_docs()

    assert not (docs.parent / "vectors").exists()


def vectors_of(index: Path, sentences: int) -> np.ndarray:
    """Every vector of an index."""
    with closing(open_generation(index).reader()) as reader:
        return reader.vectors(np.arange(sentences))


def test_refreshed_index_returns_the_same_answers(seeds_project, cache, tmp_path):
    """Edits and refreshes end in the answers of a fresh build with the default model."""
    shutil.copytree(seeds_project / "seeds", tmp_path / "seeds")
    for name in ("002_28324e9c0c46bb0c.txt", "004_f3d6e0a9632b532b.txt"):
        (tmp_path / "seeds" / name).unlink()
    first, *others = sorted((tmp_path / "seeds").iterdir())
    held = first.read_text()
    first.unlink()
    index = IndexRequest(index=tmp_path / "one", paths=(tmp_path / "seeds",))
    build(index, cache=cache, notify=ignore)
    others[0].write_text(others[0].read_text() + "\n\nOne more paragraph, about the harbour.\n")
    build(index, cache=cache, notify=ignore)
    first.write_text(held)

    refreshed = build(index, cache=cache, notify=ignore)
    fresh_cache = tmp_path / "fresh"
    fresh_cache.mkdir()
    (fresh_cache / "encoders").symlink_to(cache / "encoders")
    built = build(replace(index, index=tmp_path / "two"), cache=fresh_cache, notify=ignore)

    assert refreshed.sentences == built.sentences
    one, two = (vectors_of(tmp_path / name, built.sentences) for name in ("one", "two"))
    assert ((one * two).sum(axis=1) >= 0.9999).all()
    for name in ("documents.jsonl", "passages.jsonl", "tables.npys", "lexical.npys"):
        paths = [next((tmp_path / index).rglob(name)) for index in ("one", "two")]
        assert paths[0].read_bytes() == paths[1].read_bytes()
    answers = []
    for name in ("one", "two"):
        with Index(tmp_path / name, cache=cache, notify=ignore) as opened:
            found = opened.ask("What did Rasmussen request from the Kremlin?").hits
            answers.append([(str(hit.place.citation), round(hit.score, 4)) for hit in found])
    assert answers[0] == answers[1]


def test_errors_are_only_askdocs_own(docs, index_docs):
    """A request that cannot be carried out is an error with a message of one line."""
    (docs / "a.txt").write_text("Rain fell.")
    index_docs()
    requests: list[dict[str, Any]] = [
        {"index": docs / "a.txt"},
        {"model": "./absent"},
        {"max_tokens": 1},
        {"max_tokens": 10**9},
        {"index": docs},
    ]

    for options in requests:
        with pytest.raises(AskdocsError) as caught:
            index_docs(**options)

        assert "\n" not in str(caught.value)
