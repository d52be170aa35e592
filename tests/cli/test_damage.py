"""A damaged or foreign index is refused by every command, and mended by --rebuild."""

import hashlib
from dataclasses import replace

import pytest

from askdocs.index.generation import open_generation
from askdocs.index.transaction import begin

ASK = ("ask", "--min-score", "0", "harbour")
COMMANDS = (ASK, ("show", "docs/a.txt#p1"), ("check",), ("status",), ("index",))
OTHER_HEAD = b"askdocs-index 1 " + b"0" * 64 + b" " + b"0" * 16 + b"\n"


def generation_of(folder):
    """Return the folder of the current generation."""
    [generation] = (folder / "vectors" / "generations").iterdir()
    return generation


@pytest.mark.parametrize(
    ("name", "content", "what", "hint"),
    [
        ("manifest.json", None, "is missing", "askdocs repair PATH"),
        ("manifest.json", b"", "is not what HEAD says", "askdocs repair PATH"),
        ("manifest.json", b"{}", "is not what HEAD says", "askdocs repair PATH"),
        ("manifest.json", b"\0\0", "is not what HEAD says", "askdocs repair PATH"),
        ("../../HEAD", b"", "cannot be read", "askdocs repair"),
        ("../../HEAD", b"garbage\n", "cannot be read", "askdocs repair"),
        ("../../HEAD", OTHER_HEAD, "cannot be read", "askdocs repair"),
        ("corpus.jsonl", None, "is missing", "askdocs repair"),
        ("corpus.jsonl", b"", "is not what its manifest says", "askdocs repair"),
    ],
)
def test_damaged_index_is_refused_and_mended(harbour, run, *, name, content, what, hint):
    """Every command that needs the file ends in status 4; a rebuild of the folder mends it."""
    path = (generation_of(harbour) / name).resolve()
    path.unlink()
    if content is not None:
        path.write_bytes(content)

    # A question does not read the records, which may be large.
    for command in COMMANDS[name == "corpus.jsonl" :]:
        ran = run(*command)
        complaint = f"askdocs: {path.relative_to(harbour)} {what}\nhint: {hint}\n"
        assert ran == (4, "", complaint)

    assert name != "corpus.jsonl" or run(*ASK).status == 0
    assert run("index", "--rebuild", "docs").status == 0
    assert (run(*ASK).status, run("check", "--deep").status) == (0, 0)


@pytest.mark.parametrize(
    ("is_layout", "what", "reads"),
    [(True, "vectors/HEAD is of layout 2", 1), (False, "the index has format 2", 4)],
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


def republish(folder, change):
    """Commit the index with a changed manifest."""
    generation = open_generation(folder / "vectors")
    with begin(folder / "vectors", expecting=generation.digest) as transaction:
        transaction.keep_files(generation)
        transaction.publish(change(generation.manifest), tools={})


@pytest.mark.parametrize("changed", ["fingerprint", "probe"])
def test_index_made_with_another_model_is_not_searched(harbour, run, changed):
    """A changed model of the same name is refused before any search; lexical mode still works."""
    model = open_generation(harbour / "vectors").manifest.model
    other = {"fingerprint": "ab" * 32, "probe": (*model.probe[1:], model.probe[0])}
    other_model = replace(model, **{changed: other[changed]})
    republish(harbour, lambda manifest: replace(manifest, model=other_model))

    hybrid, dense = run(*ASK), run("ask", "--mode", "dense", "--min-score", "0", "harbour")

    assert (hybrid.status, hybrid.out) == (5, "")
    assert hybrid.err == (
        f"askdocs: the index was made with another {model.name} than the one installed\n"
        "hint: askdocs index --rebuild, or ask with --mode lexical\n"
    )
    assert dense == hybrid
    assert run("ask", "--mode", "lexical", "harbour").status == 0
