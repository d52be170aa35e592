"""Answers in every format, piece by piece, as they become known."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from askdocs.records.results import Hit, Ranking
from askdocs.records.spans import Range, Span
from askdocs.render.text import with_context
from askdocs.terminal import Style, escape_commands, make_safe, one_line

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


# What would break a line of a run into other fields, and what the encoding itself is made of.
_ENCODED = re.compile(r"[\s%]")


def render_run(ranking: Ranking) -> str:
    """The hits of one question as a TREC run: `qid Q0 docno rank score askdocs`, a line for each.

    The docno is the hit's citation in the index; white space and percent signs in it, and in the
    question's id, are percent-encoded. The score is the one that the hits are ordered by: tools
    that read runs go by it, not by the rank.
    """
    name = _encoded(ranking.question.id)
    lines = []
    for hit in ranking.hits:
        docno = _encoded(str(hit.indexed_place.citation))
        score = hit.score if hit.rerank_score is None else hit.rerank_score
        lines.append(f"{name} Q0 {docno} {hit.rank} {score:.6f} askdocs\n")
    return "".join(lines)


def _encoded(text: str) -> str:
    encoded = _ENCODED.sub(lambda found: _percent(found[0]), text)
    return escape_commands(encoded, _percent)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))


COLUMNS = "id rank score citation path line_start line_end status answer".split()
"""The fields of a row of tab-separated values."""


def render_header() -> str:
    """The first line of tab-separated values."""
    return "\t".join(COLUMNS) + "\n"


def render_rows(ranking: Ranking) -> str:
    """A row of tab-separated values for each hit; in no field is a tab or a line end."""
    return "".join(_row(ranking.question.id, hit) for hit in ranking.hits)


def render_places(ranking: Ranking, *, base: Path, current: Path | None) -> str:
    """A line `path:line:column:answer` for each hit that is not gone, as editors read them.

    The place is that of the answer sentence in the file as it is now, the column its first byte.

    Args:
        ranking: What one question found.
        base: The real folder to which the paths of the index are relative.
        current: The real folder to which those that are printed are; None for absolute ones.
    """
    lines = []
    for hit in ranking.hits:
        if hit.answer.begins is not None:
            line, column = hit.answer.begins
            path = make_safe(relative_path(hit, base, current))
            lines.append(f"{path}:{line}:{column}:{make_safe(one_line(hit.answer.text))}\n")
    return "".join(lines)


def cited_files(rankings: Iterable[Ranking], *, base: Path, current: Path | None) -> Iterator[str]:
    """The path of each cited file once, best first; for arguments see `render_places`."""
    seen: set[str] = set()
    for ranking in rankings:
        for hit in ranking.hits:
            path = relative_path(hit, base, current)
            if path not in seen:
                seen.add(path)
                yield path


def relative_path(hit: Hit, base: Path, current: Path | None) -> str:
    """The path of a cited file from the current folder."""
    absolute = os.path.normpath(base / hit.place.citation.path)
    return absolute if current is None else os.path.relpath(absolute, current)


def _row(identity: str, hit: Hit) -> str:
    first, last = hit.place.lines
    fields = [
        identity,
        str(hit.rank),
        f"{hit.score:.4f}",
        str(hit.place.citation),
        hit.place.citation.path,
        str(first),
        str(last),
        hit.status.value,
        one_line(hit.answer.text),
    ]
    return "\t".join(map(make_safe, fields)) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What answers look like, besides their format.

    Attributes:
        style: How text for a reader is laid out.
        base: The real folder to which the paths of the index are relative.
        current: The real current folder; None where it is gone.
        is_many: Whether there may be several questions.
        null: Whether paths end in NUL, and are what the file system has.
    """

    style: Style
    base: Path
    current: Path | None
    is_many: bool
    null: bool


def render_answers(rankings: Iterable[Ranking], form: str, layout: Layout) -> Iterator[str]:
    """Answers as pieces of text, each as soon as it can be written.

    Args:
        rankings: What the questions found.
        form: One of `FORMATS`.
        layout: What else there is to know.
    """
    return _RENDERERS[form](rankings, layout)


def _text(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    from askdocs.render.text import render_question, render_ranking

    style, base = layout.style, layout.base
    for position, ranking in enumerate(rankings):
        gap = "\n" if position else ""
        heading = render_question(ranking, style) if layout.is_many else ""
        yield f"{gap}{heading}{render_ranking(ranking, style, base=base)}"


def _json(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    from askdocs.render.json import render_json, render_json_array

    if layout.is_many:
        yield render_json_array(list(rankings))
    else:
        yield from map(render_json, rankings)


def _jsonl(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    from askdocs.render.json import render_json_line

    return map(render_json_line, rankings)


def _md(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    for position, ranking in enumerate(rankings):
        yield ("\n" if position else "") + render_markdown(ranking)


def _tsv(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    header = render_header()
    for ranking in rankings:
        yield header + render_rows(ranking)
        header = ""
    yield header


def _vimgrep(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    for ranking in rankings:
        yield render_places(ranking, base=layout.base, current=layout.current)


def _paths(rankings: Iterable[Ranking], layout: Layout) -> Iterator[str]:
    for path in cited_files(rankings, base=layout.base, current=layout.current):
        yield f"{path}\0" if layout.null else f"{make_safe(path)}\n"


def _trec(rankings: Iterable[Ranking], _layout: Layout) -> Iterator[str]:
    return map(render_run, rankings)


_RENDERERS: dict[str, Callable[[Iterable[Ranking], Layout], Iterator[str]]] = {
    "text": _text,
    "json": _json,
    "jsonl": _jsonl,
    "md": _md,
    "tsv": _tsv,
    "vimgrep": _vimgrep,
    "paths": _paths,
    "trec": _trec,
}

FORMATS = tuple(_RENDERERS)
"""The names of the formats, in the order in which the help of `ask` lists them."""
