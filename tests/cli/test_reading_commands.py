"""What `check`, `show` and `status` print, and with which status they end."""

import json
import shutil

import pytest

from tests.text.formats.test_pdf import column, pdf

TEXT = "Rain fell.\n\nThe harbour froze in March.\n"


@pytest.mark.parametrize(
    ("citation", "out"),
    [
        ("#p2", "docs/a.txt#p2  line 3  verified\n    The harbour froze in March.\n"),
        ("#p1-2", f"docs/a.txt#p1-2  lines 1-3  verified\n    {TEXT}".replace("T", "    T")),
        ("#p2:4-11", "docs/a.txt#p2:4-11  line 3  verified\n    harbour\n"),
        ("#p1-2:5-15", "docs/a.txt#p1-2:5-15  lines 1-3  verified\n    fell.\n\n    The\n"),
        ("#p2:0-27", "docs/a.txt#p2  line 3  verified\n    The harbour froze in March.\n"),
    ],
)
def test_cited_text_is_printed(harbour, run, citation, out):
    """Any paragraphs and characters of a document can be shown, not only passages."""
    ran = run("show", f"docs/a.txt{citation}")

    assert ran == (0, out, "")


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
    expected = {"schema": 2, **place, **text, "status": "verified"}
    assert (found.status, found.out) == (0, json.dumps(expected, indent=2) + "\n")
    new = {"citation": "docs/a.txt#p3", "paragraphs": [3, 3], "lines": [5, 5], "chars": [27, 54]}
    expected = {"schema": 2, **(place | new), **text, "status": "moved", "indexed": place}
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


SHOW = "askdocs show 'docs/a.txt"
NO_CITATION = "a citation looks like seeds/a.txt#p9, seeds/a.txt#p9-10 or seeds/a.txt#p9:0-120"


@pytest.mark.parametrize(
    ("citation", "message", "hint"),
    [
        ("a.txt", "'docs/a.txt' is not a citation", NO_CITATION),
        ("b.txt#p1", "the index has no document docs/b.txt", "askdocs status --documents"),
        ("a.txt#p3", "docs/a.txt has no paragraph 3, the last one is 2", f"{SHOW}#p1'"),
        ("a.txt#p2:20-28", "paragraph 2 of docs/a.txt ends at character 27, not 28", f"{SHOW}#p2'"),
    ],
)
def test_citation_of_nothing_is_refused(harbour, run, citation, message, hint):
    """What cannot be resolved is a usage error that says how far the document goes."""
    ran = run("show", f"docs/{citation}")

    assert ran == (2, "", f"askdocs: {message}\nhint: {hint}\n")


@pytest.fixture
def report(folder, run, tiny_model):
    """An index of a PDF whose first and third page have a text, and of a text with form feeds."""
    first = column(["The harbour froze in March, and the ships", "waited for weeks."], 72, 700)
    third = column(["The ice broke in April, and the ships left."], 72, 700)
    (folder / "docs" / "a.pdf").write_bytes(pdf(first, "", third))
    (folder / "docs" / "b.txt").write_text("Rain fell.\n\f\nIt was wet.\n")
    (folder / "docs" / "c.md").write_text("Snow fell.\n")
    assert run("index", "--model", tiny_model, "docs").status == 0
    return folder


def test_page_is_shown(report, run):
    """A page names the passages that touch it; what is printed is a citation that can be shown."""
    shown = run("show", "docs/a.pdf#page=3")

    text = "    The ice broke in April, and the ships left.\n"
    assert shown == (0, f"docs/a.pdf#p2  page 3  verified\n{text}", "")
    assert run("show", "docs/a.pdf#p2") == shown
    joined = "docs/b.txt#p1-2  lines 1-3  verified\n    Rain fell.\n\n    It was wet.\n"
    assert run("show", "docs/b.txt#page=2").out == joined


