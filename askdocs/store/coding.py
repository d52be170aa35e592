"""How the vectors of a large index become codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from askdocs import files
from askdocs.store import OutgrownError
from askdocs.store.codebook import (
    SAMPLE,
    assign,
    decode,
    encode,
    number_of_lists,
    train_codebook,
    unit_length,
)
from askdocs.store.lists import pieces
from askdocs.store.segment import LISTS
from askdocs.store.vectors import AT_ONCE, vectors_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.datamodel import FileRecord
    from askdocs.store.codebook import Codebook
    from askdocs.store.reader import GenerationReader

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
        return files.write_index_file(directory / LISTS, pieces(self._codebook, codes, lists))


class SpooledVectors:
    """Keeps vectors on the disk until a codebook can be made of all of them."""

    def __init__(self, directory: Path, *, dimension: int) -> None:
        """Begin with none, in a file that has no name.

        Args:
            directory: Where there is room.
            dimension: Length of the vectors.
        """
        self._spool = files.Spool(directory)
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
