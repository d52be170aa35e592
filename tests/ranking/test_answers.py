"""The answer sentence is the one that matches best, of those that say something."""

import numpy as np
import pytest

from askdocs.ranking.order import answer_sentence
from askdocs.store.analysis import TermStatistics

# Of three passages one has "rain" and none "zebra": idf ln(1 + 2.5 / 1.5) = 0.98 and
# ln(1 + 3.5 / 0.5) = 2.08, shares of 0.32 and 0.68.
STATISTICS = TermStatistics(passages=3, frequencies={"rain": 1, "zebra": 0})
FILLING = ["heavi", "autumn", "storm", "flood", "villag"]


def answer(sentences, cosines, statistics):
    """The answer of sentences that all say enough."""
    return answer_sentence(sentences, cosines, statistics, says_little=[0] * len(sentences))


def test_nearest_sentence_answers_where_words_do_not_count():
    """In dense mode the highest cosine wins, even a negative one."""
    sentences = [[*FILLING, "zebra"], FILLING, FILLING]
    assert answer(sentences, np.array([0.2, 0.6, 0.5]), None) == 1
    assert answer(sentences, np.array([-0.3, -0.2, -0.1]), None) == 2


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
    assert answer(sentences, None, STATISTICS) == expected


@pytest.mark.parametrize(("nearer", "expected"), [(0.81, 1), (0.83, 0)])
def test_meaning_and_words_count_alike(nearer, expected):
    """A cosine of 0.5 and the share of "rain" are 0.82 together: 0.81 is less, 0.83 is more."""
    sentences = [FILLING, [*FILLING, "rain"]]
    assert answer(sentences, np.array([nearer, 0.5]), STATISTICS) == expected


@pytest.mark.parametrize(
    ("says_little", "expected"), [((1, 0, 0), 1), ((2, 1, 1), 1), ((2, 2, 2), 0), ((0, 0, 1), 0)]
)
def test_sentence_that_says_little_answers_only_where_no_other_can(says_little, expected):
    """However well it matches: the best of those that say most is chosen."""
    sentences, cosines = [FILLING] * 3, np.array([0.9, 0.2, 0.1])
    assert answer_sentence(sentences, cosines, None, says_little=says_little) == expected


def test_question_without_terms_is_answered_by_meaning():
    """Without terms every share is 0, and the cosine decides."""
    nothing = TermStatistics(passages=3, frequencies={})
    assert answer([FILLING, FILLING], np.array([0.1, 0.2]), nothing) == 1
    assert answer([FILLING, FILLING], None, nothing) == 0
