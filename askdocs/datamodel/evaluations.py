"""What answers are worth, measured or compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from askdocs.datamodel.answers import Hit, Ranking


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRanking:
    """A ranking compared with the answers that are known.

    Attributes:
        ranking: What the question found.
        answers: How many answers are known; 0 where the corpus cannot answer the question.
        found: For each hit how many answers it shows that no hit before it did.
    """

    ranking: Ranking
    answers: int
    found: tuple[int, ...]

    @property
    def first_relevant(self) -> int | None:
        """The rank of the first hit that shows an answer, from 1; None where none does."""
        return next((rank for rank, count in enumerate(self.found, 1) if count), None)

    @property
    def score(self) -> float:
        """The score of the best hit, in [0, 1]; 0 where nothing was found."""
        return self.ranking.hits[0].score if self.ranking.hits else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The value of a measure.

    Attributes:
        value: In [0, 1]; None where there is no question for it.
        questions: How many questions it was computed from.
    """

    value: float | None
    questions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How well an index answers questions whose answers are known.

    Attributes:
        measures: Every measure by its name, in the order in which they are reported.
        questions: In the order in which they were asked.
    """

    measures: Mapping[str, Measurement]
    questions: tuple[JudgedRanking, ...]


class Change(StrEnum):
    """How the answer to a question differs between two indexes, the least difference first."""

    SAME = "same"
    MOVED = "moved"
    HITS = "hits"
    FIRST = "first"
    ANSWERED = "answered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRanking:
    """The rankings that two indexes give for one question.

    Attributes:
        before: That of the old index.
        now: That of the new one.
        change: How they differ.
        went: Hits of the old one whose text no hit of the new one cites, by rank.
        came: Hits of the new one whose text no hit of the old one cites, by rank.
        moved: Hits of both that cite the same text at another place, each before and now.
    """

    before: Ranking
    now: Ranking
    change: Change
    went: tuple[Hit, ...] = ()
    came: tuple[Hit, ...] = ()
    moved: tuple[tuple[Hit, Hit], ...] = ()

    @property
    def is_different(self) -> bool:
        """Whether something else is cited: a text that has only moved is the same."""
        return self.change not in {Change.SAME, Change.MOVED}
