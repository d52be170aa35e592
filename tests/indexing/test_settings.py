"""Settings hold until they are changed, and `check` agrees with `index` about all of them."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askdocs.embedding import compiled
from askdocs.embedding.model import Encoder, Model
from askdocs.errors import IncompleteError, UsageError
from askdocs.freshness import check_freshness
from askdocs.index.generation import open_generation
from askdocs.indexing.build import build
from askdocs.indexing.plan import make_plan, preview
from askdocs.indexing.request import IndexRequest
from askdocs.records.manifest import CorpusSettings
from askdocs.records.reports import IndexReport

IndexDocs = Callable[..., IndexReport]

NAMES = ["a.txt", "b.rst", "x/a.md", "x/B.rst", ".h/a.txt", "x/.c.txt", "bad.txt", "nul.rst"]
CONTENTS = {"bad.txt": b"Caf\xe9", "nul.rst": b"\0"}


def corpus_of(index: Path) -> CorpusSettings:
    """The corpus settings that an index records."""
    return open_generation(index).manifest.corpus


def ignore(_line: str) -> None:
    """Ignore notices."""


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "include": st.sampled_from([("*.rst",), ("x/*", "*.txt"), ("",), ("**/a.*",)]),
                "exclude": st.sampled_from([("x",), ("/a.txt", "*.rst"), ("",), ("docs/x/*.md",)]),
                "hidden": st.booleans(),
                "encoding": st.sampled_from(["latin-1", ""]),
                "portable": st.booleans(),
                "rebuild": st.booleans(),
                "strict": st.booleans(),
                "wait_seconds": st.just(1.0),
            },
        ),
        min_size=1,
        max_size=3,
    )
)
def test_check_is_green_after_every_index(tiny_model, steps):
    """After every request, the index is fresh or was not touched."""
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        index = base / "vectors"
        for name in NAMES:
            path = base / "docs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(CONTENTS.get(name, b"Rain fell."))
        first = IndexRequest(index=index, paths=(base / "docs",), model=str(tiny_model))
        cache = tiny_model.with_name("compiled")
        build(first, cache=cache, notify=ignore)
        for step in steps:
            before = open_generation(index).digest
            request = IndexRequest(index=index, **step)
            try:
                planned = preview(request)
                report = build(request, cache=cache, notify=ignore)
            except (IncompleteError, UsageError):
                # A pattern may match no file if hidden ones are left out.
                assert open_generation(index).digest == before
            else:
                assert planned.documents == report.documents
                assert (planned.added, planned.changed) == (report.added, report.changed)
                assert planned.sentences <= report.embedded
            assert check_freshness(index).is_fresh
            assert build(IndexRequest(index=index), cache=cache, notify=ignore).is_unchanged


def test_settings_hold_until_others_are_given(docs, index_docs):
    """Recorded settings stay; new patterns replace old ones, and empty ones mean the default."""
    index = docs.parent / "vectors"
    (docs / "a.rst").write_text("Rain fell.")
    (docs / "b.txt").write_text("Snow fell.")

    index_docs(include=("*.txt", "*.rst", "*.rst"), exclude=("b*",), hidden=True)
    index_docs()
    recorded = corpus_of(index)
    index_docs(include=("*.txt", ""), exclude=("", "c*"), hidden=False)
    changed = corpus_of(index)
    index_docs(include=("",), exclude=("",))

    default = CorpusSettings(roots=("docs",))
    assert recorded == replace(default, include=("*.rst", "*.txt"), exclude=("b*",), hidden=True)
    assert changed == replace(default, include=("*.txt",), exclude=("c*",))
    assert corpus_of(index) == default


def test_recorded_pattern_may_come_to_fit_nothing(docs, index_docs):
    """Only a new pattern must match a file."""
    (docs / "a.rst").write_text("Rain fell.")
    (docs / "b.txt").write_text("Snow fell.")
    index_docs(include=("*.txt", "*.rst"))
    (docs / "a.rst").unlink()

    assert index_docs(include=("*.txt", "*.rst")).removed == ("docs/a.rst",)
    with pytest.raises(UsageError, match=r"--include '\*\.md' matches no file below docs"):
        index_docs(include=("*.txt", "*.md"))


def test_named_file_matches_no_pattern(docs, index_docs):
    """Patterns apply to files in folders, not to roots."""
    (docs / "a.txt").write_text("Rain fell.")

    with pytest.raises(UsageError, match="matches no file"):
        index_docs(docs / "a.txt", include=("*.txt",))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [("a.txt", b"Caf\xe9", "not UTF-8"), ("b.txt", b"\0", "binary")],
)
def test_strict_run_writes_nothing_without_a_document(docs, index_docs, name, content, reason):
    """A failed or binary file ends a strict run with its reason."""
    (docs / name).write_bytes(content)
    (docs / "z.txt").write_text("Rain fell.")

    with pytest.raises(IncompleteError) as caught:
        index_docs(strict=True)

    assert caught.value.reasons == {f"docs/{name}": reason}
    assert not (docs.parent / "vectors").exists()


def test_strict_run_allows_what_is_left_out_by_design(docs, index_docs):
    """Links, and files that ignore files and patterns name, are not faults."""
    (docs / "a.txt").write_text("Rain fell.")
    (docs / "link.txt").symlink_to("a.txt")
    (docs / "bad.txt").write_bytes(b"Caf\xe9")
    (docs / "nul.txt").write_bytes(b"\0")
    (docs / ".gitignore").write_text("bad.txt")

    assert index_docs(strict=True, exclude=("nul.txt",)).documents == 1


def test_document_that_goes_bad_on_the_way_ends_a_strict_run(docs, index_docs, cache):
    """A file that changes between planning and writing counts, too."""
    (docs / "a.txt").write_text("Rain fell.")
    index_docs()
    before = open_generation(docs.parent / "vectors").digest
    (docs / "b.txt").write_text("Snow fell.")

    def spoiling_open(model: Model, **named: Any) -> Encoder:
        (docs / "b.txt").write_bytes(b"Caf\xe9")
        return compiled.open_encoder(model, **named)

    request = IndexRequest(index=docs.parent / "vectors", strict=True)

    with pytest.raises(IncompleteError):
        build(request, cache=cache, notify=ignore, open_encoder=spoiling_open)

    assert open_generation(docs.parent / "vectors").digest == before
    assert [path.name for path in (docs.parent / "vectors/generations").iterdir()] == [before]


def test_preview_touches_nothing_and_needs_no_model(docs, index_docs):
    """A preview works without an index, and with a model that does not exist."""
    (docs / "a.txt").write_text("Rain fell. It was wet. Rain fell.")

    request = IndexRequest(index=docs.parent / "vectors", paths=(docs,), model="nowhere/to-be-had")
    found = preview(request)

    assert (found.added, found.cut, found.sentences) == (("docs/a.txt",), 1, 2)
    assert list(docs.parent.glob("vectors")) == []


def test_preview_counts_only_sentences_that_are_new(docs, index_docs):
    """Sentences that a changed document had before are not embedded again."""
    (docs / "a.txt").write_text("Rain fell. It was wet.")
    (docs / "b.txt").write_text("Snow fell.")
    index_docs()
    (docs / "a.txt").write_text("Rain fell. It was cold.")
    (docs / "b.txt").unlink()

    request = IndexRequest(index=docs.parent / "vectors")
    found = preview(request)

    assert (found.changed, found.removed) == (("docs/a.txt",), ("docs/b.txt",))
    assert (found.cut, found.sentences) == (1, 1)
    assert index_docs().embedded == 1
    assert preview(request).is_unchanged


def test_nothing_is_kept_for_another_model(docs, index_docs):
    """An unchanged document is cut again: another model has other tokens."""
    (docs / "a.txt").write_text("Rain fell.")
    index_docs()
    index = docs.parent / "vectors"

    same = make_plan(IndexRequest(index=index))
    other = make_plan(IndexRequest(index=index, model="nowhere/to-be-had"))

    assert (same.keeps("docs/a.txt"), other.keeps("docs/a.txt")) == (True, False)


def test_model_that_has_only_moved_embeds_nothing(docs, index_docs, tiny_model, tmp_path):
    """With the same fingerprint, the vectors stay and the new name is recorded."""
    (docs / "a.txt").write_text("Rain fell. It was wet.")
    index_docs()
    moved = shutil.copytree(tiny_model, tmp_path / "moved")

    report = index_docs(model=str(moved))

    assert (report.sentences, report.embedded, report.changed) == (2, 0, ())
    assert open_generation(docs.parent / "vectors").manifest.model.name == "./moved"


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"exclude": ("*",)}, "askdocs reads .txt and .md files, but for what fits --exclude '*'"),
        (
            {"include": ("*.rst",), "exclude": ("b*",)},
            "askdocs reads what fits --include '*.rst', but for what fits --exclude 'b*'",
        ),
    ],
)
def test_patterns_that_leave_no_document_are_named(docs, index_docs, options, hint):
    """The hint names the patterns, which may come from a configuration."""
    (docs / "a.txt").write_text("Rain fell.")
    (docs / "b.rst").write_text("Snow fell.")

    with pytest.raises(UsageError) as caught:
        index_docs(**options)

    assert str(caught.value) == f"there are no documents in {docs}"
    assert caught.value.hint == hint
