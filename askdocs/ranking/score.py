"""The ranker: how much each signal counts."""

from __future__ import annotations

import json
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from askdocs.ranking.signals import DIGITS, OF_QUESTION
from askdocs.records.results import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from askdocs.store.protocol import Scores

LEAD = "lead"
"""The signal that is known when all others are weighed."""

CONSTANT = "constant"
"""The name of the summand that does not depend on any signal."""

_WEIGHTS = "weights.json"
_LEADS = 10
_PARTS = 40
# The median of the tenth best sum, as a share of the largest: .25 to .39 in twelve corpora.
_USUAL = 0.3
# Signals that say nothing of how well a passage matches, and the lead itself.
_NOT_LEADING = (*OF_QUESTION, "missing_identifiers", LEAD)


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
            signals: The values of the candidates by signal, each of shape (candidates,), all of
                those that have a weight.
        """
        shares = {name: weight * signals[name] for name, weight in self.weights.items()}
        return {**shares, CONSTANT: np.full_like(next(iter(shares.values())), self.constant)}

    def lead(self, signals: Mapping[str, Scores]) -> Scores:
        """Return how far each candidate is ahead of the tenth best.

        It is the logarithm of 1 + the difference of their weighted sums, in fortieths of the
        largest one that signals from 0 to 1 allow, and 1 for that. A candidate that is worse than
        the tenth has a lead below 0. Equal sums count once: they are copies of a text. Where there
        are fewer than ten, the tenth has what it has in corpora that answer.

        Args:
            signals: As for `shares`, of at least one candidate; the lead may be missing.

        Returns:
            Shape (candidates,), in [-1, 1].
        """
        weights = {
            name: weight for name, weight in self.weights.items() if name not in _NOT_LEADING
        }
        largest = sum(map(abs, weights.values())) or 1.0
        sums = np.sum([weight * signals[name] for name, weight in weights.items()], axis=0)
        best = sorted(set(np.round(sums, DIGITS).tolist()), reverse=True)
        tenth = best[_LEADS - 1] if len(best) >= _LEADS else _USUAL * largest
        difference = (sums - tenth) / largest
        scaled = np.log1p(_PARTS * abs(difference)) / np.log1p(_PARTS)
        lead: Scores = np.copysign(scaled, difference)
        return lead

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
