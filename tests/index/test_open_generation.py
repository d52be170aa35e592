"""A reader opens what HEAD names, verified, or says what is wrong with it."""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from io import BufferedReader
from pathlib import Path

import numpy as np
import pytest

from askdocs.disk import access
from askdocs.disk.access import digest as digest_of
from askdocs.disk.access import record_of
from askdocs.errors import (
    DamagedIndexError,
    RefusedError,
    UnusableIndexError,
)
from askdocs.index import generation
from askdocs.index.generation import (
    head_line,
    open_generation,
    read_head,
    sound_generations,
)
from askdocs.places import generation_folders
from tests.raising import raises

DOCUMENTS = {"docs/a.txt": "The ship sank.", "docs/b.txt": "It rained."}

USES = {
    "context.npys": lambda reader: reader.lexical(["ship"], 1),
    "dense.faiss": lambda reader: reader.vectors(np.array([0])),
    "documents.jsonl": lambda reader: reader.documents(),
    "lexical.npys": lambda reader: reader.term_statistics(["ship"]),
    "passages.jsonl": lambda reader: reader.passages([0]),
    "tables.npys": lambda reader: reader.passages_of_sentences(np.array([0])),
    "tokens.npys": lambda reader: reader.token_codes(np.array([0])),
}
# Which uses need a file besides their own: the tables say where everything is, and a passage comes
# with its document.
NEED = {
    "tables.npys": set(USES),
    "documents.jsonl": {"passages.jsonl"},
    "context.npys": {"lexical.npys"},
    "lexical.npys": {"context.npys"},
}


def write_manifest_as(index: Path, content: bytes) -> None:
    """Put a manifest of any content in place, and let HEAD name it."""
    digest = digest_of(content)
    (index / "generations" / digest).mkdir(parents=True)
    (index / "generations" / digest / "manifest.json").write_bytes(content)
    (index / "HEAD").write_bytes(head_line(digest))


def test_committed_generation_is_opened(index, commit):
    """What is opened is what was published, with its data."""
    digest = commit(DOCUMENTS)
    opened = open_generation(index)
    assert (opened.index, opened.digest) == (index, digest)
    assert opened.directory == index / "generations" / digest
    assert opened.base == index.parent.resolve()
    assert {path: record.bytes for path, record in opened.documents.items()} == {
        path: len(text) for path, text in DOCUMENTS.items()
    }
    reader = opened.reader()
    assert [stored.passage.text for stored in reader.passages([0, 1])] == list(DOCUMENTS.values())
    assert reader.dense(np.eye(4, dtype=np.float32)[1:2], 1)[0].tolist() == [[1]]
    reader.close()
    opened.verify()


def test_base_is_the_real_parent(index, commit, tmp_path):
    """Paths are relative to where the index really is, whatever link leads to it."""
    commit(DOCUMENTS)
    (tmp_path / "link").symlink_to(index)
    assert open_generation(tmp_path / "link").base == index.parent.resolve()


@pytest.mark.parametrize("fault", ["is missing", "is a link", "is not what HEAD says"])
def test_manifest_that_is_not_the_current_one_is_damage(index, commit, fault):
    """A generation is known by its content, which no link and no older manifest has."""
    old = index / "generations" / commit(DOCUMENTS) / "manifest.json"
    content = old.read_bytes()
    manifest = index / "generations" / commit({"docs/a.txt": "The ship sank."}) / "manifest.json"
    manifest.rename(index / "manifest.json")
    if fault == "is a link":
        manifest.symlink_to(index / "manifest.json")
    elif fault == "is not what HEAD says":
        manifest.write_bytes(content)
    with raises(DamagedIndexError, f"{manifest} {fault}", "askdocs repair PATH"):
        open_generation(index)


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"{}", DamagedIndexError), (b'{"format_version": 999}', UnusableIndexError)],
)
def test_manifest_that_another_program_wrote_is_refused(index, content, error):
    """A digest that is right does not make a manifest of anything."""
    write_manifest_as(index, content)
    with pytest.raises(error):
        open_generation(index)


@pytest.mark.parametrize("step", ["read_head", "read_manifest"])
def test_reader_follows_a_writer(index, commit, monkeypatch, step):
    """A generation that is replaced after HEAD or its manifest was read is not damage."""
    commit(DOCUMENTS)
    real, calls = getattr(generation, step), []

    def slowly(argument: object) -> object:
        result = real(argument)
        calls.append(argument)
        if len(calls) == 1:
            commit({"docs/a.txt": "The ship sank."})
        return result

    monkeypatch.setattr(generation, step, slowly)
    opened = open_generation(index, with_documents=True)
    (opened.directory / "corpus.jsonl").unlink()
    assert len(calls) > 1
    assert opened.digest == read_head(index)
    assert list(opened.documents) == ["docs/a.txt"]


