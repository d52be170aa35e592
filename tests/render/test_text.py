"""Results become text and JSON of a fixed form, safe to show and easy to read back."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.records.results import (
    Citation,
    CitationStatus,
    CitedText,
    Hit,
    Place,
    Ranking,
    Signal,
)
from askdocs.records.spans import BlockKind
from askdocs.render.formats import Layout, render_answers
from askdocs.render.text import render_cited, render_ranking
from askdocs.terminal import Style, make_safe
from tests.render.conftest import make_hit, ranking_of

PLAIN = Style(width=80)
BASE = Path("/base")
COLOR = Style(width=80, color=True)
SGR = re.compile(r"\x1b\[(?:\d+)m")


def answers(*rankings: Ranking, form: str = "json", many: bool = False, color: bool = False) -> str:
    """What `ask` prints in a format."""
    style = COLOR if color else PLAIN
    layout = Layout(style=style, base=BASE, current=BASE, is_many=many, null=False)
    return "".join(render_answers(rankings, form, layout))


def body(hit: Hit, style: Style = PLAIN) -> list[str]:
    """The lines of a hit below its head, which a narrow terminal breaks in two."""
    lines = render_ranking(ranking_of(hit), style, base=BASE).splitlines()
    return lines[2 if "verified" not in lines[0] else 1 :]


@pytest.mark.parametrize(
    ("width", "head"),
    [
        (41, ["1.  docs/a.txt#p3  line 7  0.12  verified"]),
        (40, ["1.  docs/a.txt#p3", "    line 7  0.12  verified"]),
        (17, ["1.  docs/a.txt#p3", "    line 7  0.12  verified"]),
        (16, ["1.  docs/a.txt#p3  line 7  0.12  verified"]),
    ],
)
def test_head_is_broken_after_the_citation(width, head):
    """Where a head is too wide, the citation stays whole; where that is too wide, nothing helps."""
    lines = render_ranking(ranking_of(make_hit()), Style(width=width), base=BASE).splitlines()
    assert lines[: len(head)] == head


def test_hits_are_parted_by_blank_lines():
    """Each hit has a head, its text after a margin, and a blank line before the next one."""
    first = make_hit("Rain fell. It was wet.", (0, 10))
    blocks = ((BlockKind.PARAGRAPH, "Snow fell."), (BlockKind.PARAGRAPH, "It froze."))
    second = make_hit(blocks=blocks, answer=(11, 20), rank=12, score=1.0, lines=(9, 11))
    text = render_ranking(ranking_of(first, second), PLAIN, base=BASE)
    assert text == (
        "1.  docs/a.txt#p3  line 7  0.12  verified\n"
        ">   Rain fell. It was wet.\n"
        "\n"
        "12. docs/a.txt#p3  lines 9-11  1.00  verified\n"
        "    Snow fell.\n"
        "\n"
        ">   It froze.\n"
    )


def test_color_only_adds_to_the_text():
    """With colour the answer is bold and the head coloured; without the codes it is the same."""
    hit = make_hit("Rain fell. It was wet.", (11, 22))
    colored = render_ranking(ranking_of(hit), COLOR, base=BASE)
    assert colored == (
        "1.  \x1b[36mdocs/a.txt#p3\x1b[0m  \x1b[2mline 7\x1b[0m  \x1b[1m0.12\x1b[0m  "
        "\x1b[32mverified\x1b[0m\n"
        ">   Rain fell. \x1b[1mIt was wet.\x1b[0m\n"
    )
    assert SGR.sub("", colored) == render_ranking(ranking_of(hit), PLAIN, base=BASE)


@pytest.mark.parametrize(
    ("status", "code"),
    [(CitationStatus.VERIFIED, 32), (CitationStatus.MOVED, 33), (CitationStatus.GONE, 31)],
)
def test_every_status_has_its_color(status, code):
    """Green holds, yellow has moved, red is gone."""
    hit = replace(make_hit(), status=status)
    assert f"\x1b[{code}m{status}\x1b[0m" in render_ranking(ranking_of(hit), COLOR, base=BASE)


def test_answer_that_is_wrapped_is_marked_on_every_line():
    """The margin marks the lines that hold some of the answer, and no others."""
    text = "Alpha bravo charlie. Delta echo foxtrot golf hotel. India juliett kilo."
    hit = make_hit(text, (21, 51), start=1000)
    assert body(hit, Style(width=24)) == [
        "    Alpha bravo charlie.",
        ">   Delta echo foxtrot",
        ">   golf hotel. India",
        "    juliett kilo.",
    ]


@pytest.mark.parametrize(
    ("width", "longest"), [(1, 20), (20, 20), (60, 60), (100, 100), (999, 100)]
)
def test_lines_are_as_wide_as_the_terminal(width, longest):
    """Text is wrapped at the terminal's width, at least 20 and at most 100 columns."""
    hit = make_hit("ab " * 200)
    lines = body(hit, Style(width=width))
    assert longest - 3 < max(map(len, lines)) <= longest


