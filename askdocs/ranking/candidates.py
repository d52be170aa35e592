"""The passages that may answer a question, with their signals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from askdocs.ranking.late import sentence_scores, token_matches, token_weights
from askdocs.ranking.signals import (
    DIGITS,
    best_cosine,
    bm25_share,
    late_interaction,
    mean_cosine,
    question_signals,
    sentence_weights,
    stand_in,
    word_signals,
)
from askdocs.ranking.words import identifiers, joined, refers_back, wording_of_passage
from askdocs.records.results import Mode
from askdocs.store.analysis import distinct_terms, upper_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from askdocs.embedding.model import EmbeddedQuestion
    from askdocs.records.spans import StoredPassage
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
        sentence_scores: How well each sentence matches, one passage after another, shape
            (sentences,): by late interaction if the passage has every signal, otherwise by its
            cosine, each times its weight; None in lexical mode.
        starts: Where the sentences of each passage begin, then their number, shape
            (passages + 1,); None in lexical mode.
        statistics: Of the question's terms; None in dense mode.
        has_all_signals: Which passages have every signal, shape (passages,); the others have
            `FIRST_SIGNALS` and 0 for the rest. None if there are no other signals.
    """

    ids: Ids
    texts: Ids
    signals: Mapping[str, Scores]
    sentence_scores: Scores | None = None
    starts: Ids | None = None
    statistics: TermStatistics | None = None
    has_all_signals: Mask | None = None

    def scores_of(self, position: int) -> Scores | None:
        """Return the scores of the sentences of the passage at a position."""
        if self.sentence_scores is None or self.starts is None:
            return None
        return self.sentence_scores[slice(*self.starts[position : position + 2])]


