"""Hits can show the paragraphs around their passage, and documents that changed are noticed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.search.index import Index
from askdocs.search.options import AskOptions

OpenDocs = Callable[..., Index]
PARAGRAPHS = [f"{word * 12}alone." for word in ("Bread ", "Rain ", "Harbour ", "Snow ", "Sun ")]
TEXT = "\n\n".join(PARAGRAPHS)


@pytest.fixture
def index(docs: Path, open_docs: OpenDocs) -> Index:
    """An index of one document of five paragraphs, each a passage."""
    (docs / "a.txt").write_text(f"{TEXT}\n")
    return open_docs(max_tokens=90)


@pytest.mark.parametrize(
    ("context", "first", "last"), [(1, 1, 4), (2, 0, 5), (3, 0, 5), (10**9, 0, 5)]
)
def test_context_is_so_many_paragraphs(index, context, first, last):
    """Paragraphs before and after the passage are given, as many as there are."""
    [hit] = index.ask("harbour", AskOptions(mode="lexical", context=context)).hits
    assert hit.text == PARAGRAPHS[2]
    assert hit.context is not None
    whole = f"{hit.context.before}{hit.text}{hit.context.after}"
    assert whole == "\n\n".join(PARAGRAPHS[first:last])


def test_context_ends_before_what_nobody_reads(docs, open_docs):
    """Comments and front matter are not shown, and nothing beyond them."""
    rest = "\n\n".join(PARAGRAPHS[3:])
    (docs / "a.md").write_text(
        f"---\ntitle: Year\n---\n{PARAGRAPHS[1]}\n\n{PARAGRAPHS[2]}\n\n<!-- No. -->\n\n{rest}\n"
    )
    [hit] = open_docs(max_tokens=90).ask("harbour", AskOptions(mode="lexical", context=2)).hits
    assert hit.context is not None
    assert (hit.context.before, hit.context.after) == (f"{PARAGRAPHS[1]}\n\n", "")
    assert (hit.context.above.plain.strip(), hit.context.below.plain) == (PARAGRAPHS[1], "")


def test_no_context_unless_it_is_asked_for(index):
    """A hit has its passage alone."""
    [hit] = index.ask("harbour", AskOptions(mode="lexical")).hits
    assert hit.context is None


def test_context_has_the_rest_of_a_paragraph_that_was_cut(docs, open_docs):
    """Text, context and the document are one piece, though the passage is part of a paragraph."""
    text = " ".join(f"Sentence {number} is about bread and rain." for number in range(30))
    (docs / "a.txt").write_text(f"Top.\n\n{text} The harbour froze.\n\nBottom.\n\nNever shown.\n")
    [hit] = open_docs(max_tokens=90).ask("harbour", AskOptions(mode="lexical", context=1)).hits
    assert hit.context is not None
    assert hit.place.citation.offsets is not None
    whole = f"{hit.context.before}{hit.text}{hit.context.after}"
    assert whole == f"Top.\n\n{text} The harbour froze.\n\nBottom."


def test_context_is_what_was_indexed(index, docs):
    """What is shown around a passage is the text that was searched, whatever the file says now."""
    (docs / "a.txt").write_text(TEXT.replace("Rain", "Hail"))
    [hit] = index.ask("harbour", AskOptions(mode="lexical", context=1)).hits
    assert hit.context is not None
    assert hit.context.before == f"{PARAGRAPHS[1]}\n\n"


@pytest.mark.parametrize(
    ("content", "changed"),
    [
        (f"{TEXT}\n", ()),
        (TEXT, ()),
        (f"{TEXT}\n\nOne more.\n", ("docs/a.txt",)),
        (TEXT.replace("Sun", "Moon"), ("docs/a.txt",)),
        (f"First.\n\n{TEXT}", ("docs/a.txt",)),
        (None, ("docs/a.txt",)),
    ],
)
def test_cited_document_that_changed_is_noticed(index, docs, content, changed):
    """A change anywhere in a cited document is told, though the passage stands where it was."""
    (docs / "a.txt").unlink()
    if content is not None:
        (docs / "a.txt").write_text(content)
    assert index.ask("harbour", AskOptions(mode="lexical")).changed == changed


def test_other_documents_are_not_looked_at(index, docs):
    """A question does not walk the corpus: what it does not cite may have changed."""
    (docs / "b.txt").write_text("Nothing of the kind.")
    assert index.ask("harbour", AskOptions(mode="lexical")).changed == ()
