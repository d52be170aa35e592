"""`diff` shows which questions get different citations from another index."""

import json
import shutil

import pytest

KREMLIN = "What did Rasmussen request from the Kremlin?"
NOTHING = "How do I reset my router password?"
DIFF = ("diff", "base/vectors", "vectors", "--mode", "lexical", "-k", "2")


@pytest.fixture
def change(project, run):
    """The seed articles and their index, beside them as they were before in base/."""
    for name in ("seeds", "vectors"):
        shutil.copytree(project / name, project / "base" / name)
    (project / "questions.txt").write_text(f"{KREMLIN}\n{NOTHING}\n")
    return project


@pytest.mark.parametrize("mode", ["lexical", "hybrid"])
def test_nothing_differs_between_equal_indexes(change, run, mode):
    """Status 0 and the counts, as `diff` has it."""
    ran = run("diff", "base/vectors", "vectors", "--mode", mode, "--questions", "questions.txt")

    assert ran == (0, "2 questions: 2 same\n", "")


def test_paragraph_that_was_inserted_above_changes_nothing(change, run):
    """What has moved is shown, and the status is 0: the same text is cited."""
    article = change / "seeds" / "001_169922582ed849e6.txt"
    article.write_text(f"This was put on top of the old article.\n\n{article.read_text()}")
    run("index")

    ran = run(*DIFF, "--questions", "questions.txt")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        f"1  {KREMLIN}\n"
        "    moved\n"
        "    ~ 1. seeds/001_169922582ed849e6.txt#p2-3\n"
        "        -> seeds/001_169922582ed849e6.txt#p3-4\n"
        "\n"
        "2 questions: 1 same, 1 moved\n"
    )


def test_document_that_is_gone_is_a_difference(change, run):
    """The question whose first citation is another one now is shown, with status 1."""
    (change / "seeds" / "001_169922582ed849e6.txt").unlink()
    run("index")

    ran = run(*DIFF, "--questions", "questions.txt", "--format", "json")

    assert (ran.status, ran.err) == (1, "")
    found = json.loads(ran.out)
    assert found["same"] is False
    first, second = found["questions"]
    assert first["change"] == "first"
    assert first["before"]["first"]["citation"] == "seeds/001_169922582ed849e6.txt#p2-3"
    assert first["now"]["first"]["citation"] == "seeds/004_f3d6e0a9632b532b.txt#p10"
    assert (second["change"], second["before"]) == ("same", {"answered": False, "first": None})


def test_questions_may_come_from_standard_input(change, run):
    """With -, and with ids of their own; NEW may be left out."""
    (change / "seeds" / "001_169922582ed849e6.txt").unlink()
    run("index")
    line = json.dumps({"id": "kremlin", "question": KREMLIN}).encode()

    ran = run("diff", "base/vectors", "--mode", "lexical", "--questions", "-", stdin=line)

    assert ran.status == 1
    assert ran.out.startswith(
        f"kremlin  {KREMLIN}\n    with another first citation\n    - 1. seeds/001_"
    )
    assert ran.out.endswith("\n1 question: 1 with another first citation\n")


def test_old_index_needs_no_corpus(change, run):
    """An index that was taken out of a branch alone answers from its own text."""
    shutil.rmtree(change / "base" / "seeds")

    ran = run(*DIFF, "--questions", "questions.txt")

    assert ran == (0, "2 questions: 2 same\n", "")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["diff", "seeds", "--questions", "questions.txt"], 3, "there is no index in seeds"),
        (["diff", "base/vectors", "--questions", "none.txt"], 2, "none.txt: no such file"),
        (["diff", "base/vectors", "--questions", "empty.txt"], 2, "there is no question in empty.txt"),
        (["diff", "base/vectors"], 2, "missing option '--questions'"),
        (["diff", "--questions", "questions.txt"], 2, "missing argument 'OLD'"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_and_a_hint(change, run, arguments, status, message):
    """What is wrong is named, and the next command."""
    (change / "empty.txt").write_text("\n")

    ran = run(*arguments)

    assert (ran.status, ran.out) == (status, "")
    error, hint = ran.err.splitlines()
    assert error.startswith(f"askdocs: {message}")
    assert hint.startswith(("hint: askdocs ", "hint: write each line "))


@pytest.mark.parametrize("damaged", ["base/vectors", "vectors"])
def test_hint_is_of_the_index_that_is_damaged(change, run, damaged):
    """Who follows it does not rewrite the other one."""
    (change / damaged / "HEAD").write_text("x")

    ran = run("diff", "base/vectors", "--index", "vectors", "--questions", "questions.txt")

    expected = f"hint: askdocs repair --index {damaged}"
    assert (ran.status, ran.err.splitlines()[-1]) == (4, expected)


@pytest.mark.parametrize("names", [("",), ("vectors", "")])
def test_an_empty_name_is_no_index(change, run, names):
    """A variable of the shell that is not set does not stand for the current folder."""
    ran = run("diff", *names, "--questions", "questions.txt")

    assert (ran.status, ran.out) == (2, "")
    argument = "OLD" if len(names) == 1 else "[NEW]"
    assert ran.err == (
        f"askdocs: invalid value for '{argument}': it is empty\nhint: askdocs diff --help\n"
    )
