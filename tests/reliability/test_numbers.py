"""Row M2: vectors of NaN, extreme counts and odd questions are refused or change no order."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from askdocs.embedding import encoder
from askdocs.store import partition
from tests.limits import Ran
from tests.reliability.states import build_index

MODES = ("hybrid", "dense", "lexical")
TEXT = "The harbour froze in March, and no ship could leave it before the end of April."
SIGN = "~"


@pytest.fixture
def folder(tmp_path: Path, tiny_model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with an index of three documents of one passage each."""
    docs = tmp_path / "folder" / "docs"
    docs.mkdir(parents=True)
    (docs / "a.txt").write_text(f"Rain fell. {TEXT}\n")
    (docs / "b.txt").write_text("Snow fell in the hills above the town.\n")
    (docs / "c.txt").write_text("Hail fell, and it was cold.\n")
    build_index(docs.parent / "vectors", docs, model=tiny_model, cache=cache)
    monkeypatch.chdir(docs.parent)
    return docs.parent


def assert_refused(ran: Ran, status: int, message: str) -> None:
    """One line begins with what is wrong, perhaps with a hint, and nothing is answered."""
    lines = ran.err.splitlines()
    assert (ran.status, ran.out) == (status, "")
    assert lines[0].startswith(f"askdocs: {message}")
    assert [line.partition(" ")[0] for line in lines[1:]] in ([], ["hint:"])


