"""A paragraph is cut where a reader sees its sentences end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.text.sentences import split_sentences

PIECES = [
    *'a B Mr J 3 No The [1] . ! ? … ... , " ” ( ) 。 ！ 」 é É 漢 🚢'.split(),
    *("- ", "1) ", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2028", "\x0b"),
]
paragraphs = (
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map("".join).map(str.strip)
).filter(bool)


def sentences(text: str) -> list[str]:
    """The sentences of a block's reader's text."""
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["One sentence."],
        ["no end mark"],
        ["."],
        ["The ship sank.", "Nobody was hurt."],
        ["Did it sink?", "It did!", "Nobody knows…", "The end."],
        ["What?!", "Really..."],
        ["He waited...", "Then he left."],
        ["He waited... and then he left."],
        ["It ended. and went on in lower case."],
        # End marks stay with the quotes and brackets that close after them.
        ["He said “Go.”", "Then he left."],
        ['He said "Go."', "Then he left."],
        ["(It was late.)", "They slept."],
        ["It sank.", "“Go,” he said.", "(They went.)", "'Now.'"],
        ["The letter A was first.”", "Then B."],
        # Abbreviations and initials do not end a sentence.
        ["Mr. Smith met Dr. Jones and Prof. Lee."],
        ["It was sold by Smith Ltd. Nobody knew."],
        ["J. R. R. Tolkien wrote it."],
        ["The U.S. Navy and the U.K. Government."],
        ["Use a tool, e.g. Make, i.e. GNU Make."],
        ["See No. 5, Fig. 3 and vol. II (ed. Smith)."],
        ["On Jan. 5 it rained."],
        # An end mark that cannot belong to an abbreviation ends one even there.
        ["Was it Mr.?", "Smith knew."],
        ["He met a Mr.”", "Smith knew."],
        # Numbers keep their points.
        ["It cost 3.14 or 1,000.50 in all.", "2 men came."],
        # What cannot begin a sentence does not.
        ["It ended. - and went on."],
        ["It ended._Then_ it went on."],
        # Letters beyond ASCII begin and end sentences too.
        ["Ça va.", "Élan vital.", "Über alles."],
        ["It rained. über alles."],
        # The number of a rule, or the name of a speaker, is not a sentence of its own.
        ["1.2. A player may not.", "1.3. If one does, play stops."],
        ["Sec. 5(a). The list is public.", "Sec. 6. The fee is not."],
        ["§ 4. Ships carry lights.", "Item 1A. Risk Factors.", "None."],
        ["Exhibit No. 10.1. Form of Lease.", "Part II. Other Matters."],
        ["Q. Alone?", "A. No.", "My wife was there."],
        ["MR. SMITH. Thank you.", "THE CHAIR. Any questions?"],
        ["It lists: (a) one.", "(b) Two.", "c. Three."],
        # After other words, or in brackets, a number ends what it ends elsewhere.
        ["See Note 4.", "It says more."],
        ["It came out late.", "(1995).", "The song did not."],
        # Capitals end what is too long to be a label.
        ["NO WARRANTY IS MADE, EXPRESS OR IMPLIED.", "THE USER AGREES."],
        # Capitals mark names as well as beginnings; The, He or In are capital in beginnings alone.
        ["They live in the U.S.", "She moved to the U.K.", "However, he did not."],
        ["It closed at 5 p.m.", "“It’s over,” he said."],
        ["It was sold by Smith Ltd.", "The price was low."],
        ["She has a Ph.D.", "He has none."],
        ["That was World War I.", "They lost."],
        ["We know f.", "Then g follows."],
        # Such a word may be a name, or an initial.
        ["X. You, K. He, J. A. Smith and others wrote it."],
        # What a name must follow ends none: here the Reverend, there the other side.
        ["Dr. No met the Rev. So and Mr. He."],
        ["Doe v. The State of Ohio is cited, cf. The Times."],
        # No. is an answer, and art. a word, where no number follows.
        ["See Art. 4, No. 12, vol. IV, Fig. S2 and Nos. (3) and 4."],
        ["It cost approx. $2 on Dec. 31."],
        ["Is it so?", "Well, no.", "Modern art.", "I like it.", "No.", "I do not."],
        # Words in small letters that are spelled like a title or a day are words.
        ["He sat.", "Mary stood.", "A rev.", "Then a gen.", "Last of the col."],
        ["GEN. LEE met CAPT. DOE."],
        # Names such as p53, sums of money and references [12] do not hide the end of a sentence.
        ["Genes matter.", "p53 is one.", "mRNA was low.", "iPhones fell."],
        ["It rose.[12]", "It fell.[3,4][5–7]", "Why?"],
        ["It is dear.", "$5 is the fine.", "§ 6 says so."],
        # A lower-case word alone begins none.
        ["It rose. p was small.[sic] and so on."],
    ],
)
def test_sentences_end_where_a_reader_sees_it(expected):
    """Cutting what was joined by spaces gives the parts again."""
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["漢字。", "かな！", "カナ？", "終"],
        ["漢字？！", "「はい。」", "（終。）", "漢"],
        ["Latin。", "Mixed."],
    ],
)
def test_full_width_marks_need_no_white_space_behind(expected):
    """Chinese and Japanese sentences end at their own marks, and at the brackets after."""
    assert sentences("".join(expected)) == expected
    assert sentences(" \u3000".join(expected)) == expected


def test_any_white_space_lies_between_sentences():
    """Tabs, several spaces, and the spaces of other scripts belong to no sentence."""
    assert sentences("One. \t Two.\u3000Three.\u00a0\u2028Four.") == [
        "One.",
        "Two.",
        "Three.",
        "Four.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Wraps are read as spaces: what is a line ends with it.
        ("A heading\nand its text", ["A heading", "and its text"]),
        ("Key: value\nOther: value", ["Key: value", "Other: value"]),
        ("One. Two\nThree. Four", ["One.", "Two", "Three.", "Four"]),
        # White space before and after a line's end belongs to no sentence.
        ("Heading \t \r\n \t Text\n \nEnd.", ["Heading", "Text", "End."]),
    ],
)
def test_sentences_end_with_their_line(text, expected):
    """No sentence goes on in the next line, and each line has one."""
    assert sentences(text) == expected


@given(text=paragraphs)
def test_sentences_leave_out_white_space_alone(text):
    """Sentences are in order, not empty, begin with text, and every other character is in one."""
    spans = split_sentences(text)
    ends = [0, *(at for span in spans for at in span), len(text)]
    assert ends == sorted(ends)
    assert all(start < end and not text[start].isspace() for start, end in spans)
    gaps = zip(ends[0::2], ends[1::2], strict=True)
    assert all(not text[start:end].strip() for start, end in gaps)


@pytest.mark.parametrize(
    "pattern",
    [
        " ", "\t", "\r", ". ", ".", "!?", "..... ", "\u3000", "a.", "- ", "'", ".” ", "1.", "(",
        " \u00a0", "a.a. ", "A. ", "1.1. ", ".[1,1 ", ". (", "No. IV", "U.S. The ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["b", "\nB"])
def test_long_repetitions_take_no_longer_than_others(pattern, end):
    """Two hundred thousand characters of one kind are cut in a time that their number explains."""
    text = "a" + pattern * (200_000 // len(pattern)) + end
    spans = split_sentences(text)
    assert spans[-1][1] == len(text)
