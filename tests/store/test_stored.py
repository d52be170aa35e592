"""Documents and passages come back from their lines as they were."""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.disk.access import record_of
from askdocs.disk.verified import VerifiedFile
from askdocs.errors import DamagedIndexError
from askdocs.records.blocks import ParsedText, Piece, paragraph_spans
from askdocs.records.spans import BlockKind, Document, Part, Passage, StoredPassage
from askdocs.store.partition import DOCUMENTS
from askdocs.store.stored import PASSAGES, TABLES, TextReader, TextWriter
from askdocs.text.formats import markdown, plain
from askdocs.text.outline import Outline
from tests.store.conftest import SHA256, cut

Given = Sequence[tuple[str, str, ParsedText, list[Passage]]]

PIECES = [
    "# h\n",
    "- i\n",
    "<!-- no -->\n",
    "**b** ",
    "one",
    "Two",
    "w " * 30,
    "é",
    "🚢",
    "\0",
    ". ",
    " ",
    "\n",
    "\n\n",
    "\r\n\r\n",
    "\ufeff",
]
texts = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)

WHOLE = Passage(
    chars=(3, 12), paragraphs=(1, 2), lines=(2, 4), text="One. Two.",
    sentences=((3, 7), (8, 12)), headings=("Outer – “1”", "Inner\n2"),
    plain="One. Two.", readings=((0, 4), (5, 9)),
    parts=(Part(BlockKind.HEADING, 2, 0, 4), Part(BlockKind.PARAGRAPH, 0, 5, 9)),
)  # fmt: skip
PART = Passage(
    chars=(14, 20), paragraphs=(3, 3), lines=(6, 6), text="Six**.", sentences=((14, 20),),
    offsets=(0, 6), plain="Six.", readings=((0, 4),), parts=(Part(BlockKind.ITEM, 1, 0, 4),),
    lead="Count:", pages=(2, 3), cell=4,
)  # fmt: skip
ODD = "\udcff\nodd.txt"


def parsed_of(text: str, *spans: tuple[int, int]) -> ParsedText:
    """A document whose blocks stand at some spans, the second of them hidden."""
    outline = Outline()
    for number, span in enumerate(spans):
        kind = BlockKind.HIDDEN if number == 1 else BlockKind.PARAGRAPH
        outline.add(kind, span, () if number == 1 else (Piece(*span, text[slice(*span)]),))
    return ParsedText(text=text, blocks=tuple(outline.blocks))


DOCUMENTS_OF_THREE: Given = [
    (
        "a.txt",
        SHA256,
        parsed_of("\n\n\nOne. Two.\n\nSix**.. Four.", (3, 7), (8, 12), (14, 27)),
        [WHOLE, PART],
    ),
    ("b.txt", "6" * 64, parsed_of(" "), []),
    (ODD, "7" * 64, parsed_of("xyzOne. Two.", (3, 12)), [WHOLE]),
]


def write(directory: Path, documents: Given) -> None:
    """Write documents, given as path, digest, blocks and passages, into a new folder."""
    directory.mkdir()
    writer = TextWriter(directory)
    for document in documents:
        writer.add(*document)
    writer.finish()


def read(directory: Path) -> TextReader:
    """Read what was written."""
    return TextReader(lambda name: VerifiedFile(directory / name, record_of(directory / name)))


