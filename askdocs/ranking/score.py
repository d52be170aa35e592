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

    from askdocs.store.protocol import Scores

CONSTANT = "constant"
"""The name of the summand that does not depend on any signal."""

_WEIGHTS = "weights.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranker:
    """A linear model of the log-odds that a passage answers a question.

    Attributes:
        constant: The log-odds if every signal is 0.
        weights: What the value 1 of each signal adds to the log-odds.
        bar: The least probability of a hit that counts as an answer, in [0, 1].
        floor: The least probability of a passage that is shown where none reaches the bar.

    Source:
        Platt (1999), Probabilistic Outputs for Support Vector Machines, for probabilities from the
        scores of a linear ranker; docs/ranking.md says how this one was fitted.
    """

    constant: float
    weights: Mapping[str, float]
    bar: float
    floor: float

    def shares(self, signals: Mapping[str, Scores]) -> dict[str, Scores]:
        """Return what each signal and the constant add to the log-odds of each candidate.

        Args:
            signals: The values of the candidates by signal, each of shape (candidates,).
        """
        shares = {name: weight * signals[name] for name, weight in self.weights.items()}
        return {**shares, CONSTANT: np.full_like(next(iter(shares.values())), self.constant)}

    def probabilities(self, signals: Mapping[str, Scores]) -> Scores:
        """Return the probability that each candidate answers the question, shape (candidates,)."""
        log_odds = np.sum(list(self.shares(signals).values()), axis=0)
        # 1 / (1 + exp(-log_odds)), which would overflow for very low odds.
        probabilities: Scores = np.exp(-np.logaddexp(0.0, -log_odds))
        return probabilities


@cache
def load_ranker() -> Ranker:
    """Return the ranker that comes with askdocs, from its file of weights."""
    # Not importlib.resources, which takes 10 ms to import.
    content = pkgutil.get_data(__package__, _WEIGHTS)
    assert content is not None  # noqa: S101 - a package without its file cannot be installed
    return Ranker(**json.loads(content))


# Each bar refuses few of a corpus's own questions and most of those about another corpus;
# docs/ranking.md has the figures.
DEFAULT_BARS = {Mode.HYBRID: load_ranker().bar, Mode.DENSE: 0.45, Mode.LEXICAL: 0.20}
"""The least score of a hit that counts as an answer."""

FLOORS = {mode: bar / 2 for mode, bar in DEFAULT_BARS.items()} | {Mode.HYBRID: load_ranker().floor}
"""The least score of a passage that is shown as the nearest where none reaches the bar."""
