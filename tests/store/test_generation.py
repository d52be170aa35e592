"""A generation gives back what was written into it, however it is cut into segments."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from askdocs.disk.access import digest
from askdocs.disk.verified import VerifiedFile, blocks_name
from askdocs.errors import DamagedIndexError, UnusableIndexError
from askdocs.records.blocks import paragraph_spans
from askdocs.records.manifest import FileRecord
from askdocs.records.spans import Document, StoredPassage
from askdocs.store.arrays import npys
from askdocs.store.local import GenerationReader
from askdocs.store.writer import GenerationWriter
from askdocs.text.formats import plain
from tests.raising import raises
from tests.store.conftest import SHA256, cut, token_codes, unit_vectors

DIMENSION = 8
FILES = ["context.npys", "dense.faiss", "documents.jsonl", "lexical.npys", "passages.jsonl"]
FILES += ["tables.npys", "tokens.npys"]

DOCUMENTS = {
    "a.txt": "The ship sank. Nobody drowned there.\n\nA moon rose over the harbour of the old town "
    "that night. It rained until morning.",
    "b/c.txt": "",
    "b/d.txt": "Ships and rain. Rain and ships. More ships than rain, and more rain than moon, said "
    "the old captain.",
}


class Written:
    """A generation in a folder, with what was written into it and a note of what is opened."""

    def __init__(self, directory: Path, records: Mapping[str, FileRecord]) -> None:
        """Remember what was written."""
        self.directory, self.records = directory, records
        self.opened: list[str] = []

    def open(self, name: str) -> VerifiedFile:
        """A file as `index` opens it."""
        self.opened.append(name)
        records = self.records
        return VerifiedFile(self.directory / name, records[name], records.get(blocks_name(name)))

    def reader(self) -> GenerationReader:
        """A new reader."""
        return GenerationReader(self.open, names=self.records)


def write(directory: Path, documents: Mapping[str, str], vectors: NDArray[np.float32]) -> Written:
    """Write documents with one of the vectors for each sentence, in order of path."""
    directory.mkdir()
    writer = GenerationWriter(directory, dimension=vectors.shape[1], code_bytes=2)
    first = 0
    with writer.segment(0) as segment:
        for path, text in sorted(documents.items()):
            parsed = plain.read(text)
            passages = cut(parsed)
            last = first + sum(len(passage.sentences) for passage in passages)
            tokens = token_codes(passages)
            segment.add(path, SHA256, parsed, passages, vectors[first:last], tokens=tokens)
            first = last
    assert writer.sentences == first
    return Written(directory, writer.finish())


@pytest.fixture
def vectors() -> NDArray[np.float32]:
    """One vector for each sentence of the documents of this module."""
    return unit_vectors(7, DIMENSION)


@pytest.fixture
def written(tmp_path: Path, vectors: NDArray[np.float32]) -> Written:
    """The documents of this module in one segment."""
    return write(tmp_path / "generation", DOCUMENTS, vectors)


@pytest.fixture
def stored() -> list[StoredPassage]:
    """The passages of the documents of this module as they come back from one segment."""
    parsed = {path: plain.read(text) for path, text in DOCUMENTS.items()}
    passages = [(path, passage) for path in parsed for passage in cut(parsed[path])]
    starts = np.cumsum([0, *(len(passage.sentences) for _, passage in passages)]).tolist()
    return [
        StoredPassage(id=at, path=path, sha256=SHA256, first_sentence=start, passage=passage)
        for at, ((path, passage), start) in enumerate(zip(passages, starts, strict=False))
    ]


@pytest.fixture
def same(tmp_path: Path) -> GenerationReader:
    """A reader of a thousand passages of the same text, one document each."""
    documents = {f"{number:04}.txt": "The same ship" for number in range(1000)}
    vector = np.array([[0.6, 0.8]], np.float32)
    return write(tmp_path / "same", documents, np.repeat(vector, 1000, axis=0)).reader()


def test_files_are_what_the_records_say(written):
    """Seven files are written for a small index, and each is what the manifest will promise."""
    names = sorted(
        str(path.relative_to(written.directory)) for path in written.directory.glob("*/*")
    )
    assert names == sorted(written.records) == [f"000/{name}" for name in FILES]
    for name in names:
        file = written.open(name)
        assert file.read(0, file.size) == (written.directory / name).read_bytes()


def test_texts_are_those_that_were_written(written, stored):
    """Passages, documents and texts are found by id and by path."""
    reader = written.reader()
    assert reader.passages([3, 0, 3]) == [stored[3], stored[0], stored[3]]
    assert reader.passages([]) == []
    assert reader.passages_of("a.txt") == stored[:2]
    assert reader.passages_of("b/c.txt") == reader.passages_of("c.txt") == []
    assert reader.documents() == [(path, SHA256) for path in DOCUMENTS]
    assert [reader.document(path) for path in DOCUMENTS] == [
        Document(path=path, text=text, paragraphs=tuple(paragraph_spans(plain.read(text))))
        for path, text in DOCUMENTS.items()
    ]
    assert reader.document("c.txt") is None
    reader.close()


@pytest.mark.parametrize("ids", [[4], [-1], [0, 1, 4]])
def test_unknown_passage_is_an_error(written, ids):
    """An id that was never given out is a mistake of the caller."""
    with pytest.raises(KeyError):
        written.reader().passages(ids)


def test_lexical_hits_are_those_with_a_word(written):
    """Only passages with a word of the question are found, best first."""
    reader = written.reader()
    ids, scores = reader.lexical(["ship", "moon"], 10)
    assert sorted(ids.tolist()) == [0, 1, 2, 3]
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    np.testing.assert_array_equal(scores, reader.bm25(["ship", "moon"], ids))


def test_passage_is_found_by_its_heading_or_the_name_of_its_file(tmp_path):
    """Words that no passage has find the passages below them; frequencies are of passages alone."""
    documents = {
        "1.txt": "Harbour\n=======\n\nBoats rest.\n\nFees\n----\n\nNone.\n",
        "2.txt": "Boats rest.",
        "harbour-fees.txt": "Boats rest.",
    }
    reader = write(tmp_path / "generation", documents, unit_vectors(7, DIMENSION)).reader()
    assert sorted(reader.lexical(["harbour"], 5)[0].tolist()) == [0, 1, 3]
    assert sorted(reader.lexical(["fee"], 5)[0].tolist()) == [1, 3]
    assert reader.term_statistics(["harbour"]).frequencies == {"harbour": 0}
    reader.close()


@pytest.mark.parametrize(("terms", "k"), [(["unknown"], 5), ([], 5), (["ship"], 0)])
def test_lexical_side_may_find_nothing(written, terms, k):
    """Unknown words, none, and none wanted all give no passages."""
    ids, scores = written.reader().lexical(terms, k)
    assert (ids.tolist(), scores.tolist()) == ([], [])


@pytest.mark.parametrize("k", [1, 10, 999, 1000, 2000])
def test_equal_scores_are_cut_off_in_order(same, k):
    """Of a thousand equal passages, the first k are given, in order, by either side."""
    ids, scores = same.lexical(["ship"], k)
    nearest, _ = same.dense(np.array([[1, 0]], np.float32), k)
    assert ids.tolist() == nearest[0].tolist() == list(range(min(k, 1000)))
    assert len(set(scores.tolist())) == 1


def test_passages_have_the_codes_that_were_written(written, stored):
    """Codes come one passage after another in the order asked for, with their numbers."""
    reader = written.reader()
    order = [2, 0, 3, 2]
    parts = token_codes([stored[number].passage for number in order])
    found, numbers = reader.token_codes(np.array(order))
    np.testing.assert_array_equal(found, np.concatenate([codes for codes, _ in parts]))
    assert numbers.tolist() == [n for _, counts in parts for n in counts.tolist()]
    none, numbers = reader.token_codes(np.array([], np.int64))
    assert (none.shape, numbers.tolist()) == ((0, 2), [])
    reader.close()


@pytest.mark.parametrize("shape", [(6, 2), (8, 2), (7, 1)])
def test_every_token_has_one_code(tmp_path, shape):
    """More or fewer codes than there are tokens, or narrower ones, are a caller's mistake."""
    writer = GenerationWriter(tmp_path, dimension=2, code_bytes=2)
    parsed = plain.read("One ship. Two ships sink too.")
    tokens = [(np.zeros(shape, np.uint8), np.array([1, 2, 4]))]
    message = re.escape(f"must have codes of shape (7, 2), got {shape}")
    with pytest.raises(ValueError, match=message), writer.segment(0) as segment:
        segment.add("a.txt", SHA256, parsed, cut(parsed), unit_vectors(2, 2), tokens=tokens)


