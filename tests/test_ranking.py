"""Scores and their order are what the formula says, by numbers worked out by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from askdocs.datamodel import Mode, Passage, StoredPassage
from askdocs.ranking import DEFAULT_BARS, rank
from askdocs.store.lexical import TermStatistics

VECTOR = np.zeros(4, np.float32)
# Of three passages one has "rain" and none "zebra": idf ln(1 + 2.5 / 1.5) and ln(1 + 3.5 / 0.5).
STATISTICS = TermStatistics(passages=3, frequencies={"rain": 1, "zebra": 0})
BOUND = 2.2 * (log(8 / 3) + log(8))


def stored(
    number: int, *, path: str = "a.txt", text: str = "", start: int | None = None
) -> StoredPassage:
    """A passage whose sentences end at periods; without a text, one like no other's."""
    text = text or f"One {number}. Two {number}."
    origin = 100 * number if start is None else start
    ends = [at + 1 for at, one in enumerate(text) if one == "."]
    starts = [0, *(end + 1 for end in ends[:-1])]
    return StoredPassage(
        id=number,
        path=path,
        encoding="utf-8",
        first_sentence=0,
        passage=Passage(
            chars=(origin, origin + len(text)),
            paragraphs=(1, 1),
            lines=(1, 1),
            text=text,
            sentences=tuple(
                (origin + first, origin + last) for first, last in zip(starts, ends, strict=True)
            ),
        ),
    )


