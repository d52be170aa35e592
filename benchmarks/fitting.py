"""Fit the ranker: its weights, the probability that its score stands for, and the bar."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logsumexp, softmax

from askdocs.evaluation.measures import expected_calibration_error
from askdocs.ranking.score import Ranker
from benchmarks.evaluation_sets import SIGNALS, Asked, EvaluationSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

PRIOR = {"best_cosine": 8.0, "bm25_share": 8.0}
"""The mix of cosine and BM25 share, sharp enough to stand for probabilities among candidates."""

OWN_SHARE = 0.75
"""Of the questions that the score is calibrated on, the share that the corpus can answer."""

REFUSED = 0.025
"""The share of their own questions that the bar may refuse, on average over the sets."""

FLOOR_SHARE = 0.5
"""The share of the bar that a passage needs to be shown where none reaches the bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is varied by the ablation.

    Attributes:
        signals: The signals in use.
        strength: How much a weight is held back to its prior.
        is_fitted: Whether weights are fitted at all; otherwise they are the prior's.
    """

    signals: Sequence[str] = SIGNALS
    strength: float = 0.1
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

    Sets count by the root of their questions for the weights, and alike for the rest.
    """
    weights = _fit_weights(sets, settings)
    slope, intercept = _fit_probability(sets, weights)
    ranker = Ranker(
        constant=round(intercept, 4),
        weights=dict(zip(SIGNALS, (slope * weights).round(4).tolist(), strict=True)),
        bar=0.0,
        floor=0.0,
    )
    refused = [np.sort(_best_scores(ranker, _answerable(one))) for one in sets]
    bars = np.linspace(0, 1, 101).round(2)
    share = np.mean([np.searchsorted(scores, bars) / len(scores) for scores in refused], axis=0)
    bar = float(bars[np.flatnonzero(share <= REFUSED)[-1]])
    return replace(ranker, bar=bar, floor=round(FLOOR_SHARE * bar, 2))


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
    used = np.array([name in settings.signals for name in SIGNALS])
    prior = np.array([PRIOR.get(name, 0.0) for name in SIGNALS]) * used
    if not settings.is_fitted:
        return prior
    asked = [[each for each in _answerable(one) if each.is_relevant.any()] for one in sets]
    signals, relevant, present = _padded([each for one in asked for each in one])
    share = np.concatenate([np.full(len(one), 1 / np.sqrt(len(one))) for one in asked])
    share /= share.sum()
    # Signals of a small range would otherwise be held back more than others.
    spread = signals[present].std(axis=0) + 1e-9
    signals /= spread

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = np.where(present, signals @ weights, -np.inf)
        wanted = np.where(relevant, scores, -np.inf)
        error = share[:, np.newaxis] * (softmax(scores, axis=1) - softmax(wanted, axis=1))
        away = weights - prior * spread
        likelihood = share @ (logsumexp(wanted, axis=1) - logsumexp(scores, axis=1))
        slope = np.einsum("qc,qcs->s", error, signals) + 2 * settings.strength * away
        return float(settings.strength * away @ away - likelihood), slope * used

    fitted: NDArray[np.float64] = minimize(loss, prior * spread, jac=True, method="L-BFGS-B").x
    return fitted / spread


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


def _fit_probability(
    sets: Sequence[EvaluationSet], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Slope and intercept that turn the best candidate's sum into the log-odds of an answer.

    Source:
        After Platt (1999), Probabilistic Outputs for Support Vector Machines, without smoothing.
    """
    sums, answers, counts = [], [], []
    names = {one.name for one in sets}
    for one in sets:
        foreign = [each for name, asked in one.foreign.items() if name in names for each in asked]
        for asked, part in ((_answerable(one), OWN_SHARE), (foreign, 1 - OWN_SHARE)):
            for each in asked:
                values = each.signals @ weights
                sums.append(values.max())
                answers.append(bool(each.is_relevant[values.argmax()]))
                counts.append(part / len(asked))
    x, y, count = np.array(sums), np.array(answers, dtype=float), np.array(counts) / sum(counts)

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = line[0] * x + line[1]
        error = count * (expit(odds) - y)
        return float((count * (np.logaddexp(0, odds) - y * odds)).sum()), np.array(
            [(error * x).sum(), error.sum()]
        )

    slope, intercept = minimize(loss, np.array([0.5, -6.0]), jac=True, method="L-BFGS-B").x
    return float(slope), float(intercept)


def _answerable(one: EvaluationSet) -> list[Asked]:
    return [asked for asked in one.own if asked.is_answerable]


def _scores(ranker: Ranker, asked: Asked) -> NDArray[np.float64]:
    return ranker.probabilities(dict(zip(SIGNALS, asked.signals.T, strict=True))).round(6)


def _best_scores(ranker: Ranker, asked: Sequence[Asked]) -> NDArray[np.float64]:
    return np.array([_scores(ranker, one).max() for one in asked])


def _refused(ranker: Ranker, asked: Sequence[Asked]) -> float:
    return float(np.mean(_best_scores(ranker, asked) < ranker.bar))


def _rank_of_first(ranker: Ranker, asked: Asked) -> float:
    """The rank of the first relevant candidate, from 0; infinite where none is."""
    order = np.argsort(-_scores(ranker, asked), kind="stable")
    relevant = np.flatnonzero(asked.is_relevant[order])
    return float(relevant[0]) if len(relevant) else np.inf
