"""Settings hold until they are changed, and `check` agrees with `index` about all of them."""

import shutil
import tempfile
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
from tests.indexing.conftest import ignore
from tests.raising import raises

NAMES = ["a.txt", "b.rst", "x/a.md", "x/B.rst", ".h/a.txt", "x/.c.txt", "bad.txt", "nul.rst"]
CONTENTS = {"bad.txt": b"Caf\xe9", "nul.rst": b"\0"}


def corpus_of(index: Path) -> CorpusSettings:
    """The corpus settings that an index records."""
    return open_generation(index).manifest.corpus


@settings(max_examples=25)
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


def test_named_file_matches_no_pattern(rain, index_docs):
    """Patterns apply to files in folders, not to roots."""
    with pytest.raises(UsageError, match="matches no file"):
        index_docs(rain / "a.txt", include=("*.txt",))


def test_strict_run_allows_what_is_left_out_by_design(rain, index_docs):
    """Links, and files that ignore files and patterns name, are not faults."""
    (rain / "link.txt").symlink_to("a.txt")
    (rain / "bad.txt").write_bytes(b"Caf\xe9")
    (rain / "nul.txt").write_bytes(b"\0")
    (rain / ".gitignore").write_text("bad.txt")
    assert index_docs(strict=True, exclude=("nul.txt",)).documents == 1


def test_document_that_goes_bad_on_the_way_ends_a_strict_run(rain, index_docs, cache):
    """A file that changes between planning and writing counts, too."""
    index_docs()
    before = open_generation(rain.parent / "vectors").digest
    (rain / "b.txt").write_text("Snow fell.")

    def spoiling_open(model: Model, **named: Any) -> Encoder:
        (rain / "b.txt").write_bytes(b"Caf\xe9")
        return compiled.open_encoder(model, **named)

    request = IndexRequest(index=rain.parent / "vectors", strict=True)

    with pytest.raises(IncompleteError):
        build(request, cache=cache, notify=ignore, open_encoder=spoiling_open)

    assert open_generation(rain.parent / "vectors").digest == before
    assert [path.name for path in (rain.parent / "vectors/generations").iterdir()] == [before]


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


def test_nothing_is_kept_for_another_model(rain, index_docs):
    """An unchanged document is cut again: another model has other tokens."""
    index_docs()
    index = rain.parent / "vectors"
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
    ("options", "what", "pattern"),
    [
        ({"exclude": ("*",)}, ".txt and .md files", "*"),
        ({"include": ("*.rst",), "exclude": ("b*",)}, "what fits --include '*.rst'", "b*"),
    ],
)
def test_patterns_that_leave_no_document_are_named(rain, index_docs, options, what, pattern):
    """The hint names the patterns, which may come from a configuration."""
    (rain / "b.rst").write_text("Snow fell.")
    with raises(
        UsageError,
        f"there are no documents in {rain}",
        f"askdocs reads {what}, but for what fits --exclude '{pattern}'",
    ):
        index_docs(**options)
