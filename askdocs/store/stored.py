"""The documents and passages of a segment, each a line of JSON."""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from functools import cache
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from askdocs.disk import access, durable
from askdocs.records.blocks import paragraph_spans
from askdocs.records.spans import BlockKind, Document, Part, Passage, StoredPassage
from askdocs.store.arrays import boundaries_of, npys, read_arrays
from askdocs.store.partition import DOCUMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from askdocs.disk.verified import VerifiedFile
    from askdocs.errors import DamagedFileError
    from askdocs.records.blocks import ParsedText
    from askdocs.records.manifest import FileRecord
    from askdocs.store.arrays import VerifiedArray
    from askdocs.store.protocol import Ids

PASSAGES = "passages.jsonl"
TABLES = "tables.npys"

_COPIED_LINES = 4096
# Surrogates, except those that stand for bytes that are not UTF-8.
_NO_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class TextWriter:
    """Writes documents, added in order of their paths, with their passages."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / TABLES
        self._documents = _LinesWriter(directory / DOCUMENTS)
        self._passages = _LinesWriter(directory / PASSAGES)
        self._digests = array("q")
        self._blocks = array("q")
        self._spans = array("q")
        self._last_path: str | None = None

    @property
    def passages(self) -> int:
        """How many passages were added so far."""
        return len(self._passages.lengths)

    def add(self, path: str, sha256: str, parsed: ParsedText, passages: Sequence[Passage]) -> None:
        """Add the next document with all its passages in order; see `SegmentWriter.add`."""
        self._begin_at(path)
        # Escaped, because a path may hold what UTF-8 cannot encode.
        self._documents.add(json.dumps([path, sha256]).encode("ascii"), len(passages))
        self._blocks.append(len(parsed.blocks))
        self._spans.extend(chain.from_iterable(paragraph_spans(parsed)))
        end = 0
        for passage in passages:
            fields = _fields(passage, parsed.text[end : passage.chars[0]])
            line = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
            self._passages.add(line.encode(), len(passage.sentences))
            self._digests.append(text_digest(passage.plain))
            end = passage.chars[1]

    def copy(self, source: TextReader, first: int, last: int) -> None:
        """Copy documents of another segment, from number `first` up to `last`, unchanged."""
        self._begin_at(source.path(first))
        passages = source.passages_between(first, last)
        self._documents.copy(source.documents, first, last)
        self._passages.copy(source.passages, *passages)
        self._digests.extend(source.digests.rows(*passages).tolist())
        blocks = source.blocks.rows(first, last + 1)
        self._blocks.extend(np.diff(blocks).tolist())
        self._spans.extend(source.spans.rows(*blocks[[0, -1]].tolist()).ravel().tolist())
        self._last_path = source.path(last - 1)

    def finish(self) -> dict[str, FileRecord]:
        """Make the files durable and return their records by their names."""
        documents, passages = self._documents, self._passages
        tables = (documents.lengths, passages.lengths, documents.counts, passages.counts)
        spans = np.array(self._spans, np.int64).reshape(-1, 2)
        arrays = [
            *map(boundaries_of, (*tables, self._blocks)),
            np.array(self._digests, np.int64),
            spans,
        ]
        records = {**documents.file.finish(), **passages.file.finish()}
        return {**records, **durable.write_index_file(self._path, npys(arrays))}

    def abort(self) -> None:
        """Close the files; what was written so far is useless."""
        self._documents.file.abort()
        self._passages.file.abort()

    def _begin_at(self, path: str) -> None:
        if self._last_path is not None and path <= self._last_path:
            raise ValueError(f"must come in order, got {path!r} after {self._last_path!r}")
        self._last_path = path


class TextReader:
    """Reads the documents and passages of a segment, both numbered from 0.

    Attributes:
        documents: The lines of documents, each with its passages.
        passages: The lines of passages, each with its sentences.
        blocks: The number of the first block of each document, then their total.
        digests: The digest of each passage's text; see `text_digest`.
        spans: The span of each block in its document's text.
        sentences: How many sentences there are.
        path: Returns the path of a document by its number.

    Raises:
        ValueError: The tables are not those of a segment.
    """

    def __init__(self, open_file: Callable[[str], VerifiedFile]) -> None:
        tables = read_arrays(open_file(TABLES), "i8 i8 i8 i8 i8 i8 i8[]")
        lengths = [len(table) for table in tables]
        documents, passages = lengths[:2]
        if lengths[2:6] != [documents, passages, documents, passages - 1]:
            raise ValueError(f"its tables do not fit each other: they have {lengths} rows")
        self.documents = Lines(open_file(DOCUMENTS), tables[0], tables[2])
        self.passages = Lines(open_file(PASSAGES), tables[1], tables[3])
        self.blocks, self.digests, self.spans = tables[4:]
        self.sentences = int(tables[3].rows(len(tables[3]) - 1, len(tables[3]))[0])
        # Searches for paths visit the same documents again.
        self.path = cache(lambda number: self._names(np.array([number]))[0][0])

    def prepare(self) -> None:
        """Open the files now, which verifies small ones."""
        for lines in (self.documents, self.passages):
            lines.read(0, 0)

    def find(self, path: str) -> int | None:
        """Return the number of the document at a path; None if there is none."""
        number = bisect_left(range(len(self.documents)), path, key=self.path)
        return number if number < len(self.documents) and self.path(number) == path else None

    def paths(self) -> list[tuple[str, str]]:
        """Return the path and digest of every document, in order of path."""
        return self._names(np.arange(len(self.documents)))

    def passages_between(self, first: int, last: int) -> tuple[int, int]:
        """Return the range of the passages of documents from `first` up to `last`."""
        return _between(self.documents.firsts, first, last, len(self.passages))

    def sentences_between(self, first: int, last: int) -> tuple[int, int]:
        """Return the range of the sentences of passages from `first` up to `last`."""
        return _between(self.passages.firsts, first, last, self.sentences)

    def first_sentences(self) -> Ids:
        """Return the first sentence of each passage, then the number of sentences."""
        firsts: Ids = self.passages.firsts.boundaries(self.sentences)
        return firsts

    def stored(
        self, numbers: Ids, *, first_passage: int, first_sentence: int
    ) -> Iterator[StoredPassage]:
        """Yield some passages in order; the ids are those of the segment's first ones."""
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
            path, sha256 = names[place]
            passage = self._passage(fields, count)
            yield StoredPassage(
                id=number, path=path, sha256=sha256, first_sentence=sentence, passage=passage
            )

    def document(self, number: int) -> Document:
        """Return a document as it was indexed, up to the end of its last passage."""
        text = self._text(number)
        first, last = self.blocks.rows(number, number + 2).tolist()
        spans = self.spans.rows(first, last).tolist()
        paragraphs = tuple((start, end) for start, end in spans if end <= len(text))
        return Document(path=self.path(number), text=text, paragraphs=paragraphs)

    def _text(self, number: int) -> str:
        numbers = np.arange(*self.passages_between(number, number + 1))
        parts = [part for fields in self.passages.parse(numbers) for part in fields[:2]]
        if not all(isinstance(part, str) for part in parts):
            raise self.passages.damaged("the text of a passage is not a string")
        return "".join(parts)

    def sentences_of(self, numbers: Ids) -> tuple[Ids, Ids]:
        """Return the first sentence of each of some passages and how many it has."""
        table = self.passages.firsts
        firsts, ends = table.take(numbers), table.take(numbers + 1)
        if len(numbers) and not (
            firsts.min() >= 0 and ends.max() <= self.sentences and (firsts <= ends).all()
        ):
            raise table.damaged("its sentences do not follow one another")
        return firsts, ends - firsts

    def _names(self, numbers: Ids) -> list[tuple[str, str]]:
        """Return the path and digest of some documents, in the order of the numbers."""
        names = [tuple(fields) for fields in self.documents.parse(numbers)]
        for fields in names:
            if len(fields) != 2 or not all(map(_is_name, fields)):  # noqa: PLR2004
                raise self.documents.damaged("a document is not a path with a digest")
        return names

    def _passage(self, fields: list[Any], sentences: int) -> Passage:
        """Return the passage of a line, which must have that many sentences."""
        try:
            passage = _passage(fields)
        except (TypeError, ValueError) as error:
            raise self.passages.damaged(f"a passage cannot be read: {error}") from error
        if (count := len(passage.sentences)) != sentences:
            raise self.passages.damaged(f"a passage has {count} sentences, expected {sentences}")
        return passage


