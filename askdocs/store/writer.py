"""Write a new generation, one segment after another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np

from askdocs.disk import durable
from askdocs.store.arrays import boundaries_of, split_ids
from askdocs.store.codebook import (
    SAMPLE,
    assign,
    codebook_pieces,
    decode,
    encode,
    normalise,
    number_of_lists,
    train_codebook,
)
from askdocs.store.dense import FLAT, flat_pieces
from askdocs.store.lists import lists_pieces
from askdocs.store.partition import CODEBOOK, segment_name
from askdocs.store.protocol import OutgrownError
from askdocs.store.segment import LISTS, SegmentWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from askdocs.records.manifest import FileRecord
    from askdocs.store.codebook import Codebook
    from askdocs.store.local import GenerationReader
    from askdocs.store.protocol import Vectors

# How many vectors are moved together: some megabytes.
_AT_ONCE = 4096
LEAST_COSINE = 0.999
"""How near a kept codebook's codes must come to a new vector; nearly all come to .9999."""


class GenerationWriter:
    """Writes the segments of a generation, with at most one of them in memory.

    An index of one segment stores its vectors as they are. A larger one stores codes from a
    codebook that all segments share. The codebook is given, or trained when all vectors are there;
    until then they wait on the disk.
    """

    def __init__(
        self,
        folder: Path,
        *,
        dimension: int,
        code_bytes: int,
        segments: int = 1,
        codebook: Codebook | None = None,
    ) -> None:
        self.passages = 0
        self.sentences = 0
        self._directory = folder
        self._dimension = dimension
        self._code_bytes = code_bytes
        self._segments = segments
        self._codebook = codebook
        self._spools: dict[int, _SpooledVectors] = {}
        self._records: dict[str, FileRecord] = {}

    @contextmanager
    def segment(self, number: int) -> Iterator[SegmentWriter]:
        """Write a segment, which is complete at the end of the block."""
        directory = self._directory / segment_name(number)
        durable.make_directory(directory)
        writer = SegmentWriter(directory, self._vectors(number), code_bytes=self._code_bytes)
        try:
            yield writer
            self._record(number, writer.finish())
        finally:
            writer.abort()
        self.passages += writer.passages
        self.sentences += writer.sentences

    def finish(self) -> dict[str, FileRecord]:
        """Make all files durable and return their records by their names in the generation."""
        if self._segments == 1:
            return self._records
        codebook = self._codebook or _trained_codebook(list(self._spools.values()))
        for number, spool in self._spools.items():
            directory = self._directory / segment_name(number)
            self._record(number, spool.encode(codebook).finish(directory))
            spool.close()
        pieces = codebook_pieces(codebook)
        self._records.update(durable.write_index_file(self._directory / CODEBOOK, pieces))
        return self._records

    def abort(self) -> None:
        """Release what is held; what was written so far is useless."""
        for spool in self._spools.values():
            spool.close()

    def _vectors(self, number: int) -> VectorsWriter:
        if self._segments == 1:
            return _FlatVectors(self._dimension)
        if self._codebook is not None:
            return _CodedVectors(self._codebook, least_cosine=LEAST_COSINE)
        self._spools[number] = _SpooledVectors(self._directory, self._dimension)
        return self._spools[number]

    def _record(self, number: int, records: dict[str, FileRecord]) -> None:
        folder = segment_name(number)
        self._records.update({f"{folder}/{name}": record for name, record in records.items()})


class VectorsWriter(Protocol):
    """Takes the vectors of one segment in order of their sentences."""

    def add(self, vectors: Vectors) -> None:
        """Add the vectors of the next sentences, shape (sentences, dimension)."""

    def copy(self, source: GenerationReader, segment: int, first: int, last: int) -> None:
        """Add the vectors of sentences from `first` up to `last` of another segment."""

    def finish(self, directory: Path) -> dict[str, FileRecord]:
        """Write what can be written now, and return the record of each file by its name."""