@dataclass
class FakeReader:
    """An index of which every signal is given.

    Attributes:
        stored: The passages.
        best: The cosines of each passage's sentences.
        words: The BM25 score of each passage.
        near: The passages that the dense search finds.
        found: The passages that the lexical search finds.
        statistics: What is known of the question's terms.
        asked: The searches, with how many results were wanted.
    """

    stored: Sequence[StoredPassage]
    best: Mapping[int, Sequence[float]]
    words: Mapping[int, float]
    near: Sequence[int] = (0, 1, 2)
    found: Sequence[int] = ()
    statistics: TermStatistics = STATISTICS
    asked: list[tuple[str, int]] = field(default_factory=list)

    def dense(
        self, vectors: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Sentence ids are passage ids times ten."""
        assert vectors.shape == (1, 4)
        self.asked.append(("dense", k))
        ids = np.array([[10 * number for number in self.near]], np.int64)
        return ids, np.zeros(ids.shape, np.float32)

    def lexical(
        self, terms: Sequence[str], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """What the words find."""
        self.asked.append(("lexical", k))
        return np.array(self.found, np.int64), np.zeros(len(self.found))

    def passages_of_sentences(self, sentence_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """See `dense`."""
        return sentence_ids // 10

    def passages(self, ids: Sequence[int]) -> list[StoredPassage]:
        """The passages with some ids."""
        return [one for number in ids for one in self.stored if one.id == number]

    def cosines(
        self, vector: NDArray[np.float32], passages: Sequence[StoredPassage]
    ) -> list[NDArray[np.float32]]:
        """What was given."""
        return [np.array(self.best[one.id], np.float32) for one in passages]

    def bm25(self, terms: Sequence[str], passage_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """What was given."""
        return np.array([self.words[number] for number in passage_ids.tolist()])

    def term_statistics(self, terms: Sequence[str]) -> TermStatistics:
        """What was given."""
        return self.statistics


def ranked(reader: FakeReader, mode: Mode = Mode.HYBRID, top_k: int = 9) -> list[tuple[int, float]]:
    """The ids and scores of a ranking."""
    vector = None if mode == Mode.LEXICAL else VECTOR
    found = rank(reader, ["rain", "zebra"], vector, mode=mode, top_k=top_k)
    return [(one.stored.id, one.score) for one in found]


@pytest.fixture
def reader() -> FakeReader:
    """Three passages with different signals; words find the last, meaning the first two."""
    return FakeReader(
        stored=[stored(0), stored(1), stored(2)],
        best={0: [0.2, 0.8], 1: [0.6, 0.1], 2: [-0.4, -0.3]},
        words={0: 0.0, 1: BOUND / 4, 2: BOUND / 2},
        near=(0, 1),
        found=(2,),
    )


def test_hybrid_score_is_the_mean_of_cosine_and_share(reader: FakeReader) -> None:
    """Half the best cosine and half the share of BM25 in its bound; negative cosines count 0.

    (0.6 + 0.25) / 2, (0.8 + 0) / 2, (0 + 0.5) / 2; each passage has both signals, whichever search
    found it.
    """
    assert ranked(reader) == [(1, 0.425), (0, 0.4), (2, 0.25)]


def test_dense_score_is_the_best_cosine(reader: FakeReader) -> None:
    """Words do not count, and are not searched."""
    assert ranked(reader, Mode.DENSE) == [(0, 0.8), (1, 0.6)]
    assert reader.asked == [("dense", 200)]


def test_lexical_score_is_the_share(reader: FakeReader) -> None:
    """Vectors do not count, and are not searched."""
    assert ranked(reader, Mode.LEXICAL) == [(2, 0.5)]
    assert reader.asked == [("lexical", 100)]


def test_hybrid_searches_both_ways(reader: FakeReader) -> None:
    """Candidates are the union of both searches, each once."""
    reader.found = (0, 2)

    assert [number for number, _ in ranked(reader)] == [1, 0, 2]
    assert sorted(reader.asked) == [("dense", 200), ("lexical", 100)]


def test_negative_cosine_is_no_score(reader: FakeReader) -> None:
    """A passage whose every cosine is negative scores 0, not less."""
    reader.near = (2,)

    assert ranked(reader, Mode.DENSE) == [(2, 0.0)]


def test_score_is_never_above_one(reader: FakeReader) -> None:
    """A cosine that is a hair above 1 counts as 1."""
    reader.near, reader.best = (0,), {0: [1.00001]}

    assert ranked(reader, Mode.DENSE) == [(0, 1.0)]


def test_question_without_words_keeps_its_meaning(reader: FakeReader) -> None:
    """Without terms there is no bound, and the lexical half is 0."""
    reader.statistics = TermStatistics(passages=3, frequencies={})

    assert ranked(reader) == [(0, 0.4), (1, 0.3), (2, 0.0)]


@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_only_the_best_are_returned(reader: FakeReader, top_k: int) -> None:
    """The rest is cut off after the ranking, not before."""
    assert ranked(reader, top_k=top_k) == [(1, 0.425), (0, 0.4), (2, 0.25)][:top_k]


def test_nothing_found_is_an_empty_ranking(reader: FakeReader) -> None:
    """Where no search finds a passage there is no ranking."""
    reader.near = reader.found = ()

    assert [ranked(reader, mode) for mode in Mode] == [[], [], []]


def test_equal_scores_are_ordered_by_path_then_position() -> None:
    """The order of ties is public, and not that of ids or of the search."""
    places = [("b.txt", 5), ("a.txt", 90), ("a.txt", 7), ("a/z.txt", 0), ("B.txt", 3)]
    reader = FakeReader(
        stored=[stored(at, path=path, start=start) for at, (path, start) in enumerate(places)],
        best={number: [0.5] for number in range(5)},
        words=dict.fromkeys(range(5), 0.0),
        near=(4, 2, 0, 1, 3),
    )

    assert [number for number, _ in ranked(reader, Mode.DENSE)] == [4, 2, 1, 3, 0]


def test_differences_behind_the_sixth_digit_are_none() -> None:
    """The order does not hang on the last bits of a float."""
    reader = FakeReader(
        stored=[stored(0, path="a"), stored(1, path="b"), stored(2, path="c")],
        best={0: [0.5], 1: [0.5000002], 2: [0.50001]},
        words=dict.fromkeys(range(3), 0.0),
    )

    assert ranked(reader, Mode.DENSE) == [(2, 0.50001), (0, 0.5), (1, 0.5)]


def answers(reader: FakeReader, mode: Mode) -> list[str]:
    """The answer sentence of each passage, best first."""
    vector = None if mode == Mode.LEXICAL else VECTOR
    found = rank(reader, ["rain", "zebra"], vector, mode=mode, top_k=9)
    return [
        one.stored.passage.text[start - one.stored.passage.chars[0] :][: end - start]
        for one in found
        for start, end in [one.answer]
    ]


@pytest.mark.parametrize("mode", [Mode.HYBRID, Mode.DENSE])
def test_answer_is_the_sentence_of_the_best_cosine(reader: FakeReader, mode: Mode) -> None:
    """The sentence that makes the score is the one that is shown."""
    reader.near, reader.found = (0, 1), ()

    assert sorted(answers(reader, mode)) == ["One 1.", "Two 0."]
    assert dict(zip(ranked(reader, mode), answers(reader, mode), strict=True)) == {
        (number, score): {0: "Two 0.", 1: "One 1."}[number]
        for number, score in ranked(reader, mode)
    }


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Sun. The rains. Snow.", "The rains."),
        ("Rain rain rain. A zebra.", "A zebra."),
        ("A zebra. Rain and a zebra.", "Rain and a zebra."),
        ("Rain here. Rain there.", "Rain here."),
        ("Sun. Snow.", "Sun."),
    ],
)
def test_lexical_answer_has_the_rarest_words(text: str, answer: str) -> None:
    """Each question word counts once, by its idf; the first of equals wins."""
    reader = FakeReader(stored=[stored(0, text=text)], best={}, words={0: 1.0}, found=(0,))

    assert answers(reader, Mode.LEXICAL) == [answer]


def test_every_mode_has_a_bar() -> None:
    """The bars are what the help says."""
    assert DEFAULT_BARS == {Mode.HYBRID: 0.30, Mode.DENSE: 0.45, Mode.LEXICAL: 0.20}


def test_nearly_the_same_passages_are_folded_into_the_best() -> None:
    """A copy is named by the first of its kind and takes no place among the hits."""
    text = " ".join(f"word{number}" for number in range(40)) + "."
    reader = FakeReader(
        stored=[
            stored(0, path="b", text=text),
            stored(1, path="a", text=text.replace("word0 ", "")),
            stored(2, path="c", text="Rain fell. Snow fell."),
        ],
        best={0: [0.9], 1: [0.8], 2: [0.7, 0.1]},
        words=dict.fromkeys(range(3), 0.0),
    )

    found = rank(reader, ["rain", "zebra"], VECTOR, mode=Mode.DENSE, top_k=2)

    assert [(one.stored.id, [copy.id for copy in one.duplicates]) for one in found] == [
        (0, [1]),
        (2, []),
    ]


def test_short_sentence_answers_only_where_no_other_can() -> None:
    """A title matches better than the sentence below it, which has five terms and is chosen."""
    long = "Heavy autumn rain flooded seven villages."
    reader = FakeReader(
        stored=[stored(0, text=f"Rain. {long}"), stored(1, text="Rain. Zebra.")],
        best={0: [0.9, 0.2], 1: [0.4, 0.1]},
        words=dict.fromkeys(range(2), 0.0),
        near=(0, 1),
    )

    assert answers(reader, Mode.DENSE) == [long, "Rain."]


def test_answer_is_chosen_by_meaning_and_words_alike() -> None:
    """A sentence with a question word beats one with a slightly better cosine."""
    best, worded = (
        "Heavy autumn storms flooded seven villages.",
        "Light rain fell over twelve towns.",
    )
    reader = FakeReader(
        stored=[stored(0, text=f"{best} {worded}")],
        best={0: [0.6, 0.5]},
        words={0: 0.0},
        near=(0,),
    )

    assert answers(reader, Mode.HYBRID) == [worded]
    assert answers(reader, Mode.DENSE) == [best]
