"""Patterns of paths choose the documents that are looked in."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.errors import UsageError
from askdocs.records.results import Mode
from askdocs.search.options import AskOptions, select_documents
from tests.raising import raises

PATHS = ["docs/a.md", "docs/b.txt", "docs/old/a.md", "docs/old/deep/c.txt"]
PATHS += ["notes/a.md", "notes/[x] #1.txt", "#read me.txt", "!now.txt"]
BASE = Path("/home/docs/project")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("docs", PATHS[:4]),
        ("docs/", PATHS[:4]),
        ("/home/docs/project/docs", PATHS[:4]),
        ("docs/**", PATHS[:4]),
        ("docs/*.md", ["docs/a.md"]),
        ("docs/**/*.md", ["docs/a.md", "docs/old/a.md"]),
        ("*.md", ["docs/a.md", "docs/old/a.md", "notes/a.md"]),
        ("**/*.md", ["docs/a.md", "docs/old/a.md", "notes/a.md"]),
        ("old", ["docs/old/a.md", "docs/old/deep/c.txt"]),
        ("docs/a.md", ["docs/a.md"]),
        ("./docs/a.md", ["docs/a.md"]),
        ("docs/../notes/a.md", ["notes/a.md"]),
        ("/home/docs/project/notes/a.md", ["notes/a.md"]),
        ("/home/*/project/notes/*.md", ["notes/a.md"]),
        ("notes/[x] #1.txt", ["notes/[x] #1.txt"]),
        ("#read*", ["#read me.txt"]),
        ("!now.txt", ["!now.txt"]),
        ("a.??", ["docs/a.md", "docs/old/a.md", "notes/a.md"]),
        (".", PATHS),
        ("**", PATHS),
    ],
)
def test_pattern_names_documents(pattern, expected):
    """Patterns are read as in .gitignore, and a path as it stands is one."""
    found = select_documents(PATHS, [pattern], base=BASE, current=BASE)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (".", ["docs/old/a.md", "docs/old/deep/c.txt"]),
        ("./a.md", ["docs/old/a.md"]),
        ("./deep", ["docs/old/deep/c.txt"]),
        ("../b.txt", ["docs/b.txt"]),
        ("..", PATHS[:4]),
        ("../../notes/*.md", ["notes/a.md"]),
        ("docs/*.md", ["docs/a.md"]),
        ("/home/docs/project/docs/old/*.md", ["docs/old/a.md"]),
    ],
)
def test_pattern_may_be_as_one_types_it(pattern, expected):
    """In a folder of the corpus, patterns from there are understood besides those of the index."""
    found = select_documents(PATHS, [pattern], base=BASE, current=BASE / "docs" / "old")
    assert sorted(found) == sorted(expected)


def test_several_patterns_name_what_any_of_them_does():
    """Documents are chosen by one pattern or another."""
    found = select_documents(PATHS, ["notes", "docs/*.txt"], base=BASE, current=None)
    assert sorted(found) == ["docs/b.txt", "notes/[x] #1.txt", "notes/a.md"]


@pytest.mark.parametrize(
    "pattern", ["absent", "docs/*.rst", "project", "", "/docs/a.md", "[", "*/"]
)
def test_pattern_without_a_document_is_refused(pattern):
    """A pattern that names nothing is a mistake, even beside one that does."""
    if pattern == "*/":
        pattern = "a.md/"
    with raises(
        UsageError,
        f"no document of the index has a path like {pattern}",
        "askdocs status --documents",
    ):
        select_documents(PATHS, ["docs", pattern], base=BASE, current=BASE)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("../docs", ["../docs/a.md", "../docs/b.txt"]),
        ("../docs/*.md", ["../docs/a.md"]),
        ("*.md", ["../docs/a.md"]),
    ],
)
def test_documents_may_stand_outside_the_base(pattern, expected):
    """Paths that begin with dots are matched from the base and from the current folder."""
    paths = ["../docs/a.md", "../docs/b.txt"]
    for current in (BASE, BASE.parent):
        found = select_documents(paths, [pattern], base=BASE, current=current)
        assert sorted(found) == expected


@given(pattern=st.text(st.sampled_from("ab/.*?[]!#\\ -\n\0é"), max_size=12))
def test_any_pattern_is_understood_or_refused(pattern):
    """No pattern is a crash, and those that name anything name documents."""
    try:
        found = select_documents(PATHS, [pattern], base=BASE, current=BASE / "docs")
    except UsageError:
        return
    assert found <= set(PATHS)
    assert found


@pytest.mark.parametrize("mode", list(Mode))
def test_documents_are_chosen_before_anything_is_ranked(docs, open_docs, mode):
    """The best of the chosen documents are found, however many of the others are better."""
    for number in range(80):
        (docs / f"{number:02}.txt").write_text(f"The harbour, the harbour {number}.")
    (docs / "last.md").write_text("Of the harbour nobody spoke any more in that long winter.")
    index = open_docs()
    chosen = index.ask("harbour", AskOptions(mode=mode, min_score=0, paths=["*.md"]))
    every = index.ask("harbour", AskOptions(mode=mode, min_score=0, top_k=3))
    assert [hit.place.citation.path for hit in chosen.hits] == ["docs/last.md"]
    assert "docs/last.md" not in {hit.place.citation.path for hit in every.hits}


def test_all_documents_chosen_is_as_good_as_none(seeds_index):
    """A pattern that names everything changes nothing."""
    question = "What did Rasmussen request from the Kremlin?"
    assert seeds_index.ask(question, AskOptions(paths=["**"])) == seeds_index.ask(question)


def test_next_generation_has_documents_of_its_own(docs, open_docs):
    """What a pattern names is looked up again when a writer has replaced the index."""
    (docs / "b.txt").write_text("The harbour froze.")
    (docs / "c.md").write_text("The harbour thawed.")
    index = open_docs()
    (docs / "a.txt").write_text("Bread is baked in the harbour.")
    (docs / "b.txt").unlink()
    open_docs()
    found = index.ask("harbour", AskOptions(min_score=0, paths=["*.txt"]))
    assert [hit.place.citation.path for hit in found.hits] == ["docs/a.txt"]


def test_selection_is_made_before_a_question_is_read(docs, open_docs):
    """Anyone who pipes questions in learns of a wrong pattern at once."""
    (docs / "a.txt").write_text("The harbour froze.")
    index = open_docs()

    def questions() -> None:
        raise AssertionError
        yield

    with pytest.raises(UsageError, match="has a path like absent"):
        next(index.ask_all(questions(), AskOptions(paths=["absent"])))
