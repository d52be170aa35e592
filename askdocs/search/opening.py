"""An index open for questions, whichever generation is current."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Self, TypeVar

from askdocs.datamodel import CitedText, Mode, Question, Ranking
from askdocs.errors import DamagedIndexError
from askdocs.index import Generation, current_digest
from askdocs.search.opened import Opened
from askdocs.search.questions import grouped
from askdocs.search.wanted import Wanted, checked_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from askdocs.embedding import Reranker

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
        from askdocs.search.answering import Answering

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
