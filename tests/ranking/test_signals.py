"""Signals are what their names say, by numbers worked out by hand."""

from collections.abc import Sequence
from itertools import chain, pairwise
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.ranking import signals
from askdocs.ranking.signals import (
    best_cosine,
    bm25_share,
    late_interaction,
    mean_cosine,
    question_signals,
    sentence_weights,
    stand_in,
    word_signals,
)
from askdocs.ranking.words import (
    NO_TERM,
    number_of_term,
    number_of_word,
    wording_of,
    wording_of_passage,
)
from askdocs.records.spans import Passage, StoredPassage
from askdocs.store.analysis import TermStatistics, distinct_terms, term_of, words

PASSAGES = 9


def idf(having: int, passages: int) -> float:
    """The inverse document frequency of what some of so many passages have."""
    return log(1 + (passages - having + 0.5) / (having + 0.5))


def compare(question: str, *candidates: Sequence[str], **frequencies: int) -> dict[str, np.ndarray]:
    """The signals of candidates, each given by its sentences, in a corpus of nine passages.

    Terms have the given frequencies in the corpus, and others 0.
    """
    wordings = [wording_of(sentences) for sentences in candidates]
    statistics = TermStatistics(
        passages=PASSAGES,
        frequencies={term: frequencies.get(term, 0) for term in distinct_terms(question)},
    )
    weights = [np.ones(len(sentences)) for sentences in candidates]
    return word_signals(question, wordings, weights, statistics)


def test_best_cosine_is_that_of_the_nearest_sentence():
    """The highest of a passage's cosines counts, and a negative one as 0."""
    cosines = np.array([0.2, 0.7, -0.9, 0.4, -0.3, -0.1])
    assert best_cosine(cosines, np.array([0, 3, 4, 6])).tolist() == [0.7, 0.4, 0.0]


def test_mean_cosine_is_that_of_the_mean_of_the_sentences():
    """The question points along the first axis, and the means (1, 1) / 2, (3, 4) / 2, (-1, 0)."""
    question = np.array([1, 0], np.float32)
    sentences = [[[1, 0], [0, 1]], [[3, 0], [0, 4]], [[-1, 0]]]
    vectors = [np.array(one, np.float32) for one in sentences]
    found = mean_cosine(question, vectors, [np.ones(2), np.ones(2), np.ones(1)])
    assert found.tolist() == pytest.approx([1 / sqrt(2), 0.6, 0.0])


def test_mean_cosine_counts_sentences_by_their_weights():
    """The weighted sum of (1, 0) by a half and (0, 1) is (0.5, 1), of length √1.25."""
    question = np.array([1, 0], np.float32)
    found = mean_cosine(question, [np.eye(2, dtype=np.float32)], [np.array([0.5, 1.0])])
    assert found.tolist() == pytest.approx([0.5 / sqrt(1.25)])


def test_sentences_that_cancel_each_other_out_have_no_mean():
    """Opposite vectors have a mean without a direction, whose cosine is 0 and no error."""
    question = np.array([1, 0], np.float32)
    sentences = [np.array([[1, 0], [-1, 0]], np.float32)]
    assert mean_cosine(question, sentences, [np.ones(2)]).tolist() == [0.0]


def test_late_interaction_counts_each_token_by_its_best_match():
    """Texts of 0.9 and 0.1 and of 0.2 and 0.8 make 0.9 and 0.8; a negative sum counts as 0."""
    matches = np.array([[0.9, 0.1], [0.2, 0.8], [-0.4, 0.1], [1.00001, 1.0]])
    found = late_interaction(matches, np.array([0.75, 0.25]), np.array([0, 2, 3]))
    assert found.tolist() == pytest.approx([0.75 * 0.9 + 0.25 * 0.8, 0.0, 1.0])
    assert found.max() == 1.0


