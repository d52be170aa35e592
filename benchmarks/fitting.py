"""Fit the ranker: its weights, the probability that its score stands for, and the bar."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logsumexp, softmax

from askdocs.evaluation.measures import expected_calibration_error
from askdocs.ranking.score import LEAD, Ranker
from askdocs.ranking.signals import OF_QUESTION
from benchmarks.evaluation_sets import SIGNALS, Asked, EvaluationSet

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

PRIOR = {"best_cosine": 4.0, "bm25_share": 4.0, "late_interaction": 10.0}
"""The mix of the first signals, sharp enough to stand for probabilities among candidates."""

SET_BY_HAND = {"missing_identifiers": -4.0}
"""Log-odds of signals that hardly any question of the sets has."""

OWN_SHARE = 0.75
"""How much a set's answerable questions count in the calibration; other sets' are the rest of 1."""

UNANSWERED_SHARE = 0.1
"""How much a set's own questions without an answer count beside those."""

REFUSED = 0.08
"""The share of its own questions that the bar may refuse, in the set where it refuses most."""

OUT_OF_SIGHT = 0.005
"""The share of their own questions whose best passage the floor may hide, on average."""

# How much the slopes of the line for the probability are held back to 0.
_HELD_BACK = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is varied by the ablation.

    Attributes:
        signals: The signals in use.
        strength: How much a weight is held back to its prior.
        is_fitted: Whether weights are fitted at all; otherwise they are the prior's.
    """

    signals: Sequence[str] = SIGNALS
    strength: float = 0.03
    is_fitted: bool = True


SHIPPED = Settings()
"""How the weights in the package are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a ranker does on a set; shares in [0, 1].

    Attributes:
        hit_at: By depth, the share of answerable questions with an answer among so many hits.
        refused: The share of answerable questions whose best score is below the bar.
        refused_none: The same of the set's own questions that have no answer; None without any.
        refused_foreign: The same of each other set's questions, by set.
        calibration_error: Of the first hit's score, on the set's own questions.
    """

    hit_at: Mapping[int, float]
    refused: float
    refused_none: float | None
    refused_foreign: Mapping[str, float] = field(default_factory=dict)
    calibration_error: float


def fit_ranker(sets: Sequence[EvaluationSet], settings: Settings = SHIPPED) -> Ranker:
    """The ranker that does best on some sets, rounded as it is written down.

    All sets count alike.
    """
    ranker = _fit_probability(sets, _fit_weights(sets, settings))
    scores = [_best_scores(ranker, _answerable(one)) for one in sets]
    bars = np.linspace(0, 1, 101).round(2)
    refused = np.array([[np.mean(own < bar) for bar in bars] for own in scores])
    bar = float(bars[np.flatnonzero(refused.max(axis=0) <= REFUSED)[-1]])
    floor = float(bars[np.flatnonzero(refused.mean(axis=0) <= OUT_OF_SIGHT)[-1]])
    return replace(ranker, bar=bar, floor=min(floor, bar))


def measure(ranker: Ranker, one: EvaluationSet) -> Figures:
    """How a ranker does on a set."""
    answerable = _answerable(one)
    ranks = [_rank_of_first(ranker, asked) for asked in answerable]
    scores = _best_scores(ranker, answerable)
    none = [asked for asked in one.own if not asked.is_answerable]
    return Figures(
        hit_at={k: float(np.mean([rank < k for rank in ranks])) for k in (1, 5)},
        refused=float(np.mean(scores < ranker.bar)),
        refused_none=_refused(ranker, none) if none else None,
        refused_foreign={name: _refused(ranker, asked) for name, asked in one.foreign.items()},
        calibration_error=expected_calibration_error(
            scores.tolist(), [rank == 0 for rank in ranks]
        ),
    )


def _fit_weights(sets: Sequence[EvaluationSet], settings: Settings) -> NDArray[np.float64]:
    """Weights that make the relevant ones likely among a question's candidates.

    Maximises the log of the summed probability of the relevant candidates, the probabilities being
    the softmax of the weighted sums, less a quadratic penalty for leaving the prior.

    Source:
        Cao et al. (2007), doi:10.1145/1273496.1273513 (ListNet), with top-one probabilities.
    """
    fixed = {*OF_QUESTION, *SET_BY_HAND}
    used = np.array([name in settings.signals and name not in fixed for name in SIGNALS])
    weights = np.array([PRIOR.get(name, 0.0) for name in SIGNALS])
    weights[~used] = 0.0
    if not settings.is_fitted:
        return weights
    asked = [[each for each in _answerable(one) if each.is_relevant.any()] for one in sets]
    signals, relevant, present = _padded([each for one in asked for each in one])
    share = np.concatenate([np.full(len(one), 1 / len(one)) for one in asked]) / len(asked)
    # Signals of a small range would otherwise be held back more than others.
    spread = signals[present].std(axis=0)[used] + 1e-9
    signals = signals[..., used] / spread
    prior = weights[used] * spread

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = np.where(present, signals @ values, -np.inf)
        wanted = np.where(relevant, scores, -np.inf)
        error = share[:, np.newaxis] * (softmax(scores, axis=1) - softmax(wanted, axis=1))
        away = values - prior
        likelihood = share @ (logsumexp(wanted, axis=1) - logsumexp(scores, axis=1))
        slope = np.einsum("qc,qcs->s", error, signals) + 2 * settings.strength * away
        return float(settings.strength * away @ away - likelihood), slope

    weights[used] = minimize(loss, prior, jac=True, method="L-BFGS-B").x / spread
    return weights


def _padded(
    asked: Sequence[Asked],
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Signals, relevance and presence of the candidates, in as many rows as the longest list."""
    longest = max(len(one.signals) for one in asked)
    signals = np.zeros((len(asked), longest, len(SIGNALS)))
    relevant, present = np.zeros((2, len(asked), longest), dtype=np.bool_)
    for row, one in enumerate(asked):
        count = len(one.signals)
        signals[row, :count], relevant[row, :count] = one.signals, one.is_relevant
        present[row, :count] = True
    return signals, relevant, present