SIGNALS = (
    Signal(name="constant", value=1.0, share=-6.25),
    Signal(name="bm25_share", value=0.1234567, share=0.456),
    Signal(name="best_cosine", value=1.0, share=12.0),
)


def test_explanation_is_a_table_below_the_text():
    """Each signal has a line with its value and its share, the largest share first."""
    hit = replace(make_hit(), signals=SIGNALS)
    assert body(hit) == [
        ">   Rain fell.",
        "",
        "    signal       value   share",
        "    best_cosine   1.00  +12.00",
        "    bm25_share    0.12   +0.46",
        "    constant      1.00   -6.25",
        "    log-odds of the score   +6.21",
    ]


def test_explanation_is_dim():
    """With colour an explanation steps back; without the codes it is the same."""
    hit = replace(make_hit(), signals=SIGNALS[1:2])
    colored = body(hit, COLOR)
    assert colored[2:] == [
        "    \x1b[2msignal      value   share\x1b[0m",
        "    \x1b[2mbm25_share   0.12   +0.46\x1b[0m",
    ]
    assert [SGR.sub("", line) for line in colored] == body(hit)


NEAR = make_hit("Rain fell. It was wet.", (11, 22), paragraphs=(4, 5), lines=(9, 11), score=0.2)


def nearest(*hits: Hit) -> Ranking:
    """A ranking without hits to which some passages come near."""
    return replace(ranking_of(), nearest=hits)


def test_nearest_passages_do_not_look_like_answers():
    """They stand indented under a label, with their answer sentences alone, and have no rank."""
    text = render_ranking(nearest(make_hit(), replace(NEAR, rank=2)), PLAIN, base=BASE)
    assert text == (
        "Nearest passages, too weak to count as answers:\n"
        "    docs/a.txt#p3  line 7  0.12  verified\n"
        "        Rain fell.\n"
        "    docs/a.txt#p4-5  lines 9-11  0.20  verified\n"
        "        It was wet.\n"
    )


def test_nearest_passages_are_dim():
    """With colour every line steps back, the citation too; without the codes it is the same."""
    colored = render_ranking(nearest(NEAR), COLOR, base=BASE)
    plain = render_ranking(nearest(NEAR), PLAIN, base=BASE)
    assert colored.splitlines() == [f"\x1b[2m{line}\x1b[0m" for line in plain.splitlines()]


def test_nearest_passages_fit_a_narrow_terminal():
    """A citation stays whole, and the text is wrapped."""
    text = render_ranking(nearest(NEAR), Style(width=20), base=BASE)
    assert text.splitlines() == [
        "Nearest", "passages, too", "weak to count as", "answers:",
        "    docs/a.txt#p4-5", "    lines 9-11  0.20  verified", "        It was wet.",
    ]  # fmt: skip


def test_long_sentence_of_a_nearest_passage_is_cut():
    """At most 160 characters are shown, on as many lines as they need."""
    text = render_ranking(nearest(make_hit("ab\ncd " * 100)), Style(width=100), base=BASE)
    _, _, *lines = text.splitlines()
    assert " ".join(line[8:] for line in lines) == f"{('ab cd ' * 100)[:159]}…"


def test_explanation_of_a_nearest_passage_stands_below_its_sentence():
    """Who asks for the signals sees why it is no better."""
    text = render_ranking(nearest(replace(NEAR, signals=SIGNALS[1:2])), PLAIN, base=BASE)
    assert text.splitlines()[3:] == [
        "        signal      value   share",
        "        bm25_share   0.12   +0.46",
    ]


@pytest.mark.parametrize("form", ["md", "tsv", "vimgrep", "paths", "trec"])
def test_nearest_passages_are_for_readers_and_json(form):
    """The other formats print the same as where nothing comes near."""
    assert answers(nearest(NEAR), form=form) == answers(ranking_of(), form=form)


