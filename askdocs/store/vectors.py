"""How the vectors of a new segment come into its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from askdocs import files
from askdocs.store.dense import FLAT, flat_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.datamodel import FileRecord
    from askdocs.store.reader import GenerationReader

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
        return files.write_index_file(directory / FLAT, pieces)


def vectors_of(
    source: GenerationReader, segment: int, first: int, last: int
) -> Iterator[NDArray[np.float32]]:
    """The vectors of consecutive sentences of a segment, a batch at a time."""
    base = int(source.first_sentences[segment])
    for start in range(first, last, AT_ONCE):
        yield source.vectors(np.arange(base + start, base + min(start + AT_ONCE, last)))
