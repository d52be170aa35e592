"""An index open for questions."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from operator import mul
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from askdocs.citations import Sources, parse_citation, resolve, verify
from askdocs.corpus.walk import current_folder, relative_root
from askdocs.embedding.compiled import Opening, begin_opening, open_encoder
from askdocs.embedding.model import PROBE_SENTENCE, locate_model
from askdocs.errors import DamagedIndexError, ModelError, UnusableIndexError, UsageError
from askdocs.index.encoders import carried_encoders
from askdocs.index.generation import Generation, current_digest, open_generation
from askdocs.records.manifest import DocumentStatus
from askdocs.records.results import CitedText, Mode, Question, Ranking
from askdocs.search.options import Wanted, checked_mode, grouped
from askdocs.text.document import read_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from askdocs.embedding.model import Encoder
    from askdocs.embedding.rerank import Reranker
    from askdocs.records.manifest import ModelRecord
    from askdocs.store.protocol import Reader


_PROBE_COSINE = 0.99


class QuestionModel:
    """The encoder of a generation's questions; it is opened by the first one that needs it."""

    def __init__(
        self, generation: Generation, *, cache: Path, notify: Callable[[str], None]
    ) -> None:
        """Open nothing yet.

        Args:
            generation: Whose model.
            cache: Where compiled encoders are kept.
            notify: Called with one line about anything that takes long.
        """
        self._generation = generation
        self._cache = cache
        self._notify = notify
        self._opening: Opening | None = None
        self._encoder: Encoder | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing is left to be done before a question can be embedded."""
        return self._encoder is not None

    def begin(self) -> None:
        """Begin to open the compiled model, most of which lets other work go on."""
        if self._encoder is None and self._opening is None:
            fingerprint = self._generation.manifest.model.fingerprint
            self._opening = begin_opening(fingerprint, self._generation.index, self._cache)

    def encoder(self) -> Encoder:
        """The encoder of the model that made the index.

        Raises:
            UnusableIndexError: The model that is installed is another one.
            ModelError: It cannot be opened.
        """
        if self._encoder is None:
            self.begin()
            self._encoder = _checked(self._opened(), self._generation.manifest.model)
        return self._encoder

    def _opened(self) -> Encoder:
        record = self._generation.manifest.model
        encoder = None if self._opening is None else self._opening.result()
        if encoder is not None:
            return encoder
        base, index = self._generation.base, self._generation.index
        try:
            model = locate_model(record.name, base=base, revision=record.revision)
            return open_encoder(model, cache=self._cache, notify=self._notify)
        except (ModelError, ModuleNotFoundError) as error:
            if not carried_encoders(index):
                raise
            raise ModelError(
                f"the encoder that {index} carries cannot be used, and no other is here: {error}",
                hint="askdocs index --portable where the model is installed, or --mode lexical",
            ) from error


def _checked(encoder: Encoder, record: ModelRecord) -> Encoder:
    """The encoder, if it is that of the model that made the index and no other."""
    usable = encoder.fingerprint == record.fingerprint and len(record.probe) == encoder.dimension
    if not usable or _probe_cosine(encoder, record) < _PROBE_COSINE:
        raise UnusableIndexError(
            f"the index was made with another {record.name} than the one installed",
            hint="askdocs index --rebuild, or ask with --mode lexical",
        )
    return encoder


def _probe_cosine(encoder: Encoder, record: ModelRecord) -> float:
    vector = encoder.embed_sentences([PROBE_SENTENCE])[0].tolist()
    return float(sum(map(mul, vector, record.probe)))


class Opened:
    """A generation with its data, its model and the files that it was made of.

    Attributes:
        generation: What it answers from.
        model: What embeds its questions.
    """

    def __init__(self, directory: Path, *, cache: Path, notify: Callable[[str], None]) -> None:
        """Open the current generation; its data and model are opened by their first use.

        For arguments and errors see `Index`.
        """
        self.generation = open_generation(directory)
        self.model = QuestionModel(self.generation, cache=cache, notify=notify)
        self._data: Reader | None = None

    @property
    def reader(self) -> Reader:
        """The generation's data; NumPy is imported with it, and so not before it is needed."""
        if self._data is None:
            self._data = self.generation.reader()
        return self._data

    def close(self) -> None:
        """Give all files back."""
        if self._data is not None:
            self._data.close()

    def sources(self) -> Sources:
        """The files of the corpus, none of them read yet."""
        return Sources(self.generation.base, self.generation.manifest.corpus)

    def embed(self, questions: Sequence[str], mode: Mode) -> NDArray[np.float32]:
        """The vectors of some questions, shape (questions, dimension)."""
        if not self.model.is_open:
            self.model.begin()
            self.reader.prepare(lexical=mode != Mode.DENSE)
        return self.model.encoder().embed_questions(questions)

    def select(self, patterns: Sequence[str]) -> frozenset[str]:
        """The documents that some patterns of paths name.

        Raises:
            UsageError: A pattern names no document.
        """
        from askdocs.search.options import select_documents

        paths = [path for path, _ in self.reader.documents()]
        base = self.generation.base
        return select_documents(paths, patterns, base=base, current=current_folder())

    def show(self, citation: str) -> CitedText:
        """See `Index.show`."""
        parsed = parse_citation(citation)
        path = self._indexed_path(parsed.path)
        text = self.reader.text_of(path)
        place = resolve(replace(parsed, path=path), read_document(path, text))
        start, end = place.chars
        return verify(text[start:end], place, self.sources().document(path))

    def _indexed_path(self, path: str) -> str:
        """A document's path as the index has it, given that or one from the current folder."""
        known = self.generation.documents
        found = path if path in known else relative_root(Path(path), self.generation.base)
        if found not in known or known[found].status != DocumentStatus.INDEXED:
            raise UsageError(f"the index has no document {path}", hint="askdocs status --documents")
        return found


