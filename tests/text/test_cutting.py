"""Passages are what a document is made of: all that is read of it, in order, within the budget."""

import math
import textwrap
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askdocs.citations import place_of_passage, place_of_span
from askdocs.records.blocks import UNREAD, ParsedText, paragraph_spans
from askdocs.records.manifest import PassageSettings
from askdocs.records.spans import BlockKind, Document, Part, Passage
from askdocs.text.cutting import cut_passages
from tests.text.conftest import WRAPPED, count_words, parse


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


def cut(text: str | ParsedText, max_tokens: int = 16, *, path: str = "a.txt") -> list[Passage]:
    """The passages of a text or document, with one token for each word."""
    parsed = parse(path, text) if isinstance(text, str) else text
    return cut_passages(parsed, PassageSettings(max_tokens=max_tokens), count_words)


def passage_texts(text: str, max_tokens: int = 16) -> list[str]:
    """The texts of the passages."""
    return [passage.text for passage in cut(text, max_tokens)]


def words(count: int, first: int = 0) -> str:
    """A sentence of so many words, all different."""
    return " ".join(f"w{number}" for number in range(first, first + count))


PIECES = ["one", "Two", words(7), words(20), "x" * 300, "x" * 2500, ". ", "! ", "? ", " ", "\n"]
PIECES += ["\n\n", "\r\n\r\n", "\n \t\n", "\ufeff", "\u2028", "\u3000", "- item\n", "é", WRAPPED]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
STRUCTURES = [
    "# a\n",
    "## b c\n\n",
    "B\n---\n",
    "```\n",
    "\n| a | b |\n|---|---|\n",
    "| c | d e |\n",
]
STRUCTURES += [
    "1. item: ",
    "  - inner\n",
    "> said ",
    "<!-- no -->",
    "Term\n: d\n",
    "    code\n",
    "**b** ",
]
structured = st.lists(st.sampled_from([*PIECES, *STRUCTURES]), max_size=30).map("".join)
documents = st.one_of(
    texts.map(lambda text: parse("b.txt", text)), structured.map(lambda text: parse("b.md", text))
)
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
        plain=words(12),
        readings=((0, 37),),
        parts=(Part(BlockKind.PARAGRAPH, 0, 0, 37),),
    )
    assert second == Passage(
        chars=(39, 79),
        paragraphs=(2, 2),
        lines=(3, 4),
        text=text[39:],
        sentences=((39, 57), (58, 79)),
        plain=text[39:],
        readings=((0, 18), (19, 40)),
        parts=(Part(BlockKind.PARAGRAPH, 0, 0, 40),),
    )


def test_passage_is_read_without_markup():
    """The reader's text has its blocks on lines of their own; the text is that of the file."""
    text = "# A **guide**\n\nTo: see\n[the map](x).  Now\n\n1. go _in_\n"
    (passage,) = cut(text, 40, path="a.md")
    assert (passage.text, passage.headings) == (text.strip(), ("A guide",))
    assert passage.plain == "A guide\nTo: see the map. Now\n1. go in"
    assert passage.plain_sentences == ["A guide", "To: see the map.", "Now", "1. go in"]
    assert [text[start:end] for start, end in passage.sentences] == [
        "A **guide", "To: see\n[the map](x).", "Now", "1. go _in",
    ]  # fmt: skip
    assert [(kind, level, passage.plain[start:end]) for kind, level, start, end in passage.parts] == [
        ("heading", 1, "A guide"), ("paragraph", 0, "To: see the map. Now"), ("item", 1, "1. go in"),
    ]  # fmt: skip


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


