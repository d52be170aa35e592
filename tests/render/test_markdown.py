"""Answers as Markdown quote what a document says and command nothing."""

import re
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from askdocs.records.results import Context
from askdocs.records.spans import BlockKind
from askdocs.render.markdown import escape_markdown, render_markdown
from askdocs.terminal import make_safe
from tests.render.conftest import excerpt_of, make_hit, ranking_of

PARSER = MarkdownIt("gfm-like", {"linkify": False})
# GitHub looks for these in the text of the page.
LIVE = re.compile(r"@\w|#\d|GH-\d|://|www\.", re.IGNORECASE)


PARAGRAPH = BlockKind.PARAGRAPH
hit_of = partial(make_hit, paragraphs=(3, 4), lines=(7, 9), start=9, score=0.876)


def test_hit_is_a_quotation_with_a_link():
    """Heading, quotation with the answer in bold, and the citation as a link to the lines."""
    blocks = ((PARAGRAPH, "Rain fell. The harbour froze."), (PARAGRAPH, "Ships waited."))

    shown = render_markdown(
        ranking_of(hit_of(answer=(11, 29), blocks=blocks), hit_of("Snow.", rank=2))
    )

    assert shown == (
        "## Why?\n"
        "\n"
        "> Rain fell. **The harbour froze.**\n"
        ">\n"
        "> Ships waited.\n"
        ">\n"
        "> 1\\. [docs/a.txt\\#p3\\-4](docs/a.txt#L7-L9), score 0.88, verified\n"
        "\n"
        "> **Snow.**\n"
        ">\n"
        "> 2\\. [docs/a.txt\\#p3\\-4](docs/a.txt#L7-L9), score 0.88, verified\n"
    )


def test_context_is_part_of_the_quotation():
    """What stands around the passage is quoted with it."""
    above, below = excerpt_of((PARAGRAPH, "First.")), excerpt_of((PARAGRAPH, "It was wet."))
    context = Context(before="First.\n\n", after=" It was wet.", above=above, below=below)
    quoted = render_markdown(ranking_of(hit_of("Rain fell.", context=context))).split("\n\n", 1)[1]
    assert quoted.startswith("> First.\n>\n> **Rain fell.**\n>\n> It was wet.\n>\n")


def test_blocks_are_what_they_are():
    """Headings are a path, items a list, code is fenced; a link to a PDF opens the page."""
    blocks = (
        (BlockKind.HEADING, "Ice", 2),
        (BlockKind.ITEM, "Wait.", 1),
        (BlockKind.ITEM, "Go in.", 2),
        (BlockKind.CODE, "if a:\n\tb(```)"),
        (BlockKind.ROW, "a | b"),
    )
    hit = hit_of(
        blocks=blocks, answer=(4, 9), headings=("Top", "Ice"), path="a b.pdf", pages=(3, 3)
    )
    assert render_markdown(ranking_of(hit)).split("\n\n", 1)[1] == (
        "> Top \\> Ice\n"
        ">\n"
        "> - **Wait.**\n"
        ">     - Go in.\n"
        ">\n"
        "> ````\n"
        "> if a:\n"
        ">     b(```)\n"
        "> ````\n"
        ">\n"
        "> | a | b |\n"
        "> |---|---|\n"
        ">\n"
        "> 1\\. [a b.pdf\\#p3\\-4](a%20b.pdf#page=3), score 0.88, verified\n"
    )


def test_lists_are_lists_and_tables_tables():
    """Items are nested and numbered as in the document; rows have their header, lines end."""
    items = [(1, "9. a"), (2, "b"), (3, "1) c"), (1, "10. d"), (1, "12. e")]
    blocks = (
        (BlockKind.PARAGRAPH, "Long Street 12\nRiga"),
        *((BlockKind.ITEM, text, level) for level, text in items),
    )
    hit = hit_of(blocks=blocks, answer=(15, 19), lead="To do:")
    assert (
        render_markdown(ranking_of(hit))
        .split("\n\n", 1)[1]
        .startswith(
            "> To do:\n"
            ">\n"
            "> Long Street 12\\\n"
            "> **Riga**\n"
            ">\n"
            "> 9. a\n"
            ">     - b\n"
            ">         1. c\n"
            "> 10. d\n"
            "> - 12\\. e\n"
            ">\n"
        )
    )
    rows = ((BlockKind.ROW, "Mon | 9"), (BlockKind.ROW, "| 10 | late"))
    hit = hit_of(blocks=rows, answer=(8, 19), lead="Day | Opens")
    assert (
        render_markdown(ranking_of(hit))
        .split("\n\n", 1)[1]
        .startswith(
            "> | Day | Opens |  |\n"
            "> |---|---|---|\n"
            "> | Mon | 9 |  |\n"
            "> |  | **10** | **late** |\n"
            ">\n"
        )
    )


