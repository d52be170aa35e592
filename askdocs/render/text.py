"""Passages as text for a reader."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from askdocs.records.results import CitationStatus, CitedText, Hit, Place, Ranking
from askdocs.records.spans import Span
from askdocs.terminal import MARGIN, Style, columns, make_safe, wrap

_MAX_DUPLICATES = 3
_COLOURS = {"verified": "green", "moved": "yellow", "gone": "red"}


def render_ranking(ranking: Ranking, style: Style, *, base: Path) -> str:
    """Return the hits of one question; an empty string without hits.

    Lines of the answer sentence have `>` in the margin, lines of the context alone `-`. On a
    terminal the answer is also bold, and the context dim. Paths are relative to the absolute
    folder `base`, where links lead.
    """
    return "\n".join(_render_hit(hit, style, base) for hit in ranking.hits)


def render_cited(cited: CitedText, style: Style, *, base: Path) -> str:
    """Return a cited text under its citation; for arguments see `render_ranking`."""
    head = _head(cited.place, cited.status, style, base)
    return f"{head}\n{_body(cited.text, (0, 0), (0, len(cited.text)), style)}"


def with_context(hit: Hit) -> tuple[str, Span, Span]:
    """Return a passage with its context, and the spans of the answer and the passage in it."""
    before, after = ("", "") if hit.context is None else (hit.context.before, hit.context.after)
    answer = _shifted(hit.answer.chars, len(before) - hit.place.chars[0])
    passage = (len(before), len(before) + len(hit.text))
    return f"{before}{hit.text}{after}", answer, passage


def score_text(hit: Hit) -> str:
    """Return the score of a hit, and the reranker's score where there is one."""
    reranked = "" if hit.rerank_score is None else f", reranked {hit.rerank_score:.2f}"
    return f"{hit.score:.2f}{reranked}"


def _render_hit(hit: Hit, style: Style, base: Path) -> str:
    head = _head(hit.place, hit.status, style, base, score_text(hit))
    notes = [make_safe(" > ".join(hit.headings))] if hit.headings else []
    notes += _duplicates(hit, style.body_width)
    body = _body(*with_context(hit), style)
    explanation = "\n" + _dim_lines(_explanation(hit), style) if hit.signals else ""
    return f"{f'{hit.rank}.':<{MARGIN}}{head}\n{_dim_lines(notes, style)}{body}{explanation}"


def _dim_lines(lines: list[str], style: Style) -> str:
    return "".join(f"{'':<{MARGIN}}{style.paint(line, 'dim')}\n" for line in lines if line)


def _duplicates(hit: Hit, width: int) -> list[str]:
    """Return a wrapped list of the citations of the same text, at most the first few."""
    if not hit.duplicates:
        return []
    citations = [make_safe(str(citation)) for citation in hit.duplicates[:_MAX_DUPLICATES]]
    more = len(hit.duplicates) - len(citations)
    text = f"the same in {', '.join(citations)}{f' and {more} more' if more else ''}"
    return [text[start:end] for start, end in wrap(text, width)]


def _explanation(hit: Hit) -> list[str]:
    """Return a table of what made the score, largest share first."""
    width = max(len(signal.name) for signal in hit.signals)
    rows = [
        f"{signal.name:<{width}}  {signal.value:5.2f}  {signal.share:+6.2f}"
        for signal in sorted(hit.signals, key=lambda signal: -signal.share)
    ]
    lines = [f"{'signal':<{width}}  value   share", *rows]
    if len(rows) > 1:
        log_odds = sum(signal.share for signal in hit.signals)
        lines.append(f"{'log-odds of the score':<{width + 7}}  {log_odds:+6.2f}")
    return lines


def _head(place: Place, status: CitationStatus, style: Style, base: Path, score: str = "") -> str:
    first, last = place.lines
    lines = f"line {first}" if first == last else f"lines {first}-{last}"
    name = make_safe(str(place.citation))
    address = Path(os.path.normpath(base / place.citation.path)).as_uri()
    citation = style.paint(style.link(str(place.citation), address), "cyan")
    painted = style.paint(status, _COLOURS[status])
    parts = [style.paint(lines, "dim"), style.paint(score, "bold"), painted]
    whole = "  ".join(filter(None, [name, lines, score, status]))
    # A terminal would break the line anywhere; a citation stays whole, so that it can be copied.
    is_broken = MARGIN + columns(name) <= style.width < MARGIN + columns(whole)
    gap = f"\n{'':<{MARGIN}}" if is_broken else "  "
    return citation + gap + "  ".join(filter(None, parts))


def _body(text: str, answer: Span, passage: Span, style: Style) -> str:
    """Return the wrapped text, marked in the margin where it is answer or context."""
    lines: list[str] = []
    offset = 0
    for line in text.split("\n"):
        if line.strip():
            lines += _wrapped(line, _shifted(answer, -offset), _shifted(passage, -offset), style)
        elif lines and lines[-1]:
            lines.append("")
        offset += len(line) + 1
    return "".join(f"{line}\n" for line in lines)


def _wrapped(line: str, answer: Span, passage: Span, style: Style) -> Iterator[str]:
    """Yield the pieces of a line of the text, each with the line's indent."""
    safe = make_safe(line)
    width = style.body_width
    indent = min(len(safe) - len(safe.lstrip()), width // 2)
    for start, end in wrap(safe, width - indent):
        piece = (start, end)
        mark = ">" if _overlap(piece, answer) else "" if _overlap(piece, passage) else "-"
        cuts = sorted({min(max(cut, start), end) for cut in (start, end, *answer, *passage)})
        parts = (_painted(safe[slice(*cut)], cut, answer, passage, style) for cut in pairwise(cuts))
        yield f"{mark:<{MARGIN + indent}}{''.join(parts)}"


def _painted(text: str, span: Span, answer: Span, passage: Span, style: Style) -> str:
    """Paint a text that is all answer, all passage or all context."""
    if _overlap(span, answer):
        return style.paint(text, "bold")
    return text if _overlap(span, passage) else style.paint(text, "dim")


def _overlap(first: Span, second: Span) -> bool:
    return max(first[0], second[0]) < min(first[1], second[1])


def _shifted(span: Span, by: int) -> Span:
    return span[0] + by, span[1] + by