def test_stand_in_is_a_line_of_the_cosine():
    """What stands in for late interaction is a share that rises evenly with the cosine."""
    low, middle, high = stand_in(np.array([0.0, 0.5, 1.0]))
    assert 0 <= low < middle < high <= 1
    assert middle == pytest.approx((low + high) / 2)


def test_unknown_share_is_of_words_that_have_terms():
    """Of rain, zebras and snow-rain the corpus lacks zebras; a part that it has makes a word known."""
    statistics = TermStatistics(passages=PASSAGES, frequencies={"rain": 4, "zebra": 0, "snow": 0})
    found = question_signals("Is the rain, for zebras, a snow-rain?", statistics)
    assert found == {
        "unknown_share": pytest.approx(1 / 3),
        "question_length": pytest.approx(log(8) / log(65)),
    }


@pytest.mark.parametrize(
    ("question", "expected"),
    [("", (0.0, 0.0)), ("?", (0.0, log(2) / log(65))), ("zebra " * 64, (1.0, 1.0)),
     ("zebra " * 500, (1.0, 1.0)), ("who is it", (0.0, log(4) / log(65)))],
)  # fmt: skip
def test_question_of_any_length_has_its_signals(question, expected):
    """Without terms nothing is unknown; 64 words are as many as count."""
    found = question_signals(question, TermStatistics(passages=PASSAGES, frequencies={"zebra": 0}))
    assert tuple(found.values()) == pytest.approx(expected)


def test_bm25_share_is_of_the_bound():
    """A score of half the bound is a share of 0.5; a question without terms has no bound."""
    assert bm25_share(np.array([0.0, 2.0, 4.0]), 4.0).tolist() == [0.0, 0.5, 1.0]
    assert bm25_share(np.zeros(2), 0.0).tolist() == [0.0, 0.0]


def test_local_term_share_weighs_by_the_candidates():
    """Of three candidates all have rain, which tells little, one has snow, none hail: it is 0."""
    rain, snow = idf(3, 3), idf(1, 3)
    found = compare("Rain, snow or hail?", ["Rain."], ["Rain.", "Snow."], ["Snowless rain."])
    shares = [rain / (rain + snow), snow / (rain + snow), rain / (rain + snow)]
    assert found["local_term_share"].tolist() == pytest.approx(shares)


def test_word_share_is_of_words_as_they_are_written():
    """Inflected words do not count; a stop word does, by its idf among the two candidates."""
    rains, when, it = idf(4, PASSAGES), idf(1, 2), idf(2, 2)
    found = compare("When it rains", ["It rained when."], ["It rains."], rain=4)
    total = rains + when + it
    assert found["word_share"].tolist() == pytest.approx(
        [(when + it) / total, (rains + it) / total]
    )


def test_word_pairs_are_neighbours_as_written():
    """Of "of heavy", "heavy rain", "rain in", "in May" there are some; "because of" is not asked."""
    texts = ["Because of him.", "Heavy rain, in May.", "Heavy rains in May.", "Of heavy rain."]
    found = compare("because of heavy rain in May", *([text] for text in texts))
    assert found["word_pairs"].tolist() == pytest.approx([0, 3 / 4, 1 / 4, 2 / 4])


def test_pairs_cross_sentences_but_not_candidates():
    """Neighbours over a sentence's end are a pair; the next passage's first word belongs to nobody."""
    found = compare("heavy rain", ["It was heavy.", "Rain fell."], ["Heavy"], ["Rain"])
    assert found["word_pairs"].tolist() == [1.0, 0.0, 0.0]


def test_pair_counts_once_however_often_it_stands():
    """A repeated pair gains nothing: the question's pairs are "rain snow" and "snow rain"."""
    found = compare("rain snow rain snow", ["Rain snow, rain snow"], ["Rain snow"])
    assert found["word_pairs"].tolist() == [1.0, 0.5]


