"""The documents and passages of a segment, each a line of JSON."""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from askdocs.disk import access, durable
from askdocs.records.spans import Passage, StoredPassage
from askdocs.store.arrays import npys, offsets, read_arrays, require_types
from askdocs.store.partition import DOCUMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.disk.verified import VerifiedFile
    from askdocs.errors import DamagedFileError
    from askdocs.records.manifest import FileRecord
    from askdocs.store.arrays import VerifiedArray


_COPIED_LINES = 4096


class LinesWriter:
    """Writes lines, and remembers how long they are and how much belongs to each.

    Attributes:
        file: What is written.
        lengths: How many bytes each line has.
        counts: How many things belong to each line.
    """

    def __init__(self, path: Path) -> None:
        """Make the file."""
        self.file = durable.FileWriter(path)
        self.lengths = array("q")
        self.counts = array("q")

    def add(self, line: bytes, count: int) -> None:
        """Add the next line, given without its end."""
        self.file.write(line + b"\n")
        self.lengths.append(len(line) + 1)
        self.counts.append(count)

    def copy(self, source: Lines, first: int, last: int) -> None:
        """Add consecutive lines of another file as they stand there."""
        self.lengths.extend(np.diff(source.offsets.rows(first, last + 1)).tolist())
        self.counts.extend(np.diff(source.firsts.rows(first, last + 1)).tolist())
        for start in range(first, last, _COPIED_LINES):
            self.file.write(source.read(start, min(start + _COPIED_LINES, last)))


class Lines:
    """A file of lines with its tables.

    Attributes:
        offsets: Where each line begins, and where the last one ends.
        firsts: The number of the first thing that belongs to each line, and behind the last one.
    """

    def __init__(self, file: VerifiedFile, offsets: VerifiedArray, firsts: VerifiedArray) -> None:
        """Read nothing yet."""
        self.offsets = offsets
        self.firsts = firsts
        self._file = file

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.offsets) - 1

    def read(self, first: int, last: int) -> memoryview:
        """The bytes of consecutive lines."""
        start, end = self.offsets.rows(first, last + 1)[[0, -1]].tolist()
        return self._file.read(start, end)

    def parse(self, numbers: NDArray[np.int64]) -> list[list[Any]]:
        """What some lines say, in the order asked for.

        Raises:
            DamagedFileError: They are no arrays of JSON; they were verified, so another program
                wrote them.
        """
        starts = self.offsets.take(numbers).tolist()
        ends = self.offsets.take(numbers + 1).tolist()
        # As one array: that takes half the time of one line after the other.
        lines = b",".join(map(self._file.read, starts, ends))
        try:
            found: list[list[Any]] = json.loads(b"[%b]" % lines)
        except (ValueError, RecursionError) as error:
            raise access.damaged(self._file.path, error) from error
        if len(found) != len(starts) or not all(isinstance(one, list) for one in found):
            raise self.damaged("a line is no array of JSON")
        return found

    def damaged(self, reason: str) -> DamagedFileError:
        """The error for lines that were verified and make no sense."""
        return access.damaged(self._file.path, reason)


PASSAGES = "passages.jsonl"
TABLES = "tables.npys"

