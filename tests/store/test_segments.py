"""An index that is cut into segments answers as one that is not, but for its codes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from askdocs.disk.access import digest
from askdocs.disk.verified import VerifiedFile, blocks_name
from askdocs.errors import DamagedIndexError
from askdocs.records.manifest import FileRecord
from askdocs.records.spans import StoredPassage
from askdocs.store.arrays import npys
from askdocs.store.codebook import Codebook, encode
from askdocs.store.local import GenerationReader
from askdocs.store.partition import by_segment
from askdocs.store.writer import GenerationWriter
from askdocs.text.formats import markdown
from tests.raising import raises
from tests.store.conftest import SHA256, cut, token_codes, unit_vectors

DIMENSION = 16
WORDS = ["ship", "moon", "rain", "harbour", "captain", "old", "town", "night", "été"]
DOCUMENTS = {
    f"{'ab'[number % 2]}/{number:02}.md": f"# {WORDS[-(number % 4)]} and rain\n\n"
    + "\n\n".join(
        f"{WORDS[(number * step) % 9].title()} {WORDS[step % 9]} {number * step}. It rained."
        for step in range(1, 2 + number % 5)
    )
    for number in range(40)
}


PARSED = {path: markdown.read(text) for path, text in DOCUMENTS.items()}
PASSAGES = {path: cut(parsed) for path, parsed in PARSED.items()}
SENTENCES = sum(len(one.sentences) for own in PASSAGES.values() for one in own)


@pytest.fixture
def vectors() -> dict[str, NDArray[np.float32]]:
    """For each document one vector for each sentence."""
    made = iter(unit_vectors(SENTENCES, DIMENSION))
    return {
        path: np.array([next(made) for one in own for _ in one.sentences])
        for path, own in PASSAGES.items()
    }


class Generations:
    """Makes generations below a folder."""

    def __init__(self, folder: Path, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Remember what to write."""
        self.folder = folder
        self.vectors = vectors
        self.records: dict[str, dict[str, Any]] = {}

    def write(
        self, name: str, segments: int, *, without: str = "", old: GenerationReader | None = None,
        codebook: Codebook | None = None,
    ) -> GenerationReader:  # fmt: skip
        """Write the documents, but for one; copy those that an old generation has."""
        (self.folder / name).mkdir()
        writer = GenerationWriter(
            self.folder / name, dimension=DIMENSION, code_bytes=2, segments=segments,
            codebook=codebook,
        )  # fmt: skip
        paths = [path for path in sorted(DOCUMENTS) if path != without]
        for number, own in enumerate(by_segment(paths, segments)):
            with writer.segment(number) as segment:
                for path in own:
                    if old is not None and (found := old.find(path)):
                        segment.copy(old, found[0], found[1], found[1] + 1)
                    else:
                        segment.add(
                            path, SHA256, PARSED[path], PASSAGES[path], self.vectors[path],
                            tokens=token_codes(PASSAGES[path]),
                        )  # fmt: skip
        self.records[name] = writer.finish()
        return self.read(name)

    def read(self, name: str) -> GenerationReader:
        """Read one of them."""
        records = self.records[name]

        def opened(file: str) -> VerifiedFile:
            path = self.folder / name / file
            return VerifiedFile(path, records[file], records.get(blocks_name(file)))

        return GenerationReader(opened, names=records)


@pytest.fixture
def generations(tmp_path: Path, vectors: dict[str, NDArray[np.float32]]) -> Generations:
    """Makes generations of the documents of this module."""
    return Generations(tmp_path, vectors)


def passages_of(reader: GenerationReader) -> Iterator[StoredPassage]:
    """All passages in order of path."""
    for path, _ in reader.documents():
        yield from reader.passages_of(path)


@pytest.mark.parametrize("segments", [2, 4, 32])
def test_files_stand_in_one_folder_for_each_segment(generations, segments):
    """A segment without documents has its files too; the codebook stands beside the folders."""
    generations.write("cut", segments)
    names = ["context.npys", "dense.npys", "documents.jsonl", "lexical.npys", "passages.jsonl"]
    names += ["tables.npys", "tokens.npys"]
    assert sorted(generations.records["cut"]) == [
        *(f"{number:03}/{name}" for number in range(segments) for name in names),
        "codebook.npys",
    ]
    found = (generations.folder / "cut").rglob("*.*")
    assert sorted(path.relative_to(generations.folder / "cut").as_posix() for path in found) == (
        sorted(generations.records["cut"])
    )


