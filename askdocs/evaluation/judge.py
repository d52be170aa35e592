"""Locate known answers in the indexed text, and tell which hits show them."""

import shlex
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import lru_cache

from askdocs.citations import resolve
from askdocs.errors import UsageError
from askdocs.evaluation.questions import GivenAnswer
from askdocs.records.results import Citation, Hit
from askdocs.records.spans import Document, Span
from askdocs.search.index import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedAnswer:
    """An answer located in the indexed text: its document, and every span that holds it."""

    path: str
    spans: tuple[Span, ...]

    def is_shown_by(self, hit: Hit) -> bool:
        """Return True if a hit shows the answer; see `is_shown_at`."""
        # The answer was located in the indexed text, so use the hit's place there.
        place = hit.indexed_place
        return self.is_shown_at(place.citation.path, place.chars)

    def is_shown_at(self, path: str, chars: Span) -> bool:
        """Return True if a span of the document shares half of the shorter span with the answer."""
        return path == self.path and any(_share_half(chars, span) for span in self.spans)


class Judge(AbstractContextManager["Judge"]):
    """Locate answers in the text that an index holds; leaving it closes the files of the index."""

    def __init__(self, index: Index) -> None:
        """Pin the generation that an open index has now."""
        self._reader = index.generation.reader()
        self._paths = {path for path, _ in self._reader.documents()}
        self._document = lru_cache(maxsize=256)(self._read)

    def __exit__(self, *_: object) -> None:
        """Close all files."""
        self._reader.close()

    def look_up(self, answer: GivenAnswer) -> LocatedAnswer:
        """Locate an answer in the indexed text.

        Raises:
            UsageError: The index does not have the document, or has several that match, or the
                document does not have the paragraph, characters or text.
        """
        document = self._document(self._full_path(answer.file))
        return LocatedAnswer(path=document.path, spans=tuple(_spans(answer, document)))

    def _full_path(self, file: str) -> str:
        """Return the path of the document that has this path, or the only one that ends in it."""
        if file in self._paths:
            return file
        matches = sorted(path for path in self._paths if path.endswith(f"/{file}"))
        if len(matches) != 1:
            problem = f"{file} as {' and '.join(matches)}" if matches else f"no document {file}"
            raise UsageError(f"the index has {problem}", hint="askdocs status --documents")
        return matches[0]

    def _read(self, path: str) -> Document:
        return self._reader.document(path) or Document(path=path, text="", paragraphs=())


def _spans(answer: GivenAnswer, document: Document) -> Iterator[Span]:
    match answer.where:
        case None:
            yield (0, len(document.text))
        case Citation() as citation:
            yield resolve(replace(citation, path=document.path), document).chars
        case str(text):
            yield from _occurrences(text.strip(), document)
        case (start, end):
            # The index does not keep the white space after the last passage.
            text = document.text[start:end].rstrip()
            if not text or answer.text.rstrip() not in ("", text):
                expected = repr(answer.text) if answer.text else "text"
                raise _missing(f"{expected} at characters {start} to {end}", document)
            yield (start, start + len(text))


def _occurrences(text: str, document: Document) -> Iterator[Span]:
    start = document.text.find(text)
    if start < 0:
        raise _missing(repr(text), document)
    while start >= 0:
        yield (start, start + len(text))
        start = document.text.find(text, start + 1)


def _missing(expected: str, document: Document) -> UsageError:
    hint = f"askdocs show {shlex.quote(f'{document.path}#p1')}"
    return UsageError(f"{document.path} does not hold {expected}", hint=hint)


def _share_half(first: Span, second: Span) -> bool:
    shorter = min(first[1] - first[0], second[1] - second[0])
    shared = min(first[1], second[1]) - max(first[0], second[0])
    return shared * 2 >= shorter > 0
