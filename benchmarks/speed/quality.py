"""Quality: what every system finds for the same questions."""

from __future__ import annotations

import json
from math import fsum
from typing import TYPE_CHECKING, Any

from askdocs.evaluation.judge import Judge
from askdocs.evaluation.measures import hit_at, ndcg_at, newly_found
from askdocs.evaluation.run import evaluate
from askdocs.places import cache_directory
from askdocs.records.results import Mode
from askdocs.search.index import Index
from benchmarks.evaluation_sets import questions_of, sample_of
from benchmarks.speed import corpora, systems
from benchmarks.speed.measuring import run
from benchmarks.speed.tables import share, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from askdocs.evaluation.judge import LocatedAnswer
    from askdocs.evaluation.questions import JudgedQuestion
    from benchmarks.speed.corpora import Corpus
    from benchmarks.speed.settings import Settings

MODES = {"askdocs": Mode.HYBRID, "askdocs --mode lexical": Mode.LEXICAL}


def measure(settings: Settings) -> dict[str, Any]:
    """hit@1 and nDCG@10 by set and system."""
    found = {}
    for folder, corpus in zip(settings.sets, settings.corpora, strict=True):
        answerable = [one for one in questions_of(folder) if one.answers]
        asked = sample_of(answerable, settings.questions)
        corpora.refresh(corpus)
        found[corpus.name] = {"questions": len(asked), "systems": _measure(settings, corpus, asked)}
    return found


def _measure(
    settings: Settings, corpus: Corpus, asked: Sequence[JudgedQuestion]
) -> dict[str, dict[str, float]]:
    corpora.write_questions(corpus.questions, [one.question.text for one in asked])
    with Index(corpus.index, cache=cache_directory(), notify=print) as index:
        figures = {name: _ours(index, asked, mode) for name, mode in MODES.items()}
        with Judge(index) as judge:
            answers = [[judge.look_up(one) for one in each.answers or ()] for each in asked]
    places = [(path, chars) for path, chars, _ in corpora.paragraphs(corpus)]
    for peer in systems.peers(settings.peers):
        shown = [
            [[at for at, one in enumerate(known) if one.is_shown_at(*places[hit])] for hit in hits]
            for hits, known in zip(_hits(peer, corpus), answers, strict=True)
        ]
        figures[peer.name] = judge_hits(shown, answers)
    return figures


def _ours(index: Index, asked: Sequence[JudgedQuestion], mode: Mode) -> dict[str, float]:
    measures = evaluate(index, asked, mode=mode).measures
    return {name: measures[name].value or 0.0 for name in ("hit@1", "nDCG@10")}


def _hits(peer: systems.Peer, corpus: Corpus) -> list[list[int]]:
    store = systems.keep_store(peer, corpus)
    lines = run(peer.many(store, corpus.questions)).output.splitlines()
    return [json.loads(line)["hits"] for line in lines]


def judge_hits(
    shown: Sequence[Sequence[Sequence[int]]], answers: Sequence[Sequence[LocatedAnswer]]
) -> dict[str, float]:
    """hit@1 and nDCG@10.

    Args:
        shown: For each question and hit, best first, which answers the hit shows.
        answers: The answers of each question.
    """
    found = [newly_found(one) for one in shown]
    gains = [ndcg_at(one, len(known), 10) for one, known in zip(found, answers, strict=True)]
    return {
        "hit@1": fsum(hit_at(one, 1) for one in found) / len(found),
        "nDCG@10": fsum(gains) / len(found),
    }


def means(found: Mapping[str, Any], measure_name: str) -> dict[str, float]:
    """A measure by system, the mean over the sets."""
    names = next(iter(found.values()))["systems"]
    return {
        name: fsum(one["systems"][name][measure_name] for one in found.values()) / len(found)
        for name in names
    }


def show(found: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    return "\n\n".join(_show(found, name) for name in ("hit@1", "nDCG@10"))


def _show(found: Mapping[str, Any], measure_name: str) -> str:
    rows = [
        [name, *(share(one["systems"][name][measure_name]) for one in found.values()), share(mean)]
        for name, mean in means(found, measure_name).items()
    ]
    asked = ["questions", *(str(one["questions"]) for one in found.values()), ""]
    return table([measure_name, *found, "mean"], [*rows, asked])
