"""`askdocs repair` says what is wrong, what it did about it, or why it did nothing."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from askdocs.disk.lock import exclusive_lock

Run = Callable[..., Any]
Content = dict[str, tuple[bytes, int]]

SOUND = "sound: vectors, 2 documents\n"


@pytest.fixture
def harbour(folder: Path, run: Run, tiny_model: Path) -> Path:
    """An index of two documents, in the current folder."""
    (folder / "docs" / "a.txt").write_text("Rain fell.\n\nThe harbour froze in March.\n")
    (folder / "docs" / "b.txt").write_text("The ferry went by night.\n")
    assert run("index", "--model", tiny_model, "docs").status == 0
    return folder


def generation_of(folder: Path) -> Path:
    """The folder of the only generation, as it is named from the current folder."""
    [found] = (folder / "vectors" / "generations").iterdir()
    return found.relative_to(folder)


def content(folder: Path) -> Content:
    """Every file of an index, with the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted((folder / "vectors").rglob("*"))
        if path.is_file()
    }


def flip(path: Path) -> None:
    """Turn one bit round."""
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.unlink()
    path.write_bytes(changed)


def timeless(out: str) -> str:
    """Some output with 0.0 in the place of seconds."""
    return re.sub(r" in \d+\.\d s", " in 0.0 s", out)


def test_sound_index_is_left_alone(harbour, run):
    """One line says so, and nothing is written."""
    before = content(harbour)

    ran = run("repair")

    assert (ran.status, ran.out, ran.err) == (0, SOUND, "")
    assert content(harbour) == before


def test_damaged_file_is_named_and_put_right(harbour, run):
    """What was wrong and what was done about it is on stdout; a second run has nothing to do."""
    path = generation_of(harbour) / "000" / "dense.faiss"
    flip(path)

    checked, ran = run("check", "--deep"), run("repair")

    assert checked.status == 4
    assert (ran.status, ran.err) == (0, "")
    assert timeless(ran.out) == (
        f"damaged  {path} is not what its manifest says\n"
        "repaired: vectors, 2 documents, 3 sentences embedded in 0.0 s\n"
    )
    assert run("check", "--deep").status == 0
    assert run("repair").out == SOUND


def test_missing_head_is_put_right(harbour, run):
    """The generation that is there is named again, and nothing else is written."""
    before = content(harbour)
    (harbour / "vectors" / "HEAD").unlink()

    ran = run("repair", "--index", "vectors")

    assert (ran.status, ran.out) == (
        0, "damaged  vectors/HEAD names no generation\nrepaired: vectors, 2 documents\n",
    )  # fmt: skip
    digest = generation_of(harbour).name[:12]
    assert ran.err == f"askdocs: vectors answers from generation {digest} again\n"
    after = content(harbour)
    assert {name: after[name][0] for name in after} == {name: before[name][0] for name in before}
    assert run("check", "--deep").status == 0


def test_document_that_cannot_be_read_is_said(harbour, run):
    """It was never in the index: status 8 and what helps, as for `askdocs index`."""
    (harbour / "docs" / "c.txt").write_bytes(b"caf\xe9")
    said = run("index").err
    flip(generation_of(harbour) / "000" / "dense.faiss")

    ran = run("repair")

    assert ran.status == 8
    assert ran.err == said
    assert said == (
        "askdocs: failed docs/c.txt: not UTF-8\n"
        "hint: askdocs index --encoding NAME, where NAME is, say, latin-1\n"
    )


def test_damage_with_a_document_gone_is_left_alone(harbour, run):
    """The document could not be restored; the message names it and the hint a way on."""
    flip(generation_of(harbour) / "000" / "passages.jsonl")
    (harbour / "docs" / "b.txt").unlink()
    before = content(harbour)

    ran = run("repair")

    assert (ran.status, ran.out) == (4, "")
    assert ran.err == (
        "askdocs: docs/b.txt cannot be read any more and would be lost; nothing was written\n"
        "hint: askdocs index --rebuild goes on without it\n"
    )
    assert content(harbour) == before


