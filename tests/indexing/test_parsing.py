"""A document that its parser cannot read costs only itself, and is tried again when that may help."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from askdocs.errors import IncompleteError, UsageError
from askdocs.freshness import check_freshness
from askdocs.index.generation import open_generation
from askdocs.index.transaction import begin
from askdocs.indexing.build import build
from askdocs.indexing.plan import preview
from askdocs.indexing.request import IndexRequest
from askdocs.records.blocks import ParsedText
from askdocs.records.manifest import DocumentRecord, DocumentStatus
from askdocs.records.reports import Freshness
from askdocs.store import partition
from askdocs.store.partition import segment_names
from askdocs.text.formats import Format, format_of, parser_versions
from askdocs.text.parsers import Parsers
from tests.indexing.conftest import ignore
from tests.raising import raises

TORN = b"This was a letter once."
NO_DOCX = "not a .docx file"


def letter(text: str) -> bytes:
    """A Word document of one paragraph."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{kind}" Target="word/document.xml"/></Relationships>',
        )
        archive.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{word}"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body>'
            "</w:document>",
        )
    return result.getvalue()


@pytest.fixture
def torn(rain: Path) -> Path:
    """The folder docs/ with a document, and one that cannot be parsed."""
    (rain / "b.docx").write_bytes(TORN)
    return rain


def records_of(docs: Path) -> Mapping[str, DocumentRecord]:
    """What the index beside docs/ knows of each file."""
    return open_generation(docs.parent / "vectors").documents


def plain_texts(docs: Path) -> dict[str, list[str]]:
    """The reader's text of the passages of each document in the index beside docs/."""
    with closing(open_generation(docs.parent / "vectors").reader()) as reader:
        return {
            path: [stored.passage.plain for stored in reader.passages_of(path)]
            for path, _ in reader.documents()
        }


def republish(
    docs: Path, parsers: Mapping[str, str], records: Mapping[str, DocumentRecord]
) -> None:
    """Let the index beside docs/ say that other parsers read it, and what became of files."""
    generation = open_generation(docs.parent / "vectors")
    with begin(generation.index, expecting=generation.digest) as transaction:
        files = {**transaction.keep_data(generation), **transaction.write_documents(records)}
        manifest = replace(generation.manifest, files=files, parsers=parsers)
        transaction.publish(manifest, tools={})


def note_parsed(monkeypatch: pytest.MonkeyPatch) -> list[str | bytes]:
    """From now on, note the source of each document that is parsed."""
    parsed: list[str | bytes] = []
    real = Parsers.parse

    def noting_parse(self: Parsers, format_: Format, source: str | bytes) -> ParsedText:
        parsed.append(source)
        return real(self, format_, source)

    monkeypatch.setattr(Parsers, "parse", noting_parse)
    return parsed


def test_document_that_cannot_be_parsed_is_recorded_with_its_digest(torn, index_docs):
    """Its record and the report say why; check agrees, and a preview says the same before."""
    request = IndexRequest(index=torn.parent / "vectors", paths=(torn,))
    planned = preview(request)
    report = index_docs()
    record = DocumentRecord(
        sha256=hashlib.sha256(TORN).hexdigest(),
        bytes=len(TORN),
        status=DocumentStatus.FAILED,
        reason=NO_DOCX,
    )
    assert (report.documents, report.added) == (1, ("docs/a.txt",))
    assert (planned.documents, planned.added) == (report.documents, report.added)
    assert planned.failed == report.failed == {"docs/b.docx": NO_DOCX}
    assert records_of(torn)["docs/b.docx"] == record
    assert check_freshness(torn.parent / "vectors") == Freshness(documents=1)


def test_failed_document_is_not_parsed_again(torn, index_docs, monkeypatch):
    """Until something changes, a refresh is done without a parser, and keeps the reason."""
    index_docs()
    (torn / "c.txt").write_text("Snow fell.")
    parsed = note_parsed(monkeypatch)
    refreshed, again = index_docs(), index_docs()
    assert parsed == ["Snow fell."]
    assert refreshed.failed == again.failed == {"docs/b.docx": NO_DOCX}
    assert again.is_unchanged


def test_failed_document_is_tried_again_when_it_changes(torn, index_docs):
    """It may fail again, be indexed, and fail after that."""
    index_docs()
    (torn / "b.docx").write_bytes(TORN * 2)
    failed = index_docs()
    (torn / "b.docx").write_bytes(letter("Snow fell."))
    stale = check_freshness(torn.parent / "vectors")
    mended = index_docs()
    (torn / "b.docx").write_bytes(TORN)
    spoiled = index_docs()
    assert (failed.failed, failed.changed) == ({"docs/b.docx": NO_DOCX}, ())
    assert stale == Freshness(documents=1, changed=("docs/b.docx",))
    assert (mended.failed, mended.added) == ({}, ("docs/b.docx",))
    assert (spoiled.failed, spoiled.removed) == ({"docs/b.docx": NO_DOCX}, ("docs/b.docx",))


