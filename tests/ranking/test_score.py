"""The ranker is a linear model whose every part can be read."""

from math import exp, isfinite, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.ranking.score import Ranker, load_ranker
from askdocs.ranking.signals import MEANINGS

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


@given(values=st.lists(st.floats(0, 1), min_size=len(MEANINGS), max_size=len(MEANINGS)))
def test_shares_and_constant_sum_to_the_log_odds(values):
    """What is printed of a score explains it wholly, whatever the signals are."""
    signals = {name: np.array([value]) for name, value in zip(MEANINGS, values, strict=True)}
    ranker = load_ranker()
    (probability,) = ranker.probabilities(signals).tolist()
    assert 0 < probability < 1
    log_odds = sum(float(share[0]) for share in ranker.shares(signals).values())
    assert log(probability / (1 - probability)) == pytest.approx(log_odds, abs=1e-6)


def test_shipped_ranker_weighs_every_signal():
    """The file of weights has the signals that there are, in their order, and no others."""
    ranker = load_ranker()
    assert list(ranker.weights) == list(MEANINGS)
    assert all(map(isfinite, [ranker.constant, *ranker.weights.values()]))


def test_shipped_bar_refuses_some_and_answers_some():
    """Floor and bar part what a passage without any match scores from a perfect match."""
    ranker = load_ranker()
    nothing, everything = ranker.probabilities(dict.fromkeys(MEANINGS, np.array([0.0, 1.0])))
    assert 0 < nothing < ranker.floor < ranker.bar < everything < 1
