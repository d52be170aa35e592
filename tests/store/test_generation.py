"""A generation gives back what was written into it, however it is cut into segments."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from askdocs.disk import durable
from askdocs.disk.access import digest
from askdocs.disk.verified import VerifiedFile, blocks_name
from askdocs.errors import DamagedIndexError
from askdocs.records.manifest import FileRecord, PassageSettings
from askdocs.records.spans import Passage, StoredPassage
from askdocs.store.analysis import TermStatistics
from askdocs.store.local import GenerationReader
from askdocs.store.partition import by_segment
from askdocs.store.writer import GenerationWriter
from askdocs.text.cutting import cut_passages
from askdocs.text.document import read_document

MakeVectors = Callable[..., NDArray[np.float32]]
DIMENSION = 8
FILES = ["dense.faiss", "documents.jsonl", "lexical.npys", "passages.jsonl", "tables.npys"]

DOCUMENTS = {
    "a.txt": "The ship sank. Nobody drowned there.\n\nA moon rose over the harbour of the old town "
    "that night. It rained until morning.",
    "b/c.txt": "",
    "b/d.txt": "Ships and rain. Rain and ships. More ships than rain, and more rain than moon, said "
    "the old captain.",
}


def cut(text: str) -> list[Passage]:
    """The passages of a text, of at most 16 words."""
    return cut_passages(
        read_document("", text),
        PassageSettings(max_tokens=16),
        lambda sentences: [len(one.split()) for one in sentences],
    )


class Written:
    """A generation in a folder, with what was written into it and a note of what is opened."""

    def __init__(self, directory: Path, records: Mapping[str, FileRecord]) -> None:
        """Remember what was written."""
        self.directory = directory
        self.records = records
        self.opened: list[str] = []

    def open(self, name: str) -> VerifiedFile:
        """A file as `index` opens it."""
        self.opened.append(name)
        path = self.directory / name
        return VerifiedFile(path, self.records[name], self.records.get(blocks_name(name)))

    def reader(self) -> GenerationReader:
        """A new reader."""
        return GenerationReader(self.open, names=self.records)


def write(
    directory: Path,
    documents: Mapping[str, str],
    vectors: NDArray[np.float32],
    *,
    segments: int = 1,
) -> Written:
    """Write documents with one of the vectors for each sentence, in order of path."""
    passages = {path: cut(text) for path, text in sorted(documents.items())}
    counts = {path: sum(len(one.sentences) for one in own) for path, own in passages.items()}
    ends = dict(zip(counts, np.cumsum(list(counts.values())).tolist(), strict=True))
    directory.mkdir()
    writer = GenerationWriter(directory, dimension=vectors.shape[1], segments=segments)
    for number, paths in enumerate(by_segment(passages, segments)):
        with writer.segment(number) as segment:
            for path in paths:
                own = vectors[ends[path] - counts[path] : ends[path]]
                segment.add(path, "utf-8", documents[path], passages[path], own)
    assert (writer.passages, writer.sentences) == (
        sum(map(len, passages.values())),
        sum(counts.values()),
    )
    return Written(directory, writer.finish())


@pytest.fixture
def vectors(unit_vectors: MakeVectors) -> NDArray[np.float32]:
    """One vector for each sentence of the documents of this module."""
    return unit_vectors(7, DIMENSION)


@pytest.fixture
def written(tmp_path: Path, vectors: NDArray[np.float32]) -> Written:
    """The documents of this module in one segment."""
    return write(tmp_path / "generation", DOCUMENTS, vectors)


@pytest.fixture
def stored() -> list[StoredPassage]:
    """The passages of the documents of this module as they come back from one segment."""
    found: list[StoredPassage] = []
    sentences = 0
    for path, text in DOCUMENTS.items():
        for passage in cut(text):
            found.append(
                StoredPassage(
                    id=len(found),
                    path=path,
                    encoding="utf-8",
                    first_sentence=sentences,
                    passage=passage,
                )
            )
            sentences += len(passage.sentences)
    return found


@pytest.fixture
def same(tmp_path: Path) -> GenerationReader:
    """A reader of a thousand passages of the same text, one document each."""
    documents = {f"{number:04}.txt": "The same ship" for number in range(1000)}
    vector = np.array([[0.6, 0.8]], np.float32)
    return write(tmp_path / "same", documents, np.repeat(vector, 1000, axis=0)).reader()


def test_files_are_what_the_records_say(written):
    """Five files are written for a small index, and each is what the manifest will promise."""
    names = sorted(
        path.relative_to(written.directory).as_posix()
        for path in written.directory.rglob("*")
        if path.is_file()
    )

    assert names == sorted(written.records) == [f"000/{name}" for name in FILES]
    for name in names:
        file = written.open(name)
        assert file.read(0, file.size) == (written.directory / name).read_bytes()


def test_same_documents_give_the_same_files(written, vectors, tmp_path):
    """Written again, every file has the same bytes."""
    assert write(tmp_path / "again", DOCUMENTS, vectors).records == written.records


def test_texts_are_those_that_were_written(written, stored):
    """Passages, documents and texts are found by id and by path."""
    reader = written.reader()

    assert reader.passages([3, 0, 3]) == [stored[3], stored[0], stored[3]]
    assert reader.passages([]) == []
    assert reader.passages_of("a.txt") == stored[:2]
    assert reader.passages_of("b/c.txt") == reader.passages_of("c.txt") == []
    assert reader.documents() == [(path, "utf-8") for path in DOCUMENTS]
    assert [reader.text_of(path) for path in DOCUMENTS] == list(DOCUMENTS.values())
    assert reader.text_of("c.txt") == ""
    reader.close()


@pytest.mark.parametrize("ids", [[4], [-1], [0, 1, 4]])
def test_unknown_passage_is_an_error(written, ids):
    """An id that was never given out is a mistake of the caller."""
    with pytest.raises(KeyError):
        written.reader().passages(ids)


def test_nearest_sentences_are_those_of_brute_force(written, vectors, unit_vectors):
    """Ids and cosines are those of comparing with every sentence."""
    asked = unit_vectors(2, DIMENSION, seed=1)

    ids, cosines = written.reader().dense(asked, 3)

    products = asked @ vectors.T
    assert ids.tolist() == np.argsort(-products, axis=1)[:, :3].tolist()
    np.testing.assert_allclose(cosines, np.take_along_axis(products, ids, axis=1), atol=1e-6)


def test_stored_vectors_are_those_that_were_written(written, vectors):
    """Vectors are given to the bit, in the order asked for."""
    reader = written.reader()

    found = reader.vectors(np.array([6, 0]))

    np.testing.assert_array_equal(found, vectors[[6, 0]])
    np.testing.assert_array_equal(reader.stored_vectors(np.array([6, 0])), found)


def test_lexical_hits_are_those_with_a_word(written):
    """Only passages with a word of the question are found, best first."""
    reader = written.reader()

    ids, scores = reader.lexical(["ship", "moon"], 10)

    assert sorted(ids.tolist()) == [0, 1, 2, 3]
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    np.testing.assert_array_equal(scores, reader.bm25(["ship", "moon"], ids))


@pytest.mark.parametrize(("terms", "k"), [(["unknown"], 5), ([], 5), (["ship"], 0)])
def test_lexical_side_may_find_nothing(written, terms, k):
    """Unknown words, none, and none wanted all give no passages."""
    ids, scores = written.reader().lexical(terms, k)

    assert (ids.tolist(), scores.tolist()) == ([], [])


def test_term_statistics_count_passages(written):
    """Terms are counted by passage."""
    statistics = written.reader().term_statistics(["ship", "unknown"])

    assert statistics == TermStatistics(passages=4, frequencies={"ship": 3, "unknown": 0})


@pytest.mark.parametrize("k", [1, 10, 999, 1000, 2000])
def test_equal_scores_are_cut_off_in_order(same, k):
    """Of a thousand equal passages, the first k are given, in order, by either side."""
    ids, scores = same.lexical(["ship"], k)
    nearest, _ = same.dense(np.array([[1, 0]], np.float32), k)

    assert ids.tolist() == nearest[0].tolist() == list(range(min(k, 1000)))
    assert len(set(scores.tolist())) == 1


def test_sentences_know_their_passages(written, stored):
    """Every sentence belongs to the passage that lists it, in the shape that was asked for."""
    expected = [one.id for one in stored for _ in one.passage.sentences]

    found = written.reader().passages_of_sentences(np.arange(7).reshape(1, 7))

    assert found.tolist() == [expected]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_sentence_has_one_vector(tmp_path, count):
    """More or fewer vectors than sentences are a mistake of the caller."""
    writer = GenerationWriter(tmp_path, dimension=2)
    text = "One ship. Two ships."
    message = f"must have one vector for each sentence, got {count}"

    with pytest.raises(ValueError, match=message), writer.segment(0) as segment:
        segment.add("a.txt", "utf-8", text, cut(text), np.zeros((count, 2), np.float32))


def test_generation_may_be_empty(tmp_path, unit_vectors):
    """A corpus of empty files makes an index in which nothing is found."""
    reader = write(tmp_path / "generation", {"a.txt": " "}, unit_vectors(0, DIMENSION)).reader()

    ids, _ = reader.dense(unit_vectors(1, DIMENSION), 5)

    assert reader.lexical(["ship"], 5)[0].tolist() == []
    assert ids.tolist() == [[]]
    assert reader.passages_of_sentences(ids[0]).tolist() == []
    assert reader.documents() == [("a.txt", "utf-8")]
    reader.close()


USES = {
    "documents.jsonl": lambda reader: reader.documents(),
    "dense.faiss": lambda reader: reader.vectors(np.array([0])),
    "passages.jsonl": lambda reader: reader.text_of("a.txt"),
    "tables.npys": lambda reader: reader.passages_of_sentences(np.array([0])),
    "lexical.npys": lambda reader: reader.term_statistics(["ship"]),
}


@pytest.mark.parametrize("name", FILES)
def test_damaged_file_is_not_used(written, name):
    """A flipped bit in a file is reported with the file's name, at each attempt."""
    path = written.directory / "000" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    reader = written.reader()

    for _ in range(2):
        with pytest.raises(DamagedIndexError) as caught:
            USES[name](reader)
        assert str(caught.value) == f"{path} is not what its manifest says"
    reader.close()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "content", [b"", b"made by another program", b"\x93NUMPY\x01\x00\x05\x00[1,2]"]
)
def test_file_in_no_known_format_is_damage(written, name, content):
    """Bytes that the manifest promises and that are not index of ours are refused all the same."""
    path = written.directory / "000" / name
    path.write_bytes(content)
    record = FileRecord(sha256=digest(content), bytes=len(content))
    reader = Written(written.directory, {**written.records, f"000/{name}": record}).reader()

    with pytest.raises(DamagedIndexError) as caught:
        USES[name](reader)

    assert str(caught.value).startswith(f"{path} cannot be read: ")
    assert caught.value.hint == "askdocs repair"
    reader.close()


