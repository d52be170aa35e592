"""Put the candidates of a question into one fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from askdocs.ranking.candidates import FIRST_SIGNALS, gather
from askdocs.ranking.score import CONSTANT, load_ranker
from askdocs.ranking.signals import DIGITS
from askdocs.ranking.words import NO_TERM, wording_of_passage
from askdocs.records.results import Mode, Signal
from askdocs.store.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from askdocs.ranking.candidates import Candidates, Nearest
    from askdocs.records.spans import Passage, Span, StoredPassage
    from askdocs.store.analysis import TermStatistics
    from askdocs.store.protocol import Reader

    Shingles: TypeAlias = frozenset[int]
    Values: TypeAlias = NDArray[np.float64]

_ENOUGH_TERMS = 5


def answer_sentence(
    sentences: Sequence[Sequence[str]],
    cosines: NDArray[np.float64] | None,
    statistics: TermStatistics | None,
) -> int:
    """The sentence that matches the question best: by meaning, by words, or by both alike.

    A sentence of fewer than five terms (a title, a heading) answers only where no other one can:
    it matches a question well and says little.

    Args:
        sentences: The terms of each sentence, at least one sentence.
        cosines: Of the sentences, shape (sentences,); None in lexical mode.
        statistics: Of the question's terms; None in dense mode.

    Returns:
        Its position, from 0; of equals, the first.
    """
    match = np.zeros(len(sentences))
    if cosines is not None:
        match += cosines
    if statistics is not None:
        match += [_term_share(statistics, own) for own in sentences]
    enough = np.array([len(own) >= _ENOUGH_TERMS for own in sentences])
    if enough.any():
        match[~enough] = -np.inf
    return int(np.argmax(match))


def _term_share(statistics: TermStatistics, terms: Sequence[str]) -> float:
    """The share of a question's terms that a text has, each counted by its idf, in [0, 1]."""
    weights = {term: statistics.idf(term) for term in statistics.frequencies}
    found = sum(weight for term, weight in weights.items() if term in terms)
    return found / sum(weights.values()) if weights else 0.0


COMPARED = 60
"""How many different texts are compared; behind them, only equal ones are found."""

_SAME = 0.9
# Three numbers of terms in 63 bits: a process meets fewer than two million terms.
_BITS = 21


def fold_duplicates(
    texts: Sequence[str], shingles_of: Callable[[int], Shingles], top_k: int
) -> dict[int, list[int]]:
    """The first passages that are not nearly the same as one before them, with those that are.

    Two passages are nearly the same when their sequences of three terms have a Jaccard index of at
    least 0.9. What is found of the first passages does not hang on how many are wanted.

    Args:
        texts: Of the passages, best first.
        shingles_of: Gives the sequences of three terms of the passage at a position of `texts`.
        top_k: How many passages to find, at least 1.

    Source:
        Broder (1997), doi:10.1109/SEQUEN.1997.666900, for resemblance by shingles.
    """
    folded: dict[int, list[int]] = {}
    shingles: dict[int, Shingles] = {}
    first_of: dict[str, int] = {}
    for at, text in enumerate(texts):
        if text not in first_of:
            first_of[text] = at
            if len(first_of) <= COMPARED:
                own = shingles_of(at)
                # Once there are enough, what resembles another one is of no interest.
                others = shingles if len(folded) < top_k else folded
                first_of[text] = next((one for one in others if _are_alike(shingles[one], own)), at)
                shingles.setdefault(first_of[text], own)
        first = first_of[text]
        if first in folded:
            folded[first].append(at)
        elif first == at and len(folded) < top_k:
            folded[at] = []
    return folded


def shingles(terms: NDArray[np.int64]) -> Shingles:
    """The sequences of three terms, each once, as one number each; fewer than three are one.

    Args:
        terms: The numbers of the terms in order, shape (terms,).
    """
    # From 1, so that 0 stands for none. Sets of numbers are made in a tenth of the time that those
    # of tuples take.
    units = np.concatenate([terms + 1, np.zeros(max(0, 3 - len(terms)), np.int64)])
    return frozenset((units[:-2] | units[1:-1] << _BITS | units[2:] << 2 * _BITS).tolist())


