"""`askdocs repair` says what is wrong, what it did about it, or why it did nothing."""

import re
from pathlib import Path

import pytest

from askdocs.disk.lock import exclusive_lock

SOUND = "sound: vectors, 2 documents\n"


@pytest.fixture
def harbour(folder, run, tiny_model):
    """An index of two documents, in the current folder."""
    (folder / "docs" / "a.txt").write_text("Rain fell.\n\nThe harbour froze in March.\n")
    (folder / "docs" / "b.txt").write_text("The ferry went by night.\n")
    assert run("index", "--model", tiny_model, "docs").status == 0
    return folder


def generation_of(folder):
    """The folder of the only generation, as it is named from the current folder."""
    [found] = (folder / "vectors" / "generations").iterdir()
    return found.relative_to(folder)


def content(folder):
    """Every file of an index, with the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted((folder / "vectors").rglob("*"))
        if path.is_file()
    }


def flip(path):
    """Turn one bit round."""
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.unlink()
    path.write_bytes(changed)


def timeless(out):
    """Some output with 0.0 in the place of seconds."""
    return re.sub(r" in \d+\.\d s", " in 0.0 s", out)


def test_damaged_file_is_named_and_put_right(harbour, run):
    """What was wrong and what was done about it is on stdout; a second run has nothing to do."""
    path = generation_of(harbour) / "000" / "dense.faiss"
    flip(path)

    ran = run("repair")

    assert (ran.status, ran.err) == (0, "")
    assert timeless(ran.out) == (
        f"damaged  {path} is not what its manifest says\n"
        "repaired: vectors, 2 documents, 3 sentences embedded in 0.0 s\n"
    )
    before = content(harbour)
    assert run("repair") == (0, SOUND, "")
    assert content(harbour) == before


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

    assert (ran.status, ran.err) == (8, said)
    assert said == (
        "askdocs: failed docs/c.txt: not UTF-8\n"
        "hint: askdocs index --encoding NAME, where NAME is, say, latin-1\n"
    )


def test_lost_manifest_needs_a_path(harbour, run):
    """Without PATH nothing is written; what the hint says works, and says what is used instead."""
    path = generation_of(harbour) / "manifest.json"
    path.unlink()
    before = content(harbour)

    refused = run("repair")

    assert refused == (4, "", f"askdocs: {path} is missing\nhint: askdocs repair PATH\n")
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

    expected = f"damaged  {path} is missing\ncan be repaired: vectors, 2 documents\n"
    assert ran == (0, expected, "")
    assert content(harbour) == before


def test_another_writer_is_not_disturbed(harbour, run):
    """The index is left as it is until the other ends; with -q it is then put right in silence."""
    flip(generation_of(harbour) / "000" / "lexical.npys")
    before = content(harbour)

    with exclusive_lock(harbour / "vectors" / "LOCK"):
        ran = run("repair")

    assert (ran.status, ran.out) == (6, "")
    assert ran.err.startswith("askdocs: another process is writing vectors\n")
    assert content(harbour) == before
    assert run("repair", "-q") == (0, "", "")
    assert run("check", "--deep").status == 0


def test_damaged_encoder_is_put_back(harbour, run):
    """A portable index is portable again; no document is read for that."""
    assert run("index", "--portable").status == 0
    [path] = Path("vectors").glob("encoders/*/weights.bin")
    flip(path)

    ran = run("repair")

    repaired = f"damaged  {path} is not what its manifest says\nrepaired: vectors, 2 documents\n"
    assert ran == (0, repaired, "askdocs: vectors carries its encoder again\n")
    assert run("repair").out == SOUND


def test_no_index_is_nothing_to_repair(folder, run):
    """A folder that holds nothing of an index is left as it is."""
    ran = run("repair", "--index", "vectors", "docs")

    assert (ran.status, ran.out) == (3, "")
    assert ran.err.splitlines()[0] == "askdocs: there is no index in vectors"
    assert not (folder / "vectors").exists()
