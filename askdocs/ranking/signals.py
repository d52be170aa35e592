"""The signals: numbers that say in which ways a passage matches a question.

All are in [0, 1] but the lead, which is in [-1, 1].
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from askdocs.ranking.words import NO_TERM, joined, number_of_term, number_of_word
from askdocs.store.analysis import analyse, term_of, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from askdocs.ranking.words import Wording
    from askdocs.store.analysis import TermStatistics

    Values: TypeAlias = NDArray[np.float64]

DIGITS = 6
"""Scores and cosines that agree in this many decimals are equal."""

# A sentence in more than this many candidates counts as repeated.
_MOST_COPIES = 3
REPEATED_WEIGHT = 0.8
"""The weight of a repeated sentence; others have 1."""

MEANINGS = {
    "best_cosine": "cosine of the question and the nearest sentence",
    "bm25_share": "BM25 score, as a share of the highest possible",
    "mean_cosine": "cosine of the question and the mean of the sentences",
    "late_interaction": "cosine of each token of the question and the nearest one, by idf",
    "local_term_share": "the question's terms in one sentence, by idf among the candidates",
    "word_share": "the question's words in one sentence, as they are written, by idf",
    "word_pairs": "pairs of neighbouring words that both have",
    "missing_identifiers": "codes and versions of the question that the passage lacks",
    "unknown_share": "words of the question that no passage has",
    "question_length": "0 for no words, 1 for 64 and more, by the logarithm of their number",
    "lead": "how far the passage is ahead of the tenth best, by the logarithm",
}
"""What each signal measures."""

OF_QUESTION = ("unknown_share", "question_length")
"""The signals that all candidates of a question share: they change scores and never the order."""

# What fits the late interaction of the best candidates to their cosine, with the default model.
_STAND_IN = (0.13, 0.51)
_MOST_ASKED = 64


def sentence_weights(cosines: Values, starts: NDArray[np.int64]) -> Values:
    """Return the weight of each sentence: 0.8 if it is repeated, otherwise 1.

    A sentence that more than three candidates have word for word ("Share this", a newsletter's
    offer, a legal notice, a list of links) is seldom what a question is about. Copies are known by
    their cosines: those of different sentences hardly ever agree in six decimals.

    Args:
        cosines: Of the sentences, one candidate after another, shape (sentences,).
        starts: Where the sentences of each candidate begin, then their number, shape
            (candidates + 1,).
    """
    owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    rounded = np.round(cosines, DIGITS)
    # Copies follow each other, and among them those of the same candidate.
    order = np.lexsort((owners, rounded))
    differs = np.diff(rounded[order], prepend=np.nan) != 0
    in_another = differs | (np.diff(owners[order], prepend=-1) != 0)
    groups = np.cumsum(differs) - 1
    candidates = np.bincount(groups, weights=in_another)
    weights = np.ones(len(cosines))
    weights[order[candidates[groups] > _MOST_COPIES]] = REPEATED_WEIGHT
    return weights


def best_cosine(cosines: Values, starts: NDArray[np.int64]) -> Values:
    """Return the cosine of the question and the nearest sentence, shape (candidates,).

    The arguments are those of `sentence_weights`, cosines times their weights.
    """
    # Rounding may lead above 1.
    return np.clip(np.maximum.reduceat(cosines, starts[:-1]), 0.0, 1.0)


def mean_cosine(
    vector: NDArray[np.float32],
    sentences: Sequence[NDArray[np.float32]],
    weights: Sequence[Values],
) -> Values:
    """Return the cosine of the question and the mean of each candidate's sentence vectors.

    It separates a passage about the subject from one that has a single sentence about it.

    Args:
        vector: Of the question, shape (dimension,).
        sentences: Of each candidate's sentences, at least one, shape (sentences, dimension).
        weights: Of each candidate's sentences, shape (sentences,).

    Returns:
        Shape (candidates,), in [0, 1].
    """
    means = np.array([part @ vectors for part, vectors in zip(weights, sentences, strict=True)])
    lengths = np.linalg.norm(means, axis=1)
    # Vectors that cancel each other out have no direction: their cosine is 0.
    cosines = means @ vector.astype(np.float64) / np.where(lengths > 0, lengths, 1)
    return np.clip(cosines, 0.0, 1.0)


def late_interaction(matches: Values, weights: Values, starts: NDArray[np.int64]) -> Values:
    """Return how well each candidate matches the tokens of a question, shape (candidates,).

    Each token counts by its best match in the candidate's context or any of its sentences.

    Args:
        matches: Of contexts and sentences, one candidate after another; see `late.token_matches`.
        weights: Of the tokens, shape (tokens,), adding up to 1.
        starts: Where the matches of each candidate begin, shape (candidates,).

    Source:
        Khattab & Zaharia (2020), doi:10.1145/3397271.3401075, eq. 3, as a weighted mean.
    """
    return np.clip(np.maximum.reduceat(matches, starts) @ weights, 0.0, 1.0)


def stand_in(cosines: Values) -> Values:
    """Return what late interaction most likely is, for a model without vectors of tokens.

    Args:
        cosines: The signal `best_cosine`.
    """
    constant, slope = _STAND_IN
    return constant + slope * cosines


def question_signals(question: str, statistics: TermStatistics) -> dict[str, float]:
    """Return the signals that all candidates of a question share, in [0, 1].

    A word is unknown if the corpus has none of its terms. One without terms, a stop word, does not
    count.
    """
    asked = [terms for terms in map(analyse, question.split()) if terms]
    unknown = [terms for terms in asked if not any(map(statistics.frequencies.get, terms))]
    length = np.log1p(len(question.split())) / np.log1p(_MOST_ASKED)
    return {
        "unknown_share": len(unknown) / max(1, len(asked)),
        "question_length": min(1.0, float(length)),
    }


def bm25_share(scores: Values, bound: float) -> Values:
    """Return BM25 scores as shares of the highest that any passage could have: `upper_bound`.

    Words that the corpus lacks lower the share, so a question about something else scores low.
    """
    return scores / bound if bound else np.zeros(len(scores))


def word_signals(
    question: str,
    candidates: Sequence[Wording],
    weights: Sequence[Values],
    statistics: TermStatistics,
) -> dict[str, Values]:
    """Return the signals that compare the words of a question with those of its candidates.

    Each has shape (candidates,) and values in [0, 1], which are 0 if the question has no such
    words. The idf of `local_term_share` is that among the candidates: a term that every candidate
    has (the subject of their article) counts little, and one that none has does not count. Unlike
    BM25, it does not add up terms of different sentences. In `word_share`, stop words count by
    their idf among the candidates: "was", "by" or "than" say something about the form of an answer.
    In `word_pairs`, pairs of two stop words do not count.

    Args:
        question: The question.
        candidates: The passages, at least one, each with at least one sentence.
        weights: The weights of each candidate's sentences, shape (sentences,).
        statistics: Of the question's terms in the corpus.
    """
    every = joined(candidates)
    starts = np.cumsum([0, *(len(wording.lengths) for wording in candidates)])[:-1]
    sentences = np.repeat(np.arange(len(every.lengths)), every.lengths)
    kept = every.terms != NO_TERM
    asked = words(question)
    matches = partial(_Matches, starts=starts, weights=np.concatenate(weights))
    by_word = matches(asked, list(map(number_of_word, asked)), every.words, sentences)
    asked_terms = list(filter(None, map(term_of, asked)))
    numbers = list(map(number_of_term, asked_terms))
    by_term = matches(asked_terms, numbers, every.terms[kept], sentences[kept])
    idf = [
        statistics.idf(term) if (term := term_of(word)) else local
        for word, local in zip(by_word.asked, by_word.local_idf(), strict=True)
    ]
    pairs = [pair for pair in pairwise(asked) if any(map(term_of, pair))]
    return {
        "local_term_share": by_term.largest_share(by_term.local_idf() * by_term.has.any(axis=0)),
        "word_share": by_word.largest_share(np.array(idf)),
        "word_pairs": by_word.share_of_pairs(pairs),
    }


class _Matches:
    """Where candidates have the units of a question: its words or its terms.

    Units are compared by their numbers; sentences count from 0 through all candidates.

    Attributes:
        asked: The distinct units of the question.
        has: Which sentence has which distinct unit, shape (sentences, distinct units).
    """

    def __init__(
        self,
        question: Sequence[str],
        numbers: Sequence[int],
        units: NDArray[np.int64],
        sentences: NDArray[np.int64],
        *,
        starts: NDArray[np.int64],
        weights: Values,
    ) -> None:
        self.asked = list(dict.fromkeys(question))
        self._starts = starts
        self._weights = weights
        self._position = {unit: at for at, unit in enumerate(self.asked)}
        self._units = _positions(units, list(dict.fromkeys(numbers)))
        self._candidates = np.searchsorted(starts, sentences, side="right") - 1
        known = self._units >= 0
        self.has = np.zeros((len(weights), len(self.asked)), dtype=np.bool_)
        self.has[sentences[known], self._units[known]] = True

    def local_idf(self) -> Values:
        """Return the idf of each distinct unit among the candidates."""
        having = np.logical_or.reduceat(self.has, self._starts, axis=0).sum(axis=0)
        idf: Values = np.log1p((len(self._starts) - having + 0.5) / (having + 0.5))
        return idf

    def largest_share(self, weights: Values) -> Values:
        """Return the largest weighted share of units in one sentence of each candidate."""
        total = weights.sum()
        shares = self.has @ weights / total if total else np.zeros(len(self.has))
        largest: Values = np.maximum.reduceat(shares * self._weights, self._starts)
        return largest

    def share_of_pairs(self, asked: Iterable[tuple[str, str]]) -> Values:
        """Return the share of some pairs of neighbours that each candidate has."""
        # A pair makes one number. A unit that the question lacks is -1 and belongs to no pair.
        count = len(self.asked)
        pairs = {self._position[before] * count + self._position[after] for before, after in asked}
        before, after = self._units[:-1], self._units[1:]
        pair_numbers = before * count + after
        at = (after >= 0) & (self._candidates[:-1] == self._candidates[1:])
        at &= np.isin(pair_numbers, list(pairs))
        each = set(zip(self._candidates[:-1][at].tolist(), pair_numbers[at].tolist(), strict=True))
        having = np.fromiter((candidate for candidate, _ in each), np.int64, len(each))
        return np.bincount(having, minlength=len(self._starts)) / max(1, len(pairs))


def _positions(values: NDArray[np.int64], numbers: Sequence[int]) -> NDArray[np.int64]:
    """Return the position of each value among some distinct numbers, or -1."""
    if not numbers:
        return np.full(len(values), -1)
    order = np.argsort(numbers)
    ascending = np.array(numbers)[order]
    at = np.minimum(np.searchsorted(ascending, values), len(numbers) - 1)
    return np.where(ascending[at] == values, order[at], -1)
