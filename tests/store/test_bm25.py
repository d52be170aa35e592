"""BM25 scores are those of the formula, and none is above its bound."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.disk.verified import VerifiedFile
from askdocs.store.analysis import TermStatistics, upper_bound
from askdocs.store.bm25 import LexicalReader, PostingsReader, PostingsWriter

AsFile = Callable[..., VerifiedFile]
ReaderOf = Callable[..., LexicalReader]

TERMS = ["ship", "shi", "ships", "moon", "é", "漢", "zz", "a" * 50]
collections = st.lists(st.lists(st.sampled_from(TERMS), max_size=8), max_size=8)
questions = st.lists(st.sampled_from([*TERMS, "unknown", ""]), unique=True, max_size=5)


@pytest.fixture(scope="module")
def reader_of(as_file: AsFile) -> ReaderOf:
    """Index passages that are given as their terms, in one segment for each argument."""

    def make(*segments: Sequence[Sequence[str]]) -> LexicalReader:
        readers = []
        for passages in segments:
            writer = PostingsWriter()
            for terms in passages:
                writer.add(terms)
            readers.append(PostingsReader(as_file(writer.pieces())))
        return LexicalReader(readers)

    return make


def brute_force(passages: Sequence[Sequence[str]], question: Sequence[str]) -> list[float]:
    """The formula of Robertson & Zaragoza (2009), term by term, without an index."""
    mean = sum(map(len, passages)) / len(passages) if passages else 0
    scores = []
    for terms in passages:
        score = 0.0
        for term in question:
            having = sum(term in other for other in passages)
            idf = math.log(1 + (len(passages) - having + 0.5) / (having + 0.5))
            frequency = terms.count(term)
            if frequency:
                norm = 1.2 * (1 - 0.75 + 0.75 * len(terms) / mean)
                score += idf * 2.2 * frequency / (frequency + norm)
        scores.append(score)
    return scores


def test_scores_are_those_worked_out_by_hand(reader_of):
    """Three passages of 3, 1 and 1 terms, mean 5/3.

    `ship` is in 1 of 3: idf = ln(1 + 2.5/1.5) = 0.980829. In the first passage it stands twice:
    0.980829 · 2.2 · 2 / (2 + 1.2 · (0.25 + 0.75 · 1.8)) = 4.315649 / 3.92 = 1.100931.

    `rain` is in 2 of 3: idf = ln(1 + 1.5/2.5) = 0.470004. In the first passage it gives
    0.470004 · 2.2 / (1 + 1.92) = 0.354112, in the second 0.470004 · 2.2 / (1 + 1.2 · (0.25 +
    0.75 · 0.6)) = 1.034008 / 1.84 = 0.561961.
    """
    reader = reader_of([["ship", "ship", "rain"], ["rain"], ["moon"]])
    scores = reader.scores(["ship", "rain"])
    assert scores.tolist() == pytest.approx([1.100931 + 0.354112, 0.561961, 0.0], abs=2e-6)


def test_bound_is_the_one_worked_out_by_hand(reader_of):
    """A term in no passage of 3 has idf ln(1 + 3.5/0.5) = 2.079442, and counts in the bound.

    (0.980829 + 2.079442) · 2.2 = 6.732596.
    """
    reader = reader_of([["ship", "ship", "rain"], ["rain"], ["moon"]])
    statistics = reader.statistics(["ship", "unknown"])
    assert statistics == TermStatistics(passages=3, frequencies={"ship": 1, "unknown": 0})
    assert upper_bound(statistics) == pytest.approx(6.732596, abs=2e-6)


@given(passages=collections, question=questions)
def test_scores_are_those_of_the_formula(reader_of, passages, question):
    """The inverted index gives every passage the score that counting by hand gives it."""
    scores = reader_of(passages).scores(question)
    assert scores.tolist() == pytest.approx(brute_force(passages, question), rel=1e-12)


@given(passages=collections, question=questions)
def test_statistics_count_passages(reader_of, passages, question):
    """A term's frequency is the number of passages that have it, however often."""
    statistics = reader_of(passages).statistics(question)
    frequencies = {term: sum(term in terms for terms in passages) for term in question}
    assert statistics == TermStatistics(passages=len(passages), frequencies=frequencies)


@given(passages=collections, question=questions)
def test_no_score_is_above_the_bound(reader_of, passages, question):
    """The share of the bound is at most 1, and a question of one known term reaches above 0."""
    reader = reader_of(passages)
    bound = upper_bound(reader.statistics(question))
    assert all(0 <= score <= bound for score in reader.scores(question))
    assert (bound > 0) == bool(question)


@given(passages=collections, question=questions, times=st.integers(2, 1000))
def test_bound_is_approached_by_repetition(reader_of, passages, question, times):
    """A passage of the question's words over and over scores below the bound all the same."""
    reader = reader_of([*passages, question * times])
    scores = reader.scores(question)
    assert scores[-1] <= upper_bound(reader.statistics(question))
    assert not question or scores[-1] > 0


@given(passages=collections, question=questions, data=st.data())
def test_scores_do_not_depend_on_the_cut(reader_of, passages, question, data):
    """Cut anywhere into four segments, every passage has the very score that it has in one."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(passages)), min_size=3, max_size=3)))
    bounds = [0, *cuts, len(passages)]
    cut = [passages[start:end] for start, end in pairwise(bounds)]
    whole, parts = reader_of(passages), reader_of(*cut)
    assert parts.scores(question).tolist() == whole.scores(question).tolist()
    assert parts.statistics(question) == whole.statistics(question)