def test_records_are_read_by_their_first_use_and_once(index, commit):
    """What opens an index does not pay for them, and they stay when their file is gone."""
    path = index / "generations" / commit(DOCUMENTS) / "corpus.jsonl"
    content = path.read_bytes()
    path.unlink()
    opened = open_generation(index)
    with raises(DamagedIndexError, f"{path} is missing"):
        list(opened.documents)
    path.write_bytes(content)
    first = opened.documents
    path.unlink()
    assert opened.documents is first
    assert list(first) == list(DOCUMENTS)


def test_records_that_another_program_wrote_name_their_line(index, commit):
    """A digest that is right does not make records of anything: the file and its line are named."""
    commit(DOCUMENTS)
    opened = open_generation(index)
    path = opened.directory / "corpus.jsonl"
    path.write_bytes(path.read_bytes() + b"{}\n")
    files = {**opened.manifest.files, "corpus.jsonl": record_of(path)}
    with raises(
        DamagedIndexError,
        f"{path} cannot be read: line 3: the line is not an array",
        "askdocs repair",
    ):
        list(replace(opened, manifest=replace(opened.manifest, files=files)).documents)


def test_reader_does_not_follow_for_ever(index, commit, monkeypatch):
    """A HEAD that moves and still names nothing that is there is damage."""
    commit(DOCUMENTS)
    heads = iter([f"{number:064}" for number in range(3)])
    monkeypatch.setattr(generation, "read_head", lambda _directory: next(heads))
    with pytest.raises(DamagedIndexError, match=f"{1:064}/manifest.json is missing"):
        open_generation(index)


def test_manifest_that_the_disk_does_not_give_names_it(index, commit, monkeypatch):
    """A disk that fails in the middle of reading is a refusal that says of which file."""
    manifest = index / "generations" / commit(DOCUMENTS) / "manifest.json"
    real = access.open_regular

    def fail(path: Path, **options: bool) -> BufferedReader:
        if path == manifest:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path, **options)

    monkeypatch.setattr(access, "open_regular", fail)
    with raises(RefusedError, f"{manifest}: {os.strerror(errno.EIO).lower()}"):
        open_generation(index)


def test_only_the_files_that_are_named_are_verified(index, commit):
    """Files that are not named are not read, and their damage does not matter."""
    commit(DOCUMENTS)
    opened = open_generation(index)
    os.truncate(opened.directory / "000" / "dense.faiss", 3)
    opened.verify(["corpus.jsonl", "000/lexical.npys"])
    opened.verify([])
    with pytest.raises(DamagedIndexError):
        opened.verify(["corpus.jsonl", "000/dense.faiss"])


def test_damage_is_told_by_file(index, commit):
    """All files that are not what was written are named, in order, each with what is wrong."""
    commit(DOCUMENTS)
    opened = open_generation(index)
    whole = (opened.damage(deep=False), opened.damage(deep=True))
    content = bytearray((opened.directory / "000" / "lexical.npys").read_bytes())
    content[-1] ^= 1
    (opened.directory / "000" / "lexical.npys").write_bytes(content)
    os.truncate(opened.directory / "corpus.jsonl", 3)
    (opened.directory / "000" / "dense.faiss").unlink()
    assert whole == ({}, {})
    sizes = {"000/dense.faiss": "is missing", "corpus.jsonl": "is not what its manifest says"}
    assert opened.damage(deep=False) == sizes
    assert list(opened.damage(deep=True).items()) == [
        ("000/dense.faiss", "is missing"),
        ("000/lexical.npys", "is not what its manifest says"),
        ("corpus.jsonl", "is not what its manifest says"),
    ]


@pytest.fixture
def with_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is large enough for a table of checksums."""
    monkeypatch.setattr("askdocs.disk.durable.LARGE", 16)


@pytest.mark.usefixtures("with_tables")
def test_large_file_is_used_by_its_table(index, commit):
    """A file that has a table of checksums is not used without it."""
    folder = index / "generations" / commit(DOCUMENTS) / "000"
    opened = open_generation(index)
    USES["dense.faiss"](opened.reader())
    table = folder / "dense.faiss.blocks"
    table.write_bytes(bytes(len(table.read_bytes())))
    with raises(DamagedIndexError, f"{table} is not what its manifest says"):
        USES["dense.faiss"](opened.reader())


@pytest.mark.usefixtures("with_tables")
def test_table_of_another_file_is_damage(index, commit):
    """Where a manifest promises a table that is not the file's own, a deep look finds it."""
    commit(DOCUMENTS)
    opened = open_generation(index)
    named, other = "000/dense.faiss.blocks", "000/lexical.npys.blocks"
    shutil.copy(opened.directory / other, opened.directory / named)
    files = {**opened.manifest.files, named: opened.manifest.files[other]}
    swapped = replace(opened, manifest=replace(opened.manifest, files=files))
    assert swapped.damage(deep=False) == {}
    reason = "cannot be read: its table of checksums is that of another file"
    assert swapped.damage(deep=True) == {"000/dense.faiss": reason}
    assert opened.damage(deep=True) != {}


