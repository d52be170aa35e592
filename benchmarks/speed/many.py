"""Many questions: one process that answers a file of them about 10,000 passages."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.speed import growing, systems
from benchmarks.speed.corpora import write_questions
from benchmarks.speed.measuring import Command, measure_in_turn, run
from benchmarks.speed.tables import SPREAD_HEAD, ratio, spread_cells, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.speed.corpora import Corpus
    from benchmarks.speed.settings import Settings

PASSAGES = 10_000
QUESTIONS = 500
SLOW = {"llm": 25}
"""Systems that take seconds for what others do in milliseconds get fewer questions."""
ROUNDS = 3


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds and number of questions by system."""
    corpus = growing.make(settings, PASSAGES)
    commands, counts = _commands(settings, corpus)
    runs = measure_in_turn({name: partial(run, one) for name, one in commands.items()}, ROUNDS)
    for name, done in runs.items():
        _check(name, [one.output for one in done], counts[name])
    return {
        name: {"questions": counts[name], "seconds": [one.seconds for one in done]}
        for name, done in runs.items()
    }


def _commands(settings: Settings, corpus: Corpus) -> tuple[dict[str, Command], dict[str, int]]:
    asked = growing.questions(settings)[:QUESTIONS]
    commands: dict[str, Command] = {}
    counts = {}
    vectors = growing.write_paragraphs(settings, corpus, PASSAGES)
    everyone: list[systems.Askdocs | systems.Peer] = [
        systems.Askdocs(),
        systems.Askdocs(name="askdocs --mode lexical", mode="lexical"),
        *systems.peers(settings.peers),
    ]
    for one in everyone:
        counts[one.name] = min(len(asked), SLOW.get(one.name, QUESTIONS))
        questions = corpus.work / f"questions-{counts[one.name]}.jsonl"
        write_questions(questions, asked[: counts[one.name]])
        store = corpus.index
        if isinstance(one, systems.Peer):
            store = systems.keep_store(one, corpus, vectors)
        commands[one.name] = one.many(store, questions)
    return commands, counts


def _check(name: str, outputs: list[str], count: int) -> None:
    """A system that answers fewer questions is not faster."""
    for output in outputs:
        # A question may find nothing: words alone do not match every one.
        answers = [json.loads(line)["hits"] for line in output.splitlines()]
        if len(answers) != count:
            raise ValueError(f"{name} must answer all {count} questions, got {len(answers)}")


def show(found: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    rates = {
        name: [one["questions"] / value for value in one["seconds"]] for name, one in found.items()
    }
    rows = [
        [
            name,
            f"{one['questions']:,}",
            *spread_cells(one["seconds"]),
            spread_cells(rates[name])[0],
            ratio(rates[name], rates["plain"]),
        ]
        for name, one in found.items()
    ]
    return table(["one process", "questions", *SPREAD_HEAD, "questions/s", "to plain"], rows)
