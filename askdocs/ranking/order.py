"""Put the candidates of a question into one fixed order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from askdocs.ranking.candidates import FIRST_SIGNALS, gather
from askdocs.ranking.score import CONSTANT, LEAD, load_ranker
from askdocs.ranking.signals import DIGITS, OF_QUESTION
from askdocs.ranking.words import NO_TERM, without_dates, wording_of, wording_of_passage
from askdocs.records.results import Mode, Signal
from askdocs.records.spans import BlockKind
from askdocs.store.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from askdocs.embedding.model import EmbeddedQuestion
    from askdocs.ranking.candidates import Candidates, Nearest
    from askdocs.ranking.words import Wording
    from askdocs.records.spans import Passage, StoredPassage
    from askdocs.store.analysis import TermStatistics
    from askdocs.store.protocol import Ids, Mask, Reader, Scores

    Shingles: TypeAlias = frozenset[int]

COMPARED = 60
"""How many different texts are compared with each other; after them, only equal ones are folded."""

# Prose of fewer terms that does not end like a sentence is a title or a byline: it matches a
# question well and says little.
_ENOUGH_TERMS = 5
_TELLING_TERMS = 3
_ENDS = (".", "!", ":", ";")
_CLOSING = "\"')]”’»"
_PROSE = {BlockKind.PARAGRAPH, BlockKind.QUOTATION}
_LEAST_RESEMBLANCE = 0.9
# Three numbers of terms in 63 bits: a process meets fewer than two million terms.
_TERM_BITS = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedPassage:
    """A passage with its score.

    Attributes:
        stored: The passage.
        score: In [0, 1].
        answer: Which of its sentences is the answer, from 0.
        signals: What made the score.
        duplicates: Passages of nearly the same text that rank below it, best first.
    """

    stored: StoredPassage
    score: float
    answer: int
    signals: tuple[Signal, ...]
    duplicates: tuple[StoredPassage, ...] = ()


def rank(
    reader: Reader,
    question: str,
    embedded: EmbeddedQuestion | None,
    *,
    mode: Mode,
    top_k: int,
    nearest: Nearest | None = None,
    within: Mask | None = None,
) -> list[RankedPassage]:
    """Rank the passages of an index for one question.

    The hybrid score is the probability from the learned ranker. The scores of the other modes are
    one signal each: the best sentence's cosine, or the BM25 share. Equal scores are ordered by
    path, then by position. A larger `top_k` adds passages and changes none.

    At most `top_k` passages, at least 1, are returned, best first; see `gather` for the other
    arguments.
    """
    candidates = gather(reader, question, embedded, mode=mode, nearest=nearest, within=within)
    if not len(candidates.ids):
        return []
    if mode == Mode.HYBRID:
        lead = load_ranker().lead(candidates.signals)
        candidates = replace(candidates, signals={**candidates.signals, LEAD: lead})
    scores, shares = _score(candidates.signals, mode)
    order, passages = _read_in_order(reader, candidates, scores, COMPARED + top_k)
    texts = [stored.passage.plain for stored in passages]

    @cache
    def answer_at(rank: int) -> int:
        scores_of_sentences = candidates.scores_of(order[rank])
        passage, statistics = passages[rank].passage, candidates.statistics
        return answer_sentence(passage, scores_of_sentences, statistics)

    folded = fold_duplicates(
        texts,
        lambda rank: _shingles_of_passage(passages[rank]),
        lambda rank: _telling(passages[rank].passage.plain_sentences[answer_at(rank)]),
        top_k,
    )
    return [
        RankedPassage(
            stored=passages[rank],
            score=float(scores[order[rank]]),
            answer=answer_at(rank),
            signals=_signals_at(order[rank], candidates, shares),
            duplicates=tuple(passages[copy] for copy in copies),
        )
        for rank, copies in folded.items()
    ]


def _score(signals: Mapping[str, Scores], mode: Mode) -> tuple[Scores, Mapping[str, Scores]]:
    """Return the scores of the candidates, and what each signal adds to them.

    Scores are rounded: the order must not depend on the last bits of a float.
    """
    if mode != Mode.HYBRID:
        (scores,) = signals.values()
        return np.round(scores, DIGITS), signals
    ranker = load_ranker()
    return np.round(ranker.probabilities(signals), DIGITS), ranker.shares(signals)


def _read_in_order(
    reader: Reader, candidates: Candidates, scores: Scores, count: int
) -> tuple[list[int], list[StoredPassage]]:
    """Return the positions and passages of the candidates of the `count` best texts, best first."""
    order = np.argsort(-scores, kind="stable")
    best = list(dict.fromkeys(candidates.texts[order].tolist()))[:count]
    chosen = np.isin(candidates.texts, best)
    # A passage that scores the same as the last one may precede it by its path.
    chosen |= scores >= scores[chosen].min()
    positions = np.flatnonzero(chosen).tolist()
    passages = reader.passages(candidates.ids[chosen].tolist())
    pairs = sorted(
        zip(positions, passages, strict=True),
        key=lambda pair: (-scores[pair[0]], pair[1].path, pair[1].passage.chars),
    )
    return [position for position, _ in pairs], [stored for _, stored in pairs]


def _signals_at(
    position: int, candidates: Candidates, shares: Mapping[str, Scores]
) -> tuple[Signal, ...]:
    """Return the signals that were computed for a candidate."""
    has_all = candidates.has_all_signals is None or candidates.has_all_signals[position]
    values = {CONSTANT: np.ones(len(candidates.ids)), **candidates.signals}
    return tuple(
        Signal(name=name, value=float(values[name][position]), share=float(share[position]))
        for name, share in shares.items()
        if has_all or name in {*FIRST_SIGNALS, *OF_QUESTION, LEAD, CONSTANT}
    )


def answer_sentence(
    passage: Passage, scores: Scores | None, statistics: TermStatistics | None
) -> int:
    """Return the number of the sentence that answers the question, from 0; the first of equals.

    It is the one with the highest score of those that say most; a field whose name the question has
    goes before all others.

    Args:
        passage: The passage.
        scores: How well each sentence matches, shape (sentences,); None for the share of the
            question's terms that it has.
        statistics: Of the question's terms; None in dense mode.
    """
    if scores is None:
        scores = np.zeros(len(passage.sentences))
        if statistics is not None:
            scores = _term_shares(passage.plain_sentences, statistics)
    if statistics is not None:
        scores = scores + _named(passage, statistics)
    little = _says_little(passage)
    return int(np.argmax(np.where(little > little.min(), -np.inf, scores)))


def _named(passage: Passage, statistics: TermStatistics) -> Scores:
    """Return 1 for each sentence that is a field whose name the question has, such as `Phone:`."""
    fields = {part.start for part in passage.parts if part.kind == BlockKind.DEFINITION}
    names = [
        analyse(sentence.partition(":")[0]) if start in fields else []
        for (start, _), sentence in zip(passage.readings, passage.plain_sentences, strict=True)
    ]
    asked = statistics.frequencies.keys()
    return np.array([float(bool(name) and asked >= set(name)) for name in names])


def _says_little(passage: Passage) -> Ids:
    """Return how little each sentence can say, however well it matches the question.

    2 for headings, the header of a table and questions, 1 for prose that looks like a title, 0 for
    all others.
    """
    parts = iter(passage.parts)
    part = next(parts)
    header = next((each for each in passage.parts if each.kind == BlockKind.ROW), None)
    little = []
    for start, end in passage.readings:
        while start >= part.end:
            part = next(parts)
        text = passage.plain[start:end]
        is_title = part.kind == BlockKind.HEADING or (part is header and not passage.lead)
        is_untitled = part.kind not in _PROSE or text.rstrip(_CLOSING).endswith(_ENDS)
        is_short = not is_untitled and len(analyse(text)) < _ENOUGH_TERMS
        little.append(2 if is_title or text.endswith("?") else int(is_short))
    return np.array(little)


def _term_shares(sentences: Sequence[str], statistics: TermStatistics) -> Scores:
    """Return the share of the question's terms that each sentence has, by idf, in [0, 1]."""
    weights = {term: statistics.idf(term) for term in statistics.frequencies}
    total = sum(weights.values()) or 1.0
    found = [weights.keys() & set(analyse(sentence)) for sentence in sentences]
    return np.array([sum(map(weights.__getitem__, terms)) / total for terms in found])


