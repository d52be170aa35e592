"""A citation is read as it was written, resolves to its text, and is proved against the file."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from askdocs.citations import (
    CurrentFile,
    Sources,
    begins_at,
    parse_citation,
    place_of_span,
    resolve,
    span_of_part,
    verify,
)
from askdocs.errors import UsageError
from askdocs.records.manifest import CorpusSettings
from askdocs.records.results import Citation, CitationStatus, CitedText, Place
from askdocs.records.spans import Document
from tests.raising import raises, refusing

CORPUS = CorpusSettings(roots=(".",))


def document(text: str, path: str = "a.txt") -> Document:
    """A document of this text."""
    found = CurrentFile(path, text.encode(), CORPUS).document
    assert found is not None
    return found


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
    place = resolve(parse_citation(text), document(TEXT))
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
        resolve(parse_citation(f"a.txt#{citation}"), document(text))


@pytest.mark.parametrize("citation", ["p1", "p3", "p1-2", "p2-4", "p3:0-4"])
def test_what_nobody_reads_is_not_shown(citation):
    """Front matter and comments have numbers, and no text that a citation could name."""
    text = "---\ntitle: Rain\n---\nIt fell.\n\n<!-- Not so. -->\n\nIt ended.\n"
    number = 1 if citation.startswith("p1") else 3
    message = f"paragraph {number} of a.md is metadata or hidden, and not shown"
    with raises(UsageError, message, "open the file itself"):
        resolve(parse_citation(f"a.md#{citation}"), document(text, "a.md"))


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
    """From any span of blocks that are read, through its citation, to the same span."""
    found = document(text)
    inside = sorted({at for one in found.paragraphs for at in range(*one)})
    if not inside:
        return
    start = data.draw(st.sampled_from(inside))
    end = data.draw(st.sampled_from([at for at in inside if at >= start])) + 1
    place = place_of_span(found, (start, end))
    first, last = place.citation.paragraphs
    assume(all(begin < stop for begin, stop in found.paragraphs[first - 1 : last]))
    assert resolve(parse_citation(str(place.citation)), found) == place
    assert place.chars == (start, end)
    assert place.lines == (text[:start].count("\n") + 1, text[: end - 1].count("\n") + 1)
    assert found.paragraphs[first - 1][0] <= start
    assert end <= found.paragraphs[last - 1][1]


def place_in(text: str, chars: tuple[int, int]) -> Place:
    """The place of a span in a document's text."""
    return place_of_span(document(text), chars)


def verified(text: str, indexed: Place, now: str | None, path: str = "a.txt") -> CitedText:
    """What has become of an indexed text in a file, which has changed, or is missing."""
    file = None if now is None else CurrentFile(path, now.encode(), CORPUS)
    return verify(text, indexed, "0" * 64, file)


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
    cited = verified("Rain fell.", indexed, now)
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
    cited = verified(text, place_in(before, (origin, len(before))), content)
    nearest = min(places, key=lambda start: (abs(start - origin), start), default=None)
    found = None if cited.status == CitationStatus.GONE else cited.place.chars[0]
    assert found == nearest


@pytest.mark.parametrize(
    "now", [OLD, "Sooner.\n\nRain fell.\n\nAnother end.\n", "Before.\n\nRain fell."]
)
def test_text_that_stands_is_verified(now):
    """What changes elsewhere in the file does not matter as long as the place is the same."""
    indexed = place_in(OLD, INDEXED)
    cited = verified("Rain fell.", indexed, now)
    assert cited == CitedText(place=indexed, text="Rain fell.", status=CitationStatus.VERIFIED)


WRAPPED = "# Rain\n\nIt fell all night\nand did not end.\n\nThen came the sun.\n"
WRAPPED_CHARS = (8, 42)


