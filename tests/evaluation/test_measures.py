"""The measures have the values of their definitions, and of an independent program."""

import math

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG

from askdocs.evaluation.measures import (
    expected_calibration_error,
    hit_at,
    ndcg_at,
    newly_found,
    recall_at,
    reciprocal_rank,
    share,
)

RANKINGS = st.lists(st.integers(0, 30), unique=True, max_size=25)
RELEVANT = st.sets(st.integers(0, 30), min_size=1)
FOUND = st.lists(st.integers(0, 3), max_size=20)
SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1)


def test_an_id_counts_for_the_first_rank_that_shows_it():
    """A rank may show several ids, one that was shown before, or none."""
    shown = [["a"], [], ["a", "b", "c"], ["c"], ["d", "d"]]
    assert newly_found(shown) == [1, 0, 2, 0, 1]


@pytest.mark.parametrize(
    ("found", "relevant", "k", "expected"),
    [([], 3, 10, 0), ([1, 0, 1], 4, 10, 0.5), ([1, 0, 1], 4, 2, 0.25), ([0, 3], 3, 2, 1)],
)
def test_recall_is_the_share_of_what_there_is(found, relevant, k, expected):
    """A rank that shows three answers counts as three."""
    assert recall_at(found, relevant, k) == expected


@pytest.mark.parametrize(
    ("found", "relevant", "expected"),
    [
        # Relevant at ranks 1 and 3 of three: (1 + 1/2) / (1 + 1/log2(3) + 1/2).
        ([1, 0, 1], 3, 0.703918),
        # A rank counts once: two answers at rank 1 gain 1 of the 1 + 1/log2(3) of two ranks.
        ([2], 2, 1 / (1 + 1 / math.log2(3))),
        # Of twelve answers ten can stand in the first ten ranks.
        ([1] * 10, 12, 1),
    ],
)
def test_ndcg_worked_out_by_hand(found, relevant, expected):
    """Gains are binary, and the ideal has at most k ranks."""
    assert ndcg_at(found, relevant, 10) == pytest.approx(expected, abs=1e-6)


@given(RANKINGS, RELEVANT)
def test_measures_of_a_ranking_are_those_of_ir_measures(ranking, relevant):
    """For a ranking of single ids the values are those of the field's own program."""
    found = newly_found([[one] if one in relevant else [] for one in ranking])
    # It ignores ranks and sorts by score, and it passes over a question that found nothing.
    run = [ir_measures.ScoredDoc("q", str(one), -rank) for rank, one in enumerate(ranking)] or [
        ir_measures.ScoredDoc("q", "nothing", 0)
    ]
    qrels = [ir_measures.Qrel("q", str(one), 1) for one in relevant]

    expected = ir_measures.calc_aggregate(
        [Success @ 1, Success @ 5, RR @ 10, nDCG @ 10, R @ 10], qrels, run
    )

    assert {
        Success @ 1: hit_at(found, 1),
        Success @ 5: hit_at(found, 5),
        RR @ 10: reciprocal_rank(found, 10),
        nDCG @ 10: ndcg_at(found, len(relevant), 10),
        R @ 10: recall_at(found, len(relevant), 10),
    } == pytest.approx(expected)


@given(FOUND, st.integers(0, 5), st.integers(1, 20))
def test_measures_of_a_ranking_are_shares(found, missed, k):
    """Each is from 0 to 1, and all are 0 at once or above 0 at once."""
    relevant = sum(found) + missed or 1
    values = [
        hit_at(found, k),
        reciprocal_rank(found, k),
        ndcg_at(found, relevant, k),
        recall_at(found, relevant, k),
    ]
    assert all(0 <= value <= 1 for value in values)
    assert len({value > 0 for value in values}) == 1


@given(FOUND, st.integers(0, 18))
def test_a_better_order_is_no_worse(found, position):
    """To put a relevant hit in front of one that is not raises no measure's opposite."""
    if position + 1 >= len(found) or found[position] or not found[position + 1]:
        return
    better = found.copy()
    better[position : position + 2] = [found[position + 1], 0]
    assert reciprocal_rank(better, 10) >= reciprocal_rank(found, 10)
    assert ndcg_at(better, sum(found), 10) >= ndcg_at(found, sum(found), 10)
    assert recall_at(better, sum(found), 10) >= recall_at(found, sum(found), 10)


@pytest.mark.parametrize(
    ("scores", "correct", "bins", "expected"),
    [
        # Three in [0.9, 1], two correct: |2.85 - 2|; one in [0.2, 0.3), wrong: 0.25; over 4.
        ([0.9, 0.95, 1.0, 0.25], [True, False, True, False], 10, (0.85 + 0.25) / 4),
        ([0.75] * 4, [True, True, True, False], 10, 0),
        # Calibrated in one bin and not in two.
        ([0.45, 0.55], [True, False], 1, 0),
        ([0.45, 0.55], [True, False], 2, 0.55),
    ],
)
def test_calibration_error_worked_out_by_hand(scores, correct, bins, expected):
    """Scores of one bin make up for each other, scores of two bins do not."""
    error = expected_calibration_error(scores, correct, bins=bins)
    assert error == pytest.approx(expected)


@given(SCORED)
def test_calibration_error_is_at_least_the_gap_of_the_means(scored):
    """Bins can only add to the difference between mean score and share of correct ones."""
    scores, correct = zip(*scored, strict=True)
    gap = abs(sum(scores) - sum(correct)) / len(scores)
    error = expected_calibration_error(scores, correct)
    assert gap - 1e-9 <= error <= 1 + 1e-9


def test_share_is_that_of_the_true_ones():
    """One of four is a quarter."""
    assert share([True, False, False, False]) == 0.25


@pytest.mark.parametrize(
    "broken",
    [
        lambda: hit_at([1], 0),
        lambda: reciprocal_rank([1], 0),
        lambda: recall_at([], 0, 10),
        lambda: recall_at([1, 1], 1, 10),
        lambda: ndcg_at([1], 1, 0),
        lambda: ndcg_at([], 0, 10),
        lambda: expected_calibration_error([], []),
        lambda: expected_calibration_error([1.5], [True]),
        lambda: expected_calibration_error([0.5], []),
        lambda: expected_calibration_error([0.5], [True], bins=0),
        lambda: share([]),
    ],
)
def test_what_has_no_measure_is_a_broken_promise(broken):
    """No value is made up for a rank below 1, for no answers, no scores or no flags."""
    with pytest.raises(ValueError):
        broken()
