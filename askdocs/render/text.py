"""Passages as text for a reader."""

from collections.abc import Iterator

from askdocs.datamodel import CitationStatus, CitedText, Hit, Range, Ranking, Span
from askdocs.render.style import BOLD, CYAN, DIM, GREEN, MARGIN, RED, YELLOW, Style
from askdocs.terminal import make_safe, wrap

_FEW = 3
_STATUS_COLORS = {
    CitationStatus.VERIFIED: GREEN,
    CitationStatus.MOVED: YELLOW,
    CitationStatus.GONE: RED,
}


def render_ranking(ranking: Ranking, style: Style) -> str:
    """The hits of one question; empty where there are none.

    Lines that hold the answer sentence have `>` in the margin; on a terminal it is bold as well.
    """
    return "\n".join(_render_hit(hit, style) for hit in ranking.hits)


def render_question(ranking: Ranking, style: Style) -> str:
    """A question as the heading over its hits."""
    return style.paint(f"# {make_safe(ranking.question.text)}", BOLD) + "\n\n"


def render_cited(cited: CitedText, style: Style) -> str:
    """A cited text under its citation."""
    head = _head(str(cited.place.citation), cited.place.lines, cited.status, style)
    body = _body(cited.text, (0, 0), style)
    return f"{head}\n{body}"


def _render_hit(hit: Hit, style: Style) -> str:
    place = hit.place
    again = "" if hit.rerank_score is None else f", reranked {hit.rerank_score:.2f}"
    score = f"{hit.score:.2f}{again}"
    head = _head(str(place.citation), place.lines, hit.status, style, score=score)
    start, end = (offset - place.chars[0] for offset in hit.answer.chars)
    above = make_safe(" > ".join(hit.headings))
    headings = f"{'':<{MARGIN}}{style.paint(above, DIM)}\n" if above else ""
    same = "".join(
        f"{'':<{MARGIN}}{style.paint(line, DIM)}\n" for line in _duplicates(hit, style.body_width)
    )
    body = _body(hit.text, (start, end), style)
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
    citation: str, lines: Range, status: CitationStatus, style: Style, *, score: str = ""
) -> str:
    first, last = lines
    where = f"line {first}" if first == last else f"lines {first}-{last}"
    parts = [
        style.paint(make_safe(citation), CYAN),
        style.paint(where, DIM),
        style.paint(score, BOLD),
        style.paint(status, _STATUS_COLORS[status]),
    ]
    return "  ".join(part for part in parts if part)


def _body(text: str, answer: Span, style: Style) -> str:
    """The text line by line, wrapped, with the lines of the answer marked in the margin."""
    lines: list[str] = []
    offset = 0
    for line in text.split("\n"):
        if line.strip():
            lines += _wrapped(line, (answer[0] - offset, answer[1] - offset), style)
        elif lines and lines[-1]:
            lines.append("")
        offset += len(line) + 1
    return "".join(f"{line}\n" for line in lines)


def _wrapped(line: str, answer: Span, style: Style) -> Iterator[str]:
    """One line of the text, wrapped; what it is indented by, all its pieces are."""
    safe = make_safe(line)
    width = style.body_width
    indent = min(len(safe) - len(safe.lstrip()), width // 2)
    for start, end in wrap(safe, width - indent):
        first, last = max(start, answer[0]), min(end, answer[1])
        if first >= last:
            yield f"{'':<{MARGIN + indent}}{safe[start:end]}"
        else:
            marked = style.paint(safe[first:last], BOLD)
            yield f"{'>':<{MARGIN + indent}}{safe[start:first]}{marked}{safe[last:end]}"