def test_word_that_a_question_repeats_counts_once():
    """Shares are of distinct terms and words."""
    once = compare("rain snow", ["Rain."], ["Sun."], rain=3)
    twice = compare("rain, rain, rain snow", ["Rain."], ["Sun."], rain=3)
    assert twice["local_term_share"].tolist() == once["local_term_share"].tolist()
    assert twice["word_share"].tolist() == once["word_share"].tolist()


@pytest.mark.parametrize(
    ("question", "texts"),
    [("", ["Rain.", "? Snow."]), ("?!", ["Rain.", "?"]), ("—", ["a", "b"]), ("rain", ["***", "—"])],
)
def test_without_words_nothing_matches(question, texts):
    """Every signal of words is 0 where the question or every candidate has none."""
    found = compare(question, *([text] for text in texts))
    assert [one.tolist() for one in found.values()] == [[0.0, 0.0]] * 3


def test_question_of_stop_words_matches_as_written():
    """It has words and no terms, and pairs of two stop words do not count."""
    found = compare("Who is it?", ["It is."], ["Who?"])
    lists = [one.tolist() for one in found.values()]
    total = 3 * idf(1, 2)
    assert lists[0] == [0.0, 0.0]
    assert lists[1] == pytest.approx([2 * idf(1, 2) / total, idf(1, 2) / total])
    assert lists[2:] == [[0.0, 0.0]]


def test_sentence_without_words_is_no_error():
    """Rules and dashes are sentences too, at a passage's end, at its beginning or alone."""
    found = compare("rain", ["***", "Rain.", "—"], ["***"], ["Rain."])
    assert found["local_term_share"].tolist() == [1.0, 0.0, 1.0]


def test_single_candidate_has_every_signal():
    """One candidate is compared with itself: what it has counts wholly, what it lacks nothing."""
    found = compare("heavy rain in May", ["Heavy rain fell."], heavi=1, rain=1, may=1)
    heavy = rain = may = idf(1, PASSAGES)
    absent = idf(0, 1)
    assert found["local_term_share"].tolist() == pytest.approx([1.0])
    assert found["word_share"].tolist() == pytest.approx(
        [(heavy + rain) / (heavy + rain + absent + may)]
    )
    assert found["word_pairs"].tolist() == pytest.approx([1 / 3])


def test_possessive_is_the_word_itself():
    """A question's "Russia's" is a text's "Russia", and the other way round."""
    found = compare("Russia’s envoy", ["Russia sent an envoy."], ["The envoy of Russia's."])
    assert found["word_share"].tolist() == [1.0, 1.0]


def test_wording_is_numbers_of_words_and_terms():
    """Words stand in order, in lower case, stop words among them, counted by sentence."""
    found = wording_of(["The Bank's fees.", "***", "It's 1,000.5 €"])
    words = ["the", "bank", "fees", "it", "1,000.5"]
    terms = [NO_TERM, *map(number_of_term, ("bank", "fee")), NO_TERM, number_of_term("1,000.5")]
    assert found.words.tolist() == [number_of_word(word) for word in words]
    assert found.terms.tolist() == terms
    assert found.lengths.tolist() == [3, 0, 2]
    assert len({number_of_word(word) for word in words}) == len(words)


def test_wording_of_a_passage_is_of_its_sentences():
    """They are those that a reader sees, without markup."""
    passage = Passage(
        chars=(100, 126), paragraphs=(1, 2), lines=(1, 3), text="**Rain** fell.\n\nSnow fell.",
        sentences=((102, 114), (116, 126)), plain="Rain fell.\nSnow fell.",
        readings=((0, 10), (11, 21)), parts=(),
    )  # fmt: skip
    stored = StoredPassage(id=0, path="a", sha256="0" * 64, first_sentence=0, passage=passage)
    found = wording_of_passage(stored)
    words = ("rain", "fell", "snow", "fell")
    assert found.words.tolist() == [number_of_word(word) for word in words]
    assert found.lengths.tolist() == [2, 2]


