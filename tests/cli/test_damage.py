"""A damaged or foreign index is reported, never answered from, and mended by --rebuild."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
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
    """Return the folder of the current generation."""
    [generation] = (folder / "vectors" / "generations").iterdir()
    return generation


FILES = ["dense.faiss", "documents.jsonl", "lexical.npys", "passages.jsonl", "tables.npys"]


def do_damage(path: Path, damage: str) -> None:
    """Damage a file of the index in one of five ways."""
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


def assert_all_refuse(
    run: Run, commands: Iterable[Sequence[str]], complaint: str, hint: str = "askdocs repair"
) -> None:
    """Run commands that all end in status 4 with one complaint and a hint."""
    for command in commands:
        ran = run(*command)

        assert (ran.status, ran.out) == (4, "")
        assert ran.err == f"askdocs: {complaint}\nhint: {hint}\n"


def complaint_of(path: Path, damage: str) -> str:
    """Return the error message about a damaged file, from the current folder."""
    what = "is missing" if damage in {"remove", "folder"} else "is not what its manifest says"
    return f"{path.relative_to(Path.cwd())} {what}"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["truncate", "append", "flip", "remove", "folder"])
def test_damaged_file_is_never_answered_from(harbour, run, name, damage):
    """Any damage ends a question and a refresh in status 4, and nothing is written."""
    path = generation_of(harbour) / "000" / name
    do_damage(path, damage)
    before = files_of(harbour)

    # A refresh that sees a folder says that it is not what the manifest says.
    refreshes = [] if damage == "folder" else [("index",), ("index", "docs")]
    assert_all_refuse(run, [ASK, *refreshes], complaint_of(path, damage))

    assert files_of(harbour) == before


@pytest.mark.parametrize("name", FILES)
def test_rebuilding_mends_a_damaged_file(harbour, run, name):
    """A rebuild mends it although the corpus has not changed."""
    before = run(*ASK)
    do_damage(generation_of(harbour) / "000" / name, "truncate")

    mended = run("index", "--rebuild")

    assert mended.status == 0
    assert run(*ASK) == before


def files_of(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """Return every file of the index, with the time of its last change."""
    files = sorted(path for path in (folder / "vectors").rglob("*") if path.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize("damage", ["truncate", "remove"])
def test_damaged_records_are_reported_and_mended(harbour, run, damage):
    """Commands that need the corpus records end in status 4, and a rebuild mends them."""
    path = generation_of(harbour) / "corpus.jsonl"
    content = path.read_bytes()
    do_damage(path, damage)

    assert_all_refuse(run, COMMANDS[1:], complaint_of(path, damage))

    assert run("index", "--rebuild").status == 0
    assert run("check").status == 0
    assert (generation_of(harbour) / "corpus.jsonl").read_bytes() == content


def test_question_does_not_read_the_records(harbour, run):
    """An answer needs no corpus records, which may be large."""
    before = run(*ASK)
    (generation_of(harbour) / "corpus.jsonl").unlink()

    ran = run(*ASK)

    assert ran.status == 0
    assert ran == before


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\0\0"])
def test_damaged_manifest_is_reported_and_mended(harbour, run, content):
    """Every command stops with status 4; a rebuild of the named folder mends it."""
    path = generation_of(harbour) / "manifest.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    what = "is missing" if content is None else "is not what HEAD says"

    complaint = f"{path.relative_to(harbour)} {what}"
    assert_all_refuse(run, COMMANDS, complaint, hint="askdocs repair PATH")

    assert run("index", "--rebuild", "docs").status == 0
    assert run(*ASK).status == 0
    assert run("check").status == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage\n", b"askdocs-index 1 " + b"0" * 64 + b" " + b"0" * 16 + b"\n"],
    ids=["empty", "garbage", "checksum"],
)
def test_damaged_head_is_reported_and_mended(harbour, run, content):
    """Every command stops with status 4; a rebuild of the named folder mends it."""
    (harbour / "vectors" / "HEAD").write_bytes(content)

    assert_all_refuse(run, COMMANDS, "vectors/HEAD cannot be read")

    assert run("index", "--rebuild", "docs").status == 0
    assert run("check").status == 0


def test_head_that_is_a_folder_is_no_index(harbour, run):
    """A HEAD that is a folder is refused without a crash."""
    (harbour / "vectors" / "HEAD").unlink()
    (harbour / "vectors" / "HEAD").mkdir()

    ran = run("check", "--index", "vectors")

    assert (ran.status, ran.out) == (7, "")
    assert ran.err.splitlines()[0] == "askdocs: vectors/HEAD: is a directory"


@pytest.mark.parametrize(
    ("is_layout", "what", "reads"),
    [(True, "vectors/HEAD is of layout 2", 1), (False, "the index has format 2", 3)],
)
def test_index_of_another_format_is_not_used(harbour, run, *, is_layout, what, reads):
    """An index of another layout or format is refused by ask, and stale for check."""
    if is_layout:
        body = f"askdocs-index 2 {generation_of(harbour).name}"
        checksum = hashlib.sha256(body.encode()).hexdigest()[:16]
        (harbour / "vectors" / "HEAD").write_text(f"{body} {checksum}\n")
    else:
        republish(harbour, lambda manifest: replace(manifest, format_version=2))

    asked, checked = run(*ASK), run("check")

    assert (asked.status, asked.out) == (5, "")
    assert asked.err == (
        f"askdocs: {what}, this version reads {reads}\n"
        "hint: askdocs index --rebuild PATH, or the askdocs that made it\n"
    )
    setting = f"setting   format: indexed with 2, wanted {reads}\n"
    assert (checked.status, checked.out) == (1, f"stale: 1 setting\n{setting}")


def republish(folder: Path, change: Callable[[Manifest], Manifest]) -> None:
    """Commit the index with a changed manifest."""
    generation = open_generation(folder / "vectors")
    with begin(folder / "vectors", expecting=generation.digest) as transaction:
        transaction.keep_files(generation)
        transaction.publish(change(generation.manifest), tools={})


def test_index_cut_by_other_rules_is_stale_and_renewed(harbour, run):
    """New rules for cutting documents count as changed settings."""
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
    """Return the manifest of an index whose model had other weights."""
    return replace(manifest, model=replace(manifest.model, fingerprint="ab" * 32))


def another_probe(manifest: Manifest) -> Manifest:
    """Return the manifest of an index whose encoder returned other vectors."""
    probe = manifest.model.probe
    return replace(manifest, model=replace(manifest.model, probe=(*probe[1:], probe[0])))


@pytest.mark.parametrize("change", [another_fingerprint, another_probe])
def test_index_made_with_another_model_is_not_searched(harbour, run, change):
    """A changed model of the same name is refused before any search; lexical mode still works."""
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


def test_model_that_is_gone_is_not_needed_once_compiled(folder, run, tiny_model, cache):
    """The compiled encoder answers without the model; without both, the status is 5."""
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


def test_index_of_another_model_is_embedded_again(harbour, run, tiny_model):
    """--model embeds everything again, with the dimension of the new model."""
    ran = run("index", "--model", "all-MiniLM-L6-v2")

    assert ran.status == 0
    assert "2 embedded" in ran.out
    assert run("ask", "When did the harbour freeze?").status == 0
    model = open_generation(harbour / "vectors").manifest.model
    assert (model.name, model.dimension, len(model.probe)) == ("all-MiniLM-L6-v2", 384, 384)
