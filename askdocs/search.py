"""Answer questions from an index: the use case behind `ask` and `show`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from operator import mul
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from askdocs import embedding
from askdocs.citations import Sources, parse_citation, place_of_passage, resolve, verify
from askdocs.datamodel import Answer, CitedText, DocumentStatus, Hit, Mode, Question, Ranking
from askdocs.documents import is_encodable, read_document
from askdocs.errors import DamagedIndexError, UnusableIndexError, UsageError
from askdocs.files import relative_root
from askdocs.index import Generation, current_digest, open_generation

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float32]
    Nearest: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]

    from askdocs.datamodel import ModelRecord, StoredPassage
    from askdocs.embedding import Encoder, Reranker
    from askdocs.ranking import RankedPassage
    from askdocs.store import Reader

_Result = TypeVar("_Result")

MAX_QUESTION_CHARS = 10_000
"""A longer question is refused: no model reads it whole."""

RERANKED = 50
"""How many of the best passages a reranker orders anew, at least."""

TOGETHER = 32
"""How many questions are best looked up in one go: more save little time."""

_PROBE_COSINE = 0.99
# As in ranking: the order must not hang on the last bits of a float.
_DIGITS = 6


class Index:
    """An index open for questions.

    It answers from one generation, and moves on to the next one only when a writer has removed
    the files of the first. It is a context manager; leaving it gives all files back.

    Attributes:
        directory: The index directory.
        generation: What it answers from.
    """

    def __init__(self, directory: Path, *, cache: Path, notify: Callable[[str], None]) -> None:
        """Open the current generation; the model is loaded by the first question that needs it.

        Args:
            directory: The index directory.
            cache: Where compiled encoders are kept.
            notify: Called with one line about anything that takes long.

        Raises:
            NoIndexError: There is no index in the directory.
            DamagedIndexError: HEAD or the manifest is not what askdocs wrote.
            UnusableIndexError: The index is of another format.
        """
        self.directory = directory
        self._cache = cache
        self._notify = notify
        self._open()

    def __enter__(self) -> Self:
        """The index itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give all files back."""
        self.close()

    def close(self) -> None:
        """Give all files back; the index answers no more."""
        if self._data is not None:
            self._data.close()

    def ask(
        self,
        question: str,
        *,
        top_k: int = 5,
        mode: Mode | str = Mode.HYBRID,
        min_score: float | None = None,
        explain: bool = False,
        reranker: Reranker | None = None,
    ) -> Ranking:
        """Find the passages that answer a question.

        Args:
            question: At most 10,000 characters, not only white space.
            top_k: How many hits to return at most, at least 1.
            mode: Which signals make the score: hybrid, dense or lexical.
            min_score: The bar below which hits are left out, in [0, 1]; None for the mode's own.
            explain: Whether hits say what made their scores.
            reranker: Orders the best 50 passages (`top_k`, if that is more) anew, without those
                below the bar; None for the order of the scores. Of equals, the order stays.

        Returns:
            The hits, best first, each with its citation as it was proved against the file now.

        Raises:
            UsageError: The question is empty or too long, or an argument is out of range.
            DamagedIndexError: A file of the index is not what its manifest says.
            UnusableIndexError: The index was made with a model that is not to be had here.
            ModelError: The reranker cannot be used.
        """
        found = self.ask_all(
            [Question(id="0", text=question)],
            top_k=top_k,
            mode=mode,
            min_score=min_score,
            explain=explain,
            reranker=reranker,
        )
        return next(found)

    def ask_all(
        self,
        questions: Iterable[Question],
        *,
        top_k: int = 5,
        mode: Mode | str = Mode.HYBRID,
        min_score: float | None = None,
        explain: bool = False,
        reranker: Reranker | None = None,
        together: int = 1,
    ) -> Iterator[Ranking]:
        """Answer questions one after another, each as soon as it is known; see `ask`.

        Args:
            questions: Any number.
            top_k: See `ask`; so are those that are not named here.
            mode: See `ask`.
            min_score: See `ask`.
            explain: See `ask`.
            reranker: See `ask`.
            together: How many questions to read before the first of them is answered, at least
                1. Their nearest sentences are looked for in one go, which takes a fraction of the
                time.
        """
        mode = _checked_mode(mode)
        if top_k < 1:
            raise UsageError(f"the number of hits must be at least 1, got {top_k}")
        if min_score is not None and not 0 <= min_score <= 1:
            raise UsageError(f"the lowest score must be between 0 and 1, got {min_score}")
        if together < 1:
            raise ValueError(f"must be at least 1, got {together}")
        if mode != Mode.LEXICAL:
            self._begin_opening()
        # From here on the model is being opened: what else is needed is imported meanwhile.
        from askdocs.ranking import DEFAULT_BARS, without_frame

        bar = DEFAULT_BARS[mode] if min_score is None else min_score
        self._sources = Sources(self.generation.base, self.generation.manifest.corpus)
        for question in self._looked_ahead(questions, mode, together):
            asked = without_frame(question.text)
            depth = top_k if reranker is None else max(RERANKED, top_k)
            ranked = self._retrying(partial(self._rank, asked, mode, depth))
            kept = [one for one in ranked if one.score >= bar]
            order = _reranked(question.text, kept, reranker)
            yield Ranking(
                question=question,
                mode=mode,
                answered=bool(ranked) and ranked[0].score >= DEFAULT_BARS[mode],
                hits=tuple(
                    _hit(number, one, again, self._sources, explain=explain)
                    for number, (one, again) in enumerate(order[:top_k], 1)
                ),
            )

    def show(self, citation: str) -> CitedText:
        """The indexed text that a citation names, and whether it still stands in its file.

        Args:
            citation: As `ask` prints it.

        Raises:
            UsageError: It is no citation, or the index has no such document or paragraph.
        """
        parsed = parse_citation(citation)
        path = self._indexed_path(parsed.path)
        text = self._retrying(lambda: self._reader.text_of(path))
        place = resolve(replace(parsed, path=path), read_document(path, text))
        start, end = place.chars
        sources = Sources(self.generation.base, self.generation.manifest.corpus)
        return verify(text[start:end], place, sources.document(path))

    def _indexed_path(self, path: str) -> str:
        """A document's path as the index has it, given that or one from the current folder."""
        known = self._retrying(lambda: self.generation.documents)
        found = path if path in known else relative_root(Path(path), self.generation.base)
        if found not in known or known[found].status != DocumentStatus.INDEXED:
            raise UsageError(f"the index has no document {path}", hint="askdocs status --documents")
        return found

    def _looked_ahead(
        self, questions: Iterable[Question], mode: Mode, together: int
    ) -> Iterator[Question]:
        """The questions; what is nearest to each is known by the time that it comes."""
        from askdocs.ranking import without_frame

        for group in _groups(questions, together):
            if mode != Mode.LEXICAL:
                asked = [without_frame(question.text) for question in group]
                self._retrying(partial(self._look_up, asked, mode))
            yield from group

    def _look_up(self, questions: Sequence[str], mode: Mode) -> None:
        """Embed questions and find the sentences that are nearest to each."""
        from askdocs.ranking import DENSE_CANDIDATES

        vectors = self._embed(questions, mode)
        found = zip(*self._reader.dense(vectors, DENSE_CANDIDATES), strict=True)
        self._known.clear()
        self._known.update(zip(questions, zip(vectors, found, strict=True), strict=True))

    def _rank(self, question: str, mode: Mode, top_k: int) -> list[RankedPassage]:
        from askdocs.ranking import rank

        vector = nearest = None
        if mode != Mode.LEXICAL:
            if question not in self._known:
                self._look_up([question], mode)
            vector, nearest = self._known[question]
        return rank(self._reader, question, vector, mode=mode, top_k=top_k, nearest=nearest)

    def _retrying(self, use: Callable[[], _Result]) -> _Result:
        """Use the reader; again on the next generation whenever a writer has removed this one."""
        while True:
            try:
                return use()
            except DamagedIndexError:
                if current_digest(self.directory) == self.generation.digest:
                    raise
                self.close()
                self._open()

    def _open(self) -> None:
        self.generation: Generation = open_generation(self.directory)
        self._sources = Sources(self.generation.base, self.generation.manifest.corpus)
        self._data: Reader | None = None
        # By question, its vector and the nearest sentences.
        self._known: dict[str, tuple[Vector, Nearest]] = {}
        # The next generation may be of another model.
        self._opening: embedding.Opening | None = None
        self._encoder: Encoder | None = None

    @property
    def _reader(self) -> Reader:
        """The generation's data; NumPy is imported with it, and so not before it is needed."""
        if self._data is None:
            self._data = self.generation.reader()
        return self._data

    def _begin_opening(self) -> None:
        """Begin to open the compiled model, most of which lets other work go on."""
        if self._encoder is None and self._opening is None:
            fingerprint = self.generation.manifest.model.fingerprint
            self._opening = embedding.begin_opening(fingerprint, cache=self._cache)

    def _embed(self, questions: Sequence[str], mode: Mode) -> Vector:
        if self._encoder is None:
            self._begin_opening()
            self._reader.prepare(lexical=mode != Mode.DENSE)
            self._encoder = self._opened_encoder()
        return self._encoder.embed_questions(questions)

    def _opened_encoder(self) -> Encoder:
        """The encoder of the model that made the index."""
        record = self.generation.manifest.model
        encoder = None if self._opening is None else self._opening.result()
        if encoder is None:
            base = self.generation.base
            model = embedding.locate_model(record.name, base=base, revision=record.revision)
            encoder = embedding.open_encoder(model, cache=self._cache, notify=self._notify)
        return _checked_encoder(encoder, record)


