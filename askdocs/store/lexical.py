"""The lexical side of an index: an inverted index scored by BM25."""

from __future__ import annotations

import io
import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

K1 = 1.2
"""How soon further occurrences of a term stop adding to the score."""
B = 0.75
"""How much a passage's length counts, from 0 to 1."""

# A header as NumPy writes it for the arrays that stand here, and no other.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<rest>..)\{'descr': '(?P<type><i8|<i4|\|u1)', 'fortran_order': False, "
    rb"'shape': \((?P<length>\d{1,18}),\), \} *\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermStatistics:
    """What the index knows of some terms.

    Attributes:
        passages: How many passages the index has.
        frequencies: Term to the number of passages that have it, 0 for an unknown one.
    """

    passages: int
    frequencies: Mapping[str, int]

    def idf(self, term: str) -> float:
        """The inverse document frequency of a term, above 0 even where every passage has it.

        Source:
            Robertson & Zaragoza (2009), doi:10.1561/1500000019, eq. 3.3, with 1 added inside the
            logarithm as Lucene does, so that frequent terms do not count against a passage.
        """
        found = self.frequencies[term]
        return float(np.log1p((self.passages - found + 0.5) / (found + 0.5)))


def upper_bound(statistics: TermStatistics) -> float:
    """The highest BM25 score that any passage could have for these terms.

    Every term contributes idf · (k1 + 1), its limit as term frequency grows; a term that the
    corpus lacks counts with the idf of a term in no passage, so unknown words lower the share.

    Returns:
        0 where there are no terms, otherwise a value above 0.

    Source:
        Robertson & Zaragoza (2009), doi:10.1561/1500000019, eq. 3.8 as tf → ∞.
    """
    return sum(statistics.idf(term) for term in statistics.frequencies) * (K1 + 1)


class LexicalWriter:
    """Collects the terms of passages and writes them as an inverted index."""

    def __init__(self) -> None:
        """Begin with no passages."""
        self._lengths = array("i")
        self._postings: dict[str, tuple[array[int], array[int]]] = {}

    def add(self, terms: Sequence[str]) -> None:
        """Add the next passage, whose id is how many were added before it."""
        passage = len(self._lengths)
        self._lengths.append(len(terms))
        for term, frequency in Counter(terms).items():
            passages, frequencies = self._postings.setdefault(term, (array("i"), array("i")))
            passages.append(passage)
            frequencies.append(frequency)

    def pieces(self) -> Iterator[bytes]:
        """The file: six NumPy arrays in the .npy format, one after another.

        Offsets of the terms' bytes and of their postings, terms sorted by their UTF-8 bytes; the
        passages' lengths; the postings' passage ids and frequencies; the terms' bytes.
        """
        terms = sorted((term.encode(), term) for term in self._postings)
        postings = [self._postings[term] for _, term in terms]
        yield _npy(_offsets([len(name) for name, _ in terms]))
        yield _npy(_offsets([len(passages) for passages, _ in postings]))
        yield _npy(np.asarray(self._lengths, dtype="<i4"))
        yield _npy(_joined([passages for passages, _ in postings]))
        yield _npy(_joined([frequencies for _, frequencies in postings]))
        yield _npy(np.frombuffer(b"".join(name for name, _ in terms), dtype="u1"))


class LexicalReader:
    """Scores passages from the arrays that a LexicalWriter wrote."""

    def __init__(self, content: bytes | memoryview) -> None:
        """Take the arrays as views of the content, which must be verified.

        Raises:
            ValueError: The content is no sequence of six arrays.
        """
        (
            self._term_offsets,
            self._posting_offsets,
            self._lengths,
            self._posting_passages,
            self._posting_frequencies,
            term_bytes,
        ) = _read_arrays(content, 6)
        self._term_bytes = term_bytes.tobytes()
        mean = float(self._lengths.mean()) if len(self._lengths) else 0.0
        relative = self._lengths / mean if mean else np.zeros(len(self._lengths))
        self._saturation = K1 * (1 - B + B * relative)

    def statistics(self, terms: Sequence[str]) -> TermStatistics:
        """How many passages have each of the terms."""
        return TermStatistics(
            passages=len(self._lengths),
            frequencies={term: len(self._postings(term)[0]) for term in terms},
        )

    def scores(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """The BM25 score of every passage for some distinct terms, shape (passages,).

        Source:
            Robertson & Zaragoza (2009), doi:10.1561/1500000019, eq. 3.15.
        """
        scores = np.zeros(len(self._lengths))
        statistics = self.statistics(terms)
        for term in terms:
            passages, frequencies = self._postings(term)
            weight = statistics.idf(term) * (K1 + 1)
            scores[passages] += weight * frequencies / (frequencies + self._saturation[passages])
        return scores

    def _postings(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        name = term.encode()
        position = bisect_left(range(len(self._term_offsets) - 1), name, key=self._name)
        if position == len(self._term_offsets) - 1 or self._name(position) != name:
            return self._posting_passages[:0], self._posting_frequencies[:0]
        start, end = self._posting_offsets[position : position + 2]
        return self._posting_passages[start:end], self._posting_frequencies[start:end]

    def _name(self, position: int) -> bytes:
        start, end = self._term_offsets[position : position + 2]
        return self._term_bytes[start:end]


def _offsets(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype="<i8")]).astype("<i8")


def _joined(parts: Sequence[array[int]]) -> NDArray[np.int32]:
    return np.concatenate([np.zeros(0, "<i4"), *parts]).astype("<i4")


def _npy(values: NDArray[np.generic]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, values, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def _read_arrays(content: bytes | memoryview, count: int) -> list[NDArray[Any]]:
    """Views of consecutive .npy arrays; numpy.load would copy them."""
    arrays = []
    start = 0
    for _ in range(count):
        header = _HEADER.match(content, start)
        if header is None or _length(header) != len(header[0]):
            raise ValueError(f"no array begins at byte {start}")
        arrays.append(
            np.frombuffer(content, header["type"].decode(), int(header["length"]), header.end())
        )
        start = header.end() + arrays[-1].nbytes
    if start != len(content):
        raise ValueError(f"{len(content) - start} bytes follow the last array")
    return arrays


def _length(header: re.Match[bytes]) -> int:
    """How long a header says that it is: ten bytes, and what the last two of them count."""
    return 10 + int.from_bytes(header["rest"], "little")
