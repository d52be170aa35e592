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
from askdocs.records.spans import BlockKind, Excerpt, Part

Block = tuple[BlockKind, str] | tuple[BlockKind, str, int]


def excerpt_of(*blocks: Block) -> Excerpt:
    """The reader's text of some blocks, each a kind, a text and perhaps a level."""
    parts, start = [], 0
    for kind, text, *level in blocks:
        parts.append(Part(kind, *(level or [0]), start, start + len(text)))
        start += len(text) + 1
    return Excerpt("\n".join(block[1] for block in blocks), tuple(parts))


def make_hit(
    text: str = "Rain fell.",
    answer: tuple[int, int] | None = None,
    *,
    blocks: tuple[Block, ...] = (),
    path: str = "docs/a.txt",
    paragraphs: tuple[int, int] = (3, 3),
    lines: tuple[int, int] = (7, 7),
    start: int = 0,
    **more: Any,
) -> Hit:
    """A hit of one paragraph, or of some blocks, read as it is written; `answer` is a part of it."""
    plain, parts = excerpt_of(*(blocks or [(BlockKind.PARAGRAPH, text)]))
    first, last = answer or (0, len(plain))
    citation = Citation(path=path, paragraphs=paragraphs)
    fields = {"rank": 1, "score": 0.12345, "headings": (), "status": CitationStatus.VERIFIED}
    return Hit(
        text=plain,
        plain=plain,
        parts=parts,
        place=Place(citation=citation, chars=(start, start + len(plain)), lines=lines),
        answer=Answer(
            text=plain[first:last],
            plain=plain[first:last],
            reading=(first, last),
            chars=(start + first, start + last),
            begins=(7, 1),
        ),
        **{**fields, **more},
    )


def ranking_of(*hits: Hit, question: str = "Why?") -> Ranking:
    """The ranking of a question that is answered if there are hits."""
    asked = Question(id="q1", text=question)
    return Ranking(question=asked, mode=Mode.DENSE, answered=bool(hits), hits=hits)
