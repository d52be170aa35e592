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

from askdocs.store.analysis import distinct_terms, term_of, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from askdocs.records.spans import StoredPassage

_PRONOUNS = ("it", "its", "they", "them", "their", "he", "him", "his", "she", "her")
_POINTERS = ("this", "that", "these", "those", "such", "so", "then", "there", "here")
_FIRST_WORDS = 2

_IDENTIFIER = re.compile(r"[^\W_]+(?:[.-][^\W_]+)*")
_YEARS = re.compile(r"(?:pre|post|mid|early|late)-\d+s?")
_LEAST_DIGITS = 3

NO_TERM = -1
"""Stands for the term of a stop word, which has none."""

# Words and terms are numbered in order of first appearance. A million passages have some hundred
# thousand different words.
_WORDS: dict[str, int] = {}
_TERMS: dict[str, int] = {}
_TERMS_OF_WORDS = array("q")
_NUMBERING = Lock()


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


@cache
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
    split = list(map(words, sentences))
    numbers = np.array(list(map(number_of_word, chain.from_iterable(split))), np.int64)
    # A buffer that is in use cannot grow.
    with _NUMBERING:
        terms = np.frombuffer(_TERMS_OF_WORDS, np.int64)[numbers]
    return Wording(words=numbers, terms=terms, lengths=np.array(list(map(len, split)), np.int64))


def joined(wordings: Sequence[Wording]) -> Wording:
    """Return the words of several texts, one text after another, at least one."""
    return Wording(
        words=np.concatenate([wording.words for wording in wordings]),
        terms=np.concatenate([wording.terms for wording in wordings]),
        lengths=np.concatenate([wording.lengths for wording in wordings]),
    )


def refers_back(wording: Wording) -> NDArray[np.bool_]:
    """Return which sentences speak of what the one before them names, shape (sentences,).

    They have a personal pronoun, or a word such as "this" or "so" among their first two.
    """
    owners = np.repeat(np.arange(len(wording.lengths)), wording.lengths)
    places = np.arange(len(owners)) - (np.cumsum(wording.lengths) - wording.lengths)[owners]
    anywhere, at_first = (
        np.isin(wording.words, list(map(number_of_word, listed)))
        for listed in (_PRONOUNS, _POINTERS)
    )
    refers = np.zeros(len(wording.lengths), np.bool_)
    refers[owners[anywhere | (at_first & (places < _FIRST_WORDS))]] = True
    return refers


def identifiers(text: str) -> frozenset[str]:
    """Return the codes and versions in a text, in lower case and without hyphens.

    They begin with a letter and have three digits or more, as `E1044` or `SHA-256`, or are numbers
    with two points or more, as `2026.4.11`. A text about another one is about something else.
    Amounts ("128-bit") and years after a word ("mid-1980s", "pre-2008") do not count.
    """
    if not any(map(str.isdigit, text)):
        return frozenset()
    return frozenset(
        token.replace("-", "")
        for token in _IDENTIFIER.findall(text.lower())
        if sum(map(str.isdigit, token)) >= _LEAST_DIGITS
        and (token.count(".") > 1 or token[0].isalpha())
        and not _YEARS.fullmatch(token)
    )


# Questions that are asked together often share passages: these take some 50 MB.
@lru_cache(maxsize=16384)
def wording_of_passage(stored: StoredPassage) -> Wording:
    """Return the words of a passage by its sentences."""
    return wording_of(stored.passage.plain_sentences)


_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_WEEKDAY = r"(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? "
_DAY, _YEAR = r"[0-3]?\d(?:st|[nr]d|th)?\b", r"(?:19|20)\d\d\b"
_TIME = r"[0-2]?\d:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?: ?[ap]\.?m\b\.?|Z|[+-]\d\d:?\d\d)?"


def without_dates(text: str) -> str:
    """Return a text without dates and times of day, in which alone the entries of a log may differ.

    Such are "2024-05-03T08:30", "3.5.2024", "Friday, 3rd of May", "May 2024" and "8:30 pm". All
    other numbers stay, and so does the name of a day or a month without a number.
    """
    return _dates().sub(" ", text)


@cache
def _dates() -> re.Pattern[str]:
    # Not at import: it takes 4 ms.
    return re.compile(
        rf"(?<![\w.,/-])(?:{_WEEKDAY})?(?:{_YEAR}-\d\d-\d\d(?:T{_TIME})?|{_YEAR}/\d\d/\d\d|"
        rf"\d\d?([./])\d\d?\1{_YEAR}|{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?|"
        rf"{_MONTH} (?:{_DAY}(?:,? {_YEAR})?|{_YEAR})|{_TIME})(?![\w/-]|[.,]\d)"
    )


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