def test_other_version_of_a_parser_reads_its_format_again(rain, index_docs):
    """What failed with the old one is tried again, what was indexed is not gone meanwhile."""
    (rain / "b.md").write_text("# Snow\n\nIt fell.\n")
    (rain / "c.md").write_text("# Hail\n\nIt fell, too.\n")
    index_docs()
    index, before = rain.parent / "vectors", records_of(rain)
    now = open_generation(index).manifest.parsers
    failed = replace(before["docs/c.md"], status=DocumentStatus.FAILED, reason="no", paragraphs=0)
    # As if an older parser had read Markdown: its data are those of all documents.
    republish(rain, {"markdown": "markdown-it-py 0.1"}, {**before, "docs/c.md": failed})
    stale = check_freshness(index)
    report = index_docs()
    assert now == parser_versions([format_of("b.md")])
    (setting,) = stale.settings
    assert (stale.changed, stale.removed) == ((), ())
    assert (setting.name, setting.indexed, setting.wanted) == (
        "parser of markdown", "markdown-it-py 0.1", now["markdown"],
    )  # fmt: skip
    assert (report.failed, report.added, report.changed) == ({}, ("docs/c.md",), ())
    assert open_generation(index).manifest.parsers == now
    assert records_of(rain) == before
    assert check_freshness(index).is_fresh


def test_other_version_of_a_parser_leaves_other_formats_alone(rain, index_docs, monkeypatch):
    """Only the documents of its format are parsed, and nothing is embedded that is known."""
    (rain / "b.md").write_text("# Snow\n\nIt fell.\n")
    index_docs()
    republish(rain, {"markdown": "markdown-it-py 0.1"}, records_of(rain))
    (rain / "c.md").write_text("# Hail\n\nIt fell.\n")
    parsed = note_parsed(monkeypatch)
    report = index_docs()
    assert parsed == ["# Snow\n\nIt fell.\n", "# Hail\n\nIt fell.\n"]
    assert (report.added, report.changed) == (("docs/c.md",), ())


@pytest.mark.parametrize("segment_bytes", [10_000, 500])
def test_refresh_ends_where_a_build_from_scratch_would(
    torn, index_docs, monkeypatch, segment_bytes
):
    """Whatever fails and in which order, the records, the passages and the segments are the same.

    An index of one segment is the same to the byte.
    """
    monkeypatch.setattr(partition, "SEGMENT_BYTES", segment_bytes)
    steps: list[Mapping[str, bytes | None]] = [
        {"b.docx": letter("Snow fell."), "c.docx": TORN},
        {"a.txt": b"Rain fell. It was wet.", "b.docx": TORN * 40},
        {"c.docx": letter("Hail fell."), "d.docx": TORN},
        {"b.docx": None, "e.html": b"<p>The sun came out."},
    ]
    index_docs()
    for step in steps:
        write(torn, step)
        index_docs()
        fresh_index = torn.parent / "fresh"
        index_docs(index=fresh_index, rebuild=fresh_index.exists())
        refreshed, fresh = map(open_generation, (torn.parent / "vectors", fresh_index))
        assert refreshed.documents == fresh.documents
        files = [set(made.manifest.files) for made in (refreshed, fresh)]
        assert files[0] == files[1]
        assert (len(segment_names(files[0])) == 1) == (segment_bytes == 10_000)
        for name in files[0]:
            if name.endswith((".jsonl", "tables.npys", "lexical.npys", "context.npys")):
                assert refreshed.manifest.files[name] == fresh.manifest.files[name]
        if segment_bytes == 10_000:
            assert refreshed.digest == fresh.digest


def write(docs: Path, contents: Mapping[str, bytes | None]) -> None:
    """Write files, or remove those without content."""
    for name, content in contents.items():
        if content is None:
            (docs / name).unlink()
        else:
            (docs / name).write_bytes(content)


def test_failed_documents_count_in_the_number_of_segments(docs, index_docs, monkeypatch):
    """The number depends on the corpus, and not on what the parsers of today make of it."""
    monkeypatch.setattr(partition, "SEGMENT_BYTES", 500)
    content = letter("Snow fell.")
    (docs / "a.txt").write_text("Rain fell.")
    (docs / "b.docx").write_bytes(content)
    index_docs()
    sound = segment_names(open_generation(docs.parent / "vectors").manifest.files)
    (docs / "b.docx").write_bytes(b"x" * len(content))
    report = index_docs()
    torn = segment_names(open_generation(docs.parent / "vectors").manifest.files)
    assert report.failed == {"docs/b.docx": NO_DOCX}
    assert len(sound) > 1
    assert torn == sound