class _FlatVectors:
    """Keeps vectors in memory and writes them as they are; copied codes are decoded."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._batches: list[Vectors] = []

    def add(self, vectors: Vectors) -> None:
        self._batches.append(vectors)

    def copy(self, source: GenerationReader, segment: int, first: int, last: int) -> None:
        self._batches.extend(_vectors_of(source, segment, first, last))

    def finish(self, directory: Path) -> dict[str, FileRecord]:
        pieces = flat_pieces(self._batches, dimension=self._dimension)
        return durable.write_index_file(directory / FLAT, pieces)


class _CodedVectors:
    """Keeps the codes of vectors and the lists that they belong to.

    Adding a vector to which its codes do not come near enough raises OutgrownError. Codes are
    copied unchanged: the other generation has the same codebook.
    """

    def __init__(self, codebook: Codebook, *, least_cosine: float = -1.0) -> None:
        self._codebook = codebook
        self._least_cosine = least_cosine
        self._codes = [np.zeros((0, len(codebook.low)), np.uint8)]
        self._lists = [np.zeros(0, np.int32)]

    def add(self, vectors: Vectors) -> None:
        codes = encode(self._codebook, vectors)
        cosines = np.vecdot(normalise(decode(self._codebook, codes)), normalise(vectors))
        if cosines.min(initial=1.0) < self._least_cosine:
            raise OutgrownError
        self._codes.append(codes)
        self._lists.append(assign(self._codebook, vectors))

    def copy(self, source: GenerationReader, segment: int, first: int, last: int) -> None:
        """Add codes of another generation that has the same codebook, unchanged."""
        lists = source.segments[segment].lists
        positions = lists.positions.rows(first, last)
        starts = lists.offsets.rows(0, len(self._codebook.centroids) + 1)
        self._codes.append(lists.codes.take(positions))
        numbers = np.searchsorted(starts, positions, side="right") - 1
        self._lists.append(numbers.astype(np.int32))

    def finish(self, directory: Path) -> dict[str, FileRecord]:
        codes, lists = np.concatenate(self._codes), np.concatenate(self._lists)
        pieces = lists_pieces(self._codebook, codes, lists)
        return durable.write_index_file(directory / LISTS, pieces)


class _SpooledVectors:
    """Keeps vectors in an unnamed file until a codebook can be trained on all of them."""

    def __init__(self, directory: Path, dimension: int) -> None:
        self._spool = durable.Spool(directory)
        self._dimension = dimension
        self._row = 4 * dimension

    def __len__(self) -> int:
        return self._spool.size // self._row

    def add(self, vectors: Vectors) -> None:
        self._spool.write(np.ascontiguousarray(vectors, "<f4").tobytes())

    def copy(self, source: GenerationReader, segment: int, first: int, last: int) -> None:
        for batch in _vectors_of(source, segment, first, last):
            self.add(batch)

    def rows(self, start: int, stop: int) -> Vectors:
        """Return consecutive vectors."""
        content = self._spool.read(start * self._row, min(stop, len(self)) * self._row)
        return np.frombuffer(content, "<f4").reshape(-1, self._dimension)

    def finish(self, directory: Path) -> dict[str, FileRecord]:  # noqa: ARG002 - writes no file
        return {}

    def encode(self, codebook: Codebook) -> _CodedVectors:
        coded = _CodedVectors(codebook)
        for start in range(0, len(self), _AT_ONCE):
            coded.add(self.rows(start, start + _AT_ONCE))
        return coded

    def close(self) -> None:
        self._spool.close()


def _vectors_of(source: GenerationReader, segment: int, first: int, last: int) -> Iterator[Vectors]:
    """Yield the vectors of consecutive sentences of a segment in batches."""
    base = int(source.first_sentences[segment])
    for start in range(first, last, _AT_ONCE):
        yield source.vectors(np.arange(base + start, base + min(start + _AT_ONCE, last)))


def _trained_codebook(spools: Sequence[_SpooledVectors]) -> Codebook:
    """Train the codebook of all segments on vectors spread evenly over them."""
    starts = boundaries_of(map(len, spools))
    count = int(min(SAMPLE, starts[-1]))
    chosen = np.arange(count) * int(starts[-1]) // max(1, count)
    sample = [spools[0].rows(0, 0)]
    for number, _, rows in split_ids(chosen, starts):
        sample.extend(spools[number].rows(row, row + 1) for row in rows.tolist())
    return train_codebook(np.concatenate(sample), lists=number_of_lists(len(spools)))