def _fit_probability(sets: Sequence[EvaluationSet], weights: NDArray[np.float64]) -> Ranker:
    """The ranker whose score is the probability that the best candidate is an answer.

    Its log-odds are a line of the candidate's sum, its lead, and the signals that all candidates of
    a question share.

    Source:
        After Platt (1999), Probabilistic Outputs for Support Vector Machines, without smoothing.
    """
    names = (*OF_QUESTION, LEAD)
    by_name = dict(zip(SIGNALS, weights.tolist(), strict=True)) | dict.fromkeys(names, 0.0)
    ranker = Ranker(constant=0.0, weights=by_name, bar=0.0, floor=0.0)
    slope, *others, constant = _logistic(*_firsts(sets, ranker))
    line = {name: slope * weight for name, weight in by_name.items()}
    line |= dict(zip(names, others, strict=True)) | SET_BY_HAND
    rounded = {name: round(weight, 4) for name, weight in line.items()}
    return replace(ranker, constant=round(constant, 4), weights=rounded)


def _firsts(
    sets: Sequence[EvaluationSet], ranker: Ranker
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each question's best candidate: sum, other signals, lead; if it answers; its weight."""
    known = {one.name for one in sets}
    weights = np.array([ranker.weights[name] for name in SIGNALS])
    values, answers, counts = [], [], []
    for asked, share in (part for one in sets for part in _calibrated_on(one, known)):
        for each in asked:
            sums, signals = each.signals @ weights, _by_name(each)
            signals[LEAD] = ranker.lead(signals)
            best = sums.argmax()
            values.append([sums[best], *(signals[name][best] for name in (*OF_QUESTION, LEAD))])
            answers.append(float(each.is_relevant[best]))
            counts.append(share / len(asked))
    return np.array(values), np.array(answers), np.array(counts) / sum(counts)


def _calibrated_on(one: EvaluationSet, names: Collection[str]) -> list[tuple[list[Asked], float]]:
    """Three kinds of questions, the foreign ones of named sets, with how much each kind counts."""
    unanswered = [asked for asked in one.own if not asked.is_answerable]
    foreign = [each for name, asked in one.foreign.items() if name in names for each in asked]
    return [
        (_answerable(one), OWN_SHARE),
        (unanswered, UNANSWERED_SHARE),
        (foreign, 1 - OWN_SHARE),
    ]


def _logistic(
    values: NDArray[np.float64], answers: NDArray[np.float64], counts: NDArray[np.float64]
) -> list[float]:
    """Slopes and constant of a logistic regression, with slopes of standard values held back."""
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    standard = np.c_[(values - mean) / spread, np.ones(len(values))]
    held = np.append(np.full(values.shape[1], _HELD_BACK), 0.0)

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = standard @ line
        error = counts * (expit(odds) - answers)
        value = (counts * (np.logaddexp(0, odds) - answers * odds)).sum() + held @ line**2
        return float(value), standard.T @ error + 2 * held * line

    line = minimize(loss, np.zeros(len(held)), jac=True, method="L-BFGS-B").x
    slopes = line[:-1] / spread
    return [*slopes.tolist(), float(line[-1] - slopes @ mean)]


def _by_name(asked: Asked) -> dict[str, NDArray[np.float64]]:
    return dict(zip(SIGNALS, asked.signals.T, strict=True))


def _answerable(one: EvaluationSet) -> list[Asked]:
    return [asked for asked in one.own if asked.is_answerable]


def _scores(ranker: Ranker, asked: Asked) -> NDArray[np.float64]:
    signals = _by_name(asked)
    return ranker.probabilities({**signals, LEAD: ranker.lead(signals)}).round(6)


def _best_scores(ranker: Ranker, asked: Sequence[Asked]) -> NDArray[np.float64]:
    return np.array([_scores(ranker, one).max() for one in asked])


def _refused(ranker: Ranker, asked: Sequence[Asked]) -> float:
    return float(np.mean(_best_scores(ranker, asked) < ranker.bar))


def _rank_of_first(ranker: Ranker, asked: Asked) -> float:
    """The rank of the first relevant candidate, from 0; infinite where none is."""
    order = np.argsort(-_scores(ranker, asked), kind="stable")
    relevant = np.flatnonzero(asked.is_relevant[order])
    return float(relevant[0]) if len(relevant) else np.inf
