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

    import numpy as np
    from numpy.typing import NDArray

    from askdocs.disk.verified import VerifiedFile
    from askdocs.records.manifest import FileRecord
    from askdocs.records.spans import Passage
    from askdocs.store.lists import SegmentLists
    from askdocs.store.local import GenerationReader
    from askdocs.store.writer import VectorsWriter


_Parsed = TypeVar("_Parsed")

LEXICAL = "lexical.npys"
LISTS = "dense.npys"


class SegmentReader:
    """Reads a segment; each file is opened by its first use.

    Its documents, passages and sentences are numbered from 0.

    Attributes:
        texts: Its documents and passages.
    """

    def __init__(self, opened: Callable[[str], VerifiedFile]) -> None:
        """Read how much there is.

        Args:
            opened: Gives a file by its name.

        Raises:
            DamagedIndexError: The tables are not what the manifest says, or no tables.
        """
        self._opened = opened
        self.texts = _parsed(lambda _: TextReader(opened), opened(TABLES))

    @cached_property
    def postings(self) -> PostingsReader:
        """The inverted index."""
        file = self._opened(LEXICAL)
        found = _parsed(PostingsReader, file)
        _require_equal(file, "passages", len(found.lengths), len(self.texts.passages))
        return found

    @cached_property
    def flat(self) -> FlatReader:
        """The vectors, where the index has no codebook."""
        file = self._opened(FLAT)
        found = _parsed(FlatReader, file)
        _require_equal(file, "sentences", len(found), self.texts.sentences)
        return found

    @cached_property
    def lists(self) -> SegmentLists:
        """The inverted lists, where the index has a codebook."""
        file = self._opened(LISTS)
        found = _parsed(_lists, file)
        _require_equal(file, "sentences", found.sentences.shape[0], self.texts.sentences)
        return found


class SegmentWriter:
    """Writes documents, given in order of their paths, into a new segment."""

    def __init__(self, directory: Path, vectors: VectorsWriter) -> None:
        """Begin a segment in an existing folder.

        Args:
            directory: Where the files go.
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
        self,
        path: str,
        encoding: str,
        text: str,
        passages: Sequence[Passage],
        vectors: NDArray[np.float32],
    ) -> None:
        """Add the next document.

        Args:
            path: Greater than every path before it.
            encoding: The codec that decoded it.
            text: The decoded text.
            passages: Its passages in order.
            vectors: The vectors of their sentences, shape (sentences, dimension).

        Raises:
            ValueError: The path is not greater than the one before it, or there are more or fewer
                vectors than sentences.
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
        """Add consecutive documents of another generation as they are: nothing is analysed again.

        Args:
            source: That generation.
            segment: The segment of it that they are in.
            first: The number of the first document there.
            last: The number behind the last one, above `first`.

        Raises:
            ValueError: The first path is not greater than the one before it.
        """
        own = source.segments[segment]
        self._texts.copy(own.texts, first, last)
        passages = own.texts.passages_between(first, last)
        self._postings.copy(own.postings, *passages)
        sentences = own.texts.sentences_between(*passages)
        self._vectors.copy(source, segment, *sentences)
        self.sentences += sentences[1] - sentences[0]

    def finish(self) -> dict[str, FileRecord]:
        """Make the files durable and say what each of them must be, by its name."""
        return {
            **self._texts.finish(),
            **durable.write_index_file(self._directory / LEXICAL, self._postings.pieces()),
            **self._vectors.finish(self._directory),
        }

    def abort(self) -> None:
        """Give the files back; what was written so far is of no use."""
        self._texts.abort()


def _lists(file: VerifiedFile) -> SegmentLists:
    # Most indexes have none.
    from askdocs.store.lists import SegmentLists  # noqa: PLC0415

    offsets, sentences, positions, codes = read_arrays(file, 4)
    require_types([offsets, sentences, positions], "i8 i4 i4")
    if codes.dtype.str != "|u1":
        raise ValueError(f"its codes are of the type {codes.dtype.str}, not |u1")
    return SegmentLists(offsets=offsets, sentences=sentences, positions=positions, codes=codes)


def _require_equal(file: VerifiedFile, what: str, found: int, wanted: int) -> None:
    """Refuse a file of another segment."""
    if found != wanted:
        raise access.damaged(file.path, f"it has {found} {what}, and the tables {wanted}")


def _parsed(parse: Callable[[VerifiedFile], _Parsed], file: VerifiedFile) -> _Parsed:
    """Open a file of verified bytes; only an index that another program wrote can fail here."""
    try:
        return parse(file)
    except ValueError as error:
        raise access.damaged(file.path, error) from error
