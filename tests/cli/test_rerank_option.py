"""What --rerank prints, and what it says when the model cannot be used."""

import json

import pytest

QUESTION = "When did the harbour freeze?"
TEXTS = {
    "a": "The harbour froze in March, before the ships could leave.",
    "b": "No harbour is as deep as this one.",
    "c": "Ships wait outside until the pilot boards them.",
}
NOTICE = "askdocs: loading the model reranker, which takes some seconds\n"
HINT = "hint: --rerank DIRECTORY, or --online --rerank NAME to fetch it\n"


@pytest.fixture
def harbour(folder, run, tiny_model, tiny_reranker):
    """An index of three documents with one passage each, and a cross-encoder in reranker/."""
    for name, text in TEXTS.items():
        (folder / "docs" / f"{name}.txt").write_text(text)
    run("index", "--model", tiny_model, "docs")
    (folder / "reranker").symlink_to(tiny_reranker)
    return folder


def predicted(directory):
    """The model's own score of each document, best first."""
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(directory), local_files_only=True)
    pairs = [(QUESTION, text) for text in TEXTS.values()]
    scores = model.predict(pairs, show_progress_bar=False).tolist()
    return dict(sorted(zip(TEXTS, scores, strict=True), key=lambda pair: -pair[1]))


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_hits_are_in_the_order_of_the_model(harbour, run, tiny_reranker, mode):
    """JSON has the model's score beside the score, which is what it is without the model."""
    ask = ("ask", QUESTION, "--mode", mode, "--min-score", "0", "--format", "json")
    scores = {hit["path"]: hit["score"] for hit in json.loads(run(*ask).out)["hits"]}
    expected = {f"docs/{name}.txt": value for name, value in predicted(tiny_reranker).items()}

    ran = run(*ask, "--rerank", "reranker")

    assert (ran.status, ran.err) == (0, NOTICE)
    hits = json.loads(ran.out)["hits"]
    assert [hit["path"] for hit in hits] == [path for path in expected if path in scores]
    assert [hit["rank"] for hit in hits] == list(range(1, len(scores) + 1))
    assert {hit["path"]: hit["score"] for hit in hits} == scores
    for hit in hits:
        assert hit["rerank_score"] == pytest.approx(expected[hit["path"]], abs=2e-6)


def test_text_has_both_scores(harbour, run, tiny_reranker):
    """A reader sees why a hit with a lower score comes first; --quiet leaves the notice out."""
    ask = ("ask", QUESTION, "-k", "1", "--min-score", "0", "--rerank", "./reranker")
    name, value = next(iter(predicted(tiny_reranker).items()))

    ran = run(*ask, "--quiet")

    assert (ran.status, ran.err) == (0, "")
    head = ran.out.splitlines()[0]
    assert head.startswith(f"1.  docs/{name}.txt#p1  line 1  0.")
    assert head.endswith(f", reranked {value:.2f}  verified")


def test_question_that_nothing_answers_loads_nothing(harbour, run):
    """There is nothing to order."""
    ran = run("ask", "zeppelins", "--mode", "lexical", "--rerank", "reranker")

    expected = (
        "askdocs: no passage clearly answers the question\n"
        "hint: to see even weak passages, add --min-score 0\n"
    )
    assert ran == (1, "", expected)


@pytest.mark.parametrize("command", ["ask", "eval"])
def test_missing_model_is_a_line_and_a_hint(harbour, run, command):
    """It is noticed before anything is asked, and nothing is fetched unasked."""
    (harbour / "questions.jsonl").write_text('{"question": "Why?", "answers": []}\n')
    here = run(command, "questions.jsonl", "--rerank", "./absent")
    there = run(command, "questions.jsonl", "--rerank", "owner/absent")

    assert (here.status, here.out) == (there.status, there.out) == (5, "")
    assert here.err == f"askdocs: there is no model directory {harbour}/absent\n{HINT}"
    assert there.err == f"askdocs: the model owner/absent is not on this machine\n{HINT}"


def test_eval_measures_the_new_order(harbour, run, tiny_reranker):
    """The ranks are the reranker's, and so is the score of a run, by which other tools sort."""
    first = next(iter(predicted(tiny_reranker)))
    answers = [{"file": f"docs/{first}.txt", "paragraph": 1}]
    line = json.dumps({"id": "q", "question": QUESTION, "answers": answers})
    (harbour / "questions.jsonl").write_text(f"{line}\n")
    evaluate = ("eval", "questions.jsonl", "--format", "json", "--run-out", "run.txt")

    ran = run(*evaluate, "--rerank", "reranker")

    assert (ran.status, ran.err) == (0, NOTICE)
    assert json.loads(ran.out)["questions"][0]["first_relevant"] == 1
    fields = [line.split() for line in (harbour / "run.txt").read_text().splitlines()]
    assert [field[3] for field in fields] == ["1", "2", "3"]
    scores = [float(field[4]) for field in fields]
    assert scores == pytest.approx(list(predicted(tiny_reranker).values()), abs=2e-6)
