"""An index open for questions."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache, partial
from operator import mul
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from askdocs.citations import Sources, parse_citation, parse_page, place_of_page, resolve, verify
from askdocs.corpus.walk import current_folder, reason_left_out, relative_root, source_path
from askdocs.embedding.compiled import Opening, begin_opening, open_encoder
from askdocs.embedding.model import PROBE_SENTENCE, locate_model
from askdocs.errors import DamagedIndexError, ModelError, UnusableIndexError, UsageError
from askdocs.index.encoders import carried_encoders
from askdocs.index.generation import current_digest, open_generation
from askdocs.records.manifest import DocumentStatus
from askdocs.records.results import CitedText, Mode, Question, Ranking
from askdocs.records.spans import Document, overlap
from askdocs.search.options import AskOptions, grouped, select_documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from askdocs.embedding.model import EmbeddedQuestion, Encoder
    from askdocs.store.protocol import Reader, Store

_PROBE_COSINE = 0.99

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


class Index:
    """An index open for questions.

    It answers from one generation. It moves to the next one only when a writer has removed files
    of the first. The first question that needs the model loads it from `cache`; `notify` is called
    with one line before anything that takes long. Leaving the context manager closes all files.

    Raises:
        NoIndexError: There is no index in the directory.
        DamagedIndexError: HEAD or the manifest is not what askdocs wrote.
        UnusableIndexError: The index has another format.
    """

    def __init__(self, directory: Path, *, cache: Path, notify: Callable[[str], None]) -> None:
        self.directory = directory
        self._open = partial(OpenGeneration, directory, cache=cache, notify=notify)
        self._opened = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all files; the index cannot be asked afterwards."""
        self._opened.close()

    @property
    def generation(self) -> Store:
        """The generation that answers."""
        return self._opened.store

    def ask(self, question: str, options: AskOptions = AskOptions()) -> Ranking:
        """Return the passages that answer a question.

        Args:
            question: At most 10,000 characters, not only white space.
            options: How to answer it.

        Returns:
            The hits, or else the nearest passages, best first. Each citation has been checked
            against its file.

        Raises:
            UsageError: The question is empty or too long, or a pattern matches no document.
            DamagedIndexError: A file of the index differs from its manifest.
            UnusableIndexError: The index was made with another model than the one installed.
            ModelError: The model or the reranker cannot be used.
        """
        return next(self.ask_all([Question(id="0", text=question)], options))

    def ask_all(
        self,
        questions: Iterable[Question],
        options: AskOptions = AskOptions(),
        *,
        together: int = 1,
    ) -> Iterator[Ranking]:
        """Answer questions in order, and yield each answer as soon as it is known; see `ask`.

        Args:
            questions: Any number.
            options: How to answer them.
            together: How many questions to read before the first of them is answered, at least 1.
                Finding their nearest sentences together takes a fraction of the time.
        """
        if together < 1:
            raise ValueError(f"must be at least 1, got {together}")
        if options.mode != Mode.LEXICAL:
            self._opened.begin_model()
        # The model opens in the background: meanwhile, import the rest.
        from askdocs.search.answer import Answering

        answering = lru_cache(maxsize=1)(partial(Answering, options=options))

        def look_up(opened: OpenGeneration, group: Sequence[Question]) -> None:
            answering(opened).look_up(group)

        def answer(opened: OpenGeneration, question: Question) -> Ranking:
            return answering(opened).answer(question)

        # Reading a question may wait for a pipe. A wrong pattern is reported before that.
        self._retrying(look_up, [])
        for group in grouped(questions, together):
            self._retrying(look_up, group)
            for question in group:
                yield self._retrying(answer, question)

    def show(self, citation: str) -> CitedText:
        """Return the indexed text that a citation names, and whether its file still has it.

        Args:
            citation: As `ask` prints it, or with a path from the current folder; or a page, as
                `report.pdf#page=3`, which names the passages that touch it.

        Raises:
            UsageError: It is not a citation, or the index lacks the document or paragraph.
        """
        return self._retrying(OpenGeneration.show, citation)

    def _retrying(
        self, use: Callable[[OpenGeneration, _Argument], _Result], argument: _Argument
    ) -> _Result:
        """Use the generation; use the next one if a writer has removed it meanwhile."""
        while True:
            try:
                return use(self._opened, argument)
            except DamagedIndexError:
                if current_digest(self.directory) == self.generation.digest:
                    raise
                self._opened.close()
                self._opened = self._open()


