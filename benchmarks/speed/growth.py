"""Growth: what a question costs, and what it misses, as the corpus grows."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.speed import growing, systems
from benchmarks.speed.corpora import write_questions
from benchmarks.speed.generated import SENTENCES_PER_PASSAGE, Noise, Recipe, nearest, parse
from benchmarks.speed.measuring import Command, measure_in_turn, run, spread
from benchmarks.speed.peers.driver import read_texts
from benchmarks.speed.prepared import load_pool, open_encoder
from benchmarks.speed.tables import megabytes, number, share, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.speed.corpora import Corpus
    from benchmarks.speed.measuring import Run
    from benchmarks.speed.settings import Settings

QUESTIONS = 200
DEPTH = 10


def measure(settings: Settings) -> dict[str, Any]:
    """The figures of each size."""
    corpora = {size: growing.make(settings, size) for size in settings.growth}
    asked = growing.questions(settings)[:QUESTIONS]
    for corpus in corpora.values():
        write_questions(corpus.questions, asked)
    cold = _cold(settings, corpora, asked)
    return {
        str(size): {
            **_index(corpus),
            "cold_seconds": [one.seconds for one in cold[size]],
            "cold_peak_bytes": max(one.peak_bytes for one in cold[size]),
            **_warm(settings, size, corpus),
        }
        for size, corpus in corpora.items()
    }


def _cold(
    settings: Settings, corpora: Mapping[int, Corpus], asked: Sequence[str]
) -> dict[int, list[Run]]:
    """Whole processes that ask one question each, the sizes in turn."""

    def ask(corpus: Corpus, waiting: Iterator[str]) -> Run:
        # --min-score 0 so that a question without an answer counts as well.
        command = systems.Askdocs().ask(corpus.index, next(waiting))
        return run(Command(words=(*command.words[:2], "--min-score", "0", *command.words[2:])))

    for corpus in corpora.values():
        ask(corpus, iter(asked))
    return measure_in_turn(
        {size: partial(ask, corpus, iter(asked)) for size, corpus in corpora.items()},
        settings.rounds,
    )


def _index(corpus: Corpus) -> dict[str, Any]:
    files = [path.stat().st_size for path in corpus.index.rglob("*") if path.is_file()]
    report = growing.index_report(corpus)
    return {"index": report, "index_bytes": sum(files)}


def _warm(settings: Settings, size: int, corpus: Corpus) -> dict[str, Any]:
    paths = (str(corpus.index.resolve()), str(corpus.questions.resolve()))
    words = (sys.executable, "-m", "benchmarks.speed.warm", *paths, "--nearest", str(DEPTH))
    done = json.loads(run(Command(words=words)).output.splitlines()[-1])
    found = [[_serial(text) for text in texts] for texts in done["nearest"]]
    exact = _exact(settings.pool, size, corpus)
    return {
        "warm_milliseconds": done["milliseconds"],
        "recall": recall(found, exact),
        "hit": float(np.mean([one[0] == best[0] for one, best in zip(found, exact, strict=True)])),
    }


def _exact(pool: Path, size: int, corpus: Corpus) -> list[list[int]]:
    sentences, vectors = load_pool(pool)
    embedded = open_encoder().embed_questions(read_texts(corpus.questions))
    asked = np.stack([question.vector for question in embedded])
    found: list[list[int]] = nearest(Recipe(sentences, size), Noise(vectors), asked, DEPTH).tolist()
    return found


def _serial(text: str) -> int:
    found = parse(text)
    if found is None:
        raise ValueError(f"must be a generated sentence, got {text}")
    return found[1]


def recall(found: Sequence[Sequence[int]], exact: Sequence[Sequence[int]]) -> float:
    """The share of the exactly nearest sentences that were found, the mean over the questions."""
    shares = [len({*one} & {*best}) / len(best) for one, best in zip(found, exact, strict=True)]
    return float(np.mean(shares))


def show(found: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    head = [
        "passages",
        "sentences",
        "cold ask p50 s",
        "peak MB",
        "warm p50 ms",
        "p95 ms",
        "index bytes/passage",
        "recall@10",
        "hit@1",
        "index s",
        "index peak MB",
    ]
    return table(head, [_row(int(size), one) for size, one in found.items()])


def _row(size: int, one: Mapping[str, Any]) -> list[str]:
    warm = one["warm_milliseconds"]
    return [
        f"{size:,}",
        f"{size * SENTENCES_PER_PASSAGE:,}",
        number(spread(one["cold_seconds"]).median),
        megabytes(one["cold_peak_bytes"]),
        number(float(np.percentile(warm, 50))),
        number(float(np.percentile(warm, 95))),
        number(one["index_bytes"] / size),
        share(one["recall"]),
        share(one["hit"]),
        number(one["index"]["seconds"]),
        megabytes(one["index"]["peak_bytes"]),
    ]
