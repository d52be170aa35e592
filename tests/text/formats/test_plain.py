"""Plain text is read with the structure that people type there, and every block knows its place."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askdocs.text.decode import line_of
from tests.text.conftest import WRAPPED, check_places, parse, shown

HEAD = "Notes        Depots        May 2020"
LENS = (
    "The keeper climbs the tower each evening and lights the lamp with a brass taper. When there "
    "is fog, the horn sounds twice a minute, and the log is signed by both of them. The lens is "
    "cleaned on the first of the month by the younger one, who also paints the rail in spring."
)


def plains(text: str) -> list[str]:
    """The reader's text of each block."""
    return [block.plain for block in parse("a.txt", text).blocks]


def filled(text: str, width: int) -> str:
    """A text with a line end wherever the next word would not fit."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f"{word} "
    return "\n".join(map(str.rstrip, lines))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t\n\r\n", []),
        ("\n\n one \n\n", ["one"]),
        # Blank lines separate, and they may hold white space of any kind.
        ("one\ntwo\n \t\x0b\u3000\u00a0\u2028\nthree", ["one\ntwo", "three"]),
        # Without one between two lines of text, each line is a paragraph.
        ("\n\none\ntwo\nthree\n\n", ["one", "two", "three"]),
        # With blank lines only in some places, the others do not separate.
        ("one\n\ntwo\nthree\nfour", ["one", "two\nthree\nfour"]),
        # The same in a hard-wrapped file.
        (f"{WRAPPED}\n{WRAPPED}\n\nend", [f"{WRAPPED} {WRAPPED}", "end"]),
        ("one\r\ntwo\r\n\r\nthree\r\n", ["one\ntwo", "three"]),
        # No other character ends a line; all are read as spaces.
        ("a\rb\u2028c\x0cd\x85e\x0bf\x1cg", ["a b c d e f g"]),
        # A byte order mark is not read, wherever it stands.
        ("\ufeff  one\n\n\ufefftwo", ["one", "two"]),
        ("\ufeff\none\ntwo", ["one", "two"]),
        ("har\u00adbour\u200b  \tlight", ["harbour light"]),
        ("one\n\n\u200b\n\ntwo\n\u2060\nthree", ["one", "", "two\nthree"]),
    ],
)
def test_text_is_cut_as_a_reader_sees_it(text, expected):
    """Blank lines separate; without them, each line stands for itself."""
    assert plains(text) == expected
    check_places(parse("a.txt", text))


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
        ([f"A{WRAPPED}."] * 3, False),
        ([f"A{WRAPPED}?"] * 3, False),
        ([f"A{WRAPPED}…"] * 3, False),
        ([f"A{WRAPPED}!”)"] * 3, False),
        # A list of words is as narrow as they are.
        (["bread", "butter", "cheese", "honey", "plums"], False),
        ([f"{WRAPPED}."] * 2 + [WRAPPED] * 3, True),
        ([f"{WRAPPED}.1"] * 3, True),
        # The line's own text counts, without the white space around it.
        ([f"   {'x' * 49}   \r"] * 2, False),
    ],
)
def test_hard_wrapped_file_is_one_block(lines, joined):
    """Most lines of a wrapped text are of a certain length and go on in the next one."""
    assert (len(plains("\n".join(lines))) == 1) == joined


@pytest.mark.parametrize("width", [*range(26, 60, 3), 74, 90, 111, 126])
@pytest.mark.parametrize("indent", ["", "   "])
def test_wraps_are_read_as_spaces(width, indent):
    """Lines that are as long as the words allow are one text, in columns and in wide windows."""
    text = f"{indent}{filled(LENS, width)}\n".replace("\n", f"\n{indent}")
    assert plains(text) == [LENS]
    assert plains(f"Width\n\n{text}\n\nEnd.") == ["Width", LENS, "End."]


def test_lines_that_their_author_ended_stay():
    """Verses and addresses are as long as their lines are, and not as long as they can be."""
    text = "The Harbour Office\nPier 4\n9000 Ghent\n\nRoses are red,\nviolets are blue.\n"
    assert plains(text) == [
        "The Harbour Office\nPier 4\n9000 Ghent",
        "Roses are red,\nviolets are blue.",
    ]


def test_word_that_a_line_end_cuts_is_whole():
    """Its hyphen goes if the text has the word elsewhere; otherwise it may belong there."""
    text = f"The light-\nhouse at the well-\nknown port is the\nlighthouse of all.\n\n{WRAPPED}"
    assert (
        plains(text)[0] == "The light-\nhouse at the well-\nknown port is the\nlighthouse of all."
    )
    wrapped = "The keeper of the harbour climbs up to the light-\nhouse, which is the most well-\n"
    wrapped += "known lighthouse of the three on this coast, and -\nhe says so"
    assert plains(f"{wrapped}\n\nEnd.")[0] == (
        "The keeper of the harbour climbs up to the lighthouse, which is the most well-\n"
        "known lighthouse of the three on this coast, and - he says so"
    )


DOCUMENTS = {
    "underlined titles": (
        "Harbour rules\n=============\n\nBoats keep left.\n\nLights\n------\nShow them.\n\n---\n",
        ["heading1 Harbour rules", "paragraph Boats keep left.", "heading2 Lights",
         "paragraph Show them.", "paragraph ---"],
    ),
    "numbered titles": (
        "1. Scope\n\nThis applies.\n\n1.1 Terms\n\nA term.\n\nA. FEES\n\nNone.\n\n2. It is so.\n",
        ["heading1 1. Scope", "paragraph This applies.", "heading2 1.1 Terms", "paragraph A term.",
         "heading1 A. FEES", "paragraph None.", "item1 2. It is so."],
    ),
    "empty sections": (
        "1. SCOPE\n\n2. FEES\n\n3. Terms\n\nNone.\n",
        ["heading1 1. SCOPE", "heading1 2. FEES", "heading1 3. Terms", "paragraph None."],
    ),
    "numbered list": (
        "Do this:\n\n1. wash\n\n2. rinse\n\n3. dry\n\nDone.",
        ["paragraph Do this:", "item1<1 1. wash", "item1<1 2. rinse", "item1<1 3. dry",
         "paragraph Done."],
    ),
    "list": (
        "You need:\n-  a rope\n- a hook\n  of brass\n\n(a) one\n(b) two\n\na) only\n",
        ["paragraph You need:", "item1<1 a rope", "item1<1 a hook\nof brass", "item1<1 (a) one",
         "item1<1 (b) two", "item1<1 a) only"],
    ),
    "questions": (
        "Q: Who pays?\nA: The firm,\nafter ten.\n\nQuestion 2: Where?\nAnswer: Here.\n\nA: Alone.",
        ["paragraph Q: Who pays?", "paragraph<1 A: The firm,\nafter ten.",
         "paragraph Question 2: Where?", "paragraph<3 Answer: Here.", "paragraph A: Alone."],
    ),
    "questions on every line": (
        "Q: Who pays?\nA: The firm.\nQ: When?\nA: At noon.\n",
        ["paragraph Q: Who pays?", "paragraph<1 A: The firm.", "paragraph Q: When?",
         "paragraph<3 A: At noon."],
    ),
    "keys and values": (
        "Name: Pier 4\nHours: from 8\n  until noon\nFax: none\n\nName: Pier 9\nFax: 12\n\nNote: one.",
        ["definition Name: Pier 4", "definition Hours: from 8\nuntil noon", "definition Fax: none",
         "definition Name: Pier 9", "definition Fax: 12", "paragraph Note: one."],
    ),
    "keys and values alone": (
        "Name: Pier 4\nHours: from 8\nFax: none\n",
        ["definition Name: Pier 4", "definition Hours: from 8", "definition Fax: none"],
    ),
    "bullets of RFCs": (
        "o  The first one\n   goes on.\n\no  The second.\n\nAn o is not one.\n",
        ["item1 The first one\ngoes on.", "item1 The second.", "paragraph An o is not one."],
    ),
    "columns": (
        "Hosts:\n\n   Name     Owner\n   ------------\n     web1   Ada\n  db     Bo\n\nA\tB\nc\td\n",
        ["paragraph Hosts:", "code<1 Name     Owner\n------------\n  web1   Ada\ndb     Bo",
         "code A\tB\nc\td"],
    ),
    "drawings": (
        "+--+--+\n| a|b |\n+--+--+\n\nTwo   gaps   here\nbut no\ncolumns.\n",
        ["code +--+--+\n| a|b |\n+--+--+", "paragraph Two gaps here\nbut no\ncolumns."],
    ),
    "contents": (
        "Contents\n\nScope ........ 1\nFees  . . . . . . . . xii\n\nScope\n\nAll.\n",
        ["paragraph Contents", "metadata ", "metadata ", "paragraph Scope", "paragraph All."],
    ),
    "pages": (
        "".join(f"{HEAD}\n\n   Depot {n} opens.\n\nDoe      [Page {n}]\n\f\n" for n in range(1, 5)),
        [*(["hidden ", "paragraph Depot 1 opens.", "hidden "]),
         *(["hidden ", "paragraph Depot 2 opens.", "hidden "]),
         *(["hidden ", "paragraph Depot 3 opens.", "hidden "]),
         *(["hidden ", "paragraph Depot 4 opens.", "hidden "])],
    ),
    "pages without blank lines": (
        "".join(f"{HEAD}\nDepot {n} opens.\nIt closes.\nDoe {n}\n\f" for n in range(1, 4)) + "\nEnd.",
        [*(["hidden ", "paragraph Depot 1 opens.\nIt closes.", "hidden "]),
         *(["hidden ", "paragraph Depot 2 opens.\nIt closes.", "hidden "]),
         *(["hidden ", "paragraph Depot 3 opens.\nIt closes.", "hidden "]), "paragraph End."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_structure_is_seen(name, line_end):
    """What people type to structure a text is structure, whatever ends its lines."""
    text, expected = DOCUMENTS[name]
    parsed = parse("a.txt", text.replace("\n", line_end))
    assert shown(parsed) == expected
    check_places(parsed)


def test_headings_are_those_above():
    """A title ends those of its level and below."""
    text = "A\n===\n\nB\n---\n\nx\n\nC\n---\n\ny\n\nD\n===\n\nz"
    headings = {block.plain: block.headings for block in parse("a.txt", text).blocks}
    assert headings == {
        "A": ("A",), "B": ("A", "B"), "x": ("A", "B"), "C": ("A", "C"), "y": ("A", "C"),
        "D": ("D",), "z": ("D",),
    }  # fmt: skip


def test_pages_are_counted():
    """Each block knows the page that it begins on; a text without form feeds has none."""
    assert [block.page for block in parse("a.txt", "one\n\f\ntwo\n\fthree\n\n\f\ffour").blocks] == [
        1, 2, 5,
    ]  # fmt: skip
    assert [block.page for block in parse("a.txt", "one\n\ntwo").blocks] == [0, 0]
    (block,) = parse("a.txt", "one\n\ftwo\n\f\fthree\n\nend").blocks[:1]
    assert [block.page_at(at) for at in (0, 4, 5, 8, 11)] == [1, 2, 2, 2, 4]


def test_other_marks_mean_nothing():
    """A `#` or a `>` in a plain text is a character like others."""
    text = "# Guide\n\n*so*\n\n> said\n\n| a | b |\n\n<b>&amp;"
    assert plains(text) == ["# Guide", "*so*", "> said", "| a | b |", "<b>&amp;"]


PIECES = [
    *"a é . - ? : # > \t \r \n \v \f \x1c \x85 \u00a0 \u2028 \u3000 \ufeff \u200b \u00ad".split(
        " "
    ),
    *("\n\n", "\r\n", "\r\n\r\n", "\n \t\n", "\0", " ", "  ", WRAPPED, "x" * 30, "wrap-\nped"),
    *(
        "Title\n====",
        "Part\n----",
        "1. SCOPE",
        "1.1 Terms",
        "- item",
        "2) item",
        "(a) item",
        "Q: a",
    ),
    *("A: b", "Key: value", "Name: x", "Scope ..... 4", "Page 1", "- \u200b", "-  wide"),
]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@given(text=texts)
@example(text=" \ufeffone")
@example(text="\u200b\nA: b\n\ufeff\nQ: a")
def test_every_block_has_its_place(text):
    """Each character but white space is in one block, and each that is read stands there."""
    check_places(parse("a.txt", text))


@given(text=texts)
def test_lines_are_those_of_every_other_tool(text):
    r"""The lines of the file that a block touches, cut at `\n` as sed cuts them, hold it alone."""
    lines = io.BytesIO(text.encode()).readlines()
    for block in parse("a.txt", text).blocks:
        first, last = (line_of(text, at) for at in (block.chars[0], block.chars[1] - 1))
        there = b"".join(lines[first - 1 : last]).decode()
        if first == 1:
            there = there.removeprefix("\ufeff")
        assert there.strip() == text[slice(*block.chars)]


def test_a_million_empty_lines_are_passed_over():
    """A text after them has its place."""
    (block,) = parse("a.txt", "\n" * 1_000_000 + "end").blocks
    assert (block.chars, block.plain) == ((1_000_000, 1_000_003), "end")


@pytest.mark.parametrize("character", ["x", ".", ". ", "\u3000x", "\ufeff", "-", "1."])
def test_long_line_is_one_block(character):
    """Length alone cuts nothing."""
    text = "a" + character * (200_000 // len(character)) + "b"
    (block,) = parse("a.txt", text).blocks
    assert (block.chars, len(block.headings)) == ((0, len(text)), 0)


@pytest.mark.parametrize(
    "lines",
    [
        f"{WRAPPED}\n\f\n",
        f"{WRAPPED} cut-\nline\n",
        "- item\n\n",
        "K: v\n",
        "1. A\n\nx\n\n",
        "A ..... 1\n",
    ],
)
def test_long_texts_take_no_longer_than_others(lines):
    """Thousands of lines of a kind are read in a time that their number explains."""
    assert parse("a.txt", f"{lines * 10_000}\n\nend").blocks[-1].plain == "end"
