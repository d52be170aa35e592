"""HTML is read as a reader sees it: its structure without navigation, scripts and hidden elements."""

import pytest

from askdocs.errors import UnreadableSourceError
from askdocs.records.spans import BlockKind
from askdocs.text.formats.html import read

HEADING, PARAGRAPH, ITEM, ROW, CODE, QUOTATION, DEFINITION, FOOTNOTE = list(BlockKind)[:8]


def read_body(body: str):
    """Read a page with this body."""
    return read(f"<!doctype html><meta charset=utf-8><body>{body}".encode())


def seen(body: str) -> list[tuple[BlockKind, str]]:
    """Return the kind and the reader's text of each block."""
    return [(block.kind, block.plain) for block in read_body(body).blocks]


def led(body: str) -> list[tuple[BlockKind, str, int, int]]:
    """Return the kind, the reader's text, the level and the lead of each block."""
    blocks = read_body(body).blocks
    return [(block.kind, block.plain, block.level, block.lead) for block in blocks]


def test_words_are_separated_as_on_the_page():
    """Elements that part lines part words, inline elements do not, and unseen characters go."""
    body = "<p>One<br>two\n <b>bo</b>ld&nbsp;pro&shy;gram&#8203;s.</p>three<div>four</div>"
    assert seen(body) == [
        (PARAGRAPH, "One two bold programs."), (PARAGRAPH, "three"), (PARAGRAPH, "four")
    ]  # fmt: skip


def test_two_breaks_part_paragraphs():
    """One ends a line only; in code and in an item they are white space."""
    body = "<div>a<br>b<br>\n<br><b>c<br><br></b></div><pre>d<br><br>e</pre><ul><li>f<br><br>g</ul>"
    assert seen(body) == [
        (PARAGRAPH, "a b"), (PARAGRAPH, "c"), (CODE, "d\n\ne"), (ITEM, "f g")
    ]  # fmt: skip


def test_every_block_names_its_headings_and_reproduces_its_text():
    """The text is made of the blocks."""
    page = read_body("<h1>A</h1><h3>B</h3><p>b<h2>C</h2><p>c")

    assert page.text == "A\n\nB\n\nb\n\nC\n\nc"
    assert [block.headings for block in page.blocks] == [
        ("A",), ("A", "B"), ("A", "B"), ("A", "C"), ("A", "C")
    ]  # fmt: skip
    assert [page.text[slice(*block.chars)] for block in page.blocks] == ["A", "B", "b", "C", "c"]


def test_list_keeps_its_lead_and_its_nesting():
    """Paragraphs of an item are joined; what follows a nested list belongs to the item."""
    body = "<p>Needed:<ul><li>A<p>a</p><ol><li>B</ol>rest<li><h4>C</h4>c</ul><ul><li>D</ul>"
    assert led(body) == [
        (PARAGRAPH, "Needed:", 0, 0),
        (ITEM, "A a", 1, 1),
        (ITEM, "B", 2, 2),
        (ITEM, "rest", 1, 2),
        (ITEM, "C c", 1, 1),
        (ITEM, "D", 1, 0),
    ]


def test_rows_of_a_table_know_their_header():
    """A cell is one line, whatever is in it; an empty row is not one; a caption introduces the table."""
    body = (
        "<table><caption>Prices</caption><thead><tr><th>Item<th>Price</thead>"
        "<tr><td>Tea<ul><li>green<li>black</ul><td>2&nbsp;€<tr><td><td><tr><th>Ice<td>3 €</table>"
        "<table><tr><td>a<td>b<tr><td>c<td>d</table>"
        "<table><caption><p>No<p>header</caption><tr><td>e<td>f<tr><td>g<td>h</table>"
    )
    assert led(body) == [
        (PARAGRAPH, "Prices", 0, 0),
        (ROW, "Item | Price", 0, 1),
        (ROW, "Tea green black | 2 €", 0, 2),
        (ROW, "Ice | 3 €", 0, 2),
        (ROW, "a | b", 0, 0),
        (ROW, "c | d", 0, 0),
        (PARAGRAPH, "No header", 0, 0),
        (ROW, "e | f", 0, 7),
        (ROW, "g | h", 0, 7),
    ]


