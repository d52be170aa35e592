"""A segment gives back what was written into it, and nothing that was not verified."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from askdocs.datamodel import Passage, PassageSettings, StoredPassage
from askdocs.documents import read_document
from askdocs.errors import DamagedIndexError
from askdocs.files import read_verified
from askdocs.passages import cut_passages
from askdocs.store.lexical import LexicalReader, TermStatistics
from askdocs.store.segment import (
    DENSE,
    FILES,
    LEXICAL,
    SENTENCES,
    TEXTS,
    SegmentReader,
    SegmentWriter,
)

MakeVectors = Callable[..., NDArray[np.float32]]
DIMENSION = 8

DOCUMENTS = {
    "a.txt": "The ship sank. Nobody drowned there.\n\nA moon rose over the harbour of the old town "
    "that night. It rained until morning.",
    "b/c.txt": "",
    "b/d.txt": "Ships and rain. Rain and ships. More ships than rain, and more rain than moon, said "
    "the old captain.",
}


class Segment:
    """A segment in a folder, with what was written into it and a count of what is verified."""

    def __init__(self, directory: Path, vectors: NDArray[np.float32]) -> None:
        """Write the documents of this module, with one of the vectors for each sentence."""
        self.directory = directory
        self.vectors = vectors
        self.verified: list[str] = []
        self.passages: list[StoredPassage] = []
        writer = SegmentWriter(directory, dimension=DIMENSION)
        sentences = 0
        for path, text in DOCUMENTS.items():
            passages = cut(text)
            for passage in passages:
                self.passages.append(
                    StoredPassage(
                        id=len(self.passages),
                        path=path,
                        encoding="utf-8",
                        first_sentence=sentences,
                        passage=passage,
                    )
                )
                sentences += len(passage.sentences)
            own = vectors[writer.sentences : sentences]
            writer.add(path, "utf-8", text, passages, own)
        self.counts = (writer.passages, writer.sentences)
        self.records = writer.finish()

    def read(self, name: str) -> bytes:
        """The content of a file, verified and noted."""
        self.verified.append(name)
        return read_verified(self.directory / name, self.records[name])

    def reader(self) -> SegmentReader:
        """A new reader."""
        return SegmentReader(self.directory, self.read)


def cut(text: str) -> list[Passage]:
    """The passages of a text, of at most 16 words."""
    return cut_passages(
        read_document("", text),
        PassageSettings(max_tokens=16),
        lambda sentences: [len(one.split()) for one in sentences],
    )


@pytest.fixture
def segment(tmp_path: Path, unit_vectors: MakeVectors) -> Segment:
    """A segment of three documents, one of them empty."""
    directory = tmp_path / "000"
    directory.mkdir()
    return Segment(directory, unit_vectors(7, DIMENSION))


@pytest.fixture
def same(tmp_path: Path) -> SegmentReader:
    """A reader of a thousand passages of the same text, one document each."""
    writer = SegmentWriter(tmp_path, dimension=2)
    vector = np.array([[0.6, 0.8]], np.float32)
    for number in range(1000):
        writer.add(f"{number:04}.txt", "utf-8", "The same ship", cut("The same ship"), vector)
    records = writer.finish()
    return SegmentReader(tmp_path, lambda name: read_verified(tmp_path / name, records[name]))


def test_files_are_what_the_records_say(segment: Segment) -> None:
    """Four files are written, and each is what the manifest will promise."""
    names = sorted(path.name for path in segment.directory.iterdir())

    assert names == sorted(FILES) == sorted(segment.records)
    for name in FILES:
        assert segment.read(name)
    assert segment.counts == (4, 7)


def test_same_documents_give_the_same_files(segment: Segment, tmp_path: Path) -> None:
    """Written again, every file has the same bytes."""
    (tmp_path / "again").mkdir()

    again = Segment(tmp_path / "again", segment.vectors)

    assert again.records == segment.records


def test_texts_are_those_that_were_written(segment: Segment) -> None:
    """Passages, documents and texts are found by id and by path."""
    reader = segment.reader()

    assert reader.passages([3, 0]) == [segment.passages[3], segment.passages[0]]
    assert reader.passages_of("a.txt") == segment.passages[:2]
    assert reader.passages_of("b/c.txt") == []
    assert reader.documents() == [(path, "utf-8") for path in DOCUMENTS]
    assert [reader.text_of(path) for path in DOCUMENTS] == list(DOCUMENTS.values())
    reader.close()


def test_nearest_sentences_are_those_of_brute_force(segment: Segment, unit_vectors) -> None:
    """Ids and cosines are those of comparing with every sentence."""
    asked = unit_vectors(2, DIMENSION, seed=1)

    ids, cosines = segment.reader().dense(asked, 3)

    products = asked @ segment.vectors.T
    assert ids.tolist() == np.argsort(-products, axis=1)[:, :3].tolist()
    np.testing.assert_allclose(cosines, np.take_along_axis(products, ids, axis=1), atol=1e-6)


def test_cosines_are_those_of_each_sentence(segment: Segment, unit_vectors) -> None:
    """For any passages in any order, every sentence has its own exact cosine."""
    asked = unit_vectors(1, DIMENSION, seed=1)[0]
    wanted = [segment.passages[number] for number in (2, 0, 3)]

    found = segment.reader().cosines(asked, wanted)

    products = segment.vectors @ asked
    assert len(found) == 3
    for stored, cosines in zip(wanted, found, strict=True):
        first = stored.first_sentence
        expected = products[first : first + len(stored.passage.sentences)]
        np.testing.assert_allclose(cosines, expected, atol=1e-6)


def test_cosines_of_no_passages_are_none(segment: Segment, unit_vectors) -> None:
    """For each passage there is one array, so for none there is none."""
    assert segment.reader().cosines(unit_vectors(1, DIMENSION)[0], []) == []


def test_stored_vectors_are_those_that_were_written(segment: Segment) -> None:
    """Vectors are given to the bit, in the order asked for."""
    found = segment.reader().vectors(np.array([6, 0]))

    np.testing.assert_array_equal(found, segment.vectors[[6, 0]])


def test_lexical_hits_are_those_with_a_word(segment: Segment) -> None:
    """Only passages with a word of the question are found, best first."""
    reader = segment.reader()

    ids, scores = reader.lexical(["ship", "moon"], 10)

    assert sorted(ids.tolist()) == [0, 1, 2, 3]
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    np.testing.assert_array_equal(scores, reader.bm25(["ship", "moon"], ids))
    every = LexicalReader(segment.read(LEXICAL)).scores(["ship", "moon"])
    np.testing.assert_array_equal(reader.bm25(["ship", "moon"], np.array([3, 1])), every[[3, 1]])


@pytest.mark.parametrize(("terms", "k"), [(["unknown"], 5), ([], 5), (["ship"], 0)])
def test_lexical_side_may_find_nothing(segment: Segment, terms: list[str], k: int) -> None:
    """Unknown words, none, and none wanted all give no passages."""
    ids, scores = segment.reader().lexical(terms, k)

    assert (ids.tolist(), scores.tolist()) == ([], [])


def test_term_statistics_count_passages(segment: Segment) -> None:
    """Terms are counted by passage."""
    statistics = segment.reader().term_statistics(["ship", "unknown"])

    assert statistics == TermStatistics(passages=4, frequencies={"ship": 3, "unknown": 0})


@pytest.mark.parametrize("k", [1, 10, 999, 1000, 2000])
def test_equal_scores_are_cut_off_in_order(same: SegmentReader, k: int) -> None:
    """Of a thousand equal passages, the first k are given, in order."""
    ids, scores = same.lexical(["ship"], k)

    assert ids.tolist() == list(range(min(k, 1000)))
    assert len(set(scores.tolist())) == 1


def test_best_scores_come_before_equal_ones(tmp_path: Path) -> None:
    """A better passage is given first, wherever it stands among equal ones."""
    writer = SegmentWriter(tmp_path, dimension=2)
    vector = np.array([[0.6, 0.8]], np.float32)
    for number in range(100):
        text = "ship ship" if number == 70 else "ship moon"
        writer.add(f"{number:04}.txt", "utf-8", text, cut(text), vector)
    records = writer.finish()
    reader = SegmentReader(tmp_path, lambda name: read_verified(tmp_path / name, records[name]))

    ids, _ = reader.lexical(["ship"], 4)

    assert ids.tolist() == [70, 0, 1, 2]


def test_sentences_know_their_passages(segment: Segment) -> None:
    """Every sentence belongs to the passage that lists it, in the shape that was asked for."""
    expected = [stored.id for stored in segment.passages for _ in stored.passage.sentences]

    found = segment.reader().passages_of_sentences(np.arange(7).reshape(1, 7))

    assert found.tolist() == [expected]


@pytest.mark.parametrize("second", ["b.txt", "a.txt", ""])
def test_documents_come_in_order(tmp_path: Path, second: str) -> None:
    """A path that is not greater than the one before it is a mistake of the caller."""
    writer = SegmentWriter(tmp_path, dimension=2)
    writer.add("b.txt", "utf-8", "", [], np.zeros((0, 2), np.float32))

    with pytest.raises(ValueError, match="must come in order, got "):
        writer.add(second, "utf-8", "", [], np.zeros((0, 2), np.float32))
    writer.abort()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_sentence_has_one_vector(tmp_path: Path, count: int) -> None:
    """More or fewer vectors than sentences are a mistake of the caller."""
    writer = SegmentWriter(tmp_path, dimension=2)
    text = "One ship. Two ships."

    with pytest.raises(ValueError, match=f"must have one vector for each sentence, got {count}"):
        writer.add("a.txt", "utf-8", text, cut(text), np.zeros((count, 2), np.float32))
    writer.abort()


def test_first_path_may_be_empty(tmp_path: Path) -> None:
    """Order is between two documents; the first has none before it."""
    writer = SegmentWriter(tmp_path, dimension=2)

    writer.add("", "utf-8", "", [], np.zeros((0, 2), np.float32))

    assert (writer.passages, writer.sentences) == (0, 0)
    writer.abort()


def test_segment_may_be_empty(tmp_path: Path, unit_vectors: MakeVectors) -> None:
    """A corpus of empty files makes a segment in which nothing is found."""
    writer = SegmentWriter(tmp_path, dimension=DIMENSION)
    writer.add("a.txt", "utf-8", " ", [], np.zeros((0, DIMENSION), np.float32))
    records = writer.finish()
    reader = SegmentReader(tmp_path, lambda name: read_verified(tmp_path / name, records[name]))

    ids, _ = reader.dense(unit_vectors(1, DIMENSION), 5)

    assert reader.lexical(["ship"], 5)[0].tolist() == []
    assert ids.tolist() == [[]]
    assert reader.passages_of_sentences(ids[0]).tolist() == []
    reader.close()


USES = {
    TEXTS: lambda reader: reader.documents(),
    DENSE: lambda reader: reader.vectors(np.array([0])),
    SENTENCES: lambda reader: reader.passages_of_sentences(np.array([0])),
    LEXICAL: lambda reader: reader.term_statistics(["ship"]),
}


@pytest.mark.parametrize("name", FILES)
def test_file_is_verified_before_its_first_use(segment: Segment, name: str) -> None:
    """Nothing is read before it is needed, and each file is verified once."""
    reader = segment.reader()
    assert segment.verified == []

    USES[name](reader)
    USES[name](reader)

    assert segment.verified == [name]
    reader.close()


@pytest.mark.parametrize("name", FILES)
def test_damaged_file_is_not_used(segment: Segment, name: str) -> None:
    """A flipped bit in a file is reported with the file's name, at each attempt."""
    path = segment.directory / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    reader = segment.reader()

    for _ in range(2):
        with pytest.raises(DamagedIndexError) as caught:
            USES[name](reader)
        assert str(caught.value) == f"{path} is not what its manifest says"
    reader.close()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "content", [b"", b"made by another program", b"\x93NUMPY\x01\x00\x05\x00[1,2]"]
)
def test_file_in_no_known_format_is_damage(segment: Segment, name: str, content: bytes) -> None:
    """Bytes that the manifest promises and that are no index of ours are refused all the same."""
    (segment.directory / name).write_bytes(content)
    reader = SegmentReader(segment.directory, lambda name: (segment.directory / name).read_bytes())

    with pytest.raises(DamagedIndexError) as caught:
        USES[name](reader)

    assert str(caught.value).startswith(f"{segment.directory / name} cannot be read: ")
    assert caught.value.hint == "askdocs index --rebuild"
    reader.close()


def test_closed_reader_that_read_nothing_is_fine(segment: Segment) -> None:
    """A reader may be closed before it has opened anything, and more than once."""
    reader = segment.reader()

    reader.close()
    reader.close()

    assert segment.verified == []


def test_abandoned_segment_can_be_removed(tmp_path: Path) -> None:
    """Giving up closes the files, once or twice; what they hold is of no use."""
    writer = SegmentWriter(tmp_path, dimension=2)

    writer.abort()
    writer.abort()

    with pytest.raises(sqlite3.ProgrammingError):
        writer.add("a.txt", "utf-8", "", [], np.zeros((0, 2), np.float32))


@pytest.mark.parametrize("lexical", [True, False])
def test_prepared_reader_reads_nothing_more(segment: Segment, lexical: bool) -> None:
    """Every file that the searches need is verified once, ahead of them, and no other."""
    reader = segment.reader()

    reader.prepare(lexical=lexical)

    assert sorted(segment.verified) == sorted({*FILES} - (set() if lexical else {LEXICAL}))
    reader.dense(segment.vectors[:1], 2)
    reader.passages([0])
    assert len(segment.verified) == len(set(segment.verified)) == (4 if lexical else 3)
    reader.close()
