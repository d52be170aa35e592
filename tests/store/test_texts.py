"""Documents and passages come back from the database exactly as they were."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askdocs.datamodel import Passage, PassageSettings, StoredPassage
from askdocs.documents import read_document
from askdocs.errors import RefusedError
from askdocs.passages import cut_passages
from askdocs.store.texts import TextReader, TextWriter

CountWords = Callable[[Sequence[str]], list[int]]
Given = list[tuple[str, str, str, list[Passage]]]

PIECES = ["one", "Two", "w " * 30, "é", "🚢", "\0", ". ", " ", "\n", "\n\n", "\r\n\r\n", "\ufeff"]
texts = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)

WHOLE = Passage(
    chars=(3, 12),
    paragraphs=(1, 2),
    lines=(2, 4),
    text="One. Two.",
    sentences=((3, 7), (8, 12)),
    headings=("Outer – “1”", "Inner\n2"),
)
PART = Passage(
    chars=(14, 20),
    paragraphs=(3, 3),
    lines=(6, 6),
    text="Three.",
    sentences=((14, 20),),
    offsets=(0, 6),
)


def write(path: Path, documents: Given) -> None:
    """Write documents, given as path, encoding, text and passages, into a database."""
    writer = TextWriter(path)
    for document in documents:
        writer.add(*document)
    writer.close()


def cut(text: str) -> list[Passage]:
    """The passages of a text, of at most 16 words."""
    return cut_passages(
        read_document("", text),
        PassageSettings(max_tokens=16),
        lambda sentences: [len(one.split()) for one in sentences],
    )


def test_passages_come_back_as_they_were(tmp_path: Path) -> None:
    """Spans, offsets, headings and text are kept, and ids count over all documents."""
    text = "\n\n\nOne. Two.\n\nThree. Four."
    odd = "\udcff\nodd.txt"
    write(
        tmp_path / "texts",
        [
            ("a.txt", "utf-8", text, [WHOLE, PART]),
            ("b.txt", "latin-1", " ", []),
            (odd, "utf-16-le", "xyzOne. Two.", [WHOLE]),
        ],
    )

    reader = TextReader(tmp_path / "texts")

    first = StoredPassage(id=0, path="a.txt", encoding="utf-8", first_sentence=0, passage=WHOLE)
    second = StoredPassage(id=1, path="a.txt", encoding="utf-8", first_sentence=2, passage=PART)
    third = StoredPassage(id=2, path=odd, encoding="utf-16-le", first_sentence=3, passage=WHOLE)
    assert reader.passages([2, 0, 1, 0]) == [third, first, second, first]
    assert reader.passages([]) == []
    assert reader.passages_of("a.txt") == [first, second]
    assert reader.passages_of("b.txt") == []
    assert reader.passages_of(odd) == [third]
    assert reader.passages_of("c.txt") == []
    assert reader.documents() == [("a.txt", "utf-8"), ("b.txt", "latin-1"), (odd, "utf-16-le")]
    assert reader.text_of("a.txt") == "\n\n\nOne. Two.\n\nThree."
    assert reader.text_of("b.txt") == ""
    assert reader.text_of("c.txt") == ""
    reader.close()


@settings(deadline=None)
@given(contents=st.lists(texts, max_size=4))
def test_any_document_can_be_put_together_again(contents: list[str]) -> None:
    """Gaps and passages are the text, up to the last passage; the rest is white space."""
    given_documents = [(f"{n}.txt", "utf-8", text, cut(text)) for n, text in enumerate(contents)]
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory) / "texts", given_documents)
        reader = TextReader(Path(directory) / "texts")

        for path, _, text, passages in given_documents:
            stored = reader.passages_of(path)
            together = reader.text_of(path)
            assert [one.passage for one in stored] == passages
            assert text.startswith(together)
            assert not passages or not text[len(together) :].strip()
        reader.close()


def test_many_passages_come_at_once(tmp_path: Path) -> None:
    """More passages than SQLite takes values in one statement are found, in their order."""
    write(
        tmp_path / "texts",
        [(f"{number:05}.txt", "utf-8", f"w{number}", cut(f"w{number}")) for number in range(200)],
    )
    reader = TextReader(tmp_path / "texts")
    with closing(sqlite3.connect(":memory:")) as connection:
        limit = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    wanted = [number % 200 for number in range(limit + 1)]

    found = reader.passages(wanted)

    assert [stored.id for stored in found] == wanted
    reader.close()


@pytest.mark.parametrize("ids", [[2], [-1], [0, 1, 2]])
def test_unknown_passage_is_an_error(tmp_path: Path, ids: list[int]) -> None:
    """An id that was never given out is a mistake of the caller."""
    write(tmp_path / "texts", [("a.txt", "utf-8", "", [WHOLE, PART])])
    reader = TextReader(tmp_path / "texts")

    with pytest.raises(KeyError):
        reader.passages(ids)
    reader.close()


def test_same_documents_give_the_same_bytes(tmp_path: Path) -> None:
    """Nothing but what was added is in the file: no time and no place."""
    documents = [("a.txt", "utf-8", "\n\n\nOne. Two.\n\nThree.", [WHOLE, PART])]
    (tmp_path / "other").mkdir()

    write(tmp_path / "texts", documents)
    write(tmp_path / "other" / "texts", documents)

    assert (tmp_path / "texts").read_bytes() == (tmp_path / "other" / "texts").read_bytes()


@pytest.mark.parametrize("folder", ["a?b#c%41d e", "\udcff", "ü\n"])
def test_folder_may_have_any_name(tmp_path: Path, folder: str) -> None:
    """A folder's name is never taken for a part of the address that SQLite is given."""
    (tmp_path / folder).mkdir()
    path = tmp_path / folder / "texts"
    write(path, [("a.txt", "utf-8", "", [WHOLE])])

    reader = TextReader(path)

    assert reader.documents() == [("a.txt", "utf-8")]
    reader.close()


