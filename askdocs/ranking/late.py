"""Late interaction: how well the tokens of a question are matched by those of a sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from askdocs.store.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from askdocs.records.spans import Span
    from askdocs.store.analysis import TermStatistics
    from askdocs.store.protocol import Codes, Ids, Mask, Scores, Vectors

STOP_WORD_IDF = 1.0
"""The idf that stop words count with, like a term which a third of the passages have."""

_CHUNK = re.compile(r"\S+")
# Sums of 384 whole numbers of this size are exact in single precision, whatever their order.
_LARGEST = 127
# A larger product would be split among threads, which wait for each other while other programs run:
# the least size for that in OpenBLAS.
_MOST_PRODUCTS = 1 << 18
_CARRIED = 0.7


def token_weights(question: str, spans: Sequence[Span], statistics: TermStatistics) -> Scores:
    """Return how much each token of a question counts, shape (tokens,); they add up to 1.

    A token counts by the square root of the idf of the term that it is part of: rare words decide,
    and common ones still help. Punctuation does not count, unless there is nothing else.

    Args:
        question: The question.
        spans: Of its tokens in the question, in order.
        statistics: Of the question's terms.
    """
    weights = np.zeros(len(spans))
    for chunk in _CHUNK.finditer(question):
        known = [term for term in analyse(chunk[0]) if term in statistics.frequencies]
        weight = max(map(statistics.idf, known), default=STOP_WORD_IDF) ** 0.5
        for number, (start, end) in enumerate(spans):
            is_inside = chunk.start() <= start < chunk.end()
            if is_inside and any(map(str.isalnum, question[start:end])):
                weights[number] = weight
    if not weights.any():
        weights[:] = 1.0
    scaled: Scores = weights / max(weights.sum(), 1e-9)
    return scaled


def token_matches(tokens: Vectors, codes: Codes, counts: Ids) -> Scores:
    """Return how well contexts and sentences match each token of a question.

    That is the highest cosine of the token with any of theirs, of which only the signs are known:
    one bit for each number of a vector. What has no tokens matches nothing: -1.

    Args:
        tokens: Of the question, shape (tokens, dimension), of unit length.
        codes: Of the contexts' and sentences' tokens, one after another; see `Reader.token_codes`.
        counts: How many tokens each of them has.

    Returns:
        Shape (len(counts), tokens), in [-1, 1].

    Source:
        Khattab & Zaharia (2020), doi:10.1145/3397271.3401075, for MaxSim.
    """
    matches = np.full((len(counts), len(tokens)), -1.0)
    has_tokens = counts > 0
    if has_tokens.any():
        starts = (np.cumsum(counts) - counts)[has_tokens]
        matches[has_tokens] = np.maximum.reduceat(_cosines(tokens, codes), starts)
    return matches


def sentence_scores(matches: Scores, weights: Scores, refer: Mask) -> Scores:
    """Return how well each sentence answers, with the one before it in view where it refers to it.

    "At weekends it does so two hours later" answers a question about the pool that the sentence
    before it names: what that sentence matches counts 0.7.

    Args:
        matches: Of contexts and sentences; see `token_matches`.
        weights: Of the tokens of the question, shape (tokens,).
        refer: Which of them refer to the one before, shape (len(matches),).

    Returns:
        Shape (len(matches),); what it says of contexts has no meaning.
    """
    before = np.full_like(matches, -1.0)
    before[1:] = _CARRIED * matches[:-1]
    before[~refer] = -1.0
    scores: Scores = np.maximum(matches, before) @ weights
    return scores


def _cosines(tokens: Vectors, codes: Codes) -> Scores:
    """Return the cosine of each code with each token of a question, shape (codes, tokens).

    The question is rounded to whole numbers, so that the sums are exact: a cosine does not depend
    on what else is computed with it.
    """
    dimension = tokens.shape[1]
    scales = _LARGEST / np.abs(tokens).max(axis=1)
    whole = np.rint(tokens * scales[:, np.newaxis])
    lengths = np.linalg.norm(whole.astype(np.float64), axis=1) * dimension**0.5
    sums = np.empty((len(codes), len(tokens)), np.float32)
    at_once = max(1, _MOST_PRODUCTS // tokens.size)
    for start in range(0, len(codes), at_once):
        part = slice(start, start + at_once)
        bits = np.unpackbits(codes[part], axis=1, count=dimension).astype(np.float32)
        sums[part] = bits @ whole.T
    # A bit stands for 1 or -1: twice the sum over the bits that are set, less the sum of all.
    cosines: Scores = (2.0 * sums.astype(np.float64) - whole.sum(axis=1)) / lengths
    return cosines