class OpenGeneration:
    """The current generation as a store; its data and model are opened by their first use.

    For arguments and errors see `Index`.
    """

    def __init__(self, directory: Path, *, cache: Path, notify: Callable[[str], None]) -> None:
        self.store: Store = open_generation(directory)
        self._directory = directory
        self._cache = cache
        self._notify = notify
        self._opening: Opening | None = None
        self._encoder: Encoder | None = None

    @cached_property
    def reader(self) -> Reader:
        """The data of the generation. Its first use imports NumPy."""
        return self.store.reader()

    def close(self) -> None:
        """Close all files."""
        if "reader" in self.__dict__:
            self.reader.close()

    def sources(self) -> Sources:
        """Return the files of the corpus, which are read when they are first needed."""
        return Sources(self.store.base, self.store.manifest.corpus)

    def begin_model(self) -> None:
        """Begin to open the compiled model, in the background for the most part."""
        if self._encoder is None and self._opening is None:
            fingerprint = self.store.manifest.model.fingerprint
            self._opening = begin_opening(fingerprint, self._directory, self._cache)

    def embed(self, questions: Sequence[str], mode: Mode) -> list[EmbeddedQuestion]:
        """Return the vectors of some questions and of their tokens.

        Raises:
            UnusableIndexError: The installed model is not the one that made the index.
            ModelError: The model cannot be opened.
        """
        if self._encoder is None:
            self.begin_model()
            # While the model opens.
            self.reader.prepare(lexical=mode != Mode.DENSE)
            self._encoder = self._checked_encoder()
        return self._encoder.embed_questions(questions)

    def select(self, patterns: Sequence[str]) -> frozenset[str]:
        """Return the documents that match any of some patterns; see `select_documents`."""
        paths = [path for path, _ in self.reader.documents()]
        return select_documents(paths, patterns, base=self.store.base, current=current_folder())

    def show(self, citation: str) -> CitedText:
        """See `Index.show`."""
        named, page = parse_page(citation) or (parse_citation(citation).path, 0)
        path = self._path_of(named)
        document = self.reader.document(path) or Document(path=path, text="", paragraphs=())
        passages = [stored.passage for stored in self.reader.passages_of(path)]
        if page:
            place = place_of_page(page, document, passages)
        else:
            place = resolve(replace(parse_citation(citation), path=path), document)
        sha256 = self.store.documents[path].sha256
        text = document.text[slice(*place.chars)]
        cited = verify(text, place, sha256, self.sources().file(path))
        around = [each for each in passages if overlap(each.chars, place.chars)]
        pages = [number for each in around for number in each.pages or ()]
        return replace(
            cited,
            pages=(min(pages), max(pages)) if pages else None,
            cell=around[0].cell if around else 0,
        )

    def _path_of(self, named: str) -> str:
        """Return the path of a document, which may be named from the current folder."""
        documents = self.store.documents
        path = named if named in documents else relative_root(Path(named), self.store.base)
        if path not in documents or documents[path].status != DocumentStatus.INDEXED:
            raise UsageError(
                f"the index has no document {named}{self._why_missing(path)}",
                hint="askdocs status --documents",
            )
        return path

    def _why_missing(self, path: str) -> str:
        """Return why a file that is there is no document, after a colon."""
        if record := self.store.documents.get(path):
            return f": {record.reason}"
        try:
            is_there = source_path(self.store.base, path).is_file()
        except OSError:
            is_there = False
        if not is_there:
            return ""
        reason = reason_left_out(self.store.base, self.store.manifest.corpus, path)
        return f": {reason or 'it is new, or not below an indexed folder'}"

    def _checked_encoder(self) -> Encoder:
        """Return the encoder if its model is the one that made the index."""
        record = self.store.manifest.model
        encoder = self._open_encoder()
        if encoder.fingerprint == record.fingerprint and len(record.probe) == encoder.dimension:
            vector = encoder.embed_sentences([PROBE_SENTENCE])[0].tolist()
            if sum(map(mul, vector, record.probe)) >= _PROBE_COSINE:
                return encoder
        message = f"the index was made with another {record.name} than the one installed"
        hint = "askdocs index --rebuild, or ask with --mode lexical"
        raise UnusableIndexError(message, hint=hint)

    def _open_encoder(self) -> Encoder:
        encoder = None if self._opening is None else self._opening.result()
        if encoder is not None:
            return encoder
        record = self.store.manifest.model
        try:
            model = locate_model(record.name, base=self.store.base, revision=record.revision)
            return open_encoder(model, cache=self._cache, notify=self._notify)
        except (ModelError, ModuleNotFoundError) as error:
            if not carried_encoders(self._directory):
                raise
            carried = f"the encoder that {self._directory} carries cannot be used"
            hint = "askdocs index --portable where the model is installed, or --mode lexical"
            raise ModelError(f"{carried}, and no other is here: {error}", hint=hint) from error