@pytest.mark.parametrize("counts", [[2, 4], [1, 2, 4, 0]])
def test_context_and_sentences_have_a_number_of_tokens_each(tmp_path, counts):
    """More or fewer numbers are a mistake of the caller."""
    writer = GenerationWriter(tmp_path, dimension=2, code_bytes=2)
    parsed = plain.read("One ship. Two ships sink too.")
    tokens = [(np.zeros((sum(counts), 2), np.uint8), np.array(counts))]
    message = f"must have tokens for context and sentences, got {len(counts)}"
    with pytest.raises(ValueError, match=message), writer.segment(0) as segment:
        segment.add("a.txt", SHA256, parsed, cut(parsed), unit_vectors(2, 2), tokens=tokens)


def test_index_without_codes_of_tokens_is_of_another_version(written):
    """Only what needs them says so, with the command that makes them."""
    records = {name: one for name, one in written.records.items() if "tokens" not in name}
    reader = Written(written.directory, records).reader()
    assert len(reader.vectors(np.array([0]))) == 1
    message = "the index was made by a version that kept no codes of tokens"
    for use in (lambda: reader.token_codes(np.array([0])), lambda: reader.prepare(lexical=True)):
        with raises(UnusableIndexError, message, "askdocs index, or ask with --mode lexical"):
            use()
    reader.close()


