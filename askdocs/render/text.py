"""Passages as text for a reader."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from askdocs.records.results import CitedText, Hit, Ranking
from askdocs.records.spans import Range
from askdocs.render.passage import render_passage
from askdocs.terminal import MARGIN, Style, columns, make_safe, shorten, wrap
from askdocs.text.formats import format_of

_MAX_DUPLICATES = 3
_NEAREST = "Nearest passages, too weak to count as answers:"
_MAX_NEAREST_CHARS = 160
_COLOURS = {"verified": "green", "moved": "yellow", "gone": "red"}


def render_ranking(ranking: Ranking, style: Style, *, base: Path) -> str:
    """Return the hits of one question, or else its nearest passages; without either, nothing.

    Paths are relative to the absolute folder `base`, where links lead.
    """
    if not ranking.hits:
        return _render_nearest(ranking.nearest, style, base)
    return "\n".join(_render_hit(hit, style, base) for hit in ranking.hits)


def render_cited(cited: CitedText, style: Style, *, base: Path) -> str:
    """Return a cited text under its citation, as its file has it; see `render_ranking`."""
    head = _head(cited, style, base)
    return f"{head}\n{_source(cited.text, style)}"


def score_text(hit: Hit) -> str:
    """Return the score of a hit, and the reranker's score where there is one."""
    reranked = "" if hit.rerank_score is None else f", reranked {hit.rerank_score:.2f}"
    return f"{hit.score:.2f}{reranked}"


def _render_hit(hit: Hit, style: Style, base: Path) -> str:
    head = _head(hit, style, base, score_text(hit))
    notes = [" > ".join(hit.headings), _duplicates(hit)]
    explanation = "\n" + _dim_lines(_explanation(hit), style) if hit.signals else ""
    body = f"{_dim_lines(_wrapped(notes, style), style)}{render_passage(hit, style)}{explanation}"
    return f"{f'{hit.rank}.':<{MARGIN}}{head}\n{body}"


def _render_nearest(nearest: Sequence[Hit], style: Style, base: Path) -> str:
    """Return passages that are not answers: under a label, indented, dim, without rank or mark."""
    if not nearest:
        return ""
    faint = replace(style, color=False)
    lines = [_NEAREST[start:end] for start, end in wrap(_NEAREST, style.body_width)]
    for hit in nearest:
        lines += f"{'':<{MARGIN}}{_head(hit, faint, base, score_text(hit))}".split("\n")
        lines += [f"{'':<{2 * MARGIN}}{line}" for line in _nearest_lines(hit, style)]
    return "".join(f"{style.paint(line, 'dim')}\n" for line in lines)


def _nearest_lines(hit: Hit, style: Style) -> Iterator[str]:
    """Yield the answer sentence, shortened, and what made the score."""
    answer = make_safe(shorten(hit.answer.plain, _MAX_NEAREST_CHARS))
    yield from (answer[start:end] for start, end in wrap(answer, style.body_width - MARGIN))
    yield from _explanation(hit) if hit.signals else ()


def _dim_lines(lines: list[str], style: Style) -> str:
    return "".join(f"{'':<{MARGIN}}{style.paint(line, 'dim')}\n" for line in lines)


def _wrapped(notes: list[str], style: Style) -> list[str]:
    safe = map(make_safe, notes)
    return [note[start:end] for note in safe for start, end in wrap(note, style.body_width)]


def _duplicates(hit: Hit) -> str:
    """Return where the same text stands, at most the first few places."""
    if not hit.duplicates:
        return ""
    citations = map(str, hit.duplicates[:_MAX_DUPLICATES])
    more = len(hit.duplicates) - _MAX_DUPLICATES
    return f"the same in {', '.join(citations)}{f' and {more} more' if more > 0 else ''}"


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


def _head(cited: Hit | CitedText, style: Style, base: Path, score: str = "") -> str:
    where = place_text(cited)
    citation = cited.place.citation
    name = make_safe(str(citation))
    address = Path(os.path.normpath(base / citation.path)).as_uri()
    if cited.pages and not format_of(citation.path).is_text:
        address += f"#page={cited.pages[0]}"
    linked = style.paint(style.link(str(citation), address), "cyan")
    painted = style.paint(cited.status, _COLOURS[cited.status])
    parts = [style.paint(where, "dim"), style.paint(score, "bold"), painted]
    whole = "  ".join(filter(None, [name, where, score, cited.status]))
    # A terminal would break the line anywhere; a citation stays whole, so that it can be copied.
    is_broken = MARGIN + columns(name) <= style.width < MARGIN + columns(whole)
    gap = f"\n{'':<{MARGIN}}" if is_broken else "  "
    return linked + gap + "  ".join(filter(None, parts))


def place_text(cited: Hit | CitedText) -> str:
    """Return where a text stands in its file: its lines, its pages or its cell, if it has any."""
    if format_of(cited.place.citation.path).is_text:
        return _range_text("line", cited.place.lines)
    if cited.pages:
        return _range_text("page", cited.pages)
    return f"cell {cited.cell}" if cited.cell else ""


def _range_text(noun: str, numbers: Range) -> str:
    first, last = numbers
    return f"{noun} {first}" if first == last else f"{noun}s {first}-{last}"


def _source(text: str, style: Style) -> str:
    """Return the lines of a file, those that are too wide wrapped with the line's indent."""
    lines: list[str] = []
    # A form feed between pages is white space, and not shown as a command.
    safe = (make_safe(line if line.strip() else "") for line in text.split("\n"))
    for line in safe:
        indent = min(len(line) - len(line.lstrip()), style.body_width // 2)
        spans = wrap(line, style.body_width - indent)
        lines += [f"{'':<{MARGIN + indent}}{line[start:end]}" for start, end in spans]
        if not spans and lines and lines[-1]:
            lines.append("")
    return "".join(f"{line}\n" for line in lines)
