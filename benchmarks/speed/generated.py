"""Large corpora of real sentences, recombined so that every passage is another.

A generated sentence is a real one with a word and a serial number in brackets before its end. Its
vector is that of the real one with noise, so that making millions needs no model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from askdocs.text.formats.plain import read
from askdocs.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SENTENCES_PER_PASSAGE = 4
PASSAGES_PER_DOCUMENT = 10
POOL = 16_384
NOISE = 0.484
"""The length of the noise; a sentence's cosine with its source is 1 / √(1 + NOISE²), about .9."""

_FILES_PER_FOLDER = 500
# Sentences that stay sentences wherever they stand.
_PLAIN = re.compile(r"[A-Z][^\[\]\n\r]{38,178}[a-z)]\.")
_GENERATED = re.compile(r"(?P<stem>.+) \[\S+ (?P<serial>\d+)\]\.", re.DOTALL)
_WORD = re.compile(r"\b[a-z]{4,12}\b")
_NOISE_VALUES = 1 << 22
# Odd and large, so that serial numbers in a row begin far apart and none begins where another does.
_STRIDE = 2_654_435_761


def read_pool(folders: Iterable[Path], *, limit: int = POOL) -> list[str]:
    """Distinct plain sentences of the text files below some folders, in an order without meaning.

    Args:
        folders: Their order does not matter.
        limit: How many to take at most.
    """
    found = {
        text
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in {".txt", ".md"}
        for text in _sentences(path.read_bytes().decode("utf-8", "replace"))
        if _PLAIN.fullmatch(text) and _is_safe(text)
    }
    order = np.random.default_rng(0).permutation(len(found))[:limit]
    by_name = sorted(found)
    return [by_name[at] for at in order]


def _sentences(text: str) -> Iterator[str]:
    for block in read(text).blocks:
        plain = block.plain
        for start, end in split_sentences(plain):
            yield plain[start:end]


def _is_safe(text: str) -> bool:
    """Return True if the sentence is cut where it ends, with a reference after it."""
    marked = f"{text[:-1]} [word 1]."
    twice = f"{marked} {marked}"
    length = len(marked)
    return split_sentences(twice) == [(0, length), (length + 1, len(twice))]


@dataclass(frozen=True)
class Recipe:
    """A corpus that follows from its pool and its size alone.

    Attributes:
        pool: Real sentences.
        passages: How many passages, four sentences each.
    """

    pool: Sequence[str]
    passages: int

    @cached_property
    def sources(self) -> NDArray[np.int64]:
        """The position in the pool of every sentence's source, by serial number."""
        return np.random.default_rng(1).integers(len(self.pool), size=self.sentences)

    @property
    def sentences(self) -> int:
        """How many sentences."""
        return self.passages * SENTENCES_PER_PASSAGE

    def sentence(self, serial: int) -> str:
        """The sentence with a serial number, from 0."""
        stem = self.pool[self.sources[serial]][:-1]
        word = self._words[serial * 7919 % len(self._words)]
        return f"{stem} [{word} {serial}]."

    def passage(self, number: int) -> str:
        """The passage with a number, from 0."""
        first = number * SENTENCES_PER_PASSAGE
        return " ".join(self.sentence(first + at) for at in range(SENTENCES_PER_PASSAGE))

    def write(self, folder: Path) -> None:
        """Write the documents, ten passages each, five hundred in a folder."""
        for at, first in enumerate(range(0, self.passages, PASSAGES_PER_DOCUMENT)):
            path = folder / f"{at // _FILES_PER_FOLDER:04d}" / f"{at:06d}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            last = min(first + PASSAGES_PER_DOCUMENT, self.passages)
            text = "\n\n".join(self.passage(number) for number in range(first, last))
            path.write_text(text + "\n", encoding="utf-8")

    @cached_property
    def _words(self) -> list[str]:
        return sorted({word for text in self.pool for word in _WORD.findall(text)})


def parse(sentence: str) -> tuple[str, int] | None:
    """The source and the serial number of a generated sentence; None for any other text."""
    match = _GENERATED.fullmatch(sentence)
    return (f"{match['stem']}.", int(match["serial"])) if match else None


class Noise:
    """Vectors of generated sentences from those of their sources."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        """Draw the noise.

        Args:
            vectors: Those of the pool, of unit length, shape (sentences, dimension).
        """
        self._vectors = vectors
        self._dimension = vectors.shape[1]
        random = np.random.default_rng(2)
        drawn = random.standard_normal(_NOISE_VALUES + self._dimension, dtype=np.float32)
        # Windows into one row of numbers: the noise of a sentence costs a copy.
        scaled = drawn * np.float32(NOISE / np.sqrt(self._dimension))
        self._windows = np.lib.stride_tricks.sliding_window_view(scaled, self._dimension)

    def vectors(
        self, sources: NDArray[np.int64], serials: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The vectors of some sentences, of unit length, shape (len(serials), dimension).

        Args:
            sources: Their sources' positions in the pool.
            serials: Their serial numbers.
        """
        noisy = self._vectors[sources] + self._windows[serials * _STRIDE % _NOISE_VALUES]
        found: NDArray[np.float32] = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
        return found


def nearest(
    recipe: Recipe, noise: Noise, questions: NDArray[np.float32], k: int, *, block: int = 65_536
) -> NDArray[np.int64]:
    """The serial numbers of the k sentences nearest to each question, by comparing all.

    Args:
        recipe: The corpus.
        noise: Over the vectors of its pool.
        questions: Shape (questions, dimension).
        k: How many, best first.
        block: How many sentences to hold at a time.
    """
    best = np.full((len(questions), k), -np.inf, np.float32)
    ids = np.zeros((len(questions), k), np.int64)
    for first in range(0, recipe.sentences, block):
        serials = np.arange(first, min(first + block, recipe.sentences))
        scores = questions @ noise.vectors(recipe.sources[serials], serials).T
        all_scores = np.hstack([best, scores])
        all_ids = np.hstack([ids, np.broadcast_to(serials, scores.shape)])
        order = np.argsort(-all_scores, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(all_scores, order, axis=1)
        ids = np.take_along_axis(all_ids, order, axis=1)
    return ids
