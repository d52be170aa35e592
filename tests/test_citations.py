"""A citation is read as it was written, resolves to its text, and is proved against the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.citations import (
    Sources,
    begins_at,
    parse_citation,
    place_of_span,
    resolve,
    verify,
)
from askdocs.errors import UsageError
from askdocs.records.manifest import CorpusSettings
from askdocs.records.results import Citation, CitationStatus, CitedText, Place
from askdocs.text.document import read_document
from tests.raising import raises

HINT = "a citation looks like seeds/a.txt#p9, seeds/a.txt#p9-10 or seeds/a.txt#p9:0-120"


@pytest.mark.parametrize(
    ("citation", "text"),
    [
        (Citation(path="a.txt", paragraphs=(1, 1)), "a.txt#p1"),
        (Citation(path="a.txt", paragraphs=(9, 10)), "a.txt#p9-10"),
        (Citation(path="a.txt", paragraphs=(9, 9), offsets=(0, 120)), "a.txt#p9:0-120"),
        (Citation(path="a.txt", paragraphs=(9, 12), offsets=(7, 8)), "a.txt#p9-12:7-8"),
        (Citation(path="../a#p3:1-2.txt", paragraphs=(4, 4)), "../a#p3:1-2.txt#p4"),
        (Citation(path="a#p1", paragraphs=(2, 2)), "a#p1#p2"),
        (Citation(path="a", paragraphs=(123456788, 123456789)), "a#p123456788-123456789"),
        (
            Citation(path="a", paragraphs=(1, 1), offsets=(123456789011, 123456789012)),
            "a#p1:123456789011-123456789012",
        ),
        (Citation(path="a\nb", paragraphs=(2, 2)), "a\nb#p2"),
    ],
)
def test_citation_is_printed_and_parsed(citation, text):
    """The printed form, and back."""
    assert str(citation) == text
    assert parse_citation(text) == citation


@given(
    path=st.text(st.characters(exclude_characters="\0"), min_size=1),
    first=st.integers(1, 10**8),
    more=st.integers(0, 10**8),
    offsets=st.none() | st.tuples(st.integers(0, 10**9), st.integers(1, 10**9)),
)
def test_every_citation_survives_printing(path, first, more, offsets):
    """Whatever the path holds, what is printed is parsed to the same citation."""
    citation = Citation(
        path=path,
        paragraphs=(first, first + more),
        offsets=offsets and (offsets[0], sum(offsets)),
    )
    assert parse_citation(str(citation)) == citation


@pytest.mark.parametrize(
    "text",
    [
        "", "a.txt", "#p1", "a.txt#p", "a.txt#p0", "a.txt#p-1", "a.txt#p2-1", "a.txt#p1-",
        "a.txt#1", "a.txt#p1:", "a.txt#p1:5", "a.txt#p1:5-", "a.txt#p1:-5", "a.txt#p1:5-5",
        "a.txt#p1:6-5", "a.txt#p1 ", "a.txt#p1\n", "a.txt#P1", "a.txt#p1-2-3", "a.txt#p1:1-2:3-4",
        "a.txt#p1.5", "a.txt#p+1", "a.txt#p1_0", "a.txt#p1234567890", "a.txt#p1-1234567890", "a.txt#p1:0-1234567890123",
        "a.txt#p١", "a.txt#p¹", "a.txt#p1:0-٢",
    ],
)  # fmt: skip
def test_what_is_no_citation_is_refused(text):
    """Every malformed form is a usage error that shows what a citation looks like."""
    with raises(UsageError, f"{text!r} is not a citation", HINT):
        parse_citation(text)


@given(text=st.text())
def test_parsing_raises_nothing_else(text):
    """Any text is a citation or a usage error."""
    try:
        citation = parse_citation(text)
    except UsageError:
        return
    assert parse_citation(str(citation)) == citation


# Three paragraphs: (1, 13), (17, 38) on two lines, (42, 50).
TEXT = "\ufeffAlpha bravo.\n\n  Charlie delta,\r\necho.  \n\nFoxtrot.\n"


@pytest.mark.parametrize(
    ("text", "chars", "lines", "normal"),
    [
        ("a.txt#p1", (1, 13), (1, 1), "a.txt#p1"),
        ("a.txt#p2", (17, 38), (3, 4), "a.txt#p2"),
        ("a.txt#p1-3", (1, 50), (1, 6), "a.txt#p1-3"),
        ("a.txt#p2:0-7", (17, 24), (3, 3), "a.txt#p2:0-7"),
        ("a.txt#p2:0-21", (17, 38), (3, 4), "a.txt#p2"),
        ("a.txt#p1-2:6-20", (7, 21), (1, 3), "a.txt#p1-2:6-20"),
        ("a.txt#p1-2:0-5", (1, 6), (1, 1), "a.txt#p1:0-5"),
        ("a.txt#p1-2:16-37", (17, 38), (3, 4), "a.txt#p2"),
        ("a.txt#p1-2:13-14", (14, 15), (2, 2), "a.txt#p1:13-14"),
        ("a.txt#p1-2:12-16", (13, 17), (1, 3), "a.txt#p1:12-16"),
    ],
)
def test_citation_resolves_to_a_place(text, chars, lines, normal):
    """Characters count in the text, lines from 1; the place's own citation is the shortest."""
    place = resolve(parse_citation(text), read_document("a.txt", TEXT))
    assert place == Place(citation=parse_citation(normal), chars=chars, lines=lines)


