"""Indexing: sentences a second of the encoders, whole runs of every system."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from askdocs.places import cache_directory
from benchmarks.speed import corpora, systems
from benchmarks.speed.encoding import OPENERS
from benchmarks.speed.measuring import ROOT, in_turn, measure_in_turn, run
from benchmarks.speed.prepared import load_pool, prepare_pool
from benchmarks.speed.tables import SPREAD_HEAD, megabytes, ratio, spread_cells, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.speed.corpora import Corpus
    from benchmarks.speed.measuring import Run
    from benchmarks.speed.settings import Settings

SLICE = 512
ROUNDS = 3
"""How often whole runs are timed; they take long enough to be steady."""


def measure(settings: Settings) -> dict[str, Any]:
    """Rates of the encoders, seconds and peak memory of whole runs on the first set."""
    prepare_pool(settings.pool_folders, settings.pool)
    corpus = next(iter(settings.corpora), settings.seeds)
    corpora.refresh(corpus)
    return {"encoders": _encoders(settings), "corpus": corpus.name, "runs": _runs(settings, corpus)}


def _encoders(settings: Settings) -> dict[str, Any]:
    count = len(load_pool(settings.pool)[0])
    # One slice more than rounds: the first one warms up.
    size = min(SLICE, count // (settings.rounds + 1))
    rates: dict[str, list[float]] = {name: [] for name in OPENERS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = {name: _Worker(name, settings.pool, stack) for name in OPENERS}
        for at, name in enumerate(in_turn(list(OPENERS), settings.rounds + 1)):
            number = at // len(OPENERS)
            seconds = workers[name].embed(number * size, size, folder / f"{name}-{number}.npy")
            if number:
                rates[name].append(size / seconds)
        lowest = min(_lowest_cosine(folder, number) for number in range(settings.rounds + 1))
    return {"size": size, "rates": rates, "lowest_cosine": lowest}


class _Worker:
    """A process that embeds slices when it is told to."""

    def __init__(self, name: str, pool: Path, stack: ExitStack) -> None:
        words = [sys.executable, "-m", "benchmarks.speed.encoding", name, str(pool.resolve())]
        self._process = stack.enter_context(
            subprocess.Popen(
                words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        stack.callback(self._pipe(self._process.stdin).close)

    def embed(self, first: int, size: int, path: Path) -> float:
        """The seconds that a slice takes."""
        pipe = self._pipe(self._process.stdin)
        print(first, first + size, path, file=pipe, flush=True)
        return float(self._pipe(self._process.stdout).readline())

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        if pipe is None:
            raise ValueError("the process must have been given pipes")
        return pipe


def _lowest_cosine(folder: Path, number: int) -> float:
    ours, theirs = (np.load(folder / f"{name}-{number}.npy") for name in OPENERS)
    return float((ours * theirs).sum(axis=1).min())


def _runs(settings: Settings, corpus: Corpus) -> dict[str, Any]:
    measures: dict[str, Callable[[], Run]] = {"askdocs": partial(_index_with_askdocs, corpus)}
    for peer in systems.peers(settings.peers):
        measures[peer.name] = partial(_index_with_peer, peer, corpus)
    return {
        name: {
            "seconds": [one.seconds for one in runs],
            "peak_bytes": max(one.peak_bytes for one in runs),
        }
        for name, runs in measure_in_turn(measures, ROUNDS).items()
    }


def _index_with_askdocs(corpus: Corpus) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder, "cache")
        cache.mkdir()
        # The compiled model stays, the vectors of texts that were embedded before do not.
        (cache / "encoders").symlink_to((cache_directory() / "encoders").resolve())
        return run(systems.Askdocs().index(corpus, Path(folder, "vectors"), cache))


def _index_with_peer(peer: systems.Peer, corpus: Corpus) -> Run:
    store = corpus.store(f"{peer.name}-timed")
    shutil.rmtree(store, ignore_errors=True)
    return run(peer.index(corpus.paragraphs, store))


def show(found: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    encoders, runs = found["encoders"], found["runs"]
    base = encoders["rates"]["SentenceTransformer"]
    rates = table(
        ["encoder", "median sentences/s", "lowest", "highest", "to SentenceTransformer"],
        [
            [name, *spread_cells(values), ratio(values, base)]
            for name, values in encoders["rates"].items()
        ],
    )
    plain = runs["plain"]["seconds"]
    whole = table(
        [f"`index` of {found['corpus']}", *SPREAD_HEAD, "to plain", "peak MB"],
        [
            [
                name,
                *spread_cells(one["seconds"]),
                ratio(one["seconds"], plain),
                megabytes(one["peak_bytes"]),
            ]
            for name, one in runs.items()
        ],
    )
    agreement = (
        f"Slices of {encoders['size']} sentences; the lowest cosine between the two encoders' "
        f"vectors\nof a sentence is {encoders['lowest_cosine']:.7f}."
    )
    return f"{rates}\n\n{agreement}\n\n{whole}"
