"""The answer sentence is the one that matches best, of those that say something."""

from collections.abc import Sequence

import numpy as np
import pytest

from askdocs.ranking.order import answer_sentence
from askdocs.records.manifest import PassageSettings
from askdocs.store.analysis import TermStatistics
from askdocs.text.cutting import cut_passages
from tests.text.conftest import count_words, parse

# Of three passages one has "rain" and none "zebra": idf ln(1 + 2.5 / 1.5) = 0.98 and
# ln(1 + 3.5 / 0.5) = 2.08.
STATISTICS = TermStatistics(passages=3, frequencies={"rain": 1, "zebra": 0})
FLOOD = "Heavy autumn storms flooded seven villages"
GATES = "Ask the porter at the west door for the way to the gate."


def answer(
    text: str,
    scores: Sequence[float] | None,
    statistics: TermStatistics | None = None,
    *,
    path: str = "a.md",
) -> str:
    """The sentence that answers, of a document of one passage, by the scores of its sentences."""
    (passage,) = cut_passages(parse(path, text), PassageSettings(), count_words)
    if scores is not None:
        assert len(scores) == len(passage.sentences)
    number = answer_sentence(passage, None if scores is None else np.array(scores), statistics)
    return passage.plain_sentences[number]


@pytest.mark.parametrize("scores", [(0.2, 0.6, 0.5), (-0.3, -0.1, -0.2), (0.2, 0.6, 0.6)])
def test_sentence_that_matches_best_answers(scores):
    """The highest score wins, even a negative one, and the first of equals."""
    text = "Bonn was flooded last May. Ghent was flooded in June. Ulm was flooded in July."
    assert answer(text, scores) == "Ghent was flooded in June."


@pytest.mark.parametrize("statistics", [None, STATISTICS])
def test_words_count_only_through_the_scores(statistics):
    """Where sentences have scores, one that has a question's term gains nothing by it."""
    text = f"{FLOOD}. {FLOOD} with rain."
    assert answer(text, (0.501, 0.5), statistics) == f"{FLOOD}."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FLOOD} of rain. {FLOOD} of zebras. {FLOOD}.", f"{FLOOD} of zebras."),
        (f"Rain, rain and rain {FLOOD}. Zebras saw it.", "Zebras saw it."),
        (f"{FLOOD} of zebras. Rain wet the zebra.", "Rain wet the zebra."),
        (f"{FLOOD} with rain. Rain fell.", f"{FLOOD} with rain."),
        (f"{FLOOD}. {FLOOD} at noon.", f"{FLOOD}."),
    ],
)
def test_rarest_words_answer_without_scores(text, expected):
    """In lexical mode each question term counts once, by its idf; the first of equals wins."""
    assert answer(text, None, STATISTICS) == expected


def test_question_without_terms_is_answered_by_the_scores():
    """Without terms every share is 0: the scores decide, or the first sentence is taken."""
    nothing = TermStatistics(passages=3, frequencies={})
    assert answer(f"{FLOOD}. Ghent saw it.", (0.1, 0.2), nothing) == "Ghent saw it."
    assert answer(f"{FLOOD}. Ghent saw it.", None, nothing) == f"{FLOOD}."


@pytest.mark.parametrize("path", ["a.md", "a.txt"])
@pytest.mark.parametrize("ending", [".", "!", ";", ":"])
def test_short_sentence_answers_if_it_matches_best(path, ending):
    """A complete sentence says something, however short it is."""
    short = f"The gate code is 9911{ending}"
    assert answer(f"{GATES} {short}", (0.6, 0.8), path=path) == short


@pytest.mark.parametrize("marks", ['""', "''", "“”", "‘’", "«»", "()", "[]"])
def test_quoted_or_bracketed_sentence_is_complete(marks):
    """What closes after the full stop does not make a title of it; without one, it is a title."""
    opening, closing = marks
    short = f"{opening}The gate code is 9911.{closing}"
    assert answer(f"{short}\n\n{GATES}", (0.8, 0.6)) == short
    title = f"{opening}The gate code{closing}"
    assert answer(f"{title}\n\n{GATES}", (0.8, 0.6)) == GATES


