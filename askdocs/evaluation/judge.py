"""Whether a hit shows an answer."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Self

from askdocs.citations import resolve
from askdocs.errors import UsageError
from askdocs.records.results import Citation, Hit
from askdocs.text.document import read_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from askdocs.evaluation.questions import GivenAnswer
    from askdocs.records.spans import Document, Span
    from askdocs.search.index import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Where an answer stands in the indexed text.

    Attributes:
        path: Its document.
        spans: Every place where it stands, at least one.
    """

    path: str
    spans: tuple[Span, ...]

    def is_shown_by(self, hit: Hit) -> bool:
        """Whether a hit in the same document shares half of the shorter of the two spans."""
        # The answer was looked up in the indexed text, so the hit is taken from there as well.
        place = hit.indexed_place
        return self.is_shown_at(place.citation.path, place.chars)

    def is_shown_at(self, path: str, chars: Span) -> bool:
        """Whether a span of a document shares half of the shorter span with the answer."""
        return path == self.path and any(_share_half(chars, span) for span in self.spans)


class Judge:
    """Looks answers up in the text that an index holds.

    It is a context manager; leaving it gives the index's files back.
    """

    def __init__(self, index: Index) -> None:
        """Read nothing yet.

        Args:
            index: Open; the answers are looked up in the generation that it has now.
        """
        self._reader = index.generation.reader()
        self._paths = {path for path, _ in self._reader.documents()}
        self._document = lru_cache(maxsize=256)(self._read)

    def __enter__(self) -> Self:
        """The judge itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give all files back."""
        self._reader.close()

    def look_up(self, answer: GivenAnswer) -> Answer:
        """Find an answer in the indexed text.

        Raises:
            UsageError: The index has no such document, or several, or the document has no such
                paragraph, characters or text.
        """
        document = self._document(self._path(answer.file))
        return Answer(path=document.path, spans=tuple(_spans(answer, document)))

    def _path(self, file: str) -> str:
        if file in self._paths:
            return file
        found = sorted(path for path in self._paths if path.endswith(f"/{file}"))
        if len(found) != 1:
            said = f"no document {file}" if not found else f"{file} as {' and '.join(found)}"
            raise UsageError(f"the index has {said}", hint="askdocs status --documents")
        return found[0]

    def _read(self, path: str) -> Document:
        return read_document(path, self._reader.text_of(path))


def _spans(answer: GivenAnswer, document: Document) -> Iterator[Span]:
    match answer.where:
        case None:
            yield (0, len(document.text))
        case Citation() as citation:
            yield resolve(replace(citation, path=document.path), document).chars
        case str(text):
            yield from _occurrences(text, document)
        case (start, end):
            # The index does not keep the white space behind the last passage.
            held = document.text[start:end].rstrip()
            if not held or answer.text.rstrip() not in ("", held):
                wanted = repr(answer.text) if answer.text else "text"
                raise UsageError(
                    f"{document.path} does not hold {wanted} at characters {start} to {end}",
                    hint=_show(document),
                )
            yield (start, start + len(held))


def _occurrences(text: str, document: Document) -> Iterator[Span]:
    text = text.strip()
    start = document.text.find(text)
    if start < 0:
        raise UsageError(f"{document.path} does not hold {text!r}", hint=_show(document))
    while start >= 0:
        yield (start, start + len(text))
        start = document.text.find(text, start + 1)


def _show(document: Document) -> str:
    return f"askdocs show {shlex.quote(f'{document.path}#p1')}"


def _share_half(one: Span, other: Span) -> bool:
    shorter = min(one[1] - one[0], other[1] - other[0])
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared * 2 >= shorter > 0