class Lines:
    """A file of lines with its tables.

    Attributes:
        offsets: Where each line begins, then where the last one ends.
        firsts: The number of the first passage or sentence of each line, then their total.
    """

    def __init__(self, file: VerifiedFile, offsets: VerifiedArray, firsts: VerifiedArray) -> None:
        self.offsets = offsets
        self.firsts = firsts
        self._file = file

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def read(self, first: int, last: int) -> memoryview:
        """Return the bytes of consecutive lines."""
        start, end = self.offsets.rows(first, last + 1)[[0, -1]].tolist()
        return self._file.read(start, end)

    def parse(self, numbers: Ids) -> list[list[Any]]:
        """Return the arrays in some lines, in the order of the numbers.

        Raises:
            DamagedFileError: A line is not a JSON array: another program wrote the verified bytes.
        """
        starts = self.offsets.take(numbers).tolist()
        ends = self.offsets.take(numbers + 1).tolist()
        # Parsing them as one array takes half the time of one line after the other.
        lines = b",".join(map(self._file.read, starts, ends))
        try:
            arrays: list[list[Any]] = json.loads(b"[%b]" % lines)
        except (ValueError, RecursionError) as error:
            raise access.damaged(self._file.path, error) from error
        if len(arrays) != len(starts) or not all(isinstance(fields, list) for fields in arrays):
            raise self.damaged("a line is not a JSON array")
        return arrays

    def damaged(self, reason: str) -> DamagedFileError:
        """Return the error for lines that were verified and cannot be used."""
        return access.damaged(self._file.path, reason)


