"""Answers from files that have changed cite them as they are now."""

from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.records.results import CitationStatus, Hit
from askdocs.search.index import Index
from askdocs.search.options import AskOptions

OpenDocs = Callable[..., Index]
QUESTION = "Who mends the nets?"
PLAIN = "Old Marit mends the nets. She works in the shed by the pier, and sings while she does it."
NOTE = (
    "# Harbour\n\n<!-- Not for visitors. -->\n\nOld Marit **mends** the nets.\nShe works in the "
    "shed by the pier,\nand sings while she does it.\n\n## Ferry\n\n<!-- To be written. -->\n"
)
WINDOWS = NOTE.replace("\n", "\r\n")


def best_hit(index: Index) -> Hit:
    """The first hit of the question."""
    return index.ask(QUESTION, AskOptions(mode="lexical")).hits[0]


def assert_hit_is_of(hit: Hit, text: str) -> None:
    """Text, characters, lines and answer are those of a file of this text."""
    start, end = hit.place.chars
    assert hit.text == text[start:end]
    assert hit.place.lines == (text.count("\n", 0, start) + 1, text.count("\n", 0, end - 1) + 1)
    first, last = hit.answer.chars
    assert hit.answer.text == text[first:last]
    assert hit.answer.text.split() == ["Old", "Marit", "**mends**", "the", "nets."]
    line = text.count("\n", 0, first) + 1
    assert hit.answer.begins == (line, first - text.rfind("\n", 0, first))


@pytest.mark.parametrize(("before", "now"), [(NOTE, WINDOWS), (WINDOWS, NOTE)])
def test_other_line_ends_change_nothing_but_characters(docs, open_docs, before, now):
    """What git checks out with other line ends is verified, and no document counts as changed."""
    (docs / "a.md").write_bytes(before.encode())
    index = open_docs()
    old = best_hit(index)
    (docs / "a.md").write_bytes(now.encode())
    ranking = index.ask(QUESTION, AskOptions(mode="lexical"))
    hit = ranking.hits[0]
    assert_hit_is_of(old, before)
    assert_hit_is_of(hit, now)
    assert (hit.status, hit.place.lines, ranking.changed) == (
        CitationStatus.VERIFIED, old.place.lines, (),
    )  # fmt: skip
    assert (hit.plain, hit.place.citation.paragraphs) == (old.plain, old.place.citation.paragraphs)
    shown = index.show(str(hit.place.citation))
    assert (shown.text, shown.place, shown.status) == (hit.text, hit.place, hit.status)


@pytest.mark.parametrize(
    ("now", "status", "lines"),
    [
        (NOTE.replace("nets.\nShe works", "nets. She\nworks"), CitationStatus.VERIFIED, (5, 7)),
        (NOTE.replace("nets.\nShe", "nets. She"), CitationStatus.MOVED, (5, 6)),
        (NOTE.replace("mends** the", "mends**\nthe"), CitationStatus.MOVED, (5, 8)),
        (NOTE.replace("# Harbour", "# Harbour\n\nAll year."), CitationStatus.MOVED, (7, 9)),
    ],
)
def test_refilled_paragraph_is_not_gone(docs, open_docs, now, status, lines):
    """Its words are found in order, and the answer in them."""
    (docs / "a.md").write_text(NOTE)
    index = open_docs()
    old = best_hit(index)
    (docs / "a.md").write_text(now)
    hit = best_hit(index)
    assert (hit.status, hit.place.lines) == (status, lines)
    assert hit.plain == old.plain == PLAIN
    assert_hit_is_of(hit, now)
    assert hit.indexed == (old.place if status == CitationStatus.MOVED else None)
    assert index.ask(QUESTION, AskOptions(mode="lexical")).changed == ("docs/a.md",)


def test_other_words_are_gone(docs, open_docs):
    """The hit shows what was indexed, and where it stood."""
    (docs / "a.md").write_text(NOTE)
    index = open_docs()
    old = best_hit(index)
    (docs / "a.md").write_text(NOTE.replace("Marit", "Berit"))
    hit = best_hit(index)
    assert (hit.status, hit.place, hit.text) == (CitationStatus.GONE, old.place, old.text)
    assert (hit.answer.text, hit.answer.begins) == (old.answer.text, None)


@pytest.mark.parametrize("content", [b"Caf\xe9", b"\0", b"# " + b"x" * 40 + b"\n"])
def test_file_that_is_something_else_now_is_gone(docs, open_docs, content):
    """The indexed text is shown, even if the file cannot be decoded any more."""
    (docs / "a.md").write_text(NOTE)
    index = open_docs()
    (docs / "a.md").write_bytes(content)
    assert (best_hit(index).status, best_hit(index).plain) == (CitationStatus.GONE, PLAIN)


def test_extracted_text_is_compared_with_that_of_the_file_now(docs, open_docs):
    """Of a format whose characters are not its text, only the text that is read counts."""
    page = f"<nav>Home</nav><main><p>{PLAIN}</p></main>"
    (docs / "a.html").write_text(page)
    index = open_docs()
    (docs / "a.html").write_text(page.replace("Home", "Start").replace("the nets", "the<br>nets"))
    verified = best_hit(index)
    (docs / "a.html").write_text(page.replace("<p>", "<p>It is cold here.</p><p>"))
    moved = best_hit(index)
    assert (verified.status, verified.place.lines) == (CitationStatus.VERIFIED, (1, 1))
    assert (moved.status, str(moved.place.citation)) == (CitationStatus.MOVED, "docs/a.html#p2")
    assert (moved.text, moved.plain, moved.answer.begins) == (PLAIN, PLAIN, (1, 1))


@pytest.mark.parametrize("name", ["a.html", "a.md", "a.txt", "a.rst"])
def test_line_ends_of_every_text_are_told_from_a_change(docs: Path, open_docs: OpenDocs, name: str):
    """A cited file that git has checked out in another way has not changed."""
    (docs / name).write_bytes(f"<p>{PLAIN}</p>\n\n<!-- . -->\n".encode())
    index = open_docs()
    (docs / name).write_bytes(f"<p>{PLAIN}</p>\r\n\r\n<!-- . -->\r\n".encode())
    same = index.ask(QUESTION, AskOptions(mode="lexical"))
    (docs / name).write_bytes(f"<p>{PLAIN}</p>\n\n<!-- ! -->\n".encode())
    changed = index.ask(QUESTION, AskOptions(mode="lexical"))
    assert same.hits[0].status == changed.hits[0].status == CitationStatus.VERIFIED
    assert (same.changed, changed.changed) == ((), (f"docs/{name}",))
