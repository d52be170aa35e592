"""A folder of documents, ready for every system to index."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.places import cache_directory
from askdocs.search.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from askdocs.records.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Documents, and what is made of them.

    Attributes:
        name: What tables call it.
        documents: The folder of the documents.
        work: The folder for what is made: the index, the paragraphs, the peers' stores.
    """

    name: str
    documents: Path
    work: Path

    @property
    def index(self) -> Path:
        """The index of askdocs."""
        return self.work / "vectors"

    @property
    def paragraphs(self) -> Path:
        """JSON lines with the text of each paragraph, for the peers."""
        return self.work / "paragraphs.jsonl"

    @property
    def questions(self) -> Path:
        """JSON lines with questions."""
        return self.work / "questions.jsonl"

    def store(self, name: str) -> Path:
        """The store of a peer."""
        return self.work / name


def refresh(corpus: Corpus) -> None:
    """Bring the index up to date and write the paragraphs that it is made of."""
    corpus.work.mkdir(parents=True, exist_ok=True)
    request = IndexRequest(index=corpus.index, paths=(corpus.documents,))
    build(request, cache=cache_directory(), notify=print)
    write_texts(corpus.paragraphs, (text for _, _, text in paragraphs(corpus)))


def paragraphs(corpus: Corpus) -> Iterator[tuple[str, Span, str]]:
    """Path, characters and text of every paragraph, in order, as askdocs numbers them."""
    with Index(corpus.index, cache=cache_directory(), notify=print) as index:
        reader = index.generation.reader()
        try:
            for path, _ in reader.documents():
                document = reader.document(path)
                for chars in document.paragraphs if document else ():
                    if chars[0] < chars[1]:
                        yield path, chars, document.text[slice(*chars)]
        finally:
            reader.close()


def write_texts(path: Path, texts: Iterable[str]) -> None:
    """Write JSON lines with `id`, from 0, and `text`."""
    with path.open("w", encoding="utf-8") as lines:
        for number, text in enumerate(texts):
            lines.write(json.dumps({"id": str(number), "text": text}) + "\n")


def write_questions(path: Path, texts: Sequence[str]) -> None:
    """Write questions that `askdocs ask --questions` and the peers both read."""
    with path.open("w", encoding="utf-8") as lines:
        for number, text in enumerate(texts):
            line = {"id": str(number), "question": text, "text": text}
            lines.write(json.dumps(line) + "\n")
