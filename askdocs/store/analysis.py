"""What every store agrees on: how a text becomes terms, and how BM25 scores them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import Stemmer


K1 = 1.2
"""BM25's k1: how soon further occurrences of a term stop adding to the score."""
B = 0.75
"""BM25's b: how much the length of a passage counts, from 0 to 1."""
CONTEXT_WEIGHT = 0.5
"""How much an occurrence in the context of a passage counts, where one in the passage counts 1."""
CONTEXT_B = 0.5
"""The b of the context."""

# Numbers keep their separators ("1,000.5"), words their apostrophes ("Russia's").
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_][^\W_]*(?:'[^\W_]+)*")
# Pronouns, articles, auxiliaries, prepositions and question words: a question has them, its answer
# need not.
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
    """Return the words and numbers of a text in order, in lower case, with stop words."""
    return list(map(word_of, tokens(text)))


def tokens(text: str) -> list[str]:
    """Return the words and numbers of a text in order, in lower case, with possessive endings."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("’", "'")
    return _WORD.findall(text.lower())


def word_of(token: str) -> str:
    """Return a word without its possessive ending.

    The stemmer would turn "sky's" into "ski", but "sky" into "sky".
    """
    return token.removesuffix("'s")


def analyse(text: str) -> list[str]:
    """Return the terms of a text in order: lower case, stemmed, without stop words."""
    return [term for term in map(term_of, words(text)) if term]


def distinct_terms(text: str) -> list[str]:
    """Return the terms of a text, each once, in order of first appearance."""
    return list(dict.fromkeys(analyse(text)))


# A corpus repeats a small vocabulary: remembering its words makes analysis several times as fast.
@lru_cache(maxsize=65536)
def term_of(word: str) -> str:
    """Return the term of a word in lower case; empty for a stop word."""
    if word in _STOP_WORDS:
        return ""
    # A stemmer leaves numbers unchanged.
    return word if word[:1].isdigit() else str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Stemmer.Stemmer:
    import Stemmer

    return Stemmer.Stemmer("english")


@dataclass(frozen=True, slots=True, kw_only=True)
class TermStatistics:
    """How common some terms are in an index.

    Attributes:
        passages: How many passages the index has.
        frequencies: Each term with the number of passages that have it, 0 for an unknown term.
    """

    passages: int
    frequencies: Mapping[str, int]

    def idf(self, term: str) -> float:
        """Return the inverse document frequency of a term, above 0 even if every passage has it.

        Source:
            Robertson & Zaragoza (2009), doi:10.1561/1500000019, eq. 3.3, with 1 added inside the
            logarithm as Lucene does, so that frequent terms do not count against a passage.
        """
        frequency = self.frequencies[term]
        return math.log1p((self.passages - frequency + 0.5) / (frequency + 0.5))


def upper_bound(statistics: TermStatistics) -> float:
    """Return the highest BM25 score any passage could have for these terms.

    Each term contributes idf · (k1 + 1), its limit as term frequency grows. Terms missing from the
    corpus count with the idf of a term that occurs in no passage, so unknown words lower the share.

    Returns:
        0 without terms, otherwise a value above 0.

    Source:
        Robertson & Zaragoza (2009), doi:10.1561/1500000019, eq. 3.8 as tf → ∞.
    """
    return sum(statistics.idf(term) for term in statistics.frequencies) * (K1 + 1)
