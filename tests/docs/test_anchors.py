"""A link to a heading meets one."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.conftest import PAGES, ROOT


def tokens(page: Path) -> list[Token]:
    """A page as it is parsed."""
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def slugs(page: Path) -> list[str]:
    """The anchors that GitHub gives the headings of a page."""
    found: list[str] = []
    seen: dict[str, int] = {}
    parsed = tokens(page)
    for opening, inline in pairwise(parsed):
        if opening.type == "heading_open":
            title = "".join(child.content for child in inline.children or [])
            slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            number = seen.setdefault(slug, 0)
            seen[slug] += 1
            found.append(f"{slug}-{number}" if number else slug)
    return found


def dangling(page: Path) -> list[str]:
    """The links of a page to headings that are not there."""
    targets = [
        str(child.attrs["href"])
        for token in tokens(page)
        for child in token.children or []
        if child.type == "link_open"
    ]
    links = [(target, *target.split("#", 1)) for target in targets if "#" in target]
    return [
        target
        for target, file, anchor in links
        if ":" not in file and anchor not in slugs(page.parent / file if file else page)
    ]


@pytest.mark.parametrize("page", PAGES)
def test_links_with_an_anchor_meet_a_heading(page):
    """Every link of a page to a heading, its own or another page's, leads there."""
    assert dangling(ROOT / page) == []


def test_slugs_are_those_of_github(tmp_path):
    """Marks go, spaces and hyphens stay, and the second of two equal headings is numbered."""
    page = tmp_path / "page.md"
    page.write_text(
        "# `files`: how do we *touch* the disk?\n\n"
        "## A_b - c\n\n## Same\n\n```sh\n# no heading\n```\n\n## Same\n\nÜber [all](x.md)\n----\n"
    )

    assert slugs(page) == [
        "files-how-do-we-touch-the-disk", "a_b---c", "same", "same-1", "über-all",
    ]  # fmt: skip


def test_dangling_link_is_seen(tmp_path):
    """Links to headings that are not there are found, in a page of their own and in others."""
    (tmp_path / "other.md").write_text("# One\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n\n[a](#here) [b](#gone) [c](other.md#one) [d](other.md#two)\n"
        "[e](https://example.org/#x) [f](other.md)\n\n| [g](#table) |\n|---|\n| `[h](#code)` |\n"
    )
    assert dangling(page) == ["#gone", "other.md#two", "#table"]
