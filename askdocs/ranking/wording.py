"""The words of texts as numbers, which can be compared in arrays."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from askdocs.store.analysis import term_of, tokens, word_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from askdocs.datamodel import StoredPassage

NO_TERM = -1
"""The number of the term of a stop word, which has none."""


# Numbers are given in order of first appearance. There are as many as there are words in all that
# is looked at, which are few: of a million passages, some hundred thousand.
_WORDS: dict[str, int] = {}
_TERMS: dict[str, int] = {}
_TERMS_OF_WORDS = array("q")
_NUMBERING = Lock()


class _Tokens(dict[str, int]):
    """The number of the word of every token that was looked at."""

    def __missing__(self, token: str) -> int:
        self[token] = number = number_of_word(word_of(token))
        return number


_TOKENS = _Tokens()


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


def number_of_word(word: str) -> int:
    """The number of a word, the same one for as long as the process lives."""
    with _NUMBERING:
        if word not in _WORDS:
            term = term_of(word)
            _TERMS_OF_WORDS.append(_number_of_term(term) if term else NO_TERM)
            _WORDS[word] = len(_WORDS)
        return _WORDS[word]


def number_of_term(term: str) -> int:
    """The number of a term, the same one for as long as the process lives."""
    with _NUMBERING:
        return _number_of_term(term)


def wording_of(sentences: Iterable[str]) -> Wording:
    """The words of some sentences."""
    found = list(map(tokens, sentences))
    numbers = np.array(list(map(_TOKENS.__getitem__, chain.from_iterable(found))), np.int64)
    return Wording(
        words=numbers,
        terms=_terms_of(numbers),
        lengths=np.array(list(map(len, found)), np.int64),
    )


# Questions that are asked together often meet in the same passages: these take some 50 MB.
@lru_cache(maxsize=16384)
def wording_of_passage(stored: StoredPassage) -> Wording:
    """The words of a passage, by its sentences."""
    passage = stored.passage
    origin = passage.chars[0]
    return wording_of(passage.text[a - origin : b - origin] for a, b in passage.sentences)


def _number_of_term(term: str) -> int:
    return _TERMS.setdefault(term, len(_TERMS))


def _terms_of(words: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of the term of each word."""
    # An array that is looked at cannot grow.
    with _NUMBERING:
        return np.frombuffer(_TERMS_OF_WORDS, np.int64)[words]
