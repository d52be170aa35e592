"""The questions for which another index cites something else, for a reader or a program."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from askdocs.records.results import Change, ComparedRanking, Hit, Ranking
from askdocs.render.json import dump_object, round_score
from askdocs.render.markdown import escape_markdown
from askdocs.terminal import MARGIN, Style, count_of, make_safe, one_line, shorten, wrap

_NAMES = {
    Change.SAME: "same", Change.MOVED: "moved", Change.HITS: "with other hits",
    Change.FIRST: "with another first citation", Change.ANSWERED: "newly answered",
    Change.REFUSED: "newly refused",
}  # fmt: skip
_MARKS = {"-": "red", "+": "green", "~": "yellow"}
_MAX_CELL_CHARS = 300
# GitHub accepts 65,536 characters in a comment.
_MAX_TABLE_CHARS = 60_000


def render_comparison(compared: Sequence[ComparedRanking], style: Style) -> str:
    """Return what differs, question by question, and a line with the counts."""
    blocks = [_block(ranking, style) for ranking in compared if ranking.change != Change.SAME]
    return "\n".join([*blocks, f"{_summary(compared)}\n"])


def render_comparison_json(compared: Sequence[ComparedRanking]) -> str:
    """Return an indented JSON object, as docs/data-model.md describes it."""
    fields = {
        "same": not any(ranking.is_different for ranking in compared),
        "counts": {change.value: count for change, count in _counts(compared).items()},
        "questions": [_question_object(ranking) for ranking in compared],
    }
    return dump_object(fields)


def render_comparison_markdown(compared: Sequence[ComparedRanking]) -> str:
    """Return a comment on a pull request: the counts, and a table of the questions that differ."""
    different = [ranking for ranking in compared if ranking.is_different]
    lines = [f"**askdocs diff**: {_summary(compared)}", ""]
    rows = [_row(ranking) for ranking in different]
    # As many as a comment has room for.
    lengths = accumulate(len(row) + 1 for row in rows)
    rows = rows[: sum(length <= _MAX_TABLE_CHARS for length in lengths)]
    if rows:
        lines += ["| question | before | now |", "|---|---|---|", *rows, ""]
    if len(different) > len(rows):
        left = count_of(len(different) - len(rows), "question")
        lines += [f"{left} more; `askdocs diff --format json` lists all of them.", ""]
    return "\n".join(lines)


def _counts(compared: Sequence[ComparedRanking]) -> dict[Change, int]:
    return {change: sum(ranking.change == change for ranking in compared) for change in Change}


def _summary(compared: Sequence[ComparedRanking]) -> str:
    counts = [f"{count} {_NAMES[change]}" for change, count in _counts(compared).items() if count]
    return f"{count_of(len(compared), 'question')}: {', '.join(counts)}"


def _changed_hits(compared: ComparedRanking) -> tuple[list[Hit], list[Hit]]:
    """Return the hits that went and those that came, with both first ones where they differ."""
    count = 1 if compared.change == Change.FIRST else 0
    went = {hit.rank: hit for hit in (*compared.went, *compared.before.hits[:count])}
    came = {hit.rank: hit for hit in (*compared.came, *compared.now.hits[:count])}
    return [went[rank] for rank in sorted(went)], [came[rank] for rank in sorted(came)]


def _block(compared: ComparedRanking, style: Style) -> str:
    """Return a question that differs, with the hits that went, came and moved."""
    question = compared.now.question
    title = make_safe(f"{question.id}  {one_line(question.text)}")
    went, came = _changed_hits(compared)
    parts = [f"{style.paint(title, 'bold')}\n{'':<{MARGIN}}{_NAMES[compared.change]}\n"]
    parts += [_hit(hit, "-", style) for hit in went] + [_hit(hit, "+", style) for hit in came]
    parts += [_moved(before, now, style) for before, now in compared.moved]
    return "".join(parts)


def _hit(hit: Hit, mark: str, style: Style) -> str:
    citation = style.paint(make_safe(_citation(hit)), "cyan")
    head = f"{_mark(mark, style)}{hit.rank}. {citation}  {style.paint(f'{hit.score:.2f}', 'dim')}\n"
    answer = make_safe(one_line(hit.answer.plain))
    spans = wrap(answer, style.body_width - MARGIN)
    return head + "".join(f"{'':<{2 * MARGIN}}{answer[start:end]}\n" for start, end in spans)


def _moved(before: Hit, now: Hit, style: Style) -> str:
    """Return the old and the new citation, on one line where it is wide enough."""
    start = f"{before.rank}. {make_safe(_citation(before))}"
    end = f"-> {make_safe(_citation(now))}"
    fits = MARGIN + len(f"~ {start} {end}") <= style.width
    gap = " " if fits else f"\n{'':<{2 * MARGIN}}"
    return f"{_mark('~', style)}{start}{gap}{end}\n"


def _mark(mark: str, style: Style) -> str:
    return f"{'':<{MARGIN}}{style.paint(mark, _MARKS[mark])} "


def _citation(hit: Hit) -> str:
    return str(hit.indexed_place.citation)


def _question_object(compared: ComparedRanking) -> dict[str, Any]:
    moved = [{"before": _citation(old), "now": _citation(new)} for old, new in compared.moved]
    return {
        "id": compared.now.question.id, "question": compared.now.question.text,
        "change": compared.change.value, "before": _answer_object(compared.before),
        "now": _answer_object(compared.now), "went": [_hit_object(hit) for hit in compared.went],
        "came": [_hit_object(hit) for hit in compared.came], "moved": moved,
    }  # fmt: skip


def _answer_object(ranking: Ranking) -> dict[str, Any]:
    first = _hit_object(ranking.hits[0]) if ranking.hits else None
    return {"answered": ranking.answered, "first": first}


def _hit_object(hit: Hit) -> dict[str, Any]:
    score = round_score(hit.score)
    return {"rank": hit.rank, "score": score, "citation": _citation(hit), "answer": hit.answer.text}


def _row(compared: ComparedRanking) -> str:
    question = f"{_cell_text(compared.now.question.text)}<br>*{_NAMES[compared.change]}*"
    went, came = _changed_hits(compared)
    return f"| {question} | {_cell(went, compared.before)} | {_cell(came, compared.now)} |"


def _cell(hits: Sequence[Hit], ranking: Ranking) -> str:
    if not ranking.answered:
        return "no answer"
    lines = (
        f"{h.rank}\\. **{_cell_text(_citation(h))}** {_cell_text(h.answer.text)}" for h in hits
    )
    return "<br>".join(lines) or "as before"


def _cell_text(text: str) -> str:
    return escape_markdown(shorten(text, _MAX_CELL_CHARS))
