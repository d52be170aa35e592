"""A reranker gives the scores of its cross-encoder, and only a safe and fitting one is loaded."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from askdocs.embedding.model import locate_model
from askdocs.embedding.rerank import open_reranker
from askdocs.errors import ModelError

QUESTION = "Who saw the light?"
TEXTS = [
    "The keeper saw the light at dawn.",
    "Bread is baked of flour, water and salt.",
    "?",
    "light " * 400,
    "Ärger — naïve 🙂",
]


def no_notice(line: str) -> None:
    """For what loads nothing."""
    raise AssertionError(line)


def ignore(_line: str) -> None:
    """For what may load."""


def predictions(directory: Path) -> np.ndarray:
    """What the model itself says of the texts."""
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


def test_scores_are_those_of_the_model(tiny_reranker: Path) -> None:
    """They are what CrossEncoder.predict gives, for texts beyond its window as well."""
    reranker = open_reranker(str(tiny_reranker), base=Path("/"), notify=ignore)

    scores = reranker.score(QUESTION, TEXTS)

    assert (scores.shape, scores.dtype) == ((5,), np.float64)
    assert scores == pytest.approx(predictions(tiny_reranker), abs=1e-6)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert len(set(scores.round(3))) == 5


def test_log_odds_become_scores(copy: Path) -> None:
    """A model that gives any number is mapped to [0, 1] in the order of these numbers."""
    identity = "torch.nn.modules.linear.Identity"
    change(copy / "config_sentence_transformers.json", activation_fn=identity)
    change(copy / "config.json", sentence_transformers={"activation_fn": identity})
    log_odds = predictions(copy)
    assert log_odds.min() < 0

    scores = open_reranker(str(copy), base=Path("/"), notify=ignore).score(QUESTION, TEXTS)

    assert scores == pytest.approx(1 / (1 + np.exp(-log_odds)), abs=1e-6)


def test_model_of_transformers_alone_is_the_same(tiny_reranker: Path) -> None:
    """Most models on the hub have no modules.json."""
    plain = tiny_reranker.with_name("plain")
    assert not (plain / "modules.json").exists()

    found = [
        open_reranker(str(one), base=Path("/"), notify=ignore).score(QUESTION, TEXTS)
        for one in (plain, tiny_reranker)
    ]

    assert found[0] == pytest.approx(found[1], abs=1e-6)


def test_weights_in_half_precision_are_computed_in_full(copy: Path) -> None:
    """The precision of the file decides what it costs on disk, not how exact a score is."""
    from safetensors.numpy import load_file, save_file

    halves = {name: one.astype(np.float16) for name, one in load_file(weights_of(copy)).items()}
    wholes = {name: one.astype(np.float32) for name, one in halves.items()}
    found = []
    for weights, dtype in ((wholes, "float32"), (halves, "float16")):
        save_file(weights, weights_of(copy), metadata={"format": "pt"})
        change(copy / "config.json", dtype=dtype)
        reranker = open_reranker(str(copy), base=Path("/"), notify=ignore)
        found.append(reranker.score(QUESTION, TEXTS).tolist())

    assert found[0] == pytest.approx(found[1], abs=1e-6)


def test_score_does_not_depend_on_the_other_texts(tiny_reranker: Path) -> None:
    """Alone, a text scores what it scores beside longer ones."""
    reranker = open_reranker(str(tiny_reranker), base=Path("/"), notify=ignore)

    alone = [reranker.score(QUESTION, [text])[0] for text in TEXTS]

    assert reranker.score(QUESTION, TEXTS) == pytest.approx(alone, abs=1e-5)


def test_model_is_loaded_once_and_by_the_first_text(tiny_reranker: Path) -> None:
    """Finding it loads nothing, and so does a question without passages."""
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
def test_missing_model_is_named(name: str, message: str) -> None:
    """It is looked for in the folder, then among those that were fetched, and never fetched."""
    with pytest.raises(ModelError) as caught:
        open_reranker(name, base=Path("/nowhere"), notify=no_notice)

    assert str(caught.value) == message
    assert caught.value.hint == "--rerank DIRECTORY, or --online --rerank NAME to fetch it"


def assert_refused(directory: Path, message: str, notify: Callable[[str], None]) -> None:
    """The model is refused with this message and a hint, before or when it is loaded."""
    with pytest.raises(ModelError) as caught:
        open_reranker(str(directory), base=Path("/"), notify=notify).score(QUESTION, TEXTS)

    assert str(caught.value) == message
    assert caught.value.hint == "choose another model with --rerank"


def test_model_of_several_labels_is_refused(make_reranker: Callable[..., Path]) -> None:
    """Three labels (contradiction, entailment, neutral) are no score to order by."""
    directory = make_reranker(labels=3)

    assert_refused(directory, f"the model {directory} gives 3 labels, not one score", ignore)


def test_pickled_weights_are_refused(copy: Path) -> None:
    """Weights that only a pickle has are never loaded."""
    (weights_of(copy)).rename(copy / "pytorch_model.bin")

    reason = "is a pickle, and only safetensors weights are loaded"
    assert_refused(copy, f"{copy}/pytorch_model.bin {reason}", no_notice)


def test_model_for_embedding_is_refused(tmp_path: Path) -> None:
    """It has no trained part that scores pairs; transformers would make one of random weights."""
    directory = locate_model("all-MiniLM-L6-v2", base=tmp_path).directory

    reason = "is not a cross-encoder: its architecture is BertModel"
    assert_refused(directory, f"{directory}/config.json {reason}", no_notice)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_of_the_models_own_is_refused(copy: Path, name: str) -> None:
    """A configuration that names code to run is refused."""
    change(copy / name, auto_map={"AutoModel": "modeling.Model"})

    reason = "asks for code of the model's own: auto_map"
    assert_refused(copy, f"{copy}/{name} {reason}", no_notice)


@pytest.mark.parametrize("length", [0, 7, 130, 5000])
def test_weights_that_are_cut_off_are_refused(copy: Path, length: int) -> None:
    """What a broken download or a clone without Git LFS leaves is named before it is loaded."""
    weights = weights_of(copy)
    weights.write_bytes(weights.read_bytes()[:length])

    assert_refused(copy, f"{weights} is not a whole safetensors file", no_notice)


@pytest.mark.parametrize("content", [b"version https://git-lfs.github.com/spec/v1\n", b"\2" * 40])
def test_weights_of_another_format_are_refused(copy: Path, content: bytes) -> None:
    """The name of a file does not make it safetensors."""
    weights = weights_of(copy)
    weights.write_bytes(content)

    assert_refused(copy, f"{weights} is not a whole safetensors file", no_notice)


def test_model_without_a_tokenizer_is_refused(copy: Path) -> None:
    """Transformers would make an empty one, for which all texts are alike."""
    (copy / "tokenizer.json").unlink()

    assert_refused(copy, f"{copy} has no tokenizer", no_notice)


@pytest.mark.parametrize(
    ("listing", "reason"),
    [
        ("[", "is not JSON: Expecting value: line 1 column 2 (char 1)"),
        ("{}", "lists no modules"),
        ("[1]", "has an entry without type and path"),
        ('[{"type": "evil.Transformer", "path": ""}]',
         "asks for code of the model's own: evil.Transformer"),
        ('[{"type": "sentence_transformers.base.modules.Router", "path": ""}]',
         "asks for Router, which is not supported"),
        ('[{"type": "sentence_transformers.models.Dense", "path": "../other"}]',
         "points outside the model: ../other"),
        ('[{"type": "sentence_transformers.models.Dense", "path": "/other"}]',
         "points outside the model: /other"),
    ],
)  # fmt: skip
def test_odd_listing_is_refused(copy: Path, listing: str, reason: str) -> None:
    """Modules are ordinary ones inside the model."""
    (copy / "modules.json").write_text(listing)

    assert_refused(copy, f"{copy}/modules.json {reason}", no_notice)


def test_model_that_does_not_load_is_refused(copy: Path) -> None:
    """What transformers says of it is the reason, on one line."""
    change(copy / "config.json", model_type="nonsense")

    with pytest.raises(ModelError) as caught:
        open_reranker(str(copy), base=Path("/"), notify=ignore).score(QUESTION, TEXTS)

    assert str(caught.value).startswith(f"the model {copy} cannot be loaded: The checkpoint ")
    assert "\n" not in str(caught.value)
    assert caught.value.hint == "choose another model with --rerank"


def test_score_that_is_no_number_is_refused(copy: Path) -> None:
    """A model with broken weights orders nothing."""
    from safetensors.numpy import load_file, save_file

    weights = load_file(weights_of(copy))
    weights["classifier.bias"] = np.array([np.nan], np.float32)
    save_file(weights, weights_of(copy), metadata={"format": "pt"})

    assert_refused(copy, f"the model {copy} gives a score that is not a number", ignore)