@pytest.mark.parametrize(
    ("citation", "text", "message", "hint"),
    [
        ("p4", TEXT, "a.txt has no paragraph 4, the last one is 3", "askdocs show 'a.txt#p1'"),
        ("p1-4", TEXT, "a.txt has no paragraph 4, the last one is 3", "askdocs show 'a.txt#p1'"),
        ("p3:0-9", TEXT, "paragraph 3 of a.txt ends at character 8, not 9", "askdocs show 'a.txt#p3'"),
        ("p1-2:0-38", TEXT, "paragraph 2 of a.txt ends at character 37, not 38", "askdocs show 'a.txt#p1'"),
        ("p1", "\n \n", "a.txt has no paragraphs", "askdocs status --documents"),
    ],
)  # fmt: skip
def test_citation_of_nothing_is_refused(citation, text, message, hint):
    """What goes beyond the document is an error that says where it ends."""
    with raises(UsageError, message, hint):
        resolve(parse_citation(f"a.txt#{citation}"), read_document("a.txt", text))


@pytest.mark.parametrize(
    ("text", "offset", "line", "byte"),
    [
        ("abc", 0, 1, 1),
        ("abc", 2, 1, 3),
        ("abc\ndef\nghi", 4, 2, 1),
        ("abc\ndef\nghi", 6, 2, 3),
        ("abc\ndef\nghi", 9, 3, 2),
        # A line end belongs to the line that it ends.
        ("abc\ndef\nghi", 7, 2, 4),
        ("\nabc", 0, 1, 1),
        ("\nabc", 1, 2, 1),
        ("é漢🚢d\né", 3, 1, 10),
        ("é漢🚢d\né漢", 6, 2, 3),
        # A byte order mark is not a byte of its line.
        ("\ufeffabc\ndef", 1, 1, 1),
        ("\ufeffabc\ndef", 3, 1, 3),
        ("\ufeffabc\ndef", 5, 2, 1),
        ("a\ufeffb", 2, 1, 5),
        ("a\r\nb\u2028c", 5, 2, 5),
    ],
)
def test_editors_find_where_a_text_begins(text, offset, line, byte):
    """Lines end at line feeds, and bytes are those of the line in UTF-8; both count from 1."""
    assert begins_at(text, offset) == (line, byte)


PARAGRAPHS = st.lists(st.text("ab .\n\r\u2028\ufeffé", max_size=12), max_size=6).map("\n\n".join)


@given(text=PARAGRAPHS, data=st.data())
def test_every_citation_reproduces_its_text(text, data):
    """From any span that begins and ends in paragraphs, through its citation, to the same span."""
    document = read_document("a.txt", text)
    inside = sorted({at for one in document.paragraphs for at in range(*one.chars)})
    if not inside:
        return
    start = data.draw(st.sampled_from(inside))
    end = data.draw(st.sampled_from([at for at in inside if at >= start])) + 1
    place = place_of_span(document, (start, end))
    found = resolve(parse_citation(str(place.citation)), document)
    assert found == place
    assert place.chars == (start, end)
    assert place.lines == (text[:start].count("\n") + 1, text[: end - 1].count("\n") + 1)
    first, last = place.citation.paragraphs
    assert document.paragraphs[first - 1].chars[0] <= start
    assert end <= document.paragraphs[last - 1].chars[1]


def place_in(text: str, chars: tuple[int, int]) -> Place:
    """The place of a span in a document's text."""
    return place_of_span(read_document("a.txt", text), chars)


OLD = "Before.\n\nRain fell.\n\nAfter.\n"
INDEXED = (9, 19)


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("X\n\nBefore.\n\nRain fell.\n\nAfter.\n", 12),
        ("Rain fell.\n\nAfter.\n", 0),
        ("Before.\n\nWet: Rain fell.\n\nAfter.\n", 14),
        ("Before. Rain fell. After.", 8),
        # Characters agree, lines do not.
        ("Be\nore.\n\nRain fell.\n\nAfter.\n", 9),
        # Characters and lines agree, the number of the paragraph does not.
        ("B\n\nre.\n\nRain fell.\n", 8),
        # Twice in the file: the nearer one, whichever side it is on.
        ("Rain fell.\n\nX\n\nRain fell.\n", 15),
        ("Rain fell.\n\n........................\n\nRain fell.\n", 0),
        ("....Rain fell.\n\nRain fell.\n\n", 4),
    ],
)
def test_text_that_moved_is_found_at_the_nearest_place(now, start):
    """The new place is told, and the old one is kept."""
    indexed = place_in(OLD, INDEXED)
    cited = verify("Rain fell.", indexed, read_document("a.txt", now))
    assert cited == CitedText(
        place=place_in(now, (start, start + 10)),
        text="Rain fell.",
        status=CitationStatus.MOVED,
        indexed=indexed,
    )


