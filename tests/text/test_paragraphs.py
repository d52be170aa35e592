"""Paragraphs are the blocks that a reader sees, numbered and found again by their lines."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askdocs.records.spans import Document, Paragraph
from askdocs.text.document import line_of, number_paragraphs, read_document
from tests.text.conftest import WRAPPED

ODD = "\u2028two\x0cthree\x85four\x0bfive\x1c"
BLOCK = f"{WRAPPED}\n{WRAPPED}"
PIECES = ["a", "é", ".", "-", " ", "\t", "\r", "\n", "\n\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85"]
PIECES += ["\u00a0", "\u2028", "\u2029", "\u3000", "\ufeff", "\u200b", "\0", WRAPPED]
texts = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def blocks(text: str) -> list[str]:
    """The texts of the paragraphs."""
    return [text[slice(*one.chars)] for one in number_paragraphs(text)]


def test_paragraphs_have_numbers_spans_and_lines():
    """Numbers and lines count from 1, spans leave out the white space around."""
    text = "Heading\n\n  First line,\nsecond line.  \n \t\n\nLast."
    paragraphs = list(number_paragraphs(text))
    assert paragraphs == [
        Paragraph(number=1, chars=(0, 7), lines=(1, 1)),
        Paragraph(number=2, chars=(11, 35), lines=(3, 4)),
        Paragraph(number=3, chars=(42, 47), lines=(7, 7)),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n", []),
        (" \n\t\n\r\n", []),
        ("one", ["one"]),
        ("one\n", ["one"]),
        ("\n\n one \n\n", ["one"]),
        # Blank lines separate, and they may hold white space of any kind.
        ("one\ntwo\n\nthree", ["one\ntwo", "three"]),
        ("one\ntwo\n \t\x0b\u3000\u00a0\u2028\nthree", ["one\ntwo", "three"]),
        # Without one between two lines of text, each line is a paragraph.
        ("one\ntwo\nthree", ["one", "two", "three"]),
        ("\n\none\ntwo\n\n", ["one", "two"]),
        # With blank lines only in some places, the others do not separate.
        ("one\n\ntwo\nthree\nfour", ["one", "two\nthree\nfour"]),
        # The same in a hard-wrapped file.
        (f"{BLOCK}\n\n{BLOCK}\n", [BLOCK, BLOCK]),
        # Carriage returns stay inside, and are white space at the edges.
        ("one\r\ntwo\r\n\r\nthree\r\n", ["one\r\ntwo", "three"]),
        ("one\rtwo", ["one\rtwo"]),
        # No other character ends a line.
        (f"one{ODD}six", [f"one{ODD}six"]),
        # A byte order mark is in no paragraph, and text may follow it on its line or not.
        ("\ufeff", []),
        ("\ufeffone", ["one"]),
        ("\ufeff  one\n\ntwo", ["one", "two"]),
        ("\ufeff\none\ntwo", ["one", "two"]),
        # Only as the first character is it a mark.
        ("\ufeff\ufeffone", ["\ufeffone"]),
        ("one\n\n\ufefftwo", ["one", "\ufefftwo"]),
        (" \ufeffone", ["\ufeffone"]),
        ("\n\ufeffone", ["\ufeffone"]),
    ],
)
def test_text_is_cut_as_a_reader_sees_it(text, expected):
    """Blank lines separate; without them, each line stands for itself."""
    assert blocks(text) == expected


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        ([WRAPPED, WRAPPED, "short"], True),
        ([WRAPPED, "short", "short"], False),
        ([WRAPPED, "short"], False),
        ([WRAPPED, WRAPPED, "short", "short"], False),
        # From 50 to 100 characters, not one less or more.
        (["x" * 50] * 2, True),
        (["x" * 49] * 2, False),
        (["x" * 100] * 2, True),
        (["x" * 101] * 2, False),
        # Lines that end sentences are paragraphs of their own, as in a file of one per line.
        ([f"{WRAPPED}."] * 3, False),
        ([f"{WRAPPED}?"] * 3, False),
        ([f"{WRAPPED}…"] * 3, False),
        ([f"{WRAPPED}!”)"] * 3, False),
        ([f"{WRAPPED}."] * 2 + [WRAPPED] * 3, True),
        ([f"{WRAPPED}.1"] * 3, True),
        # The line's own text counts, without the white space around it.
        ([f"   {'x' * 49}   \r"] * 2, False),
    ],
)
def test_hard_wrapped_file_is_one_block(lines, joined):
    """Most lines of a wrapped text are of a certain length and go on in the next one."""
    stripped = [line.strip() for line in lines]
    found = blocks("\n".join(lines))
    assert [block.split("\n") for block in found] == (
        [stripped] if joined else [[line] for line in stripped]
    )


@given(text=texts)
@example(text=" \ufeffone")
def test_every_character_is_in_exactly_one_paragraph(text):
    """Only white space, never at an edge, and a first byte order mark are in none; 1, 2, 3..."""
    document = read_document("a/b.txt", text)
    paragraphs = list(number_paragraphs(text))
    assert document == Document(path="a/b.txt", text=text, paragraphs=tuple(paragraphs))
    assert [one.number for one in paragraphs] == list(range(1, len(paragraphs) + 1))
    assert all(block and block == block.strip() for block in blocks(text))
    covered = [at for one in paragraphs for at in range(*one.chars)]
    assert covered == sorted(set(covered))
    outside = set(range(len(text))) - set(covered)
    assert all(text[at].isspace() or (at, text[at]) == (0, "\ufeff") for at in outside)


@given(text=texts)
def test_lines_are_those_of_every_other_tool(text):
    r"""The lines A to B of the file, cut at `\n` as sed cuts them, hold the paragraph alone."""
    lines = io.BytesIO(text.encode()).readlines()
    for one in number_paragraphs(text):
        first, last = one.lines
        there = b"".join(lines[first - 1 : last]).decode()
        if first == 1:
            there = there.removeprefix("\ufeff")
        assert there.strip() == text[slice(*one.chars)]


@given(text=texts, offset=st.integers(0, 40))
def test_line_of_a_character_is_the_one_that_holds_it(text, offset):
    """A line's end belongs to the line that it ends."""
    lines = io.BytesIO(text.encode()).readlines()
    if offset >= len(text):
        return
    number = line_of(text, offset)
    before = b"".join(lines[: number - 1]).decode()
    through = b"".join(lines[:number]).decode()
    assert len(before) <= offset < len(through)


def test_a_million_empty_lines_are_passed_over():
    """A text after them has its line's number."""
    text = "\n" * 1_000_000 + "end"
    paragraphs = list(number_paragraphs(text))
    last = 1_000_001
    assert paragraphs == [Paragraph(number=1, chars=(last - 1, last + 2), lines=(last, last))]


@pytest.mark.parametrize("character", ["x", ".", "\u3000x", "\ufeff"])
def test_line_of_five_million_characters_is_one_paragraph(character):
    """Length alone cuts nothing."""
    text = "a" + character * (5_000_000 // len(character)) + "b"
    paragraphs = list(number_paragraphs(text))
    assert paragraphs == [Paragraph(number=1, chars=(0, len(text)), lines=(1, 1))]