CUT_OFF = """
import json, os, sys
from pathlib import Path

from askdocs.records.manifest import FileRecord
from askdocs.errors import DamagedIndexError
from askdocs.disk.verified import VerifiedFile, blocks_name
from askdocs.store.local import GenerationReader

folder = Path(sys.argv[1])
records = {name: FileRecord(**one) for name, one in json.loads(sys.argv[2]).items()}


def opened(name):
    return VerifiedFile(folder / name, records[name], records.get(blocks_name(name)))


reader = GenerationReader(opened, names=records)
reader.lexical(["rain"], 3)
os.truncate(folder / "000" / "lexical.npys", 0)
try:
    reader.lexical(["fell"], 3)
except DamagedIndexError as error:
    print(error)
"""


def test_file_that_is_cut_off_between_questions_is_damage(tmp_path, unit_vectors, monkeypatch):
    """A mapped file that lost its end does not end the process, as a look after its end would."""
    monkeypatch.setattr(durable, "LARGE", 1 << 14)
    documents = {"a.txt": "Rain fell. " * 40_000}
    written = write(tmp_path / "generation", documents, unit_vectors(40_000, DIMENSION))
    assert "000/lexical.npys.blocks" in written.records
    records = json.dumps({name: asdict(one) for name, one in written.records.items()})

    ran = subprocess.run(
        [sys.executable, "-c", CUT_OFF, written.directory, records],
        capture_output=True, check=False, text=True, timeout=60,
    )  # fmt: skip

    path = written.directory / "000" / "lexical.npys"
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"{path} is not what its manifest says\n"


