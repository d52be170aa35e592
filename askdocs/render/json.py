"""Results as JSON."""

import json
from typing import Any

from askdocs.records.results import CitedText, Evaluation, Hit, JudgedRanking, Place, Ranking
from askdocs.terminal import escape_commands


def dump(value: object, *, indent: int | None) -> str:
    """A value as JSON with a line end behind it; what could command a terminal is escaped.

    Args:
        value: What the standard library can write.
        indent: Spaces for each level; None for one line.
    """
    # JSON may hold DEL, C1 controls and marks of direction raw, and a terminal would obey them.
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return escape_commands(text, lambda character: json.dumps(character)[1:-1]) + "\n"


SCHEMA = 1
"""The version of the JSON objects; a field that is taken away or changes its meaning raises it."""

_SCORE_DIGITS = 4
# Those of passages that do not answer often differ only behind the fourth digit.
_RERANK_DIGITS = 6


def render_json(ranking: Ranking) -> str:
    """One question's answer as an indented JSON object."""
    return dump(ranking_object(ranking), indent=2)


def render_json_array(rankings: list[Ranking]) -> str:
    """The answers to several questions as one indented JSON array."""
    return dump([ranking_object(ranking) for ranking in rankings], indent=2)


def render_json_line(ranking: Ranking) -> str:
    """One question's answer as a JSON object on one line."""
    return dump(ranking_object(ranking), indent=None)


def render_cited_json(cited: CitedText) -> str:
    """A cited text as an indented JSON object."""
    return dump({"schema": SCHEMA, **_cited_object(cited)}, indent=2)


def render_evaluation_json(evaluation: Evaluation) -> str:
    """An evaluation as an indented JSON object."""
    measures = {
        name: None if one.value is None else round(one.value, _SCORE_DIGITS)
        for name, one in evaluation.measures.items()
    }
    questions = [_judged_object(one) for one in evaluation.questions]
    return dump({"schema": SCHEMA, "measures": measures, "questions": questions}, indent=2)


def ranking_object(ranking: Ranking) -> dict[str, Any]:
    """A ranking as docs/data-model.md describes it."""
    return {
        "schema": SCHEMA,
        "id": ranking.question.id,
        "question": ranking.question.text,
        "mode": ranking.mode.value,
        "answered": ranking.answered,
        "hits": [_hit_object(hit) for hit in ranking.hits],
    }


def _hit_object(hit: Hit) -> dict[str, Any]:
    found = {
        "rank": hit.rank,
        "score": round(hit.score, _SCORE_DIGITS),
        **_place_object(hit.place),
        "headings": list(hit.headings),
        "text": hit.text,
        "answer": {"text": hit.answer.text, "chars": list(hit.answer.chars)},
        "status": hit.status.value,
    }
    if hit.rerank_score is not None:
        found["rerank_score"] = round(hit.rerank_score, _RERANK_DIGITS)
    if hit.duplicates:
        found["duplicates"] = [str(citation) for citation in hit.duplicates]
    if hit.indexed is not None:
        found["indexed"] = _place_object(hit.indexed)
    if hit.context is not None:
        found["context"] = {"before": hit.context.before, "after": hit.context.after}
    if hit.signals:
        found["signals"] = [
            {
                "name": signal.name,
                "value": round(signal.value, _SCORE_DIGITS),
                "share": round(signal.share, _SCORE_DIGITS),
            }
            for signal in hit.signals
        ]
    return found


def _judged_object(judged: JudgedRanking) -> dict[str, Any]:
    return {
        "id": judged.ranking.question.id,
        "question": judged.ranking.question.text,
        "answers": judged.answers,
        "first_relevant": judged.first_relevant,
        "answered": judged.ranking.answered,
        "score": round(judged.score, _SCORE_DIGITS),
    }


def _cited_object(cited: CitedText) -> dict[str, Any]:
    found = {**_place_object(cited.place), "text": cited.text, "status": cited.status.value}
    if cited.indexed is not None:
        found["indexed"] = _place_object(cited.indexed)
    return found


def _place_object(place: Place) -> dict[str, Any]:
    return {
        "citation": str(place.citation),
        "path": place.citation.path,
        "paragraphs": list(place.citation.paragraphs),
        "lines": list(place.lines),
        "chars": list(place.chars),
    }
