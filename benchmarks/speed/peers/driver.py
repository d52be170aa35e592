"""The command line that all peers share: index paragraphs, answer one question, answer many.

    python -m benchmarks.speed.peers.PEER index PARAGRAPHS STORE [--vectors FILE]
    python -m benchmarks.speed.peers.PEER ask STORE QUESTION
    python -m benchmarks.speed.peers.PEER many STORE QUESTIONS

PARAGRAPHS and QUESTIONS are JSON lines with `id` and `text`. `ask` prints the five best paragraphs,
`many` one JSON object a question with the positions of the ten best, from 0.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

PARAGRAPHS = "paragraphs.jsonl"
SHOWN = 5
DEPTH = 10


class Peer(Protocol):
    """A system that finds paragraphs."""

    def index(self, paragraphs: Sequence[str], store: Path, vectors: Path | None) -> None:
        """Make an index.

        Args:
            paragraphs: What to find.
            store: An empty folder.
            vectors: A .npy file with a vector of each paragraph, shape (paragraphs, dimension), to
                be used instead of the model; None to embed them.
        """
        ...

    def search(self, store: Path, questions: Sequence[str], k: int) -> list[list[int]]:
        """The positions of the k best paragraphs of each question, best first."""
        ...


def read_texts(path: Path) -> list[str]:
    """The texts of a file of JSON lines, in their order."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def run(peer: Peer, arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says.

    Args:
        peer: The system.
        arguments: What was typed; None for what this process was started with.
    """
    given = _parser().parse_args(arguments)
    if given.command == "index":
        given.store.mkdir(parents=True)
        peer.index(read_texts(given.paragraphs), given.store, given.vectors)
        shutil.copyfile(given.paragraphs, given.store / PARAGRAPHS)
    elif given.command == "ask":
        (found,) = peer.search(given.store, [given.question], SHOWN)
        paragraphs = read_texts(given.store / PARAGRAPHS)
        print("\n\n".join(paragraphs[at] for at in found))
    else:
        for found in peer.search(given.store, read_texts(given.questions), DEPTH):
            print(json.dumps({"hits": found}))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    index = commands.add_parser("index")
    index.add_argument("paragraphs", type=Path)
    index.add_argument("store", type=Path)
    index.add_argument("--vectors", type=Path)
    ask = commands.add_parser("ask")
    ask.add_argument("store", type=Path)
    ask.add_argument("question")
    many = commands.add_parser("many")
    many.add_argument("store", type=Path)
    many.add_argument("questions", type=Path)
    return parser