def test_spanning_cells_keep_the_columns():
    """A cell that spans rows is read in each of a body; one that spans columns leaves others empty."""
    body = (
        "<table><tr><th rowspan=2>Floor<th colspan=2>Rooms<tr><th>Name<th>Seats<tbody>"
        "<tr><td rowspan=2>First<td>Turing<td>12<tr><td>Hopper<td>40"
        "<tr><td colspan=2>Yard<td rowspan=0>9<tr><td>Roof<td>x<tr><tbody><tr><td>a<td colspan=x>b</table>"
    )
    assert led(body) == [
        (ROW, "Floor | Rooms", 0, 0),
        (ROW, "Floor | Name | Seats", 0, 0),
        (ROW, "First | Turing | 12", 0, 2),
        (ROW, "First | Hopper | 40", 0, 2),
        (ROW, "Yard |  | 9", 0, 2),
        (ROW, "Roof | x | 9", 0, 2),
        (ROW, "a | b", 0, 2),
    ]


@pytest.mark.parametrize(
    "cells",
    [
        f"<td rowspan=65534>{'a' * 5_000}<td>b",
        "<td colspan=1000 rowspan=0>a<td colspan=1000>b",
        "<td>a<td>b" * 1_000 + "<td rowspan=0>c",
    ],
)
def test_spans_cannot_blow_a_table_up(cells):
    """A cell is repeated as long as the text grows by a bounded factor, then no more."""
    body = f"<table><tr>{cells}{'<tr><td>c<td>d' * 5_000}</table>"
    assert len(read_body(body).text) < 25 * len(body)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("<tr><td>a<td><table><tr><td>b<td>c</table>", [(PARAGRAPH, "a"), (ROW, "b | c")]),
        ("<tr><td>a<td><h2>b</h2>", [(PARAGRAPH, "a"), (HEADING, "b")]),
        ("<tr><td>a<tr><td>b", [(PARAGRAPH, "a"), (PARAGRAPH, "b")]),
        ("<tr><td class=linenos><pre>1</pre><td><pre>x = 1</pre>", [(CODE, "x = 1")]),
    ],
)
def test_table_that_only_places_text_is_read_through(table, expected):
    """Other tables, headings or code inside it, or a single column, tell it from one of data."""
    assert seen(f"<table>{table}</table>") == expected
    assert seen("<table role=none><tr><td>a<td>b</table>") == [(PARAGRAPH, "a"), (PARAGRAPH, "b")]


def test_definition_is_one_block_with_its_terms():
    """Code in a definition stands alone, and a type is apart from its term."""
    body = (
        "<dl><dt>API<dt>Interface:<dd><p>First.<p>Second.<dd>Third."
        "<dt>x<span class=classifier>int</span><dd>Run<pre>\n  $ x\n    y\n</pre>then</dl>"
    )
    assert led(body) == [
        (DEFINITION, "API, Interface: First. Second. Third.", 0, 0),
        (DEFINITION, "x : int: Run", 0, 0),
        (CODE, "$ x\n  y", 0, 2),
        (PARAGRAPH, "then", 0, 0),
    ]


def test_code_keeps_its_lines_and_its_lead():
    """Lines may be separated by breaks or elements, and line numbers are left out."""
    body = "<p>Run:<pre><span class=lineno>1</span>a  <b>b</b><br>\tc</pre><pre><div>d</div><div>e</div></pre>"
    assert led(body) == [
        (PARAGRAPH, "Run:", 0, 0), (CODE, "a  b\n\tc", 0, 1), (CODE, "d\ne", 0, 0)
    ]  # fmt: skip