def fold_duplicates(
    texts: Sequence[str],
    shingles_of: Callable[[int], Shingles],
    answer_of: Callable[[int], str],
    top_k: int,
) -> dict[int, list[int]]:
    """Return the first passages that do not resemble one before them, with those that do.

    Two passages resemble each other if their shingles (sequences of three terms, dates left out)
    have a Jaccard index of at least 0.9, or if both of them answer with the same sentence. The
    first passages do not depend on how many are asked for.

    Args:
        texts: The texts of the passages, best first.
        shingles_of: Returns the shingles of the passage at a position of `texts`.
        answer_of: Returns its answer sentence; empty for one that others may have by chance.
        top_k: How many passages to return, at least 1.

    Source:
        Broder (1997), doi:10.1109/SEQUEN.1997.666900, for resemblance by shingles.
    """
    folded: dict[int, list[int]] = {}
    shingles: dict[int, Shingles] = {}
    answers: dict[int, str] = {}
    first_of: dict[str, int] = {}
    for position, text in enumerate(texts):
        if text not in first_of:
            first_of[text] = position
            if len(first_of) <= COMPARED:
                new, answer = shingles_of(position), answer_of(position)
                # Once there are enough passages, only copies of those matter.
                others = shingles if len(folded) < top_k else folded
                resembled = (
                    other
                    for other in others
                    if (answer and answer == answers[other]) or _are_alike(shingles[other], new)
                )
                first_of[text] = next(resembled, position)
                shingles.setdefault(first_of[text], new)
                answers.setdefault(first_of[text], answer)
        first = first_of[text]
        if first in folded:
            folded[first].append(position)
        elif first == position and len(folded) < top_k:
            folded[position] = []
    return folded


