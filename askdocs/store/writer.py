"""Write a new generation, one segment after another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np

from askdocs.disk import durable
from askdocs.store.codebook import (
    SAMPLE,
    assign,
    decode,
    encode,
    number_of_lists,
    train_codebook,
    unit_length,
)
from askdocs.store.dense import FLAT, flat_pieces
from askdocs.store.lists import pieces
from askdocs.store.partition import CODEBOOK, segment_name
from askdocs.store.protocol import OutgrownError
from askdocs.store.segment import LISTS, SegmentWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.records.manifest import FileRecord
    from askdocs.store.codebook import Codebook
    from askdocs.store.local import GenerationReader


AT_ONCE = 4096
"""How many vectors are moved together: some megabytes."""


class VectorsWriter(Protocol):
    """Takes the vectors of one segment in order of their sentences."""

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Add the vectors of the next sentences, shape (sentences, dimension)."""
        ...

    def copy(self, source: GenerationReader, segment: int, first: int, last: int) -> None:
        """Add the vectors of consecutive sentences of another generation's segment."""
        ...

    def finish(self, directory: Path) -> dict[str, FileRecord]:
        """Write what can be written, and say what each file must be, by its name."""
        ...


class FlatVectors:
    """Keeps vectors, to write them as they are."""

    def __init__(self, *, dimension: int) -> None:
        """Begin with none."""
        self._dimension = dimension
        self._batches: list[NDArray[np.float32]] = []

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Add the vectors of the next sentences."""
        self._batches.append(vectors)

    def copy(self, source: GenerationReader, segment: int, first: int, last: int) -> None:
        """Add vectors of another generation; those that were codes come as near as codes do."""
        self._batches.extend(vectors_of(source, segment, first, last))

    def finish(self, directory: Path) -> dict[str, FileRecord]:
        """Write the file."""
        pieces = flat_pieces(self._batches, dimension=self._dimension)
        return durable.write_index_file(directory / FLAT, pieces)


def vectors_of(
    source: GenerationReader, segment: int, first: int, last: int
) -> Iterator[NDArray[np.float32]]:
    """The vectors of consecutive sentences of a segment, a batch at a time."""
    base = int(source.first_sentences[segment])
    for start in range(first, last, AT_ONCE):
        yield source.vectors(np.arange(base + start, base + min(start + AT_ONCE, last)))


LEAST_COSINE = 0.999
"""How near a kept codebook's codes must come to a new vector; nearly all come to .9999."""


