"""How the structure of Markdown is kept when a document is cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.records.manifest import PassageSettings
from askdocs.text.cutting import cut_passages
from askdocs.text.document import read_document
from tests.text.conftest import count_words


def cut(text, *, path="a.md", max_tokens=40):
    """Text and headings of every passage."""
    document = read_document(path, text)
    passages = cut_passages(document, PassageSettings(max_tokens=max_tokens), count_words)
    return [(passage.text, passage.headings) for passage in passages]


LONG = "one two three four five six seven eight nine ten eleven twelve thirteen."


FENCED = f"sh\n{LONG}\n\n# not a heading\n\n{LONG}\n"
MIXED = f"````\n{LONG}\n\n```\n\n~~~\n\n{LONG}\n````"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A passage knows the headings above it, outermost first; one of the same level ends one.
        (
            f"# Guide\n\n{LONG}\n\n## Set-up ##\n\n{LONG}\n\n{LONG}\n\n# Notes\n\n{LONG}\n",
            [
                (f"# Guide\n\n{LONG}", ("Guide",)),
                (f"## Set-up ##\n\n{LONG}", ("Guide", "Set-up")),
                (LONG, ("Guide", "Set-up")),
                (f"# Notes\n\n{LONG}", ("Notes",)),
            ],
        ),
        # Headings without text between them are one introduction.
        (f"# A\n\n## B\n\n{LONG}", [(f"# A\n\n## B\n\n{LONG}", ("A", "B"))]),
        # A heading introduces what follows, however long it is.
        (f"# {LONG}\n\n{LONG}", [(f"# {LONG}\n\n{LONG}", (LONG,))]),
        # A short paragraph before a heading does not take the next section's heading.
        (
            f"{LONG}\n\nSee also.\n\n# Next\n\n{LONG}",
            [(LONG, ()), ("See also.", ()), (f"# Next\n\n{LONG}", ("Next",))],
        ),
        # A heading without a blank line after it gives its path all the same.
        (f"# A\n{LONG}\n\n{LONG}", [(f"# A\n{LONG}", ("A",)), (LONG, ("A",))]),
        # A heading at the end of a document is a passage of its own.
        (f"{LONG}\n\n# End", [(LONG, ()), ("# End", ("End",))]),
        # Blank lines inside a fence do not cut it, and a `#` in it is not a heading.
        *(
            (
                f"{LONG}\n\n{m}{FENCED}{m}\n\n{LONG}",
                [(LONG, ()), (f"{m}{FENCED}{m}", ()), (LONG, ())],
            )
            for m in ("```", "````", "~~~")
        ),
        # A shorter or another mark inside a fence does not end it.
        (MIXED, [(MIXED, ())]),
        # Everything below an unclosed fence is in it.
        ("```\n\n# no heading\n\nx", [("```\n\n# no heading\n\nx", ())]),
    ],
)
def test_structure_is_kept(text, expected):
    """Headings give the path of what is below them, and a fenced block is one passage."""
    assert cut(text) == expected


def test_fenced_block_over_the_budget_is_cut_between_paragraphs():
    """A fence that does not fit is cut like other text, and nothing is lost."""
    code = f"```\n{LONG}\n\n{LONG}\n```"
    assert [text for text, _ in cut(code, max_tokens=16)] == [f"```\n{LONG}", f"{LONG}\n```"]


@pytest.mark.parametrize("line", ["#no", "####### no", "    # no", "no # no"])
def test_what_looks_like_a_heading_is_none(line):
    """A heading needs one to six marks with a space after them, and at most three before."""
    assert {headings for _, headings in cut(f"{LONG}\n\n{line}\n\n{LONG}")} == {()}


def test_other_documents_have_no_structure():
    """A `#` in a plain text means nothing."""
    assert cut(f"# Guide\n\n{LONG}", path="a.txt") == [(f"# Guide\n\n{LONG}", ())]


@given(
    st.lists(
        st.sampled_from(
            ["# a", "## b c", "```", "~~~", "x y z.", LONG, "| a | b |", "- item", "    code", ""]
        ),
        max_size=20,
    ).map("\n".join)
)
def test_passages_of_markdown_cover_the_document(text):
    """Passages are in order and hold everything but white space, within the budget."""
    document = read_document("a.md", text)
    passages = cut_passages(document, PassageSettings(max_tokens=16), count_words)
    assert "".join("".join(one.text for one in passages).split()) == "".join(text.split())
    assert all(before.chars[1] <= after.chars[0] for before, after in pairwise(passages))
    for passage in passages:
        spans = [document.text[start:end] for start, end in passage.sentences]
        assert sum(count_words(spans)) <= 16
