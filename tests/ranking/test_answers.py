"""The answer sentence is the one that matches best, of those that say something."""

import numpy as np
import pytest

from askdocs.ranking.order import answer_sentence
from askdocs.store.analysis import TermStatistics

# Of three passages one has "rain" and none "zebra": idf ln(1 + 2.5 / 1.5) = 0.98 and
# ln(1 + 3.5 / 0.5) = 2.08, shares of 0.32 and 0.68.
STATISTICS = TermStatistics(passages=3, frequencies={"rain": 1, "zebra": 0})
FILLING = ["heavi", "autumn", "storm", "flood", "villag"]


def test_nearest_sentence_answers_where_words_do_not_count():
    """In dense mode the highest cosine wins, even a negative one."""
    sentences = [[*FILLING, "zebra"], FILLING, FILLING]
    assert answer_sentence(sentences, np.array([0.2, 0.6, 0.5]), None) == 1
    assert answer_sentence(sentences, np.array([-0.3, -0.2, -0.1]), None) == 2


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([["rain"], ["zebra"], []], 1),
        ([["rain", "rain", "rain"], ["zebra"]], 1),
        ([["zebra"], ["rain", "zebra"]], 1),
        ([["rain"], ["rain"]], 0),
        ([[], []], 0),
    ],
)
def test_rarest_words_answer_where_meaning_does_not_count(found, expected):
    """In lexical mode each question term counts once, by its idf; the first of equals wins."""
    sentences = [[*FILLING, *terms] for terms in found]
    assert answer_sentence(sentences, None, STATISTICS) == expected


@pytest.mark.parametrize(("nearer", "expected"), [(0.81, 1), (0.83, 0)])
def test_meaning_and_words_count_alike(nearer, expected):
    """A cosine of 0.5 and the share of "rain" are 0.82 together: 0.81 is less, 0.83 is more."""
    sentences = [FILLING, [*FILLING, "rain"]]
    assert answer_sentence(sentences, np.array([nearer, 0.5]), STATISTICS) == expected


@pytest.mark.parametrize(("terms", "expected"), [(4, 1), (5, 0)])
def test_short_sentence_answers_only_where_no_other_can(terms, expected):
    """A title of four terms matches better than the sentence below it; five terms are enough."""
    assert answer_sentence([FILLING[:terms], FILLING], np.array([0.9, 0.1]), None) == expected


def test_short_sentences_answer_among_themselves():
    """Where all are short the best of them is chosen, and one without words is chosen all the same."""
    assert answer_sentence([["rain"], ["zebra"], []], None, STATISTICS) == 1
    assert answer_sentence([["rain"], []], np.array([0.1, 0.2]), None) == 1


def test_question_without_terms_is_answered_by_meaning():
    """Without terms every share is 0, and the cosine decides."""
    nothing = TermStatistics(passages=3, frequencies={})
    assert answer_sentence([FILLING, FILLING], np.array([0.1, 0.2]), nothing) == 1
    assert answer_sentence([FILLING, FILLING], None, nothing) == 0