def test_json_of_a_nearest_passage_is_that_of_a_hit():
    """Its fields are the same, in another array."""
    hit = replace(NEAR, signals=SIGNALS)
    found = json.loads(answers(nearest(hit)))
    assert (found["answered"], found["hits"]) == (False, [])
    assert found["nearest"] == json.loads(answers(ranking_of(hit)))["hits"]


def test_question_is_a_heading():
    """A question is shown over its hits on one line, safe and bold."""
    ranking = ranking_of(question="Why\n\x1b[31m?")
    assert answers(ranking, form="text", many=True) == "# Why \ufffd[31m?\n\n"
    assert answers(ranking, form="text", many=True, color=True) == (
        "\x1b[1m# Why \ufffd[31m?\x1b[0m\n\n"
    )


@pytest.mark.parametrize(
    ("path", "more", "where"),
    [
        ("a.txt", {"lines": (7, 9)}, "  lines 7-9"),
        # A text with form feeds has both.
        ("a.txt", {"pages": (3, 3)}, "  line 7"),
        ("a.pdf", {"pages": (3, 3)}, "  page 3"),
        ("a.pdf", {"pages": (3, 4)}, "  pages 3-4"),
        ("a.ipynb", {"cell": 5}, "  cell 5"),
        ("a.docx", {}, ""),
    ],
)
def test_place_is_what_the_format_counts(path, more, where):
    """Text has lines, a PDF pages and a notebook cells; other formats have blocks alone."""
    hit = make_hit(path=path, **more)
    shown = render_ranking(ranking_of(hit), PLAIN, base=BASE)
    assert shown.splitlines()[0] == f"1.  {path}#p3{where}  0.12  verified"


def test_link_opens_the_page():
    """A terminal's link to a PDF leads to the page on which the passage begins."""
    hit = make_hit(path="a b.pdf", pages=(3, 4))
    shown = render_ranking(ranking_of(hit), Style(width=80, links=True), base=BASE)
    assert "\x1b]8;;file:///base/a%20b.pdf#page=3\x1b\\a b.pdf#p3\x1b]8;;" in shown


def test_headings_are_a_path_above_the_passage():
    """They are safe, dim, and wrapped like the text; the passage does not repeat them."""
    blocks = ((BlockKind.HEADING, "Ice", 2), (BlockKind.PARAGRAPH, "It froze."))
    hit = make_hit(blocks=blocks, answer=(4, 13), headings=("The\x1b harbour", "Ice"))
    assert body(hit, Style(width=20)) == [
        "    The\ufffd harbour >",
        "    Ice",
        ">   It froze.",
    ]
    assert body(hit, COLOR)[0] == "    \x1b[2mThe\ufffd harbour > Ice\x1b[0m"


def test_duplicates_are_named_below_the_head():
    """At most three places of the same text are listed, and the others counted."""
    copies = tuple(Citation(path=f"{name}.txt", paragraphs=(1, 1)) for name in "bcdef")
    assert body(make_hit(duplicates=copies)) == [
        "    the same in b.txt#p1, c.txt#p1, d.txt#p1 and 2 more",
        ">   Rain fell.",
    ]


def test_cited_text_is_the_source():
    """What was asked for by its citation has its own lines and markup, and no marks or score."""
    text = (
        "# Rain\r\n \n\f\n  * fell  and\n\tfell for the whole night.\n" + " " * 50 + "It was wet."
    )
    cited = CitedText(place=make_hit().place, text=text, status=CitationStatus.GONE)
    assert render_cited(cited, Style(width=24), base=BASE) == (
        "docs/a.txt#p3\n"
        "    line 7  gone\n"
        "    # Rain\n"
        "\n"
        "      * fell  and\n"
        "     fell for the whole\n"
        "     night.\n"
        "              It was\n"
        "              wet.\n"
    )


UNSAFE = set(map(chr, range(0x20))) - {"\n"} | set(map(chr, range(0x7F, 0xA0)))
UNSAFE |= set("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2069\ufeff")


