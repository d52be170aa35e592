"""Limits of a corpus: what is beyond them is said, and they hold until others are given."""

from pathlib import Path

import pytest

from askdocs.errors import UsageError
from askdocs.freshness import check_freshness
from askdocs.index.generation import open_generation
from askdocs.indexing.request import LIMITS
from askdocs.records.manifest import CorpusSettings


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder docs/ with a short document, a long line, many sentences, and a folder in it."""
    folder = tmp_path / "docs"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "deep" / "deeper" / "d.txt").write_text("Rain fell.")
    (folder / "line.txt").write_text("short\n\n" + "word " * 50)
    (folder / "many.txt").write_text("Rain fell. " * 40)
    (folder / "short.txt").write_text("Rain fell.")
    return folder


def corpus_of(docs: Path) -> CorpusSettings:
    """The settings that the index beside docs/ records."""
    return open_generation(docs.parent / "vectors").manifest.corpus


@pytest.mark.parametrize(
    ("limit", "value", "skipped"),
    [
        ("max_bytes", 255, {"docs/line.txt": "larger than 255 bytes (--max-file-size)",
                            "docs/many.txt": "larger than 255 bytes (--max-file-size)"}),
        ("max_line_chars", 300, {
            "docs/many.txt": "line 1 is longer than 300 characters (--max-line-length)"}),
        ("max_sentences", 39, {"docs/many.txt": "more than 39 sentences (--max-sentences)"}),
        ("max_depth", 1, {"docs/deep/deeper": "nested deeper than 1 (--max-depth)"}),
    ],
)  # fmt: skip
def test_limit_holds_until_another_is_given(docs, index_docs, limit, value, skipped):
    """A refresh and a check obey the one that is recorded; what it left out comes back."""
    assert index_docs().documents == 4
    limited = index_docs(**{limit: value})
    again = index_docs()
    assert limited.skipped == skipped
    assert limited.documents == 4 - len(skipped)
    assert again.is_unchanged
    assert again.skipped == skipped
    assert check_freshness(docs.parent / "vectors").is_fresh
    assert getattr(corpus_of(docs), limit) == value
    plain = getattr(CorpusSettings(roots=()), limit)
    assert index_docs(**{limit: plain}).documents == 4
    assert corpus_of(docs) == CorpusSettings(roots=("docs",))


def test_parser_that_takes_too_long_is_given_up(docs, index_docs):
    """The document fails, and is tried again with another limit or when it changes."""
    # docutils takes minutes for this.
    (docs / "slow.rst").write_text("a:" * 100_000)

    def failed(seconds: int) -> dict[str, str]:
        return {"docs/slow.rst": f"parsing takes longer than {seconds} s (--max-parse-time)"}

    assert index_docs(max_parse_seconds=1).failed == failed(1)
    again = index_docs()
    assert again.is_unchanged
    assert again.failed == failed(1)
    assert index_docs(max_parse_seconds=2).failed == failed(2)
    (docs / "slow.rst").write_text("Rain.\n")
    assert index_docs().failed == {}


def test_too_many_documents_are_an_error_before_any_is_read(docs, index_docs, monkeypatch):
    """The index stays as it was, for a refresh and a check as well."""
    index_docs(max_documents=4)
    before = open_generation(docs.parent / "vectors").digest
    (docs / "new.txt").write_text("Snow fell.")
    opened: list[object] = []
    monkeypatch.setattr("askdocs.corpus.walk.read_source", lambda *_a, **_n: opened.append(1))
    for look in (index_docs, lambda: check_freshness(docs.parent / "vectors")):
        with pytest.raises(UsageError) as caught:
            look()
        assert str(caught.value) == "more than 4 files were found (--max-documents)"
    assert opened == []
    assert open_generation(docs.parent / "vectors").digest == before


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("value", [0, -1, 2**63])
def test_limit_that_no_manifest_can_hold_is_refused(index_docs, limit, value):
    """The error names the option."""
    with pytest.raises(UsageError, match=f"{LIMITS[limit]} must be between 1 and"):
        index_docs(**{limit: value})


@pytest.mark.parametrize("way", ["variable", "file"])
@pytest.mark.parametrize(
    ("given", "size"),
    [("255", 255), ("2000", 2000), ("2000 B", 2000), ("5kB", 5000), ("64MiB", 2**26), ("64 mib", 2**26),
     ("2GiB", 2**31), ("3MB", 3_000_000), ("1KIB", 1024), ("10k", 10_000),
     ("1.5k", 1500), ("1.5Mi", 1_572_864), ("0.5 KiB", 512), ("1TiB", 2**40), ("2t", 2 * 10**12)],
)  # fmt: skip
def test_sizes_have_units(*, docs, index_docs, run, monkeypatch, given, size, way):
    """Decimal and binary ones, in whatever case; a number of a file is one of bytes."""
    index_docs()
    monkeypatch.chdir(docs.parent)
    if way == "variable":
        monkeypatch.setenv("ASKDOCS_INDEX_MAX_FILE_SIZE", given)
    else:
        value = given if given.isdigit() else f"'{given}'"
        Path("askdocs.toml").write_text(f"max-file-size = {value}\n")
    assert run("index", "--quiet").status == 0
    assert corpus_of(docs).max_bytes == size


SIZES = ": a number of bytes, or one such as 500kB, 1.5M or 2GiB"


@pytest.mark.parametrize(
    ("option", "given", "reason"),
    [
        *(("--max-depth", given, " is not a whole number") for given in ("", "1e3", "1.5")),
        *(
            ("--max-file-size", given, f" is not a size{SIZES}")
            for given in ("0", "", "-1", "0.9", "64Q", "MiB", "1.5.1k", "9" * 5000, "٣", "1 2")
        ),
    ],
)
def test_value_that_is_no_limit_is_refused(run, option, given, reason):
    """In one line that says what a limit is."""
    ran = run("index", f"{option}={given}", "docs")
    assert ran.status == 2
    assert ran.err.splitlines()[0] == f"askdocs: invalid value for '{option}': {given!r}{reason}"
