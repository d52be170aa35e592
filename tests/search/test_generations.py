"""An open index answers from one generation, and moves to the next only when it must."""

from pathlib import Path

import pytest

from askdocs.errors import DamagedIndexError, NoIndexError
from askdocs.records.results import CitationStatus, Mode
from askdocs.search.index import Index
from askdocs.search.options import AskOptions


def texts(index: Index, mode: Mode = Mode.HYBRID) -> list[str]:
    """The texts of all hits of one question, in order of path."""
    hits = index.ask("harbour", AskOptions(mode=mode, top_k=50, min_score=0)).hits
    return [hit.text for hit in sorted(hits, key=lambda hit: hit.place.citation.path)]


@pytest.mark.parametrize("mode", list(Mode))
def test_next_generation_answers_when_the_first_is_removed(docs, open_docs, mode):
    """A commit between opening and asking is noticed, and is not an error."""
    (docs / "a.txt").write_text("The harbour froze.")
    index = open_docs()
    first = index.generation.digest
    (docs / "b.txt").write_text("The harbour thawed.")
    open_docs()
    found = texts(index, mode)
    assert found == ["The harbour froze.", "The harbour thawed."]
    assert index.generation.digest != first


def test_files_that_are_loaded_later_are_of_one_generation(docs, open_docs):
    """An index that has only loaded its words does not mix them with the next one's vectors."""
    (docs / "a.txt").write_text("The harbour froze.")
    index = open_docs()
    assert texts(index, Mode.LEXICAL) == ["The harbour froze."]
    (docs / "a.txt").write_text("The harbour thawed.")
    (docs / "b.txt").write_text("Ships left the harbour.")
    open_docs()
    found = texts(index, Mode.HYBRID)
    assert found == ["The harbour thawed.", "Ships left the harbour."]
    assert texts(index, Mode.LEXICAL) == found


def test_generation_that_is_loaded_keeps_answering(docs, open_docs):
    """What is in memory stays right for what was indexed; the citation tells what became of it."""
    (docs / "a.txt").write_text("The harbour froze.")
    index = open_docs()
    texts(index)
    (docs / "a.txt").write_text("The harbour thawed.")
    open_docs()
    [hit] = index.ask("harbour", AskOptions(min_score=0)).hits
    assert (hit.text, hit.status) == ("The harbour froze.", CitationStatus.GONE)


@pytest.mark.parametrize("mode", [Mode.DENSE, Mode.HYBRID])
def test_next_generation_may_be_of_another_model(docs, open_docs, mode):
    """The question is embedded by the model of the generation that answers it."""
    (docs / "a.txt").write_text("The harbour froze.")
    (docs / "b.txt").write_text("Bread is baked.")
    index = open_docs()
    expected = open_docs(model="all-MiniLM-L6-v2").ask(
        "harbour", AskOptions(mode=mode, min_score=0)
    )
    found = index.ask("harbour", AskOptions(mode=mode, min_score=0))
    assert found.hits == expected.hits


def test_show_moves_on_too(docs, open_docs):
    """A citation is resolved against the generation that is there."""
    (docs / "a.txt").write_text("The harbour froze.")
    index = open_docs()
    (docs / "a.txt").write_text("The harbour thawed.")
    open_docs()
    assert index.show("docs/a.txt#p1").text == "The harbour thawed."


def test_damage_is_not_tried_again(docs, open_docs):
    """A file that is damaged in the current generation is an error, not a race."""
    (docs / "a.txt").write_text("The harbour froze.")
    index = open_docs()
    [path] = (docs.parent / "vectors").rglob("lexical.npys")
    path.unlink()
    for _ in range(2):
        with pytest.raises(DamagedIndexError, match=r"lexical\.npys is missing"):
            index.ask("harbour", AskOptions(mode="lexical"))


def test_index_that_is_gone_is_an_error(docs, open_docs):
    """When the whole directory is removed, there is no next generation to move to."""
    (docs / "a.txt").write_text("The harbour froze.")
    index = open_docs()
    (docs.parent / "vectors").rename(docs.parent / "gone")
    with pytest.raises((NoIndexError, DamagedIndexError)):
        index.ask("harbour", AskOptions(mode="lexical"))


def test_closing_gives_the_files_back(docs, open_docs):
    """Files are read and given back at once; closing may happen before anything was opened."""
    (docs / "a.txt").write_text("The harbour froze.")
    untouched = open_docs()
    with open_docs() as index:
        texts(index)
        held = open_files(docs.parent)
    untouched.close()
    assert held == []
    assert open_files(docs.parent) == []


def open_files(folder: Path) -> list[Path]:
    """The files below a folder that this process has open."""
    links = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return [link for link in links if link.is_relative_to(folder)]