@pytest.mark.parametrize(
    ("citation", "message", "hint"),
    [
        ("a.pdf#page=2", "docs/a.pdf has no text on page 2", "askdocs show 'docs/a.pdf#page=1'"),
        ("a.pdf#page=9", "docs/a.pdf has no text on page 9", "askdocs show 'docs/a.pdf#page=3'"),
        ("c.md#page=1", "docs/c.md has no pages", "askdocs show 'docs/c.md#p1'"),
    ],
)
def test_page_without_a_text_is_refused(report, run, citation, message, hint):
    """The error names the document, and the hint the nearest page that has a text."""
    assert run("show", f"docs/{citation}") == (2, "", f"askdocs: {message}\nhint: {hint}\n")


def test_hit_in_a_pdf_names_its_page(report, run):
    """For readers, editors and programs; a place in a PDF has no lines."""
    ask = ("ask", "--mode", "lexical", "-k", 1, "April", "--format")
    text, line, found = (run(*ask, form).out for form in ("text", "vimgrep", "json"))
    answer = "The ice broke in April, and the ships left."

    assert text.splitlines()[0].startswith("1.  docs/a.pdf#p2  page 3  ")
    assert line == f"docs/a.pdf:1:1:page 3: {answer}\n"
    (hit,) = json.loads(found)["hits"]
    assert (hit["pages"], hit["lines"], hit["plain"]) == ([3, 3], [1, 1], answer)


@pytest.mark.parametrize("path", ["loop/a.txt", "a" * 300, "../" * 50, "/", "docs"])
def test_path_that_leads_nowhere_is_refused(harbour, run, path):
    """A citation of a loop of links, of a path that is too long, or of a folder is not a crash."""
    (harbour / "loop").symlink_to("loop")

    ran = run("show", f"{path}#p1")

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.splitlines()[0] == f"askdocs: the index has no document {path}"


def test_index_is_read_from_a_removed_folder(harbour, run, monkeypatch):
    """Where the current folder is gone, only a named index can be used: none can be searched."""
    (harbour / "removed").mkdir()
    monkeypatch.chdir(harbour / "removed")
    (harbour / "removed").rmdir()
    index = ("--index", harbour / "vectors")

    assert run("show", "docs/a.txt#p1", *index).out == (
        "docs/a.txt#p1  line 1  verified\n    Rain fell.\n"
    )
    assert (run("check", *index).status, run("check").status) == (0, 7)
    assert run("ask", "--mode", "lexical", "harbour", *index).status == 0


@pytest.mark.parametrize("content", ["", " \n\n"])
def test_empty_document_has_no_paragraph(harbour, run, content):
    """A document that is indexed and has no text is not said to be missing."""
    (harbour / "docs" / "empty.txt").write_text(content)
    run("index")

    ran = run("show", "docs/empty.txt#p1")

    assert "docs/empty.txt  0 paragraphs\n" in run("status", "--documents").out
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("askdocs: docs/empty.txt has no paragraph")


def test_path_of_a_citation_may_be_as_one_types_it(harbour, run, monkeypatch):
    """Besides the index's own paths, those relative to the current folder are understood."""
    expected = run("show", "docs/a.txt#p2")

    dotted = run("show", "./docs/a.txt#p2")
    absolute = run("show", f"{harbour}/docs/a.txt#p2")
    monkeypatch.chdir(harbour / "docs")
    relative = run("show", "a.txt#p2")

    assert (dotted, absolute, relative) == (expected, expected, expected)


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
        f"index      vectors, format 4, generation {generation.name[:12]}\n"
        "corpus     docs\n"
        "documents  1, 40 B, 1 skipped, 1 failed\n"
        "passages   1, at most 100 tokens\n"
        "sentences  2\n"
        "model      ./model, 16 dimensions\n"
        f"size       {size / 1000:.1f} kB\n"
    )


@pytest.mark.parametrize("command", [["check"], ["show", "a#p1"], ["status"], ["ask", "why?"]])
def test_missing_index_is_status_three(folder, run, command):
    """Every command that reads says the same where there is nothing to read."""
    ran = run(*command, "--index", "absent")

    message = "askdocs: there is no index in absent\nhint: askdocs index --index absent PATH\n"
    assert ran == (3, "", message)
