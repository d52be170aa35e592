"""Fitting finds what tells relevant passages apart, and says how well that works."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from askdocs.ranking.score import Ranker
from benchmarks import fitting
from benchmarks.evaluation_sets import SIGNALS, Asked, EvaluationSet
from benchmarks.fitting import REFUSED, Figures, Settings, fit_ranker, measure

TELLING = "word_share"
# The sets below are too small to move weights far from the prior at the strength that is shipped.
LOOSE = Settings(strength=0.01)


def asked(
    *candidates: dict[str, float], relevant: Sequence[int] = (), is_answerable: bool = True
) -> Asked:
    """A question whose candidates are given by the signals that are not 0."""
    rows = [[one.get(name, 0.0) for name in SIGNALS] for one in candidates]
    return Asked(
        signals=np.array(rows).reshape(len(rows), len(SIGNALS)),
        is_relevant=np.array([at in relevant for at in range(len(rows))], dtype=np.bool_),
        is_answerable=is_answerable,
    )


def make_set(name: str, seed: int, *, others: Sequence[str], questions: int = 40) -> EvaluationSet:
    """Questions of which one signal tells the answer among ten candidates; the others are noise.

    In questions of other sets the telling signal is low for every candidate.
    """
    random = np.random.default_rng(seed)
    column = SIGNALS.index(TELLING)

    def ask(*, is_answerable: bool) -> Asked:
        signals = random.uniform(0, 1, (10, len(SIGNALS)))
        signals[:, column] = random.uniform(0, 0.5, 10)
        relevant = np.arange(10) == (random.integers(10) if is_answerable else -1)
        signals[relevant, column] = random.uniform(0.6, 1)
        return Asked(signals=signals, is_relevant=relevant, is_answerable=is_answerable)

    return EvaluationSet(
        name=name,
        own=[ask(is_answerable=True) for _ in range(questions)],
        foreign={other: [ask(is_answerable=False) for _ in range(20)] for other in others},
    )


@pytest.fixture
def sets() -> list[EvaluationSet]:
    """Two sets of different size, each with questions of the other."""
    return [make_set("one", 1, others=["two"]), make_set("two", 2, others=["one"], questions=70)]


def test_signal_that_tells_weighs_most(sets):
    """Nothing else tells the relevant ones apart, and the fitted ranker puts them first."""
    ranker = fit_ranker(sets, LOOSE)
    assert max(ranker.weights, key=lambda name: ranker.weights[name]) == TELLING
    assert [measure(ranker, one).hit_at[1] for one in sets] == [1.0, 1.0]


def test_fitted_ranker_serves_a_set_that_it_has_not_seen(sets):
    """What was learned is the signal, not the questions."""
    unseen = make_set("three", 3, others=["one"])
    figures = measure(fit_ranker(sets, LOOSE), unseen)
    prior = measure(fit_ranker(sets, Settings(is_fitted=False)), unseen)
    assert figures.hit_at[1] >= 0.95 > prior.hit_at[1]


def test_great_strength_keeps_the_prior(sets):
    """Weights that must not leave the prior are those of a ranker that is not fitted."""
    held = fit_ranker(sets, Settings(strength=1e9))
    unfitted = fit_ranker(sets, Settings(is_fitted=False))
    assert held.weights == pytest.approx(unfitted.weights, abs=1e-6)
    others = {name: weight for name, weight in unfitted.weights.items() if weight}
    assert list(others) == ["best_cosine", "bm25_share"]
    assert len(set(others.values())) == 1


def test_signals_that_are_not_used_have_no_weight(sets):
    """The ablation leaves a signal out, whether it has a prior or not."""
    ranker = fit_ranker(sets, Settings(signals=("bm25_share", TELLING)))
    used = {name for name, weight in ranker.weights.items() if weight}
    assert list(ranker.weights) == list(SIGNALS)
    assert used == {"bm25_share", TELLING}


def test_gradients_agree_with_finite_differences(sets, monkeypatch):
    """Both losses, of the weights and of the line, say of themselves how they change."""
    compared = []

    def check(
        loss: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray, **options: Any
    ) -> Any:
        at = start + np.linspace(-0.2, 0.3, len(start))
        compared.append(len(start))
        assert loss(at)[1] == pytest.approx(
            approx_fprime(at, lambda one: loss(one)[0], 1e-7), abs=1e-5
        )
        return minimize(loss, start, **options)

    monkeypatch.setattr(fitting, "minimize", check)

    fit_ranker(sets)

    assert compared == [len(SIGNALS), 2]


def test_questions_without_a_relevant_candidate_teach_no_weight(sets):
    """Where no candidate shows the answer, there is none to prefer: the ratio of weights stays."""
    missed = asked({"best_cosine": 0.9}, {"best_cosine": 0.1})
    more = EvaluationSet(name="one", own=[*sets[0].own, missed], foreign=sets[0].foreign)
    before, after = fit_ranker([sets[0]]), fit_ranker([more])
    ratios = [one.weights["best_cosine"] / one.weights[TELLING] for one in (before, after)]
    assert ratios[0] == pytest.approx(ratios[1], rel=1e-3)


def test_probability_is_calibrated(sets):
    """The line is where the weighed mean of the probabilities is the share of answers.

    Three quarters of the weight are the sets' own questions, all answered by the first hit; the
    rest are others', of which none is. So the constant's slope is 0 at a mean of 0.75.
    """
    ranker = fit_ranker(sets, LOOSE)
    means = [np.mean([best(ranker, one) for one in each.own]) for each in sets]
    others = [
        np.mean([best(ranker, one) for asked in each.foreign.values() for one in asked])
        for each in sets
    ]
    assert 0.75 * np.mean(means) + 0.25 * np.mean(others) == pytest.approx(0.75, abs=0.01)


def best(ranker: Ranker, one: Asked) -> float:
    """The score of a question's best candidate."""
    signals = dict(zip(SIGNALS, one.signals.T, strict=True))
    return float(ranker.probabilities(signals).max())


