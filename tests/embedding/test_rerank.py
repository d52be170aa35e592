"""A reranker returns the scores of its cross-encoder, and loads only a safe and fitting one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from askdocs.embedding.model import locate_model
from askdocs.embedding.rerank import open_reranker
from askdocs.errors import ModelError
from tests.raising import raises

QUESTION = "Who saw the light?"
TEXTS = [
    "The keeper saw the light at dawn.",
    "Bread is baked of flour, water and salt.",
    "?",
    "light " * 400,
    "Ärger — naïve 🙂",
]


def ignore(_line: str) -> None:
    """Allow loading."""


def score(directory: Path, texts: list[str] = TEXTS) -> np.ndarray:
    """The scores of a model in a directory."""
    return open_reranker(str(directory), base=Path("/"), notify=ignore).score(QUESTION, texts)


def predictions(directory: Path) -> np.ndarray:
    """What the model itself returns for the texts."""
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(directory), local_files_only=True)
    return model.predict([(QUESTION, text) for text in TEXTS], show_progress_bar=False)


@pytest.fixture
def copy(tiny_reranker: Path, tmp_path: Path) -> Path:
    """A cross-encoder to be changed."""
    return shutil.copytree(tiny_reranker, tmp_path / "copy")


def change(path: Path, **entries: object) -> None:
    """Change some entries of a configuration file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def weights_of(directory: Path) -> Path:
    """The file of its weights."""
    return directory / "model.safetensors"


def test_scores_are_those_of_the_model(tiny_reranker):
    """Scores are those of CrossEncoder.predict, also for texts beyond its window."""
    scores = score(tiny_reranker)
    assert (scores.shape, scores.dtype) == ((5,), np.float64)
    assert scores == pytest.approx(predictions(tiny_reranker), abs=1e-6)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert len(set(scores.round(3))) == 5


def test_log_odds_become_scores(copy):
    """Log-odds are mapped to [0, 1] in the same order."""
    identity = "torch.nn.modules.linear.Identity"
    change(copy / "config_sentence_transformers.json", activation_fn=identity)
    change(copy / "config.json", sentence_transformers={"activation_fn": identity})
    log_odds = predictions(copy)
    assert log_odds.min() < 0
    assert score(copy) == pytest.approx(1 / (1 + np.exp(-log_odds)), abs=1e-6)


def test_model_of_transformers_alone_is_the_same(tiny_reranker):
    """Most models on the hub have no modules.json."""
    plain = tiny_reranker.with_name("plain")
    assert not (plain / "modules.json").exists()
    assert score(plain) == pytest.approx(score(tiny_reranker), abs=1e-6)


def test_weights_in_half_precision_are_computed_in_full(copy):
    """The precision of the file does not change how exact a score is."""
    from safetensors.numpy import load_file, save_file

    original = load_file(weights_of(copy))
    halves = {name: weights.astype(np.float16) for name, weights in original.items()}
    wholes = {name: weights.astype(np.float32) for name, weights in halves.items()}
    scores = []
    for weights, dtype in ((wholes, "float32"), (halves, "float16")):
        save_file(weights, weights_of(copy), metadata={"format": "pt"})
        change(copy / "config.json", dtype=dtype)
        scores.append(score(copy).tolist())
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_score_does_not_depend_on_the_other_texts(tiny_reranker):
    """Alone, a text has the score that it has beside longer ones."""
    reranker = open_reranker(str(tiny_reranker), base=Path("/"), notify=ignore)
    alone = [reranker.score(QUESTION, [text])[0] for text in TEXTS]
    assert reranker.score(QUESTION, TEXTS) == pytest.approx(alone, abs=1e-5)


def test_model_is_loaded_once_by_the_first_text(tiny_reranker):
    """Neither finding a model nor a question without passages loads it."""
    said: list[str] = []
    reranker = open_reranker(tiny_reranker.name, base=tiny_reranker.parent, notify=said.append)
    assert (reranker.score(QUESTION, []).shape, said) == ((0,), [])
    reranker.score(QUESTION, TEXTS[:1])
    reranker.score(QUESTION, TEXTS[:1])
    assert said == ["loading the model model, which takes some seconds"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./absent", "there is no model directory /nowhere/absent"),
        ("/absent/model", "there is no model directory /absent/model"),
        ("no/such-model", "the model no/such-model is not on this machine"),
        ("such-model", "the model cross-encoder/such-model is not on this machine"),
        ("all-MiniLM-L6-v2", "the model cross-encoder/all-MiniLM-L6-v2 is not on this machine"),
        ("no name!", "'cross-encoder/no name!' is neither a model directory nor a name on the hub"),
    ],
)
def test_missing_model_is_named(name, message):
    """A model is looked for in the folder, then among fetched models, and never fetched."""
    with raises(ModelError, message, "--rerank DIRECTORY, or --online --rerank NAME to fetch it"):
        open_reranker(name, base=Path("/nowhere"), notify=pytest.fail)


def refusal(directory: Path, notify: Callable[[str], None] = pytest.fail) -> str:
    """The message with which a model is refused, before it is loaded unless `notify` allows it."""
    with pytest.raises(ModelError) as caught:
        open_reranker(str(directory), base=Path("/"), notify=notify).score(QUESTION, TEXTS)
    assert caught.value.hint == "choose another model with --rerank"
    return str(caught.value)


def test_model_for_embedding_is_refused(tmp_path):
    """Transformers would add a part of random weights to score pairs."""
    directory = locate_model("all-MiniLM-L6-v2", base=tmp_path).directory
    reason = "is not a cross-encoder: its architecture is BertModel"
    assert refusal(directory) == f"{directory}/config.json {reason}"


@pytest.mark.parametrize(
    "content",
    [lambda weights, length=length: weights[:length] for length in (0, 7, 130, 5000)]
    + [lambda _: b"version https://git-lfs.github.com/spec/v1\n", lambda _: b"\2" * 40],
)
def test_weights_that_are_not_whole_are_refused(copy, content):
    """A broken download, a clone without Git LFS and another format are refused unloaded."""
    weights = weights_of(copy)
    weights.write_bytes(content(weights.read_bytes()))
    assert refusal(copy) == f"{weights} is not a whole safetensors file"


def test_model_without_a_tokenizer_is_refused(copy):
    """Transformers would make an empty one, for which all texts are equal."""
    (copy / "tokenizer.json").unlink()
    assert refusal(copy) == f"{copy} has no tokenizer"


def test_model_that_does_not_load_is_refused(copy):
    """The reason is transformers' message, on one line."""
    change(copy / "config.json", model_type="nonsense")
    message = refusal(copy, ignore)
    assert message.startswith(f"the model {copy} cannot be loaded: The checkpoint ")
    assert "\n" not in message


def test_score_of_nan_is_refused(copy):
    """A model with broken weights ranks nothing."""
    from safetensors.numpy import load_file, save_file

    weights = load_file(weights_of(copy))
    weights["classifier.bias"] = np.array([np.nan], np.float32)
    save_file(weights, weights_of(copy), metadata={"format": "pt"})
    assert refusal(copy, ignore) == f"the model {copy} returns a score that is not a number"


def test_model_of_several_labels_is_refused(make_reranker):
    """Three labels (contradiction, entailment, neutral) are not a score."""
    directory = make_reranker(labels=3)
    assert refusal(directory, ignore) == f"the model {directory} returns 3 labels, not one score"


def test_pickled_weights_are_refused(copy):
    """A reranker is admitted like an encoder: no pickles."""
    weights_of(copy).rename(copy / "pytorch_model.bin")
    assert "is a pickle" in refusal(copy)
