"""Passages that say the same are folded into the best of them."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.ranking.order import COMPARED, fold_duplicates, shingles
from askdocs.ranking.words import number_of_term

# Twenty runs of three terms, none of them twice.
LONG = [f"term{number}" for number in range(22)]


def fold(
    *passages: Sequence[str], answers: Sequence[str] | None = None, top_k: int = 9
) -> dict[int, list[int]]:
    """Fold passages that are given by their terms, best first; without answers, by terms alone."""
    answers = [""] * len(passages) if answers is None else answers
    texts = [" ".join(terms) for terms in passages]
    numbers = [np.array(list(map(number_of_term, terms)), np.int64) for terms in passages]
    return fold_duplicates(texts, lambda at: shingles(numbers[at]), answers.__getitem__, top_k)


@pytest.mark.parametrize(("terms", "expected"), [(20, {0: [1]}), (19, {0: [], 1: []})])
def test_nearly_the_same_is_nine_tenths(terms, expected):
    """Of twenty runs of three terms, a copy without two shares 18 / 20, one without three 17."""
    assert fold(LONG, LONG[:terms]) == expected


def test_order_of_terms_counts():
    """The same words in another order are another text."""
    assert fold(LONG, LONG[::-1]) == {0: [], 1: []}


def test_repetition_within_a_passage_does_not_count():
    """Resemblance is of sets: twice the text has two more runs, over the seam; 20 / 22 are equal."""
    assert fold(LONG, LONG * 2) == {0: [1]}


def test_copies_are_listed_by_rank():
    """Copies of several passages, mixed, go to the first of their kind, best first."""
    other = ["a", "b", "c"]
    assert fold(LONG, other, other, LONG, other) == {0: [3], 1: [2, 4]}


def test_passages_of_fewer_than_three_terms_are_compared_whole():
    """A title is a copy of the same title alone; without any term one is like the other."""
    assert fold(["rain"], ["rain", "snow"], ["rain"], [], []) == {0: [2], 1: [], 3: [4]}


SIX, NINE = "The pool opens at six.", "The pool opens at nine."


def test_passages_with_the_same_answer_are_folded():
    """A leaflet and a notice both say when the pool opens; without an answer nothing is the same."""
    passages = [["leaflet"], ["winter"], ["notice"], ["towels"], ["lockers"]]
    assert fold(*passages, answers=[SIX, NINE, SIX, "", ""]) == {0: [2], 1: [], 3: [], 4: []}


@pytest.mark.parametrize("best", [[LONG, ["notice"]], [["notice"], LONG]])
def test_passage_goes_to_the_first_that_it_resembles(best):
    """It has the terms of one passage and the answer of the other: the better of them has it."""
    answers = [NINE if terms == LONG else SIX for terms in best]
    assert fold(*best, LONG[:20], answers=[*answers, SIX]) == {0: [2], 1: []}


def test_copies_take_no_place():
    """As many different passages are found as were wanted, with all their copies."""
    passages = [LONG, LONG, ["rain"], ["rain"], ["snow"], LONG, ["snow"]]
    assert fold(*passages, top_k=2) == {0: [1, 5], 2: [3]}


@given(
    passages=st.lists(st.sampled_from([LONG, LONG[:20], LONG[2:], ["rain"], ["snow"]]), max_size=9),
    answers=st.lists(st.sampled_from([SIX, NINE, ""]), min_size=9, max_size=9),
    top_k=st.integers(1, 9),
)
def test_wanting_more_changes_nothing_before(passages, answers, top_k):
    """The first passages and their copies are the same, however many passages are wanted."""
    folded = fold(*passages, answers=answers, top_k=top_k)
    every = fold(*passages, answers=answers, top_k=99)
    assert [*folded.items()] == [*every.items()][:top_k]


def test_far_behind_only_equal_texts_are_copies():
    """Texts are compared for resemblance among the first alone; a copy is found anywhere."""
    others = [[f"other{number}"] for number in range(COMPARED - 1)]
    folded = fold(LONG, *others, LONG[:20], LONG, top_k=999)
    assert folded[0] == [COMPARED + 1]
    assert COMPARED in folded
