"""The ranker: how much each signal counts."""

from __future__ import annotations

import json
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from askdocs.records.results import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


CONSTANT = "constant"
"""The name of what is added whatever the signals are."""

_WEIGHTS = "weights.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranker:
    """A linear model of the log-odds that a passage answers a question.

    Attributes:
        constant: The log-odds where every signal is 0.
        weights: By signal, what its value 1 adds to the log-odds.
        bar: The probability from which on a hit counts as an answer, in [0, 1].

    Source:
        Platt (1999), Probabilistic Outputs for Support Vector Machines, for probabilities from the
        scores of a linear ranker; docs/ranking.md says how this one was fitted.
    """

    constant: float
    weights: Mapping[str, float]
    bar: float

    def shares(self, signals: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        """What each signal, and the constant, adds to the log-odds of each candidate.

        Args:
            signals: By name, the values of the candidates, each of shape (candidates,).
        """
        shares = {name: weight * signals[name] for name, weight in self.weights.items()}
        return {**shares, CONSTANT: np.full_like(next(iter(shares.values())), self.constant)}

    def probabilities(self, signals: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """The probability that each candidate answers the question, shape (candidates,)."""
        log_odds = np.sum(list(self.shares(signals).values()), axis=0)
        # 1 / (1 + exp(-log_odds)), which overflows where the odds are very low.
        probabilities: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -log_odds))
        return probabilities


@cache
def load_ranker() -> Ranker:
    """The ranker that comes with askdocs, from its readable file of weights."""
    # Not importlib.resources, which takes 10 ms to import.
    content = pkgutil.get_data(__package__, _WEIGHTS)
    assert content is not None  # noqa: S101 - a package without its file cannot be installed
    return Ranker(**json.loads(content))


DEFAULT_BARS = {Mode.HYBRID: load_ranker().bar, Mode.DENSE: 0.45, Mode.LEXICAL: 0.20}
"""The score from which on a hit counts as an answer.

Each refuses few of a corpus's own questions and most of those meant for another one;
docs/ranking.md has the figures.
"""
