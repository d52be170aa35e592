"""The environment and the current folder decide where things are."""

import os
import tempfile
from pathlib import Path

import pytest

from askdocs.errors import NoIndexError
from askdocs.places import (
    cache_directory,
    default_paths,
    existing_index,
    find_index,
    index_to_repair,
    index_to_write,
    is_index,
)
from tests.raising import raises


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ASKDOCS_CACHE": "/own", "XDG_CACHE_HOME": "/shared"}, "/own"),
        ({"XDG_CACHE_HOME": "/shared", "HOME": "/home/me"}, "/shared/askdocs"),
        ({"ASKDOCS_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/home/me"}, "/home/me/.cache/askdocs"),
        ({"HOME": "/home/me"}, "/home/me/.cache/askdocs"),
    ],
)  # fmt: skip
def test_cache_is_the_users(monkeypatch, environment, expected):
    """$ASKDOCS_CACHE comes first, then $XDG_CACHE_HOME, then home."""
    for name in ("ASKDOCS_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert cache_directory() == Path(expected)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A folder with an index, another index two folders below, and an empty vectors/ between."""
    for name in ("vectors", "one/two/vectors"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "HEAD").touch()
    (tmp_path / "one" / "vectors").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("start", "expected"),
    [("", ""), ("one", ""), ("one/two", "one/two"), ("one/two/vectors", "one/two")],
)
def test_nearest_index_is_found(folders, start, expected):
    """The search goes upwards, past a vectors/ without HEAD."""
    assert find_index(folders / start) == folders / expected / "vectors"


def test_named_index_comes_first(folders):
    """A name is taken as it is; without one, ./vectors is named as a user would type it."""
    for named, expected in ((Path("other"), "other"), (None, "vectors")):
        assert (existing_index(named), index_to_write(named)) == (Path(expected), Path(expected))


@pytest.mark.parametrize(
    ("is_lost", "hint"), [(False, "askdocs index PATH"), (True, "askdocs repair")]
)
def test_index_to_write_needs_no_index_and_one_to_read_does(tmp_path, monkeypatch, is_lost, hint):
    """It is made in ./vectors; the hint is to repair what is left of a lost one."""
    monkeypatch.chdir(tmp_path)
    if is_lost:
        (tmp_path / "vectors" / "generations" / ("0" * 64)).mkdir(parents=True)

    assert find_index(tmp_path) is None
    assert index_to_write(None) == Path("vectors")
    with raises(NoIndexError, f"there is no index in {tmp_path} or above it", hint):
        existing_index(None)


def test_index_without_head_is_the_one_to_repair(tmp_path, monkeypatch):
    """The nearest index is repaired, even below a whole one; without any, ./vectors."""
    (tmp_path / "vectors").mkdir()
    (tmp_path / "vectors" / "HEAD").touch()
    (tmp_path / "a" / "vectors" / "generations" / ("0" * 64)).mkdir(parents=True)
    (tmp_path / "a" / "b").mkdir()
    monkeypatch.chdir(tmp_path / "a" / "b")

    assert index_to_repair(None) == tmp_path / "a" / "vectors"
    assert index_to_repair(Path("named")) == Path("named")
    monkeypatch.chdir(tmp_path / "a")
    assert index_to_repair(None) == Path("vectors")
    monkeypatch.chdir("/")
    assert index_to_repair(None) == Path("vectors")


def test_seeds_are_indexed_only_where_there_is_no_index(folders):
    """Only a folder called seeds is a default corpus, and never joins a recorded one."""
    (folders / "seeds").touch()
    assert default_paths(Path("absent")) == ()
    (folders / "seeds").unlink()
    (folders / "seeds").mkdir()

    assert default_paths(Path("absent")) == (Path("seeds"),)
    assert default_paths(Path("vectors")) == ()


@pytest.fixture
def closed_folder():
    """A folder with an index, above another that nobody may enter."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for index in (folder / "vectors", folder / "inner" / "vectors"):
            index.mkdir(parents=True)
            (index / "HEAD").touch()
        (folder / "inner" / "vectors").chmod(0)
        user = os.geteuid()
        if user == 0:
            # The superuser may look into anything.
            os.seteuid(65534)
        yield folder
        os.seteuid(user)
        (folder / "inner" / "vectors").chmod(0o755)


def test_folder_that_may_not_be_looked_into_is_not_passed_over(closed_folder):
    """An index above does not replace one that cannot be read; nothing in it is an index."""
    assert find_index(closed_folder / "inner") == closed_folder / "inner" / "vectors"
    assert find_index(closed_folder / "inner" / "vectors" / "deeper") is not None
    assert not is_index(closed_folder / "inner" / "vectors" / "deeper" / "vectors")