@given(code=st.text(st.sampled_from("`~ab \t\n\x1b>"), min_size=1).filter(str.strip))
def test_code_does_not_end_its_fence(code):
    """Whatever code is made of, a parser reads it as one block of code."""
    hit = hit_of(blocks=((BlockKind.CODE, code),))
    tokens = PARSER.parse(render_markdown(ranking_of(hit)))
    assert [token.type for token in tokens[3:6]] == ["blockquote_open", "fence", "paragraph_open"]
    lines = code.expandtabs(4).split("\n")
    assert tokens[4].content.splitlines() == [make_safe(line).rstrip() for line in lines]


def test_question_without_an_answer_says_so():
    """There is a heading all the same."""
    assert render_markdown(ranking_of()) == "## Why?\n\nNo passage clearly answers this.\n"


def _outline(tokens: list[Token]) -> list[str]:
    """The constructs of a page, one after another."""
    found = []
    for token in tokens:
        inner = [one.type for one in token.children or () if not _is_nothing(one)]
        passed = {"text", "text_special", "softbreak", "hardbreak", "strong_open", "strong_close"}
        found += [token.type, *(kind for kind in inner if kind not in passed)]
    return found


def _is_nothing(token: Token) -> bool:
    return token.type == "html_inline" and token.content == "<!-- -->"


def _contents(token: Token) -> list[str]:
    """The texts of one line of a page, apart where something that is not shown stands between."""
    parts = (
        "\0" if _is_nothing(one) else " " if one.type.endswith("break") else one.content
        for one in token.children or ()
    )
    return "".join(parts).split("\0")


def _words(tokens: list[Token]) -> str:
    """All text of a page, with one space for white space of any length."""
    parts = ["".join(_contents(token)) for token in tokens if token.type == "inline"]
    return " ".join(" ".join(parts).split())


NASTY = st.text(
    st.sampled_from("\\`*_[]<>&|~$!#-+=.)(:1 aé@GHw\n\t\"'/^{}\x1b\u2028\ufeff").map(str),
    max_size=30,
).filter(lambda text: bool(make_safe(text).strip()))


@given(text=NASTY, question=NASTY, path=NASTY, cut=st.integers(0, 30), end=st.integers(0, 30))
@example(text="# a\n- b\n1. c\n```\n<b>\n| a |\n|---|", question="a", path="a", cut=0, end=0)
@example(text="[a](javascript:1)", question="![a](b)", path="](x)", cut=0, end=17)
@example(text="@a b@a.a #1 a/a#1 GH-1 a://a www.a", question="#1", path="@a/#1", cut=0, end=2)
@example(text="a\u2028b", question="a", path="a", cut=2, end=3)
@example(text="a\n===\n\n    code", question="a", path="a b/%23?#.txt", cut=0, end=3)
def test_nothing_in_a_text_is_markdown(text, question, path, cut, end):
    """Whatever a text, a question or a path is made of, a parser reads it as that text."""
    cut, end = sorted((min(cut, len(text)), min(end, len(text))))
    ranking = ranking_of(hit_of(text, (cut, end), path=path), question=question)
    tokens = PARSER.parse(render_markdown(ranking))
    outline = _outline(tokens)
    assert outline[:4] == ["heading_open", "inline", "heading_close", "blockquote_open"]
    body = ["paragraph_open", "inline", "paragraph_close"]
    paragraphs = (len(outline) - 4 - 1 - 2) // 3
    assert outline[4:] == [*(body * paragraphs)[:-1], "link_open", "link_close", body[-1],
                           "blockquote_close"]  # fmt: skip
    expected = f"{question} {text} 1. {path}#p3-4, score 0.88, verified"
    assert _words(tokens) == " ".join(make_safe(expected).split())
    assert not [text for one in tokens for text in _contents(one) if LIVE.search(text)]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("@alice", "@<!-- -->alice"),
        ("#12, o/r#3, GH-4", r"\#<!-- -->12, o/r\#<!-- -->3, GH\-<!-- -->4"),
        ("https://x.org", "https:<!-- -->//x.org"),
        ("WWW.x.org", "WWW<!-- -->.x.org"),
        ("a @ b # c", r"a @ b \# c"),
        ("<!-- -->", r"\<\!\-\- \-\-\>"),
        ("7. a\n = b", r"7\. a = b"),
        ("= a", r"\= a"),
    ],
)
def test_github_makes_no_link_of_a_text(text, escaped):
    """What it looks for in the page itself is broken where a reader sees nothing."""
    assert escape_markdown(text) == escaped
