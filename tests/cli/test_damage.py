"""A damaged or foreign index is reported, never answered from, and mended by --rebuild."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from askdocs.index.generation import open_generation
from askdocs.index.transaction import begin
from askdocs.records.manifest import Manifest

Run = Callable[..., Any]

ASK = ("ask", "--min-score", "0", "harbour")
COMMANDS = (ASK, ("show", "docs/a.txt#p1"), ("check",), ("status",), ("index",))


@pytest.fixture
def harbour(folder: Path, run: Run, tiny_model: Path) -> Path:
    """An index of one document."""
    (folder / "docs" / "a.txt").write_text("Rain fell.\n\nThe harbour froze in March.\n")
    ran = run("index", "--model", tiny_model, "docs")
    assert ran.status == 0, ran.err
    return folder


def generation_of(folder: Path) -> Path:
    """The folder of the current generation."""
    [found] = (folder / "vectors" / "generations").iterdir()
    return found


FILES = ["dense.faiss", "documents.jsonl", "lexical.npys", "passages.jsonl", "tables.npys"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["truncate", "append", "flip", "remove", "folder"])
def test_damaged_file_is_never_answered_from(
    harbour: Path, run: Run, name: str, damage: str
) -> None:
    """Any change to a file of the index ends in status 4 and the file's name."""
    path = generation_of(harbour) / "000" / name
    content = bytearray(path.read_bytes())
    path.unlink()
    match damage:
        case "truncate":
            path.write_bytes(content[:-1])
        case "append":
            path.write_bytes(content + b"\0")
        case "flip":
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
        case "folder":
            path.mkdir()

    ran = run(*ASK)

    what = "is missing" if damage in {"remove", "folder"} else "is not what its manifest says"
    relative = path.relative_to(harbour)
    assert (ran.status, ran.out) == (4, "")
    assert ran.err == f"askdocs: {relative} {what}\nhint: askdocs repair\n"


@pytest.mark.parametrize("name", FILES)
def test_rebuilding_mends_a_damaged_file(harbour: Path, run: Run, name: str) -> None:
    """What the hint says works, although the corpus and so the index is still the same."""
    before = run(*ASK)
    path = generation_of(harbour) / "000" / name
    path.write_bytes(path.read_bytes()[:-1])
    assert run(*ASK).status == 4

    mended = run("index", "--rebuild")

    assert mended.status == 0
    assert run(*ASK) == before


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_refresh_of_a_damaged_index_writes_nothing(
    harbour: Path, run: Run, name: str, damage: str
) -> None:
    """With a corpus that has not changed too: status 4 and the hint `askdocs repair`."""
    path = generation_of(harbour) / "000" / name
    content = path.read_bytes()
    path.unlink()
    if damage == "truncate":
        path.write_bytes(content[:-1])
    elif damage == "flip":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    before = files_of(harbour)

    for command in (["index"], ["index", "docs"]):
        ran = run(*command)

        what = "is missing" if damage == "remove" else "is not what its manifest says"
        expected = f"askdocs: {path.relative_to(harbour)} {what}\nhint: askdocs repair\n"
        assert (ran.status, ran.out, ran.err) == (4, "", expected)
    assert files_of(harbour) == before


