"""Answer the questions of one caller from one generation."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from askdocs.datamodel import Mode, Ranking
from askdocs.search.hits import HitMaker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    from askdocs.datamodel import Question
    from askdocs.embedding import Reranker
    from askdocs.ranking import RankedPassage
    from askdocs.search.opened import Opened
    from askdocs.search.wanted import Wanted

    Vector: TypeAlias = NDArray[np.float32]
    Nearest: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]

# As in ranking: the order must not hang on the last bits of a float.
_DIGITS = 6


class Answering:
    """Answers questions as one caller wants them, from one generation."""

    def __init__(self, opened: Opened, wanted: Wanted) -> None:
        """Read nothing yet; files of the corpus are read once from here on.

        Args:
            opened: The generation.
            wanted: What every answer shall be like.
        """
        self._opened = opened
        self._wanted = wanted
        self._hits = HitMaker(opened, explain=wanted.explain, context=wanted.context)
        # By question, its vector and the nearest sentences.
        self._known: dict[str, tuple[Vector, Nearest]] = {}

    @cached_property
    def _within(self) -> NDArray[np.bool_] | None:
        """Which passages may answer; None for all of them."""
        if not self._wanted.paths:
            return None
        return self._opened.reader.passages_in(self._opened.select(self._wanted.paths))

    def look_up(self, questions: Sequence[Question]) -> None:
        """Find what is nearest to some questions, in a fraction of the time that each takes alone.

        Raises:
            UsageError: A pattern of paths names no document.
        """
        from askdocs.ranking import without_frame

        within = self._within
        if questions and self._wanted.mode != Mode.LEXICAL:
            self._look_up([without_frame(question.text) for question in questions], within)

    def answer(self, question: Question) -> Ranking:
        """The passages that answer a question."""
        from askdocs.ranking import DEFAULT_BARS, without_frame

        wanted = self._wanted
        default = DEFAULT_BARS[wanted.mode]
        bar = default if wanted.min_score is None else wanted.min_score
        ranked = self._rank(without_frame(question.text))
        kept = [one for one in ranked if one.score >= bar]
        hits = self._hits.make(_reranked(question.text, kept, wanted.reranker)[: wanted.top_k])
        return Ranking(
            question=question,
            mode=wanted.mode,
            answered=bool(ranked) and ranked[0].score >= default,
            hits=hits,
            changed=self._hits.changed_documents(hits),
        )

    def _look_up(self, questions: Sequence[str], within: NDArray[np.bool_] | None) -> None:
        from askdocs.ranking import DENSE_CANDIDATES

        opened = self._opened
        vectors = opened.embed(questions, self._wanted.mode)
        nearest = opened.reader.dense(vectors, DENSE_CANDIDATES, within=within)
        found = zip(vectors, zip(*nearest, strict=True), strict=True)
        self._known = dict(zip(questions, found, strict=True))

    def _rank(self, question: str) -> list[RankedPassage]:
        from askdocs.ranking import rank

        vector = nearest = None
        if self._wanted.mode != Mode.LEXICAL:
            if question not in self._known:
                self._look_up([question], self._within)
            vector, nearest = self._known[question]
        return rank(
            self._opened.reader,
            question,
            vector,
            mode=self._wanted.mode,
            top_k=self._wanted.depth,
            nearest=nearest,
            within=self._within,
        )


def _reranked(
    question: str, ranked: Sequence[RankedPassage], reranker: Reranker | None
) -> list[tuple[RankedPassage, float | None]]:
    """Passages in the order of a reranker, each with its score; as they are without one."""
    if reranker is None:
        return [(one, None) for one in ranked]
    scores = reranker.score(question, [one.stored.passage.text for one in ranked])
    rounded = [round(score, _DIGITS) for score in scores.tolist()]
    order = sorted(range(len(ranked)), key=lambda at: -rounded[at])
    return [(ranked[at], rounded[at]) for at in order]
