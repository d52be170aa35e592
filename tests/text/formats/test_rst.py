"""reStructuredText is read as a person reads its pages, each block at its place in the source."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.records.blocks import ParsedText
from askdocs.records.spans import BlockKind
from askdocs.text.formats.rst import read

DOCUMENT = """\
.. A comment.
   Nobody sees it.

=======
 Guide
=======

:Author: Ada
:Abstract: What this is
   about.

.. _install:

Install
-------

Run *this* command, which ``pip``
installs [#note]_ from `the index <https://example.org>`_::

    pip install guide

        indented

.. [#note] Or `any other`.

- Bring **food**:

  1. bread

     The fresh kind.
  2. milk

- Bring\twater.

    Somebody said so.

Term : kind
    What it means.

    And more.

:field: Its body
-o FILE, --out=FILE  Where it goes.

+--------+-------+
| Name   | Size  |
+========+=======+
| *Ada*  | small |
|        | hat   |
+--------+-------+

=====  =====
 Year   Rain
=====  =====
2019   3 mm
2020
=====  =====

| One line
| and another.

>>> 1 + 1
2

----

.. note:: Mind the \u00adgap, |name|.

.. |name| replace:: *friend*
"""
PIECES = [
    *"word other :ref:`text` *em* **strong** ``code`` `x <y>`_ link_ [#]_ |name| \\* \\".split(),
    *(
        " ",
        "  ",
        "\t",
        "\n",
        "\n\n",
        "\n  ",
        "\n    ",
        "\r\n",
        "\x0c",
        "\u2028",
        "\u00ad",
        "\ufeff",
    ),
    *("- ", "1. ", "* ", ":field: ", ".. ", ".. note:: ", ".. code-block:: x\n\n   ", "::\n\n  "),
    *(
        "\n====\n",
        "\n----\n",
        "+--+\n|a |\n+--+\n",
        "== ==\na  b\n== ==\n",
        "== ==\na  b\nabc d\n== ==\n\n",
        ".. versionadded:: ",
        ".. image:: x\n   :alt: word\n\n",
        ".. list-table:: x\n\n   * - a\n     - b\n   * - c\n\n",
        "| ",
        ">>> ",
        ".. [#] ",
    ),
    *(".. |name| replace:: x\n", ".. _link: x\n", ".. csv-table::\n\n   1, 2\n", "-o  option\n"),
]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
# What is read between the parts of a block stands for what is written there.
JOINTS = re.compile(r"\s*[|:,]?\s*")


def blocks(text: str) -> list[tuple[str, str]]:
    """Kind and reader's text of the blocks that are seen."""
    return [(b.kind.value, b.plain) for b in read(text).blocks if b.kind != BlockKind.HIDDEN]


def sources(parsed: ParsedText, kind: BlockKind) -> list[str]:
    """The source of each block of a kind."""
    return [parsed.text[slice(*b.chars)] for b in parsed.blocks if b.kind == kind]


def test_document_is_read_by_its_structure():
    """Every construct becomes the block that a reader sees."""
    assert blocks(DOCUMENT) == [
        ("heading", "Guide"),
        ("metadata", ""),
        ("metadata", ""),
        ("heading", "Install"),
        ("paragraph", "Run this command, which pip installs from the index:"),
        ("code", "pip install guide\n\n    indented"),
        ("footnote", "Or any other."),
        ("item", "Bring food:"),
        ("item", "bread The fresh kind."),
        ("item", "milk"),
        ("item", "Bring water."),
        ("quotation", "Somebody said so."),
        ("definition", "Term : kind: What it means. And more."),
        ("definition", "field: Its body"),
        ("definition", "-o FILE, --out=FILE: Where it goes."),
        ("row", "Name | Size"),
        ("row", "Ada | small hat"),
        ("row", "Year | Rain"),
        ("row", "2019 | 3 mm"),
        ("row", "2020"),
        ("paragraph", "One line and another."),
        ("code", ">>> 1 + 1\n2"),
        ("paragraph", "Mind the gap, friend."),
    ]


def test_blocks_know_what_introduces_them():
    """Headings have levels, lists a sentence or an item before them, rows a header."""
    parsed = read(DOCUMENT)
    number = {block.plain: block.number for block in parsed.blocks}
    assert {
        block.plain: (block.level, block.lead)
        for block in parsed.blocks
        if block.level or block.lead
    } == {
        "Guide": (1, 0),
        "Install": (2, 0),
        "pip install guide\n\n    indented": (
            0,
            number["Run this command, which pip installs from the index:"],
        ),
        "Bring food:": (1, 0),
        "bread The fresh kind.": (2, number["Bring food:"]),
        "milk": (2, number["Bring food:"]),
        "Bring water.": (1, 0),
        "Ada | small hat": (0, number["Name | Size"]),
        "2019 | 3 mm": (0, number["Year | Rain"]),
        "2020": (0, number["Year | Rain"]),
        ">>> 1 + 1\n2": (0, number["One line and another."]),
    }
    assert parsed.blocks[-2].headings == ("Guide", "Install")
    assert parsed.context == ("What this is about.",)


@pytest.mark.parametrize(
    "table",
    [
        (
            ".. list-table:: Codes\n   :header-rows: 1\n   :widths: 1 9\n\n"
            "   * - a\n     - b\n   * - 1\n     - 2\n   * - 3\n     - 4"
        ),
        ".. csv-table:: Codes\n   :widths: 1 9\n   :header: a, b\n   :align: left\n\n   1, 2\n   3, 4",
        (
            ".. table:: Codes\n   :align: left\n\n"
            "   == ==\n   a  b\n   == ==\n   1  2\n   3  4\n   == =="
        ),
    ],
)
def test_title_introduces_its_table(table):
    """The header follows the title, with nothing hidden between, and the rows the header."""
    assert [(b.number, b.plain, b.lead) for b in read(table).blocks] == [
        (1, "Codes", 0),
        (2, "a | b", 1),
        (3, "1 | 2", 2),
        (4, "3 | 4", 2),
    ]


def test_title_introduces_rows_without_header():
    """Each row has the title as its lead."""
    text = ".. list-table:: Codes\n\n   * - 1\n     - 2\n   * - 3\n     - 4"
    assert [(b.plain, b.lead) for b in read(text).blocks] == [
        ("Codes", 0),
        ("1 | 2", 1),
        ("3 | 4", 1),
    ]


def test_what_is_not_read_is_hidden():
    """Comments, targets, definitions and transitions are nobody's text."""
    assert sources(read(DOCUMENT), BlockKind.HIDDEN) == [
        ".. A comment.\n   Nobody sees it.",
        ".. _install:",
        "----",
        ".. |name| replace:: *friend*",
    ]


def test_blocks_hold_their_markup():
    """The lines around a title, bullets and rules of tables belong to their blocks."""
    parsed = read(DOCUMENT)
    assert sources(parsed, BlockKind.HEADING) == ["=======\n Guide\n=======", "Install\n-------"]
    assert sources(parsed, BlockKind.ITEM)[-1] == "- Bring\twater."
    assert sources(parsed, BlockKind.ROW)[:2] == [
        "+--------+-------+\n| Name   | Size  |\n+========+=======+",
        "| *Ada*  | small |\n|        | hat   |\n+--------+-------+",
    ]


def test_words_are_found_in_the_source():
    """A part of the reader's text is cited as it is written."""
    parsed = read("A `link <x>`_ and\n:class:`~pkg.Name`, \\*starred\n\n")
    block = parsed.blocks[0]
    assert block.plain == "A link and Name, *starred"

    def written(words: str) -> str:
        start = block.plain.index(words)
        return parsed.text[slice(*block.sources([(start, start + len(words))])[0])]

    assert written("link and") == "link <x>`_ and"
    assert written("Name, *s") == ":class:`~pkg.Name`, \\*s"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".. code-block:: python\n   :emphasize-lines: 1\n\n   a = 1", [("code", "a = 1")]),
        (".. toctree::\n   :maxdepth: 2\n\n   intro\n   end", []),
        (".. automodule:: os\n   :members:", []),
        (
            ".. autoclass:: pkg.Retry(a,\n   b)\n   :members:\n\n   Tries again.\n\n   - often",
            [("paragraph", "Tries again."), ("item", "often")],
        ),
        (".. py:module:: os\n   :synopsis: x\n\n   Text.", [("paragraph", "Text.")]),
        (".. rst-class:: lead\n\n   Text.", [("paragraph", "Text.")]),
        (".. rst-class:: lead\n\nText.", [("paragraph", "Text.")]),
        (".. autosummary::\n\n   os.path", []),
        (".. include:: /etc/hostname", []),
        (".. raw:: html\n   :file: /etc/hostname", []),
        (".. csv-table::\n   :file: /etc/hostname", []),
        (".. csv-table::\n   :header: a, b\n\n   1, 2", [("row", "a | b"), ("row", "1 | 2")]),
        (".. list-table::\n\n   * - a\n     - b", [("row", "a | b")]),
        (
            ".. figure:: a.png\n   :alt: x\n\n   A caption.",
            [("paragraph", "x"), ("paragraph", "A caption.")],
        ),
        (
            ".. image:: a.png\n   :alt: A black\n     cat\n   :width: 9",
            [("paragraph", "A black cat")],
        ),
        ("|x| it\n\n.. |x| image:: a.png\n   :alt: See", [("paragraph", "See it")]),
        (".. unheard-of:: Some words\n   and more", [("paragraph", "Some words and more")]),
        (".. unheard-of:: file.txt\n   :option: x\n\n   Text.", [("paragraph", "Text.")]),
        (
            ".. versionadded:: 2.0\n   The option.",
            [("paragraph", "Added in version 2.0: The option.")],
        ),
        (
            ".. deprecated:: 2.1 *Not* this",
            [("paragraph", "Deprecated since version 2.1: Not this")],
        ),
        (".. versionchanged:: 3", [("paragraph", "Changed in version 3")]),
        (
            "In ``a.db`` [#]_. Or [#]_ [#]_, *b* [#]_",
            [("paragraph", "In a.db. Or, b")],
        ),
        (
            ".. py:function:: f(x)\n              g(x)\n   :no-index:\n\n   Does it.\n\n   Really.",
            [("definition", "f(x), g(x): Does it. Really.")],
        ),
        (
            ".. warning::\n\n   * hot\n   * cold",
            [("item", "hot"), ("item", "cold")],
        ),
        (
            "PEP: 8\nTitle: Style\n\nText.",
            [("metadata", ""), ("metadata", ""), ("paragraph", "Text.")],
        ),
        (
            "`default` and :unheard:`of` and |undefined|.",
            [("paragraph", "default and of and undefined.")],
        ),
    ],
)
def test_directives_and_roles_are_read_tolerantly(text, expected):
    """Those of Sphinx and of nobody are text, code, definitions or hidden; no file is read."""
    assert blocks(text) == expected