def test_bar_is_the_highest_that_refuses_few(sets):
    """At the bar the sets' mean share of refusals is at most the wished one; a step above, more."""
    ranker = fit_ranker(sets)
    above = replace(ranker, bar=ranker.bar + 0.01)
    refused, more = (
        np.mean([measure(one, each).refused for each in sets]) for one in (ranker, above)
    )
    assert refused <= REFUSED < more


def test_floor_is_half_the_bar(sets):
    """It is rounded as it is written down."""
    ranker = fit_ranker(sets)
    assert ranker.floor == round(ranker.bar / 2, 2)


# The log-odds are those of the cosine alone: at 0 the score is 0.5, at ln 3 it is 0.75.
COSINE = Ranker(constant=0.0, weights={"best_cosine": 1.0}, bar=0.6, floor=0.3)
LN_3 = float(np.log(3))


def test_figures_are_those_of_the_hand():
    """Four own questions with an answer, one without, and two of another set.

    The first hit answers one question (0.75), the second one (0.75), the sixth one (0.5), and none
    the last (0.75), although there are only two. The bar refuses the third. Scores of 0.75, of
    which a third is right, and one of 0.5 that is wrong: (3 · 0.75 - 1 + 0.5) / 4.
    """
    high, low = {"best_cosine": LN_3}, {"best_cosine": 0.0}
    one = EvaluationSet(
        name="one",
        own=[
            asked(low, high, relevant=[1]),
            asked(high, low, relevant=[1]),
            asked(low, low, low, low, low, low, relevant=[5]),
            asked(high, low),
            asked(low, is_answerable=False),
        ],
        foreign={"two": [asked(high, is_answerable=False), asked(low, is_answerable=False)]},
    )

    figures = measure(COSINE, one)

    assert figures == Figures(
        hit_at={1: 0.25, 5: 0.5}, refused=0.25, refused_none=1.0, refused_foreign={"two": 0.5},
        calibration_error=pytest.approx(1.75 / 4),
    )  # fmt: skip


def test_set_that_has_an_answer_to_all_refuses_none_of_the_others():
    """Where every question has an answer, there is no share of those without."""
    one = EvaluationSet(name="one", own=[asked({"best_cosine": LN_3}, relevant=[0])], foreign={})
    figures = measure(COSINE, one)
    assert figures == Figures(
        hit_at={1: 1.0, 5: 1.0}, refused=0.0, refused_none=None, refused_foreign={},
        calibration_error=pytest.approx(0.25),
    )  # fmt: skip


def test_equal_scores_keep_their_order():
    """Of candidates whose scores agree in six digits, the first in canonical order comes first."""
    near = asked({"best_cosine": 0.5}, {"best_cosine": 0.5000001}, relevant=[0])
    one = EvaluationSet(name="one", own=[near], foreign={})
    assert measure(COSINE, one).hit_at[1] == 1.0
