"""Questions are read as they are written, and judged by where their answers stand."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from askdocs.errors import UsageError
from askdocs.evaluation.questions import (
    GivenAnswer,
    JudgedQuestion,
    judge_by,
    read_judged_questions,
)
from askdocs.evaluation.run import evaluate, read_bars, read_baseline, setbacks, shortfalls
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.records.results import Citation, Evaluation, Measurement, Question
from askdocs.search.index import Index
from tests.raising import raises

ANSWER = {"file": "a.txt", "paragraph": 1}
RYE = {"file": "a.txt", "paragraph": 2}
NO_QUESTION = ' needs a text under "question", and a text or number as "id"'

HARBOUR = "The harbour froze hard in the long cold March of that year, and no ship could leave it."
BAKER = "The baker sold rye bread and rolls at dawn to everyone who came from the fishing boats."


@pytest.fixture
def index(tmp_path: Path, tiny_model: Path, cache: Path) -> Iterator[Index]:
    """Three documents; the first has a passage about the harbour and one about a baker."""
    for name, text in {
        "docs/a.txt": f"{HARBOUR}\n\n{BAKER}\n",
        "docs/one/b.txt": "A harbour is a place where ships lie safe from wind, waves and thieves.\n",
        "docs/two/b.txt": "Nobody wrote here of anything that could be of use to those who ask.\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    request = IndexRequest(
        index=tmp_path / "vectors", paths=(tmp_path / "docs",), model=str(tiny_model), max_tokens=90
    )
    build(request, cache=cache, notify=lambda _line: None)
    with Index(request.index, cache=cache, notify=lambda _line: None) as opened:
        yield opened


def line(**fields: Any) -> str:
    """A line of a file of questions."""
    return json.dumps({"question": "Why?", **fields})


def evaluated(index: Index, *lines: str) -> Evaluation:
    """The evaluation of lines of a file of questions."""
    return evaluate(index, read_judged_questions(lines), mode="lexical")


@pytest.fixture
def first_rank(index: Index) -> Callable[..., int | None]:
    """The first relevant rank for a question, given one answer to it."""

    def run(question: str, **answer: Any) -> int | None:
        made = evaluated(index, line(question=question, answers=[answer]))
        return made.questions[0].first_relevant

    return run


def test_every_form_of_an_answer_is_read():
    """Paragraphs, characters and a text; `path` is another name of `file`."""
    answers = [
        {"file": "a.txt", "paragraph": 3},
        {"path": "a.txt", "paragraph": [3, 4]},
        {"file": "a.txt", "start": 5, "end": 9},
        {"file": "a.txt", "start": 5, "end": 9, "text": "five"},
        {"file": "a.txt", "text": "five"},
    ]

    (judged,) = read_judged_questions([line(id="q", answers=answers)])

    assert judged == JudgedQuestion(
        question=Question(id="q", text="Why?"),
        answers=(
            GivenAnswer(file="a.txt", where=Citation(path="a.txt", paragraphs=(3, 3))),
            GivenAnswer(file="a.txt", where=Citation(path="a.txt", paragraphs=(3, 4))),
            GivenAnswer(file="a.txt", where=(5, 9)),
            GivenAnswer(file="a.txt", where=(5, 9), text="five"),
            GivenAnswer(file="a.txt", where="five", text="five"),
        ),
    )


def test_ids_are_texts_and_a_missing_one_is_the_line_number():
    """Blank lines count; no answers and answers not given are different things."""
    judged = read_judged_questions([line(id=7, answers=[]), "\n", line()])
    assert [(one.question.id, one.answers) for one in judged] == [("7", ()), ("3", None)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("Why?", " is not JSON: expecting value at character 1"),
        ("[]", " is not a JSON object"),
        ("{}", NO_QUESTION),
        (line(id=True), NO_QUESTION),
        (line(id=None), NO_QUESTION),
        (line(id=1.5), NO_QUESTION),
        (line(question=" "), ": the question is empty"),
        (line(id="first"), ": there is a question first before it"),
        (line(answers={}), ' needs a list under "answers"'),
        (line(answers=["a"]), " has an answer that is not a JSON object"),
        (line(answers=[{"text": "a"}]), ' has an answer without "file"'),
    ],
)
def test_a_bad_line_is_named_by_its_number(wrong, message):
    """What is wrong with it is said, too."""
    with raises(UsageError, f"line 2 of the questions{message}"):
        read_judged_questions([line(id="first", answers=[]), wrong])


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"paragraph": 0},
        {"paragraph": [2, 1]},
        {"paragraph": "3", "start": 0, "end": 4},
        {"start": 4, "end": 4},
        {"start": 4, "text": "a"},
        {"text": " "},
        {"start": 0, "end": 4, "text": 5},
    ],
)
def test_an_answer_without_a_place_is_named(where):
    """A paragraph, two characters or a text say where an answer stands."""
    needs = 'has an answer that needs "paragraph", "start" and "end", or "text"'
    with raises(UsageError, f"line 1 of the questions {needs}"):
        read_judged_questions([line(answers=[{"file": "a.txt", **where}])])


def test_a_file_without_questions_is_an_error():
    """Measures of nothing would pass every bar."""
    with pytest.raises(UsageError, match=r"^there is no question in the file$"):
        read_judged_questions(["\n"])


def test_judgements_give_answers_to_the_questions_that_they_name():
    """Paths and citations above relevance 0; the question that is not named is left out."""
    questions = read_judged_questions(
        [line(id=name, answers=[ANSWER]) for name in ("a", "b c", "d")]
    )
    qrels = ["a 0 my%20docs/100%25.txt 1\n", "\n", "a 0 x.md#p2-3 2", "b%20c 0 x.md 0", "z 0 y 1"]
    judged = judge_by(questions, qrels)
    cited = GivenAnswer(file="x.md", where=Citation(path="x.md", paragraphs=(2, 3)))
    assert [(one.question.id, one.answers) for one in judged] == [
        ("a", (GivenAnswer(file="my docs/100%.txt", where=None), cited)), ("b c", ())
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", ["a 0 x.md", "a 0 x.md 1 2", "a 0 x.md high", "a 0 x.md --1"])
def test_a_bad_judgement_is_named_by_its_number(wrong):
    """It must have four fields, the last of them an integer."""
    with raises(UsageError, 'line 2 of the judgements is not "qid 0 docno relevance"'):
        judge_by([], ["a 0 x.md 1", wrong])


def test_judgements_of_other_questions_are_an_error():
    """Nothing would be left to measure."""
    with pytest.raises(UsageError, match=r"^the judgements name none of the questions$"):
        judge_by(read_judged_questions([line(id="a")]), ["b 0 x.md 1"])


@pytest.mark.parametrize(
    "answer",
    [
        {"file": "docs/a.txt", "paragraph": 1},
        {"file": "a.txt", "paragraph": [1, 1]},
        {"file": "a.txt", "start": 0, "end": len(HARBOUR)},
        {"file": "a.txt", "start": 4, "end": 11, "text": "harbour"},
        {"file": "a.txt", "text": "froze hard"},
        {"file": "one/b.txt", "text": "thieves.\n"},
    ],
)
def test_an_answer_is_found_however_it_is_given(first_rank, answer):
    """The passages about the harbour are the first two for a question about it."""
    assert first_rank("harbour", **answer) in {1, 2}


def test_a_hit_elsewhere_is_not_relevant(first_rank):
    """Not in the same document, and not in another one at the same characters."""
    assert first_rank("harbour", file="a.txt", text="rye bread") is None
    assert first_rank("harbour", file="two/b.txt", paragraph=1) is None


def test_half_of_the_shorter_span_makes_a_hit_relevant(first_rank):
    """Twelve characters of which six stand in the passage are enough, of which five are not."""
    border = len(HARBOUR)
    assert first_rank("harbour", file="a.txt", start=border - 6, end=border + 6) is not None
    assert first_rank("harbour", file="a.txt", start=border - 5, end=border + 7) is None


def test_a_text_is_looked_for_at_every_place(first_rank):
    """The letters fr stand in froze, in the first paragraph, and in from, in the second."""
    assert first_rank("rye bread", file="a.txt", text="fr") == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"file": "c.txt", "text": "a"}, "the index has no document c.txt"),
        ({"file": "xt", "text": "a"}, "the index has no document xt"),
        ({"file": "b.txt", "text": "a"}, "the index has b.txt as docs/one/b.txt and docs/two/b.txt"),
        ({"file": "a.txt", "text": "kettle"}, "docs/a.txt does not hold 'kettle'"),
        ({"file": "a.txt", "start": 0, "end": 3, "text": "Thy"},
         "docs/a.txt does not hold 'Thy' at characters 0 to 3"),
        ({"file": "a.txt", "start": 9000, "end": 9003},
         "docs/a.txt does not hold text at characters 9000 to 9003"),
        ({"file": "a.txt", "paragraph": 3}, "docs/a.txt has no paragraph 3, the last one is 2"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_in_the_index_is_an_error(index, answer, message):
    """The question and the file are named."""
    with pytest.raises(UsageError) as caught:
        evaluated(index, line(id="q1", answers=[answer]))
    assert str(caught.value) == f"question q1: {message}"
    assert caught.value.hint


def test_a_question_without_judgement_is_an_error(index):
    """Left out, "answers" is rather forgotten than empty."""
    with pytest.raises(UsageError, match=r'^question q1 has no "answers"$'):
        evaluated(index, line(id="q1"))


def test_a_path_alone_is_answered_by_any_hit_in_it(index):
    """Two hits in the document are one answer."""
    questions = [line(id="q", question="harbour baker")]
    judged = judge_by(read_judged_questions(questions), ["q 0 docs/a.txt 1"])
    (one,) = evaluate(index, judged, mode="lexical").questions
    assert sorted(one.found) == [0, 0, 1]
    assert one.answers == 1


def test_measures_are_those_of_the_rankings(index):
    """One question is answered at rank 1, one nowhere, one has no answer and is refused."""
    evaluation = evaluated(
        index,
        line(id="found", question="rye bread", answers=[RYE]),
        line(id="lost", question="rolls", answers=[{"file": "two/b.txt", "paragraph": 1}]),
        line(id="none", question="zeppelins", answers=[]),
    )

    assert [one.first_relevant for one in evaluation.questions] == [1, None, None]
    assert evaluation.questions[2].score == 0
    half = Measurement(value=0.5, questions=2)
    error = evaluation.measures["ECE"]
    assert evaluation.measures == {
        **dict.fromkeys(["hit@1", "hit@5", "RR@10", "nDCG@10", "R@10"], half),
        "refused_answerable": Measurement(value=0, questions=2),
        "refused_unanswerable": Measurement(value=1, questions=1),
        "ECE": error,
    }
    assert error.questions == 3


def test_a_measure_without_questions_has_no_value(index):
    """Where all are unanswerable, ranks measure nothing, and a bar on them is not reached."""
    evaluation = evaluated(index, line(answers=[]))
    assert evaluation.measures["hit@1"] == Measurement(value=None, questions=0)
    short = shortfalls(evaluation, {"hit@1": 0})
    assert short == ["hit@1 has no value: there is no question for it"]


def test_places_are_compared_in_the_indexed_text(index, tmp_path):
    """A change of the file moves its hits and leaves the measures as they are."""
    asked = line(question="rye bread", answers=[RYE])
    before = evaluated(index, asked).measures
    (tmp_path / "docs" / "a.txt").write_text(f"{'New. ' * 99}\n\n{HARBOUR}\n\n{BAKER}\n")
    after = evaluated(index, asked)
    assert after.questions[0].ranking.hits[0].status == "moved"
    assert after.measures == before


def test_bars_are_read():
    """Of two for one measure the last one holds."""
    given = ["hit@5=0.9", "ECE=.2", "hit@5=1"]
    assert read_bars(given) == {"hit@5": 1, "ECE": 0.2}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("hit@5", "hit@5 needs a number after ="),
        ("hit@5=most", "hit@5=most needs a number after ="),
        ("hit@7=0.5", "there is no measure hit@7"),
        ("hit@5=90", "the bar of hit@5 must be from 0 to 1, got 90"),
        ("hit@5=nan", "the bar of hit@5 must be from 0 to 1, got nan"),
    ],
)
def test_a_bad_bar_is_an_error(given, message):
    """A bar that cannot be missed would be none."""
    with raises(UsageError, message):
        read_bars([given])


def test_a_measure_falls_short_on_its_own_side(index):
    """What equals its bar reaches it; errors and wrong refusals must not be above theirs."""
    asked = [line(question=question, answers=[RYE]) for question in ("rye bread", "zeppelins")]
    evaluation = evaluated(index, *asked)
    assert shortfalls(evaluation, {"hit@1": 0.5, "refused_answerable": 0.5}) == []
    assert shortfalls(evaluation, {"hit@1": 0.6, "refused_answerable": 0.4}) == [
        "hit@1 is 0.5000, below 0.6",
        "refused_answerable is 0.5000, above 0.4",
    ]


NOWHERE = {"file": "two/b.txt", "text": "No"}
NO_MORE = "answered before, refused now"


@pytest.mark.parametrize(
    ("question", "answers", "before", "expected"),
    [
        ("rye bread", [RYE], (1, True), []),
        ("rye bread", [RYE], (None, False), []),
        ("rye bread", [NOWHERE], (3, True), ["question q: rank 3 before, none now"]),
        ("zeppelins", [RYE], (1, True), [f"question q: rank 1 before, none now; {NO_MORE}"]),
        ("zeppelins", [RYE], (None, True), [f"question q: rank none before, none now; {NO_MORE}"]),
        ("rye bread", [], (None, False), ["question q: refused before, answered now"]),
        ("zeppelins", [], (None, True), []),
    ],
)
def test_a_question_that_does_worse_is_named(index, question, answers, before, expected):
    """Old and new rank are given, and a change from right to wrong about whether it is answered."""
    evaluation = evaluated(index, line(id="q", question=question, answers=answers))
    old = {"id": "q", "first_relevant": before[0], "answered": before[1]}
    baseline = read_baseline(json.dumps({"questions": [old]}), "old.json")
    assert setbacks(evaluation, baseline) == expected
    assert setbacks(evaluation, read_baseline('{"questions": []}', "old.json")) == []


def test_a_rank_that_grows_is_a_setback(index):
    """The answer stands at rank 2 now."""
    ranks = [
        evaluated(index, line(id="q", question="harbour", answers=[{**ANSWER, "file": name}]))
        for name in ("a.txt", "one/b.txt")
    ]
    (second,) = [one for one in ranks if one.questions[0].first_relevant == 2]
    before = '{"questions": [{"id": "q", "first_relevant": 1, "answered": true}]}'
    found = setbacks(second, read_baseline(before, "old.json"))
    assert found == ["question q: rank 1 before, 2 now"]


FINE = '{"id": "q", "first_relevant": 1, "answered": true}'
TEXT_RANK, NUMBER = FINE.replace("1", '"1"'), FINE.replace("true", "1")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1 of notes.md is not {}: expecting value at character 1"),
        ('{"questions":\n[}', "line 2 of notes.md is not {}: expecting value at character 2"),
        ('{"id": 1}\n{"id": 2}', "line 2 of notes.md is not {}: extra data at character 1"),
        ("[]", "notes.md is not {}"),
        ("{}", "notes.md is not {}"),
        ('{"questions": [1]}', "question 1 of notes.md is not {}"),
        (f'{{"questions": [{TEXT_RANK}]}}', "question 1 of notes.md is not {}"),
        (f'{{"questions": [{NUMBER}]}}', "question 1 of notes.md is not {}"),
        (f'{{"questions": [{FINE}, {{"id": "r"}}]}}', "question 2 of notes.md is not {}"),
        ("[" * 100_000, "notes.md is not {}"),
        ("9" * 5_000, "notes.md is not {}"),
    ],
)
def test_a_baseline_that_is_something_else_is_an_error(content, message):
    """The line or question is named, and the hint makes another file: this may be somebody's work."""
    with raises(
        UsageError,
        message.format("what askdocs eval --format json prints"),
        "askdocs eval --format json QUESTIONS > old.json",
    ):
        read_baseline(content, "notes.md")
