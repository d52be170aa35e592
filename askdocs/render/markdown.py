"""Answers as Markdown, for comments, notes and pages."""

import re
from urllib.parse import quote

from askdocs.datamodel import Hit, Range, Ranking, Span
from askdocs.render.text import with_context
from askdocs.terminal import make_safe

# Whatever may begin or end a construct of CommonMark, of GitHub's tables, strikes and formulas.
_SPECIAL = re.compile(r"[\\`*_\[\]<&|~$]")
# What means something at the start of a line alone: lists, headings, rules, quotations.
_LEADING = re.compile(r"^([-+=#>]|\d{1,9}(?=[.)]))")


def render_markdown(ranking: Ranking) -> str:
    """A question as a heading, each hit as a quotation with its citation as a link.

    The answer sentence is bold. Nothing in a text, a path or a question is taken for Markdown.
    """
    blocks = [f"## {_escaped(ranking.question.text)}"]
    blocks += [_quotation(hit) for hit in ranking.hits] or ["No passage answers this."]
    return "".join(f"{block}\n\n" for block in blocks)[:-1]


def _quotation(hit: Hit) -> str:
    text, answer, _ = with_context(hit)
    place = f"[{_escaped(str(hit.place.citation))}]({_address(hit)})"
    again = "" if hit.rerank_score is None else f", reranked {hit.rerank_score:.2f}"
    source = f"{hit.rank}\\. {place}, score {hit.score:.2f}{again}, {hit.status}"
    return "\n".join([*_quoted(text, answer), ">", f"> {source}"])


def _quoted(text: str, answer: Span) -> list[str]:
    """The lines of a text as those of a quotation, with the answer sentence in bold."""
    start, end = _bold(text, answer)
    lines: list[str] = []
    offset = 0
    for line in text.split("\n"):
        first, last = (min(max(0, at - offset), len(line)) for at in (start, end))
        body = _line(line, (first, last))
        if body or (lines and lines[-1] != ">"):
            lines.append(f"> {body}".rstrip())
        offset += len(line) + 1
    return lines


def _line(line: str, bold: Span) -> str:
    """One line with its part of the bold text; what it is indented by would make it code."""
    first, last = bold
    if not line[first:last].strip():
        return _escaped(line)
    first += len(line[first:last]) - len(line[first:last].lstrip())
    last = first + len(line[first:last].rstrip())
    marked = f"**{_escaped(line[first:last])}**"
    before = _escaped(line[:first]) + " " * bool(line[:first].strip())
    after = " " * bool(line[last:].strip()) + _escaped(line[last:])
    return f"{before}{marked}{after}"


def _bold(text: str, answer: Span) -> Span:
    """The answer sentence where Markdown can make it bold: between white space."""
    start, end = answer
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    stands_alone = not before.strip() and not after.strip()
    return answer if stands_alone else (0, 0)


def _escaped(text: str) -> str:
    """A text on one line that means itself."""
    safe = " ".join(make_safe(text).split())
    return _LEADING.sub(_lead, _SPECIAL.sub(r"\\\g<0>", safe))


def _lead(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] in "-+=#>" else f"{found[1]}\\"


def _address(hit: Hit) -> str:
    path = quote(hit.place.citation.path, safe="/", errors="surrogateescape")
    return f"{path}#{_anchor(hit.place.lines)}"


def _anchor(lines: Range) -> str:
    first, last = lines
    return f"L{first}" if first == last else f"L{first}-L{last}"
