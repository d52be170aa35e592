"""What `askdocs ask` prints for a question, and with which status it ends."""

import json

import pytest

KREMLIN = "What did Rasmussen request from the Kremlin?"
CHANGED = "askdocs: docs/a.txt has changed since it was indexed"
CHECK = "hint: askdocs check\n"
NOTICE = f"{CHANGED}; passages marked gone show the indexed text\n{CHECK}"
NEEDS = 'needs a text under "question", and a text or number as "id"'
NO_ANSWER = "hint: to see even weak passages, add --min-score 0\n"


def test_answer_is_printed_with_its_citation(project, run):
    """Rank, citation, lines, score and status stand over the text; the margin marks the answer."""
    ran = run("ask", "-k", "1", KREMLIN)

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "1.  seeds/001_169922582ed849e6.txt#p2-3  lines 7-9  0.75  verified\n"
        "    By Tom Balmforth\n"
        "\n"
        ">   NATO Secretary General Anders Fogh Rasmussen this week asked the Kremlin to\n"
        ">   provide Russian helicopters and spare parts to bolster the NATO campaign in\n"
        ">   Afghanistan. Russian assistance to NATO has been in the offing since the\n"
        "    Russia’s “reset” with the United States got under way in July. But all the\n"
        "    alliance’s chief got on Wednesday was a promise from President Dmitry\n"
        "    Medvedev that the Russian government would consider the request. Stability\n"
        "    in Afghanistan is important for both sides, but can they put their\n"
        "    differences behind them to make it happen?\n"
    )


@pytest.mark.parametrize(
    ("question", "citation"),
    [
        ("Will NATO ever attack Russia?", "seeds/003_660548e0e025d4a2.txt#p6"),
        ("Why was Putin's arrival at the Bucharest summit a turning point?", "seeds/002_28324e9c0c46bb0c.txt#p2"),
        ("Who leads the expert group on NATO's new strategy?", "seeds/004_f3d6e0a9632b532b.txt#p9"),
        ("What is the Shanghai Cooperation Organization?", "seeds/000_c57073ce72ac7163.txt#p8-9"),
    ],
)  # fmt: skip
def test_best_passage_comes_first(project, run, question, citation):
    """A question about the seed articles finds the passage that answers it."""
    ran = run("ask", "--format", "json", question)

    assert ran.status == 0
    assert json.loads(ran.out)["hits"][0]["citation"] == citation


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_question_without_an_answer_is_refused(project, run, mode):
    """Nothing is printed for a question that no passage answers, and the status says so."""
    ran = run("ask", "--mode", mode, "--nearest", "0", "What is the melting point of tungsten?")

    expected = f"askdocs: no passage clearly answers the question\n{NO_ANSWER}"
    assert ran == (1, "", expected)


def test_lowest_bar_shows_the_nearest(project, run):
    """With --min-score 0 the nearest passages are printed, said not to answer, and all is well."""
    ran = run("ask", "--min-score", "0", "--format", "json", "What is the melting point?")

    answer = json.loads(ran.out)
    assert (ran.status, ran.err) == (0, "")
    assert (answer["answered"], len(answer["hits"])) == (False, 5)


def test_high_bar_leaves_out_but_does_not_unanswer(project, run):
    """The default bar decides whether a question is answered, whatever --min-score leaves out."""
    best, *others = json.loads(run("ask", "--format", "json", KREMLIN).out)["hits"]
    between = (best["score"] + others[0]["score"]) / 2
    ran = run("ask", "--min-score", between, "--format", "jsonl", KREMLIN)
    none = run("ask", "--min-score", "1", "--format", "jsonl", KREMLIN)

    assert json.loads(ran.out)["hits"] == [best]
    assert (json.loads(none.out)["answered"], json.loads(none.out)["hits"]) == (True, [])


NEAREST = (
    "Nearest passages, too weak to count as answers:\n"
    "    docs/a.txt#p1-2  lines 1-3  0.45  verified\n"
    "        The harbour froze in March.\n"
)
UNDER_BAR = ("--mode", "lexical", "--min-score", "0.6", "harbour")


def test_nearest_passages_are_shown_and_do_not_answer(harbour, run):
    """They go to standard output, also if quiet, and nothing suggests a lower bar."""
    ran = run("ask", "--mode", "lexical", "harbour March sourdough")
    quiet = run("ask", "-q", "--mode", "lexical", "harbour March sourdough")

    assert ran.err == "askdocs: no passage clearly answers the question\n"
    assert ran.out == NEAREST.replace("0.45", "0.13")
    assert (ran.status, quiet) == (1, (1, ran.out, ""))


