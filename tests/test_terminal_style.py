"""A style paints and links text, and nothing that comes from outside commands a terminal."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.terminal import BOLD, DIM, Style, count_of

LINKED = re.compile(r"\x1b\]8;;([^\x1b]*)\x1b\\([^\x1b]*)\x1b\]8;;\x1b\\")


def test_link_is_osc_8() -> None:
    """The URL and the text stand between the sequences that begin and end a link."""
    linked = Style(links=True).link("a.txt#p1", "file:///docs/a.txt")

    assert linked == "\x1b]8;;file:///docs/a.txt\x1b\\a.txt#p1\x1b]8;;\x1b\\"


def test_no_link_where_links_are_off() -> None:
    """Colour alone makes no link, and the text is made safe either way."""
    assert Style(color=True).link("a\x1bb", "file:///a") == "a\ufffdb"


def test_no_link_around_nothing() -> None:
    """An empty text stays empty."""
    assert Style(links=True).link("", "file:///a") == ""


@given(text=st.text(min_size=1), url=st.text())
def test_nothing_breaks_out_of_a_link(text: str, url: str) -> None:
    """Whatever the text and the URL are, the link is one, of printable ASCII and safe text."""
    found = LINKED.fullmatch(Style(links=True).link(text, url))

    assert found is not None
    assert re.fullmatch(r"[!-~]*", found[1])
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", found[2])


@pytest.mark.parametrize("name", ["a b.txt", "caf\u00e9;.txt", "100%.txt", "#p1", "\udcff"])
def test_path_is_encoded_once(name: str) -> None:
    """A URL that `Path.as_uri` made stays as it is."""
    address = Path("/docs", name).as_uri()

    found = LINKED.fullmatch(Style(links=True).link("x", address))

    assert found is not None
    assert found[1] == address


def test_paint_is_for_color_alone() -> None:
    """Codes stand around a text that is not empty where colour is on."""
    assert Style(color=True).paint("x", BOLD, DIM) == "\x1b[1;2mx\x1b[0m"
    assert Style(color=True).paint("", BOLD) == ""
    assert Style().paint("x", BOLD) == "x"


def test_number_has_its_noun() -> None:
    """One is singular."""
    assert [count_of(n, "hit") for n in (0, 1, 2)] == ["0 hits", "1 hit", "2 hits"]