def _checked_encoder(encoder: Encoder, record: ModelRecord) -> Encoder:
    """The encoder, if it is that of the model that made the index and no other."""
    usable = encoder.fingerprint == record.fingerprint and len(record.probe) == encoder.dimension
    if not usable or _probe_cosine(encoder, record) < _PROBE_COSINE:
        raise UnusableIndexError(
            f"the index was made with another {record.name} than the one installed",
            hint="askdocs index --rebuild, or ask with --mode lexical",
        )
    return encoder


def _probe_cosine(encoder: Encoder, record: ModelRecord) -> float:
    vector = encoder.embed_sentences([embedding.PROBE_SENTENCE])[0].tolist()
    return float(sum(map(mul, vector, record.probe)))


def _groups(questions: Iterable[Question], size: int) -> Iterator[list[Question]]:
    """Questions that can be asked, so many at a time; those before a bad one come before its error.

    Raises:
        UsageError: A question cannot be asked, or whoever reads them says so.
    """
    group: list[Question] = []
    try:
        for question in questions:
            check_question(question.text)
            group.append(question)
            if len(group) == size:
                yield group
                group = []
    except UsageError:
        if group:
            yield group
        raise
    if group:
        yield group


def _checked_mode(mode: Mode | str) -> Mode:
    try:
        return Mode(mode)
    except ValueError as error:
        names = ", ".join(Mode)
        raise UsageError(f"the mode must be one of {names}, got {mode!r}") from error