def test_substitutions_are_read_everywhere():
    """They stand in text, in a link's name and in what a document says of itself."""
    parsed = read(":title: |name| 2\n\nMeet |name| and |name|_.\n\n.. |name| replace:: *Ada*")

    assert parsed.context == ("Ada 2",)
    assert [block.plain for block in parsed.blocks if block.plain] == ["Meet Ada and Ada."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("== ==\na  b\n== ==\ntoo wide\n== ==", None),
        ("+---+\n| a |\n| b\n+---+", None),
        (
            ".. list-table:: Sizes\n   :widths: 1 1\n\n   * - a\n     - b\n   * - c",
            [("paragraph", "Sizes"), ("code", "* - a\n  - b\n* - c")],
        ),
        (".. note:: Mind.\n\n   Gap\n   ===", [("paragraph", "Mind."), ("paragraph", "Gap")]),
    ],
)
def test_what_docutils_refuses_is_read_as_written(text, expected):
    """A malformed table or a title in the wrong place is not lost with the error about it."""
    assert blocks(f"{text}\n\nEnd.") == [*(expected or [("code", text)]), ("paragraph", "End.")]


def test_description_is_context():
    """What a page says of itself for search engines, over several lines and in any language."""
    text = ".. meta::\n   :description lang=en: All about\n      it\n   :keywords: a, b\n\nText."
    assert read(text).context == ("All about it", "a, b")