class _LinesWriter:
    """Writes lines and keeps the length of each and the number of its passages or sentences."""

    def __init__(self, path: Path) -> None:
        self.file = durable.FileWriter(path)
        self.lengths = array("q")
        self.counts = array("q")

    def add(self, line: bytes, count: int) -> None:
        """Add the next line, without its end."""
        self.file.write(line + b"\n")
        self.lengths.append(len(line) + 1)
        self.counts.append(count)

    def copy(self, source: Lines, first: int, last: int) -> None:
        """Copy consecutive lines of another file."""
        self.lengths.extend(np.diff(source.offsets.rows(first, last + 1)).tolist())
        self.counts.extend(np.diff(source.firsts.rows(first, last + 1)).tolist())
        for start in range(first, last, _COPIED_LINES):
            self.file.write(source.read(start, min(start + _COPIED_LINES, last)))


def text_digest(text: str) -> int:
    """Return a number from -2^63 up to 2^63 that equal texts share and different ones do not."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


def _is_name(field: object) -> bool:
    """Return True for a text that can name a file, even one whose bytes are not UTF-8."""
    return isinstance(field, str) and (field.isascii() or not _NO_BYTES.search(field))


def _between(firsts: VerifiedArray, first: int, last: int, total: int) -> tuple[int, int]:
    start, end = firsts.rows(first, last + 1)[[0, -1]].tolist()
    if not 0 <= start <= end <= total:
        raise firsts.damaged(f"{start} to {end} are not within 0 to {total}")
    return start, end


def _fields(passage: Passage, gap: str) -> list[object]:
    """Return the fields of a passage's line.

    The gap is what stands before it, so that gaps and texts together are the document. The reader's
    text is left out where it is the text, and so are fields at the end that have their defaults.
    """
    start = passage.chars[0]
    sentences = [(first - start, last - start) for first, last in passage.sentences]
    is_literal = passage.plain == passage.text and list(passage.readings) == sentences
    numbers = passage.paragraphs, passage.lines, passage.offsets, sentences
    parts = [(_KINDS.index(kind), *place) for kind, *place in passage.parts]
    plain, readings = (None, None) if is_literal else (passage.plain, passage.readings)
    rest = [parts, plain, readings, passage.lead, passage.pages, passage.cell]
    while rest and not rest[-1]:
        del rest[-1]
    return [gap, passage.text, start, *numbers, passage.headings, *rest]


def _passage(fields: list[Any]) -> Passage:
    _, text, start, paragraphs, lines, offsets, sentences, headings, *rest = fields
    parts, plain, readings, lead, pages, cell = [*rest, *_DEFAULTS[len(rest) :]]
    plain, readings = (text, sentences) if plain is None else (plain, readings)
    if not all(isinstance(value, str) for value in (text, plain, lead, *headings)):
        raise TypeError("its text or a heading is not a string")
    return Passage(
        chars=(start, start + len(text)),
        paragraphs=_pair(paragraphs),
        lines=_pair(lines),
        text=text,
        offsets=None if offsets is None else _pair(offsets),
        sentences=tuple([_pair((start + first, start + last)) for first, last in sentences]),
        headings=tuple(headings),
        plain=plain,
        readings=tuple(map(_pair, readings)),
        parts=tuple(Part(_KINDS[kind], level, *_pair(chars)) for kind, level, *chars in parts),
        lead=lead,
        pages=None if pages is None else _pair(pages),
        cell=cell,
    )


_KINDS = tuple(BlockKind)
_DEFAULTS: tuple[Any, ...] = ([], None, None, "", None, 0)


def _pair(values: Sequence[int]) -> tuple[int, int]:
    first, last = values
    if type(first) is not int or type(last) is not int:
        raise TypeError(f"{values!r} are not whole numbers")
    return first, last