def test_reader_writes_nothing(tmp_path: Path) -> None:
    """Neither the file nor its folder changes while it is read."""
    path = tmp_path / "texts"
    write(path, [("a.txt", "utf-8", "", [WHOLE])])
    before = path.read_bytes()

    reader = TextReader(path)
    reader.passages([0])

    assert os.listdir(tmp_path) == ["texts"]
    reader.close()
    assert path.read_bytes() == before


def test_reader_makes_no_database(tmp_path: Path) -> None:
    """A database that is not there is not made by looking for it."""
    with pytest.raises(sqlite3.OperationalError):
        TextReader(tmp_path / "texts")

    assert list(tmp_path.iterdir()) == []


def test_writer_needs_no_other_file(tmp_path: Path) -> None:
    """While it is written, and when it is given up, there is no journal beside the file."""
    writer = TextWriter(tmp_path / "texts")
    writer.add("a.txt", "utf-8", "", [WHOLE])

    assert os.listdir(tmp_path) == ["texts"]
    writer.abort()
    assert os.listdir(tmp_path) == ["texts"]


def test_full_disk_is_a_refusal(tmp_path: Path, full_disk: Callable[[], object]) -> None:
    """What SQLite cannot write is refused like what any file cannot take."""
    writer = TextWriter(tmp_path / "texts")
    long = " ".join(f"w{number}" for number in range(20_000))

    with full_disk(), pytest.raises(RefusedError, match="texts"):
        writer.add("a.txt", "utf-8", long, cut(long))
        writer.close()
    writer.abort()


def test_folder_that_is_missing_is_a_refusal(tmp_path: Path) -> None:
    """A database that cannot be made is refused by name."""
    with pytest.raises(RefusedError, match="nowhere"):
        TextWriter(tmp_path / "nowhere" / "texts")
