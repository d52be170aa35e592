"""What every store agrees on: how a text becomes terms, and how BM25 scores them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import Stemmer


K1 = 1.2
"""BM25's k1: how soon further occurrences of a term stop adding to the score."""
B = 0.75
"""BM25's b: how much the length of a passage counts, from 0 to 1."""
CONTEXT_WEIGHT = 0.5
"""How much an occurrence in the context of a passage counts, where one in the passage counts 1."""
CONTEXT_B = 0.5
"""The b of the context."""

# Each particle with the verbs that are also written closed or with a hyphen: "log-in", "login".
_VERBS = {
    "around": "turn work",
    "away": "give take throw",
    "back": "buy call fall feed pay play roll set write",
    "down": "break count drop lock mark shut slow tear touch",
    "in": "check drop log opt plug sign trade",
    "off": "back cut drop kick lay log pay sign spin take trade write",
    "on": "add log sign",
    "out": "black break call check cut drop hand lay lock log opt pay print read roll sign time",
    "over": "carry change cross fail hand roll take turn",
    "through": "break click drive pass walk",
    "up": "back build check clean follow line look mark mock pick pop set sign speed stand start",
}
# Words that no blank parts ("e-mail", "max_tokens", "os.path", "CVE-2024-3094") and what may be the
# particle of the last one ("log in"), numbers with their separators ("1,000.5"), and options.
_TOKEN = re.compile(
    rf"[^\W\d_]\w*(?:['.-]\w+)*(?: (?:{'|'.join(_VERBS)})s?(?![\w-]))?"
    r"|\d+(?:[.,]\d+)*|(?<![\w-])--[^\W_]\w*(?:-\w+)*"
)
# Words keep their apostrophes ("Russia's"). The "v" of "v1.2" is skipped.
_WORD = re.compile(r"\d+(?:[.,]\d+)*|(?!v\d+\.\d)[^\W\d_][^\W_]*(?:'[^\W_]+)*")
_SNAKE_CASE = re.compile(r"(?<![^\W_])[^\W_]+(?:_+[^\W_]+)+")
_DOTTED = re.compile(r"\b\w+(?:\.\w+|-\d\w*)+")
_LETTER_AND_WORD = re.compile(r"([^\W\d_])-([^\W\d_][^\W_]+)")
_JOINTS = frozenset("._-")
# Lower-case Latin letters with a mark, which people without such a keyboard leave out. NFKC leaves
# a mark alone only where no letter has it: "i\u0307", the lower case of "İ".
_MARKED = re.compile("[\u00e0-\u024f\u1e01-\u1eff]")
_MARKS = re.compile("[\u0300-\u036f]+")
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "\u0131": "i",
        "þ": "th",
    }
)
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
    """Return the words and numbers of a text in order, in lower case, with stop words.

    After the words of an identifier or a compound stands the whole: `max`, `tokens`, `max_tokens`
    for `max_tokens`, and `log`, `in`, `login` for both "log in" and "log-in".
    """
    # Not the whole instead: "back the data up" still finds "back up", and "max tokens" finds
    # `max_tokens`. Nor may "logging in JSON" lose its "log" to a "login" that it is not. The price
    # is that the question "log in" can reach its upper bound only where both terms stand.
    return list(chain.from_iterable(map(_words_of, _tokens(text))))


def analyse(text: str) -> list[str]:
    """Return the terms of a text in order: its words, stemmed, without stop words."""
    return list(chain.from_iterable(map(_terms_of, _tokens(text))))


def distinct_terms(text: str) -> list[str]:
    """Return the terms of a text, each once, in order of first appearance."""
    return list(dict.fromkeys(analyse(text)))


# A corpus repeats a small vocabulary: remembering it makes analysis several times as fast.
@lru_cache(maxsize=65536)
def term_of(word: str) -> str:
    """Return the term of a word in lower case; empty for a stop word."""
    if word in _STOP_WORDS:
        return ""
    # Numbers and identifiers stay as they are.
    is_exact = word[:1].isdigit() or not _JOINTS.isdisjoint(word)
    return word if is_exact else str(_stemmer().stemWord(word))


def _tokens(text: str) -> list[str]:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("’", "'")
        text = _MARKS.sub("", text.lower())
    return _TOKEN.findall(text.lower())


@lru_cache(maxsize=65536)
def _terms_of(token: str) -> tuple[str, ...]:
    return tuple(filter(None, map(term_of, _words_of(token))))


@lru_cache(maxsize=65536)
def _words_of(token: str) -> tuple[str, ...]:
    if not token.isascii():
        plain = _MARKED.sub(lambda letter: unicodedata.normalize("NFD", letter[0])[0], token)
        token = plain.translate(_LETTERS)
    if token.isalnum():
        return (token,)
    # The stemmer would turn "sky's" into "ski", but "sky" into "sky".
    parts = [part.removesuffix("'s") for part in _WORD.findall(token)]
    return (*parts, *dict.fromkeys(_wholes(token, parts)))


def _wholes(token: str, parts: Sequence[str]) -> Iterator[str]:
    """Yield the words that several parts of a token make."""
    if "-" in token or " " in token:
        for verb, particle in pairwise(parts):
            yield from _closed_form(verb, particle)
    if letter := _LETTER_AND_WORD.match(token):
        yield "".join(letter.groups())
    if "_" in token:
        yield from _SNAKE_CASE.findall(token)
    if token[0].isalpha():
        yield from _DOTTED.findall(token)
    elif token[0] == "-":
        yield token


def _closed_form(verb: str, particle: str) -> list[str]:
    """Return the closed form of a verb and its particle, if they are in `_VERBS`."""
    verbs = _verbs_by_term().get(particle.removesuffix("s"))
    return verbs.get(term_of(verb), []) if verbs else []


@cache
def _verbs_by_term() -> dict[str, dict[str, list[str]]]:
    return {
        particle: {term_of(verb): [verb + particle] for verb in verbs.split()}
        for particle, verbs in _VERBS.items()
    }


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
