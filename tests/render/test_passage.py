"""A passage is laid out as its author did, in any width."""

import re

from askdocs.records.results import Context
from askdocs.records.spans import BlockKind, Excerpt
from askdocs.render.passage import render_passage
from askdocs.terminal import Style, columns
from tests.render.conftest import excerpt_of, make_hit

PARAGRAPH, ITEM, ROW, CODE = BlockKind.PARAGRAPH, BlockKind.ITEM, BlockKind.ROW, BlockKind.CODE
SGR = re.compile(r"\x1b\[\d+m")


def shown(*blocks, answer="", width=80, color=False, **more):
    """The lines of a passage of some blocks, of which `answer` is a part."""
    plain = "\n".join(block[1] for block in blocks)
    start = plain.index(answer)
    hit = make_hit(blocks=blocks, answer=(start, start + len(answer)), **more)
    return render_passage(hit, Style(width=width, color=color)).splitlines()


STEPS = (
    (PARAGRAPH, "To moor you need:"),
    (ITEM, "a permit from the office", 1),
    (ITEM, "made of paper", 2),
    (ITEM, "12 fenders", 1),
    (ITEM, "10. Wait for the green light.", 1),
    (ITEM, "(a) Enter.", 2),
    (PARAGRAPH, "Then pay."),
)


def test_list_is_a_list():
    """Items have bullets, or their own numbers, and are indented as they are nested."""
    assert shown(*STEPS, answer="made of paper") == [
        "    To moor you need:",
        "",
        "    - a permit from the office",
        ">     - made of paper",
        "    - 12 fenders",
        "    10. Wait for the green light.",
        "      (a) Enter.",
        "",
        "    Then pay.",
    ]


def test_lines_of_an_item_stand_below_its_text():
    """What does not fit into a line is indented by the bullet or number."""
    assert shown(*STEPS, answer="10. Wait for the green light.", width=24)[2:8] == [
        "    - a permit from the",
        "      office",
        "      - made of paper",
        "    - 12 fenders",
        ">   10. Wait for the",
        ">       green light.",
    ]


def test_deep_nesting_leaves_room_for_text():
    """An item is indented by at most half of the width."""
    assert shown((ITEM, "one two three", 40), answer="one", width=24) == [
        f">   {'':<10}- one two",
        f"    {'':<10}  three",
    ]


TABLE = ((ROW, "Day | 曜日 | Price"), (ROW, "Monday | 月曜日 | 8"), (ROW, "Sunday | 日曜日"))


def test_narrow_table_is_aligned():
    """Columns are as wide as their widest cell, which may be of wide characters."""
    assert shown(*TABLE, answer="Monday | 月曜日 | 8") == [
        "    Day    | 曜日   | Price",
        ">   Monday | 月曜日 | 8",
        "    Sunday | 日曜日",
    ]


def test_empty_cells_keep_their_columns():
    """The first cell of a header often names nothing, and the last of a row is often empty."""
    assert shown((ROW, "| Mon | Tue"), (ROW, "Open | 9 |"), (ROW, "| | 18"), answer="| | 18") == [
        "         | Mon | Tue",
        "    Open | 9   |",
        ">        |     | 18",
    ]


def test_wide_table_has_its_rows_one_after_the_other():
    """A row that is too wide is wrapped, its further lines indented; the answer is marked."""
    assert shown(*TABLE, answer="Sunday | 日曜日", width=20) == [
        "    Day | 曜日 |",
        "      Price",
        "    Monday |",
        "      月曜日 | 8",
        ">   Sunday |",
        ">     日曜日",
    ]


def test_rest_of_a_table_has_its_header():
    """What introduces a passage stands above it; a header is aligned with its rows."""
    assert shown(*TABLE[1:], answer="Sunday", lead="Day | 曜日 | Price") == [
        "-   Day    | 曜日   | Price",
        "    Monday | 月曜日 | 8",
        ">   Sunday | 日曜日",
    ]
    assert shown((ITEM, "Wait.", 1), answer="Wait.", lead="To moor you need to:") == [
        "-   To moor you need to:",
        "",
        ">   - Wait.",
    ]


def test_code_is_left_alone():
    """Lines of code keep their spaces, are never wrapped, and tabs become up to four spaces."""
    code = "if a:\n\tb  =  1\n\n  \treturn 'a very long line of code'  "
    assert shown((CODE, code), answer="b  =  1", width=20) == [
        "    if a:",
        ">       b  =  1",
        "",
        "        return 'a very long line of code'",
    ]


def test_blocks_of_one_kind_are_parted():
    """An empty line stands between paragraphs and around other blocks, but not in a glossary."""
    blocks = (
        (PARAGRAPH, "One."),
        (PARAGRAPH, "Two."),
        (BlockKind.QUOTATION, "Three, said the pilot of the ship."),
        (BlockKind.DEFINITION, "Ebb: water goes."),
        (BlockKind.DEFINITION, "Flood: it comes."),
    )
    assert shown(*blocks, answer="Two.", width=24) == [
        "    One.",
        "",
        ">   Two.",
        "",
        "      Three, said the",
        "      pilot of the ship.",
        "",
        "    Ebb: water goes.",
        "    Flood: it comes.",
    ]


def test_context_stands_around_the_passage():
    """It is laid out in the same way, and its lines are marked; an empty side is left out."""
    above = excerpt_of((BlockKind.HEADING, "Ice", 2), (ITEM, "Wait.", 1))
    context = Context(before="", after="", above=above, below=Excerpt("", ()))
    assert shown((PARAGRAPH, "It froze."), answer="It froze.", context=context) == [
        "-   Ice",
        "",
        "-   - Wait.",
        "",
        ">   It froze.",
    ]


def test_color_only_adds_to_the_text():
    """The answer is bold, context and lead are dim; without the codes it is the same."""
    context = Context(before="", after="", above=Excerpt("", ()), below=excerpt_of(*TABLE))
    blocks = [(ITEM, "1. Rain fell. It was wet.", 1), (CODE, "a = 1"), *TABLE]
    colored = shown(*blocks, answer="It was wet.", lead="Do:", context=context, color=True)
    assert colored[2] == ">   1. Rain fell. \x1b[1mIt was wet.\x1b[0m"
    assert (colored[0], colored[-1]) == (
        "-   \x1b[2mDo:\x1b[0m",
        "-   \x1b[2mSunday | 日曜日\x1b[0m",
    )
    plain = shown(*blocks, answer="It was wet.", lead="Do:", context=context)
    assert [SGR.sub("", line) for line in colored] == plain
    assert shown(*TABLE, answer="Sunday", color=True)[-1] == ">   \x1b[1mSunday | 日曜日\x1b[0m"


def test_no_line_but_code_is_wider_than_the_terminal():
    """From 20 to 100 columns every other block fits."""
    for width in (20, 40, 80, 100):
        lines = shown(*STEPS, *TABLE, answer="Then pay.", width=width, lead="Before you enter:")
        assert max(map(columns, lines)) <= width
