"""Answers as Markdown, for comments, notes and pages."""

import re
from urllib.parse import quote

from askdocs.datamodel import Hit, Range, Ranking, Span
from askdocs.render.text import with_context
from askdocs.terminal import make_safe, one_line

# Whatever may begin or end a construct of CommonMark, of GitHub's tables, strikes and formulas.
_SPECIAL = re.compile(r"[\\`*_{}\[\]()<>&#+!|~$-]")
# What else means something at the start of a line: an underlined heading, a list.
_LEADING = re.compile(r"^(?:(?==)|\d{1,9}(?=\.))")
# What GitHub makes a mention, a reference to an issue or a link of, and does so when backslashes
# and entities are already read: `\@alice` and `&#64;alice` mention her.
_LIVE = re.compile(r"@(?=\S)|#(?=\d)|GH\\-(?=\d)|:(?=//)|www(?=\.)", re.IGNORECASE)
# Not shown, and no part of the text when that is copied, which a space of no width would be.
_NOTHING = "<!-- -->"


def render_markdown(ranking: Ranking) -> str:
    """A question as a heading, each hit as a quotation with its citation as a link.

    The answer sentence is bold. Nothing in a text, a path or a question is taken for Markdown.
    """
    blocks = [f"## {escape_markdown(ranking.question.text)}"]
    blocks += [_quotation(hit) for hit in ranking.hits] or ["No passage answers this."]
    return "".join(f"{block}\n\n" for block in blocks)[:-1]


def escape_markdown(text: str) -> str:
    """A text on one line that means itself, whatever Markdown, HTML or GitHub would make of it."""
    escaped = _SPECIAL.sub(r"\\\g<0>", one_line(make_safe(text)))
    return _LEADING.sub(r"\g<0>\\", _LIVE.sub(rf"\g<0>{_NOTHING}", escaped))


def _quotation(hit: Hit) -> str:
    text, answer, _ = with_context(hit)
    place = f"[{escape_markdown(str(hit.place.citation))}]({_address(hit)})"
    again = "" if hit.rerank_score is None else f", reranked {hit.rerank_score:.2f}"
    source = f"{hit.rank}\\. {place}, score {hit.score:.2f}{again}, {hit.status}"
    return "\n".join([*_quoted(text, answer), ">", f"> {source}"])


def _quoted(text: str, answer: Span) -> list[str]:
    """The lines of a text as those of a quotation, with the answer sentence in bold."""
    # Safe first: some of what is made safe is white space before and none after.
    safe = "\n".join(map(make_safe, text.split("\n")))
    start, end = _bold(safe, answer)
    lines: list[str] = []
    offset = 0
    for line in safe.split("\n"):
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
        return escape_markdown(line)
    first += len(line[first:last]) - len(line[first:last].lstrip())
    last = first + len(line[first:last].rstrip())
    marked = f"**{escape_markdown(line[first:last])}**"
    before = escape_markdown(line[:first]) + " " * bool(line[:first].strip())
    after = " " * bool(line[last:].strip()) + escape_markdown(line[last:])
    return f"{before}{marked}{after}"


def _bold(text: str, answer: Span) -> Span:
    """The answer sentence where Markdown can make it bold: between white space."""
    start, end = answer
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    stands_alone = not before.strip() and not after.strip()
    return answer if stands_alone else (0, 0)


def _address(hit: Hit) -> str:
    path = quote(hit.place.citation.path, safe="/", errors="surrogateescape")
    return f"{path}#{_anchor(hit.place.lines)}"


def _anchor(lines: Range) -> str:
    first, last = lines
    return f"L{first}" if first == last else f"L{first}-L{last}"
