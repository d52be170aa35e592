"""Words that only say that a text is asked about are left out, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.ranking.words import without_frame


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("According to the passage, who won?", "who won?"),
        ("according to this  text", "according to this  text"),
        ("Based on the passage, who won?", "who won?"),
        ("Based on the information given in the passage, who won?", "who won?"),
        ("Based on information presented in passage, who won?", "who won?"),
        ("As stated in the article, who won?", "who won?"),
        ("In the above paragraph, who won?", "who won?"),
        ("In the paragraph above,who won?", "who won?"),
        ("  In the text, who won?", "who won?"),
        ("Who won the race mentioned in the passage?", "Who won the race?"),
        ("Which war discussed in these articles was longest?", "Which war was longest?"),
        ("After the race described in the text, who won?", "After the race, who won?"),
        ("Name the prize given in the passage", "Name the prize"),
        ("What is not mentioned in the passage as a reason?", "What is not as a reason?"),
        ("Which of the following is a mammal?", "what is a mammal?"),
        ("Which one of these is a mammal?", "what is a mammal?"),
        ("Which of the following statements is true of whales?", "what is true of whales?"),
        ("According to the passage, which of these is a mammal?", "what is a mammal?"),
    ],
)
def test_frame_is_left_out(question, expected):
    """What is left is what is asked."""
    assert without_frame(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote the article 5 of the treaty?",
        "Which of the following?",
        "Which of these?",
        "Which of them is a mammal?",
        "Which of the following-named ships sank?",
        "According to article 5, when may a member leave?",
        "According to Putin, who won?",
        "According to the document 7, who may sign?",
        "According to documents, who ordered the attack?",
        "Based on texts, how is a language learned?",
        "In text, how are quotes escaped?",
        "In the documents folder, what is kept?",
        "In the text editor, how do I save?",
        "In the passage to India, who is Aziz?",
        "“In the article,” he said; who?",
        "How do I save in the text editor?",
        "Which rights are mentioned in the article 5 of the treaty?",
        "Which duties are stated in the paragraphs of the annex?",
        "Which duties are stated in the article on defence?",
        "Which risks are described in the text messages?",
        "Which risks are described in the document’s annex?",
        "Who is mentioned in the passage-way scene?",
        "Who is mentioned in documents?",
        "Who was presented in the excerpted film?",
        "What is the passage about?",
        "Where is the text stored in the index?",
        "Who found the following?",
    ],
)
def test_honest_question_stays(question):
    """A question about a text, or about something that is called like one, is left as it is."""
    assert without_frame(question) == question


@pytest.mark.parametrize(
    "question",
    [
        "According to the passage, ",
        "In the text, which of these is it?",
        "What is stated in the document?",
        "",
        "?!",
    ],
)
def test_question_of_a_frame_alone_stays(question):
    """Where no word with a meaning would be left, nothing is left out."""
    assert without_frame(question) == question


@given(text=st.text())
def test_any_question_is_left_a_question(text):
    """A text without a frame comes back as it is, whatever it is made of."""
    assert without_frame(text) == text
