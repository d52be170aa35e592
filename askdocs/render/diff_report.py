"""The questions that cite something else in another index, in every format."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from askdocs.records.results import Change, ComparedRanking, Hit, Ranking
from askdocs.render.formats import escape_markdown
from askdocs.render.json import dump
from askdocs.terminal import (
    BOLD,
    CYAN,
    DIM,
    GREEN,
    MARGIN,
    RED,
    YELLOW,
    Style,
    count_of,
    make_safe,
    one_line,
    wrap,
)

SCHEMA = 1
"""The version of the JSON object; see docs/data-model.md."""

_NAMES = {
    Change.SAME: "same",
    Change.MOVED: "moved",
    Change.HITS: "with other hits",
    Change.FIRST: "with another first citation",
    Change.ANSWERED: "newly answered",
    Change.REFUSED: "newly refused",
}
_MARKS = {"-": RED, "+": GREEN, "~": YELLOW}
_DIGITS = 4
# Of a text in a table. GitHub takes 65,536 characters in a comment.
_LONG = 300
_MOST = 60_000


def render_comparison(compared: Sequence[ComparedRanking], style: Style) -> str:
    """What differs, question by question, and a line with the counts."""
    blocks = [_block(one, style) for one in compared if one.change != Change.SAME]
    return "\n".join([*blocks, f"{summarise_comparison(compared)}\n"])


def render_comparison_json(compared: Sequence[ComparedRanking]) -> str:
    """An indented JSON object, as docs/data-model.md describes it."""
    found = {
        "schema": SCHEMA,
        "same": not any(one.is_different for one in compared),
        "counts": _counts(compared),
        "questions": [_question(one) for one in compared],
    }
    return dump(found, indent=2)


def render_comparison_markdown(compared: Sequence[ComparedRanking]) -> str:
    """A comment on a pull request: the counts, and a table of the questions that differ."""
    different = [one for one in compared if one.is_different]
    lines = [f"**askdocs diff**: {summarise_comparison(compared)}", ""]
    rows = _fitting(map(_row, different))
    if rows:
        lines += ["| question | before | now |", "|---|---|---|", *rows, ""]
    if len(different) > len(rows):
        left = count_of(len(different) - len(rows), "question")
        lines += [f"{left} more; `askdocs diff --format json` lists all of them.", ""]
    return "\n".join(lines)


def summarise_comparison(compared: Sequence[ComparedRanking]) -> str:
    """How many questions there are, and how many of them have each kind of difference."""
    counts = [f"{count} {_NAMES[Change(name)]}" for name, count in _counts(compared).items()]
    found = [one for one in counts if not one.startswith("0 ")]
    return f"{count_of(len(compared), 'question')}: {', '.join(found)}"


def _counts(compared: Sequence[ComparedRanking]) -> dict[str, int]:
    return {change.value: sum(one.change == change for one in compared) for change in Change}


def _block(one: ComparedRanking, style: Style) -> str:
    """A question that differs, with the hits that went, came and moved."""
    question = one.now.question
    title = make_safe(f"{question.id}  {one_line(question.text)}")
    heading = f"{style.paint(title, BOLD)}\n{'':<{MARGIN}}{_NAMES[one.change]}\n"
    went, came = shown_hits(one)
    parts = [_hit(hit, "-", style) for hit in went] + [_hit(hit, "+", style) for hit in came]
    parts += [_moved(before, now, style) for before, now in one.moved]
    return f"{heading}{''.join(parts)}"


def shown_hits(one: ComparedRanking) -> tuple[list[Hit], list[Hit]]:
    """The hits that went and those that came; the first ones too where another one is first."""
    first = one.change == Change.FIRST
    went = {hit.rank: hit for hit in (*one.went, *(one.before.hits[:1] if first else ()))}
    came = {hit.rank: hit for hit in (*one.came, *(one.now.hits[:1] if first else ()))}
    return [went[rank] for rank in sorted(went)], [came[rank] for rank in sorted(came)]


def _hit(hit: Hit, mark: str, style: Style) -> str:
    citation = style.paint(make_safe(str(hit.indexed_place.citation)), CYAN)
    head = f"{_mark(mark, style)}{hit.rank}. {citation}  {style.paint(f'{hit.score:.2f}', DIM)}\n"
    answer = make_safe(one_line(hit.answer.text))
    spans = wrap(answer, style.body_width - MARGIN)
    return head + "".join(f"{'':<{2 * MARGIN}}{answer[start:end]}\n" for start, end in spans)


def _moved(before: Hit, now: Hit, style: Style) -> str:
    """Both places, on one line where it is wide enough."""
    start = f"{before.rank}. {make_safe(str(before.indexed_place.citation))}"
    end = f"-> {make_safe(str(now.indexed_place.citation))}"
    fits = MARGIN + len(f"~ {start} {end}") <= style.width
    gap = " " if fits else f"\n{'':<{2 * MARGIN}}"
    return f"{_mark('~', style)}{start}{gap}{end}\n"


def _mark(mark: str, style: Style) -> str:
    return f"{'':<{MARGIN}}{style.paint(mark, _MARKS[mark])} "


def _question(one: ComparedRanking) -> dict[str, Any]:
    return {
        "id": one.now.question.id,
        "question": one.now.question.text,
        "change": one.change.value,
        "before": _answer(one.before),
        "now": _answer(one.now),
        "went": [_hit_object(hit) for hit in one.went],
        "came": [_hit_object(hit) for hit in one.came],
        "moved": [
            {"before": str(before.indexed_place.citation), "now": str(now.indexed_place.citation)}
            for before, now in one.moved
        ],
    }


def _answer(ranking: Ranking) -> dict[str, Any]:
    first = _hit_object(ranking.hits[0]) if ranking.hits else None
    return {"answered": ranking.answered, "first": first}


def _hit_object(hit: Hit) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "score": round(hit.score, _DIGITS),
        "citation": str(hit.indexed_place.citation),
        "answer": hit.answer.text,
    }


def _fitting(rows: Iterable[str]) -> list[str]:
    """The rows for which a comment has room."""
    lengths = 0
    found = []
    for row in rows:
        lengths += len(row) + 1
        if lengths > _MOST:
            break
        found.append(row)
    return found


def _row(one: ComparedRanking) -> str:
    question = f"{_markdown(one.now.question.text)}<br>*{_NAMES[one.change]}*"
    went, came = shown_hits(one)
    return f"| {question} | {_cell(went, one.before)} | {_cell(came, one.now)} |"


def _cell(hits: Sequence[Hit], ranking: Ranking) -> str:
    if not ranking.answered:
        return "no answer"
    return "<br>".join(_cited(hits)) or "as before"


def _cited(hits: Sequence[Hit]) -> Iterator[str]:
    for hit in hits:
        citation = _markdown(str(hit.indexed_place.citation))
        yield f"{hit.rank}\\. **{citation}** {_markdown(hit.answer.text)}"


def _markdown(text: str) -> str:
    line = one_line(text)
    return escape_markdown(line if len(line) <= _LONG else f"{line[: _LONG - 1]}…")
