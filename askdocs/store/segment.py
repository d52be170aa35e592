"""One segment: the files that hold some of the documents of a generation."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from askdocs.disk import access, durable
from askdocs.store.analysis import analyse
from askdocs.store.arrays import read_arrays, require_types
from askdocs.store.bm25 import PostingsReader, PostingsWriter
from askdocs.store.dense import FLAT, FlatReader
from askdocs.store.stored import TABLES, TextReader, TextWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from askdocs.disk.verified import VerifiedFile
    from askdocs.records.manifest import FileRecord
    from askdocs.records.spans import Passage
    from askdocs.store.lists import SegmentLists
    from askdocs.store.local import GenerationReader
    from askdocs.store.protocol import Vectors
    from askdocs.store.writer import VectorsWriter


_Parsed = TypeVar("_Parsed")

LEXICAL = "lexical.npys"
LISTS = "dense.npys"


class SegmentReader:
    """Reads a segment; each file is opened by its first use.

    Documents, passages and sentences are numbered from 0. Every attribute raises DamagedIndexError
    if its file is not what the manifest says, or does not belong to the segment.

    Attributes:
        texts: Its documents and passages.
    """

    def __init__(self, opened: Callable[[str], VerifiedFile]) -> None:
        """Read how much there is.

        Args:
            opened: Opens a file of the segment by its name.
        """
        self._opened = opened
        self.texts = _parsed(lambda _: TextReader(opened), opened(TABLES))

    @cached_property
    def postings(self) -> PostingsReader:
        """The inverted index."""
        file = self._opened(LEXICAL)
        postings = _parsed(PostingsReader, file)
        _require_equal(file, "passages", len(postings.lengths), len(self.texts.passages))
        return postings

    @cached_property
    def flat(self) -> FlatReader:
        """The vectors, if the index has no codebook."""
        file = self._opened(FLAT)
        vectors = _parsed(FlatReader, file)
        _require_equal(file, "sentences", len(vectors), self.texts.sentences)
        return vectors

    @cached_property
    def lists(self) -> SegmentLists:
        """The inverted lists, if the index has a codebook."""
        file = self._opened(LISTS)
        lists = _parsed(_lists, file)
        _require_equal(file, "sentences", len(lists.sentences), self.texts.sentences)
        return lists


class SegmentWriter:
    """Writes documents, added in order of their paths, into a new segment."""

    def __init__(self, directory: Path, vectors: VectorsWriter) -> None:
        """Begin a segment in an existing folder.

        Args:
            directory: Where to write.
            vectors: Takes the vectors.
        """
        self.sentences = 0
        self._directory = directory
        self._texts = TextWriter(directory)
        self._postings = PostingsWriter()
        self._vectors = vectors

    @property
    def passages(self) -> int:
        """How many passages were added so far."""
        return self._texts.passages

    def add(
        self, path: str, encoding: str, text: str, passages: Sequence[Passage], vectors: Vectors
    ) -> None:
        """Add the next document.

        Args:
            path: Greater than every path before it.
            encoding: The codec that decoded it.
            text: The decoded text.
            passages: Its passages in order.
            vectors: The vectors of their sentences, shape (sentences, dimension).

        Raises:
            ValueError: The path is not greater than the one before it, or the number of vectors is
                not that of the sentences.
        """
        sentences = sum(len(passage.sentences) for passage in passages)
        if len(vectors) != sentences:
            raise ValueError(f"must have one vector for each sentence, got {len(vectors)}")
        self._texts.add(path, encoding, text, passages)
        self._vectors.add(vectors)
        self.sentences += sentences
        for passage in passages:
            self._postings.add(analyse(passage.text))

    def copy(self, source: GenerationReader, segment: int, first: int, last: int) -> None:
        """Copy consecutive documents of another generation without analysing them again.

        Args:
            source: The other generation.
            segment: The number of the segment that they are in.
            first: The number of the first document there.
            last: The number after that of the last one, above `first`.

        Raises:
            ValueError: The first path is not greater than the one before it.
        """
        old = source.segments[segment]
        passages = old.texts.passages_between(first, last)
        sentences = old.texts.sentences_between(*passages)
        self._texts.copy(old.texts, first, last)
        self._postings.copy(old.postings, *passages)
        self._vectors.copy(source, segment, *sentences)
        self.sentences += sentences[1] - sentences[0]

    def finish(self) -> dict[str, FileRecord]:
        """Make the files durable and return their records by their names."""
        return {
            **self._texts.finish(),
            **durable.write_index_file(self._directory / LEXICAL, self._postings.pieces()),
            **self._vectors.finish(self._directory),
        }

    def abort(self) -> None:
        """Close the files; what was written so far is useless."""
        self._texts.abort()


def _lists(file: VerifiedFile) -> SegmentLists:
    # Most indexes have none.
    from askdocs.store.lists import SegmentLists

    offsets, sentences, positions, codes = read_arrays(file, 4)
    require_types([offsets, sentences, positions], "i8 i4 i4")
    if codes.dtype.str != "|u1":
        raise ValueError(f"its codes have the type {codes.dtype.str}, expected |u1")
    return SegmentLists(offsets=offsets, sentences=sentences, positions=positions, codes=codes)


def _require_equal(file: VerifiedFile, what: str, count: int, expected: int) -> None:
    """Raise an error for the file of another segment."""
    if count != expected:
        raise access.damaged(file.path, f"it has {count} {what}, expected {expected}")


def _parsed(parse: Callable[[VerifiedFile], _Parsed], file: VerifiedFile) -> _Parsed:
    """Parse a file of verified bytes, which fails only if another program wrote the index."""
    try:
        return parse(file)
    except ValueError as error:
        raise access.damaged(file.path, error) from error
