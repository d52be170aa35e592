"""The lexical side of an index: an inverted index scored by BM25."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from askdocs.store.arrays import offsets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from askdocs.store.postings import Postings, PostingsReader

K1 = 1.2
"""How soon further occurrences of a term stop adding to the score."""
B = 0.75
"""How much a passage's length counts, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermStatistics:
    """What the index knows of some terms.

    Attributes:
        passages: How many passages the index has.
        frequencies: Term to the number of passages that have it, 0 for an unknown one.
    """

    passages: int
    frequencies: Mapping[str, int]

    def idf(self, term: str) -> float:
        """The inverse document frequency of a term, above 0 even where every passage has it.

        Source:
            Robertson & Zaragoza (2009), doi:10.1561/1500000019, eq. 3.3, with 1 added inside the
            logarithm as Lucene does, so that frequent terms do not count against a passage.
        """
        found = self.frequencies[term]
        return float(np.log1p((self.passages - found + 0.5) / (found + 0.5)))


def upper_bound(statistics: TermStatistics) -> float:
    """The highest BM25 score that any passage could have for these terms.

    Every term contributes idf · (k1 + 1), its limit as term frequency grows; a term that the
    corpus lacks counts with the idf of a term in no passage, so unknown words lower the share.

    Returns:
        0 where there are no terms, otherwise a value above 0.

    Source:
        Robertson & Zaragoza (2009), doi:10.1561/1500000019, eq. 3.8 as tf → ∞.
    """
    return sum(statistics.idf(term) for term in statistics.frequencies) * (K1 + 1)


class LexicalReader:
    """Scores the passages of an index from the inverted indexes of its segments.

    Frequencies and the mean length are those of the whole index, so that a score does not depend
    on how the index is cut. Passages are numbered through all segments.
    """

    def __init__(self, segments: Sequence[PostingsReader]) -> None:
        """Read how long the passages are."""
        self._segments = segments
        self._starts = offsets(len(one.lengths) for one in segments).tolist()
        lengths = np.concatenate([one.all_lengths() for one in segments])
        mean = float(lengths.mean()) if len(lengths) else 0.0
        relative = lengths / mean if mean else np.zeros(len(lengths))
        self._saturation = K1 * (1 - B + B * relative)
        # Statistics and scores are asked for one after the other.
        self._find = lru_cache(maxsize=1024)(self._find_in_all)

    def statistics(self, terms: Sequence[str]) -> TermStatistics:
        """How many passages have each of the terms."""
        return TermStatistics(
            passages=self._starts[-1],
            frequencies={
                term: sum(end - start for start, end in self._find(term)) for term in terms
            },
        )

    def scores(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """The BM25 score of every passage for some distinct terms, shape (passages,).

        Source:
            Robertson & Zaragoza (2009), doi:10.1561/1500000019, eq. 3.15.
        """
        scores = np.zeros(self._starts[-1])
        statistics = self.statistics(terms)
        for term in terms:
            weight = statistics.idf(term) * (K1 + 1)
            for at, (start, end) in enumerate(self._find(term)):
                if start < end:
                    self._add(scores, at, self._segments[at].postings(start, end), weight)
        return scores

    def prepare(self) -> None:
        """Read now what every search needs: the terms."""
        self._find("")

    def _add(
        self, scores: NDArray[np.float64], segment: int, postings: Postings, weight: float
    ) -> None:
        """Add what one term gives to the passages of one segment."""
        own = slice(*self._starts[segment : segment + 2])
        passages, frequencies = postings
        saturation = self._saturation[own][passages]
        scores[own][passages] += weight * frequencies / (frequencies + saturation)

    def _find_in_all(self, term: str) -> list[tuple[int, int]]:
        return [segment.find(term) for segment in self._segments]
