"""Forty ways to put together an index that askdocs never wrote (row B3)."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from askdocs.cli.process import main
from askdocs.index.generation import head_line
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest

Tally = Callable[[str, str, int], None]
Json = dict[str, Any]
Break = Callable[[Path], None]

DATA = ("dense.faiss", "documents.jsonl", "lexical.npys", "passages.jsonl", "tables.npys")
FOREIGN = "Nothing outside the index is read or written."


@pytest.fixture(scope="module")
def made(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents, their index, that of an older state, and a file outside of both."""
    base = tmp_path_factory.mktemp("made")
    (base / "docs").mkdir()
    (base / "outside").mkdir()
    (base / "outside" / "secret.txt").write_text(FOREIGN)
    for name, text in (("older", "It rained."), ("vectors", "The harbour froze in March.")):
        (base / "docs" / "a.txt").write_text(f"{text}\n")
        request = IndexRequest(index=base / name, paths=(base / "docs",), model=str(tiny_model))
        build(request, cache=tiny_model.with_name("compiled"), notify=lambda _line: None)
    return base


def folder_of(index: Path) -> Path:
    """The folder of the one generation of an index."""
    [found] = (index / "generations").iterdir()
    return found


def sign(index: Path, content: bytes) -> None:
    """Give an index a manifest, and HEAD and the folder its name."""
    folder = folder_of(index)
    digest = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_bytes(content)
    (index / "HEAD").write_bytes(head_line(digest))
    folder.rename(folder.with_name(digest))


def resigned(change: Callable[[Json], None]) -> Break:
    """Return a function that changes a manifest and signs it again."""

    def broken(index: Path) -> None:
        manifest = json.loads((folder_of(index) / "manifest.json").read_bytes())
        change(manifest)
        sign(index, json.dumps(manifest, sort_keys=True, indent=1).encode())

    return broken


def replaced(old: bytes, new: bytes) -> Break:
    """Return a function that puts other bytes into a manifest and signs it again."""

    def broken(index: Path) -> None:
        content = (folder_of(index) / "manifest.json").read_bytes()
        assert old in content
        sign(index, content.replace(old, new, 1))

    return broken


def resigned_file(name: str, content: bytes) -> Break:
    """What writes a data file of its own, as the manifest then says."""

    def broken(index: Path) -> None:
        path = folder_of(index) / name
        path.write_bytes(content)
        record = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        resigned(lambda manifest: manifest["files"].update({name: record}))(index)

    return broken


def swapped(one: str, other: str) -> Break:
    """What gives two files each other's names."""

    def broken(index: Path) -> None:
        first, second = (folder_of(index) / "000" / name for name in (one, other))
        first.rename(first.with_name("aside"))
        second.rename(first)
        first.with_name("aside").rename(second)

    return broken


def renamed_in_manifest(name: str) -> Break:
    """What has the manifest call a file by a name that leads elsewhere."""

    def change(manifest: Json) -> None:
        manifest["files"][name] = manifest["files"].pop("000/tables.npys")

    return resigned(change)


def at(name: str, do: Callable[[Path], object]) -> Break:
    """What does something to a file of the generation."""

    def broken(index: Path) -> None:
        do(folder_of(index) / name)

    return broken


def link_elsewhere(path: Path) -> None:
    """Put a link to what is outside in the place of a file or folder."""
    outside = next(up for up in path.parents if (up / "outside").is_dir()) / "outside"
    if path.is_dir():
        shutil.rmtree(path)
        path.symlink_to(outside, target_is_directory=True)
    else:
        path.unlink()
        path.symlink_to(outside / "secret.txt")


def fifo(path: Path) -> None:
    """Put what never ends in the place of a file."""
    path.unlink()
    os.mkfifo(path)


def older_manifest(index: Path) -> None:
    """Put the manifest of another state under the present name."""
    shutil.copy(folder_of(index.with_name("older")) / "manifest.json", folder_of(index))


def head_of_the_older(index: Path) -> None:
    """Let HEAD name a generation that is not there."""
    shutil.copy(index.with_name("older") / "HEAD", index / "HEAD")


def files_of_the_older(index: Path) -> None:
    """Put the data of another state beside the present manifest."""
    shutil.rmtree(folder_of(index) / "000")
    shutil.copytree(folder_of(index.with_name("older")) / "000", folder_of(index) / "000")