@given(
    text=st.text("ab", min_size=1, max_size=2),
    content=st.text("ab \n", max_size=20),
    origin=st.integers(0, 20),
)
def test_nearest_place_is_that_of_a_look_at_all(text, content, origin):
    """Of all places where a text stands, the nearest is told; of two as near, the former."""
    before = "b" * origin + text
    places = [start for start in range(len(content)) if content.startswith(text, start)]
    cited = verify(text, place_in(before, (origin, len(before))), read_document("a.txt", content))
    nearest = min(places, key=lambda start: (abs(start - origin), start), default=None)
    found = None if cited.status == CitationStatus.GONE else cited.place.chars[0]
    assert found == nearest


@pytest.mark.parametrize(
    "now", [OLD, "Sooner.\n\nRain fell.\n\nAnother end.\n", "Before.\n\nRain fell."]
)
def test_text_that_stands_is_verified(now):
    """What changes elsewhere in the file does not matter as long as the place is the same."""
    indexed = place_in(OLD, INDEXED)
    cited = verify("Rain fell.", indexed, read_document("a.txt", now))
    assert cited == CitedText(place=indexed, text="Rain fell.", status=CitationStatus.VERIFIED)


@pytest.mark.parametrize("now", ["", "Rain  fell.", "rain fell.", "Rain\nfell.", None])
def test_text_that_is_not_there_is_gone(now):
    """Without the very text, or without the file, the indexed place is all there is."""
    indexed = place_in(OLD, INDEXED)
    document = None if now is None else read_document("a.txt", now)
    cited = verify("Rain fell.", indexed, document)
    assert cited == CitedText(place=indexed, text="Rain fell.", status=CitationStatus.GONE)


def test_sources_are_read_once_and_decoded_by_the_corpus(tmp_path):
    """A file is read when it is first asked for, in the corpus's encoding, and then remembered."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"Caf\xe9.")
    sources = Sources(tmp_path, CorpusSettings(roots=("a.txt",), encoding="latin-1"))
    first = sources.document("a.txt")
    path.unlink()
    assert first == read_document("a.txt", "Café.")
    assert sources.document("a.txt") is first


def test_sources_keep_256_documents(tmp_path):
    """However many files the hits of many questions are in, memory holds the latest few."""
    for number in range(257):
        (tmp_path / f"{number}.txt").write_text(f"This is {number}.")
    sources = Sources(tmp_path, CorpusSettings(roots=(".",)))
    for number in range(257):
        sources.document(f"{number}.txt")
    for number in range(257):
        (tmp_path / f"{number}.txt").unlink()
    assert sources.document("1.txt") == read_document("1.txt", "This is 1.")
    assert sources.document("0.txt") is None


@pytest.mark.parametrize("content", [b"Caf\xe9.", b"\xff\0", b"too long" * 10, None])
def test_source_that_is_no_document_is_none(tmp_path, content):
    """What is missing, too large or cannot be decoded proves nothing."""
    if content is not None:
        (tmp_path / "a.txt").write_bytes(content)
    sources = Sources(tmp_path, CorpusSettings(roots=(".",), max_bytes=40))
    assert sources.document("a.txt") is None


def test_limits_of_cutting_are_none_for_a_citation(tmp_path):
    """A text is proven by comparison: its file is not split into sentences, nor its lines counted."""
    (tmp_path / "a.txt").write_text("One two. Three four. Five six.\n")
    corpus = CorpusSettings(roots=("a.txt",), max_line_chars=3, max_sentences=1)
    document = Sources(tmp_path, corpus).document("a.txt")
    assert document is not None
    assert [paragraph.chars for paragraph in document.paragraphs] == [(0, 30)]


def test_only_a_root_may_be_a_link(tmp_path):
    """A link that was named is followed; a document that became one is not."""
    (tmp_path / "a.txt").write_text("Rain fell.")
    for name in ("root.txt", "other.txt"):
        (tmp_path / name).symlink_to("a.txt")
    sources = Sources(tmp_path, CorpusSettings(roots=("root.txt",)))
    assert sources.document("root.txt") == read_document("root.txt", "Rain fell.")
    assert sources.document("other.txt") is None
