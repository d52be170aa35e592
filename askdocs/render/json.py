"""Results as JSON, as docs/data-model.md describes it."""

import json
from collections.abc import Mapping
from typing import Any

from askdocs.records.results import (
    CitedText,
    Evaluation,
    Hit,
    JudgedRanking,
    Place,
    Ranking,
    Signal,
)
from askdocs.terminal import escape_commands

SCHEMA = 2
"""The version of the JSON objects. Removing a field or changing its meaning raises it."""

_SCORE_DIGITS = 4
# The scores of passages that do not answer often differ only after the fourth digit.
_RERANK_DIGITS = 6


def dump(value: object, *, indent: int | None) -> str:
    """Return a value as JSON with a newline, and escape what could command a terminal.

    `indent` is the number of spaces for each level; None means one line.
    """
    # JSON may hold DEL, C1 controls and direction marks raw, and a terminal would obey them.
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return escape_commands(text, lambda character: json.dumps(character)[1:-1]) + "\n"


def dump_object(fields: Mapping[str, object]) -> str:
    """Return an indented JSON object that begins with its schema version."""
    return dump({"schema": SCHEMA, **fields}, indent=2)


def render_cited_json(cited: CitedText) -> str:
    """Return a cited text as an indented JSON object."""
    fields = {**_place(cited.place), "text": cited.text, "status": cited.status.value}
    fields |= _pages_and_cell(cited)
    if cited.indexed is not None:
        fields["indexed"] = _place(cited.indexed)
    return dump_object(fields)


def render_evaluation_json(evaluation: Evaluation) -> str:
    """Return an evaluation as an indented JSON object."""
    measures = {
        name: None if measured.value is None else round_score(measured.value)
        for name, measured in evaluation.measures.items()
    }
    questions = [_judged(judged) for judged in evaluation.questions]
    return dump_object({"measures": measures, "questions": questions})


def _judged(judged: JudgedRanking) -> dict[str, Any]:
    ranking = judged.ranking
    return {
        "id": ranking.question.id, "question": ranking.question.text, "answers": judged.answers,
        "first_relevant": judged.first_relevant, "answered": ranking.answered,
        "score": round_score(judged.score),
    }  # fmt: skip


def ranking_object(ranking: Ranking) -> dict[str, Any]:
    """Return a ranking as a JSON object."""
    return {
        "schema": SCHEMA, "id": ranking.question.id, "question": ranking.question.text,
        "mode": ranking.mode.value, "answered": ranking.answered,
        "hits": [_hit(hit) for hit in ranking.hits],
        "nearest": [_hit(hit) for hit in ranking.nearest],
    }  # fmt: skip


def round_score(score: float) -> float:
    """Round a score to the digits that JSON shows."""
    return round(score, _SCORE_DIGITS)


def _hit(hit: Hit) -> dict[str, Any]:
    fields = {
        "rank": hit.rank, "score": round_score(hit.score), **_place(hit.place),
        "headings": list(hit.headings), "text": hit.text, "plain": hit.plain,
        "blocks": [part.kind.value for part in hit.parts],
        "answer": {
            "text": hit.answer.text, "plain": hit.answer.plain, "chars": list(hit.answer.chars),
        },
        "status": hit.status.value,
    }  # fmt: skip
    fields |= _pages_and_cell(hit)
    if hit.lead:
        fields["lead"] = hit.lead
    if hit.rerank_score is not None:
        fields["rerank_score"] = round(hit.rerank_score, _RERANK_DIGITS)
    if hit.duplicates:
        fields["duplicates"] = [str(citation) for citation in hit.duplicates]
    if hit.indexed is not None:
        fields["indexed"] = _place(hit.indexed)
    if hit.context is not None:
        fields["context"] = {"before": hit.context.before, "after": hit.context.after}
    if hit.signals:
        fields["signals"] = list(map(_signal, hit.signals))
    return fields


def _pages_and_cell(cited: Hit | CitedText) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if cited.pages is not None:
        fields["pages"] = list(cited.pages)
    if cited.cell:
        fields["cell"] = cited.cell
    return fields


def _signal(signal: Signal) -> dict[str, Any]:
    value, share = round_score(signal.value), round_score(signal.share)
    return {"name": signal.name, "value": value, "share": share}


def _place(place: Place) -> dict[str, Any]:
    return {
        "citation": str(place.citation), "path": place.citation.path,
        "paragraphs": list(place.citation.paragraphs),
        "lines": list(place.lines), "chars": list(place.chars),
    }  # fmt: skip
