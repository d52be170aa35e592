"""No text can command a terminal, and every text fits into its columns."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.terminal import (
    Style,
    columns,
    count_of,
    escape_commands,
    keep_style,
    make_safe,
    one_line,
    shorten,
    wrap,
)

PIECES = ["a", "é", "漢", "🚢", "e\N{COMBINING ACUTE ACCENT}", "\N{COMBINING ACUTE ACCENT}"]
PIECES += ["\u200d", " ", "  ", "\u3000", "\u00a0", "word", "long" * 20, "漢字" * 10, "-"]
lines = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
widths = st.integers(2, 30)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain – text 漢 🚢", "plain – text 漢 🚢"),
        ("a\tb\nc\r\n", "a b c  "),
        ("\x1b[31mred\x1b[0m", "\ufffd[31mred\ufffd[0m"),
        ("\x1b]8;;http://a\x07b\x1b\\", "\ufffd]8;;http://a\ufffdb\ufffd\\"),
        ("evil\u202etxt.exe", "evil\ufffdtxt.exe"),
        # What stands for a byte of a name that is not UTF-8.
        ("\udcff.txt", "\ufffd.txt"),
        ("", ""),
    ],
)
def test_commands_are_replaced(text, safe):
    """What a terminal would obey becomes a mark, everything else stays."""
    assert make_safe(text) == safe


@pytest.mark.parametrize(
    ("text", "shown"), [(" a\n b ", "a b"), ("abcde", "abcde"), ("abcdef", "abcd…"), ("", "")]
)
def test_long_text_ends_in_an_ellipsis(text, shown):
    """It is on one line, and has as many characters as it may have."""
    assert shorten(text, 5) == shown


REPLACED = [
    (0x0000, 0x001F),  # C0 controls
    (0x007F, 0x009F),  # delete, C1 controls
    (0x061C, 0x061C),  # Arabic letter mark
    (0x200E, 0x200F),  # marks of direction
    (0x2028, 0x202E),  # line and paragraph separator, embedding and overriding of direction
    (0x2060, 0x206F),  # word joiner, invisible operators, isolating of direction
    (0xD800, 0xDFFF),  # surrogates
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFF9, 0xFFFB),  # interlinear annotation
    (0xE0000, 0xE00FF),  # tags, and what is ignored like them
    (0xE01F0, 0xE0FFF),  # the same, after the variation selectors
]


def test_replaced_characters_are_these():
    """Of all of Unicode, no other character is replaced, and each of these is."""
    safe = make_safe("".join(f"{chr(number)}a" for number in range(0x110000)))[::2]

    replaced = [number for number in range(0x110000) if safe[number] != chr(number)]
    expected = [number for first, last in REPLACED for number in range(first, last + 1)]
    assert replaced == expected


MARK, TONE, ACCENTS = "\N{COMBINING ENCLOSING CIRCLE}", "\u0e48", "\u0301\u0308"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a" + MARK * 8 + "b", "a" + MARK * 8 + "b"),
        ("a" + MARK * 9 + "b", "a" + MARK * 8 + "\ufffdb"),
        ("a" + "\u0300" * 9, "a" + "\u0300" * 8 + "\ufffd"),
        ("a" + MARK * 1000, "a" + MARK * 8 + "\ufffd" * 992),
        ("a" + ACCENTS * 500, "a" + ACCENTS * 4 + "\ufffd" * 992),
        ("a" + "\u200b" * 100, "a" + "\u200b" * 8 + "\ufffd" * 92),
        (("e" + ACCENTS) * 100, ("e" + ACCENTS) * 100),
        # Letters between the marks begin again, those of other scripts as well.
        (("ก" + TONE * 8) * 3, ("ก" + TONE * 8) * 3),
        (("ก" + TONE * 9) * 3, ("ก" + TONE * 8 + "\ufffd") * 3),
    ],
)
def test_marks_do_not_cover_other_lines(text, safe):
    """Of marks on one letter, and of what takes no column, eight are shown."""
    assert make_safe(text) == safe


@given(text=st.text(st.characters()))
def test_safe_text_has_the_same_length(text):
    """Spans hold in the safe text as they do in the text, and it is safe already."""
    safe = make_safe(text)

    assert len(safe) == len(text)
    assert make_safe(safe) == safe


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0), ("plain", 5), ("café", 4), ("cafe\N{COMBINING ACUTE ACCENT}", 4), ("漢字", 4),
        ("ｆｕｌｌ", 8), ("ﾊﾝ", 2), ("🚢", 2), ("a\u200bb\u200cc\u200db", 4), ("\u0600\u0601", 2),
        ("क\N{DEVANAGARI SIGN VIRAMA}", 1), ("a\N{COMBINING ENCLOSING CIRCLE}", 1), ("\u3000", 2),
        ("\ufffd", 1),
    ],
)  # fmt: skip
def test_columns_are_those_of_a_terminal(text, width):
    """Wide characters take two, those that combine with the one before take none."""
    assert columns(text) == width


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 10, []),
        ("   ", 10, []),
        ("one", 3, ["one"]),
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 6, ["one", "two", "three"]),
        ("  one   two  ", 9, ["one   two"]),
        ("one    two", 9, ["one", "two"]),
        # A word wider than the line is broken inside, and what follows may share its last line.
        ("abcdefgh ij", 3, ["abc", "def", "gh", "ij"]),
        ("abcdefgh i", 4, ["abcd", "efgh", "i"]),
        ("a bcdefgh i", 4, ["a", "bcde", "fgh", "i"]),
        ("a bcdefg i", 4, ["a", "bcde", "fg i"]),
        # Wide characters are never cut in half.
        ("漢字漢", 5, ["漢字", "漢"]),
        ("a漢字", 2, ["a", "漢", "字"]),
        ("e\N{COMBINING ACUTE ACCENT}é", 2, ["e\N{COMBINING ACUTE ACCENT}é"]),
    ],
)
def test_lines_break_between_words(text, width, expected):
    """Each line is as full as it can be, without white space around it."""
    assert [text[start:end] for start, end in wrap(text, width)] == expected


@given(text=lines, width=widths)
def test_only_white_space_is_left_out(text, width):
    """Lines are in order, do not overlap, and hold every other character."""
    ends = [0, *(at for span in wrap(text, width) for at in span), len(text)]

    assert ends == sorted(ends)
    gaps = zip(ends[0::2], ends[1::2], strict=True)
    assert all(not text[start:end].strip() for start, end in gaps)


@given(text=lines, width=widths)
def test_no_line_is_too_wide_empty_or_padded(text, width):
    """Every line fits into the columns, and begins and ends with a visible character."""
    for start, end in wrap(text, width):
        assert start < end
        assert text[start:end] == text[start:end].strip()
        assert columns(text[start:end]) <= width


@given(text=lines, width=widths)
def test_no_word_is_broken_that_fits(text, width):
    """Only a word wider than the line is broken, so every other stands whole in one line."""
    whole = {word for start, end in wrap(text, width) for word in text[start:end].split()}

    assert {word for word in text.split() if columns(word) <= width} <= whole


def test_long_line_is_wrapped_word_by_word():
    """A hundred thousand words, and a word of as many characters, each are replaced."""
    text = "word " * 100_000 + "x" * 100_000

    spans = wrap(text, 9)

    assert len(spans) == 50_000 + -(-100_000 // 9)
    assert spans[0] == (0, 9)
    assert spans[-1][1] == len(text)


def test_one_line_has_the_words_with_one_space_between():
    """White space of any kind and length, also around the text, becomes one space or none."""
    assert one_line("\n Rain\t\tfell.\r\n\u2028Ships\u00a0waited. ") == "Rain fell. Ships waited."


STYLED = "\x1b[1mbold\x1b[0m \x1b]8;;file:///a%20b\x1b\\link\x1b]8;;\x1b\\"


@pytest.mark.parametrize(
    ("text", "is_styled", "shown"),
    [
        ("a\tb\nc 漢\n", False, "a\tb\nc 漢\n"),
        (STYLED, True, STYLED),
        (STYLED, False, STYLED.replace("\x1b", "\ufffd")),
        ("\x1b[2J\x1b[H", True, "\ufffd[2J\ufffd[H"),
        ("\x1b]8;;https://a/\x1b\\b", True, "\ufffd]8;;https://a/\ufffd\\b"),
        ("\x1b]8;;file:///a\x07b", True, "\ufffd]8;;file:///a\ufffdb"),
        ("\x1b]52;c;aGk=\x07\x1b[1m\r", True, "\ufffd]52;c;aGk=\ufffd\x1b[1m\ufffd"),
        ("\x1b\x1b[1m", True, "\ufffd\x1b[1m"),
        ("\x1b[38;5;208ma\x1b[m", True, "\x1b[38;5;208ma\x1b[m"),
        ("\x1b[4:3m\x1b[1h\x1b[2Jm", True, "\ufffd[4:3m\ufffd[1h\ufffd[2Jm"),
        ("\x1b]8;;file:///a b\x1b\\", True, "\ufffd]8;;file:///a b\ufffd\\"),
        ("\x1b]8;;file:///é\x1b\\", True, "\ufffd]8;;file:///é\ufffd\\"),
        ("a\x9b31mb\u202e\udcff", True, "a\ufffd31mb\ufffd\ufffd"),
    ],
)
def test_only_the_programs_own_commands_pass(text, is_styled, shown):
    """What was forgotten to be made safe is not shown; colours and links to files are."""
    assert keep_style(text, is_styled=is_styled) == shown


def test_commands_are_written_as_the_format_writes_them():
    """Each is replaced by what stands for it; tabs, line feeds and all else stay."""
    written = escape_commands("a\tb\n\x1b[1m\r漢\u202e\udcff", lambda one: f"<{ord(one):x}>")

    assert written == "a\tb\n<1b>[1m<d>漢<202e><dcff>"


@given(text=st.text(st.characters()))
def test_safe_text_passes_unchanged(text):
    """The gate takes nothing away from what is safe."""
    safe = make_safe(text)

    assert keep_style(safe, is_styled=False) == safe
    assert escape_commands(safe, lambda _character: "!") == safe


LINKED = re.compile(r"\x1b\]8;;([^\x1b]*)\x1b\\([^\x1b]*)\x1b\]8;;\x1b\\")


@pytest.mark.parametrize(
    ("style", "text", "linked"),
    [
        (Style(links=True), "a#p1", "\x1b]8;;file:///a\x1b\\a#p1\x1b]8;;\x1b\\"),
        (Style(links=True), "", ""),
        (Style(color=True), "a\x1bb", "a\ufffdb"),
    ],
)
def test_link_is_osc_8(style, text, linked):
    """URL and text are between the sequences of a link, unless links are off."""
    assert style.link(text, "file:///a") == linked


@given(text=st.text(min_size=1), url=st.text())
def test_nothing_breaks_out_of_a_link(text, url):
    """Any text and URL make one link, of printable ASCII and safe text."""
    match = LINKED.fullmatch(Style(links=True).link(text, url))

    assert re.fullmatch(r"[!-~]*", match[1])
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", match[2])


@pytest.mark.parametrize("name", ["a b.txt", "caf\u00e9;.txt", "100%.txt", "#p1", "\udcff"])
def test_path_is_encoded_once(name):
    """A URL that `Path.as_uri` made stays as it is."""
    address = Path("/docs", name).as_uri()

    match = LINKED.fullmatch(Style(links=True).link("x", address))

    assert match[1] == address


def test_paint_is_for_color_alone():
    """If colour is on, codes surround a text that is not empty."""
    assert Style(color=True).paint("x", "bold") == "\x1b[1mx\x1b[0m"
    assert Style(color=True).paint("", "bold") == ""
    assert Style().paint("x", "bold") == "x"


def test_number_has_its_noun():
    """One is singular."""
    assert [count_of(n, "hit") for n in (0, 1, 2)] == ["0 hits", "1 hit", "2 hits"]
