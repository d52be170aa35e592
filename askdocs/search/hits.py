"""Ranked passages to hits, with what their files say of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from askdocs.citations import begins_at, place_of_passage, verify
from askdocs.datamodel import Answer, CitationStatus, CitedText, Context, Hit
from askdocs.documents import read_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from askdocs.datamodel import Document, StoredPassage
    from askdocs.ranking import RankedPassage
    from askdocs.search.opened import Opened

# Above this, comparing a document whole takes longer than the question.
_MOST_COMPARED = 1 << 18


class HitMaker:
    """Makes hits; every file of the corpus is read once, and so is the text of every document."""

    def __init__(self, opened: Opened, *, explain: bool, context: int) -> None:
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
