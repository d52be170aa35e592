"""Which passages say the same as a better one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from askdocs.ranking.wording import NO_TERM, wording_of_passage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from askdocs.datamodel import StoredPassage

    Shingles: TypeAlias = frozenset[int]

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
