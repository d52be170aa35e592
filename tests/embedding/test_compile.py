"""A model compiles to an encoder with the same vectors, or is refused with the reason."""

import errno
import json
import shutil
from typing import Any

import numpy as np
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import Fail

from askdocs.disk import access
from askdocs.embedding.admission import fingerprint_model
from askdocs.embedding.compile import compile_model, export_graph, load_original, main
from askdocs.embedding.compiled import open_compiled
from askdocs.embedding.entry import WEIGHTS, entry_directory
from askdocs.embedding.model import Model
from askdocs.errors import ModelError
from tests.embedding.conftest import compiled

TEXTS = ["rain", "the ship on the water", "Light! In 1969, the moon...", "the light " * 15]


def original_vectors(model: Model, texts: list[str], prompt: str = "") -> Any:
    """The normalised vectors of sentence-transformers."""
    from sentence_transformers import SentenceTransformer

    original = SentenceTransformer(str(model.directory), device="cpu", local_files_only=True)
    return original.encode(texts, prompt=prompt, normalize_embeddings=True, show_progress_bar=False)


@pytest.mark.parametrize(
    ("pooling", "normalize"),
    [("mean", True), ("mean", False), ("cls", False), ("max", True), (["mean", "cls"], False)],
)
def test_vectors_are_those_of_the_model(make_model, tmp_path, pooling, *, normalize):
    """For every pooling, vectors are the model's, at unit length."""
    model = make_model(pooling={"pooling_mode": pooling}, normalize=normalize)
    vectors = compiled(model, tmp_path).embed_sentences(TEXTS)
    expected = original_vectors(model, TEXTS)
    assert vectors.shape == expected.shape
    assert (expected @ expected.T)[0, 1] < 0.99
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert (vectors * expected).sum(axis=1).min() >= 0.9999


def test_prompts_go_before_texts(make_model, tmp_path):
    """Questions and sentences each get the model's own prompt."""
    prompts = {"query": "query: ", "passage": "passage: "}
    model = make_model(prompts=prompts)
    encoder = compiled(model, tmp_path)
    questions = original_vectors(model, TEXTS, prompt="query: ")
    sentences = original_vectors(model, TEXTS, prompt="passage: ")
    asked = np.array([question.vector for question in encoder.embed_questions(TEXTS)])
    assert (asked * questions).sum(axis=1).min() >= 0.9999
    assert (encoder.embed_sentences(TEXTS) * sentences).sum(axis=1).min() >= 0.9999
    assert (questions * sentences).sum(axis=1).max() < 0.9999
    assert encoder.capacity == 64 - 2 - 2


def test_window_is_the_models(make_model, tmp_path):
    """The window is max_seq_length, not what the tokenizer or the transformer could take."""
    model = make_model(window=16)
    encoder = compiled(model, tmp_path)
    full = "the ship " * 7
    vectors = encoder.embed_sentences([full, full + "rain"])
    assert (encoder.window, encoder.capacity) == (16, 14)
    assert encoder.count_tokens([full]) == [14]
    assert vectors[0] @ vectors[1] >= 0.9999


def test_model_that_cannot_be_reproduced_is_refused(make_model, tmp_path):
    """A pooling that leaves out the prompt is more than the compiled graph knows of."""
    pooling = {"pooling_mode": "mean", "include_prompt": False}
    model = make_model(pooling=pooling, prompts={"query": "query: "})
    with pytest.raises(ModelError, match=r"its compiled encoder has cosine 0\.\d{6} with") as error:
        compile_model(model, fingerprint_model(model), cache=tmp_path)
    assert error.value.hint == "choose another model with --model"
    assert not list((tmp_path / "encoders").iterdir())


@pytest.mark.parametrize("is_damaged", [False, True])
def test_second_compilation_keeps_a_sound_entry(make_model, tmp_path, is_damaged):
    """Of two processes that compile at once, the first one's entry stays; a damaged one does not."""
    model = make_model()
    compiled(model, tmp_path)
    fingerprint = fingerprint_model(model)
    directory = entry_directory(tmp_path, fingerprint)
    first = directory.stat().st_ino
    if is_damaged:
        graph = directory / "encoder.onnx"
        graph.write_bytes(graph.read_bytes()[:-1])
        assert open_compiled(fingerprint, cache=tmp_path) is None
    compiled(model, tmp_path)
    assert (directory.stat().st_ino == first) is not is_damaged
    assert [path.name for path in directory.parent.iterdir()] == [directory.name]


@pytest.mark.parametrize("is_full", [False, True])
def test_full_disk_is_not_the_fault_of_the_model(make_model, tmp_path, monkeypatch, is_full):
    """A writer that fails has one error for all: how much room there is tells what it means."""
    original = load_original(make_model().directory, attn_implementation="eager")
    target = tmp_path / "target"
    target.mkdir()
    (target / WEIGHTS).symlink_to("/dev/full")
    monkeypatch.setattr(
        "askdocs.disk.access.has_room", lambda folder, _: folder != target or not is_full
    )
    with pytest.raises(OSError if is_full else Fail) as caught:
        export_graph(original, target)
    assert getattr(caught.value, "errno", None) == (errno.ENOSPC if is_full else None)


def test_room_counts_what_was_written_before(tmp_path):
    """A writer that failed has left no room, and a file that may be as large as what there was."""
    (tmp_path / "half").write_bytes(b"0" * 1000)
    free = shutil.disk_usage(tmp_path).free
    assert access.has_room(tmp_path, 1000)
    assert not access.has_room(tmp_path, 2 * free + 10**9)
    assert access.has_room(tmp_path / "none", 2 * free + 10**9)


def test_command_compiles_once(make_model, tmp_path, capsys):
    """The command reports where the encoder is; the second time it finds it there."""
    model = make_model()
    directory = entry_directory(tmp_path, fingerprint_model(model))
    arguments = ["--cache", str(tmp_path), str(model.directory)]
    first = main(arguments), json.loads(capsys.readouterr().out)
    written = (directory / "encoder.json").stat().st_mtime_ns
    second = main(arguments), json.loads(capsys.readouterr().out)
    report = {"fingerprint": fingerprint_model(model), "directory": str(directory)}
    assert first == second == (0, report)
    assert (directory / "encoder.json").stat().st_mtime_ns == written


def test_command_reports_an_error_in_one_line(tmp_path, capsys):
    """What is wrong comes as JSON, with the hint and the exit status."""
    status = main(["--cache", str(tmp_path), "./absent"])
    report = json.loads(capsys.readouterr().out)
    assert status == report["status"] == 5
    assert report["error"].startswith("there is no model directory")
    assert report["hint"] == "--model all-MiniLM-L6-v2"
