"""What stands above a passage, and its file's name, are searched with it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.errors import DamagedIndexError
from askdocs.records.spans import BlockKind, Part
from askdocs.store.analysis import upper_bound
from askdocs.store.bm25 import LexicalReader, PostingsReader, PostingsWriter
from askdocs.store.context import (
    ContextReader,
    ContextWriter,
    body_sentences,
    body_terms,
    context_terms,
    context_text,
    name_of,
)
from askdocs.text.formats import markdown
from tests.raising import raises
from tests.store.conftest import cut

Documents = Sequence[Sequence[tuple[list[str], list[str]]]]
"""Of each passage of each document the terms and those of its context."""

TERMS = ["ship", "moon", "é", "a" * 50]
terms = st.lists(st.sampled_from(TERMS), max_size=5)
collections = st.lists(st.lists(st.tuples(terms, terms), max_size=4), max_size=4)
questions = st.lists(st.sampled_from([*TERMS, "unknown"]), unique=True, max_size=4)


def contexts_of(documents: Documents) -> bytes:
    """The file of the contexts of documents."""
    writer = ContextWriter()
    for passages in documents:
        writer.add([context for _, context in passages])
    return b"".join(writer.pieces())


@pytest.fixture(scope="module")
def reader_of(as_file):
    """Index documents, in one segment for each argument."""

    def make(*segments: Documents) -> LexicalReader:
        bodies, contexts = [], []
        for documents in segments:
            writer = PostingsWriter()
            for passages in documents:
                for body, _ in passages:
                    writer.add(body)
            bodies.append(PostingsReader(as_file(writer.pieces())))
            contexts.append(ContextReader(as_file([contexts_of(documents)])))
        return LexicalReader(bodies, contexts)

    return make


def brute_force(documents: Documents, question: Sequence[str]) -> list[float]:
    """BM25F of Robertson & Zaragoza (2009), section 3.6, term by term, without an index.

    A context of weight 0.5 and b 0.5 counts once for the passages that follow each other with it.
    """
    passages = [passage for document in documents for passage in document]
    sections = [
        context
        for document in documents
        for number, (_, context) in enumerate(document)
        if not number or context != document[number - 1][1]
    ]
    mean = sum(len(body) for body, _ in passages) / max(1, len(passages)) or 1
    mean_context = sum(map(len, sections)) / max(1, len(sections)) or 1
    scores = []
    for body, context in passages:
        score = 0.0
        for term in question:
            having = sum(term in other for other, _ in passages)
            idf = log(1 + (len(passages) - having + 0.5) / (having + 0.5))
            frequency = body.count(term) / (0.25 + 0.75 * len(body) / mean)
            frequency += 0.5 * context.count(term) / (0.5 + 0.5 * len(context) / mean_context)
            score += idf * 2.2 * frequency / (frequency + 1.2)
        scores.append(score)
    return scores


def test_scores_are_those_worked_out_by_hand(reader_of):
    """Two passages of 2 and 1 terms, mean 1.5; their contexts have 1 and 3 terms, mean 2.

    `ship` is in no passage of 2: idf = ln(1 + 2.5/0.5) = 1.791759. The first context has it once:
    0.5 / (0.5 + 0.5 · 0.5) = 0.666667, and 1.791759 · 2.2 · 0.666667 / 1.866667 = 1.407811.

    `moon` is in 1 of 2: idf = ln(2) = 0.693147. In the second passage it counts 1 / (0.25 + 0.75 ·
    0.666667) = 1.333333, in its context, twice, 1 / (0.5 + 0.5 · 1.5) = 0.8, together 2.133333:
    0.693147 · 2.2 · 2.133333 / 3.333333 = 0.975951.
    """
    documents = [[(["rain", "rain"], ["ship"]), (["moon"], ["moon", "moon", "sea"])]]
    scores = reader_of(documents).scores(["ship", "moon"])
    assert scores.tolist() == pytest.approx([1.407811, 0.975951], abs=2e-6)


@given(documents=collections, question=questions)
def test_scores_are_those_of_the_formula(reader_of, documents, question):
    """The two inverted indexes give every passage the score that counting by hand gives it."""
    reader = reader_of(documents)
    scores = reader.scores(question)
    assert scores.tolist() == pytest.approx(brute_force(documents, question), rel=1e-12)
    assert all(0 <= score <= upper_bound(reader.statistics(question)) for score in scores)


@given(documents=collections, question=questions, data=st.data())
def test_scores_do_not_depend_on_the_cut(reader_of, documents, question, data):
    """Cut anywhere between documents, every passage has the very score that it has in one."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(documents)), min_size=2, max_size=2)))
    parts = [documents[start:end] for start, end in pairwise([0, *cuts, len(documents)])]
    expected = reader_of(documents).scores(question).tolist()
    assert reader_of(*parts).scores(question).tolist() == expected


