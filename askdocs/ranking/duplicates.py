"""Which passages say the same as a better one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Shingles: TypeAlias = frozenset[tuple[str, ...]]

_SAME = 0.9


def fold_duplicates(
    order: Sequence[int], terms_of: Callable[[int], Sequence[str]], top_k: int
) -> dict[int, list[int]]:
    """The first passages that are not nearly the same as one before them, with those that are.

    Two passages are nearly the same when their sequences of three terms have a Jaccard index of at
    least 0.9.

    Args:
        order: The passages, best first.
        terms_of: Gives a passage's terms in order.
        top_k: How many passages to find, at least 1.

    Source:
        Broder (1997), doi:10.1109/SEQUEN.1997.666900, for resemblance by shingles.
    """
    folded: dict[int, list[int]] = {}
    shingles: dict[int, Shingles] = {}
    for at in order:
        own = _shingles(terms_of(at))
        first = next((one for one in folded if _resemblance(shingles[one], own) >= _SAME), None)
        if first is not None:
            folded[first].append(at)
        elif len(folded) == top_k:
            break
        else:
            folded[at], shingles[at] = [], own
    return folded


def _shingles(terms: Sequence[str]) -> Shingles:
    return frozenset(zip(terms, terms[1:], terms[2:], strict=False)) or frozenset({tuple(terms)})


def _resemblance(one: Shingles, other: Shingles) -> float:
    return len(one & other) / len(one | other)
