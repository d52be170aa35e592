"""Terms are what two texts have in common when they speak of the same thing."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.store.analysis import analyse, distinct_terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        (" .,-!\n", []),
        ("The ship of the captain", ["ship", "captain"]),
        ("Ships sinking, shipping SHIPPED", ["ship", "sink", "ship", "ship"]),
        ("Who is it that they're asking?", ["ask"]),
        ("it’s what they’re", []),
        ("Russia's Russia’s", ["russia", "russia"]),
        ("'quoted' ‘word’", ["quot", "word"]),
        # Numbers keep their separators, and lose the mark that ends a sentence.
        ("1,000.5 and 3. In 1999, 4", ["1,000.5", "3", "1999", "4"]),
        ("3rd 4G R2D2", ["3", "rd", "4", "g", "r2d2"]),
        # Marks of every kind part words.
        ("top-level snake_case a/b c.d", ["top", "level", "snake", "case", "b", "c", "d"]),
        ("e-mail@example.org", ["e", "mail", "exampl", "org"]),
        # Letters that look the same are the same; those of other scripts are words.
        ("ﬁnd ① ｆｕｌｌ", ["find", "1", "full"]),
        ("cafe\N{COMBINING ACUTE ACCENT} café", ["café", "café"]),
        ("ÉLAN Straße МОСКВА 東京", ["élan", "straße", "москва", "東京"]),
        ("\udcff\0\ufeffword\u2028next", ["word", "next"]),
    ],
)
def test_text_is_taken_apart_into_terms(text, terms):
    """Lower case, without stop words, stemmed, in order."""
    assert analyse(text) == terms


def test_distinct_terms_come_in_order_of_appearance():
    """A term that stands several times counts once."""
    assert distinct_terms("Moon ships, the moon, a SHIP and rain") == ["moon", "ship", "rain"]


@given(text=st.text(string.printable, max_size=40))
def test_case_does_not_matter(text):
    """A question in capitals finds what one in small letters finds."""
    assert analyse(text.upper()) == analyse(text.lower())


@given(text=st.text(max_size=40))
def test_terms_can_be_stored(text):
    """A term is never empty, has no white space and is UTF-8, whatever the text."""
    for term in analyse(text):
        assert term.encode().decode() == term
        assert term.split() == [term]


@given(left=st.text(max_size=20), right=st.text(max_size=20))
def test_terms_of_lines_are_those_of_the_text(left, right):
    """What stands in one line has no influence on the terms of another."""
    assert analyse(f"{left}\n{right}") == analyse(left) + analyse(right)
