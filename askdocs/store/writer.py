"""Write a new generation, one segment after another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from askdocs import files
from askdocs.store.partition import CODEBOOK, segment_name
from askdocs.store.segment import SegmentWriter
from askdocs.store.vectors import FlatVectors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from askdocs.datamodel import FileRecord
    from askdocs.store.codebook import Codebook
    from askdocs.store.coding import SpooledVectors
    from askdocs.store.vectors import VectorsWriter


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
        files.make_directory(directory)
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
        from askdocs.store.coding import codebook_of  # noqa: PLC0415

        codebook = self._codebook or codebook_of(list(self._spools.values()))
        for number, spool in self._spools.items():
            directory = self._directory / segment_name(number)
            self._take(number, spool.encode(codebook).finish(directory))
            spool.close()
        pieces = codebook_pieces(codebook)
        self._records.update(files.write_index_file(self._directory / CODEBOOK, pieces))
        return self._records

    def abort(self) -> None:
        """Give back what is held; what was written so far is of no use."""
        for spool in self._spools.values():
            spool.close()

    def _vectors(self, number: int) -> VectorsWriter:
        if self._segments == 1:
            return FlatVectors(dimension=self._dimension)
        from askdocs.store import coding  # noqa: PLC0415 - as above

        if self._codebook is not None:
            return coding.CodedVectors(self._codebook, least_cosine=coding.LEAST_COSINE)
        spool = coding.SpooledVectors(self._directory, dimension=self._dimension)
        self._spools[number] = spool
        return spool

    def _take(self, number: int, records: dict[str, FileRecord]) -> None:
        folder = segment_name(number)
        self._records.update({f"{folder}/{name}": record for name, record in records.items()})