def _telling(sentence: str) -> str:
    """Return a sentence that says enough to be the same in two passages; else an empty text."""
    return sentence if len(analyse(sentence)) >= _TELLING_TERMS else ""


def shingles(terms: Ids) -> Shingles:
    """Return the distinct sequences of three terms, one number each; fewer terms make one."""
    # Terms count from 1 here, so that 0 pads. Sets of numbers are made in a tenth of the time that
    # sets of tuples take.
    units = np.concatenate([terms + 1, np.zeros(max(0, 3 - len(terms)), np.int64)])
    packed = units[:-2] | units[1:-1] << _TERM_BITS | units[2:] << 2 * _TERM_BITS
    return frozenset(packed.tolist())


@lru_cache(maxsize=16384)
def _shingles_of_passage(stored: StoredPassage) -> Shingles:
    """Return the shingles of a passage without its dates, unless it says little else."""
    terms = _terms(wording_of_passage(stored))
    undated = without_dates(stored.passage.plain)
    if undated != stored.passage.plain:
        other = _terms(wording_of([undated]))
        terms = other if len(other) >= _ENOUGH_TERMS else terms
    return shingles(terms)


def _terms(wording: Wording) -> Ids:
    terms: Ids = wording.terms[wording.terms != NO_TERM]
    return terms


def _are_alike(first: Shingles, second: Shingles) -> bool:
    # The Jaccard index is at most the ratio of the sizes, which is known at once.
    if min(len(first), len(second)) < _LEAST_RESEMBLANCE * max(len(first), len(second)):
        return False
    common = len(first & second)
    return common >= _LEAST_RESEMBLANCE * (len(first) + len(second) - common)
