"""Each token of a question counts by its word, and is matched by the nearest one of a text."""

from math import log, sqrt

import numpy as np
import pytest

from askdocs.ranking.late import (
    STOP_WORD_IDF,
    sentence_scores,
    token_matches,
    token_weights,
)
from askdocs.store.analysis import TermStatistics

# Of nine passages four have "harbour" and none "zebra".
STATISTICS = TermStatistics(passages=9, frequencies={"harbour": 4, "zebra": 0})
HARBOUR, ZEBRA = sqrt(log(1 + 5.5 / 4.5)), sqrt(log(1 + 9.5 / 0.5))
STOP_WORD = sqrt(STOP_WORD_IDF)


def spans(question, *tokens):
    """Where some tokens follow one another in a question."""
    found, end = [], 0
    for token in tokens:
        start = question.index(token, end)
        end = start + len(token)
        found.append((start, end))
    return found


def codes(*signs):
    """The codes of tokens whose signs are written as + and -."""
    rows = [[sign == "+" for sign in token] for token in signs]
    return np.packbits(np.array(rows, np.bool_), axis=1)


def test_tokens_count_by_the_root_of_the_idf_of_their_term():
    """Every piece of a word counts like the word, stop words like one idf, punctuation nothing."""
    question = "Is the harbour a zebra?"
    pieces = spans(question, "Is", "the", "harb", "our", "a", "zebra", "?")
    expected = [STOP_WORD] * 2 + [HARBOUR] * 2 + [STOP_WORD, ZEBRA, 0.0]
    found = token_weights(question, pieces, STATISTICS)
    assert found.tolist() == pytest.approx([each / sum(expected) for each in expected])


def test_compound_counts_like_its_rarest_part():
    """Pieces of what no blank parts share one weight, the highest; its hyphen has none."""
    pieces = spans("zebra-harbour harbour", "zebra", "-", "harbour", "harbour")
    found = token_weights("zebra-harbour harbour", pieces, STATISTICS)
    total = 2 * ZEBRA + HARBOUR
    assert found.tolist() == pytest.approx([ZEBRA / total, 0.0, ZEBRA / total, HARBOUR / total])


@pytest.mark.parametrize("question", ["?!", "? !"])
def test_punctuation_counts_where_there_is_nothing_else(question):
    """A question without words has weights, and they add up to 1."""
    nothing = TermStatistics(passages=9, frequencies={})
    assert token_weights(question, spans(question, "?", "!"), nothing).tolist() == [0.5, 0.5]


def test_question_without_tokens_has_no_weights():
    """There is nothing to divide by."""
    assert token_weights("", [], TermStatistics(passages=9, frequencies={})).shape == (0,)


def test_match_is_the_cosine_of_the_nearest_token():
    """Signs of four numbers have length 2: (1, 1, 1, 1) / 2 has cosine 1 with itself, 0.5 and 0."""
    question = np.array([[0.5, 0.5, 0.5, 0.5], [1.0, 0.0, 0.0, 0.0]], np.float32)
    found = token_matches(question, codes("++--", "+++-", "++++", "----"), np.array([2, 0, 2]))
    np.testing.assert_allclose(found, [[0.5, 0.5], [-1.0, -1.0], [1.0, 0.5]], atol=1e-12)


def test_match_does_not_depend_on_what_else_is_matched():
    """Cosines are equal to the last bit, whether a token is matched alone or among thousands."""
    random = np.random.default_rng(3)
    question = random.normal(size=(7, 384)).astype(np.float32)
    question /= np.linalg.norm(question, axis=1, keepdims=True)
    many = random.integers(0, 256, (3000, 48), np.uint8)
    together = token_matches(question, many, np.ones(3000, np.int64))
    alone = [token_matches(question, row[np.newaxis], np.array([1]))[0] for row in many[::250]]
    np.testing.assert_array_equal(together[::250], alone)


def test_match_is_near_that_of_the_unrounded_question():
    """Rounding the question to whole numbers moves a cosine by less than two thousandths."""
    random = np.random.default_rng(4)
    question = random.normal(size=(5, 384)).astype(np.float32)
    question /= np.linalg.norm(question, axis=1, keepdims=True)
    signs = random.integers(0, 2, (40, 384))
    exact = (signs * 2.0 - 1.0) @ question.T.astype(np.float64) / sqrt(384)
    found = token_matches(question, np.packbits(signs.astype(np.bool_), axis=1), np.ones(40, int))
    np.testing.assert_allclose(found, exact, atol=2e-3)


def test_texts_without_tokens_match_nothing():
    """Where no text has a token, each cosine is the lowest that there is."""
    question = np.array([[1.0, 0.0]], np.float32)
    found = token_matches(question, np.empty((0, 1), np.uint8), np.array([0, 0]))
    assert found.tolist() == [[-1.0], [-1.0]]


def test_sentence_that_refers_back_is_matched_with_seven_tenths_of_the_one_before():
    """Asked for the pool on Sundays, "It opens at nine on Sundays" answers.

    It follows "The pool opens at six": each token counts by the better match, 0.7 · 0.9 for the
    pool and its own 0.8 for Sundays. "Towels cost nothing" follows it and does not refer to it.
    """
    matches = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.1]])
    found = sentence_scores(matches, np.array([0.75, 0.25]), np.array([False, True, False]))
    assert found.tolist() == pytest.approx([0.7, 0.75 * 0.63 + 0.25 * 0.8, 0.25])


def test_only_the_very_sentence_before_counts():
    """The first has none before it; the third does not inherit what the second did."""
    matches = np.array([[1.0], [0.0], [0.0], [-0.5]])
    found = sentence_scores(matches, np.array([1.0]), np.array([True, True, True, True]))
    assert found.tolist() == pytest.approx([1.0, 0.7, 0.0, 0.0])


def test_sentence_that_refers_to_nothing_keeps_its_match():
    """Without a pronoun each sentence has the weighted sum of its own matches."""
    matches = np.array([[0.8, -0.4], [-1.0, -1.0], [0.2, 0.6]])
    found = sentence_scores(matches, np.array([0.5, 0.5]), np.zeros(3, np.bool_))
    assert found.tolist() == pytest.approx([0.2, -1.0, 0.4])
