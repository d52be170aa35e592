"""All systems are given the same paragraphs and the same questions."""

import json

import pytest

from benchmarks.speed.corpora import Corpus, paragraphs, refresh, write_questions, write_texts
from benchmarks.speed.peers.driver import read_texts, run


class FakePeer:
    """Finds paragraphs that hold the question, in their order."""

    def __init__(self):
        """Nothing was indexed yet."""
        self.vectors = []

    def index(self, paragraphs, store, vectors):
        """Keep the paragraphs."""
        self.vectors.append(vectors)
        (store / "kept.json").write_text(json.dumps(paragraphs))

    def search(self, store, questions, k):
        """Look for the questions."""
        kept = json.loads((store / "kept.json").read_text())
        return [[at for at, text in enumerate(kept) if one in text][:k] for one in questions]


@pytest.fixture
def corpus(tmp_path, monkeypatch, encoder_cache):
    """Two documents, of which one has two paragraphs, and their index."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "encoders").symlink_to(encoder_cache / "encoders")
    monkeypatch.setenv("ASKDOCS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("The ship sails.\n\nThe crew rests until dawn.\n")
    (tmp_path / "docs" / "b.txt").write_text("Nobody waits on the quay.\n")
    (tmp_path / "docs" / "c.txt").write_bytes(b"\0")
    made = Corpus(name="small", documents=tmp_path / "docs", work=tmp_path / "work")
    refresh(made)
    return made


def test_peers_get_the_paragraphs_that_askdocs_numbers(corpus):
    """Paragraphs have the paths of the index, their characters and their text, in order."""
    found = list(paragraphs(corpus))
    assert found == [
        ("../docs/a.txt", (0, 15), "The ship sails."),
        ("../docs/a.txt", (17, 43), "The crew rests until dawn."),
        ("../docs/b.txt", (0, 25), "Nobody waits on the quay."),
    ]
    assert read_texts(corpus.paragraphs) == [text for _, _, text in found]


def test_questions_are_written_for_askdocs_and_for_peers(tmp_path):
    """A line has the question under the name that each of them reads."""
    write_questions(tmp_path / "questions.jsonl", ["Why?", "Où?"])
    read = [json.loads(line) for line in (tmp_path / "questions.jsonl").read_text().splitlines()]
    assert read == [
        {"id": "0", "question": "Why?", "text": "Why?"},
        {"id": "1", "question": "Où?", "text": "Où?"},
    ]


def test_a_peer_indexes_and_answers_behind_one_command_line(tmp_path, capsys):
    """`ask` prints the paragraphs that were found, `many` their positions for each question."""
    write_texts(tmp_path / "paragraphs.jsonl", ["one cat", "two dogs", "three cats"])
    write_questions(tmp_path / "questions.jsonl", ["dog", "cat", "bird"])
    peer, store = FakePeer(), str(tmp_path / "store")
    run(peer, ["index", str(tmp_path / "paragraphs.jsonl"), store])
    run(peer, ["ask", store, "cat"])
    run(peer, ["many", store, str(tmp_path / "questions.jsonl")])
    assert peer.vectors == [None]
    assert capsys.readouterr().out == (
        'one cat\n\nthree cats\n{"hits": [1]}\n{"hits": [0, 2]}\n{"hits": []}\n'
    )
