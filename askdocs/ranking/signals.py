"""What ranking knows of a candidate: one number for each way in which it matches a question."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from askdocs.ranking.words import NO_TERM, number_of_term, number_of_word
from askdocs.store.analysis import term_of, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from askdocs.ranking.words import Wording
    from askdocs.store.analysis import TermStatistics

    Values: TypeAlias = NDArray[np.float64]

DIGITS = 6
"""Scores and cosines that agree in so many digits are equal."""

MOST_COPIES = 3
"""A sentence in more than this many candidates is repeated."""
REPEATED_WEIGHT = 0.8
"""How much a repeated sentence counts, of 1."""

MEANINGS = {
    "best_cosine": "cosine of the question and the nearest sentence",
    "bm25_share": "BM25 score, as a share of the highest possible",
    "mean_cosine": "cosine of the question and the mean of the sentences",
    "local_term_share": "the question's terms in one sentence, by idf among the candidates",
    "word_share": "the question's words in one sentence, as they are written, by idf",
    "term_pairs": "pairs of neighbouring terms that both have",
    "word_pairs": "pairs of neighbouring words that both have",
}
"""What each signal measures, by its name. All are in [0, 1]."""


def sentence_weights(cosines: Values, starts: NDArray[np.int64]) -> Values:
    """How much each sentence of each candidate counts: 0.8 where it is repeated, else 1.

    What stands in more than three candidates word for word ("Share this", a newsletter's
    offer, a legal notice, a list of links) is seldom what a question is about. Copies are known by
    their cosines: those of different sentences hardly ever agree in six digits.

    Args:
        cosines: Those of the sentences, one candidate after another, shape (sentences,).
        starts: Where those of each candidate begin, and the last one's end, shape
            (candidates + 1,).
    """
    owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    rounded = np.round(cosines, DIGITS)
    # Copies one after another, those in the same candidate as well.
    order = np.lexsort((owners, rounded))
    differs = np.diff(rounded[order], prepend=np.nan) != 0
    in_another = differs | (np.diff(owners[order], prepend=-1) != 0)
    groups = np.cumsum(differs) - 1
    candidates = np.bincount(groups, weights=in_another)
    weights = np.ones(len(cosines))
    weights[order[candidates[groups] > MOST_COPIES]] = REPEATED_WEIGHT
    return weights


def best_cosine(cosines: Values, starts: NDArray[np.int64]) -> Values:
    """The cosine of the question and the nearest sentence, at least 0, shape (candidates,).

    Args:
        cosines: Those of the sentences times their weights, at least one for each candidate.
        starts: See `sentence_weights`.
    """
    # A hair above 1 is 1.
    return np.clip(np.maximum.reduceat(cosines, starts[:-1]), 0.0, 1.0)


def mean_cosine(
    vector: NDArray[np.float32],
    sentences: Sequence[NDArray[np.float32]],
    weights: Sequence[Values],
) -> Values:
    """The cosine of the question and the mean of a passage's sentence vectors, at least 0.

    It tells a passage about the subject from one that has a single sentence about it.

    Args:
        vector: The question's embedding, shape (dimension,).
        sentences: For each candidate the vectors of its sentences, shape (sentences, dimension).
        weights: For each candidate how much its sentences count, shape (sentences,).
    """
    means = np.array([part @ one for part, one in zip(weights, sentences, strict=True)])
    lengths = np.linalg.norm(means, axis=1)
    # Vectors that cancel each other out have no direction, and then nothing in common with any.
    cosines = means @ vector.astype(np.float64) / np.where(lengths > 0, lengths, 1)
    return np.clip(cosines, 0.0, 1.0)


def bm25_share(scores: Values, bound: float) -> Values:
    """BM25 scores as shares of the highest that any passage could have for the question.

    Words of the question that the corpus lacks lower the share, so that a question about something
    else scores low.

    Args:
        scores: The BM25 score of each candidate.
        bound: `store.lexical.upper_bound` of the question's terms; 0 where it has none.
    """
    return scores / bound if bound else np.zeros(len(scores))


class WordSignals:
    """The signals that compare a question's words with those of its candidates.

    Each method gives one value for each candidate, shape (candidates,), in [0, 1]; all are 0 where
    the question has no such words.
    """

    def __init__(
        self,
        question: str,
        candidates: Sequence[Wording],
        weights: Sequence[Values],
        statistics: TermStatistics,
    ) -> None:
        """Look every word of the candidates up in the question.

        Args:
            question: The question.
            candidates: The passages that compete, at least one, each with at least one sentence.
            weights: For each candidate how much its sentences count, shape (sentences,).
            statistics: Of the question's terms in the corpus.
        """
        self._statistics = statistics
        lengths = np.concatenate([one.lengths for one in candidates])
        starts = np.cumsum([0, *(len(one.lengths) for one in candidates)])[:-1]
        sentences = np.repeat(np.arange(len(lengths)), lengths)
        written = np.concatenate([one.words for one in candidates])
        terms = np.concatenate([one.terms for one in candidates])
        kept = terms != NO_TERM
        asked = words(question)
        every = np.concatenate(weights)
        self._words = _Matches(
            asked, number_of_word, written, sentences=sentences, starts=starts, weights=every
        )
        self._terms = _Matches(
            list(filter(None, map(term_of, asked))),
            number_of_term,
            terms[kept],
            sentences=sentences[kept],
            starts=starts,
            weights=every,
        )

    def local_term_share(self) -> Values:
        """The largest share of the question's terms in a sentence, by idf among the candidates.

        Unlike BM25, it does not add up what stands in different sentences. A term that every
        candidate has (the subject of the article that they come from) counts little, one that none
        of them has nothing.
        """
        return self._terms.largest_share(self._terms.local_idf() * self._terms.found.any(axis=0))

    def word_share(self) -> Values:
        """The largest share of the question's words in one sentence, as written, each by its idf.

        Stop words count here as well, by their idf among the candidates: "was", "by" or "than"
        say something about the form of an answer.
        """
        weights = [
            self._statistics.idf(term) if (term := term_of(word)) else local
            for word, local in zip(self._words.asked, self._words.local_idf(), strict=True)
        ]
        return self._words.largest_share(np.array(weights))

    def term_pairs(self) -> Values:
        """The share of the question's pairs of neighbouring terms that the passage has."""
        return self._terms.share_of_pairs(list(pairwise(self._terms.question)))

    def word_pairs(self) -> Values:
        """The share of the question's pairs of neighbouring words that the passage has.

        Pairs of two stop words do not count.
        """
        pairs = pairwise(self._words.question)
        return self._words.share_of_pairs([pair for pair in pairs if any(map(term_of, pair))])


