"""What an open index takes for a question, and which sentences it finds nearest.

    python -m benchmarks.speed.warm INDEX QUESTIONS [--nearest 10]

Prints a JSON object: milliseconds by question, and the nearest sentences of each by their texts.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from askdocs.places import cache_directory
from askdocs.search.index import Index
from benchmarks.speed.peers.driver import read_texts
from benchmarks.speed.prepared import open_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from askdocs.store.protocol import Reader

_WARMING = 10


def main() -> None:
    """Ask, look, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--nearest", type=int, default=10)
    given = parser.parse_args()
    questions = read_texts(given.questions)
    with Index(given.index, cache=cache_directory(), notify=print) as index:
        for text in questions[:_WARMING]:
            index.ask(text)
        milliseconds = [_milliseconds(index, text) for text in questions]
        reader = index.generation.reader()
        found = list(_nearest(reader, questions, given.nearest))
        reader.close()
    print(json.dumps({"milliseconds": milliseconds, "nearest": found}))


def _milliseconds(index: Index, text: str) -> float:
    started = time.perf_counter()
    index.ask(text)
    return 1000 * (time.perf_counter() - started)


def _nearest(reader: Reader, questions: Sequence[str], k: int) -> Iterator[list[str]]:
    embedded = open_encoder().embed_questions(questions)
    ids, _ = reader.dense(np.stack([question.vector for question in embedded]), k)
    for row in ids:
        passages = reader.passages(reader.passages_of_sentences(row).tolist())
        found = []
        for sentence, stored in zip(row.tolist(), passages, strict=True):
            start, end = stored.passage.sentences[sentence - stored.first_sentence]
            origin = stored.passage.chars[0]
            found.append(stored.passage.text[start - origin : end - origin])
        yield found


if __name__ == "__main__":
    main()