@pytest.mark.parametrize(("times", "order"), [([30, 10, 40, 20], [2, 0, 1]), ([10] * 4, None)])
def test_sound_generations_are_found_without_head(index, commit, times, order):
    """The last written one is first; of the same time, as in a clone, that of the last name."""
    folder, kept = index / "generations", index.parent / "kept"
    digests = []
    for text, time in zip(["One.", "Two.", "Three.", "Four."], times, strict=True):
        digests.append(commit({"docs/a.txt": text}))
        os.utime(folder / digests[-1] / "manifest.json", (10, time))
        shutil.copytree(folder / digests[-1], kept / digests[-1])
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    (folder / digests[3] / "manifest.json").write_bytes(b"{}")
    (folder / ("a" * 64)).mkdir()
    (folder / "notes.txt").write_bytes(b"")
    (index / "HEAD").unlink()
    found = sound_generations(index)
    expected = [digests[at] for at in order] if order else sorted(digests[:3], reverse=True)
    assert [one.digest for one in found] == expected
    assert [one.manifest.counts["passages"] for one in found] == [1, 1, 1]
    assert {one.index for one in found} == {index}


def test_only_the_manifest_makes_a_generation_sound(index, commit):
    """Those that cannot be read, of another format, or elsewhere are left out; the rest counts."""
    folder = index / "generations"
    sound = commit({"docs/a.txt": "One."})
    (folder / sound / "corpus.jsonl").unlink()
    elsewhere = index.parent / "elsewhere"
    shutil.copytree(folder / sound, elsewhere)
    linked = commit({"docs/a.txt": "Two."})
    (folder / linked).rename(index.parent / "linked")
    (folder / linked).symlink_to(index.parent / "linked")
    elsewhere.rename(folder / sound)
    newer = b'{"format_version": 999}'
    (folder / digest_of(newer)).mkdir()
    (folder / digest_of(newer) / "manifest.json").write_bytes(newer)
    (folder / ("a" * 64)).mkdir()
    (folder / ("a" * 64) / "manifest.json").symlink_to("manifest.json")
    assert [one.digest for one in sound_generations(index)] == [sound]


@pytest.mark.parametrize("stands_there", ["nothing", "file"])
def test_folder_without_generations_has_none(index, stands_there):
    """An empty list is returned, and no error raised."""
    index.mkdir(parents=True)
    if stands_there == "file":
        (index / "generations").write_bytes(b"")
    assert sound_generations(index) == []
    assert generation_folders(index) == []


@pytest.mark.parametrize("deep", [True, False])
def test_links_in_a_generation_are_damage(index, commit, deep):
    """Of a file and of the folder of a segment, though they lead to the same bytes."""
    commit(DOCUMENTS)
    opened = open_generation(index)
    records, segment = opened.directory / "corpus.jsonl", opened.directory / "000"
    for path in (records, segment):
        path.rename(index / path.name)
        path.symlink_to(index / path.name)
    found = opened.damage(deep=deep)
    below = "is in a folder that is a link"
    assert found == {
        name: "is a link" if name == "corpus.jsonl" else below for name in opened.manifest.files
    }


def test_files_that_the_disk_has_lost_are_damage(index, commit, monkeypatch):
    """They are named with the others; what may only not be read now is a refusal."""
    commit(DOCUMENTS)
    opened = open_generation(index)
    real = os.open

    def fail_with(number: int) -> Callable[..., int]:
        def fail(path: Path | str, *arguments: int, **options: int) -> int:
            if str(path).endswith("dense.faiss"):
                raise OSError(number, os.strerror(number))
            return real(path, *arguments, **options)

        return fail

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail_with(errno.EIO))
        found = opened.damage(deep=True)
    monkeypatch.setattr(os, "open", fail_with(errno.EACCES))
    with pytest.raises(RefusedError) as caught:
        opened.damage(deep=True)
    assert found == {"000/dense.faiss": f"cannot be read: {os.strerror(errno.EIO).lower()}"}
    assert str(caught.value).endswith(f"dense.faiss: {os.strerror(errno.EACCES).lower()}")


@pytest.mark.parametrize("name", sorted(USES))
def test_file_is_verified_before_it_is_used(index, commit, name):
    """One flipped bit in a file, and nothing is answered from it; the others still serve."""
    digest = commit(DOCUMENTS)
    path = index / "generations" / digest / "000" / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    opened = open_generation(index)
    reader = opened.reader()
    with pytest.raises(DamagedIndexError) as used:
        USES[name](reader)
    with pytest.raises(DamagedIndexError) as verified:
        opened.verify()
    message = f"{path} is not what its manifest says"
    assert (str(used.value), str(verified.value)) == (message, message)
    for other in sorted(set(USES) - {name} - NEED.get(name, set())):
        USES[other](reader)
    reader.close()


def test_file_that_the_manifest_does_not_list_is_not_used(index, commit):
    """A manifest that promises nothing about a file makes it useless."""
    commit(DOCUMENTS)
    opened = open_generation(index)
    bare = replace(opened, manifest=replace(opened.manifest, files={}))
    with raises(DamagedIndexError, "the manifest does not list 000/tables.npys", "askdocs repair"):
        bare.reader().documents()
    with pytest.raises(DamagedIndexError, match=r"the manifest does not list corpus\.jsonl"):
        list(bare.documents)
