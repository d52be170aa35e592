"""The documents and passages of a segment, each a line of JSON."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from askdocs import files
from askdocs.datamodel import Passage, StoredPassage
from askdocs.store.arrays import npys, offsets, read_arrays
from askdocs.store.lines import Lines, LinesWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.datamodel import FileRecord
    from askdocs.files import VerifiedFile

DOCUMENTS = "documents.jsonl"
PASSAGES = "passages.jsonl"
TABLES = "tables.npys"


class TextWriter:
    """Writes documents, given in order of their paths, with their passages."""

    def __init__(self, directory: Path) -> None:
        """Begin the files of a segment in an existing folder."""
        self._path = directory / TABLES
        self._documents = LinesWriter(directory / DOCUMENTS)
        self._passages = LinesWriter(directory / PASSAGES)
        self._digests = array("q")
        self._last_path: str | None = None

    @property
    def passages(self) -> int:
        """How many passages were added so far."""
        return len(self._passages.lengths)

    def add(self, path: str, encoding: str, text: str, passages: Sequence[Passage]) -> None:
        """Add the next document, with all its passages in order.

        Raises:
            ValueError: The path is not greater than the one before it.
        """
        self._begin_at(path)
        # Escaped: a path may hold what UTF-8 cannot encode.
        self._documents.add(json.dumps([path, encoding]).encode("ascii"), len(passages))
        end = 0
        for passage in passages:
            fields = _fields(passage, text[end : passage.chars[0]])
            line = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
            self._passages.add(line.encode(), len(passage.sentences))
            self._digests.append(text_digest(passage.text))
            end = passage.chars[1]

    def copy(self, source: TextReader, first: int, last: int) -> None:
        """Add consecutive documents of another segment as they stand there.

        Args:
            source: That segment.
            first: The number of the first document there, from 0.
            last: The number behind the last one, above `first`.

        Raises:
            ValueError: The first path is not greater than the one before it.
        """
        self._begin_at(source.path(first))
        passages = source.passages_between(first, last)
        self._documents.copy(source.documents, first, last)
        self._passages.copy(source.passages, *passages)
        self._digests.extend(source.digests.rows(*passages).tolist())
        self._last_path = source.path(last - 1)

    def finish(self) -> dict[str, FileRecord]:
        """Make the files durable and say what each of them must be."""
        tables = (
            self._documents.lengths,
            self._passages.lengths,
            self._documents.counts,
            self._passages.counts,
        )
        return {
            **self._documents.file.finish(),
            **self._passages.file.finish(),
            **files.write_index_file(
                self._path, npys([*map(offsets, tables), np.array(self._digests, np.int64)])
            ),
        }

    def abort(self) -> None:
        """Give the files back; what was written so far is of no use."""
        self._documents.file.abort()
        self._passages.file.abort()

    def _begin_at(self, path: str) -> None:
        if self._last_path is not None and path <= self._last_path:
            raise ValueError(f"must come in order, got {path!r} after {self._last_path!r}")
        self._last_path = path


class TextReader:
    """Gives the documents and passages of a segment, both numbered from 0.

    Attributes:
        documents: The lines of documents, and the passages that belong to each.
        passages: The lines of passages, and the sentences that belong to each.
        digests: The digest of each passage's text; see `text_digest`.
        sentences: How many sentences there are.
        path: Gives the path of a document by its number.
    """

    def __init__(self, opened: Callable[[str], VerifiedFile]) -> None:
        """Read how much there is.

        Args:
            opened: Gives a file of the segment by its name.

        Raises:
            ValueError: The tables are none.
        """
        tables = read_arrays(opened(TABLES), 5)
        self.documents = Lines(opened(DOCUMENTS), tables[0], tables[2])
        self.passages = Lines(opened(PASSAGES), tables[1], tables[3])
        self.digests = tables[4]
        self.sentences = int(tables[3].rows(len(tables[3]) - 1, len(tables[3]))[0])
        # A search for a path meets the same ones again.
        self.path = cache(self._path)

    def prepare(self) -> None:
        """Open the files now; small ones are then verified."""
        for lines in (self.documents, self.passages):
            lines.read(0, 0)

    def find(self, path: str) -> int | None:
        """The number of the document at a path; None where there is none."""
        number = bisect_left(range(len(self.documents)), path, key=self.path)
        return number if number < len(self.documents) and self.path(number) == path else None

    def paths(self) -> list[tuple[str, str]]:
        """Path and encoding of every document, in order of path."""
        every = np.arange(len(self.documents))
        return [(path, encoding) for path, encoding in self.documents.parse(every)]

    def passages_between(self, first: int, last: int) -> tuple[int, int]:
        """The passages of consecutive documents: the first one, and the one behind the last."""
        start, end = self.documents.firsts.rows(first, last + 1)[[0, -1]].tolist()
        return start, end

    def sentences_between(self, first: int, last: int) -> tuple[int, int]:
        """The sentences of consecutive passages: the first one, and the one behind the last."""
        start, end = self.passages.firsts.rows(first, last + 1)[[0, -1]].tolist()
        return start, end

    def stored(
        self, numbers: NDArray[np.int64], *, first_passage: int, first_sentence: int
    ) -> Iterator[StoredPassage]:
        """Some passages, in the order asked for.

        Args:
            numbers: The passages.
            first_passage: What their ids count from.
            first_sentence: What the ids of their sentences count from.
        """
        owners = np.searchsorted(self.documents.firsts.all(), numbers, side="right") - 1
        documents, places = np.unique(owners, return_inverse=True)
        names = self.documents.parse(documents)
        sentences = self.passages.firsts.take(numbers) + first_sentence
        for number, place, sentence, fields in zip(
            (numbers + first_passage).tolist(),
            places.tolist(),
            sentences.tolist(),
            self.passages.parse(numbers),
            strict=True,
        ):
            path, encoding = names[place]
            yield StoredPassage(
                id=number,
                path=path,
                encoding=encoding,
                first_sentence=sentence,
                passage=_passage(fields),
            )

    def text(self, number: int) -> str:
        """A document's text as it was indexed, up to its last passage."""
        numbers = np.arange(*self.passages_between(number, number + 1))
        return "".join(part for fields in self.passages.parse(numbers) for part in fields[:2])

    def _path(self, number: int) -> str:
        [(path, _)] = self.documents.parse(np.array([number]))
        return str(path)


def text_digest(text: str) -> int:
    """A number from -2^63 up to 2^63 that equal texts share, and different ones do not."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


def _fields(passage: Passage, gap: str) -> list[object]:
    """What a passage's line says.

    The gap is the white space before it, so that gaps and texts together are the document.
    """
    start = passage.chars[0]
    return [
        gap,
        passage.text,
        start,
        passage.paragraphs,
        passage.lines,
        passage.offsets,
        [(first - start, last - start) for first, last in passage.sentences],
        passage.headings,
    ]


def _passage(fields: list[Any]) -> Passage:
    _, text, start, paragraphs, lines, offsets, sentences, headings = fields
    return Passage(
        chars=(start, start + len(text)),
        paragraphs=tuple(paragraphs),
        lines=tuple(lines),
        text=text,
        offsets=None if offsets is None else tuple(offsets),
        sentences=tuple([(start + first, start + last) for first, last in sentences]),
        headings=tuple(headings),
    )