def test_header_of_a_proposal_is_metadata():
    """Its title is context."""
    assert read("PEP: 8\nTitle: Style Guide\n\nText.").context == ("Style Guide",)


@pytest.mark.parametrize(
    "text", ["- " * 3000, "  " * 500 + "a\n" + "\n".join(" " * n + "a" for n in range(900))]
)
def test_deep_nesting_ends(text):
    """It is read, or the worker says that it is nested too deeply."""
    with suppress(RecursionError):
        read(text)


@given(texts)
def test_every_character_has_one_block(text):
    """Blocks do not overlap, hold all that is not white space, and know where their text stands."""
    parsed = read(text)
    end = 0
    for block in parsed.blocks:
        start, stop = block.chars
        assert not text[end:start].strip(" \t\r\n\x0c\u2028\ufeff")
        assert text[start:stop] == text[start:stop].strip()
        end = start
        for piece in block.pieces:
            assert end <= piece.start <= piece.end <= stop
            end = piece.end
            is_literal = len(piece.text) == piece.end - piece.start
            if is_literal and not JOINTS.fullmatch(piece.text):
                assert re.sub(r"\s", " ", text[piece.start : piece.end]) == re.sub(
                    r"\s", " ", piece.text
                )
        for position in range(len(block.plain)):
            first, last = block.sources([(position, position + 1)])[0]
            assert start <= first <= last <= stop
        end = stop
    assert not text[end:].strip(" \t\r\n\x0c\u2028\ufeff")
