"""Turn text into the terms of the lexical index."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import Stemmer


# Numbers keep their separators ("1,000.5"), words their apostrophes ("Russia's").
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_][^\W_]*(?:'[^\W_]+)*")
# Pronouns, articles, auxiliaries, prepositions and question words: what a question has and an
# answer need not have.
_STOP_WORDS = frozenset(
    "a about above after again against all am an and any are aren't as at be because been before "
    "being below between both but by can can't cannot could couldn't did didn't do does doesn't "
    "doing don't down during each few for from further had hadn't has hasn't have haven't having "
    "he he'd he'll her here hers herself him himself his how i i'd i'll i'm i've if in into is "
    "isn't it its itself let me more most mustn't my myself no nor not of off on once only or "
    "other ought our ours ourselves out over own same shan't she she'd she'll should shouldn't so "
    "some such than that the their theirs them themselves then there these they they'd they'll "
    "they're they've this those through to too under until up upon us very was wasn't we we'd "
    "we'll we're we've were weren't what when where which while who whom whose why will with "
    "won't would wouldn't you you'd you'll you're you've your yours yourself yourselves".split()
)


def words(text: str) -> list[str]:
    """The words and numbers of a text in order, in lower case, stop words included."""
    return list(map(word_of, tokens(text)))


def tokens(text: str) -> list[str]:
    """The words and numbers of a text in order, in lower case, with possessive endings."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("’", "'")
    return _WORD.findall(text.lower())


def word_of(token: str) -> str:
    """A word without its possessive ending.

    The stemmer would take "sky's" for "ski", and "sky" not.
    """
    return token.removesuffix("'s")


def analyse(text: str) -> list[str]:
    """The terms of a text in order: lower case, stop words left out, stemmed."""
    return [term for term in map(term_of, words(text)) if term]


def distinct_terms(text: str) -> list[str]:
    """The terms of a text, each once, in order of first appearance."""
    return list(dict.fromkeys(analyse(text)))


# Most words of a corpus are few: remembering them makes analysis several times as fast.
@lru_cache(maxsize=65536)
def term_of(word: str) -> str:
    """The term of a word in lower case; empty for a stop word."""
    if word in _STOP_WORDS:
        return ""
    # A stemmer leaves numbers as they are.
    return word if word[:1].isdigit() else str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Stemmer.Stemmer:
    import Stemmer  # noqa: PLC0415 - absent where only the freshness check runs

    return Stemmer.Stemmer("english")