def content_of(directory: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def digest_of(text: str) -> int:
    """The digest of a text as it is documented."""
    return int(np.frombuffer(hashlib.blake2b(text.encode(), digest_size=8).digest(), "<i8")[0])


def all_of(reader: TextReader) -> list[StoredPassage]:
    """Every passage, numbered from 0."""
    numbers = np.arange(len(reader.passages))
    return list(reader.stored(numbers, first_passage=0, first_sentence=0))


def test_passages_come_back_as_they_were(tmp_path):
    """All their fields are kept, and ids count from where they are told."""
    write(tmp_path / "texts", DOCUMENTS_OF_THREE)

    reader = read(tmp_path / "texts")

    expected = [
        StoredPassage(id=12, path=ODD, sha256="7" * 64, first_sentence=103, passage=WHOLE),
        StoredPassage(id=10, path="a.txt", sha256=SHA256, first_sentence=100, passage=WHOLE),
        StoredPassage(id=11, path="a.txt", sha256=SHA256, first_sentence=102, passage=PART),
    ]
    numbers = np.array([2, 0, 1])
    assert list(reader.stored(numbers, first_passage=10, first_sentence=100)) == expected
    assert (len(reader.documents), len(reader.passages), reader.sentences) == (3, 3, 5)
    assert reader.paths() == [("a.txt", SHA256), ("b.txt", "6" * 64), (ODD, "7" * 64)]
    assert [reader.find(path) for path in ("a.txt", "b.txt", ODD)] == [0, 1, 2]
    assert [reader.find(path) for path in ("", "aa.txt", "zz", "\udcff")] == [None] * 4
    # Up to the end of its last passage, a document comes back with its blocks.
    assert [reader.document(number) for number in range(3)] == [
        Document(path="a.txt", text="\n\n\nOne. Two.\n\nSix**.", paragraphs=((3, 7), (8, 8))),
        Document(path="b.txt", text="", paragraphs=()),
        Document(path=ODD, text="xyzOne. Two.", paragraphs=((3, 12),)),
    ]


def test_lines_are_json(tmp_path):
    """Another program reads the lines as they are documented; a path's odd bytes are escaped."""
    write(tmp_path / "texts", DOCUMENTS_OF_THREE)
    content = content_of(tmp_path / "texts")
    assert content[DOCUMENTS] == (
        b'["a.txt", "%b"]\n["b.txt", "%b"]\n["\\udcff\\nodd.txt", "%b"]\n'
        % (b"5" * 64, b"6" * 64, b"7" * 64)
    )
    whole = [3, [1, 2], [2, 4], None, [[0, 4], [5, 9]], ["Outer – “1”", "Inner\n2"]]
    parts = [[0, 2, 0, 4], [1, 0, 5, 9]]
    assert [json.loads(line) for line in content[PASSAGES].splitlines()] == [
        ["\n\n\n", "One. Two.", *whole, parts],
        ["\n\n", "Six**.", 14, [3, 3], [6, 6], [0, 6], [[0, 6]], [],
         [[2, 1, 0, 4]], "Six.", [[0, 4]], "Count:", [2, 3], 4],
        ["xyz", "One. Two.", *whole, parts],
    ]  # fmt: skip


def documents_of(contents: Sequence[str]) -> Given:
    """Texts as documents, every second one of Markdown."""
    parsed = [(plain, markdown)[number % 2].read(text) for number, text in enumerate(contents)]
    return [(f"{number}.txt", SHA256, one, cut(one)) for number, one in enumerate(parsed)]


@given(contents=st.lists(texts, max_size=4))
def test_any_document_can_be_put_together_again(contents):
    """Gaps and passages are the text, up to the last passage, with the blocks that begin there."""
    with tempfile.TemporaryDirectory() as directory:
        documents = documents_of(contents)
        write(Path(directory) / "texts", documents)
        reader = read(Path(directory) / "texts")
        stored = all_of(reader)
        for number, (path, _, parsed, passages) in enumerate(documents):
            document = reader.document(number)
            spans = paragraph_spans(parsed)
            assert [one.passage for one in stored if one.path == path] == passages
            assert len(document.text) == max((one.chars[1] for one in passages), default=0)
            assert parsed.text.startswith(document.text)
            assert list(document.paragraphs) == spans[: len(document.paragraphs)]
            assert all(end > len(document.text) for _, end in spans[len(document.paragraphs) :])


@given(contents=st.lists(texts, max_size=6), cuts=st.lists(st.integers(0, 6), max_size=3))
def test_copied_documents_are_as_if_written(contents, cuts):
    """Documents copied in any pieces, and one written between them, give the same bytes."""
    documents = documents_of(contents)
    bounds = sorted({0, len(documents), *(one for one in cuts if one < len(documents))})
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory) / "one", documents)
        source = read(Path(directory) / "one")
        (Path(directory) / "two").mkdir()
        writer = TextWriter(Path(directory) / "two")

        for turn, (first, last) in enumerate(pairwise(bounds)):
            if turn == 1:
                for document in documents[first:last]:
                    writer.add(*document)
            else:
                writer.copy(source, first, last)
        writer.finish()

        assert content_of(Path(directory) / "one") == content_of(Path(directory) / "two")


