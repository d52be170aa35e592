"""The lint rule for plain English."""

import pytest

from tests.lint.wording import faults, main


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Read the line behind it.", "behind"),
        ("Nothing is written anew.", "anew"),
        ("if x:  # a model that can be\n    # had", "be had"),
        ("A folder is none.", "is none"),
        ("What is no number is refused.", "is no number"),
        ("Whoever asks", "Whoever"),
        ("lists, tables and the like", "and the like"),
        ('"""Whether it is fresh."""', '"""Whether'),
    ],
)
def test_phrase_to_avoid_is_found(text, words):
    """It is found over a line break too, with its line."""
    assert [(line, found) for line, found, _ in faults(text)] == [(1, words)]


@pytest.mark.parametrize(
    "text",
    ["There is no index.", "if text is None:", "leaves nothing left behind", "is no longer there"],
)
def test_ordinary_english_is_left_alone(text):
    """The patterns do not match the legitimate uses of the same words."""
    assert list(faults(text)) == []


def test_each_phrase_is_printed_with_its_place(tmp_path, capsys):
    """Fenced blocks of a page show what programs print, and do not count."""
    (tmp_path / "README.md").write_text("# A\n\n```sh\nanew\n```\n\nMade anew.\n")
    assert main(tmp_path) == 1
    assert capsys.readouterr().out == ('README.md:7: "anew": write again, or from scratch\n')