@pytest.mark.parametrize("scores", [(0.9, 0.8, 0.6), (0.9, 0.8, 0.79)])
def test_title_line_does_not_answer(scores):
    """However well the line above them matches, the sentences below it are what it announces."""
    text = f"Gate codes\n\nThe gate code is 9911.\n\n{GATES}"
    assert answer(text, scores, path="a.txt") == "The gate code is 9911."


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        # Neither a heading, nor a question, nor the header of a table says anything.
        ("a.md", "# The rain hours\n\nFrom nine until noon.\n", "From nine until noon."),
        ("a.md", "# The rain hours.\n\nNoon\n", "Noon"),
        ("a.txt", "Q: When does it rain?\nA: At noon\n", "A: At noon"),
        ("a.md", "- when does it rain?\n- noon\n", "noon"),
        ("a.md", "| Rain | Where |\n|---|---|\n| much | Bonn |\n", "much | Bonn"),
        # Prose or a quotation without an end, of five terms, says enough; of four, it does not.
        ("a.txt", f"Rain flooded small villages\n\n{FLOOD}", FLOOD),
        ("a.md", f"> Rain flooded small villages\n\n{FLOOD}", FLOOD),
        ("a.txt", f"Rain flooded seven small villages\n\n{FLOOD}",
         "Rain flooded seven small villages"),
        # An item or a row may be short.
        ("a.md", f"- rain\n- {FLOOD}\n", "rain"),
        ("a.md", "| Town | What |\n|---|---|\n| Bonn | rain |\n| Ulm | inches of snow |\n",
         "Bonn | rain"),
    ],
)  # fmt: skip
def test_answer_says_something(path, text, expected):
    """What stands above a text, or asks, matches a question well but does not answer it."""
    (passage,) = cut_passages(parse(path, text), PassageSettings(), count_words)
    best_first = np.linspace(0.9, 0.1, len(passage.sentences)).tolist()
    assert answer(text, best_first, path=path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Rain\n\nSnow\n\nHail", "Hail"),
        ("# Rain\n\nSnow?\n\nHail?", "Hail?"),
        ("# Rain\n\nSnow?\n\nHail", "Hail"),
        ("Rain\n\nSnow\n\nHail", "Hail"),
    ],
)
def test_of_what_says_little_the_best_of_what_says_most_answers(text, expected):
    """Every passage has an answer sentence."""
    assert answer(text, (0.7, 0.8, 0.9)) == expected


@pytest.mark.parametrize(
    ("statistics", "expected"),
    [(STATISTICS, "Rain: none"), (None, "Fax: no zebra, but rain")],
)
def test_field_that_is_asked_for_answers(statistics, expected):
    """Its name goes before every score, unless only meaning counts."""
    text = "Fax: no zebra, but rain\nRain: none\nTown: Ghent\n"
    assert answer(text, (0.9, 0.2, 0.1), statistics, path="a.txt") == expected


def test_field_of_which_a_part_is_asked_for_does_not_go_first():
    """The question must have the whole name, and a name is what stands before a colon in a field."""
    text = "Town: Ghent\nRain gauge: none\n"
    assert answer(text, (0.9, 0.2), STATISTICS, path="a.txt") == "Town: Ghent"
    prose = f"{FLOOD}. Rain: it fell on Ghent for seven days."
    assert answer(prose, (0.9, 0.2), STATISTICS) == f"{FLOOD}."


def test_first_row_of_a_table_that_goes_on_answers():
    """A passage that has the header of its table as its lead begins with an ordinary row."""
    rows = "".join(f"| town {number} | rain |\n" for number in range(12))
    settings = PassageSettings(max_tokens=20)
    parsed = parse("a.md", f"| Town | What |\n|---|---|\n{rows}")
    first, second, *_ = cut_passages(parsed, settings, count_words)
    answers = [
        passage.plain_sentences[
            answer_sentence(passage, np.linspace(0.9, 0.1, len(passage.sentences)), None)
        ]
        for passage in (first, second)
    ]
    assert (first.lead, second.lead) == ("", "Town | What")
    assert answers == ["town 0 | rain", second.plain_sentences[0]]
