"""Answer the questions of one caller from one generation."""

from __future__ import annotations

from functools import cached_property, lru_cache, partial
from itertools import takewhile
from typing import TYPE_CHECKING

from askdocs.citations import begins_at, place_of_passage, span_of_part, verify
from askdocs.records.results import Answer, CitationStatus, CitedText, Context, Hit, Mode, Ranking
from askdocs.records.spans import Excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from askdocs.embedding.model import EmbeddedQuestion
    from askdocs.embedding.rerank import Reranker
    from askdocs.ranking.candidates import Nearest
    from askdocs.ranking.order import RankedPassage
    from askdocs.records.results import Question
    from askdocs.records.spans import Passage, Span, StoredPassage
    from askdocs.search.index import OpenGeneration
    from askdocs.search.options import AskOptions
    from askdocs.store.protocol import Mask

    Scored: TypeAlias = tuple[RankedPassage, float | None]


class Answering:
    """Answers questions with one set of options, from one generation.

    Every file of the corpus is read once, and the text of every document once.
    """

    def __init__(self, opened: OpenGeneration, options: AskOptions) -> None:
        self._opened = opened
        self._options = options
        self._mode = Mode(options.mode)
        self._sources = opened.sources()
        # The vectors and the nearest sentences of each question.
        self._known: dict[str, tuple[EmbeddedQuestion, Nearest]] = {}
        self._indexed_document = lru_cache(maxsize=64)(opened.reader.document)
        self._indexed_passages = lru_cache(maxsize=64)(opened.reader.passages_of)
        self._digests: dict[str, str] = {}

    def look_up(self, questions: Sequence[Question]) -> None:
        """Find the nearest sentences of questions together, in a fraction of the time.

        Raise UsageError if a pattern matches no document, even if there are no questions.
        """
        import numpy as np

        from askdocs.ranking.candidates import DENSE_CANDIDATES
        from askdocs.ranking.words import without_frame

        within = self._within
        if questions and self._mode != Mode.LEXICAL:
            texts = [without_frame(question.text) for question in questions]
            embedded = self._opened.embed(texts, self._mode)
            vectors = np.stack([question.vector for question in embedded])
            nearest = self._opened.reader.dense(vectors, DENSE_CANDIDATES, within=within)
            known = zip(embedded, zip(*nearest, strict=True), strict=True)
            self._known = dict(zip(texts, known, strict=True))

    def answer(self, question: Question) -> Ranking:
        """Return the passages that answer a question, which may have been looked up."""
        from askdocs.ranking.score import DEFAULT_BARS

        options = self._options
        default = DEFAULT_BARS[self._mode]
        bar = default if options.min_score is None else options.min_score
        ranked = self._rank(question)
        kept = [passage for passage in ranked[: options.depth] if passage.score >= bar]
        hits = self._hits(_reranked(question.text, kept, options.reranker)[: options.top_k])
        nearest = () if hits else self._nearest(ranked)
        return Ranking(
            question=question,
            mode=self._mode,
            answered=bool(ranked) and ranked[0].score >= default,
            hits=hits,
            nearest=nearest,
            changed=self._changed_documents(hits or nearest),
        )

    @cached_property
    def _within(self) -> Mask | None:
        """Which passages may answer; None for all of them."""
        if not self._options.paths:
            return None
        return self._opened.reader.passages_in(self._opened.select(self._options.paths))

    def _rank(self, question: Question) -> list[RankedPassage]:
        from askdocs.ranking.order import rank
        from askdocs.ranking.words import without_frame

        text = without_frame(question.text)
        embedded = nearest = None
        if self._mode != Mode.LEXICAL:
            if text not in self._known:
                self.look_up([question])
            embedded, nearest = self._known[text]
        depth = max(self._options.depth, self._options.nearest)
        ranked = partial(rank, mode=self._mode, top_k=depth, within=self._within)
        return ranked(self._opened.reader, text, embedded, nearest=nearest)

    def _nearest(self, ranked: Sequence[RankedPassage]) -> tuple[Hit, ...]:
        """Return the best passages, in the order of their scores, down to the floor."""
        from askdocs.ranking.score import FLOORS

        nearest, floor = ranked[: self._options.nearest], FLOORS[self._mode]
        return self._hits((passage, None) for passage in nearest if passage.score >= floor)

    def _changed_documents(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        """Return the paths of cited documents that have changed since they were indexed."""
        lost = {hit.place.citation.path for hit in hits if hit.status != CitationStatus.VERIFIED}
        cited = dict.fromkeys(hit.place.citation.path for hit in hits)
        return tuple(path for path in cited if path in lost or self._has_changed(path))

    def _hits(self, best: Iterable[Scored]) -> tuple[Hit, ...]:
        return tuple(self._hit(rank, *scored) for rank, scored in enumerate(best, 1))

    def _hit(self, rank: int, ranked: RankedPassage, rerank_score: float | None) -> Hit:
        passage = ranked.stored.passage
        cited = self._cite(ranked.stored)
        file = self._sources.file(ranked.stored.path)
        start, end = (offset - passage.chars[0] for offset in passage.sentences[ranked.answer])
        start, end = span_of_part(passage.text, (start, end), cited.text)
        origin = cited.place.chars[0]
        chars, begins = (origin + start, origin + end), None
        if file is not None and cited.status != CitationStatus.GONE:
            begins = (1, 1) if file.text is None else begins_at(file.text, chars[0])
        return Hit(
            rank=rank,
            score=ranked.score,
            place=cited.place,
            headings=passage.headings,
            text=cited.text,
            plain=passage.plain,
            parts=passage.parts,
            lead=passage.lead,
            pages=passage.pages,
            cell=passage.cell,
            answer=Answer(
                text=cited.text[start:end],
                plain=passage.plain_sentences[ranked.answer],
                reading=passage.readings[ranked.answer],
                chars=chars,
                begins=begins,
            ),
            status=cited.status,
            indexed=cited.indexed,
            duplicates=tuple(self._cite(copy).place.citation for copy in ranked.duplicates),
            signals=ranked.signals if self._options.explain else (),
            rerank_score=rerank_score,
            context=self._around(ranked.stored) if self._options.context else None,
        )

    def _cite(self, stored: StoredPassage) -> CitedText:
        place = place_of_passage(stored.path, stored.passage)
        file = self._sources.file(stored.path)
        self._digests[stored.path] = stored.sha256
        return verify(stored.passage.text, place, stored.sha256, file)

    def _around(self, stored: StoredPassage) -> Context:
        """Return the blocks around a passage, with what it leaves of its own blocks.

        They end before a block that nobody reads.
        """
        document, count = self._indexed_document(stored.path), self._options.context
        passages = self._indexed_passages(stored.path)
        if document is None:
            raise KeyError(stored.path)
        first, last = stored.passage.paragraphs
        start, end = stored.passage.chars
        spans = document.paragraphs
        above = list(takewhile(_is_read, reversed(spans[max(0, first - 1 - count) : first])))
        below = list(takewhile(_is_read, spans[last - 1 : last + count]))
        earlier = [each.passage for each in passages if each.id < stored.id]
        later = [each.passage for each in passages if each.id > stored.id]
        return Context(
            before=document.text[above[-1][0] : start],
            after=document.text[end : below[-1][1]],
            above=_excerpt(earlier, range(first - len(above) + 1, first + 1)),
            below=_excerpt(later, range(last, last + len(below))),
        )

    def _has_changed(self, path: str) -> bool:
        """Return True if a cited document differs from what was indexed, line ends aside."""
        now = self._sources.file(path)
        if now is None or now.is_checkout_of(self._digests[path]):
            return now is None
        document = self._indexed_document(path)
        if now.text is None or document is None:
            return True
        # The index has no more than the last passage's end.
        return now.text.rstrip() != document.text.rstrip()


def _excerpt(passages: Sequence[Passage], numbers: range) -> Excerpt:
    """Return what passages have of the blocks with some numbers."""
    plain, parts = "", []
    for passage in passages:
        for number, part in enumerate(passage.parts, passage.paragraphs[0]):
            if number in numbers:
                start = len(plain)
                plain += passage.plain[part.start : part.end]
                parts.append(part._replace(start=start, end=len(plain)))
                plain += "\n"
    return Excerpt(plain, tuple(parts))


def _is_read(span: Span) -> bool:
    return span[0] < span[1]


def _reranked(
    question: str, ranked: Sequence[RankedPassage], reranker: Reranker | None
) -> list[Scored]:
    """Return passages in the order of the reranker, each with its score; unchanged without one."""
    if reranker is None:
        return [(passage, None) for passage in ranked]
    from askdocs.ranking.signals import DIGITS

    scores = reranker.score(question, [passage.stored.passage.plain for passage in ranked])
    rounded = [round(score, DIGITS) for score in scores.tolist()]
    order = sorted(range(len(ranked)), key=lambda position: -rounded[position])
    return [(ranked[position], rounded[position]) for position in order]
