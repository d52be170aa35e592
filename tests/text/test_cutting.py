"""Passages are what a document is made of: all of it, in order, within the budget."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askdocs.citations import place_of_passage, place_of_span
from askdocs.records.manifest import PassageSettings
from askdocs.records.spans import Document, Passage
from askdocs.text.cutting import cut_passages
from askdocs.text.document import read_document
from tests.text.conftest import WRAPPED, count_words


def count_characters(texts: Sequence[str]) -> list[int]:
    """One token for each character that is not white space, as models count Chinese."""
    return [len("".join(text.split())) for text in texts]


class Counter:
    """Counts words, and how much it was given to count."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.characters = 0

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """One token for each word."""
        self.characters += sum(map(len, texts))
        return count_words(texts)


def cut(text: str | Document, max_tokens: int = 16) -> list[Passage]:
    """The passages of a text or document, with one token for each word."""
    document = read_document("a.txt", text) if isinstance(text, str) else text
    return cut_passages(document, PassageSettings(max_tokens=max_tokens), count_words)


def passage_texts(text: str, max_tokens: int = 16) -> list[str]:
    """The texts of the passages."""
    return [passage.text for passage in cut(text, max_tokens)]


def words(count: int, first: int = 0) -> str:
    """A sentence of so many words, all different."""
    return " ".join(f"w{number}" for number in range(first, first + count))


PIECES = ["one", "Two", words(7), words(20), "x" * 300, "x" * 2500, ". ", "! ", "? ", " ", "\n"]
PIECES += ["\n\n", "\r\n\r\n", "\n \t\n", "\ufeff", "\u2028", "\u3000", "- item\n", "é", WRAPPED]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
documents = texts.map(lambda text: read_document("a/b.txt", text))
budgets = st.integers(16, 40)


def test_paragraph_is_a_passage():
    """A paragraph that says enough stands alone, with all that a citation needs."""
    text = f"{words(12)}\n\n{words(6)}.\n{words(7).upper()}."
    first, second = cut(text)
    assert first == Passage(
        chars=(0, 37),
        paragraphs=(1, 1),
        lines=(1, 1),
        text=words(12),
        sentences=((0, 37),),
    )
    assert second == Passage(
        chars=(39, 79),
        paragraphs=(2, 2),
        lines=(3, 4),
        text=text[39:],
        sentences=((39, 57), (58, 79)),
    )


@pytest.mark.parametrize(
    ("paragraphs", "expected"),
    [
        # A heading goes with what follows it, several in a row do so too.
        (["Heading", words(10)], [(1, 2)]),
        (["Title", "By line", "Heading", words(10)], [(1, 4)]),
        # One that says enough, or what follows it being too long, keeps them apart.
        ([words(12), words(3)], [(1, 1), (2, 2)]),
        ([words(11), words(3)], [(1, 2)]),
        ([words(11), words(5)], [(1, 2)]),
        ([words(11), words(6)], [(1, 1), (2, 2)]),
        # The last of a document has nothing to go with.
        ([words(12), "The end"], [(1, 1), (2, 2)]),
        (["Heading"], [(1, 1)]),
    ],
)
def test_short_paragraphs_go_with_what_follows(paragraphs, expected):
    """A paragraph of fewer than 12 tokens introduces the next, where the budget of 16 allows."""
    passages = cut("\n\n".join(paragraphs))
    assert [passage.paragraphs for passage in passages] == expected


def test_long_paragraph_is_cut_at_sentences():
    """Sentences stay whole, as many in a passage as the budget allows."""
    sentences = [f"{words(n, first=10).capitalize()}." for n in (6, 6, 6, 15, 4)]
    expected = [" ".join(sentences[:2]), *sentences[2:]]
    assert passage_texts(" ".join(sentences)) == expected


@pytest.mark.parametrize(("counts", "expected"), [((10, 6), 1), ((10, 7), 2)])
def test_budget_may_be_used_up(counts, expected):
    """Sentences that together have just as many tokens as allowed stay in one passage."""
    text = " ".join(f"{words(count).capitalize()}." for count in counts)
    assert len(cut(text)) == expected


def test_long_sentence_is_cut_between_words():
    """No piece is cut inside a word; offsets say which part of its paragraph each is."""
    whole, *parts = cut(f"{words(12)}\n\n{words(40)}")
    assert (whole.text, whole.offsets) == (words(12), None)
    assert [(part.text, part.offsets) for part in parts] == [
        (words(16), (0, len(words(16)))),
        (words(16, first=16), (len(words(16)) + 1, len(words(32)))),
        (words(8, first=32), (len(words(32)) + 1, len(words(40)))),
    ]


