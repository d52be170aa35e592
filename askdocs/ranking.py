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
_ENOUGH_TERMS = 5
_SAME = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedPassage:
    """A passage with its score.

    Attributes:
        stored: The passage.
        score: In [0, 1].
        answer: The span of its answer sentence in the document.
        duplicates: Passages of nearly the same text that rank below it, best first.
    """

    stored: StoredPassage
    score: float
    answer: Span
    duplicates: tuple[StoredPassage, ...] = ()


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
    statistics = None if mode == Mode.DENSE else reader.term_statistics(terms)
    return [
        RankedPassage(
            stored=passages[at],
            score=rounded[at],
            answer=_answer_sentence(
                passages[at], None if vector is None else cosines[at], statistics
            ),
            duplicates=tuple(passages[other] for other in others),
        )
        for at, others in _fold_duplicates(order, passages, top_k).items()
    ]


def _fold_duplicates(
    order: Sequence[int], passages: Sequence[StoredPassage], top_k: int
) -> dict[int, list[int]]:
    """The first passages that are not nearly the same as one before them, with those that are.

    Two passages are nearly the same when their sequences of three terms have a Jaccard index of at
    least 0.9.

    Source:
        Broder (1997), doi:10.1109/SEQUEN.1997.666900, for resemblance by shingles.
    """
    folded: dict[int, list[int]] = {}
    shingles: dict[int, frozenset[tuple[str, ...]]] = {}
    for at in order:
        own = _shingles(passages[at].passage.text)
        first = next((one for one in folded if _resemblance(shingles[one], own) >= _SAME), None)
        if first is not None:
            folded[first].append(at)
        elif len(folded) == top_k:
            break
        else:
            folded[at], shingles[at] = [], own
    return folded


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    terms = analyse(text)
    return frozenset(zip(terms, terms[1:], terms[2:], strict=False)) or frozenset({tuple(terms)})


def _resemblance(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    return len(one & other) / len(one | other)


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


def _answer_sentence(
    stored: StoredPassage,
    cosines: NDArray[np.float64] | None,
    statistics: TermStatistics | None,
) -> Span:
    """The sentence that matches the question best: by meaning, by words, or by both alike.

    A sentence of fewer than five terms (a title, a heading) answers only where no other one can:
    it matches a question well and says little.

    Args:
        stored: The passage.
        cosines: Of its sentences; None in lexical mode.
        statistics: Of the question's terms; None in dense mode.
    """
    passage = stored.passage
    origin = passage.chars[0]
    terms = [analyse(passage.text[a - origin : b - origin]) for a, b in passage.sentences]
    match = np.zeros(len(terms))
    if cosines is not None:
        match += cosines
    if statistics is not None:
        match += [_word_share(statistics, own) for own in terms]
    enough = np.array([len(own) >= _ENOUGH_TERMS for own in terms])
    if enough.any():
        match[~enough] = -np.inf
    return passage.sentences[int(np.argmax(match))]


def _word_share(statistics: TermStatistics, terms: Sequence[str]) -> float:
    """The share of a question's terms that a text has, each counted by its idf, in [0, 1]."""
    weights = {term: statistics.idf(term) for term in statistics.frequencies}
    found = sum(weight for term, weight in weights.items() if term in terms)
    return found / sum(weights.values()) if weights else 0.0