def test_nearest_passages_are_those_below_the_bar_that_is_set(harbour, run):
    """With --min-score what misses it is near; in JSON it is not among the hits."""
    text = run("ask", *UNDER_BAR)
    found = json.loads(run("ask", "--format", "json", *UNDER_BAR).out)

    assert text.out == NEAREST
    hits = HARBOUR_OBJECT["hits"]
    assert found == HARBOUR_OBJECT | {"hits": [], "nearest": hits}


@pytest.mark.parametrize("way", ["option", "variable", "file"])
def test_nearest_passages_can_be_switched_off(harbour, run, monkeypatch, way):
    """Whichever way it is set to 0, there is nothing on standard output."""
    if way == "variable":
        monkeypatch.setenv("ASKDOCS_ASK_NEAREST", "0")
    if way == "file":
        (harbour / "askdocs.toml").write_text("[ask]\nnearest = 0\n")

    ran = run("ask", *(["--nearest", "0"] if way == "option" else []), *UNDER_BAR)

    assert ran.out == ""


def test_change_of_a_nearest_document_is_said(harbour, run):
    """Its citation is checked as that of a hit."""
    (harbour / "docs" / "a.txt").unlink()

    ran = run("ask", *UNDER_BAR)

    assert ran.out == NEAREST.replace("verified", "gone")
    assert ran.err.endswith(NOTICE)


def test_hint_that_was_followed_is_not_given_again(harbour, run):
    """Where --min-score 0 has nothing to show, typing it again would not help."""
    ran = run("ask", "--mode", "lexical", "--min-score", "0", "sourdough")

    assert (ran.status, ran.out) == (1, "")
    assert ran.err.splitlines()[0] == "askdocs: no passage clearly answers the question"
    assert NO_ANSWER not in ran.err


HARBOUR = dict.fromkeys(["text", "plain"], "The harbour froze in March.")
HARBOUR_OBJECT = {
    "schema": 2, "id": "1", "question": "harbour", "mode": "lexical", "answered": True,
    "hits": [
        {
            # One passage, of mean length, has the word once: idf · 2.2 · 1 / (1 + 1.2), of a
            # bound of idf · 2.2.
            "rank": 1, "score": 0.4545, "citation": "docs/a.txt#p1-2", "path": "docs/a.txt",
            "paragraphs": [1, 2], "lines": [1, 3], "chars": [0, 39], "headings": [],
            "text": "Rain fell.\n\nThe harbour froze in March.",
            "plain": "Rain fell.\nThe harbour froze in March.", "blocks": ["paragraph", "paragraph"],
            "answer": {**HARBOUR, "chars": [12, 39]},
            "status": "verified",
        }
    ],
    "nearest": [],
}  # fmt: skip


@pytest.mark.parametrize(("form", "indent"), [("json", 2), ("jsonl", None)])
def test_json_is_one_object(harbour, run, form, indent):
    """It is indented, or a line; words that the shell has split are one question."""
    ran = run("ask", "--mode", "lexical", "--format", form, "harbour", "harbour")

    expected = HARBOUR_OBJECT | {"question": "harbour harbour"}
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == json.dumps(expected, indent=indent) + "\n"


def test_quiet_question_has_its_answer_and_no_remarks(harbour, run):
    """With -q there are results and errors only; the status still tells."""
    answered = run("ask", "-q", "--mode", "lexical", "harbour")
    unanswered = run("ask", "-q", "--mode", "lexical", "sourdough")
    wrong = run("ask", "-q", "")

    assert (answered.status, unanswered.status, wrong.status) == (0, 1, 2)
    assert answered.out.startswith("1.  docs/a.txt#p1-2  ")
    assert (unanswered.out, unanswered.err) == ("", "")
    assert wrong.err.startswith("askdocs: the question is empty\n")


def test_explanation_stands_below_the_text(harbour, run):
    """With --explain each hit says what made its score; in one mode there is one signal."""
    plain = run("ask", "--mode", "lexical", "harbour")
    ran = run("ask", "--mode", "lexical", "--explain", "harbour")

    table = "\n    signal      value   share\n    bm25_share   0.45   +0.45\n"
    assert ran == (0, plain.out + table, "")


