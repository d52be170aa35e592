"""A reranker changes the order of the hits, and nothing else of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from askdocs.ranking.score import DEFAULT_BARS
from askdocs.records.results import Hit, Mode
from askdocs.search.options import AskOptions

QUESTION = "What did Rasmussen request from the Kremlin?"


class ByLength:
    """A reranker that takes the shortest text for the best, and remembers what it was asked."""

    def __init__(self, unit: float = 1.0) -> None:
        """Lengths count in units of so many characters."""
        self.unit = unit
        self.asked: list[tuple[str, int]] = []

    def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """One divided by one and the length."""
        self.asked.append((question, len(texts)))
        return np.array([self.score_of(text) for text in texts])

    def score_of(self, text: str) -> float:
        """The score of one text."""
        return 1 / (1 + len(text) // self.unit)


def as_ranked(hits: Sequence[Hit]) -> list[Hit]:
    """Hits without what a reranker changes, by score."""
    same = [replace(hit, rank=0, rerank_score=None) for hit in hits]
    return sorted(same, key=lambda hit: (-hit.score, hit.place.citation.path, hit.place.chars))


@pytest.mark.parametrize("mode", list(Mode))
def test_best_fifty_are_ordered_anew(seeds_index, mode):
    """The hits come from the first fifty, by the reranker's score; all else of them stays."""
    reranker = ByLength()
    before = seeds_index.ask(QUESTION, AskOptions(mode=mode, top_k=50, min_score=0))
    options = AskOptions(mode=mode, top_k=50, min_score=0, reranker=reranker)
    after = seeds_index.ask(QUESTION, options)
    first = seeds_index.ask(QUESTION, replace(options, top_k=3))
    assert as_ranked(after.hits) == as_ranked(before.hits)
    assert [hit.rank for hit in after.hits] == list(range(1, len(before.hits) + 1))
    lengths = [len(hit.plain) for hit in after.hits]
    assert lengths == sorted(lengths) != [len(hit.plain) for hit in before.hits]
    expected = [reranker.score_of(hit.plain) for hit in after.hits]
    assert [hit.rerank_score for hit in after.hits] == pytest.approx(expected, abs=6e-7)
    assert first.hits == after.hits[:3]
    assert reranker.asked == [(QUESTION, len(before.hits))] * 2


def test_more_than_fifty_are_ordered_where_more_are_wanted(seeds_index):
    """No hit is left where the score had put it."""
    reranker = ByLength()
    before = seeds_index.ask(QUESTION, AskOptions(top_k=55, min_score=0))
    assert len(before.hits) > 50
    after = seeds_index.ask(QUESTION, AskOptions(top_k=55, min_score=0, reranker=reranker))
    assert as_ranked(after.hits) == as_ranked(before.hits)
    assert reranker.asked == [(QUESTION, len(before.hits))]


def test_equal_scores_keep_the_order(seeds_index):
    """Of passages that the reranker cannot tell apart, the better one by its score is first."""
    before = seeds_index.ask(QUESTION, AskOptions(top_k=30, min_score=0))
    options = AskOptions(top_k=30, min_score=0, reranker=ByLength(unit=1e9))
    after = seeds_index.ask(QUESTION, options)
    assert {hit.rerank_score for hit in after.hits} == {1.0}
    assert [replace(hit, rerank_score=None) for hit in after.hits] == list(before.hits)


def test_scores_that_differ_by_less_than_a_millionth_are_equal(seeds_index):
    """The last bits of a float, which depend on the machine, do not make the order."""

    class Trembling(ByLength):
        def score(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
            return 0.5 + 1e-8 * np.arange(len(texts))

    before = seeds_index.ask(QUESTION, AskOptions(min_score=0))

    after = seeds_index.ask(QUESTION, AskOptions(min_score=0, reranker=Trembling()))

    assert [hit.place for hit in after.hits] == [hit.place for hit in before.hits]


@pytest.mark.parametrize("bar", [None, 0.05, 0.3])
@pytest.mark.parametrize("mode", list(Mode))
def test_bar_is_one_of_the_score(seeds_index, mode, bar):
    """What answers is decided by the score alone; only what reaches the bar is ordered again."""
    reranker = ByLength()
    least = DEFAULT_BARS[mode] if bar is None else bar
    before = seeds_index.ask(QUESTION, AskOptions(mode=mode, top_k=50, min_score=bar))
    options = AskOptions(mode=mode, top_k=50, min_score=bar, reranker=reranker)
    after = seeds_index.ask(QUESTION, options)
    assert as_ranked(after.hits) == as_ranked(before.hits)
    assert all(hit.score >= least for hit in after.hits)
    assert after.answered == before.answered
    assert reranker.asked == [(QUESTION, len(before.hits))]


@pytest.mark.parametrize("min_score", [None, 0.0])
def test_unanswered_question_stays_unanswered(seeds_index, min_score):
    """A reranker finds a best passage for any question, which says nothing about answering it."""
    question = "How do I reset my router password?"
    ranking = seeds_index.ask(question, AskOptions(min_score=min_score, reranker=ByLength()))
    assert not ranking.answered
    assert bool(ranking.hits) == (min_score == 0.0)


def test_reranker_does_not_touch_the_nearest(seeds_index):
    """They stay in the order of the score, and however many there are, no more are reranked."""
    reranker = ByLength()
    options = AskOptions(nearest=55, min_score=1)
    before = seeds_index.ask("helicopters", replace(options, mode="lexical"))
    after = seeds_index.ask("helicopters", replace(options, mode="lexical", reranker=reranker))
    assert (len(before.nearest) > 1, after.nearest) == (True, before.nearest)
    seeds_index.ask(QUESTION, replace(options, min_score=0, reranker=reranker))
    assert [count for _, count in reranker.asked] == [0, 50]


def test_whole_question_is_given(seeds_index):
    """A cross-encoder reads what was typed, with the words that the signals leave out."""
    reranker = ByLength()
    question = "According to the passage, what did Rasmussen request?"
    ranking = seeds_index.ask(question, AskOptions(min_score=0, reranker=reranker))
    assert reranker.asked[0][0] == ranking.question.text == question


def test_near_duplicates_stay_folded(docs, open_docs):
    """Equal texts are one hit, and are scored once."""
    for number in range(3):
        (docs / f"{number}.txt").write_text("The harbour froze in March, and no ship could leave.")
    (docs / "other.txt").write_text("Ships left the harbour.")
    reranker, question = ByLength(), "When did the harbour freeze?"
    hits = open_docs().ask(question, AskOptions(min_score=0, reranker=reranker)).hits
    cited = [[str(one) for one in (hit.place.citation, *hit.duplicates)] for hit in hits]
    assert cited == [["docs/other.txt#p1"], [f"docs/{number}.txt#p1" for number in range(3)]]
    assert reranker.asked == [(question, 2)]
