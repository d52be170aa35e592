"""Measure speed and quality side by side with the plain system and other programs.

    python -m benchmarks.speed [SETS...] [--sections cold,quality,index,many,refresh,growth]
    python -m benchmarks.speed render [--results DIR]

A set is a folder with docs/ and questions.jsonl in the format of `askdocs eval`. Without one, only
what the seeds allow is measured. Figures are kept by section, so that one can be measured again
alone; each run ends with putting all that are kept into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.figures import made_here
from benchmarks.speed import machine, systems
from benchmarks.speed.report import SECTIONS, keep, render
from benchmarks.speed.settings import Settings

NEED_SETS = frozenset({"quality", "many", "growth"})
"""Sections that ask the sets' questions."""


def main() -> None:
    """Measure what is wanted, then render."""
    given = _parser().parse_args()
    results = given.results or given.work / "results"
    if given.sets == [Path("render")]:
        render(results)
        return
    peers = given.peers_venv or given.work / "peers"
    systems.install(peers, torch_index=given.torch_index)
    settings = Settings(
        # Absolute, because what is measured runs elsewhere.
        sets=tuple(one.resolve() for one in given.sets),
        work=given.work.resolve(),
        peers=peers.absolute(),
        rounds=given.rounds,
        questions=given.questions,
        growth=tuple(map(int, given.growth.split(","))),
        refresh=given.refresh,
    )
    for name in given.sections.split(","):
        if name in NEED_SETS and not settings.sets:
            print(f"{name}: needs evaluation sets, left out")
            continue
        _measure(name, settings, results)
    render(results)


def _measure(name: str, settings: Settings, results: Path) -> None:
    source, bystanders = made_here(f'make bench ARGS="--sections {name}"'), machine.Bystanders()
    started = time.monotonic()
    found = SECTIONS[name].measure(settings)
    versions = machine.versions(settings.peers / "bin" / "python")
    listed = ", ".join(f"{package} {version}" for package, version in versions.items())
    notes = f"Other processes took at most {bystanders.share():.0%} of the processors. {listed}."
    keep(results, name, found, {**source, "notes": notes})
    seconds = time.monotonic() - started
    print(f"\n{name}, {seconds:.0f} s\n\n{SECTIONS[name].show(found)}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("sets", nargs="*", type=Path, help="folders with docs/ and questions.jsonl; or: render")
    add("--sections", default=",".join(SECTIONS), help="which, with commas between them")
    add("--work", type=Path, default=Path("build/speed"), help="for corpora, indexes and stores")
    add("--results", type=Path, help="for the figures (WORK/results)")
    add("--peers-venv", type=Path, help="the other programs' environment (WORK/peers)")
    add("--torch-index", default="", help="one more package index to look for PyTorch in")
    add("--rounds", type=int, default=7, help="how often whole processes are timed")
    add("--questions", type=int, default=200, help="how many questions of each set to ask")
    add("--growth", default="10000,100000", help="sizes of generated corpora, in passages")
    add("--refresh", type=int, default=10_000, help="documents of the corpus that is refreshed")
    return parser


if __name__ == "__main__":
    main()
