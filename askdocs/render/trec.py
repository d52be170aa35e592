"""Rankings for tools that read TREC runs."""

import re

from askdocs.datamodel import Ranking
from askdocs.terminal import escape_commands

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
