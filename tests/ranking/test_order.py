"""Scores and their order are what the formula says, by numbers worked out by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import exp, hypot, log, sqrt
from typing import Any

import numpy as np
import pytest

from askdocs.embedding.model import EmbeddedQuestion
from askdocs.ranking import order, signals
from askdocs.ranking.candidates import RANKED, gather
from askdocs.ranking.order import COMPARED, rank
from askdocs.ranking.score import LEAD, Ranker, load_ranker
from askdocs.ranking.signals import MEANINGS, REPEATED_WEIGHT, stand_in
from askdocs.records.results import Mode, Signal
from askdocs.records.spans import BlockKind, Part, Passage, StoredPassage
from askdocs.store.analysis import TermStatistics

VECTOR = np.array([1, 0, 0, 0], np.float32)
ASKED = EmbeddedQuestion(VECTOR, np.empty((0, 0), np.float32), ())
QUESTION = "Rain, zebra?"
# Of three passages one has "rain" and none "zebra": idf ln(1 + 2.5 / 1.5) and ln(1 + 3.5 / 0.5).
BOUND = 2.2 * (log(8 / 3) + log(8))
RANKER = Ranker(constant=-2.0, weights={"best_cosine": 4.0, "bm25_share": 4.0}, bar=0.5, floor=0.2)


def stored(
    number: int, *, path: str = "a.txt", text: str = "", start: int | None = None
) -> StoredPassage:
    """A passage whose sentences end at periods; without a text, one like no other's."""
    text = text or f"One {number}. Two {number}."
    origin = 100 * number if start is None else start
    ends = [at + 1 for at, one in enumerate(text) if one == "."]
    readings = tuple(zip([0, *(end + 1 for end in ends)], ends, strict=False))
    passage = Passage(
        chars=(origin, origin + len(text)), paragraphs=(1, 1), lines=(1, 1), text=text,
        sentences=tuple((start + origin, end + origin) for start, end in readings),
        plain=text, readings=readings, parts=(Part(BlockKind.PARAGRAPH, 0, 0, len(text)),),
    )  # fmt: skip
    return StoredPassage(
        id=number, path=path, sha256="0" * 64, first_sentence=10 * number, passage=passage
    )


