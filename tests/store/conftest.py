"""What the tests of the formats share."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zlib import crc32

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


def token_codes(passages: Sequence[Passage]) -> list[tuple[Any, Any]]:
    """For each passage, codes of 12 dimensions, and how many its context and each sentence have.

    Each word is a token. A context is "about" and the first sentence.
    """
    texts = [passage.plain_sentences for passage in passages]
    return [_codes_of([f"about {own[0]}", *own]) for own in texts]


def _codes_of(texts: Sequence[str]) -> tuple[Any, Any]:
    counts = np.array([len(text.split()) for text in texts], np.int64)
    words = [word for text in texts for word in text.split()]
    vectors = [unit_vectors(1, 12, seed=crc32(word.encode())) for word in words]
    codes = np.packbits(np.concatenate([np.empty((0, 12)), *vectors]) > 0, axis=1)
    return codes, counts


def cut(parsed: ParsedText) -> list[Passage]:
    """The passages of a document, of at most 16 words."""
    settings = PassageSettings(max_tokens=16)
    return cut_passages(parsed, settings, lambda parts: [len(one.split()) for one in parts])