@pytest.mark.parametrize(("mode", "name"), [("lexical", "bm25_share"), ("dense", "best_cosine")])
def test_explanation_in_json_is_the_score_of_its_mode(harbour, run, mode, name):
    """The hit gets a field for its signals, and nothing else about it changes."""
    options = ("--mode", mode, "--min-score", "0", "--format", "json")
    plain = json.loads(run("ask", *options, "harbour").out)

    ran = run("ask", *options, "--explain", "harbour")

    (hit,) = plain["hits"]
    signal = {"name": name, "value": hit["score"], "share": hit["score"]}
    assert json.loads(ran.out) == plain | {"hits": [hit | {"signals": [signal]}]}


@pytest.mark.parametrize(
    ("name", "value"),
    [("top-k", "1"), ("format", "json"), ("mode", "dense"), ("min-score", "1"), ("explain", "1")],
)
def test_every_option_has_a_variable(harbour, run, monkeypatch, name, value):
    """An option that is set in the environment is as good as one that is typed."""
    (harbour / "docs" / "b.txt").write_text("Ships wait outside the harbour.")
    run("index")
    without = run("ask", "harbour")
    values = [] if name == "explain" else [value]
    typed = run("ask", f"--{name}", *values, "harbour")
    monkeypatch.setenv(f"ASKDOCS_ASK_{name.replace('-', '_').upper()}", value)

    by_variable = run("ask", "harbour")

    assert by_variable == typed
    assert by_variable != without


QUESTIONS = b'harbour\n\n  March  \r\n{"id": "q7", "question": "sourdough"}\n{"question": "rain"}\n'


def test_questions_come_from_a_file_or_a_pipe(harbour, run):
    """Each line is a question; one without an id is called by the number of its line."""
    (harbour / "questions.txt").write_bytes(QUESTIONS)
    ask = ("ask", "--mode", "lexical", "--format", "jsonl", "--questions")

    ran = run(*ask, "questions.txt")

    answers = [json.loads(line) for line in ran.out.splitlines()]
    assert [(answer["id"], answer["question"], answer["answered"]) for answer in answers] == [
        ("1", "harbour", True), ("3", "March", True), ("q7", "sourdough", False),
        ("5", "rain", True),
    ]  # fmt: skip
    assert (ran.status, ran.err) == (
        0,
        f"askdocs: no passage clearly answers question q7\n{NO_ANSWER}",
    )
    assert run(*ask, "-", stdin=b"\xef\xbb\xbf" + QUESTIONS) == ran


def test_text_of_many_questions_has_headings(harbour, run):
    """Each question stands over its hits, whether it has any or not."""
    ran = run("ask", "--mode", "lexical", "--questions", "-", stdin=b"sourdough\nharbour\nrain\n")

    head = "1.  docs/a.txt#p1-2  lines 1-3  0.45  verified\n"
    assert ran.out == (
        "# sourdough\n\n\n"
        f"# harbour\n\n{head}    Rain fell.\n\n>   The harbour froze in March.\n\n"
        f"# rain\n\n{head}>   Rain fell.\n\n    The harbour froze in March.\n"
    )


def test_json_of_many_questions_is_an_array(harbour, run):
    """The array holds the object of each question, in their order."""
    ran = run(
        "ask", "--mode", "lexical", "--format", "json", "--questions", "-",
        stdin=b"harbour\nsourdough\n",
    )  # fmt: skip

    unanswered = {"id": "2", "question": "sourdough", "answered": False, "hits": []}
    assert ran.out == json.dumps([HARBOUR_OBJECT, HARBOUR_OBJECT | unanswered], indent=2) + "\n"
    assert ran.status == 0


@pytest.mark.parametrize(
    ("identity", "expected"), [("7", "7"), ("0", "0"), ('""', ""), ('"\\u00e9"', "é")]
)
def test_name_of_a_question_is_a_text(harbour, run, identity, expected):
    """An id may be a number; it comes back as a text."""
    stdin = f'{{"question": "harbour", "id": {identity}}}'.encode()

    ran = run("ask", "--mode", "lexical", "--format", "jsonl", "--questions", "-", stdin=stdin)

    assert json.loads(ran.out) == HARBOUR_OBJECT | {"id": expected}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"question": ', " is not JSON: expecting value at character 13"),
        (b'{"question": ' + b"[" * 100_000, " is not JSON"),
        (b'{"question": 7}', f" {NEEDS}"),
        (b'{"text": "why?"}', f" {NEEDS}"),
        (b'{"question": "why?", "id": null}', f" {NEEDS}"),
        (b'{"question": "why?", "id": true}', f" {NEEDS}"),
        (b'{"question": "why?", "id": ["q1"]}', f" {NEEDS}"),
        (b"caf\xe9", " is not UTF-8"),
        (b'{"question": "\\ud83d"}', ": the question is not UTF-8"),
        (b"a" * 10_001, ": the question has 10001 characters, at most 10000 are read"),
        (b'{"question": " "}', ": the question is empty"),
    ],
)
@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_bad_line_of_questions_is_refused(harbour, run, line, message, form):
    """A line that is not a question ends the run with its number; earlier answers may stand."""
    stdin = b"harbour\n" + line + b"\n"

    ran = run("ask", "--mode", "lexical", "--format", form, "--questions", "-", stdin=stdin)

    assert ran.status == 2
    assert ran.err.splitlines()[0] == f"askdocs: line 2 of standard input{message}"
    assert ran.err.count("\n") <= 2
    assert all(json.loads(line) == HARBOUR_OBJECT for line in ran.out.splitlines())


