"""The passages that may answer a question, with their signals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from askdocs.datamodel import Mode
from askdocs.ranking.signals import (
    DIGITS,
    WordSignals,
    best_cosine,
    bm25_share,
    mean_cosine,
    parts_of,
    sentence_weights,
)
from askdocs.ranking.wording import wording_of_passage
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
    Vector: TypeAlias = NDArray[np.float32]
    Nearest: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]

RANKED = 60
"""How many different texts get every signal."""

FIRST_SIGNALS = ("best_cosine", "bm25_share")
"""The signals that every candidate has."""

DENSE_CANDIDATES = 200
"""How many of the nearest sentences are looked at first."""

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
    reader: Reader,
    question: str,
    vector: Vector | None,
    *,
    mode: Mode,
    nearest: Nearest | None = None,
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
        nearest: What `reader.dense` gives for the vector and `DENSE_CANDIDATES`, where it was
            asked for several questions at once; None to ask it now.
    """
    terms = distinct_terms(question)
    passages = reader.passages(_found(reader, terms, vector, mode, nearest))
    if not passages:
        return Candidates(passages=(), signals={})
    statistics = None if mode == Mode.DENSE else reader.term_statistics(terms)
    vectors, cosines = ([], None) if vector is None else _compared(reader, vector, passages)
    signals: dict[str, Values] = {}
    if cosines is not None:
        signals["best_cosine"] = best_cosine(cosines)
    if statistics is not None:
        ids = np.array([stored.id for stored in passages], dtype=np.int64)
        signals["bm25_share"] = bm25_share(reader.bm25(terms, ids), upper_bound(statistics))
    found = Candidates(passages=passages, signals=signals, cosines=cosines, statistics=statistics)
    if vector is None or cosines is None or statistics is None:
        return found
    # Of all candidates: a block that is a passage of its own is repeated by its copies.
    weights = sentence_weights(cosines)
    weighed = [weight * own for weight, own in zip(weights, cosines, strict=True)]

    def look_up(best: Sequence[int]) -> dict[str, Values]:
        wordings = [wording_of_passage(passages[at]) for at in best]
        own_weights = [weights[at] for at in best]
        words = WordSignals(question, wordings, own_weights, statistics)
        return {
            "mean_cosine": mean_cosine(vector, [vectors[at] for at in best], own_weights),
            "local_term_share": words.local_term_share(),
            "word_share": words.word_share(),
            "term_pairs": words.term_pairs(),
            "word_pairs": words.word_pairs(),
        }

    signals["best_cosine"] = best_cosine(weighed)
    return _compared_closely(replace(found, cosines=weighed), look_up)


def _compared_closely(
    found: Candidates, look_up: Callable[[Sequence[int]], Mapping[str, Values]]
) -> Candidates:
    """The candidates with every signal; copies of a text have the values of the first of them."""
    positions: dict[str, int] = {}
    copy_of = [positions.setdefault(one.passage.text, at) for at, one in enumerate(found.passages)]
    first = np.array(list(positions.values()))
    signals = dict(found.signals)
    total = np.round(sum(values[first] for values in signals.values()), DIGITS)
    best = first[np.argsort(-total, kind="stable")[:RANKED]]
    for name, values in look_up(best.tolist()).items():
        signals[name] = np.zeros(len(found.passages))
        signals[name][best] = values
    return replace(
        found,
        signals={name: values[copy_of] for name, values in signals.items()},
        compared=np.isin(copy_of, best),
    )


def _found(
    reader: Reader,
    terms: Sequence[str],
    vector: Vector | None,
    mode: Mode,
    nearest: Nearest | None,
) -> list[int]:
    found: set[int] = set()
    if vector is not None:
        asked = vector[np.newaxis]

        def dense(k: int) -> Nearest:
            if nearest is not None and k == DENSE_CANDIDATES:
                return nearest
            ids, cosines = reader.dense(asked, k)
            return ids[0], cosines[0]

        sentences = _enough(dense, DENSE_CANDIDATES)
        found.update(reader.passages_of_sentences(sentences).tolist())
    if mode != Mode.DENSE:
        found.update(_enough(lambda k: reader.lexical(terms, k), _LEXICAL_CANDIDATES).tolist())
    return sorted(found)


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


def _compared(
    reader: Reader, vector: Vector, passages: Sequence[StoredPassage]
) -> tuple[list[NDArray[np.float32]], list[Values]]:
    """For each passage the vectors of its sentences, and their exact cosines, in their order."""
    counts = [len(stored.passage.sentences) for stored in passages]
    ends = np.cumsum(counts, dtype=np.int64)
    firsts = np.array([stored.first_sentence for stored in passages], np.int64)
    # Counting on through all passages, less where each begins, plus where its sentences begin.
    ids = np.arange(sum(counts)) + np.repeat(firsts - ends + counts, counts)
    vectors = reader.vectors(ids)
    # In double precision: in single, equal texts differ in the last bit by where they stand.
    cosines = vectors.astype(np.float64) @ vector.astype(np.float64)
    return parts_of(vectors, counts), parts_of(cosines, counts)
