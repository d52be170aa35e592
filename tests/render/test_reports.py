"""Reports for a reader have a fixed form, and are safe to show."""

from dataclasses import replace

import pytest

from askdocs.records.manifest import (
    CorpusSettings,
    DocumentRecord,
    DocumentStatus,
    FileRecord,
    Manifest,
    ModelRecord,
    PassageSettings,
)
from askdocs.records.reports import IndexReport
from askdocs.render.reports import render_documents, render_failures, render_report, render_status

REPORT = IndexReport(
    index="vectors", documents=1, passages=2, sentences=1, embedded=0, seconds=1.25,
    added=(), changed=(), removed=(), skipped={}, failed={}, is_unchanged=False,
)  # fmt: skip


DONE = "indexed 1 document, 2 passages, 1 sentence, 0 embedded"
SAME = "nothing has changed: 1 document, 2 passages, 1 sentence"


@pytest.mark.parametrize(
    ("report", "lines"),
    [
        (REPORT, [f"{DONE} in 1.2 s"]),
        (replace(REPORT, is_unchanged=True), [SAME]),
        (
            replace(REPORT, skipped={"b": "link", "a\x1b": "binary"}, failed={"c": "not\nUTF-8"}),
            ["skipped a\ufffd: binary", "skipped b: link", f"{DONE}, 2 skipped, 1 failed in 1.2 s"],
        ),
        (
            replace(REPORT, skipped={f"{at:02}": "link" for at in range(11)}, is_unchanged=True),
            [
                *(f"skipped {at:02}: link" for at in range(10)),
                "skipped 1 more; askdocs status --documents lists them",
                f"{SAME}, 11 skipped",
            ],
        ),
    ],
)
def test_report_is_a_line_and_what_was_left_out(report, lines):
    """Counts are in words; at most ten of what was skipped are listed."""
    assert render_report(report) == "".join(f"{line}\n" for line in lines)


def test_failures_are_listed_apart():
    """Failures are not part of the report; of many the first ten are named."""
    report = replace(REPORT, failed={f"{at:02}\x1b": "not UTF-8" for at in range(12)})
    assert render_failures({}) == []
    assert render_failures(report.failed) == [
        *(f"failed {at:02}\ufffd: not UTF-8" for at in range(10)),
        "failed 2 more; askdocs status --documents lists them",
    ]
    assert "\ufffd" not in render_report(report)


RECORDS = {
    "b.txt": DocumentRecord(sha256="0" * 64, bytes=500, encoding="utf-8", paragraphs=1),
    "a\n.txt": DocumentRecord(sha256="0" * 64, bytes=1500, encoding="utf-8", paragraphs=2),
    "c.txt": DocumentRecord(status=DocumentStatus.FAILED, reason="not\x1b UTF-8"),
}


def status_of(manifest: Manifest, index: str = "vectors", digest: str = "0" * 64) -> str:
    """What is printed of an index of these three files."""
    return render_status(manifest, RECORDS, index=index, digest=digest)


def make_manifest(**sizes: int) -> Manifest:
    """A manifest with files of some sizes."""
    return Manifest(
        corpus=CorpusSettings(roots=("docs", "no\x1btes")),
        passages=PassageSettings(max_tokens=100),
        model=ModelRecord(name="m\x1b", revision="", fingerprint="0" * 64, dimension=3, probe=()),
        counts={"passages": 7, "sentences": 9},
        files={name: FileRecord(sha256="0" * 64, bytes=size) for name, size in sizes.items()},
        parsers={},
    )


def test_status_is_a_table():
    """What an index holds, a line each, whatever the names are made of."""
    manifest = make_manifest(a=1_000_000, b=500_000)
    assert status_of(manifest, "my\x1b/vectors", "0123456789abcdef") == (
        "index      my\ufffd/vectors, format 4, generation 0123456789ab\n"
        "corpus     docs, no\ufffdtes\n"
        "documents  2, 2.0 kB, 1 failed\n"
        "passages   7, at most 100 tokens\n"
        "sentences  9\n"
        "model      m\ufffd, 3 dimensions\n"
        "size       1.5 MB\n"
    )


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (10**6, "1.0 MB"), (2_340_000_000, "2.3 GB")],
)
def test_sizes_have_decimal_units(size, expected):
    """A size is shown in the largest unit of which there is one."""
    lines = status_of(make_manifest(a=size)).splitlines()
    assert lines[-1] == f"size       {expected}"


def test_documents_are_listed_by_path():
    """Each file with its paragraphs, or with what became of it."""
    assert render_documents(RECORDS) == (
        "a .txt  2 paragraphs\n"
        "b.txt  1 paragraph\n"
        "c.txt  failed: not\ufffd UTF-8\n"
    )  # fmt: skip