_Result = TypeVar("_Result")


class Index:
    """An index open for questions.

    It answers from one generation, and moves on to the next one only when a writer has removed
    the files of the first. It is a context manager; leaving it gives all files back.

    Attributes:
        directory: The index directory.
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
        self._open = partial(Opened, directory, cache=cache, notify=notify)
        self._opened = self._open()

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
        self._opened.close()

    @property
    def generation(self) -> Generation:
        """What it answers from."""
        return self._opened.generation

    def ask(
        self,
        question: str,
        *,
        top_k: int = 5,
        mode: Mode | str = Mode.HYBRID,
        min_score: float | None = None,
        explain: bool = False,
        reranker: Reranker | None = None,
        paths: Sequence[str] = (),
        context: int = 0,
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
            paths: Patterns as in .gitignore; documents whose path none of them names are left out
                before anything is ranked. None for all documents.
            context: How many paragraphs before and behind a passage a hit has as its context.

        Returns:
            The hits, best first, each with its citation as it was proved against the file now.

        Raises:
            UsageError: The question is empty or too long, an argument is out of range, or a
                pattern names no document.
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
            paths=paths,
            context=context,
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
        paths: Sequence[str] = (),
        context: int = 0,
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
            paths: See `ask`.
            context: See `ask`.
            together: How many questions to read before the first of them is answered, at least
                1. Their nearest sentences are looked for in one go, which takes a fraction of the
                time.
        """
        wanted = Wanted(
            top_k=top_k,
            mode=checked_mode(mode),
            min_score=min_score,
            explain=explain,
            reranker=reranker,
            paths=tuple(paths),
            context=context,
        )
        if together < 1:
            raise ValueError(f"must be at least 1, got {together}")
        if wanted.mode != Mode.LEXICAL:
            self._opened.model.begin()
        # From here on the model is being opened: what else is needed is imported meanwhile.
        from askdocs.search.answer import Answering

        @lru_cache(maxsize=1)
        def answering(opened: Opened) -> Answering:
            return Answering(opened, wanted)

        def look_up(group: Sequence[Question]) -> None:
            self._retrying(lambda opened: answering(opened).look_up(group))

        def answer(question: Question) -> Ranking:
            return self._retrying(lambda opened: answering(opened).answer(question))

        # Whoever reads questions may wait for one, and a wrong pattern is wrong without any.
        look_up([])
        for group in grouped(questions, together):
            look_up(group)
            yield from map(answer, group)

    def show(self, citation: str) -> CitedText:
        """The indexed text that a citation names, and whether it still stands in its file.

        Args:
            citation: As `ask` prints it, or with a path from the current folder.

        Raises:
            UsageError: It is no citation, or the index has no such document or paragraph.
        """
        return self._retrying(lambda opened: opened.show(citation))

    def _retrying(self, use: Callable[[Opened], _Result]) -> _Result:
        """Use the generation; again the next one whenever a writer has removed this one."""
        while True:
            try:
                return use(self._opened)
            except DamagedIndexError:
                if current_digest(self.directory) == self.generation.digest:
                    raise
                self._opened.close()
                self._opened = self._open()
