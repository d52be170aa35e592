"""Find the candidates of a question and put them into one fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from askdocs.datamodel import Mode, Signal, Span, StoredPassage
from askdocs.ranking.answers import answer_sentence
from askdocs.ranking.duplicates import fold_duplicates
from askdocs.ranking.model import load_ranker
from askdocs.ranking.signals import (
    WordSignals,
    best_cosine,
    bm25_share,
    mean_cosine,
    sentence_weights,
    wording_of_passage,
)
from askdocs.store.analysis import distinct_terms, term_of
from askdocs.store.lexical import upper_bound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from askdocs.store import Reader
    from askdocs.store.lexical import TermStatistics

    Values: TypeAlias = NDArray[np.float64]

RANKED = 60
"""How many different texts get every signal."""

_DENSE_CANDIDATES = 200
_LEXICAL_CANDIDATES = 100
_MOST_SENTENCES = 1600
# Scores that differ by less are equal: the order must not hang on the last bits of a float.
_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedPassage:
    """A passage with its score.

    Attributes:
        stored: The passage.
        score: In [0, 1].
        answer: The span of its answer sentence in the document.
        signals: What made the score.
        duplicates: Passages of nearly the same text that rank below it, best first.
    """

    stored: StoredPassage
    score: float
    answer: Span
    signals: tuple[Signal, ...]
    duplicates: tuple[StoredPassage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The passages that may answer a question, with what is known of each.

    Attributes:
        passages: In canonical order.
        signals: By name the value of each passage, shape (passages,).
        cosines: For each passage those of its sentences; None in lexical mode.
        statistics: Of the question's terms; None in dense mode.
    """

    passages: Sequence[StoredPassage]
    signals: Mapping[str, Values]
    cosines: Sequence[Values] | None = None
    statistics: TermStatistics | None = None


def rank(
    reader: Reader,
    question: str,
    vector: NDArray[np.float32] | None,
    *,
    mode: Mode,
    top_k: int,
) -> list[RankedPassage]:
    """Rank the passages of an index for one question.

    The hybrid score is the probability that the learned ranker gives; those of the other modes are
    one signal each: the best sentence's cosine, or the BM25 share. Equal scores are ordered by
    path, then by position.

    Args:
        reader: The index.
        question: The question.
        vector: Its embedding, shape (dimension,), of unit length; None in lexical mode.
        mode: Which signals to use.
        top_k: How many passages to return at most, at least 1.

    Returns:
        The best passages, best first.
    """
    found = gather(reader, question, vector, mode=mode)
    passages = found.passages
    if not passages:
        return []
    scores, shares = _scored(found.signals, mode)
    rounded = np.round(np.clip(scores, 0.0, 1.0), _DIGITS).tolist()
    order = sorted(
        range(len(passages)),
        key=lambda at: (-rounded[at], passages[at].path, passages[at].passage.chars),
    )
    terms = cache(lambda at: _terms(passages[at]))
    folded = fold_duplicates(order, lambda at: [*chain(*terms(at))], top_k)
    return [
        RankedPassage(
            stored=passages[at],
            score=rounded[at],
            answer=passages[at].passage.sentences[
                answer_sentence(
                    terms(at),
                    None if found.cosines is None else found.cosines[at],
                    found.statistics,
                )
            ],
            signals=tuple(
                Signal(name=name, value=float(values[at]), share=float(share[at]))
                for name, (values, share) in shares.items()
            ),
            duplicates=tuple(passages[other] for other in others),
        )
        for at, others in folded.items()
    ]


def gather(
    reader: Reader, question: str, vector: NDArray[np.float32] | None, *, mode: Mode
) -> Candidates:
    """The candidates of a question with their signals.

    In hybrid mode all signals but two are looked up for the best candidates alone (`RANKED`
    different texts, by the sum of those two) and are 0 for the others; so the order does not hang
    on how many hits are wanted.

    Args:
        reader: The index.
        question: The question.
        vector: Its embedding, shape (dimension,), of unit length; None in lexical mode.
        mode: Which signals are wanted.
    """
    terms = distinct_terms(question)
    passages = reader.passages(_found(reader, terms, vector, mode))
    cosines = None if vector is None else reader.cosines(vector, passages)
    statistics = None if mode == Mode.DENSE else reader.term_statistics(terms)
    signals: dict[str, Values] = {}
    if cosines is not None:
        signals["best_cosine"] = best_cosine(cosines)
    if statistics is not None:
        ids = np.array([stored.id for stored in passages], dtype=np.int64)
        signals["bm25_share"] = bm25_share(reader.bm25(terms, ids), upper_bound(statistics))
    found = Candidates(passages=passages, signals=signals, cosines=cosines, statistics=statistics)
    if vector is None or cosines is None or statistics is None or not passages:
        return found
    return _compared_closely(
        reader, question, vector, found=found, cosines=cosines, statistics=statistics
    )


