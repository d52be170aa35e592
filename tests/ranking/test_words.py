"""Words that only say that a text is asked about are left out, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.ranking.words import identifiers, refers_back, without_dates, without_frame, wording_of


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


@pytest.mark.parametrize(
    "date",
    [
        "2024-05-03", "2024-05-03T08:30:12.5Z", "2024/05/03", "3.5.2024", "03/05/2024", "3 May",
        "3rd of May 2024", "Friday, 3 May 2024", "Fri 3 May", "May 3, 2024", "May 2024", "Sept. 5",
        "Mon, 12 August 2024", "08:30", "8:30 pm", "17:05:59",
    ],
)  # fmt: skip
def test_dates_and_times_are_left_out(date):
    """Every usual way to write a date or a time of day is known as one."""
    assert without_dates(f"Tried ({date}) and again.") == "Tried ( ) and again."


@pytest.mark.parametrize(
    "text",
    [
        "E1043 costs 1,200 euros.", "Version v3.5.2024", "10.0.0.1:8080", "In 2024", "16:9",
        "You may 3 times", "On Monday in May", "Junction 12, Decimal 3", "03/05", "a-2024-05-03-b",
    ],
)  # fmt: skip
def test_other_numbers_are_no_dates(text):
    """A code, a price, a version, an address, a year and a ratio stay."""
    assert without_dates(text) == text


@pytest.mark.parametrize(
    "sentence",
    [
        "At weekends it does so two hours later.", "It’s heated all year.", "THEY close at noon.",
        "Swimmers may leave their bags with her.", "Ask him.", "This is free.", "Then swim.",
        "Swim there before noon.", "All these lanes are narrow.", "“So be careful.”",
    ],
)  # fmt: skip
def test_sentence_with_a_pronoun_refers_back(sentence):
    """A personal pronoun stands anywhere, a word that points among the first two."""
    found = refers_back(wording_of(["The pool opens at six.", sentence, "Bring a towel."]))
    assert found.tolist() == [False, True, False]


@pytest.mark.parametrize(
    "sentence",
    [
        "The pool opens at six.", "The water is changed then.", "Items of Theo’s are hers, too.",
        "We swim, so you wait.", "I know that you do.", "***", "",
    ],
)  # fmt: skip
def test_sentence_that_names_what_it_speaks_of_does_not_refer_back(sentence):
    """A word that points later in a sentence points within it; parts of words do not count."""
    found = refers_back(wording_of(["It is deep.", sentence, "So is this."]))
    assert found.tolist() == [True, False, True]


def test_nothing_refers_back_where_there_are_no_sentences():
    """The shape is that of the sentences."""
    assert refers_back(wording_of([])).shape == (0,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What does E1044 mean?", {"e1044"}),
        ("SHA-256, sha256 or cve-2024-3094", {"sha256", "cve20243094"}),
        ("Released as 2026.4.11, not v1.20.3.", {"2026.4.11", "v1.20.3"}),
        ("In 2026, on 2026-11-29, 1,200 of 3.25 and Python3 or utf8", set()),
        ("By the 1700s, in the mid-1980s or pre-2008: a 128-bit key, 500ms", set()),
        ("no digits", set()),
    ],
)
def test_identifiers_are_codes_and_versions(text, expected):
    """Letters with three digits, or numbers with two points; years, dates and amounts are not."""
    assert identifiers(text) == expected