@pytest.mark.parametrize(
    ("now", "chars", "lines", "status"),
    [
        # Checked out by git with other line ends: the same lines, other characters.
        (WRAPPED.replace("\n", "\r\n"), (10, 45), (3, 4), CitationStatus.VERIFIED),
        # Refilled: the same paragraph, on as many lines or on fewer.
        (
            WRAPPED.replace("all night\nand", "all\nnight and"),
            (8, 42),
            (3, 4),
            CitationStatus.VERIFIED,
        ),
        (WRAPPED.replace("\nand", "  and"), (8, 43), (3, 3), CitationStatus.MOVED),
        (WRAPPED.replace("\nand", "\n  and"), (8, 44), (3, 4), CitationStatus.VERIFIED),
        ("More.\n\n" + WRAPPED.replace("\nand", " and"), (15, 49), (5, 5), CitationStatus.MOVED),
    ],
)
def test_other_white_space_is_the_same_text(now, chars, lines, status):
    """Text, characters and lines are those of the file as it is now."""
    indexed = place_of_span(document(WRAPPED, "a.md"), WRAPPED_CHARS)
    cited = verified(WRAPPED[slice(*WRAPPED_CHARS)], indexed, now, "a.md")
    assert (cited.status, cited.place.chars, cited.place.lines) == (status, chars, lines)
    assert cited.text == now[slice(*chars)]
    assert cited.place == place_of_span(document(now, "a.md"), chars)
    assert cited.indexed == (indexed if status == CitationStatus.MOVED else None)


@pytest.mark.parametrize(
    ("whole", "part", "now", "expected"),
    [
        ("It rained. It snowed.", "It snowed.", "It rained. It snowed.", "It snowed."),
        ("It rained. It snowed.", "It rained.", "It rained.\r\nIt snowed.", "It rained."),
        ("It rained. It snowed.", "It snowed.", "It\r\nrained.\r\nIt   snowed.", "It   snowed."),
        ("It\n\nrained. It snowed.", "It\n\nrained.", "It rained. It snowed.", "It rained."),
        ("It snowed.", "It snowed.", "It\tsnowed.", "It\tsnowed."),
    ],
)
def test_part_of_a_text_is_found_by_its_words(whole, part, now, expected):
    """The answer sentence is marked where its words are, however white space has changed."""
    start = whole.index(part)
    assert now[slice(*span_of_part(whole, (start, start + len(part)), now))] == expected


@given(
    data=st.data(), words=st.lists(st.text("aé.", min_size=1, max_size=3), min_size=1, max_size=6)
)
def test_part_of_a_text_has_the_same_words(data, words):
    """For any white space in the one and in the other."""
    gaps = st.lists(
        st.text(" \n\r\t", min_size=1, max_size=3), min_size=len(words) - 1, max_size=len(words) - 1
    )
    whole, now = (
        "".join(map("".join, zip(words, [*data.draw(gaps), ""], strict=True))) for _ in "ab"
    )
    inside = [at for at, character in enumerate(whole) if not character.isspace()]
    start = data.draw(st.sampled_from(inside))
    end = data.draw(st.sampled_from([at for at in inside if at >= start])) + 1
    found = now[slice(*span_of_part(whole, (start, end), now))]
    assert found.split() == whole[start:end].split()
    assert not found[0].isspace()
    assert not found[-1].isspace()


@pytest.mark.parametrize("now", ["", "Rainfell.", "rain fell.", "Rain. fell.", None])
def test_text_that_is_not_there_is_gone(now):
    """Without the very words, or without the file, the indexed place is all there is."""
    indexed = place_in(OLD, INDEXED)
    cited = verified("Rain fell.", indexed, now)
    assert cited == CitedText(place=indexed, text="Rain fell.", status=CitationStatus.GONE)


def test_text_that_is_hidden_now_is_gone():
    """Nobody reads a comment, so no citation names it."""
    indexed = place_of_span(document(OLD, "a.md"), INDEXED)
    cited = verified(
        "Rain fell.", indexed, OLD.replace("Rain fell.", "<!-- Rain fell. -->"), "a.md"
    )
    assert cited == CitedText(place=indexed, text="Rain fell.", status=CitationStatus.GONE)


def test_unchanged_file_is_not_parsed(monkeypatch):
    """The digest proves the text, whatever it is and wherever it stood."""
    file, indexed = CurrentFile("a.md", OLD.encode(), CORPUS), place_in(OLD, INDEXED)
    monkeypatch.setattr("askdocs.text.parsers.Parsers.parse", refusing(AssertionError()))
    cited = verify("Anything.", indexed, file.sha256, file)
    assert cited == CitedText(place=indexed, text="Anything.", status=CitationStatus.VERIFIED)


