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
        ("top-level word--word a/b (c)", ["top", "level", "word", "word", "b", "c"]),
        # An identifier or a version follows its parts, as it is written.
        ("max_tokens_2 and __init__", ["max", "token", "2", "max_tokens_2", "init"]),
        ("os.log_level()", ["os", "log", "level", "log_level", "os.log_level"]),
        ("E1044s, 2026.4.11 10.0.0.1", ["e1044", "2026.4.11", "10.0.0.1"]),
        ("V1.2.3 and v2.", ["1.2.3", "v1.2.3", "v2"]),
        ("RFC-9110 CVE-1-2b", ["rfc", "9110", "rfc-9110", "cve", "1", "2", "b", "cve-1-2b"]),
        ("--no-pager --pager", ["pager", "--no-pager", "pager", "--pager"]),
        # So does one letter with a word, and a verb with its particle.
        ("e-mail@example.org", ["e", "mail", "email", "exampl", "org", "example.org"]),
        ("E-mail's x-ray", ["e", "mail", "email", "x", "ray", "xray"]),
        ("Log in", ["log", "login"]),
        ("set-ups, logins", ["set", "up", "setup", "login"]),
        ("Logging in; signs up", ["log", "login", "sign", "signup"]),
        # Not across a mark or a compound, nor a verb that has no such form.
        ("Log. In a log, in log in-house sleep in", ["log", "log", "log", "hous", "sleep"]),
        # Letters that look the same are the same; those of other scripts are words.
        ("ﬁnd ① ｆｕｌｌ", ["find", "1", "full"]),
        ("cafe\N{COMBINING ACUTE ACCENT} café", ["cafe", "cafe"]),
        # Latin letters lose their marks, those of other scripts keep them.
        ("ÉLAN Straße Łódź Æon İzmir", ["elan", "strass", "lodz", "aeon", "izmir"]),
        ("МОСКВА Йод 東京 ガ", ["москва", "йод", "東京", "ガ"]),
        ("\udcff\0\ufeffword\u2028next", ["word", "next"]),
    ],
)
def test_text_is_taken_apart_into_terms(text, terms):
    """Lower case, without stop words, stemmed, in order."""
    assert analyse(text) == terms


@pytest.mark.parametrize(
    ("form", "others"),
    [
        ("login", ["log in", "log-in", "logged in", "logging-in", "logins"]),
        ("backup", ["back up", "backs up", "back-ups"]),
        ("rollback", ["roll back", "rolled back", "roll-backs"]),
        ("timeout", ["time out", "timing out", "time-out"]),
        ("email", ["e-mail", "E-mails"]),
        ("Muller", ["Müller"]),
        ("max tokens", ["max_tokens", "model.max_tokens", "--max-tokens"]),
    ],
)
def test_forms_of_a_word_find_each_other(form, others):
    """Every other form has all the terms of the first."""
    for other in others:
        assert set(analyse(form)) <= set(analyse(other))


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
