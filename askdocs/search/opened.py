"""One generation of an index, open for questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs import files
from askdocs.citations import Sources, parse_citation, resolve, verify
from askdocs.datamodel import CitedText, DocumentStatus, Mode
from askdocs.documents import read_document
from askdocs.errors import UsageError
from askdocs.files import relative_root
from askdocs.index import open_generation
from askdocs.search.model import QuestionModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from askdocs.store import Reader


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
        from askdocs.search.selection import select_documents

        paths = [path for path, _ in self.reader.documents()]
        base = self.generation.base
        return select_documents(paths, patterns, base=base, current=files.current_folder())

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