def test_sentence_in_more_than_three_candidates_counts_less(monkeypatch):
    """Copies have one cosine, to six digits: in three candidates they count wholly, in four less."""
    monkeypatch.setattr(signals, "REPEATED_WEIGHT", 0.5)
    thrice, often = 0.25, 0.5
    cosines = [thrice, often, thrice, 0.5000001, thrice, thrice, often, 0.7, often]
    weights = sentence_weights(np.array(cosines), np.array([0, 2, 4, 7, 9]))
    assert weights.tolist() == [1, 0.5, 1, 0.5, 1, 1, 0.5, 1, 0.5]


def test_words_count_by_the_weight_of_their_sentence():
    """A share of a sentence is multiplied by its weight before the largest is taken."""
    rain, snow = idf(1, 2), idf(2, 2)
    wordings = [wording_of(["Rain and snow.", "Rain."]), wording_of(["Snow."])]
    statistics = TermStatistics(passages=PASSAGES, frequencies={"rain": 1, "snow": 4})
    found = word_signals("rain snow", wordings, [np.array([0.5, 1.0]), np.array([0.5])], statistics)
    assert rain > snow
    assert found["local_term_share"].tolist() == pytest.approx(
        [rain / (rain + snow), snow / (rain + snow) / 2]
    )


# Few words, so that questions and candidates share them.
TEXTS = st.lists(
    st.sampled_from("rain Rains the who's sky's snow let's 1,000 — . of é".split())
    | st.text(max_size=9),
    max_size=9,
).map(" ".join)


@given(
    question=TEXTS,
    candidates=st.lists(st.lists(TEXTS, min_size=1, max_size=3), min_size=1, max_size=6),
    data=st.data(),
)
def test_signals_are_shares(question, candidates, data):
    """Whatever the texts are, every signal of words has a value in [0, 1] for each candidate."""
    terms = distinct_terms(question)
    counts = data.draw(st.lists(st.integers(0, 9), min_size=len(terms), max_size=len(terms)))
    found = compare(question, *candidates, **dict(zip(terms, counts, strict=True)))
    for each in found.values():
        assert each.shape == (len(candidates),)
        assert each.min() >= 0
        assert each.max() <= 1 + 1e-9


@given(
    question=TEXTS,
    candidates=st.lists(st.lists(TEXTS, min_size=1, max_size=3), min_size=1, max_size=6),
)
def test_pairs_are_those_of_a_plain_count(question, candidates):
    """Pairs of words are what sets of neighbours say, candidate by candidate."""
    asked = {pair for pair in pairwise(words(question)) if any(map(term_of, pair))}
    texts = [chain.from_iterable(map(words, one)) for one in candidates]
    expected = [len(asked & set(pairwise(one))) / max(1, len(asked)) for one in texts]
    assert compare(question, *candidates)["word_pairs"].tolist() == pytest.approx(expected)


VECTORS = st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3).map(
    lambda one: np.array(one, np.float32)
)


@given(question=VECTORS, sentences=st.lists(VECTORS, min_size=1, max_size=4))
def test_cosines_are_shares(question, sentences):
    """Of vectors of unit length, whatever their directions, both cosines are in [0, 1]."""
    vectors = np.array([unit(one) for one in sentences], np.float32)
    own = unit(question)
    mean = mean_cosine(own.astype(np.float32), [vectors], [np.ones(len(vectors))])
    best = best_cosine(vectors.astype(np.float64) @ own, np.array([0, len(vectors)]))
    assert 0 <= mean[0] <= 1 + 1e-6
    assert 0 <= best[0] <= 1 + 1e-6


def unit(vector: np.ndarray) -> np.ndarray:
    """The vector at unit length; the first axis where it has no direction."""
    wide = vector.astype(np.float64)
    length = np.linalg.norm(wide)
    return wide / length if length > 1e-9 else np.array([1.0, 0.0, 0.0])
