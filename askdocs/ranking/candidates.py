"""The passages that may answer a question, with their signals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from askdocs.ranking.signals import (
    DIGITS,
    WordSignals,
    best_cosine,
    bm25_share,
    mean_cosine,
    sentence_weights,
)
from askdocs.ranking.words import wording_of_passage
from askdocs.records.results import Mode
from askdocs.store.analysis import distinct_terms, upper_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from askdocs.store.analysis import TermStatistics
    from askdocs.store.protocol import Reader

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
class _Sentences:
    """The sentences of all candidates, one candidate after another.

    Attributes:
        vectors: Shape (sentences, dimension).
        cosines: With the question, shape (sentences,).
        starts: Where each candidate's begin, and where the last one's end, shape (candidates + 1,).
    """

    vectors: Vector
    cosines: Values
    starts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The passages that may answer a question, with what is known of each.

    Attributes:
        ids: Their ids, ascending, shape (passages,).
        texts: A number for the text of each, which copies share, shape (passages,).
        signals: By name the value of each passage, shape (passages,).
        cosines: Those of the sentences, one passage after another, in hybrid mode times their
            weights, shape (sentences,); None in lexical mode.
        starts: Where those of each passage begin, and where the last one's end, shape
            (passages + 1,); None in lexical mode.
        statistics: Of the question's terms; None in dense mode.
        compared: Which passages have all signals, shape (passages,); those of the others but
            `FIRST_SIGNALS` are 0 because nobody looked. None where there are no more.
    """

    ids: NDArray[np.int64]
    texts: NDArray[np.int64]
    signals: Mapping[str, Values]
    cosines: Values | None = None
    starts: NDArray[np.int64] | None = None
    statistics: TermStatistics | None = None
    compared: NDArray[np.bool_] | None = None

    def cosines_of(self, at: int) -> Values | None:
        """Those of the sentences of one passage."""
        if self.cosines is None or self.starts is None:
            return None
        return self.cosines[slice(*self.starts[at : at + 2])]


def gather(
    reader: Reader,
    question: str,
    vector: Vector | None,
    *,
    mode: Mode,
    nearest: Nearest | None = None,
    within: NDArray[np.bool_] | None = None,
) -> Candidates:
    """The candidates of a question with their signals.

    In hybrid mode all signals but two are looked up for the best candidates alone (`RANKED`
    different texts, by the sum of those two) and are 0 for the others; so the order does not hang
    on how many hits are wanted. Those best ones are also the only passages that are read.

    Args:
        reader: The index.
        question: The question.
        vector: Its embedding, shape (dimension,), of unit length; None in lexical mode and in no
            other.
        mode: Which signals are wanted.
        nearest: What `reader.dense` gives for the vector and `DENSE_CANDIDATES`, where it was
            asked for several questions at once; None to ask it now.
        within: Which passages may be candidates, shape (passages,); None for all of them.
    """
    terms = distinct_terms(question)
    ids = _found(reader, terms, vector, mode=mode, nearest=nearest, within=within)
    found = Candidates(ids=ids, texts=reader.text_digests(ids), signals={})
    if not len(ids):
        return found
    if mode != Mode.DENSE:
        statistics = reader.term_statistics(terms)
        share = bm25_share(reader.bm25(terms, ids), upper_bound(statistics))
        found = replace(found, signals={"bm25_share": share}, statistics=statistics)
    if vector is None:
        return found
    sentences = _sentences_of(reader, vector, ids)
    best = best_cosine(sentences.cosines, sentences.starts)
    found = replace(
        found,
        signals={"best_cosine": best, **found.signals},
        cosines=sentences.cosines,
        starts=sentences.starts,
    )
    return _compared(reader, question, vector, found, sentences)


def _found(
    reader: Reader,
    terms: Sequence[str],
    vector: Vector | None,
    *,
    mode: Mode,
    nearest: Nearest | None,
    within: NDArray[np.bool_] | None,
) -> NDArray[np.int64]:
    found: set[int] = set()
    if vector is not None:
        asked = vector[np.newaxis]

        def dense(k: int) -> Nearest:
            if nearest is not None and k == DENSE_CANDIDATES:
                return nearest
            ids, cosines = reader.dense(asked, k, within=within)
            return ids[0], cosines[0]

        sentences = _enough(dense, DENSE_CANDIDATES)
        found.update(reader.passages_of_sentences(sentences).tolist())
    if mode != Mode.DENSE:
        lexical = partial(reader.lexical, terms, within=within)
        found.update(_enough(lexical, _LEXICAL_CANDIDATES).tolist())
    return np.array(sorted(found), np.int64)


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


def _sentences_of(reader: Reader, vector: Vector, passage_ids: NDArray[np.int64]) -> _Sentences:
    firsts, lengths = reader.sentences_of(passage_ids)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    # Counting on through all passages, less where each begins, plus where its sentences begin.
    vectors = reader.vectors(np.arange(starts[-1]) + np.repeat(firsts - starts[:-1], lengths))
    # In double precision: in single, equal texts differ in the last bit by where they stand.
    cosines = vectors.astype(np.float64) @ vector.astype(np.float64)
    return _Sentences(vectors=vectors, cosines=cosines, starts=starts)


def _compared(
    reader: Reader, question: str, vector: Vector, found: Candidates, sentences: _Sentences
) -> Candidates:
    """The candidates with every signal; copies of a text have the values of the first of them."""
    if found.statistics is None:
        # In dense mode there is one signal.
        return found
    # Of all candidates: a block that is a passage of its own is repeated by its copies.
    weights = sentence_weights(sentences.cosines, sentences.starts)
    weighed = weights * sentences.cosines
    signals = dict(found.signals, best_cosine=best_cosine(weighed, sentences.starts))
    best, copy_of = _best_texts(found.texts, np.round(sum(signals.values()), DIGITS))
    parts = [slice(*sentences.starts[at : at + 2]) for at in best.tolist()]
    own_weights = [weights[part] for part in parts]
    wordings = list(map(wording_of_passage, reader.passages(found.ids[best].tolist())))
    words = WordSignals(question, wordings, own_weights, found.statistics)
    for name, values in {
        "mean_cosine": mean_cosine(
            vector, [sentences.vectors[part] for part in parts], own_weights
        ),
        "local_term_share": words.local_term_share(),
        "word_share": words.word_share(),
        "term_pairs": words.term_pairs(),
        "word_pairs": words.word_pairs(),
    }.items():
        signals[name] = np.zeros(len(found.ids))
        signals[name][best] = values
    return replace(
        found,
        signals={name: values[copy_of] for name, values in signals.items()},
        cosines=weighed,
        compared=np.isin(copy_of, best),
    )


def _best_texts(
    texts: NDArray[np.int64], scores: Values
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first candidates of the best different texts, and the first one of each one's text."""
    positions: dict[int, int] = {}
    copy_of = np.array([positions.setdefault(text, at) for at, text in enumerate(texts.tolist())])
    firsts = np.array(list(positions.values()))
    return firsts[np.argsort(-scores[firsts], kind="stable")[:RANKED]], copy_of