def gather(
    reader: Reader,
    question: str,
    embedded: EmbeddedQuestion | None,
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
        embedded: Its vector and those of its tokens; None in lexical mode only.
        mode: Which signals to compute.
        nearest: What `reader.dense` returns for it and `DENSE_CANDIDATES`; None to look it up now.
        within: Which passages may be candidates, shape (passages,); None for all of them.
    """
    terms = distinct_terms(question)
    numbers: set[int] = set()
    if embedded is not None:
        numbers.update(_near_passages(reader, embedded.vector, nearest, within))
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
    return candidates if embedded is None else _add_cosines(reader, question, embedded, candidates)


def _near_passages(
    reader: Reader, vector: Vectors, nearest: Nearest | None, within: Mask | None
) -> list[int]:
    """Return the ids of the passages that have the nearest sentences, repeated for each of them."""

    def dense(k: int) -> Nearest:
        if nearest is not None and k == DENSE_CANDIDATES:
            return nearest
        sentences, cosines = reader.dense(vector[np.newaxis], k, within=within)
        return sentences[0], cosines[0]

    numbers: list[int] = reader.passages_of_sentences(_search(dense, DENSE_CANDIDATES)).tolist()
    return numbers


def _add_cosines(
    reader: Reader, question: str, embedded: EmbeddedQuestion, candidates: Candidates
) -> Candidates:
    """Add the signals that need vectors, and in hybrid mode all others as well."""
    firsts, lengths = reader.sentences_of(candidates.ids)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    # Counting on through all passages, less where each begins, plus where its sentences begin.
    vectors = reader.vectors(np.arange(starts[-1]) + np.repeat(firsts - starts[:-1], lengths))
    # In single precision, equal texts differ in the last bit by their position.
    cosines = vectors.astype(np.float64) @ embedded.vector.astype(np.float64)
    candidates = replace(candidates, sentence_scores=cosines, starts=starts)
    if candidates.statistics is None:
        # Dense mode has one signal.
        return replace(candidates, signals={"best_cosine": best_cosine(cosines, starts)})
    return _add_hybrid_signals(reader, question, embedded, candidates, vectors)


def _add_hybrid_signals(
    reader: Reader,
    question: str,
    embedded: EmbeddedQuestion,
    candidates: Candidates,
    vectors: Vectors,
) -> Candidates:
    """Add the signals of hybrid mode; `vectors` are those of the candidates' sentences."""
    cosines, starts, statistics = (
        candidates.sentence_scores,
        candidates.starts,
        candidates.statistics,
    )
    if cosines is None or starts is None or statistics is None:
        raise ValueError("must have the cosines and the terms of its passages")
    # Of all candidates: a block that is a passage itself is repeated by its copies.
    weights = sentence_weights(cosines, starts)
    scores = weights * cosines
    signals = {"best_cosine": best_cosine(scores, starts), **candidates.signals}
    best, copy_of = _best_texts(candidates.texts, np.round(sum(signals.values()), DIGITS))
    sentences = [slice(*starts[position : position + 2]) for position in best.tolist()]
    passages = _Passages(
        ids=candidates.ids[best],
        cosines=signals["best_cosine"][best],
        vectors=[vectors[own] for own in sentences],
        weights=[weights[own] for own in sentences],
        scores=[scores[own] for own in sentences],
    )
    more, scores_of_best = _signals_of_best(reader, question, embedded, statistics, passages)
    for name, values in more.items():
        signals[name] = np.zeros(len(copy_of))
        signals[name][best] = values
    # Copies of a text share the values of its first candidate.
    signals = {name: values[copy_of] for name, values in signals.items()}
    for name, value in question_signals(question, statistics).items():
        signals[name] = np.full(len(copy_of), value)
    for own, values in zip(sentences, scores_of_best, strict=True):
        scores[own] = values
    has_all_signals = np.isin(copy_of, best)
    return replace(
        candidates, signals=signals, sentence_scores=scores, has_all_signals=has_all_signals
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passages:
    """The passages that get every signal.

    Attributes:
        ids: Their ids, shape (passages,).
        cosines: The signal `best_cosine` of each, shape (passages,).
        vectors: Of the sentences of each, shape (sentences, dimension).
        weights: Of the sentences of each, shape (sentences,); see `sentence_weights`.
        scores: Of the sentences of each, shape (sentences,): their cosines times their weights.
    """

    ids: Ids
    cosines: Scores
    vectors: Sequence[Vectors]
    weights: Sequence[Scores]
    scores: Sequence[Scores]


def _signals_of_best(
    reader: Reader,
    question: str,
    embedded: EmbeddedQuestion,
    statistics: TermStatistics,
    passages: _Passages,
) -> tuple[dict[str, Scores], Sequence[Scores]]:
    """Return the signals that only some passages get, and the final scores of their sentences."""
    stored = reader.passages(passages.ids.tolist())
    wordings = list(map(wording_of_passage, stored))
    of_tokens = token_weights(question, embedded.spans, statistics)
    refer = refers_back(joined(wordings))
    late, scores = _late_interaction(reader, embedded.tokens, of_tokens, passages, refer)
    signals = {
        "mean_cosine": mean_cosine(embedded.vector, passages.vectors, passages.weights),
        "late_interaction": late,
        **word_signals(question, wordings, passages.weights, statistics),
        "missing_identifiers": _missing_identifiers(question, stored),
    }
    return signals, scores


def _missing_identifiers(question: str, passages: Sequence[StoredPassage]) -> Scores:
    """Return the share of the question's identifiers that passage and context lack."""
    asked = identifiers(question)
    if not asked:
        return np.zeros(len(passages))
    texts = [
        "\n".join([*each.passage.headings, each.passage.lead, each.path, each.passage.plain])
        for each in passages
    ]
    return np.array([len(asked - identifiers(text)) / len(asked) for text in texts])


def _late_interaction(
    reader: Reader,
    tokens: Vectors,
    of_tokens: Scores,
    passages: _Passages,
    refer: Mask,
) -> tuple[Scores, Sequence[Scores]]:
    """Return how well passages match the tokens of a question, and each of their sentences.

    `of_tokens` are the weights of the tokens, `refer` says which of all sentences refer back.
    Without vectors of tokens, cosines stand in.
    """
    codes, counts = reader.token_codes(passages.ids)
    if not codes.size or not tokens.size:
        return stand_in(passages.cosines), passages.scores
    matches = token_matches(tokens, codes, counts)
    # The context of each passage stands before its sentences.
    weights = [np.append(1.0, own) for own in passages.weights]
    matches *= np.concatenate(weights)[:, np.newaxis]
    starts = np.cumsum([0, *map(len, weights)])
    is_sentence = np.ones(len(matches), np.bool_)
    is_sentence[starts[:-1]] = False
    refers = np.zeros(len(matches), np.bool_)
    refers[is_sentence] = refer
    # The first sentence refers to nothing: the context is not part of an answer.
    refers[starts[:-1] + 1] = False
    scores = sentence_scores(matches, of_tokens, refers)
    by_passage = np.split(scores, starts[1:-1])
    return late_interaction(matches, of_tokens, starts[:-1]), [own[1:] for own in by_passage]


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
