"""Only models that are safe to load and can be compiled are admitted."""

import json
from pathlib import Path

import pytest

from askdocs.embedding.admission import admit_model
from askdocs.errors import ModelError

ORDINARY = "sentence_transformers.models"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The files of an ordinary model, as far as admission looks at them."""
    write_modules(tmp_path, ("", f"{ORDINARY}.Transformer"), ("1_Pooling", f"{ORDINARY}.Pooling"))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text("{}")
    return tmp_path


def write_modules(directory: Path, *modules: tuple[str, str]) -> None:
    """Write a modules.json with the given paths and types."""
    entries = [{"path": path, "type": kind} for path, kind in modules]
    (directory / "modules.json").write_text(json.dumps(entries))


def test_files_that_matter_are_listed(model: Path) -> None:
    """Configuration, vocabulary and weights are what makes a model; a README is not."""
    (model / "README.md").write_text("about")
    (model / "vocab.txt").write_text("words")

    files = admit_model(model)

    names = ["1_Pooling/config.json", "config.json", "model.safetensors", "modules.json"]
    assert [path.relative_to(model).as_posix() for path in files] == [*names, "vocab.txt"]


def test_pickled_weights_are_refused(model: Path) -> None:
    """Weights that only a pickle has are never loaded."""
    (model / "model.safetensors").rename(model / "pytorch_model.bin")

    with pytest.raises(ModelError) as caught:
        admit_model(model)

    expected = "pytorch_model.bin is a pickle, and only safetensors weights are loaded"
    assert str(caught.value) == f"{model}/{expected}"


def test_pickled_weights_of_a_later_module_are_refused(model: Path) -> None:
    """A pickle is refused wherever in the model it lies."""
    (model / "2_Dense").mkdir()
    (model / "2_Dense" / "pytorch_model.bin").write_bytes(b"weights")
    write_modules(model, ("", f"{ORDINARY}.Transformer"), ("2_Dense", f"{ORDINARY}.Dense"))

    with pytest.raises(ModelError, match=r"2_Dense/pytorch_model\.bin is a pickle"):
        admit_model(model)


def test_pickle_beside_safetensors_is_no_reason(model: Path) -> None:
    """Many models carry both formats; the safe one is what gets loaded."""
    (model / "pytorch_model.bin").write_bytes(b"weights")

    files = admit_model(model)

    assert model / "pytorch_model.bin" not in files


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_of_the_models_own_is_refused(model: Path, name: str) -> None:
    """A configuration that names code to run is refused."""
    (model / name).write_text('{"auto_map": {"AutoModel": "modeling.Model"}}')

    with pytest.raises(ModelError, match=f"{name} asks for code of the model's own: auto_map"):
        admit_model(model)


@pytest.mark.parametrize(
    ("path", "kind", "reason"),
    [
        ("", "modeling.Transformer", "asks for code of the model's own: modeling.Transformer"),
        ("", "sentence_transformers_evil.Pooling", "asks for code of the model's own"),
        ("", f"{ORDINARY}.WordEmbeddings", "asks for WordEmbeddings, which is not supported"),
        ("../other", f"{ORDINARY}.Pooling", "points outside the model: ../other"),
        ("/other", f"{ORDINARY}.Pooling", "points outside the model: /other"),
    ],
)
def test_odd_module_is_refused(model: Path, path: str, kind: str, reason: str) -> None:
    """A module that is not an ordinary one inside the model is refused, with the reason."""
    write_modules(model, (path, kind))

    with pytest.raises(ModelError) as caught:
        admit_model(model)

    assert f"{model}/modules.json {reason}" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[", "is not JSON"),
        ("[]", "lists no modules"),
        ("{}", "lists no modules"),
        ("[1]", "has an entry without type and path"),
        ('[{"type": 1, "path": ""}]', "has an entry without type and path"),
    ],
)
def test_broken_listing_is_refused(model: Path, content: str, reason: str) -> None:
    """A modules.json that says nothing usable is an error that names it."""
    (model / "modules.json").write_text(content)

    with pytest.raises(ModelError, match=reason):
        admit_model(model)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("modules.json", "is not a sentence-transformers model: it has no modules.json"),
        ("config.json", "has no config.json"),
        ("model.safetensors", "has no safetensors weights"),
    ],
)
def test_incomplete_model_is_refused(model: Path, missing: str, reason: str) -> None:
    """A model that lacks a part is refused, with the part's name."""
    (model / missing).unlink()

    with pytest.raises(ModelError) as caught:
        admit_model(model)

    assert str(caught.value) == f"{model} {reason}"