class CodedVectors:
    """Keeps the codes of vectors and the lists that they belong to."""

    def __init__(self, codebook: Codebook, *, least_cosine: float = -1.0) -> None:
        """Begin with none.

        Args:
            codebook: What the codes shall mean.
            least_cosine: How near to a vector its codes must come.
        """
        self._codebook = codebook
        self._least_cosine = least_cosine
        self._codes = [np.zeros((0, len(codebook.low)), np.uint8)]
        self._lists = [np.zeros(0, np.int32)]

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Add the vectors of the next sentences.

        Raises:
            OutgrownError: The codes of one do not come as near to it as they must.
        """
        codes = encode(self._codebook, vectors)
        cosines = np.vecdot(unit_length(decode(self._codebook, codes)), unit_length(vectors))
        if cosines.min(initial=1.0) < self._least_cosine:
            raise OutgrownError
        self._codes.append(codes)
        self._lists.append(assign(self._codebook, vectors))

    def copy(self, source: GenerationReader, segment: int, first: int, last: int) -> None:
        """Add codes of another generation that has the same codebook, as they are."""
        own = source.segments[segment].lists
        positions = own.positions.rows(first, last)
        ends = own.offsets.rows(0, len(self._codebook.centroids) + 1)
        self._codes.append(own.codes.take(positions))
        lists = np.searchsorted(ends, positions, side="right") - 1
        self._lists.append(lists.astype(np.int32))

    def finish(self, directory: Path) -> dict[str, FileRecord]:
        """Write the file."""
        codes, lists = np.concatenate(self._codes), np.concatenate(self._lists)
        return durable.write_index_file(directory / LISTS, pieces(self._codebook, codes, lists))


class SpooledVectors:
    """Keeps vectors on the disk until a codebook can be made of all of them."""

    def __init__(self, directory: Path, *, dimension: int) -> None:
        """Begin with none, in a file that has no name.

        Args:
            directory: Where there is room.
            dimension: Length of the vectors.
        """
        self._spool = durable.Spool(directory)
        self._shape = (-1, dimension)
        self._row = 4 * dimension

    def __len__(self) -> int:
        """How many vectors there are."""
        return self._spool.size // self._row

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Add the vectors of the next sentences."""
        self._spool.write(np.ascontiguousarray(vectors, "<f4").tobytes())

    def copy(self, source: GenerationReader, segment: int, first: int, last: int) -> None:
        """Add vectors of another generation."""
        for batch in vectors_of(source, segment, first, last):
            self.add(batch)

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Consecutive vectors."""
        content = self._spool.read(start * self._row, min(stop, len(self)) * self._row)
        return np.frombuffer(content, "<f4").reshape(self._shape)

    def finish(self, directory: Path) -> dict[str, FileRecord]:  # noqa: ARG002 - nothing yet
        """Wait for the codebook."""
        return {}

    def encode(self, codebook: Codebook) -> CodedVectors:
        """All of them as codes."""
        coded = CodedVectors(codebook)
        for start in range(0, len(self), AT_ONCE):
            coded.add(self.rows(start, start + AT_ONCE))
        return coded

    def close(self) -> None:
        """Give the room on the disk back."""
        self._spool.close()


def codebook_of(spools: Sequence[SpooledVectors]) -> Codebook:
    """The codebook of all segments, made from vectors that lie evenly among them."""
    ends = np.cumsum([len(spool) for spool in spools])
    count = int(min(SAMPLE, ends[-1]))
    chosen = np.arange(count) * int(ends[-1]) // max(1, count)
    sample = [
        spool.rows(at, at + 1)
        for spool, first, end in zip(spools, ends - [len(one) for one in spools], ends, strict=True)
        for at in (chosen[(chosen >= first) & (chosen < end)] - first).tolist()
    ]
    return train_codebook(
        np.concatenate(sample or [spools[0].rows(0, 0)]), lists=number_of_lists(len(spools))
    )


class GenerationWriter:
    """Writes the segments of a generation; what is in memory is one of them at most.

    An index of one segment stores its vectors as they are. One of more stores codes, by a codebook
    that all segments share: a given one, or one that is made when all vectors are there, which wait
    on the disk for it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        dimension: int,
        segments: int = 1,
        codebook: Codebook | None = None,
    ) -> None:
        """Begin a generation in an existing folder.

        Args:
            directory: Where the files go.
            dimension: Length of the vectors.
            segments: How many there will be.
            codebook: That of the segments that are taken over; None where it is to be made.
        """
        self.passages = 0
        self.sentences = 0
        self._directory = directory
        self._dimension = dimension
        self._segments = segments
        self._codebook = codebook
        self._spools: dict[int, SpooledVectors] = {}
        self._records: dict[str, FileRecord] = {}

    @contextmanager
    def segment(self, number: int) -> Iterator[SegmentWriter]:
        """Write a segment, which is complete at the end of the block."""
        directory = self._directory / segment_name(number)
        durable.make_directory(directory)
        writer = SegmentWriter(directory, self._vectors(number))
        try:
            yield writer
            self._take(number, writer.finish())
        finally:
            writer.abort()
        self.passages += writer.passages
        self.sentences += writer.sentences

    def finish(self) -> dict[str, FileRecord]:
        """Make all durable and say what each file must be, by its name in the generation."""
        if self._segments == 1:
            return self._records
        # A small index has no use for the modules that code vectors.
        from askdocs.store.codebook import codebook_pieces  # noqa: PLC0415

        codebook = self._codebook or codebook_of(list(self._spools.values()))
        for number, spool in self._spools.items():
            directory = self._directory / segment_name(number)
            self._take(number, spool.encode(codebook).finish(directory))
            spool.close()
        pieces = codebook_pieces(codebook)
        self._records.update(durable.write_index_file(self._directory / CODEBOOK, pieces))
        return self._records

    def abort(self) -> None:
        """Give back what is held; what was written so far is of no use."""
        for spool in self._spools.values():
            spool.close()

    def _vectors(self, number: int) -> VectorsWriter:
        if self._segments == 1:
            return FlatVectors(dimension=self._dimension)

        if self._codebook is not None:
            return CodedVectors(self._codebook, least_cosine=LEAST_COSINE)
        spool = SpooledVectors(self._directory, dimension=self._dimension)
        self._spools[number] = spool
        return spool

    def _take(self, number: int, records: dict[str, FileRecord]) -> None:
        folder = segment_name(number)
        self._records.update({f"{folder}/{name}": record for name, record in records.items()})