LONG = words(13)
ROWS = "".join(f"| pier {n} | {n} euros |\n" for n in range(6))
CASES = {
    "a list with blank lines stays with its lead-in": (
        "a.md",
        ("# Boat\n\nBefore casting off the skipper looks at:\n\n- the ropes\n\n- the fuel\n\n- the sky\n\n"
        "On return, in this order:\n\n1. Tie up.\n\n2. Lock up.\n"),
        [
            ((1, 9), "Boat\nBefore casting off the skipper looks at:\nthe ropes\nthe fuel\nthe sky"),
            ((11, 15), "On return, in this order:\n1. Tie up.\n2. Lock up."),
        ],
    ),
    "so does one in plain text": (
        "a.txt",
        f"The skipper looks at:\n\n- the ropes\n\n- the fuel {words(9)}\n\n{LONG}\n",
        [
            ((1, 5), f"The skipper looks at:\nthe ropes\nthe fuel {words(9)}"),
            ((7, 7), LONG),
        ],
    ),
    "an empty section takes nothing from the next one": (
        "a.md",
        "# Meeting\n\n## Guests\n\nAda, Bo\n\n## Votes\n\n## Tasks\n\n- [ ] Ada calls\n- [x] Bo writes\n\n## End\n",
        [((3, 5), "Guests\nAda, Bo"), ((9, 12), "Tasks\nAda calls\nBo writes")],
    ),
    "underlined titles begin sections": (
        "a.md",
        f"Guide\n=====\n\nRooms\n-----\n\n{LONG}\n\nKeys\n----\nAsk at the desk.\n",
        [((4, 7), f"Rooms\n{LONG}"), ((9, 11), "Keys\nAsk at the desk.")],
    ),
    "numbered titles begin sections, whose end stays with them": (
        "a.txt",
        f"1. WASHING\n\n{LONG}\n\nUse no oil.\n\n2. STORING\n\nKeep it dry.\n\n3. Repair\n\n{LONG}\n",
        [
            ((1, 5), f"1. WASHING\n{LONG}\nUse no oil."),
            ((7, 9), "2. STORING\nKeep it dry."),
            ((11, 13), f"3. Repair\n{LONG}"),
        ],
    ),
    "tags part what stands in them": (
        "a.md",
        '<Tabs>\n<Tab label="Wall">\n\nScrew it on.\n\n</Tab>\n<Tab label="Desk">\n\nGlue it on.\n\n</Tab>\n</Tabs>\n',
        [((4, 4), "Screw it on."), ((9, 9), "Glue it on.")],
    ),
    "a question stays with its answer": (
        "a.txt",
        f"Q: Who {words(11)}?\nA: The firm does.\n\nQ: Where {words(11)}?\nA: On the second floor.\n",
        [
            ((1, 2), f"Q: Who {words(11)}?\nA: The firm does."),
            ((4, 5), f"Q: Where {words(11)}?\nA: On the second floor."),
        ],
    ),
    "front matter and comments are in none": (
        "a.md",
        f"---\ntitle: Tents\nowner: camp\n---\n## Pegs\n\n{LONG}\n\n<!--\nold\n-->\n\nNo more.\n",
        [((5, 7), f"Pegs\n{LONG}"), ((13, 13), "No more.")],
    ),
    "a record of keys and values stays whole": (
        "a.txt",
        "Name: North pier\nHours: from eight until noon\nFax: none\n\nName: South pier\nFax: 12\n",
        [
            ((1, 3), "Name: North pier\nHours: from eight until noon\nFax: none"),
            ((5, 6), "Name: South pier\nFax: 12"),
        ],
    ),
    "code stays with the sentence that introduces it": (
        "a.md",
        f"{LONG}\n\n```sh\nmake\n\n  all\n```\n\n{LONG}\n",
        [((1, 7), f"{LONG}\nmake\n\n  all"), ((9, 9), LONG)],
    ),
    "a list goes on after the code of an item": (
        "a.md",
        "# Up\n\n1. Drain:\n\n   ```sh\n   stop\n   ```\n\n2. Install.\n3. Start.\n",
        [((1, 10), "Up\n1. Drain:\nstop\n2. Install.\n3. Start.")],
    ),
    "a quotation stays together": (
        "a.md",
        f"{LONG}\n\n> {words(12)}\n>\n> {words(9)}\n",
        [((1, 1), LONG), ((3, 5), f"{words(12)}\n{words(9)}")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_passages_keep_to_the_structure(name, line_end):
    """Sections part passages; what belongs together stays together, however lines end."""
    path, text, expected = CASES[name]
    passages = cut(text.replace("\n", line_end), 60, path=path)
    assert [(passage.lines, passage.plain) for passage in passages] == expected


@pytest.mark.parametrize(
    ("path", "text", "lead", "expected"),
    [
        (
            "a.md",
            f"Take with you:\n\n- {words(6)}\n- {words(8)}\n  - {words(5)}\n- {words(9)}\n",
            "Take with you:",
            [(1, 3), (4, 5), (6, 6)],
        ),
        ("a.txt", f"Take with you:\n- {words(13)}\n- {words(9)}\n", "Take with you:", [(1, 2), (3, 3)]),
        ("a.md", f"| Pier | Fee |\n|---|---|\n{ROWS}", "Pier | Fee", [(1, 4), (5, 7), (8, 8)]),
        ("a.md", f"It prints:\n\n```\n{words(9)}\n\n{words(9)}\n```\n", "It prints:", [(1, 4), (6, 7)]),
    ],
)  # fmt: skip
def test_what_is_cut_keeps_its_lead(path, text, lead, expected):
    """A list is cut between items, a table between rows; the rest knows what introduces it."""
    passages = cut(text, path=path)
    assert [passage.lines for passage in passages] == expected
    assert [passage.lead for passage in passages] == ["", *[lead] * (len(passages) - 1)]


@pytest.mark.parametrize("path", ["a.md", "a.txt"])
@pytest.mark.parametrize("width", [30, 48, 72, 118, 130])
def test_sentences_do_not_depend_on_the_width_of_lines(path, width):
    """Wherever the lines of a text break, its sentences are whole, and read on one line."""
    sentences = [f"{words(n).capitalize()}." for n in (25, 40, 31)]
    text = textwrap.fill(" ".join(sentences), width)
    (passage,) = cut(text if path == "a.txt" else f"# Width\n\n{text}\n", 400, path=path)
    assert passage.plain_sentences[-3:] == sentences


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
def test_passages_hold_all_that_is_read_in_order(document, budget):
    """Nothing but a heading without a text is left out; nothing hidden is in any, none overlap."""
    passages = cut(document, budget)
    ends = [at for passage in passages for at in passage.chars]
    assert ends == sorted(ends)
    read = [block for block in document.blocks if block.kind != BlockKind.HEADING]
    assert "".join(content_of(passages).split()) == "".join(
        "".join(block.plain for block in read).split()
    )
    for passage in passages:
        first, last = passage.paragraphs
        kinds = {block.kind for block in document.blocks[first - 1 : last]}
        assert not kinds & UNREAD
        assert kinds != {BlockKind.HEADING}
        assert passage.text == document.text[slice(*passage.chars)]


def content_of(passages: Sequence[Passage]) -> str:
    """The reader's text of all blocks of some passages but the headings."""
    return "".join(
        passage.plain[start:end]
        for passage in passages
        for kind, _, start, end in passage.parts
        if kind != BlockKind.HEADING
    )


@pytest.mark.parametrize("count", [count_words, count_characters])
@given(document=documents, budget=budgets)
@example(document=parse("a.txt", "漢" * 40), budget=16)
def test_passages_keep_to_the_budget(count, document, budget):
    """No passage has more tokens than allowed, not even where a word alone has more."""
    for passage in cut_passages(document, PassageSettings(max_tokens=budget), count):
        assert sum(count(passage.plain_sentences)) <= budget


@given(document=documents, budget=budgets)
def test_sentences_cover_their_passage(document, budget):
    """Sentences are in order, not empty, inside, and leave out white space alone when read."""
    for passage in cut(document, budget):
        ends = [at for span in passage.sentences for at in span]
        assert ends == sorted(ends)
        assert passage.chars[0] <= ends[0] < ends[-1] <= passage.chars[1]
        readings = [0, *(at for span in passage.readings for at in span), len(passage.plain)]
        assert readings == sorted(readings)
        assert all(start < end for start, end in (*passage.sentences, *passage.readings))
        gaps = zip(readings[::2], readings[1::2], strict=True)
        assert not "".join(passage.plain[start:end] for start, end in gaps).strip()
        assert len(passage.sentences) == len(passage.readings)


@given(document=documents, budget=budgets)
@example(document=parse("a.txt", f"{words(15)}. W1 w2.\n\n{words(10)}"), budget=16)
def test_passage_knows_its_place(document, budget):
    """Blocks, offsets and lines are those that its span has; only its last block may be cut."""
    spans = tuple(paragraph_spans(document))
    for passage in cut(document, budget):
        of_span = place_of_span(
            Document(path="a", text=document.text, paragraphs=spans), passage.chars
        )
        assert place_of_passage("a", passage) == of_span
        first, last = passage.paragraphs
        assert first == last or passage.chars[0] == document.blocks[first - 1].chars[0]


@given(document=documents, budget=budgets)
def test_little_is_counted(document, budget):
    """Sentences are counted once, the words of those too long once more, and their halves."""
    counter = Counter()
    cut_passages(document, PassageSettings(max_tokens=budget), counter)
    longest = max(map(len, document.text.split()), default=1)
    assert counter.characters <= (2 + math.ceil(math.log2(longest))) * len(document.text)


@pytest.mark.parametrize(
    "text", ["x" * 5_000_000, "word " * 50_000, "A. " * 20_000, "a\n" * 20_000]
)
def test_long_texts_are_cut_with_little_work(text):
    """Of tens of thousands of words of one kind, none is lost and none counted often."""
    counter = Counter()
    passages = cut_passages(parse("a.txt", text), PassageSettings(), counter)
    longest = max(map(len, text.split()))
    assert counter.characters <= (2 + math.ceil(math.log2(longest))) * len(text)
    total = sum(count_characters([text]))
    assert sum(count_characters([passage.text for passage in passages])) == total