PAGE = "<h1>Rain</h1><p>It fell all night.</p>"


@pytest.mark.parametrize(
    ("now", "citation", "status"),
    [
        (PAGE.replace("><", ">\r\n<"), "a.html#p2", CitationStatus.VERIFIED),
        (PAGE.replace("all ", "<b>all</b>\n "), "a.html#p2", CitationStatus.VERIFIED),
        (f"<p>Once.</p>{PAGE}", "a.html#p3", CitationStatus.MOVED),
        (PAGE.replace("all", "one"), "a.html#p2", CitationStatus.GONE),
    ],
)
def test_extracted_text_is_proved_by_its_format(now, citation, status):
    """A format whose characters are not its text is parsed, and its extracted text compared."""
    before = document(PAGE, "a.html")
    text = "It fell all night."
    start = before.text.index(text)
    indexed = place_of_span(before, (start, start + len(text)))
    cited = verified(text, indexed, now, "a.html")
    assert (str(cited.place.citation), cited.status, cited.text) == (citation, status, text)


def test_file_that_cannot_be_parsed_proves_nothing():
    """The indexed text and place are all there is."""
    before = document("Rain fell.")
    indexed = place_of_span(before, (0, 10))
    cited = verified("Rain fell.", indexed, "Rain fell.", "a.docx")
    assert cited == CitedText(place=indexed, text="Rain fell.", status=CitationStatus.GONE)


def test_sources_are_read_once_and_decoded_by_the_corpus(tmp_path):
    """A file is read when it is first asked for, in the corpus's encoding, and then remembered."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"Caf\xe9.")
    sources = Sources(tmp_path, CorpusSettings(roots=("a.txt",), encoding="latin-1"))
    first = sources.file("a.txt")
    path.unlink()
    assert first is not None
    assert first.document == document("Café.")
    assert sources.file("a.txt") is first


def test_sources_keep_256_documents(tmp_path):
    """However many files the hits of many questions are in, memory holds the latest few."""
    for number in range(257):
        (tmp_path / f"{number}.txt").write_text(f"This is {number}.")
    sources = Sources(tmp_path, CORPUS)
    for number in range(257):
        sources.file(f"{number}.txt")
    for number in range(257):
        (tmp_path / f"{number}.txt").unlink()
    kept = sources.file("1.txt")
    assert kept is not None
    assert kept.text == "This is 1."
    assert sources.file("0.txt") is None


@pytest.mark.parametrize("content", [b"too long" * 10, None])
def test_source_that_cannot_be_read_is_none(tmp_path, content):
    """What is missing or too large proves nothing."""
    if content is not None:
        (tmp_path / "a.txt").write_bytes(content)
    sources = Sources(tmp_path, CorpusSettings(roots=(".",), max_bytes=40))
    assert sources.file("a.txt") is None


@pytest.mark.parametrize("content", [b"Caf\xe9.", b"\xff\0"])
def test_source_that_cannot_be_decoded_proves_nothing(tmp_path, content):
    """It has no text to look into."""
    (tmp_path / "a.txt").write_bytes(content)
    file = Sources(tmp_path, CORPUS).file("a.txt")
    indexed = place_in("Caf", (0, 3))
    assert verify("Caf", indexed, "0" * 64, file).status == CitationStatus.GONE


def test_limits_of_cutting_are_none_for_a_citation(tmp_path):
    """A text is proven by comparison: its sentences and the length of its lines do not matter."""
    (tmp_path / "a.txt").write_text("One two. Three four. Five six.\n")
    corpus = CorpusSettings(roots=("a.txt",), max_line_chars=3, max_sentences=1)
    file = Sources(tmp_path, corpus).file("a.txt")
    assert file is not None
    assert file.document is not None
    assert file.document.paragraphs == ((0, 30),)


def test_only_a_root_may_be_a_link(tmp_path):
    """A link that was named is followed; a document that became one is not."""
    (tmp_path / "a.txt").write_text("Rain fell.")
    for name in ("root.txt", "other.txt"):
        (tmp_path / name).symlink_to("a.txt")
    sources = Sources(tmp_path, CorpusSettings(roots=("root.txt",)))
    root = sources.file("root.txt")
    assert root is not None
    assert root.text == "Rain fell."
    assert sources.file("other.txt") is None