def test_closed_reader_that_read_nothing_is_fine(written):
    """A reader may be closed before it has opened anything, and more than once."""
    reader = written.reader()

    reader.close()
    reader.close()

    assert written.opened == []


@pytest.mark.parametrize(
    ("use", "names"),
    [
        (lambda reader: reader.lexical(["ship"], 5), {"tables.npys", "lexical.npys"}),
        (
            lambda reader: reader.dense(np.eye(8, dtype=np.float32), 5),
            {"tables.npys", "dense.faiss"},
        ),
        (lambda reader: reader.text_of("a.txt"), {"tables.npys"}),
    ],
    ids=["lexical", "dense", "text"],
)
def test_only_what_a_question_needs_is_opened(written, use, names):
    """A lexical question opens no vectors and a dense one no terms; lines wait for their use."""
    reader = written.reader()
    assert written.opened == []

    use(reader)
    use(reader)

    lines = {"documents.jsonl", "passages.jsonl"}
    assert sorted(written.opened) == sorted(f"000/{name}" for name in names | lines)
    reader.close()


@pytest.mark.parametrize("lexical", [True, False])
def test_prepared_reader_reads_nothing_more(written, lexical):
    """What the searches need is verified ahead of them: they work when the files are gone."""
    reader, other = written.reader(), written.reader()
    asked = np.eye(8, dtype=np.float32)[:1]
    nearest, best = other.dense(asked, 2)[0], other.lexical(["ship"], 2)[0]

    reader.prepare(lexical=lexical)

    for name in FILES:
        if lexical or name != "lexical.npys":
            (written.directory / "000" / name).unlink()
    ids, _ = reader.dense(asked, 2)
    assert ids.tolist() == nearest.tolist()
    found = reader.passages(reader.passages_of_sentences(ids)[0])
    assert len(found) == 2
    assert reader.lexical(["ship"], 2)[0].tolist() == best.tolist()
    reader.close()
