"""The passages that may answer a question, with their signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from askdocs.datamodel import Mode
from askdocs.ranking.signals import (
    DIGITS,
    WordSignals,
    best_cosine,
    bm25_share,
    mean_cosine,
    sentence_weights,
    wording_of_passage,
)
from askdocs.store.analysis import distinct_terms
from askdocs.store.lexical import upper_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from askdocs.datamodel import StoredPassage
    from askdocs.store import Reader
    from askdocs.store.lexical import TermStatistics

    Values: TypeAlias = NDArray[np.float64]

RANKED = 60
"""How many different texts get every signal."""

FIRST_SIGNALS = ("best_cosine", "bm25_share")
"""The signals that every candidate has."""

_DENSE_CANDIDATES = 200
_LEXICAL_CANDIDATES = 100
_MOST = 1600


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The passages that may answer a question, with what is known of each.

    Attributes:
        passages: In canonical order.
        signals: By name the value of each passage, shape (passages,).
        cosines: For each passage those of its sentences, in hybrid mode times their weights; None
            in lexical mode.
        statistics: Of the question's terms; None in dense mode.
        compared: Which passages have all signals, shape (passages,); those of the others but
            `FIRST_SIGNALS` are 0 because nobody looked. None where there are no more.
    """

    passages: Sequence[StoredPassage]
    signals: Mapping[str, Values]
    cosines: Sequence[Values] | None = None
    statistics: TermStatistics | None = None
    compared: NDArray[np.bool_] | None = None


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
        vector: Its embedding, shape (dimension,), of unit length; None in lexical mode and in no
            other.
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
    numbers: dict[str, int] = {}
    texts = [one.passage.text for one in found.passages]
    number = np.array([numbers.setdefault(text, len(numbers)) for text in texts])
    first = np.array([texts.index(text) for text in numbers])
    # Of all candidates: a block that is a passage of its own is repeated by its copies.
    weights = sentence_weights(cosines)
    weighed = [weights[at] * cosines[at] for at in first]
    signals = {
        "best_cosine": best_cosine(weighed),
        "bm25_share": found.signals["bm25_share"][first],
    }
    best = np.argsort(-np.round(sum(signals.values()), DIGITS), kind="stable")[:RANKED]
    looked_up = _other_signals(
        reader,
        question,
        vector,
        passages=[found.passages[at] for at in first[best]],
        weights=[weights[at] for at in first[best]],
        statistics=statistics,
    )
    for name, values in looked_up.items():
        signals[name] = np.zeros(len(first))
        signals[name][best] = values
    return Candidates(
        passages=found.passages,
        signals={name: values[number] for name, values in signals.items()},
        cosines=[weights[at] * one for at, one in enumerate(cosines)],
        statistics=statistics,
        compared=np.isin(number, best),
    )


def _other_signals(
    reader: Reader,
    question: str,
    vector: NDArray[np.float32],
    *,
    passages: Sequence[StoredPassage],
    weights: Sequence[Values],
    statistics: TermStatistics,
) -> dict[str, Values]:
    wordings = [wording_of_passage(one) for one in passages]
    words = WordSignals(question, wordings, weights, statistics)
    return {
        "mean_cosine": mean_cosine(vector, _vectors(reader, passages), weights),
        "local_term_share": words.local_term_share(),
        "word_share": words.word_share(),
        "term_pairs": words.term_pairs(),
        "word_pairs": words.word_pairs(),
    }


def _found(
    reader: Reader, terms: Sequence[str], vector: NDArray[np.float32] | None, mode: Mode
) -> list[int]:
    found: set[int] = set()
    if vector is not None:
        question = vector[np.newaxis]
        sentences = _enough(lambda k: _first(*reader.dense(question, k)), _DENSE_CANDIDATES)
        found.update(reader.passages_of_sentences(sentences).tolist())
    if mode != Mode.DENSE:
        found.update(_enough(lambda k: reader.lexical(terms, k), _LEXICAL_CANDIDATES).tolist())
    return sorted(found)


def _first(
    ids: NDArray[np.int64], cosines: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    return ids[0], cosines[0]


def _enough(
    search: Callable[[int], tuple[NDArray[np.int64], NDArray[np.floating]]], count: int
) -> NDArray[np.int64]:
    """What a search finds; more where many are copies, which would crowd out all others."""
    while True:
        ids, scores = search(count)
        # Not numpy.unique, here or elsewhere: its first call imports numpy.ma, which takes 12 ms.
        different = len(set(np.round(scores, DIGITS).tolist()))
        if different >= count // 2 or len(ids) < count or count >= _MOST:
            return ids
        count *= 2


def _vectors(reader: Reader, passages: Sequence[StoredPassage]) -> list[NDArray[np.float32]]:
    counts = [len(stored.passage.sentences) for stored in passages]
    ids = [
        np.arange(stored.first_sentence, stored.first_sentence + count)
        for stored, count in zip(passages, counts, strict=True)
    ]
    return np.split(reader.vectors(np.concatenate(ids)), np.cumsum(counts)[:-1])
