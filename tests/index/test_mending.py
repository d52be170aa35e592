"""A damaged generation is made whole file by file, and what is sound in it stays where it is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.disk import seam
from askdocs.index.codec import read_manifest
from askdocs.index.generation import head_line, open_generation
from askdocs.index.transaction import begin, mend_generation
from tests.index.conftest import FILES, contents

Commit = Callable[..., str]

DOCUMENTS = {"docs/a.txt": "The ship sank.", "docs/b.txt": "It rained."}


@pytest.fixture
def generation(index: Path, commit: Commit) -> Path:
    """The folder of a generation."""
    return index / "generations" / commit(DOCUMENTS)


@pytest.fixture
def copy(generation: Path, tmp_path: Path) -> Path:
    """A whole copy of it, made before anything happens to it."""
    return Path(shutil.copytree(generation, tmp_path / "copy"))


def mend(generation: Path, copy: Path) -> None:
    """Replace what is damaged in a generation by its copy."""
    mend_generation(generation, copy, read_manifest((copy / "manifest.json").read_bytes()))


def inodes(folder: Path) -> dict[str, int]:
    """Which file each name below a folder stands for."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_ino
        for path in folder.rglob("*")
        if path.is_file()
    }


def flip(path: Path) -> None:
    """Change a bit and leave the size."""
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Leave out the last byte."""
    path.write_bytes(path.read_bytes()[:-1])


def put_folder(path: Path) -> None:
    """Put a folder with a file in it in the place of a file."""
    path.unlink()
    path.mkdir()
    (path / "file").write_bytes(b"")


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink, put_folder])
@pytest.mark.parametrize("name", [name for name in FILES if name != "tools.json"])
def test_damaged_file_is_replaced_alone(generation, copy, name, harm):
    """The file is as it was written, and every other is the very file that was there."""
    whole, before = contents(generation), inodes(generation)
    harm(generation / name)
    mend(generation, copy)
    assert contents(generation) == whole
    assert {other for other, one in inodes(generation).items() if before[other] != one} <= {name}
    assert sorted(contents(copy)) == [other for other in FILES if other != name]


@pytest.mark.parametrize("tools", ["others", "gone"])
def test_only_a_list_of_tools_that_is_gone_is_written_again(generation, copy, tools):
    """Where nothing is damaged, nothing is moved; tools of other versions are not damage."""
    whole, before = contents(generation), inodes(generation)
    if tools == "others":
        (copy / "tools.json").write_bytes(b"{}\n")
    else:
        (generation / "tools.json").unlink()
    mend(generation, copy)
    assert contents(generation) == whole
    assert {name for name, one in inodes(generation).items() if before[name] != one} <= {
        "tools.json"
    }
    assert len(contents(copy)) == len(FILES) - (tools == "gone")


@pytest.mark.parametrize("link", [False, True])
def test_segment_that_is_not_a_folder_of_the_index_is_replaced(generation, copy, tmp_path, link):
    """A file or a link in its place goes; what a link leads to is not touched."""
    whole = contents(generation)
    elsewhere = tmp_path / "elsewhere"
    (generation / "000").rename(elsewhere)
    flip(elsewhere / "dense.faiss")
    before = contents(elsewhere)
    if link:
        (generation / "000").symlink_to(elsewhere)
    else:
        (generation / "000").write_bytes(b"a file")
    mend(generation, copy)
    assert contents(generation) == whole
    assert not (generation / "000").is_symlink()
    assert contents(elsewhere) == before


def test_manifest_is_put_in_place_last(generation, copy, monkeypatch):
    """What it promises is there before it is: whatever ends the mending, it never lies."""
    shutil.rmtree(generation)
    generation.mkdir()
    moved: list[str] = []
    real_rename = seam.rename

    def noting_rename(source: Path, target: Path) -> None:
        moved.append(target.relative_to(generation).as_posix())
        real_rename(source, target)

    monkeypatch.setattr(seam, "rename", noting_rename)
    mend(generation, copy)
    assert sorted(moved) == FILES
    assert moved[-1] == "manifest.json"


@pytest.mark.parametrize("name", FILES)
def test_publishing_the_same_again_mends(index, generation, commit, name):
    """Whichever file is gone, writing the same documents again brings back that one alone."""
    whole, before = contents(generation), inodes(generation)
    (generation / name).unlink()
    digest = commit(DOCUMENTS)
    assert digest == generation.name
    assert {other for other, one in inodes(generation).items() if before[other] != one} <= {name}
    assert contents(generation) | {"tools.json": b""} == whole | {"tools.json": b""}
    assert (index / "HEAD").read_bytes() == head_line(digest)
    assert [path.name for path in (index / "generations").iterdir()] == [digest]


def test_other_generation_can_be_named_current(index, commit, write):
    """HEAD can be written alone, to name a generation that is there."""
    digest = commit(DOCUMENTS)
    (index / "HEAD").write_bytes(b"damaged")
    with begin(index, expecting=None) as transaction:
        transaction.name_current(digest)
    assert open_generation(index).digest == digest
