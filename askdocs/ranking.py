"""Turn candidates and their signals into one score and a fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from askdocs.datamodel import Mode, Span, StoredPassage
from askdocs.store.analysis import analyse
from askdocs.store.lexical import upper_bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from askdocs.store import Reader
    from askdocs.store.lexical import TermStatistics

DEFAULT_BARS = {Mode.HYBRID: 0.30, Mode.DENSE: 0.45, Mode.LEXICAL: 0.20}
"""The score from which on a hit counts as an answer.

Each refuses few of a corpus's own questions and most of those meant for another one;
docs/ranking.md has the figures.
"""

_DENSE_CANDIDATES = 200
_LEXICAL_CANDIDATES = 100
# Scores that differ by less are equal: the order must not hang on the last bits of a float.
_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedPassage:
    """A passage with its score.

    Attributes:
        stored: The passage.
        score: In [0, 1].
        answer: The span of its answer sentence in the document.
    """

    stored: StoredPassage
    score: float
    answer: Span


def rank(
    reader: Reader,
    terms: Sequence[str],
    vector: NDArray[np.float32] | None,
    *,
    mode: Mode,
    top_k: int,
) -> list[RankedPassage]:
    """Rank the passages of an index for one question.

    The hybrid score is `0.5 · best sentence cosine + 0.5 · BM25 / its upper bound`; dense and
    lexical are its two halves, undivided. Equal scores are ordered by path, then by position.

    Args:
        reader: The index.
        terms: The question's distinct terms.
        vector: The question's embedding, shape (dimension,), of unit length; None in lexical mode.
        mode: Which signals to use.
        top_k: How many passages to return at most, at least 1.

    Returns:
        The best passages, best first.
    """
    passages = reader.passages(_candidates(reader, terms, vector, mode))
    if not passages:
        return []
    signals: list[NDArray[np.float64]] = []
    if mode != Mode.DENSE:
        signals.append(_bm25_shares(reader, terms, passages))
    if vector is not None:
        cosines = reader.cosines(vector, passages)
        signals.append(np.array([max(0.0, float(best.max())) for best in cosines]))
    scores = np.mean(signals, axis=0)
    rounded = np.round(np.clip(scores, 0.0, 1.0), _DIGITS).tolist()
    order = sorted(
        range(len(passages)),
        key=lambda at: (-rounded[at], passages[at].path, passages[at].passage.chars),
    )
    best = order[:top_k]
    if vector is None:
        statistics = reader.term_statistics(terms)
        answers = [_best_by_words(passages[at], statistics) for at in best]
    else:
        answers = [int(np.argmax(cosines[at])) for at in best]
    return [
        RankedPassage(
            stored=passages[at],
            score=rounded[at],
            answer=passages[at].passage.sentences[answer],
        )
        for at, answer in zip(best, answers, strict=True)
    ]


def _candidates(
    reader: Reader, terms: Sequence[str], vector: NDArray[np.float32] | None, mode: Mode
) -> list[int]:
    found: set[int] = set()
    if vector is not None:
        sentences, _ = reader.dense(vector[np.newaxis], _DENSE_CANDIDATES)
        found.update(reader.passages_of_sentences(sentences[0]).tolist())
    if mode != Mode.DENSE:
        found.update(reader.lexical(terms, _LEXICAL_CANDIDATES)[0].tolist())
    return sorted(found)


def _bm25_shares(
    reader: Reader,
    terms: Sequence[str],
    passages: Sequence[StoredPassage],
) -> NDArray[np.float64]:
    bound = upper_bound(reader.term_statistics(terms))
    if not bound:
        return np.zeros(len(passages))
    ids = np.array([stored.id for stored in passages], dtype=np.int64)
    return reader.bm25(terms, ids) / bound


def _best_by_words(stored: StoredPassage, statistics: TermStatistics) -> int:
    """The sentence with the most question words, each counted by its idf; the first of equals."""
    start = stored.passage.chars[0]
    weights = [
        sum(
            statistics.idf(term)
            for term in set(analyse(stored.passage.text[first - start : last - start]))
            if term in statistics.frequencies
        )
        for first, last in stored.passage.sentences
    ]
    return int(np.argmax(weights))
