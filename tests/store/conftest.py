"""What the tests of the formats share."""

import itertools
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from askdocs.disk.durable import write_index_file
from askdocs.disk.verified import VerifiedFile, blocks_name
from askdocs.records.blocks import ParsedText
from askdocs.records.manifest import PassageSettings
from askdocs.records.spans import Passage
from askdocs.text.cutting import cut_passages

SHA256 = "5" * 64


@pytest.fixture(scope="session")
def as_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., VerifiedFile]:
    """Write pieces into a file and open it as a reader does: `as_file([b"content"])`."""
    directory = tmp_path_factory.mktemp("files")
    names = map(str, itertools.count())

    def write(pieces: Iterable[bytes]) -> VerifiedFile:
        path = directory / next(names)
        records = write_index_file(path, pieces)
        return VerifiedFile(path, records[path.name], records.get(blocks_name(path.name)))

    return write


def unit_vectors(count: int, dimension: int, seed: int = 0) -> NDArray[np.float32]:
    """Vectors of unit length, the same for the same seed."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimension))
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32)


def cut(parsed: ParsedText) -> list[Passage]:
    """The passages of a document, of at most 16 words."""
    settings = PassageSettings(max_tokens=16)
    return cut_passages(parsed, settings, lambda parts: [len(one.split()) for one in parts])