def check_question(question: str) -> None:
    """Refuse what cannot be asked.

    Raises:
        UsageError: The question is empty, too long, or no text that UTF-8 can encode.
    """
    if not question.strip():
        raise UsageError("the question is empty", hint='askdocs ask "What did they decide?"')
    if len(question) > MAX_QUESTION_CHARS:
        raise UsageError(
            f"the question has {len(question)} characters, at most {MAX_QUESTION_CHARS} are read",
            hint="ask in one or two sentences; several questions go into --questions FILE",
        )
    if not is_encodable(question):
        raise UsageError("the question is not UTF-8")


def _reranked(
    question: str, ranked: Sequence[RankedPassage], reranker: Reranker | None
) -> list[tuple[RankedPassage, float | None]]:
    """Passages in the order of a reranker, each with its score; as they are without one."""
    if reranker is None:
        return [(one, None) for one in ranked]
    scores = reranker.score(question, [one.stored.passage.text for one in ranked])
    rounded = [round(score, _DIGITS) for score in scores.tolist()]
    order = sorted(range(len(ranked)), key=lambda at: -rounded[at])
    return [(ranked[at], rounded[at]) for at in order]


def _hit(
    number: int,
    ranked: RankedPassage,
    rerank_score: float | None,
    sources: Sources,
    *,
    explain: bool,
) -> Hit:
    passage = ranked.stored.passage
    cited = _cite(ranked.stored, sources)
    start, end = (offset - passage.chars[0] for offset in ranked.answer)
    origin = cited.place.chars[0]
    return Hit(
        rank=number,
        score=ranked.score,
        place=cited.place,
        headings=passage.headings,
        text=passage.text,
        answer=Answer(text=passage.text[start:end], chars=(origin + start, origin + end)),
        status=cited.status,
        indexed=cited.indexed,
        duplicates=tuple(_cite(one, sources).place.citation for one in ranked.duplicates),
        signals=ranked.signals if explain else (),
        rerank_score=rerank_score,
    )


def _cite(stored: StoredPassage, sources: Sources) -> CitedText:
    place = place_of_passage(stored.path, stored.passage)
    return verify(stored.passage.text, place, sources.document(stored.path))