HELP = "askdocs ask --help"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ([""], "the question is empty", 'askdocs ask "What did they decide?"'),
        ([], "give one question, or --questions FILE", HELP),
        (["--questions", "-", "why?"], "give one question, or --questions FILE", HELP),
        (
            ["why? " * 20_000], "the question has 100000 characters, at most 10000 are read",
            "ask in one or two sentences; several questions go into --questions FILE",
        ),
        (["--questions", "absent"], "absent: no such file or directory", "askdocs ask --questions FILE"),
        (["--questions", "docs"], "docs: is a directory", "askdocs ask --questions FILE"),
        (["--null", "why?"], "--null is for --format paths", HELP),
    ],
)  # fmt: skip
def test_usage_error_is_one_line_and_a_hint(harbour, run, arguments, message, hint):
    """What makes no sense is refused before anything is searched."""
    ran = run("ask", *arguments)

    assert ran == (2, "", f"askdocs: {message}\nhint: {hint}\n")


def test_longest_question_is_answered(harbour, run):
    """Ten thousand characters are still read, in every mode."""
    question = "harbour " * 1249 + "harbour!"
    assert len(question) == 10_000

    for mode in ("hybrid", "dense", "lexical"):
        ran = run("ask", "--mode", mode, "--min-score", "0", "--format", "json", question)

        assert (ran.status, len(json.loads(ran.out)["hits"])) == (0, 1)


def test_moved_passage_is_cited_where_it_stands_now(harbour, run):
    """A paragraph in front moves a passage: the new place is cited, the old one stands beside."""
    path = harbour / "docs" / "a.txt"
    path.write_text(f"A new beginning.\n\n{path.read_text()}")

    ran = run("ask", "--mode", "lexical", "--format", "json", "harbour")

    old = HARBOUR_OBJECT["hits"][0]
    moved = old | {
        "citation": "docs/a.txt#p2-3", "paragraphs": [2, 3], "lines": [3, 5], "chars": [18, 57],
        "answer": {**HARBOUR, "chars": [30, 57]}, "status": "moved",
        "indexed": {
            "citation": "docs/a.txt#p1-2", "path": "docs/a.txt", "paragraphs": [1, 2],
            "lines": [1, 3], "chars": [0, 39],
        },
    }  # fmt: skip
    assert (ran.status, ran.err) == (0, f"{CHANGED}\n{CHECK}")
    assert json.loads(ran.out) == HARBOUR_OBJECT | {"hits": [moved]}


def test_index_without_its_corpus_still_answers(harbour, run):
    """Where the documents are missing the index's own text is shown, with one notice."""
    (harbour / "docs" / "a.txt").unlink()

    ran = run("ask", "--mode", "lexical", "harbour")

    assert (ran.status, ran.err) == (0, NOTICE)
    assert ran.out == (
        "1.  docs/a.txt#p1-2  lines 1-3  0.45  gone\n"
        "    Rain fell.\n\n>   The harbour froze in March.\n"
    )


def test_same_characters_on_other_lines_have_moved(folder, run, tiny_model):
    """An edit of the same length that shifts lines is noticed though the characters agree."""
    path = folder / "docs" / "a.txt"
    first = "A first paragraph that is long enough to be a passage of its very own, all alone."
    path.write_text(f"{first}\n\nThe harbour froze in March.\n")
    run("index", "--model", tiny_model, "docs")
    path.write_text(path.read_text().replace(" paragraph", "\nparagraph"))

    ran = run("ask", "--mode", "lexical", "--format", "json", "harbour")

    [hit] = json.loads(ran.out)["hits"]
    assert (hit["status"], hit["lines"], hit["indexed"]["lines"]) == ("moved", [4, 4], [3, 3])
    assert hit["chars"] == hit["indexed"]["chars"]