@given(
    text=st.text(st.characters() | st.sampled_from("\x1b\x07\x9b\u202e\u2066\r\n\t "), min_size=1),
    width=st.integers(0, 200),
    kind=st.sampled_from(BlockKind),
    data=st.data(),
)
def test_no_text_commands_a_terminal(text, width, kind, data):
    """Whatever a document holds: the lines are safe, and no word of it is lost."""
    first = data.draw(st.integers(0, len(text) - 1))
    last = data.draw(st.integers(first + 1, len(text)))
    hit = make_hit(blocks=((kind, text, 1),), answer=(first, last), lead=text, headings=(text,))
    shown = render_ranking(ranking_of(hit, question=text), Style(width=width), base=BASE)
    colored = render_ranking(ranking_of(hit), Style(width=width, color=True), base=BASE)
    shown += render_ranking(nearest(hit), Style(width=width), base=BASE)
    colored += render_ranking(nearest(hit), Style(width=width, color=True), base=BASE)
    assert not set(shown) & UNSAFE
    assert SGR.sub("", colored) == shown
    words = "".join(line[4:] for line in body(make_hit(text, (first, last)), Style(width=width)))
    assert "".join(words.split()) == "".join(make_safe(text).split())


@given(text=st.text(st.characters() | st.sampled_from("\x1b\x9b\u202e\ud800"), min_size=1))
def test_json_is_safe_and_loses_nothing(text):
    """What a terminal would obey is escaped, and every text comes back as it was."""
    hit = replace(make_hit(text), headings=(text, text))
    ranking = ranking_of(hit, question=text)
    line = answers(ranking, form="jsonl")
    indented = answers(ranking)
    found = json.loads(line)
    assert found == json.loads(indented)
    assert [found["question"], found["hits"][0]["text"], *found["hits"][0]["headings"]] == [
        text
    ] * 4
    assert not set(line + indented) & UNSAFE
    assert (line.count("\n"), line[-1]) == (1, "\n")
    (line + indented).encode()


def test_json_of_a_hit_that_moved_has_its_old_place():
    """Places are written the same way; scores have four digits."""
    old = Place(
        citation=Citation(path="docs/a.txt", paragraphs=(1, 2), offsets=(4, 14)),
        chars=(4, 14),
        lines=(1, 3),
    )
    hit = replace(make_hit(start=20), status=CitationStatus.MOVED, indexed=old, headings=("Top",))

    text = answers(ranking_of(hit))

    assert json.loads(text) == {
        "schema": 2, "id": "q1", "question": "Why?", "mode": "dense", "answered": True,
        "hits": [{
            "rank": 1, "score": 0.1235, "citation": "docs/a.txt#p3", "path": "docs/a.txt",
            "paragraphs": [3, 3], "lines": [7, 7], "chars": [20, 30], "headings": ["Top"],
            "text": "Rain fell.", "plain": "Rain fell.", "blocks": ["paragraph"],
            "answer": {"text": "Rain fell.", "plain": "Rain fell.", "chars": [20, 30]},
            "status": "moved",
            "indexed": {
                "citation": "docs/a.txt#p1-2:4-14", "path": "docs/a.txt", "paragraphs": [1, 2],
                "lines": [1, 3], "chars": [4, 14],
            },
        }],
        "nearest": [],
    }  # fmt: skip
    assert text.startswith('{\n  "schema": 2,\n')
    assert json.loads(answers(ranking_of(hit), ranking_of(), many=True)) == [
        json.loads(text), json.loads(text) | {"answered": False, "hits": []},
    ]  # fmt: skip


def test_json_has_what_its_format_has():
    """Pages, the cell and what introduces the passage are there if there are any."""
    hit = make_hit(path="a.pdf", pages=(3, 4), cell=5, lead="You need:")
    found = json.loads(answers(ranking_of(hit)))["hits"][0]
    assert (found["pages"], found["cell"], found["lead"]) == ([3, 4], 5, "You need:")


@pytest.mark.parametrize(
    ("path", "more", "line"),
    [
        ("a.txt", {}, "a.txt:7:1:Rain fell.\n"),
        ("a.pdf", {"pages": (3, 4)}, "a.pdf:7:1:pages 3-4: Rain fell.\n"),
        ("a.ipynb", {"cell": 5}, "a.ipynb:7:1:cell 5: Rain fell.\n"),
        ("a.docx", {}, "a.docx:7:1:Rain fell.\n"),
    ],
)
def test_editors_read_the_page_in_the_text(path, more, line):
    """What has no lines that an editor could open says where the answer is."""
    assert answers(ranking_of(make_hit(path=path, **more)), form="vimgrep") == line
