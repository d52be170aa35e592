"""Put the candidates of a question into one fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from askdocs.datamodel import Mode, Passage, Signal, Span, StoredPassage
from askdocs.ranking.answers import answer_sentence
from askdocs.ranking.candidates import FIRST_SIGNALS, gather
from askdocs.ranking.duplicates import COMPARED, fold_duplicates, shingles_of_passage
from askdocs.ranking.model import CONSTANT, load_ranker
from askdocs.ranking.signals import DIGITS
from askdocs.store.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from numpy.typing import NDArray

    from askdocs.ranking.candidates import Candidates, Nearest
    from askdocs.store import Reader

    Values: TypeAlias = NDArray[np.float64]


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
