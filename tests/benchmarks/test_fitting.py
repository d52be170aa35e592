"""Fitting finds what tells relevant passages apart, and says how well that works."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from askdocs.ranking.score import LEAD, Ranker
from askdocs.ranking.signals import MEANINGS, OF_QUESTION
from benchmarks import fitting
from benchmarks.evaluation_sets import SIGNALS, Asked, EvaluationSet
from benchmarks.fitting import (
    OUT_OF_SIGHT,
    OWN_SHARE,
    PRIOR,
    REFUSED,
    SET_BY_HAND,
    UNANSWERED_SHARE,
    Figures,
    Settings,
    fit_ranker,
    measure,
)

TELLING = "word_share"
# The sets below are too small to move weights far from the prior at the strength that is shipped.
LOOSE = Settings(strength=0.01)
FIXED = {*OF_QUESTION, *SET_BY_HAND}


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


def make_set(
    name: str, seed: int, *, others: Sequence[str], questions: int = 40, unanswered: int = 0
) -> EvaluationSet:
    """Questions of which one signal tells the answer among ten candidates; the others are noise.

    In questions without an answer, of this set or of others, it is low for every candidate. The
    signals whose weights are set by hand are 0.
    """
    random = np.random.default_rng(seed)
    column = SIGNALS.index(TELLING)
    shared = [SIGNALS.index(signal) for signal in OF_QUESTION]

    def ask(*, is_answerable: bool) -> Asked:
        signals = random.uniform(0, 1, (10, len(SIGNALS)))
        signals[:, shared] = signals[0, shared]
        signals[:, [SIGNALS.index(signal) for signal in SET_BY_HAND]] = 0.0
        signals[:, column] = random.uniform(0, 0.5, 10)
        relevant = np.arange(10) == (random.integers(10) if is_answerable else -1)
        signals[relevant, column] = random.uniform(0.6, 1)
        return Asked(signals=signals, is_relevant=relevant, is_answerable=is_answerable)

    return EvaluationSet(
        name=name,
        own=[ask(is_answerable=at >= unanswered) for at in range(unanswered + questions)],
        foreign={other: [ask(is_answerable=False) for _ in range(20)] for other in others},
    )


@pytest.fixture
def sets() -> list[EvaluationSet]:
    """Two sets of different size, each with questions of the other."""
    return [make_set("one", 1, others=["two"]), make_set("two", 2, others=["one"], questions=70)]


def test_signal_that_tells_weighs_most(sets):
    """Nothing else tells the relevant ones apart, and the fitted ranker puts them first."""
    ranker = fit_ranker(sets, LOOSE)
    weights = {name: ranker.weights[name] for name in SIGNALS if name not in OF_QUESTION}
    assert max(weights, key=lambda name: weights[name]) == TELLING
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
    slope = unfitted.weights["best_cosine"] / PRIOR["best_cosine"]
    expected = {name: slope * PRIOR.get(name, 0) for name in SIGNALS if name not in FIXED}
    own = {name: unfitted.weights[name] for name in expected}
    assert own == pytest.approx(expected, abs=1e-3)


def test_signals_that_are_not_used_have_no_weight(sets):
    """The ablation leaves a signal out, whether it has a prior or not; others come in their order."""
    ranker = fit_ranker(sets, Settings(signals=("bm25_share", TELLING)))
    used = {name for name, weight in ranker.weights.items() if weight}
    assert list(ranker.weights) == list(MEANINGS)
    assert used == {"bm25_share", TELLING, LEAD, *FIXED}
    assert {name: ranker.weights[name] for name in SET_BY_HAND} == SET_BY_HAND


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

    assert compared[0] == len(set(SIGNALS) - FIXED)
    # The slopes of the sum, of the signals of the question and of the lead, and the constant.
    assert {*compared[1:]} == {1 + len(OF_QUESTION) + 1 + 1}


def test_questions_without_a_relevant_candidate_teach_no_weight(sets):
    """Where no candidate shows the answer, there is none to prefer: the ratio of weights stays."""
    missed = asked({"best_cosine": 0.9}, {"best_cosine": 0.1})
    more = EvaluationSet(name="one", own=[*sets[0].own, missed], foreign=sets[0].foreign)
    before, after = fit_ranker(sets), fit_ranker([more, sets[1]])
    ratios = [one.weights["best_cosine"] / one.weights[TELLING] for one in (before, after)]
    assert ratios[0] == pytest.approx(ratios[1], rel=1e-3)


def test_sets_of_any_size_count_alike():
    """One set says the opposite of another, which has nine times its questions: it weighs nothing."""

    def ask(cosine: float, relevant: int) -> Asked:
        has, lacks = ({"best_cosine": cosine, TELLING: value} for value in (1.0, 0.0))
        return asked(has, lacks, relevant=[relevant])

    for_it, against_it = [ask(0.8, 0)] * 27, [ask(0.2, 1)] * 3
    sets = [
        EvaluationSet(name=name, own=own, foreign={})
        for name, own in (("one", for_it), ("two", against_it))
    ]
    ranker = fit_ranker(sets)
    assert ranker.weights["best_cosine"] > 0.1
    assert ranker.weights[TELLING] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("unanswered", [0, 10])
def test_probability_is_calibrated(unanswered):
    """The line is where the weighed mean of the probabilities is the share of answers.

    That is the constant's slope, 0 where the loss is least. All answerable questions are answered
    by the first hit, and no other question is.
    """
    sets = [
        make_set("one", 1, others=["two"], unanswered=unanswered),
        make_set("two", 2, others=["one"], unanswered=unanswered, questions=70),
    ]
    ranker = fit_ranker(sets, LOOSE)
    answered, missed = 0.0, 0.0
    for one in sets:
        parts = {
            OWN_SHARE: [each for each in one.own if each.is_answerable],
            UNANSWERED_SHARE: [each for each in one.own if not each.is_answerable],
            1 - OWN_SHARE: [each for asked in one.foreign.values() for each in asked],
        }
        for share, questions in parts.items():
            for each in questions:
                answered += share / len(questions) * each.is_answerable
                missed += share / len(questions) * (each.is_answerable - best(ranker, each))
    assert missed / answered == pytest.approx(0, abs=0.01)


def best(ranker: Ranker, one: Asked) -> float:
    """The score of a question's best candidate."""
    signals = dict(zip(SIGNALS, one.signals.T, strict=True))
    return float(ranker.probabilities({**signals, LEAD: ranker.lead(signals)}).max())


