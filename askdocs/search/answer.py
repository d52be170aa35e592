"""Answer the questions of one caller from one generation."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from askdocs.citations import begins_at, place_of_passage, verify
from askdocs.records.results import Answer, CitationStatus, CitedText, Context, Hit, Mode, Ranking
from askdocs.text.document import read_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    from askdocs.embedding.rerank import Reranker
    from askdocs.ranking.order import RankedPassage
    from askdocs.records.results import Question
    from askdocs.records.spans import Document, StoredPassage
    from askdocs.search.index import OpenGeneration
    from askdocs.search.options import AskOptions

    Vector: TypeAlias = NDArray[np.float32]
    Nearest: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]

# Above this, comparing a document whole takes longer than the question.
_MOST_COMPARED = 1 << 18


class HitMaker:
    """Makes hits; every file of the corpus is read once, and so is the text of every document."""

    def __init__(self, opened: OpenGeneration, *, explain: bool, context: int) -> None:
        """Read nothing yet.

        Args:
            opened: Where the passages are from.
            explain: Whether hits say what made their scores.
            context: How many paragraphs around a passage hits show.
        """
        self._reader = opened.reader
        self._sources = opened.sources()
        self._explain = explain
        self._context = context
        self._indexed_document = lru_cache(maxsize=64)(self._read_indexed)
        self._changed: dict[str, bool] = {}

    def make(self, ranked: Sequence[tuple[RankedPassage, float | None]]) -> tuple[Hit, ...]:
        """The hits of passages in order, each given with the score of a reranker."""
        return tuple(self._hit(rank, *one) for rank, one in enumerate(ranked, 1))

    def changed_documents(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        """Paths of documents that are seen to have changed; all that is needed is read anyway.

        A large document of which a passage is where it was is not compared.
        """
        lost = {hit.place.citation.path for hit in hits if hit.status != CitationStatus.VERIFIED}
        cited = dict.fromkeys(hit.place.citation.path for hit in hits)
        return tuple(path for path in cited if path in lost or self._has_changed(path))

    def _hit(self, rank: int, ranked: RankedPassage, rerank_score: float | None) -> Hit:
        passage = ranked.stored.passage
        cited = self._cite(ranked.stored)
        document = self._sources.document(ranked.stored.path)
        start, end = (offset - passage.chars[0] for offset in ranked.answer)
        origin = cited.place.chars[0]
        found = cited.status != CitationStatus.GONE and document is not None
        return Hit(
            rank=rank,
            score=ranked.score,
            place=cited.place,
            headings=passage.headings,
            text=passage.text,
            answer=Answer(
                text=passage.text[start:end],
                chars=(origin + start, origin + end),
                begins=begins_at(document.text, origin + start) if found and document else None,
            ),
            status=cited.status,
            indexed=cited.indexed,
            duplicates=tuple(self._cite(one).place.citation for one in ranked.duplicates),
            signals=ranked.signals if self._explain else (),
            rerank_score=rerank_score,
            context=self._around(ranked.stored) if self._context else None,
        )

    def _cite(self, stored: StoredPassage) -> CitedText:
        place = place_of_passage(stored.path, stored.passage)
        return verify(stored.passage.text, place, self._sources.document(stored.path))

    def _around(self, stored: StoredPassage) -> Context:
        """The paragraphs around a passage, and what it leaves of its own."""
        document = self._indexed_document(stored.path)
        first, last = stored.passage.paragraphs
        start, end = stored.passage.chars
        above = document.paragraphs[max(0, first - 1 - self._context)]
        below = document.paragraphs[min(len(document.paragraphs), last + self._context) - 1]
        return Context(
            before=document.text[above.chars[0] : start], after=document.text[end : below.chars[1]]
        )

    def _read_indexed(self, path: str) -> Document:
        return read_document(path, self._reader.text_of(path))

    def _has_changed(self, path: str) -> bool:
        """Whether a document is seen to be another than the one that was indexed."""
        if path not in self._changed:
            now = self._sources.document(path)
            self._changed[path] = now is None or (
                len(now.text) <= _MOST_COMPARED
                and now.text.rstrip() != self._reader.text_of(path).rstrip()
            )
        return self._changed[path]


# As in ranking: the order must not hang on the last bits of a float.
_DIGITS = 6


class Answering:
    """Answers questions as one caller wants them, from one generation."""

    def __init__(self, opened: OpenGeneration, options: AskOptions) -> None:
        """Read nothing yet; files of the corpus are read once from here on.

        Args:
            opened: The generation.
            options: How to answer.
        """
        self._opened = opened
        self._options = options
        self._mode = Mode(options.mode)
        self._hits = HitMaker(opened, explain=options.explain, context=options.context)
        # By question, its vector and the nearest sentences.
        self._known: dict[str, tuple[Vector, Nearest]] = {}

    @cached_property
    def _within(self) -> NDArray[np.bool_] | None:
        """Which passages may answer; None for all of them."""
        if not self._options.paths:
            return None
        return self._opened.reader.passages_in(self._opened.select(self._options.paths))

    def look_up(self, questions: Sequence[Question]) -> None:
        """Find what is nearest to some questions, in a fraction of the time that each takes alone.

        Raises:
            UsageError: A pattern of paths names no document.
        """
        from askdocs.ranking.words import without_frame

        within = self._within
        if questions and self._mode != Mode.LEXICAL:
            self._look_up([without_frame(question.text) for question in questions], within)

    def answer(self, question: Question) -> Ranking:
        """The passages that answer a question."""
        from askdocs.ranking.score import DEFAULT_BARS
        from askdocs.ranking.words import without_frame

        options = self._options
        default = DEFAULT_BARS[self._mode]
        bar = default if options.min_score is None else options.min_score
        ranked = self._rank(without_frame(question.text))
        kept = [one for one in ranked if one.score >= bar]
        hits = self._hits.make(_reranked(question.text, kept, options.reranker)[: options.top_k])
        return Ranking(
            question=question,
            mode=self._mode,
            answered=bool(ranked) and ranked[0].score >= default,
            hits=hits,
            changed=self._hits.changed_documents(hits),
        )

    def _look_up(self, questions: Sequence[str], within: NDArray[np.bool_] | None) -> None:
        from askdocs.ranking.candidates import DENSE_CANDIDATES

        opened = self._opened
        vectors = opened.embed(questions, self._mode)
        nearest = opened.reader.dense(vectors, DENSE_CANDIDATES, within=within)
        found = zip(vectors, zip(*nearest, strict=True), strict=True)
        self._known = dict(zip(questions, found, strict=True))

    def _rank(self, question: str) -> list[RankedPassage]:
        from askdocs.ranking.order import rank

        vector = nearest = None
        if self._mode != Mode.LEXICAL:
            if question not in self._known:
                self._look_up([question], self._within)
            vector, nearest = self._known[question]
        return rank(
            self._opened.reader,
            question,
            vector,
            mode=self._mode,
            top_k=self._options.depth,
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