def test_quotations_and_footnotes_are_told_apart():
    """A heading in a quotation begins no section; the way back from a footnote is not read."""
    body = (
        "<h1>A</h1><blockquote><h2>Q</h2><p>Be brief.</blockquote><p>end"
        "<section class=footnotes><ol><li><p>Note <a class=footnote-back>↩</a><p>more</ol></section>"
        "<aside class=footnote role=doc-footnote><span>[2]</span><p>Other</aside>"
    )
    assert seen(body) == [
        (HEADING, "A"), (QUOTATION, "Q"), (QUOTATION, "Be brief."), (PARAGRAPH, "end"),
        (FOOTNOTE, "Note more"), (FOOTNOTE, "[2] Other"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "unseen",
    [
        "<nav>no</nav>", "<header>no</header>", "<footer>no</footer>", "<aside>no</aside>",
        "<script>no</script>", "<style>no</style>", "<template>no</template>",
        "<noscript>no</noscript>", "<button>no</button>", "<select><option>no</select>",
        "<textarea>no</textarea>", "<p hidden>no</p>", "<p aria-hidden=true>no</p>",
        "<p style='color: red; DISPLAY : none'>no</p>", "<div role=navigation>no</div>",
        "<!-- no -->", "<dialog>no</dialog>", "<svg><text>no</text></svg>",
    ],
)  # fmt: skip
def test_what_a_reader_does_not_read_is_left_out(unseen):
    """Navigation, programs, controls and hidden elements are not text."""
    assert seen(f"<p>a</p>{unseen}<p>b") == [(PARAGRAPH, "a"), (PARAGRAPH, "b")]


@pytest.mark.parametrize(
    "page",
    [
        "<div>menu</div><main><header><h1>T</h1></header><p>text</main><div>more</div>",
        "<div>menu</div><div role=main><h1>T</h1><p>text</div>",
        "<div>menu</div><article><h1>T</h1><p>text</article>",
        "<header><h1>T</h1></header><p>text<footer>by</footer>",
        "<div class='page sidebar'><h1>T</h1><p>text</div>",
        "<h1><a href=#t>#</a> T<a class=headerlink href=#t>¶</a></h1><p>text",
    ],
)
def test_content_of_a_page_is_found(page):
    """It is `<main>`, the only large article, or the body, with the title in the page's header."""
    assert seen(page) == [(HEADING, "T"), (PARAGRAPH, "text")]


def test_article_that_is_a_small_part_is_not_the_page():
    """A teaser is not what the page is about, and of two articles neither is."""
    text = "<p>This is much more than what the teaser says.</p>"
    assert len(seen(f"{text}<article>Buy</article>")) == 2
    assert len(seen("<article>one</article><article>two</article>")) == 2


def test_anchor_is_the_nearest_identifier_before():
    """It may stand at the heading, at an element around it, or in a link without a target."""
    body = "<p>a<section id=s><h2>B</h2><p>b <i id=i>i</i><p>c</section><a name=n></a><p id=d>d"
    assert [block.anchor for block in read_body(body).blocks] == ["", "s", "s", "i", "d"]


def test_title_and_description_are_context():
    """They say what the page is about, and are not part of its text."""
    page = read(
        b"<title>A\n page</title><meta name=Description content=' What it says '><p>text</p>"
    )

    assert page.context == ("A page", "What it says")
    assert page.text == "text"


@pytest.mark.parametrize(
    "source",
    [
        "<p>café €".encode(),
        "<p>café €".encode("cp1252"),
        "<p>café €".encode("utf-16"),
        b"\xef\xbb\xbf" + "<meta charset=latin1><p>café €".encode(),
        "<meta charset='ISO-8859-1'><p>café €".encode("cp1252"),
        '<meta http-equiv=content-type content="text/html; charset=iso-8859-15"><p>café €'.encode(
            "iso-8859-15"
        ),
        '<?xml version="1.0" encoding="iso-8859-15"?><p>café €'.encode("iso-8859-15"),
        "<meta charset=utf-8><p>café €".encode("cp1252"),
        "<meta charset=utf-16><p>café €".encode(),
        "<meta charset=unicode_escape><p>café €".encode(),
        "<meta charset=no-such><p>café €".encode(),
    ],
)
def test_encoding_is_found_whatever_is_declared(source):
    """A mark comes first, then a declaration that fits, then UTF-8, then Windows-1252."""
    assert read(source).text == "café €"


def test_xhtml_element_that_ends_at_once_does_not_swallow_the_page():
    """HTML would read the rest of the page as the script."""
    page = read(
        b"<?xml version='1.0'?><html><head><script src='a'/></head><body><p>text</p></body></html>"
    )

    assert page.text == "text"


def test_binary_file_is_left_out():
    """It only has the name of a page."""
    with pytest.raises(UnreadableSourceError, match=r"^binary$") as caught:
        read(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")

    assert caught.value.skipped


def test_deep_nesting_is_read():
    """The depth of a page does not count against the depth of Python's functions."""
    page = read_body("<div>" * 5_000 + "<ul><li>" * 2_000 + "deep")

    assert [(block.plain, block.level) for block in page.blocks] == [("deep", 2_000)]


@pytest.mark.parametrize("source", [b"", b"<p>", b"<!doctype html>", b"<frameset><frame>"])
def test_page_without_text_has_no_blocks(source):
    """Nothing is raised for it."""
    assert read(source).blocks == ()