def test_strict_run_writes_nothing_if_a_parser_fails(torn, index_docs):
    """Neither a first index nor another generation, and a preview says so as well."""
    message = "1 document cannot be indexed; nothing was written"
    index = torn.parent / "vectors"
    for run in (index_docs, lambda **options: preview(request_of(torn, **options))):
        with pytest.raises(IncompleteError) as caught:
            run(strict=True)
        assert str(caught.value) == message
        assert caught.value.reasons == {"docs/b.docx": NO_DOCX}
    assert not (index / "HEAD").exists()
    (torn / "b.docx").write_bytes(letter("Snow fell."))
    index_docs(strict=True)
    before = open_generation(index).digest
    (torn / "b.docx").write_bytes(TORN)
    with pytest.raises(IncompleteError) as caught:
        index_docs(strict=True)
    assert caught.value.reasons == {"docs/b.docx": NO_DOCX}
    assert open_generation(index).digest == before
    assert [path.name for path in (index / "generations").iterdir()] == [before]


def request_of(docs: Path, **options: Any) -> IndexRequest:
    """A request for an index of docs/ beside it."""
    return IndexRequest(index=docs.parent / "vectors", paths=(docs,), **options)


def test_corpus_of_which_nothing_can_be_parsed_is_refused(docs, index_docs):
    """A first index without any document would answer nothing; a refresh may end there."""
    (docs / "a.docx").write_bytes(TORN)
    (docs / "b.docx").write_bytes(TORN)
    message = f"no document in {docs} can be indexed; docs/a.docx: {NO_DOCX} (and 1 more)"
    for run in (index_docs, lambda: preview(request_of(docs))):
        with raises(UsageError, message, ""):
            run()
    assert not (docs.parent / "vectors" / "HEAD").exists()
    (docs / "a.docx").write_bytes(letter("Rain fell."))
    index_docs()
    (docs / "a.docx").write_bytes(TORN)
    report = build(
        IndexRequest(index=docs.parent / "vectors"), cache=docs.parent / "cache", notify=ignore
    )
    assert (report.documents, report.removed) == (0, ("docs/a.docx",))


@pytest.mark.parametrize(
    ("text", "limit", "is_indexed"),
    [
        ("Rain fell. Snow fell. Hail fell.", 3, True),
        ("Rain fell. Snow fell. Hail fell.", 2, False),
        ("Rain fell.\n\nSnow fell.\n\nHail fell.\n", 3, True),
        ("Rain fell.\n\nSnow fell.\n\nHail fell.\n", 2, False),
        ("Rain fell. Snow fell.\n\nHail fell.\n\nAll.\n", 3, False),
        ("Rain\nSnow\nHail", 3, True),
        ("Rain\nSnow\nHail", 2, False),
        ("", 1, True),
    ],
)
def test_document_of_more_sentences_is_skipped(docs, index_docs, text, limit, is_indexed):
    """The sentences of all its passages count, and as many as the limit are taken."""
    (docs / "a.txt").write_text(text)
    (docs / "b.txt").write_text("Dew.")
    report = index_docs(max_sentences=limit)
    reason = f"more than {limit} sentences (--max-sentences)"
    assert report.skipped == ({} if is_indexed else {"docs/a.txt": reason})
    record = DocumentRecord(
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        bytes=len(text),
        encoding="utf-8",
        status=DocumentStatus.SKIPPED,
        reason=reason,
    )
    assert is_indexed or records_of(docs)["docs/a.txt"] == record
    assert index_docs().is_unchanged
    assert check_freshness(docs.parent / "vectors") == Freshness(documents=1 + is_indexed)


def test_every_format_is_searched_by_its_readers_text(docs, index_docs):
    """A folder of different files is one corpus."""
    (docs / "a.txt").write_text("Rain fell.")
    (docs / "b.md").write_text("Snow **fell**.")
    (docs / "c.html").write_text("<p>Hail &amp; wind.</p><script>alert(1)</script>")
    (docs / "d.docx").write_bytes(letter("Dew fell."))
    (docs / "e.rst").write_text("Fog *fell*.\n")
    index_docs()
    assert plain_texts(docs) == {
        "docs/a.txt": ["Rain fell."],
        "docs/b.md": ["Snow fell."],
        "docs/c.html": ["Hail & wind."],
        "docs/d.docx": ["Dew fell."],
        "docs/e.rst": ["Fog fell."],
    }
