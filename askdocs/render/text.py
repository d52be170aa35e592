"""Passages as text for a reader."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from askdocs.records.results import CitationStatus, CitedText, Hit, Place, Ranking
from askdocs.records.spans import Span
from askdocs.terminal import (
    BOLD,
    CYAN,
    DIM,
    GREEN,
    MARGIN,
    RED,
    YELLOW,
    Style,
    columns,
    make_safe,
    wrap,
)

_FEW = 3
_STATUS_COLORS = {
    CitationStatus.VERIFIED: GREEN,
    CitationStatus.MOVED: YELLOW,
    CitationStatus.GONE: RED,
}


def render_ranking(ranking: Ranking, style: Style, *, base: Path) -> str:
    """The hits of one question; empty where there are none.

    Lines that hold the answer sentence have `>` in the margin, those of the context alone `-`; on
    a terminal the one is bold as well, and the other dim.

    Args:
        ranking: What the question found.
        style: How to lay it out.
        base: The absolute folder to which paths are relative; links lead there.
    """
    return "\n".join(_render_hit(hit, style, base) for hit in ranking.hits)


def render_question(ranking: Ranking, style: Style) -> str:
    """A question as the heading over its hits."""
    return style.paint(f"# {make_safe(ranking.question.text)}", BOLD) + "\n\n"


def render_cited(cited: CitedText, style: Style, *, base: Path) -> str:
    """A cited text under its citation; for arguments see `render_ranking`."""
    head = _head(cited.place, cited.status, style, base)
    body = _body(cited.text, (0, 0), (0, len(cited.text)), style)
    return f"{head}\n{body}"


def with_context(hit: Hit) -> tuple[str, Span, Span]:
    """A passage between what stands around it, and where in that are its answer and itself."""
    before, after = ("", "") if hit.context is None else (hit.context.before, hit.context.after)
    shift = len(before) - hit.place.chars[0]
    start, end = hit.answer.chars
    passage = (len(before), len(before) + len(hit.text))
    return f"{before}{hit.text}{after}", (start + shift, end + shift), passage


def _render_hit(hit: Hit, style: Style, base: Path) -> str:
    again = "" if hit.rerank_score is None else f", reranked {hit.rerank_score:.2f}"
    score = f"{hit.score:.2f}{again}"
    head = _head(hit.place, hit.status, style, base, score=score)
    above = make_safe(" > ".join(hit.headings))
    headings = f"{'':<{MARGIN}}{style.paint(above, DIM)}\n" if above else ""
    same = "".join(
        f"{'':<{MARGIN}}{style.paint(line, DIM)}\n" for line in _duplicates(hit, style.body_width)
    )
    body = _body(*with_context(hit), style)
    return f"{f'{hit.rank}.':<{MARGIN}}{head}\n{headings}{same}{body}{_explanation(hit, style)}"


def _duplicates(hit: Hit, width: int) -> list[str]:
    """Where the same text stands, wrapped; of many places the first few."""
    if not hit.duplicates:
        return []
    places = [make_safe(str(citation)) for citation in hit.duplicates[:_FEW]]
    more = len(hit.duplicates) - len(places)
    text = f"the same in {', '.join(places)}{f' and {more} more' if more else ''}"
    return [text[start:end] for start, end in wrap(text, width)]


def _explanation(hit: Hit, style: Style) -> str:
    """What made the score, largest share first; empty where that was not asked for."""
    if not hit.signals:
        return ""
    width = max(len(signal.name) for signal in hit.signals)
    rows = [
        f"{signal.name:<{width}}  {signal.value:5.2f}  {signal.share:+6.2f}"
        for signal in sorted(hit.signals, key=lambda one: -one.share)
    ]
    lines = [f"{'signal':<{width}}  value   share", *rows]
    if len(rows) > 1:
        log_odds = sum(signal.share for signal in hit.signals)
        lines.append(f"{'log-odds of the score':<{width + 7}}  {log_odds:+6.2f}")
    return "\n" + "".join(f"{'':<{MARGIN}}{style.paint(line, DIM)}\n" for line in lines)


def _head(
    place: Place, status: CitationStatus, style: Style, base: Path, *, score: str = ""
) -> str:
    first, last = place.lines
    address = Path(os.path.normpath(base / place.citation.path)).as_uri()
    where = f"line {first}" if first == last else f"lines {first}-{last}"
    citation = style.paint(style.link(str(place.citation), address), CYAN)
    parts = [
        style.paint(where, DIM),
        style.paint(score, BOLD),
        style.paint(status, _STATUS_COLORS[status]),
    ]
    name = make_safe(str(place.citation))
    whole = "  ".join(filter(None, [name, where, score, status]))
    # A terminal would break the line anywhere; a citation stays whole, so that it can be copied.
    is_broken = MARGIN + columns(name) <= style.width < MARGIN + columns(whole)
    gap = f"\n{'':<{MARGIN}}" if is_broken else "  "
    return citation + gap + "  ".join(filter(None, parts))


def _body(text: str, answer: Span, passage: Span, style: Style) -> str:
    """The text line by line, wrapped, marked in the margin where it is answer or context."""
    lines: list[str] = []
    offset = 0
    for line in text.split("\n"):
        if line.strip():
            lines += _wrapped(line, _moved(answer, -offset), _moved(passage, -offset), style)
        elif lines and lines[-1]:
            lines.append("")
        offset += len(line) + 1
    return "".join(f"{line}\n" for line in lines)


def _wrapped(line: str, answer: Span, passage: Span, style: Style) -> Iterator[str]:
    """One line of the text, wrapped; what it is indented by, all its pieces are."""
    safe = make_safe(line)
    width = style.body_width
    indent = min(len(safe) - len(safe.lstrip()), width // 2)
    for start, end in wrap(safe, width - indent):
        piece = (start, end)
        mark = ">" if _meet(piece, answer) else "" if _meet(piece, passage) else "-"
        cuts = sorted({min(max(at, start), end) for at in (start, end, *answer, *passage)})
        painted = "".join(
            _painted(safe[first:last], _codes((first, last), answer, passage), style)
            for first, last in pairwise(cuts)
        )
        yield f"{mark:<{MARGIN + indent}}{painted}"


def _painted(text: str, codes: tuple[int, ...], style: Style) -> str:
    return style.paint(text, *codes) if codes else text


def _codes(piece: Span, answer: Span, passage: Span) -> tuple[int, ...]:
    """How a piece that is all answer, all passage or all context is painted."""
    if _meet(piece, answer):
        return (BOLD,)
    return () if _meet(piece, passage) else (DIM,)


def _meet(one: Span, other: Span) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


def _moved(span: Span, by: int) -> Span:
    return span[0] + by, span[1] + by