@pytest.mark.parametrize("segments", [2, 4, 32])
def test_texts_do_not_depend_on_the_cut(generations, segments):
    """Every document is found with its passages, whose ids count through the segments."""
    whole, parts = generations.write("whole", 1), generations.write("cut", segments)

    assert parts.documents() == whole.documents()
    for path in DOCUMENTS:
        assert [one.passage for one in parts.passages_of(path)] == PASSAGES[path]
        assert parts.document(path) == whole.document(path)
    order = [path for own in by_segment(sorted(DOCUMENTS), segments) for path in own]
    count = sum(map(len, PASSAGES.values()))
    every = parts.passages(range(count))
    assert [one.id for one in every] == list(range(count))
    assert [one.path for one in every] == [path for path in order for _ in PASSAGES[path]]
    sentences = [one.first_sentence for one in every]
    assert sentences == np.cumsum([0, *(len(one.passage.sentences) for one in every)])[:-1].tolist()
    owners = parts.passages_of_sentences(np.arange(SENTENCES))
    every = np.arange(int(parts.first_passages[-1]))
    firsts, counts = parts.sentences_of(every)
    of_passage = [list(range(*span)) for span in zip(firsts, firsts + counts, strict=True)]
    assert of_passage == [np.flatnonzero(owners == one).tolist() for one in every]
    texts = [one.passage.plain for one in parts.passages(every.tolist())]
    digests = parts.text_digests(every).tolist()
    assert len(set(zip(digests, texts, strict=True))) == len(set(texts)) == len(set(digests))
    assert np.searchsorted(owners, np.arange(count)).tolist() == sentences


@pytest.mark.parametrize("segments", [1, 4])
def test_search_can_be_within_some_documents(generations, segments):
    """Passages and sentences of other documents are never found, and scores stay what they are."""
    reader = generations.write("cut", segments)
    paths = sorted(DOCUMENTS)[::2]
    count = int(reader.first_passages[-1])

    within = reader.passages_in([*paths, "unknown.txt"])
    ids, scores = reader.lexical(["ship"], count, within=within)
    asked = reader.vectors(np.arange(3))
    sentences, _ = reader.dense(asked, SENTENCES, within=within)

    every, all_scores = reader.lexical(["ship"], count)
    kept = within[every]
    assert [one.path in paths for one in reader.passages(range(count))] == within.tolist()
    assert (ids.tolist(), scores.tolist()) == (every[kept].tolist(), all_scores[kept].tolist())
    owners = reader.passages_of_sentences(np.arange(SENTENCES))
    expected = np.flatnonzero(within[owners]).tolist()
    assert [sorted(row) for row in sentences.tolist()] == [expected] * 3


@pytest.mark.parametrize("terms", [["ship"], ["rain", "moon"], ["é", "été", "unknown"], []])
def test_scores_do_not_depend_on_the_cut(generations, terms):
    """Every passage has the very score, by its words and its headings, that it has in an index of one segment."""
    whole, parts = generations.write("whole", 1), generations.write("cut", 4)
    assert parts.term_statistics(terms) == whole.term_statistics(terms)
    expected = [*passages_of(whole)]
    found = [*passages_of(parts)]
    scores = whole.bm25(terms, np.array([one.id for one in expected]))
    assert parts.bm25(terms, np.array([one.id for one in found])).tolist() == scores.tolist()
    best = [parts.lexical(terms, 7)[1].tolist(), whole.lexical(terms, 7)[1].tolist()]
    assert best[0] == best[1]


def test_nearest_sentences_do_not_depend_on_the_cut(generations):
    """But for what codes lose, the cosines are those of the vectors, and so are the best."""
    whole, parts = generations.write("whole", 1), generations.write("cut", 4)
    asked = unit_vectors(3, DIMENSION, seed=1)
    _, exact = whole.dense(asked, 10)
    ids, near = parts.dense(asked, 10)
    np.testing.assert_allclose(near, exact, atol=0.01)
    assert ids.shape == (3, 10)
    for question, own, cosines in zip(asked, ids, near, strict=True):
        np.testing.assert_allclose(parts.vectors(own) @ question, cosines, atol=1e-6)


def test_vectors_are_nearly_those_that_were_written(generations, vectors):
    """Every sentence has its own vector: cosine .9999, of unit length."""
    reader = generations.write("cut", 4)
    for path, own in vectors.items():
        first = reader.passages_of(path)[0].first_sentence
        found = reader.vectors(np.arange(first, first + len(own)))
        assert ((found * own).sum(axis=1) > 0.9999).all()
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("segments", [1, 4])
def test_codes_of_tokens_do_not_depend_on_the_cut(generations, segments):
    """Every passage has its own, in whatever order and from however many segments they come."""
    reader = generations.write("cut", segments)
    order = np.random.default_rng(0).permutation(sum(map(len, PASSAGES.values())))
    found, counts = reader.token_codes(order)
    parts = token_codes([stored.passage for stored in reader.passages(order.tolist())])
    np.testing.assert_array_equal(found, np.concatenate([codes for codes, _ in parts]))
    assert counts.tolist() == [n for _, own in parts for n in own.tolist()]