# Halves of characters but for those that stand for bytes that are no UTF-8.
_NO_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


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
            **durable.write_index_file(
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
        require_types(tables, "i8 i8 i8 i8 i8")
        lengths = [len(one) for one in tables]
        if lengths != [lengths[0], lengths[1], lengths[0], lengths[1], lengths[1] - 1]:
            raise ValueError(f"no tables belong together that have {lengths} rows")
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
        return self._names(every)

    def passages_between(self, first: int, last: int) -> tuple[int, int]:
        """The passages of consecutive documents: the first one, and the one behind the last."""
        return _between(self.documents.firsts, first, last, len(self.passages))

    def sentences_between(self, first: int, last: int) -> tuple[int, int]:
        """The sentences of consecutive passages: the first one, and the one behind the last."""
        return _between(self.passages.firsts, first, last, self.sentences)

    def first_sentences(self) -> NDArray[np.int64]:
        """The first sentence of each passage, and behind the last one how many there are."""
        found: NDArray[np.int64] = self.passages.firsts.boundaries(self.sentences)
        return found

    def stored(
        self, numbers: NDArray[np.int64], *, first_passage: int, first_sentence: int
    ) -> Iterator[StoredPassage]:
        """Some passages, in the order asked for.

        Args:
            numbers: The passages.
            first_passage: What their ids count from.
            first_sentence: What the ids of their sentences count from.
        """
        firsts = self.documents.firsts.boundaries(len(self.passages))
        owners = np.searchsorted(firsts, numbers, side="right") - 1
        documents, places = np.unique(owners, return_inverse=True)
        names = self._names(documents)
        sentences, counts = self.sentences_of(numbers)
        for number, place, sentence, count, fields in zip(
            (numbers + first_passage).tolist(),
            places.tolist(),
            (sentences + first_sentence).tolist(),
            counts.tolist(),
            self.passages.parse(numbers),
            strict=True,
        ):
            path, encoding = names[place]
            yield StoredPassage(
                id=number,
                path=path,
                encoding=encoding,
                first_sentence=sentence,
                passage=self._passage(fields, count),
            )

    def text(self, number: int) -> str:
        """A document's text as it was indexed, up to its last passage."""
        numbers = np.arange(*self.passages_between(number, number + 1))
        parts = [part for fields in self.passages.parse(numbers) for part in fields[:2]]
        if not all(isinstance(part, str) for part in parts):
            raise self.passages.damaged("a passage is no text")
        return "".join(parts)

    def sentences_of(
        self, numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first sentence of each of some passages and how many it has."""
        table = self.passages.firsts
        firsts = table.take(numbers)
        ends = table.take(numbers + 1)
        if len(numbers) and not (
            firsts.min() >= 0 and ends.max() <= self.sentences and (firsts <= ends).all()
        ):
            raise table.damaged("its sentences do not follow one another")
        return firsts, ends - firsts

    def _path(self, number: int) -> str:
        [(path, _)] = self._names(np.array([number]))
        return path

    def _names(self, numbers: NDArray[np.int64]) -> list[tuple[str, str]]:
        """Path and encoding of some documents, in the order asked for."""
        found = [tuple(fields) for fields in self.documents.parse(numbers)]
        for fields in found:
            if len(fields) != 2 or not all(map(_is_name, fields)):  # noqa: PLR2004
                raise self.documents.damaged("a document is no path with an encoding")
        return found

    def _passage(self, fields: list[Any], sentences: int) -> Passage:
        """The passage of a line, which must have so many sentences."""
        try:
            passage = _passage(fields)
        except (TypeError, ValueError) as error:
            raise self.passages.damaged(f"a passage makes no sense: {error}") from error
        if len(passage.sentences) != sentences:
            raise self.passages.damaged("a passage has not as many sentences as its table says")
        return passage


def _is_name(field: object) -> bool:
    """Whether it is a text that can be the name of a file."""
    # Whatever the bytes of a name are, Python has a text for them that has them again.
    return isinstance(field, str) and (field.isascii() or not _NO_BYTES.search(field))


def _between(firsts: VerifiedArray, first: int, last: int, total: int) -> tuple[int, int]:
    """What belongs to consecutive lines: the first thing, and the one behind the last."""
    start, end = firsts.rows(first, last + 1)[[0, -1]].tolist()
    if not 0 <= start <= end <= total:
        raise firsts.damaged(f"{start} to {end} are not among {total}")
    return start, end


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
    if not isinstance(text, str) or not all(isinstance(heading, str) for heading in headings):
        raise TypeError("its text is none")
    return Passage(
        chars=(start, start + len(text)),
        paragraphs=_pair(paragraphs),
        lines=_pair(lines),
        text=text,
        offsets=None if offsets is None else _pair(offsets),
        sentences=tuple([_pair((start + first, start + last)) for first, last in sentences]),
        headings=tuple(headings),
    )


def _pair(values: Sequence[int]) -> tuple[int, int]:
    first, last = values
    if type(first) is not int or type(last) is not int:
        raise TypeError(f"{values!r} are no numbers")
    return first, last
