"""What `askdocs eval` prints and writes, and with which status it ends."""

import json
import re

import pytest

QUESTIONS = (
    '{"id": "ice", "question": "The harbour froze in March?",'
    ' "answers": [{"file": "a b.txt", "text": "froze"}]}\n'
    '{"id": "lost one", "question": "Who is\\u001b[2J that?\\nTell me",'
    ' "answers": [{"file": "docs/c.txt", "paragraph": 1}]}\n'
    '{"id": "none", "question": "zeppelins", "answers": []}\n'
)


@pytest.fixture
def harbour(folder, run, tiny_model):
    """An index of two documents with one passage each, and three questions."""
    (folder / "docs" / "a b.txt").write_text("The harbour froze in March.\n")
    (folder / "docs" / "c.txt").write_text("Rain fell on the roofs.\n")
    (folder / "questions.jsonl").write_text(QUESTIONS)
    run("index", "--model", tiny_model, "docs")
    return folder


@pytest.fixture
def lexical(harbour, run):
    """Evaluate the three questions by their words: `lexical("--format", "json")`."""

    def evaluate(*options):
        return run("eval", "questions.jsonl", "--mode", "lexical", *options)

    return evaluate


def test_measures_are_a_table_with_the_missed_questions_under_it(lexical):
    """Every measure has its number of questions; what documents could command is made safe."""
    ran = lexical()

    assert (ran.status, ran.err) == (0, "")
    error = ran.out.splitlines()[8]
    assert re.fullmatch(r"ECE +0\.\d{4} +3", error)
    rows = [(name, "0.5000", 2) for name in ("hit@1", "hit@5", "RR@10", "nDCG@10", "R@10")]
    rows += [("refused_answerable", "0.5000", 2), ("refused_unanswerable", "1.0000", 1)]
    assert ran.out == (
        "measure                value  questions\n"
        + "".join(f"{name:20} {value:>7} {count:>10}\n" for name, value, count in rows)
        + f"{error}\n\nnot answered by the first 5 hits:\nlost one  Who is�[2J that? Tell me\n"
    )


def test_missed_questions_are_ten_at_most(harbour, run):
    """The others are counted, and a measure without questions has no value."""
    answer = '"answers": [{"file": "docs/c.txt", "paragraph": 1}]'
    lines = [f'{{"id": {number}, "question": "March", {answer}}}' for number in range(1, 13)]
    (harbour / "many.jsonl").write_text("\n".join(lines))

    ran = run("eval", "many.jsonl", "--mode", "lexical")

    assert "refused_unanswerable       -          0\n" in ran.out
    assert ran.out.endswith("\n10  March\n2 more; --format json lists them\n")


def test_json_has_every_measure_and_question(lexical):
    """Its fields are those of the data model."""
    ran = lexical("--format", "json")

    found = json.loads(ran.out)
    error, score = found["measures"].pop("ECE"), found["questions"][0].pop("score")
    assert (ran.status, ran.err) == (0, "")
    assert found == {
        "schema": 2,
        "measures": {
            "hit@1": 0.5, "hit@5": 0.5, "RR@10": 0.5, "nDCG@10": 0.5, "R@10": 0.5,
            "refused_answerable": 0.5, "refused_unanswerable": 1.0,
        },
        "questions": [
            {
                "id": "ice", "question": "The harbour froze in March?",
                "answers": 1, "first_relevant": 1, "answered": True,
            },
            {
                "id": "lost one", "question": "Who is\x1b[2J that?\nTell me",
                "answers": 1, "first_relevant": None, "answered": False, "score": 0.0,
            },
            {
                "id": "none", "question": "zeppelins",
                "answers": 0, "first_relevant": None, "answered": False, "score": 0.0,
            },
        ],
    }  # fmt: skip
    assert 0 < error < 1
    assert 0 < score < 1


def test_a_run_has_a_line_for_each_hit(lexical, harbour):
    """A space in a path is percent-encoded, so that a line has six fields."""
    ran = lexical("--run-out", "run.txt")

    fields = (harbour / "run.txt").read_text().splitlines()[0].split(" ")
    assert ran.status == 0
    assert fields[:4] == ["ice", "Q0", "docs/a%20b.txt#p1", "1"]
    assert 0 < float(fields[4]) < 1
    assert fields[5:] == ["askdocs"]


