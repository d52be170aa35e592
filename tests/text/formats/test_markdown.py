"""Markdown is read as its author sees it, and every block knows its place in the source."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askdocs.records.blocks import UNREAD
from tests.text.conftest import check_places, parse, shown

DOCUMENTS = {
    "headings and markup": (
        ("# Harbour #\n\nShips *rest* here, see [the map](map.md 'x') and `ls  -l`.\n\n"
        "Fees\n----\n\n## None {#none}\n\nRaw  \nline\\\nends<br>too &amp; there&nbsp;now.\n"),
        [
            "heading1 Harbour",
            "paragraph Ships rest here, see the map and ls -l.",
            "heading2 Fees",
            "heading2 None",
            "paragraph Raw line ends too & there now.",
        ],
    ),
    "nested list": (
        "You need\n\n- a rope\n  - of hemp,\n\n    or of wire\n  - of silk\n\n-\ta hook\n\n* alone\n",
        [
            "paragraph You need",
            "item1<1 a rope",
            "item2<2 of hemp, or of wire",
            "item2<2 of silk",
            "item1<1 a hook",
            "item1 alone",
        ],
    ),
    "steps with code": (
        "Do this:\n\n1. push\n\n   ```sh\n   run\n     it\n   ```\n\n2) [x] pull\n\nThen\n\n\tmake\n\t  all\n",
        [
            "paragraph Do this:",
            "item1<1 1. push",
            "code<2 run\n  it",
            "item1 2) pull",
            "paragraph Then",
            "code<5 make\n  all",
        ],
    ),
    "table": (
        "| Port | Fee |\n|:-----|----:|\n| *Bonn* | 3 |\n| Ulm \\| Au | |\n|  | 4 |\n|||\n",
        ["row Port | Fee", "row<1 Bonn | 3", "row<1 Ulm | Au", "row<1 | 4", "hidden "],
    ),
    "quotation": (
        "> Keep **left**:\n>\n> 1. one\n> 2. two\n>\n>> inner\n\n> [!NOTE]\n> Mind the gap,\nlazily.\n",
        [
            "quotation Keep left:",
            "item1<1 1. one",
            "item1<1 2. two",
            "quotation inner",
            "quotation Mind the gap, lazily.",
        ],
    ),
    "comments": (
        "<!-- no -->\n\nText <!-- no --> line.\n\n<!--\n# no\n\nno\n-->\n\n[//]: # (no)\n\n<!-- open\n# no\n",
        ["hidden ", "paragraph Text line.", "hidden ", "hidden ", "hidden "],
    ),
    "front matter": (
        "\ufeff---\ntitle: No\ntags: [no, no]\n---\n## Yes\n\n---\n\ntitle: yes\n",
        ["metadata ", "heading2 Yes", "hidden ", "paragraph title: yes"],
    ),
    "footnotes": (
        "Text.[^1] More.[^a]\n\n[^1]: The note\n    goes on.\n[^a]: Another.\n\n[r]: http://no\n",
        ["paragraph Text. More.", "footnote The note goes on.", "footnote Another.", "hidden "],
    ),
    "definitions": (
        "Bay\n:   A small\n    gulf.\n\nCape\n: One.\n: Two.\n",
        ["definition Bay: A small gulf.", "definition Cape: One. Two."],
    ),
    "tabs of MDX": (
        ("import Tab from 'no'\n\n<Tabs>\n<Tab label=\"no\">\n\nScrew it.\n\n</Tab>\n<Tab\n  label='no'>\n\n"
        "Glue it.\n\n</Tab>\n</Tabs>\n\n{/* no */}\n\n<Note>Not both.</Note>\n"),
        [
            "hidden ",
            "hidden ",
            "paragraph Screw it.",
            "hidden ",
            "hidden ",
            "paragraph Glue it.",
            "hidden ",
            "hidden ",
            "paragraph Not both.",
        ],
    ),
    "indented components of MDX": (
        ("import {\n  Tab\n} from 'no'\nexport const no = {\n  no: 1,\n}\n\n- go\n\n<Tabs>\n  <Tab title='no'>\n"
        "    Run `npm i`:\n\n    - one\n      - two\n\n    ```js\n    a\n      b\n    ```\n    {/* no\n    ```\n"
        "    no */}\n    Done.\n  </Tab>\n</Tabs>\n\n1. step\n   <Note>\n     inside\n   </Note>\n"),
        [
            "hidden ",
            "item1 go",
            "hidden ",
            "paragraph Run npm i:",
            "item1<4 one",
            "item2<5 two",
            "code<6 a\n  b",
            "hidden ",
            "paragraph Done.",
            "hidden ",
            "item1<9 1. step inside",
            "hidden ",
        ],
    ),
    "programs of MDX": (
        "export default function no() {\n  no\n}\n\nYou can\nexport const values.\n\nexport default settings to it.\n\n</Tabs>\nexport const no = 1\n",
        ["hidden ", "paragraph You can export const values.", "paragraph export default settings to it.",
         "hidden "],
    ),
    "indented tags that are code": (
        "Write:\n\n    <Project>\n    </Project>\n\n```\n</Tabs>\n```\n",
        ["paragraph Write:", "code<1 <Project>\n</Project>", "code </Tabs>"],
    ),
    "boxes": (
        '!!! warning "Hot"\n    Do not touch.\n\n!!! note\n    Fine.\n\n:::tip\nA tip.\n:::\n',
        [
            "paragraph Hot",
            "paragraph Do not touch.",
            "hidden ",
            "paragraph Fine.",
            "hidden ",
            "paragraph A tip.",
            "hidden ",
        ],
    ),
    "links": (
        "See [[Page]], [[Page|the label]], ![[no.png]] <http://a.b/c> and \\*this\\*.\n\n![An alt](no.png)\n",
        ["paragraph See Page, the label, http://a.b/c and *this*.", "paragraph An alt"],
    ),
    "HTML": (
        ("<h2 id='no'>Raw</h2>\n\n<p>Salt &amp;\n<b>pepper</b></p><script>no</script>\n\n<details>\n"
        "<summary>More</summary>\n\nInner <span class='no'>text</span>.\n\n</details>\n"),
        [
            "heading2 Raw",
            "paragraph Salt & pepper",
            "hidden ",
            "paragraph More",
            "paragraph Inner text.",
            "hidden ",
        ],
    ),
    "tables and lists of HTML": (
        ("<table>\n<tr><th>Key</th><th>Limit</th></tr>\n<tr>\n<td>free</td>\n<td>100 <b>calls</b></td></tr>\n"
        "<tr><td>all</td><td></td><td>x</td></tr>\n</table>\n\n<dl><dt>Foo</dt><dd>Bar def</dd><dt>A<dt>B<dd>c</dl>\n\n"
        "<h1 align='no'>\n <img src='no'>\n turbopump\n</h1>\n\nSee\n\n<ul>\n<li>one<ul><li>two</ul></li>\n"
        "<li><p>three</p><p>four</p></li>\n</ul>\n<p>a<br>b</p><p>c</p><!-- no -->\n\n> <table><tr><td>d\n> e</td></tr>\n"
        "> <tr><td>f</td></tr></table>\n"),
        [
            "row Key | Limit",
            "row<1 free | 100 calls",
            "row<1 all |  | x",
            "definition Foo: Bar def",
            "definition A, B: c",
            "heading1 turbopump",
            "paragraph See",
            "item1<7 one",
            "item2<8 two",
            "item1<7 three four",
            "paragraph a b",
            "paragraph c",
            "row d e",
            "row f",
        ],
    ),
    "code": (
        "~~~\n\n  # no heading\n\n    b\n~~~\n\n````\n```\n~~~\n````\n\n```\n```\n\n```\nopen\n\n# no\n",
        ["code # no heading\n\n  b", "code ```\n~~~", "hidden ", "code open\n\n# no"],
    ),
    "characters that nobody sees": (
        "Har\u00adbour\u200b li&shy;ghts `a\u200bb`\n\u3000\n\u200b\n\n\ufeff# Appended\n\n    x\u2060y\n\nA\x0bB\x0cC\x85D\u2028E\n",
        ["paragraph Harbour lights ab", "hidden ", "heading1 Appended", "code xy", "paragraph A B C D E"],
    ),
}  # fmt: skip
SNIPPETS = [
    *"a é 漢 # > - * ` ``` ~~~ | < > [ ] ( ) ! ** _ : + --- === +++ ::: \\ & \ufeff \u00ad \u200b".split(),
    *("\0", "\r", " ", "  ", "\t", "\x0b", "\x0c", "\x85", "\u2028", "\u3000", "\u00a0"),
    *("# h", "## h {#id}", "h\n==", "- i", "  - i", "1. i", "- [x] i", "> q", ">", "> > q", "> - i"),
    *("| a | b |", "|---|---|", "|  | b |", "- | a |", "a \\| b", "t", ": d", ":\td", "    c", "\t\tc"),
    *("`` c ` ``", "```py", "[l](u 't')", "[[P|l]]", "![a](u)", "[^1]", "[^1]: n", "[r]: u", "[r]"),
    *("<!-- c -->", "<!--", "-->", "<b>", "</b>", "<br>", "<div>", "<pre>", "<script>", "<Tab a='b'>"),
    *("&amp;", "&shy;", "&nbsp;", "&#0;", "<http://a.b>", "!!! note", "!!! note 't'", "{/* c */}"),
    *("<Tabs>", "</Tabs>", "  <Tab>", "  </Tab>", "{/* c", "c */}", "export const a = {", "    ```"),
    *("<table>", "</table>", "<tr>", "<td>", "<th>", "</td>", "<li>", "</li>", "<ul>", "</ul>", "<dl>"),
    *("<dt>", "<dd>", "</dl>", "<h2>", "</h2>", "<p>", "</p>"),
    *("import a from 'b'", "> [!NOTE]", "{% no %}", "---\ntitle: t\n---\n", "+++\na = 1\n+++\n"),
]  # fmt: skip
texts = st.lists(st.sampled_from([*SNIPPETS, *["\n", "\r\n", "\n\n"] * 8]), max_size=20).map(
    "".join
)


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_document_is_read_as_its_author_sees_it(name, line_end):
    """Marks are left out and wraps joined, whatever ends the lines; what is not seen is hidden."""
    text, expected = DOCUMENTS[name]
    parsed = parse("a.md", text.replace("\n", line_end))
    assert shown(parsed) == expected
    check_places(parsed, ">")


@given(text=texts)
@example(text="\t [\n\n-\t\tx\n\n \x0b\n")
@example(text=">\x0c\r\n&amp;")
@example(text="> [b][c]\n>\u2028\n> a\n\n>\u2028\n\u2028a")
@example(text="!!! note \u200b\n\n> \n>\n>> a\n")
def test_every_block_has_its_place(text):
    """Each character but white space is in one block, and each that is read stands there."""
    check_places(parse("a.md", text), ">")


def test_headings_are_those_above():
    """A heading ends those of its level; one in a quotation or an item begins no section."""
    text = "# A\n\n### B ###\n\nx\n\n> # no\n\n- # no\n\nC\n-\n\ny\n\n# D\n\nz\n"
    headings = {block.plain: block.headings for block in parse("a.md", text).blocks}
    assert headings == {
        "A": ("A",), "B": ("A", "B"), "x": ("A", "B"), "no": ("A", "B"), "C": ("A", "C"),
        "y": ("A", "C"), "D": ("D",), "z": ("D",),
    }  # fmt: skip


@pytest.mark.parametrize("line", ["#no", "####### no", "    # no", "no # no", "\\# no"])
def test_what_looks_like_a_heading_is_none(line):
    """A heading needs one to six marks with a space after them, and at most three before."""
    assert parse("a.md", f"Text.\n\n{line}\n\nText.\n").blocks[-1].headings == ()


@pytest.mark.parametrize(
    ("front", "context"),
    [
        (
            (
                "---\ntitle: Tents\naliases: [Camp,  Marquee ]\nowner: no\ntags:\n  - peg\n  - 2\n"
                "description: >\n  How to\n  pitch.\n---\n"
            ),
            ("Tents", "Camp", "Marquee", "peg", "2", "How to pitch."),
        ),
        ('+++\ntitle = "Tents"\ntags = ["peg"]\n+++\n', ("Tents", "peg")),
        ("---\ntitle: Tents\n...\n", ("Tents",)),
        # What cannot be parsed says nothing, and is not read either.
        ("---\ntitle: [\n---\n", ()),
        ("---\ntitle: true\ntags: {a: b}\n---\n", ()),
        ("---\n---\n", ()),
    ],
)
def test_front_matter_says_what_the_document_is(front, context):
    """Title, aliases, tags and description are its context, and are in no block that is read."""
    parsed = parse("a.md", f"{front}\nText.\n")
    assert parsed.context == context
    assert [block.kind in UNREAD for block in parsed.blocks] == [True, False]


@pytest.mark.parametrize(
    "text", ["---\n\nText.\n\n---\n", "Text.\n\n---\ntitle: no\n---\n", "---\nA"]
)
def test_rule_is_not_front_matter(text):
    """Front matter is at the beginning, names a key, and ends."""
    parsed = parse("a.md", text)
    assert parsed.context == ()
    assert "metadata " not in shown(parsed)


@pytest.mark.parametrize(
    "mark",
    [
        "*",
        "_",
        "[",
        "`",
        "<",
        "> ",
        "- ",
        "&",
        "\\",
        "|a",
        "<b>",
        "<!--",
        "<li>",
        "<td>",
        "<ul>",
        "{/*\n",
        "</Tabs>\n",
    ],
)
def test_repeated_marks_take_no_longer_than_others(mark):
    """Thousands of them are read in a time that their number explains."""
    check_places(parse("a.md", f"a {mark * 3000} b"))
