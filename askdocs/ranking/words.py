"""The words of questions and passages."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from askdocs.store.analysis import distinct_terms, term_of, tokens, word_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from askdocs.records.spans import StoredPassage

NO_TERM = -1
"""Stands for the term of a stop word, which has none."""

# Words and terms are numbered in order of first appearance. A million passages have some hundred
# thousand different words.
_WORDS: dict[str, int] = {}
_TERMS: dict[str, int] = {}
_TERMS_OF_WORDS = array("q")
_NUMBERING = Lock()


@cache
def _number_of_token(token: str) -> int:
    return number_of_word(word_of(token))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wording:
    """The words of a text in order, stop words included.

    Attributes:
        words: The number of each word as written, in lower case, shape (words,).
        terms: The number of each word's term, or `NO_TERM`, shape (words,).
        lengths: How many words each sentence has, shape (sentences,).
    """

    words: NDArray[np.int64]
    terms: NDArray[np.int64]
    lengths: NDArray[np.int64]


def number_of_word(word: str) -> int:
    """Return the number of a word, which stays the same while the process lives."""
    with _NUMBERING:
        if word not in _WORDS:
            term = term_of(word)
            _TERMS_OF_WORDS.append(_TERMS.setdefault(term, len(_TERMS)) if term else NO_TERM)
            _WORDS[word] = len(_WORDS)
        return _WORDS[word]


def number_of_term(term: str) -> int:
    """Return the number of a term, which stays the same while the process lives."""
    with _NUMBERING:
        return _TERMS.setdefault(term, len(_TERMS))


def wording_of(sentences: Iterable[str]) -> Wording:
    """Return the words of some sentences."""
    split = list(map(tokens, sentences))
    words = np.array(list(map(_number_of_token, chain.from_iterable(split))), np.int64)
    # A buffer that is in use cannot grow.
    with _NUMBERING:
        terms = np.frombuffer(_TERMS_OF_WORDS, np.int64)[words]
    return Wording(words=words, terms=terms, lengths=np.array(list(map(len, split)), np.int64))


# Questions that are asked together often share passages: these take some 50 MB.
@lru_cache(maxsize=16384)
def wording_of_passage(stored: StoredPassage) -> Wording:
    """Return the words of a passage by its sentences."""
    return wording_of(stored.passage.plain_sentences)


# Every frame has one of these words, so most questions need no more than a look for them.
_SIGNS = ("passage", "text", "article", "document", "excerpt", "paragraph", "which")
_TEXT = r"(?:passage|text|article|document|excerpt|paragraph)s?"
_INFORMATION = r"(?:the )?information (?:(?:given|presented|provided) )?in "
_ASKED_OF = (
    r"^\s*(?:according to|based on|as (?:described|mentioned|stated) in|in) "
    rf"(?:{_INFORMATION}(?:the |this |these )?|the |this |these )(?:above )?{_TEXT}(?: above)?, *"
)
# Not before a part of a name or of a compound: "in the article 5", "in the text messages".
_FOUND_IN = (
    rf" (?:described|mentioned|stated|given|presented|discussed) in (?:the|this|these) {_TEXT}"
    r"(?= ?(?:[,;:.?!]|$)| (?:and|are|as|can|could|did|do|does|had|has|have|how|in|is|must|or|"
    r"should|that|to|was|were|what|when|which|who|will|with|would)\b)"
)
_CHOICE = r"\bwhich (?:one )?of (?:the following|these)(?: statements?)?\b(?= \w)"


def without_frame(question: str) -> str:
    """Return the question without phrases such as "according to the passage".

    They would find passages about passages. Nothing else is changed; a question that has nothing
    else is returned unchanged.
    """
    lowered = question.lower()
    if not any(sign in lowered for sign in _SIGNS):
        return question
    asked_of, found_in, choice = _frames()
    stripped = choice.sub("what", found_in.sub("", asked_of.sub("", question)))
    return stripped if distinct_terms(stripped) else question


@cache
def _frames() -> list[re.Pattern[str]]:
    # Not at import: it takes 3 ms.
    return [re.compile(frame, re.IGNORECASE) for frame in (_ASKED_OF, _FOUND_IN, _CHOICE)]
