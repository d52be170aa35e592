"""Whatever is asked, hits are in order, their citations hold, and their scores are right."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askdocs.errors import UsageError
from askdocs.ranking.score import DEFAULT_BARS, FLOORS
from askdocs.records.results import CitationStatus, Hit, Mode, Question
from askdocs.search.options import AskOptions
from askdocs.store.analysis import distinct_terms, upper_bound
from tests.raising import raises

QUESTIONS = [
    "What did Rasmussen request from the Kremlin?",
    "Who leads the expert group on NATO's new strategy?",
    "How do I bake sourdough bread?",
    "helicopters",
    "?",
]


def assert_hit_is_true(hit: Hit, folder: Path) -> None:
    """Everything that a hit says of its place is so in the file."""
    path = folder / hit.place.citation.path
    text = path.read_bytes().decode()
    start, end = hit.place.chars
    assert text[start:end] == hit.text
    first, last = hit.place.lines
    assert first == text[:start].count("\n") + 1
    assert last == text[: end - 1].count("\n") + 1
    first_char, last_char = hit.answer.chars
    assert start <= first_char < last_char <= end
    assert text[first_char:last_char] == hit.answer.text
    assert (hit.status, hit.indexed) == (CitationStatus.VERIFIED, None)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_hit_is_true(seeds_index, seeds_project, mode, question):
    """Text, lines, characters and answer agree with the file, and the order with the scores."""
    ranking = seeds_index.ask(question, AskOptions(mode=mode, top_k=30, min_score=0))
    assert (ranking.question, ranking.mode) == (Question(id="0", text=question), mode)
    assert [hit.rank for hit in ranking.hits] == list(range(1, len(ranking.hits) + 1))
    order = [(-hit.score, hit.place.citation.path, hit.place.chars) for hit in ranking.hits]
    assert order == sorted(order)
    assert all(0 <= hit.score <= 1 for hit in ranking.hits)
    best = max((hit.score for hit in ranking.hits), default=0)
    assert ranking.answered == (best >= DEFAULT_BARS[mode])
    for hit in ranking.hits:
        assert_hit_is_true(hit, seeds_project)
        shown = seeds_index.show(str(hit.place.citation))
        assert (shown.text, shown.place, shown.status) == (hit.text, hit.place, hit.status)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("together", [2, 32])
def test_questions_looked_up_together_have_the_answers_of_each_alone(seeds_index, mode, together):
    """Hits and their order are the same; a vector may differ in the last bits by its batch."""
    questions = [Question(id=str(at), text=text) for at, text in enumerate(QUESTIONS * 2)]
    options = AskOptions(mode=mode, min_score=0)
    found = list(seeds_index.ask_all(questions, options, together=together))
    assert [ranking.question for ranking in found] == questions
    for ranking in found:
        alone = seeds_index.ask(ranking.question.text, options)
        assert ranking.answered == alone.answered
        assert [hit.place for hit in ranking.hits] == [hit.place for hit in alone.hits]
        scores = [hit.score for hit in alone.hits]
        assert [hit.score for hit in ranking.hits] == pytest.approx(scores, abs=2e-6)


def test_answers_before_a_bad_question_come(seeds_index):
    """However many are looked up together, a question that cannot be asked ends those after it."""
    questions = [Question(id=text, text=text) for text in ("Kremlin", "NATO", " ")]
    answers = seeds_index.ask_all(questions, together=32)
    assert [next(answers).question.text, next(answers).question.text] == ["Kremlin", "NATO"]
    with pytest.raises(UsageError, match="the question is empty"):
        next(answers)


@pytest.mark.parametrize("together", [0, -1])
def test_looking_up_none_together_is_a_broken_promise(seeds_index, together):
    """At least one question is read before it is answered."""
    with pytest.raises(ValueError, match="must be at least 1, got"):
        next(seeds_index.ask_all([Question(id="0", text="NATO")], together=together))


WORDS = st.sampled_from(
    "Rasmussen Kremlin NATO Russia the of helicopters zebra summit Lisbon 2008 “ – ?".split()
)


@settings(max_examples=60)
@given(
    words=st.lists(WORDS, min_size=1, max_size=8),
    mode=st.sampled_from(list(Mode)),
    top_k=st.integers(1, 200),
    bar=st.none() | st.floats(0, 1),
)
def test_any_question_keeps_the_laws_of_a_ranking(seeds_index, words, mode, top_k, bar):
    """A lower bar or a larger k never changes the hits that were there, nor what is answered."""
    question = " ".join(words)
    ranking = seeds_index.ask(question, AskOptions(mode=mode, top_k=top_k, min_score=bar))
    whole = seeds_index.ask(question, AskOptions(mode=mode, top_k=10**6, min_score=0))
    least = DEFAULT_BARS[mode] if bar is None else bar
    assert ranking.hits == tuple(hit for hit in whole.hits[:top_k] if hit.score >= least)
    assert ranking.answered == whole.answered


@settings(max_examples=60)
@given(
    words=st.lists(WORDS, min_size=1, max_size=8),
    mode=st.sampled_from(list(Mode)),
    top_k=st.integers(1, 5),
    bar=st.none() | st.floats(0, 1),
    count=st.integers(0, 20),
)
def test_nearest_are_the_best_where_there_are_no_hits(
    *, seeds_index, words, mode, top_k, bar, count
):
    """They go down to the floor, have the ranks and all else of hits, and are never with hits."""
    question = " ".join(words)
    options = AskOptions(mode=mode, top_k=top_k, min_score=bar, nearest=count)
    ranking = seeds_index.ask(question, options)
    whole = seeds_index.ask(question, AskOptions(mode=mode, top_k=10**6, min_score=0))
    near = tuple(hit for hit in whole.hits[:count] if hit.score >= FLOORS[mode])
    assert ranking.nearest == (() if ranking.hits else near)


def test_hit_on_the_bar_is_kept(seeds_index):
    """A passage that scores exactly what is asked for is an answer to it."""
    whole = seeds_index.ask("helicopters", AskOptions(mode="lexical", min_score=0)).hits
    third = whole[2].score
    assert whole[1].score > third > whole[3].score
    found = seeds_index.ask("helicopters", AskOptions(mode="lexical", min_score=third)).hits
    assert found == whole[:3]


def test_scores_are_those_of_brute_force(seeds_index):
    """Scores, or the signals that make them, are those of every passage worked out by hand."""
    question = "What did Rasmussen request from the Kremlin?"
    reader = seeds_index.generation.reader()
    stored = [one for path, _ in reader.documents() for one in reader.passages_of(path)]
    sentences = sum(len(one.passage.sentences) for one in stored)
    vector = seeds_index._opened.embed([question], Mode.HYBRID)[0].vector  # noqa: SLF001 - the oracle needs the very vector
    cosines = reader.vectors(np.arange(sentences)).astype(np.float64) @ vector.astype(np.float64)
    terms = distinct_terms(question)
    shares = reader.bm25(terms, np.arange(len(stored))) / upper_bound(reader.term_statistics(terms))
    of_passages = np.split(cosines, [one.first_sentence for one in stored[1:]])
    dense = np.array([max(0.0, own.max()) for own in of_passages])
    reader.close()
    places = {one.passage.chars: at for at, one in enumerate(stored)}

    for mode, scores in {Mode.DENSE: dense, Mode.LEXICAL: shares}.items():
        hits = seeds_index.ask(question, AskOptions(mode=mode, top_k=10, min_score=0)).hits

        found = [hit.score for hit in hits]
        np.testing.assert_allclose(found, np.sort(scores)[::-1][: len(found)], atol=2e-6)
        for hit in hits:
            assert scores[places[hit.place.chars]] == pytest.approx(hit.score, abs=2e-6)
    hits = seeds_index.ask(question, AskOptions(top_k=10, min_score=0, explain=True)).hits
    for hit in hits:
        value = {signal.name: signal.value for signal in hit.signals}
        log_odds = sum(signal.share for signal in hit.signals)
        at = places[hit.place.chars]
        assert value["best_cosine"] == pytest.approx(dense[at], abs=2e-6)
        assert value["bm25_share"] == pytest.approx(shares[at], abs=2e-6)
        assert hit.score == pytest.approx(1 / (1 + np.exp(-log_odds)), abs=2e-6)


ODD = (
    "\ufeffFirst line.\r\nSecond line.\r\n\r\n"
    "\tÄrger — naïve 🙂 text.\u2028Still it.\n \n\nLast\x0b\x0c line."
)


def test_odd_text_keeps_its_offsets(docs, open_docs):
    """Marks, carriage returns, wide characters and odd separators are counted as they stand."""
    (docs / "odd.txt").write_bytes(ODD.encode())
    (docs / "utf16.txt").write_bytes(ODD.encode("utf-16-le"))
    index = open_docs()
    hits = index.ask("naïve text of the last line", AskOptions(top_k=20, min_score=0)).hits
    assert {hit.place.citation.path for hit in hits} == {"docs/odd.txt"}
    assert {one.path for hit in hits for one in hit.duplicates} == {"docs/utf16.txt"}
    for hit in hits:
        start, end = hit.place.chars
        assert ODD[start:end] == hit.text
        assert hit.place.lines[0] == ODD[:start].count("\n") + 1
        assert hit.status == CitationStatus.VERIFIED
        assert index.show(str(hit.place.citation)).text == hit.text


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("email", 1),
        ("sign up", 3),
        ("signup", 3),
        ("Garcon cafe Zoe", 5),
        ("parse_date", 7),
        ("parse date", 9),
    ],
)
def test_words_are_found_in_the_form_of_the_question(docs, open_docs, question, line):
    """A compound, an accent or an identifier may be written otherwise; the exact form is best."""
    (docs / "a.txt").write_text(
        f"The e-mail {'goes out by noon ' * 5}.\n\nSign-up {'ends on the last day ' * 5}.\n\n"
        f"Zoë of the Café Garçon {'sings every week ' * 5}.\n\n"
        f"Use parse_date {'for the stamps of a row ' * 5}.\n\n"
        f"To parse a date, parse date {'after the head of a row ' * 5}.\n",
        encoding="utf-8",
    )
    hits = open_docs().ask(question, AskOptions(mode="lexical")).hits
    assert hits[0].place.lines == (line, line)


def test_entries_that_differ_in_their_dates_are_one_hit(docs, open_docs):
    """The entries of a log fold into one hit; rows of codes or prices stay apart."""
    for day in range(1, 5):
        (docs / f"log{day}.md").write_text(
            f"# Night watch, {day} May 2024\n\nAt 2{day}:15 the watchman tried every gate, window "
            "and lamp of the yard, and reported no fault.\n"
        )
    for number in range(1, 4):
        (docs / f"gate{number}.md").write_text(
            f"The gate E104{number} of the yard costs {number}99 euros, and every window is extra.\n"
        )
    hits = open_docs().ask("gate window yard", AskOptions(mode="lexical", min_score=0)).hits
    found = {hit.place.citation.path: len(hit.duplicates) for hit in hits}
    assert sorted(found.values()) == [0, 0, 0, 3]
    assert {path for path in found if "gate" in path} == {f"docs/gate{n}.md" for n in (1, 2, 3)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top_k": 0}, "the number of hits must be at least 1, got 0"),
        ({"top_k": -3}, "the number of hits must be at least 1, got -3"),
        ({"min_score": 1.01}, "the lowest score must be between 0 and 1, got 1.01"),
        ({"min_score": -0.1}, "the lowest score must be between 0 and 1, got -0.1"),
        ({"min_score": float("nan")}, "the lowest score must be between 0 and 1, got nan"),
        ({"mode": "semantic"}, "the mode must be one of hybrid, dense, lexical, got 'semantic'"),
        ({"nearest": -1}, "the number of nearest passages must be at least 0, got -1"),
        ({"context": -1}, "the number of paragraphs must be at least 0, got -1"),
    ],
)
def test_option_out_of_range_is_refused(options, message):
    """Every wrong option is named with its value."""
    with raises(UsageError, message):
        AskOptions(**options)