def hits_of(ran: Ran) -> list[tuple[str, float, list[str]]]:
    """Citation, score and duplicates of each hit."""
    found = json.loads(ran.out)["hits"]
    scores = [hit["score"] for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    return [(hit["citation"], hit["score"], hit.get("duplicates", [])) for hit in found]


@dataclass
class Spoilt:
    """A session whose vectors repeat a value where a text has the token of the sign."""

    session: Any
    sign: int
    value: Sequence[float]

    def run(
        self, names: Sequence[str], inputs: dict[str, NDArray[np.int64]]
    ) -> list[NDArray[np.float32]]:
        """Return the vectors of a batch, and of its tokens."""
        outputs: list[NDArray[np.float32]] = self.session.run(names, inputs)
        rows = (inputs["input_ids"] == self.sign).any(axis=1)
        for vectors in outputs:
            vectors[rows] = np.resize(np.array(self.value, np.float32), vectors.shape[-1])
        return outputs


# The last one is three times too long.
@pytest.mark.parametrize(
    "value", [[np.nan], [np.nan] + [0.25] * 15, [np.inf], [-np.inf], [0.0], [1e-30], [0.75]]
)
def test_vector_that_is_none_is_refused(
    *, folder, run, tally, tiny_model, cache, monkeypatch, value
):
    """A vector without a direction is refused in a question and in a document, with status 5."""
    vocabulary = json.loads((tiny_model / "tokenizer.json").read_bytes())["model"]["vocab"]
    real = encoder.open_session
    monkeypatch.setattr(
        encoder, "open_session", lambda graph: Spoilt(real(graph), vocabulary[SIGN], value)
    )
    message = "the model returns vectors that are not numbers, or have no direction"
    for mode in ("hybrid", "dense"):
        assert_refused(run("ask", "--mode", mode, "--min-score", "0", SIGN), 5, message)
        assert run("ask", "--mode", mode, "--min-score", "0", "harbour").status == 0
    before = (folder / "vectors" / "HEAD").read_bytes()
    (folder / "docs" / "d.txt").write_text(f"{SIGN} {SIGN}")
    assert_refused(run("index", "-q"), 5, message)
    assert (folder / "vectors" / "HEAD").read_bytes() == before
    tally("M2", "vectors that are invalid", 3)


@pytest.mark.parametrize("k", ["0", "-1", "nan", "1e3", "", " "])
def test_number_of_hits_that_is_none_is_refused(folder, run, tally, k):
    """Fewer than one hit, or no number, cannot be asked for."""
    reason = f"{k} is not in the range x>=1" if k in {"0", "-1"} else f"'{k}' is not a whole number"
    message = f"invalid value for '-k' / '--top-k': {reason}"
    assert_refused(run("ask", "-k", k, "harbour"), 2, message)
    tally("M2", "counts of hits", 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("k", [3, 4, 1000, 2**31, 2**63, 2**64, 10**30])
def test_more_hits_than_passages_are_all_passages(folder, run, tally, mode, k):
    """However many are asked for, each passage that matches comes once, in the same order."""
    arguments = ("--mode", mode, "--min-score", "0", "--format", "json", "harbour fell")
    ran = run("ask", "-k", k, *arguments)
    assert (ran.status, ran.err) == (0, "")
    found = hits_of(ran)
    assert found == hits_of(run("ask", "-k", 3, *arguments))
    assert len({citation for citation, _, _ in found}) == len(found) == 3
    tally("M2", "counts of hits", 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("left", ["nothing", "an empty file", "white space"])
def test_index_without_passages_answers_nothing(folder, run, tally, mode, left):
    """An index of no documents, or of documents without text, has no answer and does not crash."""
    for path in (folder / "docs").iterdir():
        path.unlink()
    if left != "nothing":
        (folder / "docs" / "c.txt").write_text("" if left == "an empty file" else " \n\n\t")
    assert run("index", "-q").status == 0
    ran = run("ask", "--mode", mode, "--min-score", "0", "-k", 10**9, "--explain", "harbour")
    assert_refused(ran, 1, "no passage clearly answers the question")
    tally("M2", "questions to an index without passages", 1)


@pytest.mark.parametrize("segment_bytes", [8 << 20, 1 << 13])
def test_thousand_equal_texts_have_one_order(
    *, folder, run, amount, tally, tiny_model, cache, monkeypatch, segment_bytes
):
    """Equal passages are in order of path and paragraph, alone, in a batch and in segments."""
    monkeypatch.setattr(partition, "SEGMENT_BYTES", segment_bytes)
    shutil.rmtree(folder / "vectors")
    for path in (folder / "docs").iterdir():
        path.unlink()
    for number in range(100):
        (folder / "docs" / f"{number:02}.txt").write_text("\n\n".join([TEXT] * 10))
    build_index(folder / "vectors", folder / "docs", model=tiny_model, cache=cache)
    places = [f"docs/{number:02}.txt#p{one}" for number in range(100) for one in range(1, 11)]
    questions = ["harbour", "When did the harbour freeze?", "ship"][: amount(1, 3)]
    (folder / "questions").write_text("\n".join(questions))
    for mode in MODES:
        wanted = ("--mode", mode, "--min-score", "0", "-k", 1000)
        batch = run("ask", *wanted, "--format", "json", "--questions", "questions")
        for number, question in enumerate(questions):
            ran = run("ask", *wanted, "--format", "json", question)
            [(citation, score, duplicates)] = hits_of(ran)
            assert [citation, *duplicates] == places
            [hit] = json.loads(batch.out)[number]["hits"]
            assert [hit["citation"], *hit["duplicates"]] == places
            assert hit["score"] == pytest.approx(score, abs=2e-6)
            assert run("ask", *wanted, "--format", "json", question) == ran
    tally("M2", "orders of 1,000 equal texts", 3 * len(questions) * len(MODES))


@pytest.mark.parametrize(
    ("question", "message"),
    [
        *((blank, "the question is empty") for blank in ("", " \t\n\u2003", "\x1f")),
        ("word " * 100_000, "the question has 500000 characters, at most 10000 are read"),
        *((half, "the question is not UTF-8") for half in ("harbour \ud83d", "\udc80")),
    ],
    ids=["empty", "blank", "separator", "100,000 words", "half a character", "one byte"],
)
@pytest.mark.parametrize("mode", MODES)
def test_question_that_cannot_be_asked_is_refused(*, folder, run, tally, mode, question, message):
    """It is refused with status 2, in one line, whichever way it comes."""
    assert_refused(run("ask", "--mode", mode, question), 2, message)
    if "UTF-8" not in message:
        whole = run("ask", "--mode", mode, "-", stdin=question.encode())
        # White space around a piped question is removed.
        assert_refused(whole, 2, message.replace("500000", "499999"))
    tally("M2", "questions that cannot be asked", 2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("question", ["the of and is to", "?!", "\u200b", "\ufeff", "\U0010ffff"])
def test_question_without_a_word_is_answered_alike_every_time(folder, run, tally, mode, question):
    """Stop words and signs have no terms: by words nothing is found, by meaning one order."""
    arguments = ("ask", "--mode", mode, "--min-score", "0", "--format", "json", question)
    ran = run(*arguments)
    assert run(*arguments) == ran
    assert (ran.status, len(hits_of(ran))) == ((1, 0) if mode == "lexical" else (0, 3))
    tally("M2", "questions without a word", 1)


CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]


def test_question_of_a_control_character_is_no_crash(folder, run, amount, tally):
    """Each is a question without words, or white space; none reaches the terminal as it is."""
    tried = CONTROLS[:: amount(8, 1)]
    for question in tried:
        for mode in MODES[amount(1, 0) :]:
            ran = run("ask", "--mode", mode, "--min-score", "0", question)
            assert ran.status in ({2} if not question.strip() else {0, 1})
            shown = (ran.out + ran.err).replace("\n", "")
            assert not any(character in shown for character in CONTROLS)
    tally("M2", "questions of a control character", len(tried))


@pytest.mark.parametrize("score", ["nan", "-nan", "inf", "-inf", "-1", "2", "1.0000001", "1e400"])
@pytest.mark.parametrize("way", ["option", "variable", "file"])
def test_bar_that_is_none_is_refused(*, folder, run, tally, monkeypatch, score, way):
    """A lowest score that is not a number of [0, 1] is refused with status 2, wherever it stands."""
    if way == "variable":
        monkeypatch.setenv("ASKDOCS_ASK_MIN_SCORE", score)
    elif way == "file":
        (folder / "askdocs.toml").write_text(f"min-score = {score}\n")
    ran = run("ask", *([f"--min-score={score}"] if way == "option" else []), "harbour")
    assert_refused(ran, 2, "")
    tally("M2", "bars that are invalid", 1)


@pytest.mark.parametrize("score", ["0", "-0.0", "1", "1e-400", "0.9999999999"])
def test_bar_at_the_edge_is_taken(folder, run, tally, score):
    """Every number of [0, 1] is a bar, as far as it can be written."""
    ran = run("ask", f"--min-score={score}", "--format", "json", "harbour")
    assert ran.status in {0, 1}
    assert all(found >= float(score) for _, found, _ in hits_of(ran))
    tally("M2", "bars at the edge", 1)
