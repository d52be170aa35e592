"""Answers as Markdown, which quotes what a document says and commands nothing."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from urllib.parse import quote

from askdocs.records.results import Hit, Ranking
from askdocs.records.spans import BlockKind, Excerpt, Span, overlap
from askdocs.render.passage import NOWHERE, cells_of
from askdocs.render.text import score_text
from askdocs.terminal import make_safe, one_line
from askdocs.text.formats import format_of

# Whatever may begin or end a construct of CommonMark, of GitHub's tables, strikes and formulas.
_SPECIAL = re.compile(r"[\\`*_{}\[\]()<>&#+!|~$-]")
# What else means something at the start of a line: an underlined heading, a list.
_LEADING = re.compile(r"^(?:(?==)|\d{1,9}(?=\.))")
# GitHub turns these into mentions, references to issues and links after it has read backslashes
# and entities: `\@alice` and `&#64;alice` mention her.
_LIVE = re.compile(r"@(?=\S)|#(?=\d)|GH\\-(?=\d)|:(?=//)|www(?=\.)", re.IGNORECASE)
# Invisible, and not copied with the text, as a zero-width space would be.
_NOTHING = "<!-- -->"
_BACKTICKS = re.compile("`+")
# A longer number would need a deeper indent below it.
_NUMBER = re.compile(r"(\d{1,2})[.)]\s+(?=\S)")


def render_markdown(ranking: Ranking) -> str:
    """Return a question as a heading, and each hit as a quotation with its citation as a link.

    The answer sentence is bold. Nothing in a text, a path or a question is taken for Markdown.
    """
    blocks = [f"## {escape_markdown(ranking.question.text)}"]
    blocks += [_quotation(hit) for hit in ranking.hits] or ["No passage clearly answers this."]
    return "".join(f"{block}\n\n" for block in blocks)[:-1]


def escape_markdown(text: str) -> str:
    """Return a text as one line that Markdown, HTML and GitHub show as it is."""
    escaped = _SPECIAL.sub(r"\\\g<0>", one_line(make_safe(text)))
    return _LEADING.sub(r"\g<0>\\", _LIVE.sub(rf"\g<0>{_NOTHING}", escaped))


def _quotation(hit: Hit) -> str:
    blocks = [*_quoted(hit.body, hit.answer.reading, hit.lead if hit.is_table else "")]
    if hit.lead and not hit.is_table:
        blocks.insert(0, _lines(hit.lead, NOWHERE))
    if hit.context is not None:
        above, below = hit.context.above, hit.context.below
        blocks = [*_quoted(above, NOWHERE), *blocks, *_quoted(below, NOWHERE)]
    if hit.headings:
        blocks.insert(0, [escape_markdown(" > ".join(hit.headings))])
    citation = hit.place.citation
    path = quote(citation.path, safe="/", errors="surrogateescape")
    link = f"[{escape_markdown(str(citation))}]({path}{_fragment(hit)})"
    blocks.append([f"{hit.rank}\\. {link}, score {score_text(hit)}, {hit.status}"])
    quoted = ("".join(f"> {line}".rstrip() + "\n" for line in lines) for lines in blocks)
    return ">\n".join(quoted)[:-1]


def _fragment(hit: Hit) -> str:
    """Return the part of a link that opens a file at a hit, as browsers and GitHub know it."""
    if not format_of(hit.place.citation.path).is_text:
        return f"#page={hit.pages[0]}" if hit.pages else ""
    first, last = hit.place.lines
    return f"#L{first}" if first == last else f"#L{first}-L{last}"


def _quoted(excerpt: Excerpt, answer: Span, header: str = "") -> Iterator[list[str]]:
    """Yield the lines of each list, table and other block, with the answer sentence in bold.

    The header is that of the table that the excerpt begins with.
    """
    for kind, group in groupby(excerpt.parts, key=lambda part: part.kind):
        blocks = [
            (level, excerpt.plain[start:end], (answer[0] - start, answer[1] - start))
            for _, level, start, end in group
        ]
        if kind == BlockKind.ITEM:
            yield list(_list(blocks))
        elif kind == BlockKind.ROW:
            rows = [(text, bold) for _, text, bold in blocks]
            yield _table([(header, NOWHERE), *rows] if header else rows)
        elif kind == BlockKind.CODE:
            yield from (_fenced(text) for _, text, _ in blocks)
        else:
            yield from (_lines(text, bold) for _, text, bold in blocks)
        header = ""


def _list(items: Sequence[tuple[int, str, Span]]) -> Iterator[str]:
    """Yield items, nested, and with their numbers where Markdown would count as they do."""
    outermost = min(level for level, _, _ in items)
    numbers: list[int] = []  # of the last item at each depth; 0 for a bullet
    for level, text, bold in items:
        depth = min(level - outermost, len(numbers))
        written = _NUMBER.match(text)
        number = int(written[1]) if written else 0
        begin = 0
        if written and (depth == len(numbers) or numbers[depth] == number - 1):
            begin = written.end()
        numbers[depth:] = [number if begin else 0]
        marker = f"{number}. " if begin else "- "
        shown = _emphasised(make_safe(text[begin:]), (bold[0] - begin, bold[1] - begin))
        yield f"{'':<{4 * depth}}{marker}{shown}"


def _table(rows: Sequence[tuple[str, Span]]) -> list[str]:
    """Return a table; Markdown takes its first row for the header."""
    table = [(cells_of(make_safe(text)), overlap((0, len(text)), bold)) for text, bold in rows]
    width = max(len(cells) for cells, _ in table)
    lines = []
    for cells, is_answer in table:
        shown = map(escape_markdown, [*cells, *[""] * (width - len(cells))])
        lines.append(
            f"| {' | '.join(f'**{cell}**' if is_answer and cell else cell for cell in shown)} |"
        )
    return [lines[0], "|" + "---|" * width, *lines[1:]]


def _lines(text: str, bold: Span) -> list[str]:
    """Return a text, with a hard break where its author ended a line."""
    lines = []
    for line in text.split("\n"):
        if (safe := make_safe(line)).strip():
            lines.append(_emphasised(safe, bold))
        bold = bold[0] - len(line) - 1, bold[1] - len(line) - 1
    return [*(f"{line}\\" for line in lines[:-1]), *lines[-1:]]


def _fenced(code: str) -> list[str]:
    """Return lines of code between fences longer than any that they have."""
    fence = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(code)), default=0))
    return [fence, *map(make_safe, code.expandtabs(4).split("\n")), fence]


def _emphasised(line: str, bold: Span) -> str:
    """Return a line with its bold part, without an indent, which would make it code."""
    first, last = (min(max(0, bound), len(line)) for bound in bold)
    if f"{line[max(0, first - 1) : first]}{line[last : last + 1]}".strip():
        # Markdown makes bold only what stands between white space.
        return escape_markdown(line)
    if not line[first:last].strip():
        return escape_markdown(line)
    first += len(line[first:last]) - len(line[first:last].lstrip())
    last = first + len(line[first:last].rstrip())
    marked = f"**{escape_markdown(line[first:last])}**"
    before = escape_markdown(line[:first]) + " " * bool(line[:first].strip())
    after = " " * bool(line[last:].strip()) + escape_markdown(line[last:])
    return f"{before}{marked}{after}"
