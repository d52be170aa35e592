"""The words of texts as numbers, which can be compared in arrays."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count
from typing import TYPE_CHECKING

import numpy as np

from askdocs.store.analysis import term_of, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from askdocs.datamodel import StoredPassage

NO_TERM = -1
"""The number of the term of a stop word, which has none."""

# By text, in order of first appearance. It grows with the words of all that is looked at, which
# are few: of a million passages, some hundred thousand.
_NUMBERS: defaultdict[str, int] = defaultdict(count().__next__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wording:
    """The words of a text in order, stop words included.

    Attributes:
        words: The number of each word as it is written, in lower case, shape (words,).
        terms: The number of each word's term, or `NO_TERM`, shape (words,).
        lengths: How many words each sentence has, shape (sentences,).
    """

    words: NDArray[np.int64]
    terms: NDArray[np.int64]
    lengths: NDArray[np.int64]


def number_of(text: str) -> int:
    """The number of a word or term, the same one for as long as the process lives."""
    return _NUMBERS[text]


def wording_of(sentences: Iterable[str]) -> Wording:
    """The words of some sentences."""
    found = [words(sentence) for sentence in sentences]
    numbers = list(map(_numbers, chain.from_iterable(found)))
    both = np.array(numbers, np.int64).reshape(-1, 2).T.copy()
    return Wording(words=both[0], terms=both[1], lengths=np.array(list(map(len, found)), np.int64))


# Questions that are asked together often meet in the same passages: these take some 50 MB.
@lru_cache(maxsize=16384)
def wording_of_passage(stored: StoredPassage) -> Wording:
    """The words of a passage, by its sentences."""
    passage = stored.passage
    origin = passage.chars[0]
    return wording_of(passage.text[a - origin : b - origin] for a, b in passage.sentences)


@lru_cache(maxsize=65536)
def _numbers(word: str) -> tuple[int, int]:
    term = term_of(word)
    return number_of(word), number_of(term) if term else NO_TERM