@pytest.mark.parametrize("width", [1, 3])
def test_codes_of_another_width_are_damage(generations, width):
    """All segments were embedded by one model."""
    generations.write("cut", 4)
    texts = generations.read("cut").segments[2].texts
    count = len(texts.passages) + texts.sentences
    path = generations.folder / "cut" / "002" / "tokens.npys"
    content = b"".join(npys([np.zeros(count + 1, np.int64), np.zeros((0, width), np.uint8)]))
    path.write_bytes(content)
    record = FileRecord(sha256=digest(content), bytes=len(content))
    generations.records["cut"]["002/tokens.npys"] = record
    message = f"{path} cannot be read: its codes have {width} bytes, expected 2"
    with raises(DamagedIndexError, message):
        generations.read("cut").token_codes(np.array([0]))


@pytest.mark.parametrize("segments", [1, 4])
def test_refreshed_generation_has_the_bytes_of_the_old_one(generations, segments):
    """With the codebook kept, a document that went and came back leaves no trace in any file."""
    first = generations.write("first", segments)
    path = sorted(DOCUMENTS)[7]
    second = generations.write("second", segments, without=path, old=first, codebook=first.codebook)
    third = generations.write("third", segments, old=second, codebook=second.codebook)
    assert second.find(path) is None
    assert generations.records["third"] == generations.records["first"]
    document = third.document(path)
    assert document is not None
    assert document.text == DOCUMENTS[path]


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (2, 8), (8, 2)])
def test_index_may_be_cut_anew(generations, before, after):
    """From any number of segments to any other, texts and terms are those of a fresh index."""
    old = generations.write("old", before)
    generations.write("new", after, old=old)
    generations.write("fresh", after)
    names = [name for name in generations.records["fresh"] if "dense" not in name]
    names.remove("codebook.npys") if after > 1 else None
    new, fresh = generations.records["new"], generations.records["fresh"]
    assert {name: new[name] for name in names} == {name: fresh[name] for name in names}
    every = np.arange(SENTENCES)
    one, two = generations.read("new").vectors(every), generations.read("fresh").vectors(every)
    assert ((one * two).sum(axis=1) > 0.9998).all()


def test_stored_vectors_have_the_same_codes(generations):
    """What a refresh is given to keep comes back as the same codes, however often."""
    reader = generations.write("cut", 4)
    assert reader.codebook is not None
    codes = encode(reader.codebook, reader.stored_vectors(np.arange(SENTENCES)))
    lists = [segment.lists for segment in reader.segments]
    expected = [one.codes.take(one.positions.rows(0, one.positions.shape[0])) for one in lists]
    np.testing.assert_array_equal(codes, np.concatenate(expected))


def test_lexical_question_reads_no_codes(generations):
    """The files of vectors may be gone while words are looked up, and those of words too."""
    generations.write("cut", 4)
    for path in (generations.folder / "cut").rglob("dense.npys"):
        path.unlink()
    reader = generations.read("cut")
    ids, _ = reader.lexical(["ship"], 5)
    assert len(reader.passages(ids)) == 5
    with pytest.raises(DamagedIndexError, match=r"000/dense\.npys is missing"):
        reader.dense(np.eye(DIMENSION, dtype=np.float32)[:1], 5)


@pytest.mark.parametrize("name", ["codebook.npys", "002/dense.npys"])
def test_arrays_of_another_index_are_damage(generations, name):
    """A codebook and lists that do not belong together are not used."""
    generations.write("cut", 4)
    other = Generations(generations.folder, {p: v[:, :8] for p, v in generations.vectors.items()})
    (generations.folder / "other").mkdir()
    writer = GenerationWriter(generations.folder / "other", dimension=8, code_bytes=2, segments=4)
    for number in range(4):
        with writer.segment(number) as segment:
            segment.add("a.md", SHA256, PARSED["a/00.md"], PASSAGES["a/00.md"],
                        unit_vectors(len(PASSAGES["a/00.md"][0].sentences), 8),
                        tokens=token_codes(PASSAGES["a/00.md"]))  # fmt: skip
    other.records["other"] = writer.finish()
    content = (generations.folder / "other" / name).read_bytes()
    (generations.folder / "cut" / name).write_bytes(content)
    generations.records["cut"][name] = other.records["other"][name]

    with pytest.raises(DamagedIndexError, match="cannot be read: "):
        generations.read("cut").dense(np.eye(DIMENSION, dtype=np.float32)[:1], 5)


def test_abandoned_generation_holds_nothing(tmp_path):
    """Giving up lets go of what waits on the disk, in the middle of a segment too."""
    writer = GenerationWriter(tmp_path, dimension=DIMENSION, code_bytes=2, segments=2)
    with pytest.raises(KeyError), writer.segment(0) as segment:
        vectors = np.zeros((0, DIMENSION), np.float32)
        segment.add("a.md", SHA256, PARSED["a/00.md"], [], vectors, tokens=token_codes([]))
        raise KeyError
    writer.abort()
    held = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    assert [path for path in held if str(path).startswith(str(tmp_path))] == []