@pytest.mark.parametrize(
    ("offsets", "reason"),
    [
        ([*[0] * 7, 4], "it has 7 contexts and sentences, expected 11"),
        ([], "its 0 offsets do not run from 0 to 4"),
        ([1, *[2] * 10, 4], "its 12 offsets do not run from 0 to 4"),
        ([*[0] * 11, 5], "its 12 offsets do not run from 0 to 4"),
        ([0, 3, 2, *[4] * 9], "its tokens do not follow one another"),
        ([0, 2, 9, *[4] * 9], "its tokens do not follow one another"),
        ([0, 2, -1, *[4] * 9], "its tokens do not follow one another"),
    ],
)
def test_codes_of_another_index_are_damage(written, offsets, reason):
    """Offsets must be those of contexts and sentences and lead to codes."""
    path = written.directory / "000" / "tokens.npys"
    content = b"".join(npys([np.array(offsets, np.int64), np.zeros((4, 2), np.uint8)]))
    path.write_bytes(content)
    record = FileRecord(sha256=digest(content), bytes=len(content))
    reader = Written(written.directory, {**written.records, "000/tokens.npys": record}).reader()
    with raises(DamagedIndexError, f"{path} cannot be read: {reason}"):
        reader.token_codes(np.array([0]))
    reader.close()


def test_sentences_know_their_passages(written, stored):
    """Every sentence belongs to the passage that lists it, in the shape that was asked for."""
    expected = [one.id for one in stored for _ in one.passage.sentences]
    found = written.reader().passages_of_sentences(np.arange(7).reshape(1, 7))
    assert found.tolist() == [expected]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_sentence_has_one_vector(tmp_path, count):
    """More or fewer vectors than sentences are a mistake of the caller."""
    writer = GenerationWriter(tmp_path, dimension=2, code_bytes=2)
    parsed = plain.read("One ship. Two ships.")
    message = f"must have one vector for each sentence, got {count}"
    with pytest.raises(ValueError, match=message), writer.segment(0) as segment:
        vectors, tokens = np.zeros((count, 2), np.float32), token_codes(cut(parsed))
        segment.add("a.txt", SHA256, parsed, cut(parsed), vectors, tokens=tokens)


def test_generation_may_be_empty(tmp_path):
    """A corpus of empty files makes an index in which nothing is found."""
    reader = write(tmp_path / "generation", {"a.txt": " "}, unit_vectors(0, DIMENSION)).reader()
    ids, _ = reader.dense(unit_vectors(1, DIMENSION), 5)
    assert reader.lexical(["ship"], 5)[0].tolist() == []
    assert ids.tolist() == [[]]
    assert reader.passages_of_sentences(ids[0]).tolist() == []
    assert reader.documents() == [("a.txt", SHA256)]
    reader.close()


USES = {
    "documents.jsonl": lambda reader: reader.documents(),
    "dense.faiss": lambda reader: reader.vectors(np.array([0])),
    "passages.jsonl": lambda reader: reader.document("a.txt"),
    "tables.npys": lambda reader: reader.passages_of_sentences(np.array([0])),
    "lexical.npys": lambda reader: reader.term_statistics(["ship"]),
    "context.npys": lambda reader: reader.lexical(["ship"], 5),
    "tokens.npys": lambda reader: reader.token_codes(np.array([0])),
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
        with raises(DamagedIndexError, f"{path} is not what its manifest says"):
            USES[name](reader)
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


@pytest.mark.parametrize(
    ("use", "names"),
    [
        (
            lambda reader: reader.lexical(["ship"], 5),
            {"tables.npys", "lexical.npys", "context.npys"},
        ),
        (lambda reader: reader.dense(np.eye(8, dtype="f4"), 5), {"tables.npys", "dense.faiss"}),
        (lambda reader: reader.document("a.txt"), {"tables.npys"}),
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
        if lexical or name not in {"lexical.npys", "context.npys", "tokens.npys"}:
            (written.directory / "000" / name).unlink()
    ids, _ = reader.dense(asked, 2)
    assert ids.tolist() == nearest.tolist()
    found = reader.passages(reader.passages_of_sentences(ids)[0])
    assert len(found) == 2
    assert reader.lexical(["ship"], 2)[0].tolist() == best.tolist()
    reader.close()