def test_lost_manifest_needs_a_path(harbour, run):
    """Without PATH nothing is written; what the hint says works, and says what is used instead."""
    path = generation_of(harbour) / "manifest.json"
    path.unlink()
    before = content(harbour)

    refused = run("repair")

    assert (refused.status, refused.out) == (4, "")
    assert refused.err == f"askdocs: {path} is missing\nhint: askdocs repair PATH\n"
    assert content(harbour) == before

    ran = run("repair", "docs")

    assert ran.status == 0
    assert timeless(ran.out) == (
        f"damaged  {path} is missing\n"
        "repaired: vectors, 2 documents, 3 sentences embedded in 0.0 s\n"
    )
    assert ran.err == (
        "askdocs: the settings of vectors are lost; the default ones and the model "
        "all-MiniLM-L6-v2 are used\n"
    )
    assert run("check", "--deep").status == 0
    assert run("repair").out == SOUND


def test_dry_run_writes_nothing(harbour, run):
    """It says what is wrong and that it can be put right."""
    path = generation_of(harbour) / "corpus.jsonl"
    path.unlink()
    before = content(harbour)

    ran = run("repair", "--dry-run")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == f"damaged  {path} is missing\ncan be repaired: vectors, 2 documents\n"
    assert content(harbour) == before


def test_quiet_prints_nothing(harbour, run):
    """The work is done all the same."""
    flip(generation_of(harbour) / "000" / "tables.npys")

    ran = run("repair", "-q")

    assert (ran.status, ran.out, ran.err) == (0, "", "")
    assert run("check", "--deep").status == 0


def test_another_writer_is_not_disturbed(harbour, run):
    """The index is left as it is."""
    flip(generation_of(harbour) / "000" / "lexical.npys")
    before = content(harbour)

    with exclusive_lock(harbour / "vectors" / "LOCK"):
        ran = run("repair")

    assert (ran.status, ran.out) == (6, "")
    assert ran.err.startswith("askdocs: another process is writing vectors\n")
    assert content(harbour) == before


def test_damaged_encoder_is_put_back(harbour, run):
    """A portable index is portable again; no document is read for that."""
    assert run("index", "--portable").status == 0
    [path] = Path("vectors").glob("encoders/*/weights.bin")
    flip(path)

    checked, ran = run("check", "--deep"), run("repair")

    assert checked.status == 4
    assert (ran.status, ran.out, ran.err) == (
        0,
        f"damaged  {path} is not what its manifest says\nrepaired: vectors, 2 documents\n",
        "askdocs: vectors carries its encoder again\n",
    )
    assert run("check", "--deep").status == 0
    assert run("repair").out == SOUND


def test_no_index_is_nothing_to_repair(folder, run):
    """A folder that holds nothing of an index is left as it is."""
    ran = run("repair", "--index", "vectors", "docs")

    assert (ran.status, ran.out) == (3, "")
    assert ran.err.splitlines()[0] == "askdocs: there is no index in vectors"
    assert not (folder / "vectors").exists()


def test_older_generation_stands_in_for_a_lost_one(harbour, run, tmp_path):
    """Where the current manifest is lost and another generation is whole, the index falls back."""
    older = generation_of(harbour)
    shutil.copytree(older, tmp_path / "aside")
    (harbour / "docs" / "b.txt").write_text("The ferry never went.\n")
    assert run("index").status == 0
    newer = generation_of(harbour)
    (tmp_path / "aside").rename(older)
    (newer / "manifest.json").unlink()

    ran = run("repair")

    assert (ran.status, ran.out) == (
        0, f"damaged  {newer}/manifest.json is missing\nrepaired: vectors, 2 documents\n",
    )  # fmt: skip
    assert ran.err == (
        f"askdocs: vectors answers from generation {older.name[:12]} again; "
        "askdocs index brings it up to date\n"
    )
    assert run("check").status == 1
    assert run("index").status == 0
    assert run("check", "--deep").status == 0
