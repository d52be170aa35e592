"""The passages that may answer a question, with their signals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from askdocs.ranking.signals import (
    DIGITS,
    best_cosine,
    bm25_share,
    mean_cosine,
    sentence_weights,
    word_signals,
)
from askdocs.ranking.words import wording_of_passage
from askdocs.records.results import Mode
from askdocs.store.analysis import distinct_terms, upper_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from numpy.typing import NDArray

    from askdocs.store.analysis import TermStatistics
    from askdocs.store.protocol import Ids, Mask, Reader, Scores, Vectors

    Nearest: TypeAlias = tuple[Ids, Vectors]

RANKED = 60
"""How many different texts get every signal."""

FIRST_SIGNALS = ("best_cosine", "bm25_share")
"""The signals that every candidate has."""

DENSE_CANDIDATES = 200
"""How many of the nearest sentences are looked at first."""

_LEXICAL_CANDIDATES = 100
_MOST_CANDIDATES = 1600


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The passages that may answer a question, with their signals.

    Attributes:
        ids: Their ids, ascending, shape (passages,).
        texts: A number for the text of each, which copies share, shape (passages,).
        signals: The value of each passage by the name of the signal, shape (passages,).
        cosines: The cosine of each sentence, one passage after another, in hybrid mode times its
            weight, shape (sentences,); None in lexical mode.
        starts: Where the sentences of each passage begin, then their number, shape
            (passages + 1,); None in lexical mode.
        statistics: Of the question's terms; None in dense mode.
        has_all_signals: Which passages have every signal, shape (passages,); the others have
            `FIRST_SIGNALS` and 0 for the rest. None if there are no other signals.
    """

    ids: Ids
    texts: Ids
    signals: Mapping[str, Scores]
    cosines: Scores | None = None
    starts: Ids | None = None
    statistics: TermStatistics | None = None
    has_all_signals: Mask | None = None

    def cosines_of(self, position: int) -> Scores | None:
        """Return the cosines of the sentences of the passage at a position."""
        if self.cosines is None or self.starts is None:
            return None
        return self.cosines[slice(*self.starts[position : position + 2])]


def gather(
    reader: Reader,
    question: str,
    vector: Vectors | None,
    *,
    mode: Mode,
    nearest: Nearest | None = None,
    within: Mask | None = None,
) -> Candidates:
    """Return the candidates of a question with their signals.

    In hybrid mode, all signals but two are computed only for the best candidates (`RANKED`
    different texts, by the sum of those two); the others have 0. So the order does not depend on
    how many hits are asked for. Only the best candidates are read.

    Args:
        reader: The data of the index.
        question: The question.
        vector: Its embedding, shape (dimension,), of unit length; None in lexical mode only.
        mode: Which signals to compute.
        nearest: What `reader.dense` returns for it and `DENSE_CANDIDATES`; None to look it up now.
        within: Which passages may be candidates, shape (passages,); None for all of them.
    """
    terms = distinct_terms(question)
    numbers: set[int] = set()
    if vector is not None:

        def dense(k: int) -> Nearest:
            if nearest is not None and k == DENSE_CANDIDATES:
                return nearest
            sentences, cosines = reader.dense(vector[np.newaxis], k, within=within)
            return sentences[0], cosines[0]

        numbers.update(reader.passages_of_sentences(_search(dense, DENSE_CANDIDATES)).tolist())
    if mode != Mode.DENSE:
        lexical = partial(reader.lexical, terms, within=within)
        numbers.update(_search(lexical, _LEXICAL_CANDIDATES).tolist())
    ids = np.array(sorted(numbers), np.int64)
    candidates = Candidates(ids=ids, texts=reader.text_digests(ids), signals={})
    if not len(ids):
        return candidates
    if mode != Mode.DENSE:
        statistics = reader.term_statistics(terms)
        share = bm25_share(reader.bm25(terms, ids), upper_bound(statistics))
        candidates = replace(candidates, signals={"bm25_share": share}, statistics=statistics)
    return candidates if vector is None else _add_cosines(reader, question, vector, candidates)


def _add_cosines(
    reader: Reader, question: str, vector: Vectors, candidates: Candidates
) -> Candidates:
    """Add the signals that need vectors, and in hybrid mode those of the words as well."""
    ids = candidates.ids
    firsts, lengths = reader.sentences_of(ids)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    # Counting on through all passages, less where each begins, plus where its sentences begin.
    vectors = reader.vectors(np.arange(starts[-1]) + np.repeat(firsts - starts[:-1], lengths))
    # In single precision, equal texts differ in the last bit by their position.
    cosines = vectors.astype(np.float64) @ vector.astype(np.float64)
    signals = {"best_cosine": best_cosine(cosines, starts), **candidates.signals}
    candidates = replace(candidates, signals=signals, cosines=cosines, starts=starts)
    if candidates.statistics is None:
        # Dense mode has one signal.
        return candidates
    # Of all candidates: a block that is a passage itself is repeated by its copies.
    weights = sentence_weights(cosines, starts)
    signals["best_cosine"] = best_cosine(weights * cosines, starts)
    best, copy_of = _best_texts(candidates.texts, np.round(sum(signals.values()), DIGITS))
    parts = [slice(*starts[position : position + 2]) for position in best.tolist()]
    best_weights = [weights[part] for part in parts]
    wordings = list(map(wording_of_passage, reader.passages(ids[best].tolist())))
    means = mean_cosine(vector, [vectors[part] for part in parts], best_weights)
    by_words = word_signals(question, wordings, best_weights, candidates.statistics)
    for name, values in {"mean_cosine": means, **by_words}.items():
        signals[name] = np.zeros(len(ids))
        signals[name][best] = values
    return replace(
        candidates,
        # Copies of a text share the values of its first candidate.
        signals={name: values[copy_of] for name, values in signals.items()},
        cosines=weights * cosines,
        has_all_signals=np.isin(copy_of, best),
    )


def _search(search: Callable[[int], tuple[Ids, NDArray[np.floating]]], count: int) -> Ids:
    """Return what a search finds; search for more if copies crowd out everything else."""
    while True:
        ids, scores = search(count)
        # Not numpy.unique, here or elsewhere: its first call imports numpy.ma, which takes 12 ms.
        different = len(set(np.round(scores, DIGITS).tolist()))
        if different >= count // 2 or len(ids) < count or count >= _MOST_CANDIDATES:
            return ids
        count *= 2


def _best_texts(texts: Ids, scores: Scores) -> tuple[Ids, Ids]:
    """Return the first candidates of the best texts, and the first candidate of every text."""
    positions: dict[int, int] = {}
    copy_of = np.array([positions.setdefault(text, at) for at, text in enumerate(texts.tolist())])
    firsts = np.array(list(positions.values()))
    return firsts[np.argsort(-scores[firsts], kind="stable")[:RANKED]], copy_of