@lru_cache(maxsize=16384)
def shingles_of_passage(stored: StoredPassage) -> Shingles:
    """The sequences of three terms of a passage, by the numbers of the terms."""
    terms = wording_of_passage(stored).terms
    return shingles(terms[terms != NO_TERM])


def _are_alike(one: Shingles, other: Shingles) -> bool:
    """Whether the Jaccard index of two sets is high enough."""
    # It is at most that of their sizes, which is known at once.
    if min(len(one), len(other)) < _SAME * max(len(one), len(other)):
        return False
    common = len(one & other)
    return common >= _SAME * (len(one) + len(other) - common)


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


def rank(
    reader: Reader,
    question: str,
    vector: NDArray[np.float32] | None,
    *,
    mode: Mode,
    top_k: int,
    nearest: Nearest | None = None,
    within: NDArray[np.bool_] | None = None,
) -> list[RankedPassage]:
    """Rank the passages of an index for one question.

    The hybrid score is the probability that the learned ranker gives; those of the other modes are
    one signal each: the best sentence's cosine, or the BM25 share. Equal scores are ordered by
    path, then by position. A larger `top_k` adds passages and changes none.

    Args:
        reader: The index.
        question: The question.
        vector: Its embedding, shape (dimension,), of unit length; None in lexical mode and in no
            other.
        mode: Which signals to use.
        top_k: How many passages to return at most, at least 1.
        nearest: See `gather`.
        within: See `gather`.

    Returns:
        The best passages, best first.
    """
    found = gather(reader, question, vector, mode=mode, nearest=nearest, within=within)
    if not len(found.ids):
        return []
    scores, shares = _scored(found.signals, mode)
    order, passages = _ordered(reader, found, scores, COMPARED + top_k)
    folded = fold_duplicates(
        [one.passage.text for one in passages],
        lambda rank: shingles_of_passage(passages[rank]),
        top_k,
    )

    def ranked(rank: int) -> RankedPassage:
        at = order[rank]
        terms, cosines = _terms(passages[rank].passage), found.cosines_of(at)
        answer = answer_sentence(terms, cosines, found.statistics)
        return RankedPassage(
            stored=passages[rank],
            score=float(scores[at]),
            answer=passages[rank].passage.sentences[answer],
            signals=tuple(
                Signal(
                    name=name,
                    value=1.0 if name == CONSTANT else float(found.signals[name][at]),
                    share=float(share[at]),
                )
                for name, share in shares.items()
                if found.compared is None
                or found.compared[at]
                or name in (*FIRST_SIGNALS, CONSTANT)
            ),
            duplicates=tuple(passages[other] for other in folded[rank]),
        )

    return [ranked(rank) for rank in folded]


def _ordered(
    reader: Reader, found: Candidates, scores: Values, count: int
) -> tuple[list[int], list[StoredPassage]]:
    """Read the candidates that have the best texts, so many of them, and put them into order.

    Returns:
        The position of each among the candidates and the passage, best first.
    """
    order = np.argsort(-scores, kind="stable")
    best = list(dict.fromkeys(found.texts[order].tolist()))[:count]
    wanted = np.isin(found.texts, best)
    # What equals the last one may stand before it by its path.
    wanted |= scores >= scores[wanted].min()
    positions = np.flatnonzero(wanted).tolist()
    passages = reader.passages(found.ids[wanted].tolist())
    pairs = sorted(
        zip(positions, passages, strict=True),
        key=lambda one: (-scores[one[0]], one[1].path, one[1].passage.chars),
    )
    return [at for at, _ in pairs], [stored for _, stored in pairs]


def _scored(signals: Mapping[str, Values], mode: Mode) -> tuple[Values, Mapping[str, Values]]:
    """The scores of the candidates, and what each signal adds to them.

    Scores that differ by less than the last digit are equal: the order must not hang on the last
    bits of a float.
    """
    if mode != Mode.HYBRID:
        (scores,) = signals.values()
        return np.round(scores, DIGITS), signals
    ranker = load_ranker()
    return np.round(ranker.probabilities(signals), DIGITS), ranker.shares(signals)


def _terms(passage: Passage) -> list[list[str]]:
    """The terms of each sentence."""
    origin = passage.chars[0]
    return [analyse(passage.text[a - origin : b - origin]) for a, b in passage.sentences]