def _compared_closely(
    reader: Reader,
    question: str,
    vector: NDArray[np.float32],
    *,
    found: Candidates,
    cosines: Sequence[Values],
    statistics: TermStatistics,
) -> Candidates:
    """The candidates with every signal; copies of a text have the values of the first of them."""
    texts = {one.passage.text: at for at, one in reversed([*enumerate(found.passages)])}
    first = sorted(texts.values())
    numbers = {at: number for number, at in enumerate(first)}
    twins = np.array([numbers[texts[one.passage.text]] for one in found.passages])
    # Of all candidates: a block that is a passage of its own is repeated by its copies.
    weights = sentence_weights(cosines)
    weights = [weights[at] for at in first]
    cosines = [part * cosines[at] for part, at in zip(weights, first, strict=True)]
    signals = {
        "best_cosine": best_cosine(cosines),
        "bm25_share": found.signals["bm25_share"][first],
    }
    best = np.argsort(-np.round(sum(signals.values()), _DIGITS), kind="stable")[:RANKED]
    passages = [found.passages[first[at]] for at in best]
    parts = [weights[at] for at in best]
    words = WordSignals(question, [wording_of_passage(one) for one in passages], parts, statistics)
    looked_up = {
        "mean_cosine": mean_cosine(vector, _vectors(reader, passages), parts),
        "local_term_share": words.local_term_share(),
        "word_share": words.word_share(),
        "term_pairs": words.term_pairs(),
        "word_pairs": words.word_pairs(),
    }
    for name, values in looked_up.items():
        signals[name] = np.zeros(len(first))
        signals[name][best] = values
    return Candidates(
        passages=found.passages,
        signals={name: values[twins] for name, values in signals.items()},
        cosines=[cosines[twin] for twin in twins],
        statistics=statistics,
    )


def _found(
    reader: Reader, terms: Sequence[str], vector: NDArray[np.float32] | None, mode: Mode
) -> list[int]:
    found: set[int] = set()
    if vector is not None:
        found.update(reader.passages_of_sentences(_nearest(reader, vector)).tolist())
    if mode != Mode.DENSE:
        found.update(reader.lexical(terms, _LEXICAL_CANDIDATES)[0].tolist())
    return sorted(found)


def _nearest(reader: Reader, vector: NDArray[np.float32]) -> NDArray[np.int64]:
    """The nearest sentences; more where many are copies, which would crowd out all others."""
    count = _DENSE_CANDIDATES
    while True:
        ids, cosines = reader.dense(vector[np.newaxis], count)
        different = len(np.unique(np.round(cosines, _DIGITS)))
        if different >= count // 2 or ids.size < count or count >= _MOST_SENTENCES:
            nearest: NDArray[np.int64] = ids[0]
            return nearest
        count *= 2


def _terms(stored: StoredPassage) -> list[list[str]]:
    sentences = wording_of_passage(stored).sentences()
    return [list(filter(None, map(term_of, one))) for one in sentences]


def _vectors(reader: Reader, passages: Sequence[StoredPassage]) -> list[NDArray[np.float32]]:
    counts = [len(stored.passage.sentences) for stored in passages]
    ids = [
        np.arange(stored.first_sentence, stored.first_sentence + count)
        for stored, count in zip(passages, counts, strict=True)
    ]
    return np.split(reader.vectors(np.concatenate(ids)), np.cumsum(counts)[:-1])


def _scored(
    signals: Mapping[str, Values], mode: Mode
) -> tuple[Values, dict[str, tuple[Values, Values]]]:
    """The scores of the candidates, and each signal's values with what they add."""
    if mode != Mode.HYBRID:
        ((name, scores),) = signals.items()
        return scores, {name: (scores, scores)}
    ranker = load_ranker()
    shares = {name: (signals[name], share) for name, share in ranker.shares(signals).items()}
    one = np.ones(len(signals["best_cosine"]))
    return ranker.probabilities(signals), {**shares, "constant": (one, ranker.constant * one)}
