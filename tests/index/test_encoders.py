"""An index carries encoders whole or not at all, and nothing else is taken for one."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from askdocs.errors import RefusedError
from askdocs.index.encoders import carried_encoders, carry_encoder, drop_encoders, sweep_encoders
from askdocs.index.transaction import begin
from tests.index.conftest import contents
from tests.raising import raises, refusing


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """An entry of a cache: two files of 3 and 5 bytes."""
    entry = tmp_path / "cache" / "abc"
    entry.mkdir(parents=True)
    (entry / "encoder.onnx").write_bytes(b"one")
    (entry / "weights.bin").write_bytes(b"three")
    return entry


CARRIED = {"encoders/abc/encoder.onnx": b"one", "encoders/abc/weights.bin": b"three"}


def test_carried_encoder_is_a_copy(index, encoder):
    """It has every file of the cache's entry under the same names, and the entry stays."""
    carry_encoder(index, encoder)
    assert contents(index) == CARRIED
    assert contents(encoder) == {"encoder.onnx": b"one", "weights.bin": b"three"}
    assert carried_encoders(index) == {"abc": 8}


def test_carried_encoder_replaces_the_old_one(index, encoder):
    """Nothing is left of an entry of the same name or of a half copied one; others stay."""
    for name in ("abc/old", "new-abc/weights.bin", "other"):
        (index / "encoders" / name).mkdir(parents=True)
    carry_encoder(index, encoder)
    assert contents(index) == CARRIED
    assert carried_encoders(index) == {"abc": 8, "other": 0}


def test_copy_that_fails_leaves_what_was_there(index, encoder, monkeypatch):
    """A disk that refuses is named, and the encoder that the index carried is whole."""
    carry_encoder(index, encoder)
    (encoder / "weights.bin").write_bytes(b"other")
    monkeypatch.setattr(os, "fsync", refusing(errno.ENOSPC))
    with pytest.raises(RefusedError, match="no space left on device"):
        carry_encoder(index, encoder)
    assert contents(index) == CARRIED
    assert os.listdir(index / "encoders") == ["abc"]


@pytest.mark.parametrize(("keep", "left"), [("", {}), ("abc", {"abc": 3}), ("other", {"other": 3})])
def test_all_but_one_are_dropped(index, keep, left):
    """Leftovers go as well; with the last one goes the folder."""
    for name in ("abc", "new-1", "other"):
        (index / "encoders" / name).mkdir(parents=True)
        (index / "encoders" / name / "file").write_bytes(b"abc")
    drop_encoders(index, keep=keep)
    assert carried_encoders(index) == left
    assert (index / "encoders").exists() == bool(left)


def test_nothing_is_dropped_where_nothing_is_carried(index):
    """An index without encoders, or one that is not there, stays as it is."""
    drop_encoders(index)
    index.mkdir(parents=True)
    drop_encoders(index)
    assert list(index.iterdir()) == []


def test_folder_with_something_else_in_it_stays(index, tmp_path):
    """What is not a folder of its own is not an encoder: it is not counted and not removed."""
    (index / "encoders" / "abc").mkdir(parents=True)
    (index / "encoders" / "notes.txt").write_bytes(b"mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"mine too")
    (index / "encoders" / "link").symlink_to(tmp_path / "elsewhere")
    counted = carried_encoders(index)
    drop_encoders(index)
    assert counted == {"abc": 0}
    names = sorted(path.name for path in (index / "encoders").iterdir())
    assert names == ["link", "notes.txt"]
    assert contents(tmp_path / "elsewhere") == {"file": b"mine too"}


def test_only_files_of_an_entry_count(index):
    """The size is that of the files directly in it, whatever a folder among them holds."""
    entry = index / "encoders" / "abc"
    (entry / "sub").mkdir(parents=True)
    (entry / "sub" / "file").write_bytes(b"not counted")
    (entry / "a").write_bytes(b"12")
    (entry / "b").write_bytes(b"345")
    assert carried_encoders(index) == {"abc": 5}


@pytest.mark.parametrize("content", [{}, {"abc": b"mine"}])
def test_link_to_another_folder_is_left_alone(index, encoder, tmp_path, content):
    """Where `encoders` leads elsewhere, nothing there is counted, removed or written."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name, value in content.items():
        (elsewhere / name).mkdir()
        (elsewhere / name / "file").write_bytes(value)
    before = contents(elsewhere)
    index.mkdir(parents=True)
    (index / "encoders").symlink_to(elsewhere)
    assert carried_encoders(index) == {}
    sweep_encoders(index)
    drop_encoders(index)
    carry_encoder(index, encoder)
    assert contents(elsewhere) == before
    assert contents(index) == CARRIED


@pytest.mark.parametrize("names", [[], ["new-abc"], ["abc", "new-abc", "new-1"]])
def test_leftovers_are_swept_up(index, commit, names):
    """What a dead run left half copied goes with the next writer; a whole encoder stays."""
    digest = commit({"docs/a.txt": "The ship sank."})
    for name in ("", *names):
        (index / "encoders" / name).mkdir()
    with begin(index, expecting=digest):
        assert carried_encoders(index) == {name: 0 for name in names if name == "abc"}
        assert (index / "encoders").exists() == ("abc" in names)


@pytest.mark.parametrize("closed", ["encoders", "encoders/abc"])
def test_folder_that_cannot_be_listed_is_a_refusal(index, monkeypatch, closed):
    """Encoders that the system does not show are named with the reason."""
    folder = index / "encoders"
    (folder / "abc").mkdir(parents=True)
    real_iterdir = Path.iterdir

    def refuse(path: Path) -> Iterator[Path]:
        if path == index / closed:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real_iterdir(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    with raises(RefusedError, f"{folder}: {os.strerror(errno.EIO).lower()}"):
        carried_encoders(index)
