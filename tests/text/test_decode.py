"""Bytes become text by one stated rule, with nothing removed, or a file is left out."""

import codecs
import encodings.aliases
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.errors import UnreadableSourceError
from askdocs.text.decode import decode, line_of, long_line
from tests.raising import raises

MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


@pytest.mark.parametrize(
    ("content", "fallback", "text", "encoding"),
    [
        (b"", "", "", "utf-8"),
        (b"plain\r\n", "", "plain\r\n", "utf-8"),
        ("é – 🚢".encode(), "", "é – 🚢", "utf-8"),
        ("é".encode(), "latin-1", "é", "utf-8"),
        (b"\xef\xbb\xbfa", "", "\ufeffa", "utf-8"),
        (b"\xff\xfea\0", "", "\ufeffa", "utf-16-le"),
        (b"\xfe\xff\0a", "", "\ufeffa", "utf-16-be"),
        (b"\xff\xfe\0\0a\0\0\0", "", "\ufeffa", "utf-32-le"),
        (b"\0\0\xfe\xff\0\0\0a", "", "\ufeffa", "utf-32-be"),
        (b"\xff\xfe", "latin-1", "\ufeff", "utf-16-le"),
        (b"\xef\xbb\xbfa\0", "", "\ufeffa\0", "utf-8"),
        (b"caf\xe9", "latin-1", "café", "latin-1"),
        (b"\x93quoted\x94", "cp1252", "“quoted”", "cp1252"),
        (b"\xef\xbb", "latin-1", "ï»", "latin-1"),
    ],
)
def test_text_is_decoded_by_the_rule(content, fallback, text, encoding):
    """A mark decides, and stays; otherwise UTF-8; otherwise the fallback."""
    assert decode(content, fallback=fallback) == (text, encoding)


@pytest.mark.parametrize(
    ("content", "fallback", "reason", "skipped"),
    [
        (b"caf\xe9", "", "not UTF-8", False),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "", "binary", True),
        (b"a\0", "", "binary", True),
        ("UTF-16 without a mark".encode("utf-16-le"), "latin-1", "binary", True),
        ("UTF-32 without a mark".encode("utf-32-be"), "", "binary", True),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin-1", "binary", True),
        (b"\xed\xa0\x80", "", "not UTF-8", False),
        (b"\xef\xbb\xbf\xff", "", "not UTF-8", False),
        (b"\xef\xbb\xbf\xff", "latin-1", "not UTF-8", False),
        (b"\xff\xfea", "", "not UTF-16-LE", False),
        (b"\xff\xfe\0\xd8", "latin-1", "not UTF-16-LE", False),
        (b"\xfe\xff\xdc\0", "", "not UTF-16-BE", False),
        (b"\xff\xfe\0\0\xff\xff\xff\xff", "", "not UTF-32-LE", False),
        (b"\0\0\xfe\xff\0", "", "not UTF-32-BE", False),
        (b"caf\xe9", "ascii", "not ASCII", False),
        (b"caf\xe9 +2AA-", "utf-7", "not UTF-7", False),
        (b"\\ud800 \xe9", "raw_unicode_escape", "not RAW_UNICODE_ESCAPE", False),
        (b"caf\xe9", "klingon", "unknown encoding klingon", False),
        (b"caf\xe9", "hex", "unknown encoding hex", False),
        (b"caf\xe9", "../../etc/passwd", "unknown encoding ../../etc/passwd", False),
    ],
)
def test_what_the_rule_does_not_know_is_left_out(content, fallback, reason, skipped):
    """A binary file is skipped; a text in an encoding that nobody named has failed."""
    with pytest.raises(UnreadableSourceError) as caught:
        decode(content, fallback=fallback)
    assert (str(caught.value), caught.value.skipped) == (reason, skipped)


@pytest.mark.parametrize(
    "fallback",
    sorted({*encodings.aliases.aliases.values(), "undefined", "idna", "punycode"}),
)
def test_no_codec_of_python_gets_out_of_hand(fallback):
    """Whatever codec is named, a file that it does not decode has failed, and no more."""
    for content in (b"\xff\xfb\x80", bytes(range(128, 256)), b"caf\xe9 xn--\xff.com"):
        try:
            text, encoding = decode(content, fallback=fallback)
        except UnreadableSourceError as error:
            assert not error.skipped
        else:
            assert (text, encoding) == (content.decode(fallback), fallback)


@pytest.mark.parametrize("fallback", ["a\0b", "\udcff", "ü", "x" * 10_000])
def test_name_that_no_codec_can_have_is_unknown(fallback):
    """A name from a damaged manifest, or from a shell in another encoding, is not a crash."""
    with raises(UnreadableSourceError, f"unknown encoding {fallback}"):
        decode(b"caf\xe9", fallback=fallback)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", None),
        ("abc", None),
        ("abc\nabc\n", None),
        ("abcd", 1),
        ("abc\nabc\nabcd", 3),
        ("\n\nabc\r\na", 3),
        ("a\nabcdefgh\nabcd", 2),
        ("a\u2028bc", 1),
    ],
)
def test_first_line_that_is_too_long_is_found(text, number):
    """Every character but the line end counts."""
    assert long_line(text, 3) == number


@given(text=st.text("ab\n", max_size=40), limit=st.integers(1, 9))
def test_lines_are_measured_as_they_are_split(text, limit):
    """The line found is the first of those between line ends that is too long."""
    longer = [number for number, line in enumerate(text.split("\n"), 1) if len(line) > limit]
    assert long_line(text, limit) == min(longer, default=None)


@given(text=st.text("a\n\r\x0b\x85\u2028\ufeff", min_size=1, max_size=40), data=st.data())
def test_line_of_a_character_is_the_one_that_holds_it(text, data):
    r"""Lines end at `\n` alone, as every other tool counts them, and have their own end."""
    offset = data.draw(st.integers(0, len(text) - 1))
    lines = io.BytesIO(text.encode()).readlines()
    number = line_of(text, offset)
    before, through = (b"".join(lines[:end]).decode() for end in (number - 1, number))
    assert len(before) <= offset < len(through)


@given(
    mark=st.sampled_from([b"", *MARKS.values()]),
    content=st.binary(max_size=20),
    fallback=st.sampled_from(["", "latin-1", "cp1252"]),
)
def test_nothing_is_removed(mark, content, fallback):
    """Encoding a decoded text again gives back the file, byte for byte."""
    content = mark + content
    try:
        text, encoding = decode(content, fallback=fallback)
    except UnreadableSourceError:
        return
    assert text.encode(encoding) == content


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=20),
    encoding=st.sampled_from(sorted(MARKS)),
)
def test_marked_text_is_decoded_as_marked(text, encoding):
    """A byte order mark decides, whatever the text would look like without it."""
    # A text that begins with NUL would turn UTF-16's mark into UTF-32's; the longer one is taken.
    if encoding == "utf-16-le" and text.startswith("\0"):
        text = f"a{text}"
    decoded = decode(MARKS[encoding] + text.encode(encoding))
    assert decoded == (f"\ufeff{text}", encoding)
