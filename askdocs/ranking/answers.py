"""Which sentence of a passage answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from askdocs.store.lexical import TermStatistics

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
