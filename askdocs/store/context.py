"""What is searched with every passage of a section: headings, title, file name, aliases."""

from __future__ import annotations

import re
import string
from array import array
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from askdocs.records.spans import BlockKind
from askdocs.store.analysis import analyse
from askdocs.store.arrays import npys
from askdocs.store.bm25 import PostingsReader, PostingsWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from askdocs.disk.verified import VerifiedFile
    from askdocs.records.spans import Passage
    from askdocs.store.protocol import Ids

_NAME_PART = re.compile(r"[^\W_]+")
# Many more than the tokens that encoders read of it. A heading may have a million.
_MOST_CONTEXT_CHARS = 2000
_AROUND = f".{string.whitespace}"
# Many folders have a file of these names.
_COMMON_NAMES = frozenset({"readme", "index", "main", "untitled", "document", "notes"})


def body_terms(passage: Passage) -> list[str]:
    """Return the terms of a passage without its headings, which are its context."""
    return [
        term
        for kind, _, start, end in passage.parts
        if kind != BlockKind.HEADING
        for term in analyse(passage.plain[start:end])
    ]


def context_terms(
    path: str, document: Sequence[str], passages: Sequence[Passage]
) -> list[list[str]]:
    """Return the terms of the context of each passage of a document.

    The context is the headings, the lead, the file's name and what the document says of itself,
    each text once.
    """
    common = [*document, name_of(path)]
    contexts = [(*passage.headings, *common, passage.lead) for passage in passages]
    terms = {context: analyse("\n".join(dict.fromkeys(context))) for context in set(contexts)}
    return [terms[context] for context in contexts]


def context_text(path: str, document: Sequence[str], passage: Passage) -> str:
    """Return what is read before a passage when its tokens are embedded.

    It is the headings, or where there are none the title of the document or the file's name, and
    then the lead; of a long one the end.
    """
    above = passage.headings or document[:1] or (name_of(path),)
    texts = [text.strip(_AROUND) for text in (*above, passage.lead)]
    return ". ".join(filter(None, texts))[-_MOST_CONTEXT_CHARS:]


def body_sentences(passage: Passage) -> tuple[str, ...]:
    """Return the sentences of a passage; empty texts for its headings, which are its context.

    A passage of nothing but headings keeps them.
    """
    headings = [(start, end) for kind, _, start, end in passage.parts if kind == BlockKind.HEADING]
    body = tuple(
        "" if any(first <= start and end <= last for first, last in headings) else text
        for (start, end), text in zip(passage.readings, passage.plain_sentences, strict=True)
    )
    return body if any(body) else tuple(passage.plain_sentences)


def name_of(path: str) -> str:
    """Return the words of a file's name; empty if it is made of digits or hashes, or common."""
    words = _NAME_PART.findall(PurePosixPath(path).stem)
    telling = [word for word in words if word.isalpha() and word.lower() not in _COMMON_NAMES]
    return " ".join(telling)


class ContextWriter:
    """Collects the contexts of passages; consecutive passages with the same one share it."""

    def __init__(self) -> None:
        self._postings = PostingsWriter()
        self._sections = array("i")
        self._count = 0

    def add(self, contexts: Sequence[list[str]]) -> None:
        """Add the contexts of the passages of the next document."""
        last: list[str] | None = None
        for terms in contexts:
            if terms != last:
                self._postings.add(terms)
                self._count += 1
                last = terms
            self._sections.append(self._count - 1)

    def copy(self, source: ContextReader, first: int, last: int) -> None:
        """Copy the contexts of passages of another segment, from number `first` up to `last`."""
        sections = source.section_of_passages()[first:last]
        if len(sections):
            begin, end = int(sections[0]), int(sections[-1]) + 1
            self._postings.copy(source.postings, begin, end)
            self._sections.extend((sections - begin + self._count).tolist())
            self._count += end - begin

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield the file: the inverted index of the sections, then the section of each passage."""
        yield from self._postings.pieces()
        yield from npys([np.array(self._sections, np.int32)])


class ContextReader:
    """The contexts of a segment.

    Attributes:
        postings: The inverted index of the sections.
        sections: The section of each passage, which rises from 0.
    """

    def __init__(self, file: VerifiedFile) -> None:
        self.postings = PostingsReader(file, more="i4")
        (self.sections,) = self.postings.more
        self._is_checked = False

    def section_of_passages(self) -> Ids:
        """Return the section of each passage, shape (passages,)."""
        sections: Ids = self.sections.all()
        if not self._is_checked:
            is_rising = (np.diff(sections) >= 0).all() and (sections[:1] >= 0).all()
            if not is_rising or (sections[-1:] >= len(self.postings.lengths)).any():
                raise self.sections.damaged("the sections of its passages do not rise")
            # Each term of a question asks for them.
            self._is_checked = True
        return sections