@pytest.mark.parametrize("second", ["b.txt", "a.txt", ""])
def test_documents_come_in_order(tmp_path, second):
    """A path that is not greater than the one before it is a mistake of the caller."""
    write(tmp_path / "texts", [(second, SHA256, parsed_of(""), [])])
    writer = TextWriter(tmp_path)
    writer.add("b.txt", SHA256, parsed_of(""), [])
    with pytest.raises(ValueError, match=r"must come in order, got .* after 'b\.txt'"):
        writer.add(second, SHA256, parsed_of(""), [])
    with pytest.raises(ValueError, match=r"must come in order, got .* after 'b\.txt'"):
        writer.copy(read(tmp_path / "texts"), 0, 1)
    writer.abort()


def test_line_that_is_not_json_is_damage(tmp_path):
    """A line that another program wrote is refused by the name of its file."""
    write(tmp_path / "texts", DOCUMENTS_OF_THREE)
    path = tmp_path / "texts" / PASSAGES
    path.write_bytes(path.read_bytes().replace(b"[", b"{"))
    with pytest.raises(DamagedIndexError, match=r"passages\.jsonl cannot be read: "):
        all_of(read(tmp_path / "texts"))


def test_only_the_lines_asked_for_are_read(tmp_path):
    """Of a million bytes of passages, one passage costs its own line."""
    parsed = plain.read("w" * 1000)
    documents = [(f"{n:04}", SHA256, parsed, cut(parsed)) for n in range(1000)]
    write(tmp_path / "texts", documents)
    asked: list[tuple[str, int]] = []

    class Noting(VerifiedFile):
        """Notes what is read."""

        def read(self, start: int, end: int) -> memoryview:
            """Note how much."""
            asked.append((self.path.name, end - start))
            return super().read(start, end)

    reader = TextReader(
        lambda name: Noting(tmp_path / "texts" / name, record_of(tmp_path / "texts" / name))
    )
    list(reader.stored(np.array([500]), first_passage=0, first_sentence=0))

    assert [(name, size) for name, size in asked if name != TABLES] == [
        (DOCUMENTS, len(f'["0500", "{SHA256}"]\n')),
        (PASSAGES, len(content_of(tmp_path / "texts")[PASSAGES].splitlines()[500]) + 1),
    ]


def test_tables_are_seven_arrays(tmp_path):
    """NumPy alone reads them: offsets of lines, of what belongs to them, digests, spans of blocks."""
    write(tmp_path / "texts", DOCUMENTS_OF_THREE)
    content = content_of(tmp_path / "texts")

    with (tmp_path / "texts" / TABLES).open("rb") as file:
        arrays = [np.load(file, allow_pickle=False).tolist() for _ in range(7)]
        rest = file.read()

    lines = [content[name].splitlines(keepends=True) for name in (DOCUMENTS, PASSAGES)]
    assert arrays == [
        np.cumsum([0, *map(len, lines[0])]).tolist(),
        np.cumsum([0, *map(len, lines[1])]).tolist(),
        [0, 2, 2, 3],
        [0, 2, 3, 5],
        [0, 3, 3, 4],
        [digest_of(text) for text in ("One. Two.", "Six.", "One. Two.")],
        [[3, 7], [8, 8], [14, 27], [3, 12]],
    ]
    assert rest == b""
