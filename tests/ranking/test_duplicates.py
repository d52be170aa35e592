"""Passages that say the same are folded into the best of them."""

from collections.abc import Sequence

import pytest

from askdocs.ranking.duplicates import fold_duplicates

# Twenty runs of three terms, none of them twice.
LONG = [f"term{number}" for number in range(22)]


def fold(*passages: Sequence[str], top_k: int = 9) -> dict[int, list[int]]:
    """Fold passages that are given by their terms, best first."""
    return fold_duplicates(range(len(passages)), passages.__getitem__, top_k)


def test_different_passages_stay_apart() -> None:
    """Each passage is the first of its kind, in order."""
    assert fold(["rain"], ["snow"], LONG) == {0: [], 1: [], 2: []}


@pytest.mark.parametrize(("terms", "expected"), [(20, {0: [1]}), (19, {0: [], 1: []})])
def test_nearly_the_same_is_nine_tenths(terms: int, expected: dict[int, list[int]]) -> None:
    """Of twenty runs of three terms, a copy without two shares 18 / 20, one without three 17."""
    assert fold(LONG, LONG[:terms]) == expected


def test_order_of_terms_counts() -> None:
    """The same words in another order are another text."""
    assert fold(LONG, LONG[::-1]) == {0: [], 1: []}


def test_repetition_within_a_passage_does_not_count() -> None:
    """Resemblance is of sets: what a text says twice it says once.

    Twice the text has two runs of three more, those over the seam: 20 / 22 are the same.
    """
    assert fold(LONG, LONG * 2) == {0: [1]}


def test_copies_are_listed_by_rank() -> None:
    """Copies of several passages, mixed, go to the first of their kind, best first."""
    other = ["a", "b", "c"]

    assert fold_duplicates([3, 0, 4, 1, 2], [LONG, other, other, LONG, other].__getitem__, 9) == {
        3: [0],
        4: [1, 2],
    }


def test_passages_of_fewer_than_three_terms_are_compared_whole() -> None:
    """A title is a copy of the same title alone; without any term one is like the other."""
    assert fold(["rain"], ["rain", "snow"], ["rain"], [], []) == {0: [2], 1: [], 3: [4]}


def test_copies_take_no_place() -> None:
    """As many different passages are found as were wanted, and no more are looked at."""
    looked_at = []

    def terms_of(at: int) -> list[str]:
        looked_at.append(at)
        return [LONG, LONG, ["rain"], ["rain"], ["snow"], LONG][at]

    folded = fold_duplicates(range(6), terms_of, 2)

    assert folded == {0: [1], 2: [3]}
    assert looked_at == [0, 1, 2, 3, 4]


def test_nothing_folds_to_nothing() -> None:
    """No passages are no hits."""
    assert fold() == {}
