"""Generated corpora follow from their pool, and their vectors from their sentences."""

import numpy as np
import pytest

from askdocs.embedding.model import PassageText, TokenCodes
from askdocs.text.formats.plain import read
from askdocs.text.sentences import split_sentences
from benchmarks.speed.generated import Noise, Recipe, nearest, parse, read_pool
from benchmarks.speed.prepared import PreparedEncoder
from tests.store.conftest import unit_vectors

POOL = [
    "The ship sailed from the harbour at dawn with a crew of forty.",
    "A committee of nine members will choose the site of the bridge.",
    "Farmers in the valley grow barley and keep a few hundred sheep.",
    "The museum shows drawings that were thought lost for a century.",
    "Snow closed both of the mountain passes until the end of April.",
]


class FakeEncoder:
    """Returns the same vector for every text, and remembers the calls."""

    fingerprint = "f" * 64
    scheme = "float32"
    dimension = 8
    token_dimension = 16
    window = 256
    capacity = 254

    def __init__(self):
        """Nothing was asked yet."""
        self.embedded = []

    def count_tokens(self, texts):
        """The number of words."""
        return [len(text.split()) for text in texts]

    def embed_questions(self, texts):
        """The vector, once for each question."""
        raise NotImplementedError

    def embed_passages(self, passages, advance=lambda _: None):
        """A code for each word, the number of its letters."""
        self.embedded += [text for passage in passages for text in passage.sentences]
        words = [[text.split() for text in (own.context, *own.sentences)] for own in passages]
        return [
            TokenCodes(
                np.array([[len(word)] * 2 for text in own for word in text], np.uint8),
                np.array([len(text) for text in own], np.int32),
            )
            for own in words
        ]

    def embed_sentences(self, texts, advance=lambda _: None):
        """The vector, once for each sentence."""
        self.embedded += texts
        advance(len(texts))
        return np.eye(1, self.dimension, dtype=np.float32).repeat(len(texts), axis=0)


def test_the_pool_holds_distinct_plain_sentences(tmp_path):
    """What is too short, a heading, a quotation in brackets or there twice is not in the pool."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.txt").write_text(f"HEADING\n\n{POOL[0]} Too short. {POOL[1]}\n")
    (tmp_path / "deep" / "b.md").write_text(f"{POOL[1]}\n\n{POOL[2][:-1]} [see 4].\n")
    (tmp_path / "c.csv").write_text(POOL[3])
    assert sorted(read_pool([tmp_path])) == sorted(POOL[:2])


def test_the_order_of_folders_does_not_change_the_pool(tmp_path):
    """The same sentences give the same pool, however many of them are taken."""
    for name, text in zip("ab", (POOL[:2], POOL[2:]), strict=True):
        (tmp_path / name).mkdir()
        (tmp_path / name / "text.txt").write_text(" ".join(text))
    one = read_pool([tmp_path / "a", tmp_path / "b"])
    assert one == read_pool([tmp_path / "b", tmp_path / "a"])
    assert read_pool([tmp_path / "a", tmp_path / "b"], limit=3) == one[:3]


def test_a_corpus_is_the_same_every_time(tmp_path):
    """Two runs write the same files with the same bytes."""
    for name in ("one", "two"):
        Recipe(POOL, 25).write(tmp_path / name)
    one, two = (
        {path.relative_to(root): path.read_bytes() for path in sorted(root.rglob("*.txt"))}
        for root in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
    assert [str(path) for path in one] == ["0000/000000.txt", "0000/000001.txt", "0000/000002.txt"]


def test_a_smaller_corpus_begins_a_larger_one():
    """The first passages do not depend on how many follow."""
    small, large = Recipe(POOL, 5), Recipe(POOL, 500)
    assert [small.passage(at) for at in range(5)] == [large.passage(at) for at in range(5)]


def test_every_sentence_names_its_source_and_number():
    """A generated sentence is parsed back to what it was made of; another text is not."""
    recipe = Recipe(POOL, 50)
    parsed = [parse(recipe.sentence(serial)) for serial in range(recipe.sentences)]
    assert parsed == [(POOL[source], at) for at, source in enumerate(recipe.sources)]
    assert parse(POOL[0]) is None


def test_passages_are_cut_where_they_were_joined(tmp_path):
    """A document has ten paragraphs of four sentences."""
    Recipe(POOL, 10).write(tmp_path)
    text = (tmp_path / "0000" / "000000.txt").read_text()
    assert [len(split_sentences(block.plain)) for block in read(text).blocks] == [4] * 10


def test_noise_leaves_a_sentence_near_its_source():
    """Vectors have unit length, a cosine of about .9 with the source, and differ from each other."""
    vectors = unit_vectors(5, 384, 0)
    sources, serials = np.arange(1000) % 5, np.arange(1000)
    found = Noise(vectors).vectors(sources, serials)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    cosines = (found * vectors[sources]).sum(axis=1)
    assert cosines.mean() == pytest.approx(0.9, abs=0.005)
    assert len(np.unique(found.round(5), axis=0)) == 1000


def test_the_nearest_sentences_are_those_of_a_full_comparison():
    """Comparing block by block finds what one matrix product over all vectors finds."""
    recipe, noise = Recipe(POOL, 60), Noise(unit_vectors(5, 64, 0))
    questions = unit_vectors(7, 64, 1)
    found = nearest(recipe, noise, questions, 10, block=33)
    everything = noise.vectors(recipe.sources, np.arange(recipe.sentences))
    np.testing.assert_array_equal(found, np.argsort(-(questions @ everything.T), axis=1)[:, :10])


def test_prepared_vectors_cost_no_run_of_the_model():
    """Generated sentences get the vectors of the noise; any other text goes to the encoder."""
    recipe, vectors = Recipe(POOL, 2), unit_vectors(5, 8, 0)
    encoder = FakeEncoder()
    prepared = PreparedEncoder(encoder, POOL, vectors)
    found = prepared.embed_sentences([recipe.sentence(serial) for serial in range(8)])
    other = prepared.embed_sentences(["A probe."])
    np.testing.assert_array_equal(found, Noise(vectors).vectors(recipe.sources, np.arange(8)))
    np.testing.assert_array_equal(other, np.eye(1, 8))
    assert encoder.embedded == ["A probe."]


def test_generated_sentences_have_the_codes_of_their_sources():
    """Each source is read once, without a context; other sentences have their own codes."""
    encoder = FakeEncoder()
    prepared = PreparedEncoder(encoder, POOL, unit_vectors(5, 8, 0))
    recipe = Recipe(POOL, 1)
    sentences = (recipe.sentence(0), "Other words.", recipe.sentence(0))
    [found] = prepared.embed_passages([PassageText("Title", sentences)])
    [source] = encoder.embed_passages([PassageText("", (POOL[recipe.sources[0]],))])
    np.testing.assert_array_equal(found.codes[: len(source.codes)], source.codes)
    assert found.counts.tolist() == [0, len(source.codes), 2, len(source.codes)]
    assert encoder.embedded[:2] == [POOL[recipe.sources[0]], "Other words."]


def test_a_mixture_of_generated_and_other_sentences_is_refused():
    """A corpus that was cut elsewhere than it was joined must not be measured."""
    prepared = PreparedEncoder(FakeEncoder(), POOL, unit_vectors(5, 8, 0))
    with pytest.raises(ValueError, match="must be generated, got \\['Half of a'\\]"):
        prepared.embed_sentences([Recipe(POOL, 1).sentence(0), "Half of a"])