def test_the_docnos_of_a_run_can_be_judged(lexical, harbour):
    """What --run-out writes, --qrels reads: paths, ids and citations come back."""
    lexical("--run-out", "run.txt")
    docno = (harbour / "run.txt").read_text().split()[2]
    (harbour / "qrels.txt").write_text(f"ice 0 {docno} 1\nlost%20one 0 docs/a%20b.txt 0\n")

    ran = lexical("--qrels", "qrels.txt", "--format", "json")

    questions = json.loads(ran.out)["questions"]
    answers = [(one["id"], one["answers"], one["first_relevant"]) for one in questions]
    assert answers == [("ice", 1, 1), ("lost one", 0, None)]


def test_a_run_that_cannot_be_written_is_refused(lexical):
    """Status 7, and the path is named."""
    assert lexical("--run-out", "docs") == (7, "", "askdocs: docs: is a directory\n")


def test_a_measure_below_its_bar_is_status_one(lexical):
    """Each that falls short is named; the table is printed all the same."""
    bars = [("--fail-under", bar) for bar in ("hit@5=0.9", "R@10=0.5", "RR@10=1")]

    ran = lexical(*(word for bar in bars for word in bar))

    assert (ran.status, ran.out[:8]) == (1, "measure ")
    assert ran.err == "askdocs: hit@5 is 0.5000, below 0.9\naskdocs: RR@10 is 0.5000, below 1\n"


def test_a_question_worse_than_in_the_baseline_is_status_one(lexical, harbour):
    """It is named with its ranks then and now; the same result is no worse."""
    printed = lexical("--format", "json").out
    (harbour / "same.json").write_text(printed)
    same = lexical("--baseline", "same.json", "--fail-under", "hit@5=0.5")
    old = json.loads(printed)
    old["questions"][1].update(first_relevant=2, answered=True)
    (harbour / "old.json").write_text(json.dumps(old))

    ran = lexical("--baseline", "old.json")

    assert (same.status, same.err) == (0, "")
    worse = "question lost one: rank 2 before, none now; answered before, refused now"
    assert (ran.status, ran.err) == (1, f"askdocs: {worse}\n")


def test_questions_come_from_standard_input(harbour, run):
    """- stands for it, and few hits are looked through as if they were ten."""
    ran = run("eval", "-", "-k", "1", "--mode", "lexical", stdin=QUESTIONS.encode())

    assert (ran.status, ran.err) == (0, "")
    assert "\nhit@5                 0.5000          2\n" in ran.out


def test_the_seeds_are_measured_with_the_default_model(project, run):
    """Without a mode it is the hybrid one."""
    (project / "questions.jsonl").write_text(
        '{"question": "What did Rasmussen request from the Kremlin?",'
        ' "answers": [{"file": "001_169922582ed849e6.txt", "paragraph": [2, 3]}]}\n'
    )

    ran = run("eval", "questions.jsonl", "--fail-under", "hit@1=1")

    assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: no such file or directory"),
        (["docs"], "docs: is a directory"),
        (["latin.jsonl"], "line 1 of latin.jsonl is not UTF-8"),
        (["questions.jsonl", "--qrels", "nowhere"], "nowhere: no such file or directory"),
        (["questions.jsonl", "--fail-under", "hit@9=1"], "there is no measure hit@9"),
        (
            ["questions.jsonl", "--baseline", "questions.jsonl"],
            (
                "line 2 of questions.jsonl is not what askdocs eval --format json prints: "
                "extra data at character 1"
            ),
        ),
        (["plain.txt"], "line 1 of the questions is not JSON: expecting value at character 1"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(harbour, run, options, message):
    """One line and a hint where there is something to type; nothing is measured."""
    (harbour / "latin.jsonl").write_bytes(b"\xe9\n")
    (harbour / "plain.txt").write_text("Why?\n")

    ran = run("eval", *options)

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.splitlines()[0] == f"askdocs: {message}"


def test_online_without_a_model_leads_to_the_help_of_this_command(harbour, run):
    """The hint is of the command that was typed."""
    ran = run("eval", "questions.jsonl", "--online")

    expected = "askdocs: --online is for --rerank\nhint: askdocs eval --help\n"
    assert (ran.status, ran.err) == (2, expected)