def test_lead_tells_answered_questions_from_others(sets):
    """Where an answer stands out among its candidates, a lead speaks for it."""
    assert fit_ranker(sets, LOOSE).weights[LEAD] > 0


def test_signals_of_the_question_change_scores_and_not_the_order():
    """Questions with an unknown word are never answered here: it lowers their scores alone.

    Every question has the same candidates: one of which half are answers, and one that never is.
    """

    def ask(*, unknown: float, is_relevant: bool) -> Asked:
        first = {"best_cosine": 0.8, "unknown_share": unknown}
        second = {"best_cosine": 0.4, "unknown_share": unknown}
        return asked(first, second, relevant=[0] if is_relevant else [1])

    known = [ask(unknown=0.0, is_relevant=True) for _ in range(30)]
    unknown = [ask(unknown=1.0, is_relevant=False) for _ in range(10)]
    one = EvaluationSet(name="one", own=[*known, *unknown], foreign={})
    ranker = fit_ranker([one])
    assert ranker.weights["unknown_share"] < 0
    assert best(ranker, unknown[0]) < best(ranker, known[0])
    assert measure(ranker, one).hit_at[1] == 0.75


def test_sets_that_are_not_fitted_on_lend_no_questions(sets):
    """A foreign question counts only if its set is among those that are fitted."""
    alone = replace(sets[0], foreign={})
    assert fit_ranker([sets[0]]) == fit_ranker([alone])


def test_bar_is_the_highest_that_refuses_few_in_every_set(sets):
    """At the bar no set's share of refusals is above the wished one; a step above, a set's is."""
    ranker = fit_ranker(sets)
    above = replace(ranker, bar=round(ranker.bar + 0.01, 2))
    refused, more = ([measure(one, each).refused for each in sets] for one in (ranker, above))
    assert max(refused) <= REFUSED < max(more)


def test_floor_hides_few_best_passages(sets):
    """It is the highest that hides few on average, and at most the bar."""
    ranker = fit_ranker(sets)
    hidden, more = (
        np.mean([measure(replace(ranker, bar=bar), one).refused for one in sets])
        for bar in (ranker.floor, round(ranker.floor + 0.01, 2))
    )
    assert ranker.floor <= ranker.bar
    assert hidden <= OUT_OF_SIGHT
    assert more > OUT_OF_SIGHT or ranker.floor == ranker.bar


def test_floor_is_at_most_the_bar():
    """A single set that refuses many lowers the bar, however few the sets refuse on average."""
    clear = asked({"best_cosine": 0.9}, {"best_cosine": 0.1}, relevant=[0])
    weak = asked({"best_cosine": 0.2}, {"best_cosine": 0.1}, relevant=[1])
    others = ceil(1 / OUT_OF_SIGHT)
    sets = [EvaluationSet(name=str(at), own=[clear], foreign={}) for at in range(others)]
    hard = EvaluationSet(name="hard", own=[weak, *[clear] * (ceil(1 / REFUSED) - 2)], foreign={})
    ranker = fit_ranker([*sets, hard])
    hidden = [measure(replace(ranker, bar=ranker.bar + 0.01), one).refused for one in [*sets, hard]]
    assert np.mean(hidden) <= OUT_OF_SIGHT
    assert ranker.floor == ranker.bar


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


def test_figures_count_the_lead():
    """A passage of cosine 1 is above a bar of 0.95 where the tenth has 0, and below where it has 0.9.

    At a weight of ln 41, being d ahead adds ln(1 + 40 · d) to the log-odds: ln 41 and ln 5.
    """
    weights = {"best_cosine": 1.0, LEAD: float(np.log(41))}
    ranker = Ranker(constant=0.0, weights=weights, bar=0.95, floor=0.3)
    far = [1.0, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01, 0.0]
    near = [1.0, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93, 0.92, 0.91, 0.9]
    own = [asked(*({"best_cosine": one} for one in each), relevant=[0]) for each in (far, near)]
    figures = measure(ranker, EvaluationSet(name="one", own=own, foreign={}))
    assert figures.refused == 0.5
    # Both are right, at 41e / (41e + 1) and 5e / (5e + 1).
    missing = [1 / (1 + 41 * np.e), 1 / (1 + 5 * np.e)]
    assert figures.calibration_error == pytest.approx(np.mean(missing), abs=1e-6)


def test_equal_scores_keep_their_order():
    """Of candidates whose scores agree in six digits, the first in canonical order comes first."""
    near = asked({"best_cosine": 0.5}, {"best_cosine": 0.5000001}, relevant=[0])
    one = EvaluationSet(name="one", own=[near], foreign={})
    assert measure(COSINE, one).hit_at[1] == 1.0
