"""The ranker is a linear model whose every part can be read."""

from dataclasses import replace
from math import copysign, exp, isfinite, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.ranking.score import LEAD, Ranker, load_ranker
from askdocs.ranking.signals import MEANINGS, OF_QUESTION

RANKER = Ranker(constant=-2.0, weights={"meaning": 3.0, "words": -1.0}, bar=0.5, floor=0.2)


def test_probability_is_the_logistic_of_the_sum_of_shares():
    """Each signal adds its weight times its value: -2 + 3 · meaning - words is -3, -1 and 1."""
    signals = {"meaning": np.array([0.0, 0.5, 1.0]), "words": np.array([1.0, 0.5, 0.0])}
    shares = {name: found.tolist() for name, found in RANKER.shares(signals).items()}
    words, meaning = [-1.0, -0.5, 0.0], [0.0, 1.5, 3.0]
    assert shares == {"meaning": meaning, "words": words, "constant": [-2.0] * 3}
    expected = [1 / (1 + exp(-log_odds)) for log_odds in (-3, -1, 1)]
    assert RANKER.probabilities(signals).tolist() == pytest.approx(expected)


def test_extreme_odds_are_certain():
    """Log-odds of a thousand are a probability of 0 or 1, and no overflow."""
    steep = Ranker(constant=-1000.0, weights={"meaning": 2000.0}, bar=0.5, floor=0.2)
    assert steep.probabilities({"meaning": np.array([0.0, 1.0])}).tolist() == [0.0, 1.0]


def test_signals_without_a_weight_do_not_count():
    """A ranker takes what it knows from what is there."""
    signals = {"meaning": np.array([1.0]), "words": np.array([1.0])}
    found = RANKER.probabilities({**signals, "length": np.array([9.0])})
    assert found.tolist() == RANKER.probabilities(signals).tolist() == [0.5]


@given(data=st.data())
def test_shares_and_constant_sum_to_the_log_odds(data):
    """What is printed of a score explains it wholly, whatever the signals and their weights are."""
    numbers = st.lists(st.floats(-1, 1), min_size=len(MEANINGS), max_size=len(MEANINGS))
    weights, values = (dict(zip(MEANINGS, data.draw(numbers), strict=True)) for _ in range(2))
    ranker = Ranker(constant=-1.0, weights=weights, bar=0.5, floor=0.2)
    signals = {name: np.array([value]) for name, value in values.items()}
    (probability,) = ranker.probabilities(signals).tolist()
    log_odds = sum(float(share[0]) for share in ranker.shares(signals).values())
    assert log(probability / (1 - probability)) == pytest.approx(log_odds, abs=1e-6)


# Log-odds are 3 · meaning less words: 4 is the sum of the weights, and 0.1 of meaning is 3 / 40.
ELEVEN = [0.4, 0.9, 0.8, 0.7, 0.6, 0.5, 1.0, 0.3, 0.2, 0.1, 0.0]
PARTS_AHEAD = [9, 24, 21, 18, 15, 12, 27, 6, 3, 0, -3]


def lead_of(parts: float) -> float:
    """The lead of a candidate that is so many fortieths better than the tenth, or worse."""
    return copysign(log(1 + abs(parts)) / log(41), parts)


@pytest.mark.parametrize("words", [0.0, 1.0])
def test_lead_is_the_logarithm_of_how_far_each_is_ahead_of_the_tenth(words):
    """The tenth best of eleven has none, the last less; what all of them have does not count."""
    found = RANKER.lead({"meaning": np.array(ELEVEN), "words": np.full(11, words)})
    assert found.tolist() == pytest.approx(list(map(lead_of, PARTS_AHEAD)), abs=1e-9)


def test_copies_are_one_candidate_to_the_lead():
    """What is equal to six digits counts once: the tenth is 0.1 still, and copies have one lead."""
    meaning = np.array([0.9, *ELEVEN, 1.0, 0.50000001])
    found = RANKER.lead({"meaning": meaning, "words": np.zeros(14)})
    parts = [24, *PARTS_AHEAD, 27, 12]
    assert found.tolist() == pytest.approx(list(map(lead_of, parts)), abs=1e-6)


@pytest.mark.parametrize(
    ("meaning", "parts"),
    [
        # The tenth of fewer has 0.3 · 4, which is a meaning of 0.4.
        ([1.0, 0.5], [18, 3]),
        ([0.4], [0]),
        ([0.0] * 12, [-12] * 12),
        ([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.3, 0.2, 0.1], [18, 15, 12, 9, 6, 3, -3, -6, -9]),
    ],
)
def test_tenth_of_fewer_candidates_is_the_usual_one(meaning, parts):
    """Few candidates are ahead only by what they are worth themselves, and so are many copies."""
    found = RANKER.lead({"meaning": np.array(meaning), "words": np.zeros(len(meaning))})
    assert found.tolist() == pytest.approx(list(map(lead_of, parts)), abs=1e-9)


def test_lead_is_1_at_the_most():
    """A candidate that has everything, before ten that have nothing but what counts against them."""
    meaning = np.array([1.0, *np.arange(9) / 9000, 0.0])
    found = RANKER.lead({"meaning": meaning, "words": np.array([0.0, *np.full(10, 1.0)])})
    assert found[0] == pytest.approx(1.0, abs=1e-4)
    assert found.max() <= 1.0


@given(
    candidates=st.lists(
        st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), min_size=1, max_size=15
    )
)
def test_lead_keeps_the_order_and_its_range(candidates):
    """Of any candidates the best is farthest ahead, and no lead is outside of [-1, 1]."""
    meaning, words = np.array(candidates).T
    lead = RANKER.lead({"meaning": meaning, "words": words})
    order = np.argsort(3.0 * meaning - words, kind="stable")
    assert np.abs(lead).max() <= 1
    assert np.diff(lead[order]).min(initial=0.0) >= -1e-9


def test_lead_does_not_count_itself_nor_what_all_candidates_share():
    """It is of the differences between candidates, however much the others weigh."""
    signals = {"meaning": np.array([1.0, 0.5]), "words": np.array([0.0, 0.0])}
    heavy = dict.fromkeys([*OF_QUESTION, LEAD], 50.0)
    ranker = replace(RANKER, weights={**RANKER.weights, **heavy})
    expected = [lead_of(18), lead_of(3)]
    assert ranker.lead(signals).tolist() == pytest.approx(expected)
    others = dict.fromkeys(heavy, np.array([0.7, 0.8]))
    assert ranker.lead({**signals, **others}).tolist() == pytest.approx(expected)


def test_shipped_ranker_weighs_every_signal():
    """The file of weights has the signals that there are, in their order, and no others."""
    ranker = load_ranker()
    assert list(ranker.weights) == list(MEANINGS)
    assert all(map(isfinite, [ranker.constant, *ranker.weights.values()]))


def test_shipped_bar_refuses_some_and_answers_some():
    """Floor and bar part what a passage without any match scores from a perfect match."""
    ranker = load_ranker()
    signals = dict.fromkeys(MEANINGS, np.array([0.0, 1.0])) | dict.fromkeys(
        OF_QUESTION, np.zeros(2)
    )
    nothing, everything = ranker.probabilities(signals)
    assert 0 < nothing < ranker.floor <= ranker.bar < everything <= 1
