"""What a run of the benchmarks is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.corpora import Corpus
from benchmarks.speed.measuring import ROOT

QUESTION = "What did Rasmussen request from the Kremlin?"
"""A question that the seeds answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What to measure, and where.

    Attributes:
        sets: Evaluation sets: folders with docs/ and questions.jsonl; may be none.
        work: Where corpora, indexes and stores are kept; a later run reuses them.
        peers: The environment of the peers.
        rounds: How often whole processes are timed.
        questions: How many questions of each set to ask.
        growth: Sizes of generated corpora, in passages.
        refresh: How many documents the corpus has that is refreshed.
    """

    sets: tuple[Path, ...] = ()
    work: Path = Path("build/speed")
    peers: Path = Path("build/peers")
    rounds: int = 7
    questions: int = 200
    growth: tuple[int, ...] = (10_000,)
    refresh: int = 10_000

    @property
    def seeds(self) -> Corpus:
        """The five documents that come with the program."""
        return Corpus(name="seeds/", documents=ROOT / "seeds", work=self.work / "seeds")

    @property
    def corpora(self) -> list[Corpus]:
        """The sets."""
        return [
            Corpus(name=one.name, documents=one / "docs", work=self.work / "sets" / one.name)
            for one in self.sets
        ]

    @property
    def pool(self) -> Path:
        """The sentences of which large corpora are made."""
        return self.work / "generated" / "pool.npz"

    @property
    def pool_folders(self) -> tuple[Path, ...]:
        """Where those sentences come from."""
        return tuple(one.documents for one in self.corpora or [self.seeds])

    def generated(self, passages: int) -> Corpus:
        """The generated corpus of a size."""
        work = self.work / "generated" / str(passages)
        return Corpus(name=f"{passages:,} passages", documents=work / "docs", work=work)