def files_of(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """Every file of the index, with the time of its last change."""
    files = sorted(path for path in (folder / "vectors").rglob("*") if path.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize("damage", ["truncate", "remove"])
def test_damaged_records_are_reported_and_mended(harbour: Path, run: Run, damage: str) -> None:
    """Commands that need to know what was walked end in status 4, and a rebuild mends it."""
    path = generation_of(harbour) / "corpus.jsonl"
    content = path.read_bytes()
    path.unlink()
    if damage == "truncate":
        path.write_bytes(content[:-1])
    what = "is missing" if damage == "remove" else "is not what its manifest says"

    for command in (("show", "docs/a.txt#p1"), ("check",), ("status",), ("index",)):
        ran = run(*command)

        expected = f"askdocs: {path.relative_to(harbour)} {what}\nhint: askdocs repair\n"
        assert (ran.status, ran.out, ran.err) == (4, "", expected)
    assert run("index", "--rebuild").status == 0
    assert run("check").status == 0
    assert (generation_of(harbour) / "corpus.jsonl").read_bytes() == content


def test_question_does_not_read_the_records(harbour: Path, run: Run) -> None:
    """An answer needs nothing of what was walked, of which there may be a lot."""
    before = run(*ASK)
    (generation_of(harbour) / "corpus.jsonl").unlink()

    ran = run(*ASK)

    assert ran.status == 0
    assert ran == before


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\0\0"])
def test_damaged_manifest_is_reported_and_mended(
    harbour: Path, run: Run, content: bytes | None
) -> None:
    """Every command stops with status 4; a rebuild of the named folder mends it."""
    before = run(*ASK)
    path = generation_of(harbour) / "manifest.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    what = "is missing" if content is None else "is not what HEAD says"

    for command in COMMANDS:
        ran = run(*command)

        hint = "hint: askdocs repair PATH\n"
        expected = f"askdocs: {path.relative_to(harbour)} {what}\n{hint}"
        assert (ran.status, ran.out, ran.err) == (4, "", expected)
    assert run("index", "--rebuild", "docs").status == 0
    assert run(*ASK).status == 0
    assert run("check").status == 0
    assert before.status == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage\n", b"askdocs-index 1 " + b"0" * 64 + b" " + b"0" * 16 + b"\n"],
    ids=["empty", "garbage", "checksum"],
)
def test_damaged_head_is_reported_and_mended(harbour: Path, run: Run, content: bytes) -> None:
    """Every command stops with status 4; a rebuild of the named folder mends it."""
    (harbour / "vectors" / "HEAD").write_bytes(content)

    for command in COMMANDS:
        ran = run(*command)

        expected = "askdocs: vectors/HEAD cannot be read\nhint: askdocs repair\n"
        assert (ran.status, ran.out, ran.err) == (4, "", expected)
    assert run("index", "--rebuild", "docs").status == 0
    assert run("check").status == 0


def test_head_that_is_a_folder_is_no_index(harbour: Path, run: Run) -> None:
    """A HEAD that cannot be a file is refused without a crash."""
    (harbour / "vectors" / "HEAD").unlink()
    (harbour / "vectors" / "HEAD").mkdir()

    ran = run("check", "--index", "vectors")

    assert (ran.status, ran.out) == (7, "")
    assert ran.err.splitlines()[0] == "askdocs: vectors/HEAD: is a directory"


def write_head(folder: Path, body: str) -> None:
    """Write HEAD with a right checksum."""
    checksum = hashlib.sha256(body.encode()).hexdigest()[:16]
    (folder / "vectors" / "HEAD").write_text(f"{body} {checksum}\n")


def test_index_of_a_later_layout_is_not_touched(harbour: Path, run: Run) -> None:
    """A directory of another askdocs cannot be used, and the hint says what can be done."""
    write_head(harbour, f"askdocs-index 2 {generation_of(harbour).name}")

    asked, checked = run(*ASK), run("check")

    assert (asked.status, asked.out) == (5, "")
    assert asked.err == (
        "askdocs: vectors/HEAD is of layout 2, this version reads 1\n"
        "hint: askdocs index --rebuild PATH, or the askdocs that made it\n"
    )
    assert (checked.status, checked.out) == (
        1, "stale: 1 setting\nsetting   format: indexed with 2, wanted 1\n",
    )  # fmt: skip


def test_index_of_another_format_is_not_used(harbour: Path, run: Run) -> None:
    """A manifest of another format is refused by ask and stale for check."""
    republish(harbour, lambda manifest: replace(manifest, format_version=2))

    asked, checked = run(*ASK), run("check")

    assert (asked.status, asked.out) == (5, "")
    assert asked.err == (
        "askdocs: the index has format 2, this version reads 3\n"
        "hint: askdocs index --rebuild PATH, or the askdocs that made it\n"
    )
    assert (checked.status, checked.out) == (
        1, "stale: 1 setting\nsetting   format: indexed with 2, wanted 3\n",
    )  # fmt: skip


def republish(folder: Path, change: Callable[[Manifest], Manifest]) -> None:
    """Commit the index with another manifest, as another askdocs might have."""
    generation = open_generation(folder / "vectors")
    with begin(folder / "vectors", expecting=generation.digest) as transaction:
        transaction.keep_files(generation)
        transaction.publish(change(generation.manifest), tools={})


def test_index_cut_by_other_rules_is_stale_and_renewed(harbour: Path, run: Run) -> None:
    """A change of the rules by which documents are cut is a change of settings."""
    republish(
        harbour,
        lambda manifest: replace(manifest, passages=replace(manifest.passages, rules=0)),
    )

    checked = run("check")

    assert (checked.status, checked.out) == (
        1, "stale: 1 setting\nsetting   passages: indexed with rules 0, wanted rules 3\n",
    )  # fmt: skip
    assert run(*ASK).status == 0
    assert run("index").status == 0
    assert run("check").status == 0


def another_fingerprint(manifest: Manifest) -> Manifest:
    """The manifest of an index whose model had other weights."""
    return replace(manifest, model=replace(manifest.model, fingerprint="ab" * 32))


def another_probe(manifest: Manifest) -> Manifest:
    """The manifest of an index whose encoder gave other vectors."""
    probe = manifest.model.probe
    return replace(manifest, model=replace(manifest.model, probe=(*probe[1:], probe[0])))


@pytest.mark.parametrize("change", [another_fingerprint, another_probe])
def test_index_made_with_another_model_is_not_searched(
    harbour: Path, run: Run, change: Callable[[Manifest], Manifest]
) -> None:
    """A model of the same name and dimension is refused before any search; words still work."""
    republish(harbour, change)
    name = open_generation(harbour / "vectors").manifest.model.name

    hybrid, dense = run(*ASK), run("ask", "--mode", "dense", "--min-score", "0", "harbour")
    lexical = run("ask", "--mode", "lexical", "harbour")

    assert (hybrid.status, hybrid.out) == (5, "")
    assert hybrid.err == (
        f"askdocs: the index was made with another {name} than the one installed\n"
        "hint: askdocs index --rebuild, or ask with --mode lexical\n"
    )
    assert dense == hybrid
    assert lexical.status == 0


def test_model_that_is_gone_is_not_needed_once_compiled(
    folder: Path, run: Run, tiny_model: Path, cache: Path
) -> None:
    """The compiled encoder answers without the model's files; without both, the status is 5."""
    model = folder / "model"
    model.symlink_to(tiny_model)
    (folder / "docs" / "a.txt").write_text("The harbour froze in March.")
    run("index", "--model", "model", "docs")
    model.unlink()

    compiled = run(*ASK)
    for entry in (cache / "encoders").iterdir():
        entry.unlink()
    gone = run(*ASK)

    assert compiled.status == 0
    assert (gone.status, gone.out) == (5, "")
    assert gone.err.splitlines()[0].startswith("askdocs: ")
    assert "model" in gone.err.splitlines()[0]


def test_index_of_another_model_is_made_anew(harbour: Path, run: Run, tiny_model: Path) -> None:
    """--model makes every vector anew, with the dimension of the new model."""
    ran = run("index", "--model", "all-MiniLM-L6-v2")

    assert ran.status == 0
    assert "2 embedded" in ran.out
    assert run("ask", "When did the harbour freeze?").status == 0
    model = open_generation(harbour / "vectors").manifest.model
    assert (model.name, model.dimension, len(model.probe)) == ("all-MiniLM-L6-v2", 384, 384)