DEEP = b"[" * 100_000 + b"]" * 100_000
BREAKS: dict[str, Break] = {
    **{f"missing {name}": at(f"000/{name}", Path.unlink) for name in DATA},
    **{f"link for {name}": at(f"000/{name}", link_elsewhere) for name in DATA},
    "swapped texts": swapped("documents.jsonl", "passages.jsonl"),
    "swapped arrays": swapped("lexical.npys", "tables.npys"),
    "swapped kinds": swapped("dense.faiss", "tables.npys"),
    "files of another state": files_of_the_older,
    "old manifest under new HEAD": older_manifest,
    "HEAD of another state": head_of_the_older,
    "missing manifest": at("manifest.json", Path.unlink),
    "link for the manifest": at("manifest.json", link_elsewhere),
    "FIFO for the manifest": at("manifest.json", fifo),
    "FIFO for a file": at("000/tables.npys", fifo),
    "missing segment": at("000", shutil.rmtree),
    "link for the segment": at("000", link_elsewhere),
    "name that goes up": renamed_in_manifest("../../../outside/secret.txt"),
    "name that is absolute": renamed_in_manifest("/etc/passwd"),
    "name with a NUL": renamed_in_manifest("000/a\0b"),
    "root that goes down and up": resigned(
        lambda manifest: manifest["corpus"].update(roots=["docs/../outside"])
    ),
    "root that is absolute": resigned(lambda manifest: manifest["corpus"].update(roots=["/etc"])),
    "ignore file elsewhere": resigned(
        lambda manifest: manifest["corpus"].update(ignore_files=["../outside/secret.txt"])
    ),
    "key that stands twice": replaced(b'"counts"', b'"counts": {}, "counts"'),
    "number without end": replaced(b'"dimension": 16', b'"dimension": 1' + b"0" * 5000),
    "number that is too large": replaced(b'"dimension": 16', b'"dimension": 99999999999999999999'),
    "number that is invalid": replaced(b'"dimension": 16', b'"dimension": NaN'),
    "negative number": replaced(b'"bytes": ', b'"bytes": -'),
    "nesting": replaced(b'"counts"', b'"deep": ' + DEEP + b', "counts"'),
    "manifest that is a list": lambda index: sign(index, b"[]"),
    "manifest without files": resigned(lambda manifest: manifest.update(files={})),
    "segment of another name": resigned(
        lambda manifest: manifest["files"].update({"111/x": manifest["files"]["000/dense.faiss"]})
    ),
    "passages that are not lines": resigned_file("000/passages.jsonl", b"{}\n"),
    "nested passages": resigned_file("000/passages.jsonl", DEEP),
    "documents of nothing": resigned_file("000/documents.jsonl", b""),
    "arrays of nothing": resigned_file("000/tables.npys", b""),
    "postings of another size": resigned_file("000/lexical.npys", b"\x93NUMPY\x01\x00"),
    "vectors of another format": resigned_file("000/dense.faiss", b"IxF2" + bytes(60)),
}


def test_there_are_forty(tally):
    """As many as the row asks for."""
    assert len(BREAKS) >= 40
    tally("B3", "foreign indexes", len(BREAKS))


@pytest.fixture(autouse=True)
def _own_cache(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is compiled, and nothing is written into the user's cache."""
    monkeypatch.setenv("ASKDOCS_CACHE", str(tiny_model.with_name("compiled")))


@pytest.mark.parametrize("name", BREAKS)
def test_foreign_index_is_refused(made, tmp_path, capsys, monkeypatch, name):
    """Exit 4 with one line and a hint, whatever is asked, and nothing outside was touched."""
    base = tmp_path / "base"
    shutil.copytree(made, base)
    monkeypatch.chdir(base)
    BREAKS[name](base / "vectors")

    status = main(["ask", "--min-score", "0", "harbour"])

    out, err = capsys.readouterr()
    assert (status, out) == (4, "")
    lines = err.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["askdocs:", "hint:"]
    assert FOREIGN not in err
    assert sorted(path.name for path in base.rglob("*.txt")) == ["a.txt", "secret.txt"]
    assert (base / "outside" / "secret.txt").read_text() == FOREIGN