def test_word_of_a_heading_finds_its_passages():
    """A passage has its headings, its lead and what the document says of itself as context."""
    parsed = markdown.read(
        "---\ntitle: Harbours\ntags: [piers, boats]\n---\n# Boats\n\nThey rest.\n\n## Fees\n\n"
        f"Ask for:\n\n- bread {'fresh ' * 9}\n- butter {'cold ' * 9}\n"
    )
    passages = cut(parsed)
    assert list(map(body_terms, passages)) == [
        ["rest"],
        ["ask", "bread", *["fresh"] * 9],
        ["butter", *["cold"] * 9],
    ]
    assert context_terms("docs/north-pier.md", parsed.context, passages) == [
        ["boat", "harbour", "pier", "boat", "north", "pier"],
        ["boat", "fee", "harbour", "pier", "boat", "north", "pier"],
        ["boat", "fee", "harbour", "pier", "boat", "north", "pier", "ask"],
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("docs/opening-hours.md", "opening hours"),
        ("Opening_Hours 2024.txt", "Opening Hours"),
        ("été.md", "été"),
        # Names that say nothing: counted, made of a digest, or in every folder.
        ("000_c57073ce72ac7163.txt", ""),
        ("2025-03-04.md", ""),
        ("guides/README.md", ""),
        ("index.html", ""),
    ],
)
def test_name_of_a_file_is_its_words(path, name):
    """Words of letters are context; numbers, digests and common names are not."""
    assert name_of(path) == name


def test_headings_title_or_name_are_read_before_a_passage():
    """Headings and lead each end in a period; without headings it is the title, or the file's name."""
    parsed = markdown.read(
        "# Harbour. #\n\n## Fees?\n\nThese pay:\n\n" + "- many large boats of the old town\n" * 9
    )
    first, *_, last = cut(parsed)
    assert context_text("a.md", ("Title",), first) == "Harbour. Fees?"
    assert context_text("a.md", ("Title",), last) == "Harbour. Fees?. These pay:"
    [bare] = cut(markdown.read("Boats pay."))
    assert context_text("docs/harbour-fees.md", (" Title. ", "tag"), bare) == "Title"
    assert context_text("docs/harbour-fees.md", (), bare) == "harbour fees"
    assert context_text("docs/readme.md", (), bare) == ""
    assert context_text("a.md", (), replace(bare, headings=("ab" * 5000,))) == "ab" * 1000


def test_headings_are_no_sentences_of_the_body():
    """They are the context already; a passage of nothing else keeps them."""
    [passage] = cut(markdown.read("# Fees\n\nBoats pay. Ships too.\n"))
    assert body_sentences(passage) == ("", "Boats pay.", "Ships too.")
    whole = Part(BlockKind.HEADING, 1, 0, len(passage.plain))
    assert body_sentences(replace(passage, parts=(whole,))) == ("Fees", "Boats pay.", "Ships too.")


def test_file_is_an_inverted_index_with_the_section_of_each_passage(tmp_path):
    """NumPy alone reads it: passages that follow each other with one context share it."""
    path = tmp_path / "context.npys"
    path.write_bytes(
        contexts_of([[([], ["b"]), ([], ["b"]), ([], ["a", "b"])], [([], ["a", "b"])]])
    )
    with path.open("rb") as file:
        arrays = [np.load(file, allow_pickle=False) for _ in range(7)]
        rest = file.read()
    assert [(array.dtype.str, array.tolist()) for array in arrays] == [
        ("<i8", [0, 2, 5]),
        ("<i4", [0, 1, 2]),
        ("<i4", [1, 2, 2]),
        ("<i4", [1, 2, 0, 1, 2]),
        ("<u2", [1] * 5),
        ("|u1", list(b"ab")),
        ("<i4", [0, 0, 1, 2]),
    ]
    assert rest == b""


@given(documents=collections, others=collections, data=st.data())
def test_copied_contexts_are_as_if_written(as_file, documents, others, data):
    """Documents copied in any pieces, with new ones between them, give the same bytes."""
    reader = ContextReader(as_file([contexts_of(documents)]))
    firsts = np.cumsum([0, *map(len, documents)]).tolist()
    cut_at = data.draw(st.integers(0, len(documents)))
    writer = ContextWriter()
    writer.copy(reader, 0, firsts[cut_at])
    for passages in others:
        writer.add([context for _, context in passages])
    writer.copy(reader, firsts[cut_at], firsts[-1])
    expected = contexts_of([*documents[:cut_at], *others, *documents[cut_at:]])
    assert b"".join(writer.pieces()) == expected


@pytest.mark.parametrize("sections", [[1, 0, 1], [0, 1, 2], [-1, 0, 1]])
def test_sections_of_another_index_are_damage(as_file, sections):
    """Sections rise from the first to the last one that the file has."""
    content = contexts_of([[([], ["a"]), ([], ["b"]), ([], ["b"])]])
    file = as_file([content[:-12] + np.array(sections, "<i4").tobytes()])
    message = f"{file.path} cannot be read: the sections of its passages do not rise"
    with raises(DamagedIndexError, message):
        ContextReader(file).section_of_passages()
