"""Hits to be shown."""

from typing import Any

from askdocs.records.results import (
    Answer,
    Citation,
    CitationStatus,
    Hit,
    Mode,
    Place,
    Question,
    Ranking,
)


def make_hit(
    text: str = "Rain fell.",
    answer: tuple[int, int] | None = None,
    *,
    path: str = "docs/a.txt",
    paragraphs: tuple[int, int] = (3, 3),
    lines: tuple[int, int] = (7, 7),
    start: int = 0,
    **more: Any,
) -> Hit:
    """A hit of which the text, the part of it that answers and the place matter."""
    first, last = answer or (0, len(text))
    citation = Citation(path=path, paragraphs=paragraphs)
    fields = {"rank": 1, "score": 0.12345, "headings": (), "status": CitationStatus.VERIFIED}
    return Hit(
        text=text,
        place=Place(citation=citation, chars=(start, start + len(text)), lines=lines),
        answer=Answer(text=text[first:last], chars=(start + first, start + last)),
        **{**fields, **more},
    )


def ranking_of(*hits: Hit, question: str = "Why?") -> Ranking:
    """The ranking of a question that is answered if there are hits."""
    asked = Question(id="q1", text=question)
    return Ranking(question=asked, mode=Mode.DENSE, answered=bool(hits), hits=hits)