@dataclass
class FakeReader:
    """An index of which every signal is given; sentence ids are passage ids times ten.

    Attributes:
        stored: The passages.
        best: The cosines of each passage's sentences; those of others are 0.
        words: The BM25 score of each passage; that of others is 0.
        near: The passages that the dense search finds, nearest first.
        copies: Of how many of them the first sentences are equally near.
        found: The passages that the lexical search finds.
        codes: For each passage, the signs of the tokens of its context and of each sentence, written
            as + and -; those of others have no tokens.
        asked: The searches, with how many results were wanted.
        read: The ids of the passages that were read.
    """

    stored: Sequence[StoredPassage]
    best: Mapping[int, Sequence[float]] = field(default_factory=dict)
    words: Mapping[int, float] = field(default_factory=dict)
    near: Sequence[int] = ()
    copies: int = 1
    found: Sequence[int] = ()
    codes: Mapping[int, Sequence[Sequence[str]]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    read: list[int] = field(default_factory=list)

    def dense(self, vectors, k, *, within=None):
        """The first sentences of those that are near."""
        assert vectors.tolist() == [VECTOR.tolist()]
        self.asked.append(("dense", k))
        ids = 10 * np.array([self.near], np.int64)
        cosines = np.linspace(0.9, 0.1, max(1, ids.size), dtype=np.float32)[: ids.size]
        cosines[: self.copies] = 0.95
        return ids[:, :k], cosines[np.newaxis, :k]

    def lexical(self, terms, k, *, within=None):
        """What the words find."""
        self.asked.append(("lexical", k))
        return np.array(self.found, np.int64), np.zeros(len(self.found))

    def passages_of_sentences(self, sentence_ids):
        """See `dense`."""
        return sentence_ids // 10

    def passages(self, ids):
        """The passages with some ids."""
        self.read.extend(ids)
        return [self.stored[number] for number in ids]

    def sentences_of(self, passage_ids):
        """The sentences of each passage."""
        own = [self.stored[number].passage.sentences for number in passage_ids.tolist()]
        return 10 * passage_ids, np.array(list(map(len, own)), np.int64)

    def text_digests(self, passage_ids):
        """The first passage of all that is read the same."""
        texts = [one.passage.plain for one in self.stored]
        return np.array([texts.index(texts[number]) for number in passage_ids.tolist()], np.int64)

    def vectors(self, sentence_ids):
        """One for each sentence, of the given cosine; those of a passage lie in one plane."""
        own = [
            (*self.best.get(number // 10, ()), *[0.0] * 10)[number % 10]
            for number in sentence_ids.tolist()
        ]
        return np.array([(one, sqrt(max(0.0, 1 - one**2)), 0.0, 0.0) for one in own]).reshape(-1, 4)

    def token_codes(self, passage_ids):
        """What was given, one passage after another."""
        ids = passage_ids.tolist()
        none = [[[]] * (1 + len(self.stored[number].passage.sentences)) for number in ids]
        texts = chain.from_iterable(map(self.codes.get, ids, none))
        counts, tokens = [], []
        for text in texts:
            counts.append(len(text))
            tokens += [[sign == "+" for sign in token] for token in text]
        bits = np.array(tokens, np.bool_).reshape(len(tokens), 4)
        return np.packbits(bits, axis=1), np.array(counts, np.int64)

    def bm25(self, terms, passage_ids):
        """What was given."""
        return np.array([self.words.get(number, 0.0) for number in passage_ids.tolist()])

    def term_statistics(self, terms):
        """Of three passages one has "rain", and none another term."""
        return TermStatistics(passages=3, frequencies={term: int(term == "rain") for term in terms})


def rank_all(
    reader: FakeReader, mode: Mode = Mode.HYBRID, *, question: str = QUESTION, top_k: int = 9
) -> list[Any]:
    """A ranking."""
    embedded = None if mode == Mode.LEXICAL else ASKED
    return rank(reader, question, embedded, mode=mode, top_k=top_k)


def ranked(reader: FakeReader, *arguments: Any, **named: Any) -> list[tuple[int, float]]:
    """The ids and scores of a ranking."""
    return [(one.stored.id, one.score) for one in rank_all(reader, *arguments, **named)]


def logistic(log_odds: float) -> float:
    """The probability of some log-odds, as scores are rounded."""
    return round(1 / (1 + exp(-log_odds)), 6)


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


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores come from a ranker of two signals, whose numbers are round."""
    monkeypatch.setattr(order, "load_ranker", lambda: RANKER)


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize("found", [(2,), (0, 2)])
def test_hybrid_score_is_the_rankers_probability(reader, found):
    """Log-odds are four times best cosine and BM25 share, less two; negative cosines count 0.

    0.6 and 0.25, 0.8 and 0, 0 and 0.5; each passage has both signals, whichever search found it.
    """
    reader.found = found
    assert ranked(reader) == [(1, logistic(1.4)), (0, logistic(1.2)), (2, 0.5)]
    assert sorted(reader.asked) == [("dense", 200), ("lexical", 100)]


def test_shipped_ranker_gives_the_hybrid_score(reader):
    """Scores are those of the ranker that comes with askdocs, and each passage has its own lead."""
    found = gather(reader, QUESTION, ASKED, mode=Mode.HYBRID)
    ranker = load_ranker()
    lead = ranker.lead(found.signals)
    hits = rank_all(reader)
    scores = {hit.stored.id: hit.score for hit in hits}
    expected = ranker.probabilities({**found.signals, LEAD: lead}).round(6).tolist()
    assert [scores[number] for number in range(3)] == expected
    leads = {hit.stored.id: one.value for hit in hits for one in hit.signals if one.name == LEAD}
    assert leads == dict(enumerate(lead.tolist()))
    assert len({*leads.values()}) == 3


def test_dense_score_is_the_best_cosine(reader):
    """Words do not count, and are not searched."""
    assert ranked(reader, Mode.DENSE) == [(0, 0.8), (1, 0.6)]
    assert reader.asked == [("dense", 200)]


def test_lexical_score_is_the_share(reader):
    """Vectors do not count, and are not searched."""
    assert ranked(reader, Mode.LEXICAL) == [(2, 0.5)]
    assert reader.asked == [("lexical", 100)]


def test_hybrid_candidates_have_every_signal(reader):
    """Whatever a signal is called, it is known of each candidate; the lead is the ranker's."""
    found = gather(reader, QUESTION, ASKED, mode=Mode.HYBRID)
    assert [*found.signals, LEAD] == list(MEANINGS)
    assert {values.shape for values in found.signals.values()} == {(3,)}
    assert found.signals["mean_cosine"].tolist() == pytest.approx(
        [1.0 / hypot(0.2 + 0.8, sqrt(0.96) + 0.6), 0.7 / hypot(0.6 + 0.1, 0.8 + sqrt(0.99)), 0.0]
    )


@pytest.mark.parametrize(("cosine", "score"), [(-0.3, 0.0), (1.00001, 1.0)])
def test_dense_score_is_between_zero_and_one(reader, cosine, score):
    """A passage whose every cosine is negative scores 0; a cosine that is a hair above 1, 1."""
    reader.near, reader.best = (0,), {0: [cosine, cosine]}
    assert ranked(reader, Mode.DENSE) == [(0, score)]


@pytest.mark.usefixtures("by_hand")
def test_question_without_words_keeps_its_meaning(reader):
    """Without terms there is no bound, and the lexical share is 0."""
    assert ranked(reader, question="?") == [
        (0, logistic(1.2)), (1, logistic(0.4)), (2, logistic(-2)),
    ]  # fmt: skip


@pytest.mark.parametrize("question", ["What is the sky's colour?", "Let's see the news's end"])
def test_possessives_are_looked_up_as_the_index_has_them(reader, question):
    """A word whose term hangs on its ending is a term that there are statistics of."""
    assert len(ranked(reader, question=question)) == 3


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_only_the_best_are_returned(reader, mode, top_k):
    """The rest is cut off after the ranking: a hit's score, answer and signals stay the same."""
    reader.near = reader.found = range(3)
    whole = rank_all(reader, mode)
    assert rank_all(reader, mode, top_k=top_k) == whole[:top_k]
    assert len(whole[:top_k]) == min(top_k, len(whole))


def test_nothing_found_is_an_empty_ranking(reader):
    """Where no search finds a passage there is no ranking."""
    reader.near = reader.found = ()
    assert [ranked(reader, mode) for mode in Mode] == [[], [], []]


@pytest.mark.parametrize("mode", [Mode.HYBRID, Mode.DENSE])
def test_equal_scores_are_ordered_by_path_then_position(mode):
    """The order of ties is public, and not that of ids or of the search."""
    places = [("b.txt", 5), ("a.txt", 90), ("a.txt", 7), ("a/z.txt", 0), ("B.txt", 3)]
    reader = FakeReader(
        stored=[stored(at, path=path, start=start) for at, (path, start) in enumerate(places)],
        best={number: [0.5, 0.5] for number in range(5)},
        near=(4, 2, 0, 1, 3),
    )
    assert [number for number, _ in ranked(reader, mode)] == [4, 2, 1, 3, 0]


def test_differences_behind_the_sixth_digit_are_none():
    """The order does not hang on the last bits of a float."""
    reader = FakeReader(
        stored=[stored(0, path="a"), stored(1, path="b"), stored(2, path="c")],
        best={0: [0.5], 1: [0.5000002], 2: [0.50001]},
        near=(0, 1, 2),
    )
    assert ranked(reader, Mode.DENSE) == [(2, 0.50001), (0, 0.5), (1, 0.5)]


def many(count: int) -> FakeReader:
    """So many passages that each have "rain", each a little farther away than the one before."""
    return FakeReader(
        stored=[stored(number, text=f"Rain fell {number} times.") for number in range(count)],
        best={number: [0.9 - 0.005 * number] for number in range(count)},
        near=range(count),
    )


def test_only_the_best_candidates_are_looked_at_closely():
    """After the first 60, by cosine and BM25 share, signals of words are 0."""
    found = gather(many(RANKED + 3), "rain", ASKED, mode=Mode.HYBRID)
    assert found.signals["local_term_share"].tolist() == [1.0] * RANKED + [0.0] * 3
    best = found.signals["best_cosine"].tolist()
    assert found.signals["mean_cosine"].tolist() == pytest.approx(best[:RANKED] + [0.0] * 3)
    assert min(best) > 0


def test_other_candidates_show_what_was_computed_for_them():
    """After the first 60, a hit is explained by its first signals and by those that all share."""
    hits = rank_all(many(RANKED + 3), question="rain", top_k=100)
    names = [[one.name for one in hit.signals] for hit in (hits[0], hits[-1])]
    few = ["best_cosine", "bm25_share", "unknown_share", "question_length", "lead", "constant"]
    assert names == [[*MEANINGS, "constant"], few]


def test_copies_have_the_signals_of_the_first():
    """A text is looked at closely once, and each of its copies has what that found."""
    reader = FakeReader(
        stored=[stored(number, text=text) for number, text in enumerate(("Rain.", "No.", "Rain."))],
        best={0: [0.8], 1: [0.9], 2: [0.8]},
        near=(0, 1, 2),
    )
    found = gather(reader, "rain", ASKED, mode=Mode.HYBRID)
    assert found.signals["local_term_share"].tolist() == [1.0, 0.0, 1.0]
    assert found.has_all_signals.tolist() == [True] * 3


def test_more_hits_than_are_looked_at_closely_can_be_had():
    """The order does not hang on how many are wanted, and all candidates are in it."""
    reader = many(RANKED + 3)
    whole = ranked(reader, question="rain", top_k=100)
    assert [number for number, _ in whole] == list(range(RANKED + 3))
    assert ranked(reader, question="rain", top_k=2) == whole[:2]


@pytest.mark.usefixtures("by_hand")
def test_only_what_can_be_shown_or_compared_is_read():
    """Of 150 candidates 60 are compared closely; a hit or its like is among the best 62."""
    reader = many(150)
    ranked(reader, question="rain", top_k=2)
    assert len(set(reader.read)) == COMPARED + 2


def test_copies_are_read_wherever_they_rank():
    """Every copy of a hit is named, however many other passages rank between them."""
    reader = many(150)
    reader.stored = [*reader.stored[:-1], stored(149, text=reader.stored[0].passage.text)]
    first, *_ = rank(reader, "rain", ASKED, mode=Mode.DENSE, top_k=2)
    assert [copy.id for copy in first.duplicates] == [149]


def test_copies_of_a_sentence_do_not_crowd_out_others():
    """Where 300 passages begin with the nearest sentence, more are searched until others come."""
    reader = FakeReader(stored=[stored(number) for number in range(302)], near=range(302))
    reader.copies = 300
    found = gather(reader, QUESTION, ASKED, mode=Mode.DENSE)
    assert found.ids.tolist()[-2:] == [300, 301]
    assert reader.asked == [("dense", 200), ("dense", 400)]


def test_search_for_others_ends():
    """After 1,600 sentences that are all the same, no more are looked for."""
    reader = FakeReader(stored=[stored(number) for number in range(2000)], near=range(2000))
    reader.copies = 2000
    ranking = rank(reader, QUESTION, ASKED, mode=Mode.HYBRID, top_k=3)
    assert [k for name, k in reader.asked if name == "dense"] == [200, 400, 800, 1600]
    assert [one.stored.id for one in ranking] == [0, 1, 2]


@pytest.mark.usefixtures("by_hand")
def test_sentence_that_many_passages_repeat_counts_less(monkeypatch):
    """At a weight of 0.5, four that share a sentence have half of its cosine; three, all of it."""
    monkeypatch.setattr(signals, "REPEATED_WEIGHT", 0.5)
    texts = [f"Share this. Rain fell {number} times." for number in range(4)]
    passages = [stored(number, text=text) for number, text in enumerate(texts)]
    cosines = {number: [0.8, 0.1 + 0.01 * number] for number in range(4)}
    four = ranked(FakeReader(stored=passages, best=cosines, near=range(4)), question="?")
    three = ranked(FakeReader(stored=passages, best=cosines, near=range(3)), question="?")
    assert four == [(number, logistic(4 * 0.4 - 2)) for number in range(4)]
    assert three == [(number, logistic(4 * 0.8 - 2)) for number in range(3)]


@pytest.mark.usefixtures("by_hand")
def test_copies_of_a_passage_are_one_hit_that_counts_less():
    """A block that stands alone in five files is repeated, as it is within other passages."""
    passages = [stored(number, path=f"{number}.txt", text="Rain fell.") for number in range(5)]
    reader = FakeReader(
        stored=passages, best={number: [0.8] for number in range(5)}, near=(3, 1, 0, 2, 4)
    )
    (hit,) = rank(reader, "?", ASKED, mode=Mode.HYBRID, top_k=9)
    assert hit.stored.id == 0
    assert hit.score == logistic(4 * REPEATED_WEIGHT * 0.8 - 2)
    assert [copy.id for copy in hit.duplicates] == [1, 2, 3, 4]


def test_nearly_the_same_passages_are_folded_into_the_best():
    """A copy is named by the first of its kind and takes no place among the hits."""
    text = " ".join(f"word{number}" for number in range(40)) + "."
    texts = {"b": text, "a": text.replace("word0 ", ""), "c": "Rain fell. Snow fell."}
    reader = FakeReader(
        stored=[stored(at, path=path, text=texts[path]) for at, path in enumerate(texts)],
        best={0: [0.9], 1: [0.8], 2: [0.7, 0.1]},
        near=(0, 1, 2),
    )
    first, second = rank_all(reader, Mode.DENSE, top_k=2)
    assert (first.stored.id, [copy.id for copy in first.duplicates]) == (0, [1])
    assert (second.stored.id, second.duplicates) == (2, ())


@pytest.mark.parametrize(
    ("answer", "copies"),
    [("The pool stays shut.", [1]), ("The pool is shut.", []), ("It is shut.", [])],
)
def test_passages_that_answer_with_the_same_sentence_are_folded(answer, copies):
    """Notices of different weeks say it again: three terms are enough, two or one are chance."""
    weeks = ("Frost cracked several pipes in January.", "Painters worked on both roofs in June.")
    reader = FakeReader(
        stored=[stored(number, text=f"{week} {answer}") for number, week in enumerate(weeks)],
        best={0: [0.1, 0.9], 1: [0.2, 0.8]},
        near=(0, 1),
    )
    first, *others = rank_all(reader, Mode.DENSE)
    assert (first.stored.id, [copy.id for copy in first.duplicates]) == (0, copies)
    assert [other.stored.id for other in others] == [number for number in (1,) if not copies]


def with_tokens(text: str, *codes: Sequence[str], **named: Any) -> FakeReader:
    """One passage with the codes of its context and of its sentences."""
    sentences = text.count(".")
    return FakeReader(
        stored=[stored(0, text=text)], best={0: [0.5] * sentences}, near=(0,), found=(0,),
        codes={0: codes}, **named,
    )  # fmt: skip


def asked(*tokens: Sequence[float]) -> EmbeddedQuestion:
    """A question of tokens that have no character in it, so that all of them count alike."""
    return EmbeddedQuestion(VECTOR, np.array(tokens, np.float32), ((0, 0),) * len(tokens))


def test_late_interaction_counts_context_and_sentences():
    """Of two tokens one has cosine 1 with the context, the other 0.5 with the second sentence."""
    reader = with_tokens("Rain fell. Snow fell.", ["++++"], ["----"], ["+---", "++--"])
    question = asked([0.5, 0.5, 0.5, 0.5], [0.0, 1.0, 0.0, 0.0])
    found = gather(reader, QUESTION, question, mode=Mode.HYBRID)
    assert found.signals["late_interaction"].tolist() == pytest.approx([(1 + 0.5) / 2])
    assert found.scores_of(0).tolist() == pytest.approx([(-1 - 0.5) / 2, (0 + 0.5) / 2], abs=1e-4)


def test_context_is_never_the_answer():
    """Where the context matches best, the best sentence still answers, and the score has both."""
    question = asked([0.5, 0.5, 0.5, 0.5])
    texts = "Rain fell on Ghent. Snow fell on Ulm. Hail fell on Bonn."
    with_context = with_tokens(texts, ["++++"], ["+---"], ["+++-"], ["++--"])
    without = with_tokens(texts, [], ["+---"], ["+++-"], ["++--"])
    values = []
    for reader in (with_context, without):
        (hit,) = rank(reader, QUESTION, question, mode=Mode.HYBRID, top_k=1)
        assert hit.answer == 1
        values.append({one.name: one.value for one in hit.signals}["late_interaction"])
    assert values == pytest.approx([1.0, 0.5])


def test_sentence_that_refers_back_is_matched_with_the_one_before():
    """The pool that opens late is named before: 0.7 of that counts, and nothing of the context.

    The first sentence has a pronoun too, and the context before it is matched best of all.
    """
    text = "It is the pool of Ghent. At weekends it opens late. Bring a towel along."
    reader = with_tokens(text, ["++++"], ["+++-"], ["+---"], ["+---"])
    found = gather(reader, QUESTION, asked([0.5, 0.5, 0.5, 0.5]), mode=Mode.HYBRID)
    assert found.scores_of(0).tolist() == pytest.approx([0.5, 0.35, -0.5])
    assert found.signals["late_interaction"].tolist() == pytest.approx([1.0])


def test_sentence_without_tokens_answers_only_where_no_other_can():
    """It matches nothing, which is less than any cosine."""
    reader = with_tokens("Rain fell on Ghent. Snow fell on Ulm.", [], [], ["---+"])
    (hit,) = rank(reader, QUESTION, asked([0.5, 0.5, 0.5, 0.5]), mode=Mode.HYBRID, top_k=1)
    assert hit.answer == 1


def test_short_sentence_that_matches_best_answers():
    """Neither the length of a sentence nor its cosine matters where its tokens are known."""
    text = "Ask the porter at the west door for the way to the gate. The gate code is 9911."
    reader = with_tokens(text, [], ["++--", "+---"], ["+++-"])
    reader.best = {0: [0.9, 0.1]}
    (hit,) = rank(reader, QUESTION, asked([0.5, 0.5, 0.5, 0.5]), mode=Mode.HYBRID, top_k=1)
    assert hit.answer == 1


def test_repeated_sentence_matches_less(monkeypatch):
    """At a weight of 0.5, a sentence that four passages share has half of its match, others all."""
    monkeypatch.setattr(signals, "REPEATED_WEIGHT", 0.5)
    texts = [f"Share this. Rain fell {number} times." for number in range(4)]
    reader = FakeReader(
        stored=[stored(number, text=text) for number, text in enumerate(texts)],
        best={number: [0.8, 0.1 + 0.01 * number] for number in range(4)},
        near=range(4),
        codes={number: ([], ["++++"], ["++--"]) for number in range(4)},
    )
    found = gather(reader, QUESTION, asked([1.0, 0.0, 0.0, 0.0]), mode=Mode.HYBRID)
    assert found.scores_of(2).tolist() == pytest.approx([0.25, 0.5])
    assert found.signals["late_interaction"].tolist() == pytest.approx([0.5] * 4)


@pytest.mark.parametrize("of_question", [True, False])
def test_without_vectors_of_tokens_the_cosine_stands_in(reader, of_question):
    """Where question or passages have no tokens, cosines choose the answer as well."""
    question = ASKED if of_question else asked([1.0, 0.0, 0.0, 0.0])
    reader.codes = {number: ([], ["++++"], ["++++"]) for number in range(3)} if of_question else {}
    found = gather(reader, QUESTION, question, mode=Mode.HYBRID)
    best = found.signals["best_cosine"]
    assert best.tolist() == pytest.approx([0.8, 0.6, 0.0])
    assert found.signals["late_interaction"].tolist() == stand_in(best).tolist()
    assert found.scores_of(0).tolist() == pytest.approx([0.2, 0.8])


def test_nothing_is_matched_by_tokens_in_the_other_modes(reader):
    """The index is not asked for codes."""
    reader.codes = None
    assert ranked(reader, Mode.DENSE, question=QUESTION)
    assert ranked(reader, Mode.LEXICAL, question=QUESTION)


@pytest.mark.parametrize(
    ("mode", "expected"), [(Mode.HYBRID, 0), (Mode.DENSE, 0), (Mode.LEXICAL, 1)]
)
def test_answer_is_chosen_by_what_the_mode_uses(mode, expected):
    """The second sentence has a question's word, the first a slightly better cosine."""
    text = "Heavy autumn storms flooded seven villages. Light rain fell over nine towns."
    passage = stored(0, text=text, start=700)
    reader = FakeReader(stored=[passage], best={0: [0.6, 0.5]}, near=(0,), found=(0,))
    (hit,) = rank_all(reader, mode)
    assert hit.answer == expected


@pytest.mark.parametrize(
    ("mode", "name", "score"),
    [(Mode.DENSE, "best_cosine", 0.8), (Mode.LEXICAL, "bm25_share", 0.5)],
)
def test_score_of_one_signal_is_explained_by_it(reader, mode, name, score):
    """In the modes of one signal its value is its share, and the score."""
    (hit,) = rank_all(reader, mode, top_k=1)
    assert list(hit.signals) == [Signal(name=name, value=score, share=score)]
    assert hit.score == score


@pytest.mark.usefixtures("by_hand")
def test_hybrid_score_is_explained_by_shares_of_its_log_odds(reader):
    """Each weighed signal stands with its value, and the constant as if it were one of value 1."""
    best = rank(reader, QUESTION, ASKED, mode=Mode.HYBRID, top_k=1)[0]
    shares = {one.name: (one.value, one.share) for one in best.signals}
    assert shares == {
        "best_cosine": (0.6, pytest.approx(2.4)),
        "bm25_share": (pytest.approx(0.25), pytest.approx(1.0)),
        "constant": (1.0, -2.0),
    }
    assert best.score == logistic(sum(one.share for one in best.signals))
