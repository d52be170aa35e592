"""Which passages say the same as a better one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Shingles: TypeAlias = frozenset[tuple[str, ...]]

COMPARED = 60
"""How many different texts are compared; behind them, only equal ones are found."""

_SAME = 0.9


def fold_duplicates(
    texts: Sequence[str], terms_of: Callable[[int], Sequence[str]], top_k: int
) -> dict[int, list[int]]:
    """The first passages that are not nearly the same as one before them, with those that are.

    Two passages are nearly the same when their sequences of three terms have a Jaccard index of at
    least 0.9. What is found of the first passages does not hang on how many are wanted.

    Args:
        texts: Of the passages, best first.
        terms_of: Gives the terms of the passage at a position of `texts`, in order.
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
                own = _shingles(terms_of(at))
                first_of[text] = next(
                    (one for one in shingles if _resemblance(shingles[one], own) >= _SAME), at
                )
                shingles.setdefault(first_of[text], own)
        first = first_of[text]
        if first in folded:
            folded[first].append(at)
        elif first == at and len(folded) < top_k:
            folded[at] = []
    return folded


def _shingles(terms: Sequence[str]) -> Shingles:
    return frozenset(zip(terms, terms[1:], terms[2:], strict=False)) or frozenset({tuple(terms)})


def _resemblance(one: Shingles, other: Shingles) -> float:
    return len(one & other) / len(one | other)