def test_word_of_five_thousand_characters_is_cut():
    """No sentence is longer than 2,000 characters, whatever its tokens: models cannot read it."""
    (passage,) = cut("x" * 5000)
    assert passage.sentences == ((0, 1250), (1250, 2500), (2500, 3750), (3750, 5000))
    assert passage.offsets is None


def test_sentence_of_few_tokens_and_many_characters_is_cut():
    """Long words are kept together as far as 2,000 characters allow."""
    text = " ".join(["x" * 900] * 3)
    (passage,) = cut(text)
    assert passage.sentences == ((0, 1801), (1802, 2702))


@pytest.mark.parametrize("text", ["", " \n\n\t", "\ufeff", "\ufeff\n"])
def test_text_without_characters_has_no_passages(text):
    """An empty document is a document of no passages."""
    assert cut(text) == []


@given(document=documents, budget=budgets)
def test_passages_cover_the_document_in_order(document, budget):
    """Between passages there is white space alone, and none overlaps another."""
    passages = cut(document, budget)
    ends = [0, *(at for passage in passages for at in passage.chars), len(document.text)]
    assert ends == sorted(ends)
    gaps = [document.text[a:b] for a, b in zip(ends[0::2], ends[1::2], strict=True)]
    assert gaps[0].removeprefix("\ufeff").strip() == ""
    assert all(not gap.strip() for gap in gaps[1:])


@given(document=documents, budget=budgets)
def test_passages_name_every_paragraph_in_order(document, budget):
    """Each passage goes on in the paragraph that the one before it ended, or in the next."""
    passages = cut(document, budget)
    last = 0
    for passage in passages:
        assert passage.paragraphs[0] in {max(last, 1), last + 1}
        last = passage.paragraphs[1]
    assert last == len(document.paragraphs)


@pytest.mark.parametrize("count", [count_words, count_characters])
@given(document=documents, budget=budgets)
@example(document=read_document("a.txt", "漢" * 40), budget=16)
def test_passages_keep_to_the_budget(count, document, budget):
    """No passage has more tokens than allowed, not even where a word alone has more."""
    for passage in cut_passages(document, PassageSettings(max_tokens=budget), count):
        texts = [document.text[start:end] for start, end in passage.sentences]
        assert sum(count(texts)) <= budget
        assert passage.text == document.text[slice(*passage.chars)]


@given(document=documents, budget=budgets)
def test_sentences_cover_their_passage(document, budget):
    """Sentences are in order, not empty, inside, and leave out white space alone."""
    for passage in cut(document, budget):
        ends = [at for span in passage.sentences for at in span]
        assert ends == sorted(ends)
        assert (ends[0], ends[-1]) == passage.chars
        assert all(start < end for start, end in passage.sentences)
        gaps = zip(ends[1::2], ends[2::2], strict=False)
        assert all(not document.text[start:end].strip() for start, end in gaps)


@given(document=documents, budget=budgets)
def test_passage_knows_its_place(document, budget):
    """Paragraphs, offsets and lines are those that its span has in the document."""
    for passage in cut(document, budget):
        place = place_of_passage(document.path, passage)
        assert place == place_of_span(document, passage.chars)


@given(document=documents, budget=budgets)
@example(document=read_document("a.txt", f"{words(15)}. W1 w2.\n\n{words(10)}"), budget=16)
def test_passage_begins_with_a_paragraph_or_stays_in_it(document, budget):
    """A passage is whole paragraphs, of which the last, or the only one, may be cut."""
    for passage in cut(document, budget):
        first, last = passage.paragraphs
        assert first == last or passage.chars[0] == document.paragraphs[first - 1].chars[0]


@given(text=texts, budget=budgets)
def test_little_is_counted(text, budget):
    """Sentences are counted once, the words of those too long once more, and their halves."""
    counter = Counter()
    cut_passages(read_document("a.txt", text), PassageSettings(max_tokens=budget), counter)
    longest = max(map(len, text.split()), default=1)
    assert counter.characters <= (2 + math.ceil(math.log2(longest))) * len(text)


@pytest.mark.parametrize(
    "text", ["x" * 5_000_000, "word " * 50_000, "A. " * 20_000, "a\n" * 20_000]
)
def test_long_texts_are_cut_with_little_work(text):
    """Of tens of thousands of words of one kind, none is lost and none counted often."""
    counter = Counter()
    passages = cut_passages(read_document("a.txt", text), PassageSettings(), counter)
    longest = max(map(len, text.split()))
    assert counter.characters <= (2 + math.ceil(math.log2(longest))) * len(text)
    total = sum(count_characters([text]))
    assert sum(count_characters([passage.text for passage in passages])) == total