class _Matches:
    """Where candidates have the units of a question: its words, or its terms."""

    def __init__(
        self,
        question: Sequence[str],
        number_of: Callable[[str], int],
        units: NDArray[np.int64],
        *,
        sentences: NDArray[np.int64],
        starts: NDArray[np.int64],
        weights: Values,
    ) -> None:
        """Compare once, by number instead of by name.

        Args:
            question: The question's units in order.
            number_of: Gives the number of one.
            units: The numbers of all that the candidates have, in order, shape (units,).
            sentences: The number of each unit's sentence, from 0 through all candidates.
            starts: The number of each candidate's first sentence.
            weights: How much each sentence counts, shape (sentences of all candidates,).
        """
        self.question = question
        self.asked = list(dict.fromkeys(question))
        self._starts = starts
        self._weights = weights
        self._position = {unit: at for at, unit in enumerate(self.asked)}
        self._units = _positions(units, list(map(number_of, self.asked)))
        self._candidates = np.searchsorted(starts, sentences, side="right") - 1
        known = self._units >= 0
        self.found = np.zeros((len(weights), len(self.asked)), dtype=np.bool_)
        """Which sentence has which of the distinct units, shape (sentences, distinct units)."""
        self.found[sentences[known], self._units[known]] = True

    def local_idf(self) -> Values:
        """The idf of each distinct unit among the candidates."""
        having = np.logical_or.reduceat(self.found, self._starts, axis=0).sum(axis=0)
        idf: Values = np.log1p((len(self._starts) - having + 0.5) / (having + 0.5))
        return idf

    def largest_share(self, weights: Values) -> Values:
        """For each candidate the largest share, by weight, of units that one sentence has."""
        total = weights.sum()
        shares = self.found @ weights / total if total else np.zeros(len(self.found))
        largest: Values = np.maximum.reduceat(shares * self._weights, self._starts)
        return largest

    def share_of_pairs(self, asked: Iterable[tuple[str, str]]) -> Values:
        """For each candidate the share of some pairs of which it has the one before the other."""
        # A pair as one number; a unit that the question lacks is -1, and part of no pair.
        count = len(self.asked)
        pairs = {self._position[before] * count + self._position[after] for before, after in asked}
        before, after = self._units[:-1], self._units[1:]
        found = before * count + after
        at = (after >= 0) & (self._candidates[:-1] == self._candidates[1:])
        at &= np.isin(found, list(pairs))
        each = set(zip(self._candidates[:-1][at].tolist(), found[at].tolist(), strict=True))
        having = np.fromiter((candidate for candidate, _ in each), np.int64, len(each))
        return np.bincount(having, minlength=len(self._starts)) / max(1, len(pairs))


def _positions(values: NDArray[np.int64], wanted: Sequence[int]) -> NDArray[np.int64]:
    """Where each value stands among some different ones, -1 where it does not."""
    if not wanted:
        return np.full(len(values), -1)
    order = np.argsort(wanted)
    ascending = np.array(wanted)[order]
    at = np.minimum(np.searchsorted(ascending, values), len(wanted) - 1)
    return np.where(ascending[at] == values, order[at], -1)
