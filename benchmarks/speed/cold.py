"""Cold starts: whole processes that answer one question about the seeds, in turn."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.speed import corpora, systems
from benchmarks.speed.measuring import Command, measure_in_turn, run
from benchmarks.speed.settings import QUESTION
from benchmarks.speed.tables import SPREAD_HEAD, megabytes, ratio, spread_cells, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.speed.settings import Settings

IMPORTS = "click, numpy, faiss, onnxruntime, tokenizers, sqlite3"
BARE = "bare imports"
PLAIN = "plain"


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds and peak memory of each command, by its name."""
    commands = _commands(settings)
    # Once untimed: files come into the page cache, Python keeps its compiled modules.
    for command in commands.values():
        run(command)
    found = measure_in_turn({n: partial(run, c) for n, c in commands.items()}, settings.rounds)
    return {
        name: {
            "seconds": [one.seconds for one in runs],
            "peak_bytes": max(one.peak_bytes for one in runs),
        }
        for name, runs in found.items()
    }


def _commands(settings: Settings) -> dict[str, Command]:
    seeds = settings.seeds
    corpora.refresh(seeds)
    hybrid, lexical = systems.Askdocs(), systems.Askdocs(mode="lexical")
    program = systems.program()
    commands = {
        "askdocs ask": hybrid.ask(seeds.index, QUESTION),
        "askdocs ask --mode lexical": lexical.ask(seeds.index, QUESTION),
        BARE: Command(words=(sys.executable, "-c", f"import {IMPORTS}")),
    }
    for peer in systems.peers(settings.peers):
        commands[peer.name] = peer.ask(systems.keep_store(peer, seeds), QUESTION)
    check = (program, "check", "--index", str(seeds.index))
    commands["askdocs check"] = Command(words=check)
    commands["askdocs --help"] = Command(words=(program, "--help"))
    return commands


def show(found: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    bare, plain = (found[name]["seconds"] for name in (BARE, PLAIN))
    rows = [
        [
            f"`{name}`" if name.startswith("askdocs") else name,
            *spread_cells(one["seconds"]),
            ratio(one["seconds"], bare),
            ratio(one["seconds"], plain),
            megabytes(one["peak_bytes"]),
        ]
        for name, one in found.items()
    ]
    head = ["whole process", *SPREAD_HEAD, "to bare imports", "to plain", "peak MB"]
    return table(head, rows)
