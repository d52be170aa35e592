"""Notebooks are read cell by cell: prose as Markdown, code with the output that explains it."""

import json

import pytest

from askdocs.errors import UnreadableSourceError
from askdocs.records.spans import BlockKind
from askdocs.text.formats.notebook import read

HEADING, PARAGRAPH, ITEM, ROW, CODE = list(BlockKind)[:5]


def notebook(*cells, **fields) -> bytes:
    """Return a notebook of format 4."""
    return json.dumps({"cells": cells, "nbformat": 4, **fields}).encode()


def markdown(source):
    """Return a cell of Markdown."""
    return {"cell_type": "markdown", "source": source}


def code(source, *outputs):
    """Return a cell of code."""
    return {"cell_type": "code", "source": source, "outputs": outputs}


def stream(text, name="stdout"):
    """Return what code has written."""
    return {"output_type": "stream", "name": name, "text": text}


def seen(source: bytes):
    """Return the kind, the reader's text, the cell and the lead of each block."""
    return [(each.kind, each.plain, each.cell, each.lead) for each in read(source).blocks]


def test_cells_are_read_in_order_under_one_heading_path():
    """A source may be a list of lines; markup is read, comments are not."""
    page = read(
        notebook(
            markdown(["# Tea\n", "Needed:\n", "* *hot* water\n", "  * a pot\n"]),
            markdown("<!-- no -->\n\n| a | b |\n|---|---|\n| c | d |"),
            markdown("## Steps"),
            code(["x = 1\n", "  # two"]),
        )
    )

    assert [(each.kind, each.plain, each.cell, each.level, each.lead) for each in page.blocks] == [
        (HEADING, "Tea", 1, 1, 0),
        (PARAGRAPH, "Needed:", 1, 0, 0),
        (ITEM, "hot water", 1, 1, 2),
        (ITEM, "a pot", 1, 2, 3),
        (ROW, "a | b", 2, 0, 0),
        (ROW, "c | d", 2, 0, 5),
        (HEADING, "Steps", 3, 2, 0),
        (CODE, "x = 1\n  # two", 4, 0, 0),
    ]
    assert page.blocks[-1].headings == ("Tea", "Steps")
    assert [page.text[slice(*each.chars)] for each in page.blocks] == [
        each.plain for each in page.blocks
    ]


def test_code_stays_with_what_introduces_it_and_with_its_output():
    """The first output that is text counts, without colours; errors and addresses do not.

    What indents all lines of code is left out, and no more.
    """
    figure = {"text/plain": "<Figure at 0x7f3c>", "image/png": "aGVsbG8="}
    result = {"data": {"text/plain": ["[1,\n", " 2]"]}, "output_type": "execute_result"}
    source = notebook(
        markdown("Now run:"),
        code("f()", stream("warning", "stderr"), {"data": figure}, stream("\x1b[31mred\x1b[0m\n")),
        code("g()", result, stream("later")),
        code(" \n", stream("only")),
        code("   if a:\n     h()"),
    )

    assert seen(source) == [
        (PARAGRAPH, "Now run:", 1, 0),
        (CODE, "f()", 2, 1),
        (CODE, "red", 2, 2),
        (CODE, "g()", 3, 0),
        (CODE, "[1,\n 2]", 3, 4),
        (CODE, "only", 4, 0),
        (CODE, "if a:\n  h()", 5, 0),
    ]


def test_long_output_is_cut():
    """Its beginning says what it is."""
    (_, output) = read(notebook(code("f()", stream("x" * 5_000)))).blocks
    assert output.plain == "x" * 2_000


def test_raw_cells_are_paragraphs():
    """Front matter in one, as Quarto writes it, is context."""
    raw = {"cell_type": "raw", "source": "---\ntitle: Tea\n---\n\nOne\ntwo\n\nthree"}
    page = read(notebook(raw, metadata={"title": "All of tea"}))

    assert page.context == ("All of tea", "Tea")
    assert page.text == "One two\n\nthree"


def test_format_3_is_read():
    """Its cells stand in worksheets; code has an input, and headings are cells."""
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Tea"},
        {"cell_type": "code", "input": ["1 + 1"], "outputs": [
            {"output_type": "stream", "stream": "stderr", "text": "no"},
            {"output_type": "pyout", "text": ["2"]},
        ]},
    ]  # fmt: skip
    source = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}).encode()

    assert seen(source) == [(HEADING, "Tea", 1, 0), (CODE, "1 + 1", 2, 0), (CODE, "2", 2, 2)]


@pytest.mark.parametrize(
    "source", [b"", b"{", b"[]", b"{}", b"\xff\xfe\xfd", b"[" * 100_000, b'"text"']
)
def test_file_that_is_not_a_notebook_fails(source):
    """The user would want to know."""
    with pytest.raises(UnreadableSourceError, match=r"^not a notebook$") as caught:
        read(source)

    assert not caught.value.skipped


@pytest.mark.parametrize(
    "cells",
    [
        None, 1, "text", {}, [1, None, []], [{}], [{"cell_type": "markdown"}],
        [{"cell_type": "markdown", "source": [1, None]}],
        [{"cell_type": "heading", "source": " ", "level": "x"}],
        [{"cell_type": "code", "source": {}, "outputs": [1, {"data": [], "text": 3}]}],
    ],
)  # fmt: skip
def test_cells_of_another_shape_are_passed_over(cells):
    """A notebook that something else has written is read as far as it goes."""
    assert read(json.dumps({"cells": cells}).encode()).blocks == ()
