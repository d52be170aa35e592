"""Answers to questions, and how good they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from askdocs.records.spans import BlockKind, Excerpt, Part, Range, Span


class Mode(StrEnum):
    """The signals that make the score of a hit."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


class CitationStatus(StrEnum):
    """How a citation stands in the file as it is now."""

    VERIFIED = "verified"
    MOVED = "moved"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A reference to a text.

    Attributes:
        path: The document.
        paragraphs: The paragraphs that it touches.
        offsets: Half-open code points from the first character of the first paragraph; None if the
            text is all of its paragraphs.
    """

    path: str
    paragraphs: Range
    offsets: Span | None = None

    def __str__(self) -> str:
        """Return the citation as it is printed and parsed: `path#pA[-B][:S-E]`."""
        first, last = self.paragraphs
        numbers = f"{first}" if first == last else f"{first}-{last}"
        offsets = "" if self.offsets is None else f":{self.offsets[0]}-{self.offsets[1]}"
        return f"{self.path}#p{numbers}{offsets}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A text's place in a document: its citation, its span in the document's text, its lines."""

    citation: Citation
    chars: Span
    lines: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The sentence of a passage that matches the question best.

    Attributes:
        text: As the file has it; where it is gone, as it was indexed.
        plain: As it is read.
        reading: Its span in the reader's text of the passage.
        chars: Its span in the document's text.
        begins: The line of its first character and the byte of that line, as UTF-8 and without a
            byte order mark, both from 1, in the file as it is now; None where it is gone.
    """

    text: str
    plain: str
    reading: Span
    chars: Span
    begins: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The indexed text around a passage, from the start to the end of paragraphs.

    Attributes:
        before, after: As the file had it; with the passage between them, one piece of the document.
        above, below: As it is read. Headings of empty sections are left out.
    """

    before: str
    after: str
    above: Excerpt
    below: Excerpt


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One of the numbers that make a score.

    Attributes:
        name: As docs/ranking.md explains it.
        value: In [0, 1], the lead in [-1, 1].
        share: What it adds: in hybrid mode to the log-odds of the score, otherwise to the score.
    """

    name: str
    value: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage with its rank, score and citation.

    Attributes:
        rank: From 1.
        score: In [0, 1]; higher is better.
        place: Where the passage stands; in the file as it is now unless `status` is gone.
        headings: The headings above it, outermost first.
        text: As the file has it; where it is gone, as it was indexed.
        plain, parts, lead, pages, cell: As `Passage` has them.
        answer: The answer sentence.
        status: Whether the citation holds in the file on disk.
        indexed: Where the passage stood when it was indexed, if it has moved since.
        duplicates: Where passages of nearly the same text stand, best first.
        signals: What made the score, where that was asked for.
        rerank_score: What the hits are ordered by instead of the score, in [0, 1], where a
            reranker was asked for; higher is better.
        context: What stands around it, where that was asked for.
    """

    rank: int
    score: float
    place: Place
    headings: tuple[str, ...]
    text: str
    plain: str
    parts: tuple[Part, ...]
    answer: Answer
    status: CitationStatus
    indexed: Place | None = None
    duplicates: tuple[Citation, ...] = ()
    signals: tuple[Signal, ...] = ()
    rerank_score: float | None = None
    context: Context | None = None
    lead: str = ""
    pages: Range | None = None
    cell: int = 0

    @property
    def indexed_place(self) -> Place:
        """The place of the passage in the index, even if the file has changed."""
        return self.indexed or self.place

    @property
    def is_table(self) -> bool:
        """True if it begins with rows of a table; then its lead is their header."""
        return any(part.kind == BlockKind.ROW for part in self.body.parts[:1])

    @property
    def body(self) -> Excerpt:
        """Its reader's text without its headings, which are shown above it."""
        parts = (part for part in self.parts if part.kind != BlockKind.HEADING)
        return Excerpt(self.plain, tuple(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedText:
    """What a citation names, and whether it still stands; for the attributes see `Hit`."""

    place: Place
    text: str
    status: CitationStatus
    indexed: Place | None = None
    pages: Range | None = None
    cell: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and the name by which its answer is found again."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What one question found.

    Attributes:
        mode: Which signals made the scores.
        answered: Whether a hit reaches the mode's default bar.
        hits: By rank; those below the bar that was asked for are left out.
        nearest: Where there are no hits, the best passages below the bar, by rank; no answers.
        changed: Paths of cited documents that are seen to be no longer what was indexed.
    """

    question: Question
    mode: Mode
    answered: bool
    hits: tuple[Hit, ...]
    nearest: tuple[Hit, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRanking:
    """A ranking compared with the answers that are known.

    Attributes:
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
    """The value of a measure in [0, 1], and the number of questions; None if there are none."""

    value: float | None
    questions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Measures by name, in the order of the report, and the questions in the order asked."""

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
    """The rankings of one question by two indexes.

    Attributes:
        before, now: Those of the old index and of the new one.
        change: How they differ.
        went, came: Hits of the old and of the new one whose text no hit of the other cites, by
            rank.
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
        """Return True if something else is cited: a text that has only moved is the same."""
        return self.change not in {Change.SAME, Change.MOVED}
