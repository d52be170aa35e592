"""D2: a document that is damaged, hostile or not what its name says costs itself alone."""

import io
import json
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from askdocs.errors import UnreadableSourceError
from askdocs.index.generation import open_generation
from askdocs.text.decode import decode
from askdocs.text.formats import format_of
from askdocs.text.parsers import ParseLimits, Parsers
from tests.reliability.spoiled import breach
from tests.text.formats.test_docx import docx, paragraph, relationships
from tests.text.formats.test_pdf import encrypted, pdf, show

LIMITS = ParseLimits(seconds=10, memory_bytes=512 << 20, output_bytes=16 << 20)
# With a busy machine in mind: a process may have to be ended.
MOST_SECONDS = 20
CONTAINER = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)
SECRET = "launch code 4711"  # noqa: S105 - of nobody
PDF = pdf(show("Rain fell.", 72, 700))
DOCX = docx(paragraph("Rain fell."))
TOO_DEEP = "failed: nested too deeply"
HTML = "<title>Wetter</title><p>Es regnet in M\u00fcnchen."


def notebook(source: str) -> bytes:
    """Return a notebook of one cell of Markdown."""
    return json.dumps({"cells": [{"cell_type": "markdown", "source": source}]}).encode()


NOTEBOOK = notebook("Rain fell.")


@pytest.fixture(scope="module")
def parsers():
    """Return one process for all documents, with low limits."""
    with Parsers(LIMITS) as parsers:
        yield parsers


@pytest.fixture
def outcome(parsers, tally):
    """Return the reader's text of a document, or why there is none: `outcome("a.md", content)`."""

    def parse(name: str, content: bytes) -> str:
        tally("D2", "bad documents", 1)
        format_ = format_of(name)
        started = time.monotonic()
        try:
            source = decode(content)[0] if format_.is_text else content
            parsed = parsers.parse(format_, source)
        except UnreadableSourceError as error:
            return f"{'skipped' if error.skipped else 'failed'}: {error}"
        finally:
            assert time.monotonic() - started < MOST_SECONDS
        assert breach(parsed) == ""
        return "\n".join(
            (*parsed.context, *(block.plain for block in parsed.blocks if block.pieces))
        )

    return parse


def packed(name: str, content: bytes, *, unpacked_bytes: int) -> bytes:
    """Return a package of one part whose compressed content and size are given."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr("_rels/.rels", relationships(officeDocument=name))
        archive.writestr(name, content)
        part = archive.getinfo(name)
        part.compress_type, part.file_size = zipfile.ZIP_DEFLATED, unpacked_bytes
    return result.getvalue()


def gigabyte() -> bytes:
    """Return 1 GiB of spaces, compressed to a megabyte: the same piece 1,024 times."""
    compressor = zlib.compressobj(wbits=-15)
    piece = compressor.compress(b" " * (1 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return piece * 1024 + compressor.flush()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("cut.pdf", PDF[:300], "failed: damaged, or not a PDF"),
        ("cut.docx", DOCX[:-30], "failed: not a .docx file"),
        ("cut.ipynb", NOTEBOOK[:-2], "failed: not a notebook"),
        ("cut.html", b"<p>Rain fell.<p>And <b", "Rain fell.\nAnd"),
        ("cut.md", "Rain in M\u00fcnchen".encode()[:10], "failed: not UTF-8"),
        ("cut.rst", b"Title\n=====\n\n.. note:: Rain ``fell", "Title\nRain ``fell"),
    ],
)  # fmt: skip
def test_truncated_document_is_read_or_has_a_reason(outcome, name, content, expected):
    """What has no end mark is read up to where it is cut off."""
    assert outcome(name, content) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", encrypted()), ("a.docx", CONTAINER + "EncryptedPackage".encode("utf-16-le"))],
)
def test_encrypted_document_needs_a_password(outcome, name, content):
    """It is not read in part, and no password is asked for."""
    assert outcome(name, content) == "failed: needs a password"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.pdf", "failed: damaged, or not a PDF"), ("a.docx", "failed: not a .docx file"),
        ("a.ipynb", "failed: not a notebook"), ("a.html", ""), ("a.md", ""), ("a.rst", ""), ("a.txt", ""),
    ],
)  # fmt: skip
def test_empty_file_is_an_empty_text_or_has_a_reason(outcome, name, expected):
    """A format that needs a frame does not take nothing for it."""
    assert outcome(name, b"") == expected


def test_bomb_is_refused_by_its_declared_size(outcome):
    """A gigabyte is a megabyte in the file; it is not unpacked to find out."""
    content = packed("d.xml", gigabyte(), unpacked_bytes=1 << 30)

    assert len(content) < 2 << 20
    assert outcome("bomb.docx", content) == "failed: larger than 256 MiB when unpacked"


def test_bomb_that_lies_about_its_size_is_refused(outcome):
    """No more is unpacked than declared."""
    content = packed("d.xml", gigabyte(), unpacked_bytes=1000)

    assert outcome("bomb.docx", content) == "failed: damaged: d.xml cannot be read"


def deep_docx(depth: int) -> bytes:
    """Return a document of controls in controls."""
    return docx("<w:sdt>" * depth + paragraph("Rain fell.") + "</w:sdt>" * depth)


def deep_pdf(depth: int) -> bytes:
    """Return a PDF whose page is below many others in the tree of pages."""
    kids = "".join("<</Type /Pages /Count 1 /Kids [" for _ in range(depth))
    return PDF.replace(
        b"/Kids [8 0 R]", b"/Kids [" + kids.encode() + b"8 0 R" + b"]>>" * depth + b"]"
    )


DEEP = {
    "div.html": (b"<div>" * 20_000 + b"Rain fell.", "Rain fell."),
    "list.html": (b"<ul><li>" * 5_000 + b"Rain fell.", "Rain fell."),
    "table.html": (b"<table><tr><td>" * 2_000 + b"Rain fell.", "Rain fell."),
    "bold.html": (b"<b><p>" * 1_000 + b"Rain fell.", "Rain fell."),
    # Quotations nested deeper than 100 are not read.
    "quotation.md": (b">" * 20_000 + b" Rain fell.", ""),
    "list.md": (b"".join(b"  " * depth + b"- a\n" for depth in range(300)), "a\n" * 48 + "a"),
    "line.md": (b"- " * 5_000 + b"Rain fell.", ""),
    "front.md": (b"---\ntitle: " + b"[" * 1_000 + b"\n---\nRain fell.", "Rain fell."),
    "list.rst": (b"- " * 2_000 + b"Rain fell.", TOO_DEEP),
    "quotation.rst": (b"".join(b" " * depth + b"a\n\n" for depth in range(500)), TOO_DEEP),
    "directive.rst": (b"".join(b"   " * depth + b".. note::\n\n" for depth in range(500)), TOO_DEEP),
    "list.ipynb": (b'{"cells":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "failed: not a notebook"),
    "cell.ipynb": (notebook(">" * 20_000 + " Rain fell."), ""),
    "control.docx": (deep_docx(50_000), TOO_DEEP),
    "tree.pdf": (deep_pdf(20_000), "skipped: no text layer"),
    "array.pdf": (PDF.replace(b"/MediaBox [", b"/MediaBox [" + b"[" * 50_000), "skipped: no text layer"),
}  # fmt: skip


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_costs_the_document_alone(outcome, name):
    """It is read, or refused in plain words; the next document is parsed."""
    content, expected = DEEP[name]

    assert outcome(name, content) == expected
    assert outcome("next.md", b"Snow fell.") == "Snow fell."


def merging(levels: int) -> bytes:
    """Return front matter whose mappings merge nine times the one before."""
    lines = [
        f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}"
        for level in range(1, levels)
    ]
    return "\n".join(["---", "a0: &a0 {k: v}", *lines, "---", "Rain fell."]).encode()


SLOW = {
    "fields.rst": b"a:a:a:" * 33_000,
    "marks.rst": b"`a_ |b| *c* " * 50_000,
    "bracket.md": b"[" * 50_000,
    "image.md": b"![" * 50_000 + b"](" * 50_000,
    "attributes.html": b"<p " + b" ".join(b"a%d" % number for number in range(200_000)) + b">Rain fell.",
    "div.html": b"<div>" * 500_000,
    "merge.md": merging(12),
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [next(iter(SLOW)), *(pytest.param(name, marks=pytest.mark.torture) for name in [*SLOW][1:])],
)
def test_slow_document_is_given_up(name, tally):
    """Parsers take more than linear time for some documents: the limit ends that."""
    limits = ParseLimits(seconds=2, memory_bytes=512 << 20)
    tally("D2", "bad documents", 1)
    started = time.monotonic()
    with (
        Parsers(limits) as parsers,
        pytest.raises(
            UnreadableSourceError, match=r"^parsing takes longer than 2 s \(--max-parse-time\)$"
        ),
    ):
        content = SLOW[name]
        parsers.parse(format_of(name), content if name.endswith(".html") else content.decode())
    assert time.monotonic() - started < MOST_SECONDS


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("pdf.docx", PDF, "failed: not a .docx file"),
        ("text.docx", b"Rain fell.", "failed: not a .docx file"),
        ("old.docx", CONTAINER, "failed: not a .docx file"),
        ("text.pdf", b"Rain fell.", "failed: damaged, or not a PDF"),
        ("word.pdf", DOCX, "failed: damaged, or not a PDF"),
        ("page.md", b"<h1>Rain</h1>\n\n<p>It fell.</p>", "Rain\nIt fell."),
        ("word.md", DOCX, "skipped: binary"),
        ("word.html", DOCX, "skipped: binary"),
        ("pdf.txt", b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n", "failed: not UTF-8"),
        ("text.ipynb", b"Rain fell.", "failed: not a notebook"),
        ("list.ipynb", b"[1]", "failed: not a notebook"),
        ("notebook.rst", NOTEBOOK, NOTEBOOK.decode()),
    ],
)  # fmt: skip
def test_wrong_ending_is_refused_or_read_as_it_says(outcome, name, content, expected):
    """Nothing is guessed from the content."""
    assert outcome(name, content) == expected


@pytest.mark.parametrize(
    ("declared", "written"),
    [("utf-8", "cp1252"), ("utf-16", "utf-8"), ("no-such-code", "utf-8"), ("zip", "utf-8"),
     ("ascii", "cp1252"), ("unicode_escape", "utf-8"), ("x" * 5000, "utf-8")],
)  # fmt: skip
def test_wrong_declared_encoding_loses_no_page(outcome, declared, written):
    """The declaration is a hint; what cannot be so is decoded as something that can."""
    page = f"<meta charset={declared}>{HTML}".encode(written)

    assert outcome("page.html", page) == "Wetter\nEs regnet in M\u00fcnchen."


@pytest.mark.torture
def test_ten_thousand_pages_are_read(outcome):
    """A long document takes as long as its pages."""
    content = pdf(*(show(f"Page with number {number}.", 72, 700) for number in range(10_000)))

    assert outcome("long.pdf", content).endswith("Page with number 9999.")


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A file that no document may bring in; its path."""
    path = tmp_path / "secret.txt"
    path.write_text(f"{SECRET}\n")
    return str(path)


RST = """\
Rain fell.

.. include:: {0}
.. literalinclude:: {0}
.. raw:: html
   :file: {0}
.. csv-table:: Table
   :file: {0}
.. csv-table:: Table
   :url: file://{0}
.. image:: http://127.0.0.1:9/a.png
.. math::
   :file: {0}
"""
PAGE = """\
<!DOCTYPE html [<!ENTITY a SYSTEM "file://{0}">]><link rel=stylesheet href="http://127.0.0.1:9/a.css">
<meta http-equiv=refresh content="0; url=http://127.0.0.1:9/"><base href="file://{0}">
<p>Rain fell. &a;<script src="http://127.0.0.1:9/a.js">document.write("run")</script>
<img src="http://127.0.0.1:9/a.png" onerror="run()"><iframe src="file://{0}"></iframe>
<object data="file://{0}"></object><embed src="file://{0}">
"""
ENTITY = '<!DOCTYPE d [<!ENTITY a SYSTEM "file://{0}">]>'


def linked_docx(path: str) -> bytes:
    """Return a document that names a file as its template, picture, part and field, and a macro."""
    body = (
        paragraph("Rain fell.") + f'<w:p><w:fldSimple w:instr="INCLUDETEXT {path}"/></w:p>'
        f'<w:altChunk r:id="chunk" xmlns:r="r"/><w:p><w:r><w:instrText>DDEAUTO sh {path}</w:instrText></w:r></w:p>'
    )
    content = io.BytesIO(docx(body))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("word/vbaProject.bin", b"Sub AutoOpen()")
        archive.writestr(
            "word/_rels/settings.xml.rels", relationships(attachedTemplate=f"file://{path}")
        )
    return content.getvalue()


def test_nothing_is_run_and_no_file_is_brought_in(outcome, secret):
    """Scripts, macros, actions, external entities and files that a document names stay where they are."""
    action = f"/OpenAction <</S /JavaScript /JS (app.alert\\(1\\))>> /AA <</O <</S /Launch /F ({secret})>>>>"
    acting = PDF.replace(b"/Type /Catalog", b"/Type /Catalog " + action.encode())

    documents = {
        "a.rst": RST.format(secret).encode(), "a.html": PAGE.format(secret).encode(),
        "a.md": f"Rain fell. ![a](file://{secret})\n\n{{% include {secret} %}}".encode(),
        "a.docx": linked_docx(secret), "a.pdf": acting,
    }  # fmt: skip
    for name, content in documents.items():
        text = outcome(name, content)
        assert "Rain fell." in text, name
        assert SECRET not in text, name


def test_document_type_is_refused(outcome, secret):
    """Entities of XML could multiply, or bring in files."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr("_rels/.rels", relationships(officeDocument="d.xml"))
        archive.writestr("d.xml", ENTITY.format(secret) + "<d>&a;</d>")

    assert outcome("a.docx", result.getvalue()) == "failed: declares a document type (d)"


def test_names_in_an_archive_lead_nowhere(outcome, secret):
    """A part outside is not found, even if the archive has one of its name."""
    name = f"../../../../../..{secret}"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("_rels/.rels", relationships(officeDocument="word/document.xml"))
        archive.writestr(
            "word/document.xml",
            f"<document><body>{paragraph('Rain fell.')}</body></document>".replace("w:", ""),
        )
        archive.writestr(
            "word/_rels/document.xml.rels", relationships(styles=name, footnotes=f"file://{secret}")
        )
        archive.writestr(name, "<styles/>")
        archive.writestr("../../left.xml", "<left/>")

    assert outcome("a.docx", content.getvalue()) == "Rain fell."


BOMB = "\n".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 10)
)


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        (f"a0: &a0 [lol]\n{BOMB}\ntitle: *a9", "Rain fell."),
        (f"a0: &a0 [lol]\n{BOMB}\ntags: [*a9, *a9]\n<<: *a9", "Rain fell."),
        ("title: !!python/object/apply:os.system [touch left]", "Rain fell."),
        ("title: !!python/object:subprocess.Popen {}", "Rain fell."),
        ("title: &a [*a, so]", "so\nRain fell."),
        ("title: 1" + "0" * 5000, "Rain fell."),
        ("title: 0x" + "f" * 5000, "Rain fell."),
        ("title: 2020-13-45", "Rain fell."),
        ("title: " + ":60" * 2000, ":60" * 2000 + "\nRain fell."),
    ],
)
def test_front_matter_cannot_do_harm(outcome, front, expected):
    """Aliases do not multiply, tags make no objects, and the text is read."""
    assert outcome("a.md", f"---\n{front}\n---\n\nRain fell.".encode()) == expected


def test_other_documents_of_the_folder_are_indexed(run, tmp_path, tiny_model, monkeypatch):
    """The index has what can be read; each of the others is named with a reason, and the exit status is 8."""
    monkeypatch.chdir(tmp_path)
    documents = {
        "bomb.docx": packed("d.xml", gigabyte(), unpacked_bytes=1 << 30), "locked.pdf": encrypted(),
        "cut.pdf": PDF[:300], "empty.docx": b"", "list.ipynb": b"[1]", "good.docx": DOCX,
        "good.html": HTML.encode(), "good.ipynb": NOTEBOOK, "good.md": b"Rain fell.", "good.pdf": PDF,
        "good.rst": b"Rain fell.", "good.txt": b"Rain fell.", "scan.pdf": pdf(""), "word.md": DOCX,
    }  # fmt: skip
    (tmp_path / "docs").mkdir()
    for name, content in documents.items():
        (tmp_path / "docs" / name).write_bytes(content)

    ran = run("index", "--model", tiny_model, "docs")

    read = [
        f"docs/good.{ending}" for ending in ("docx", "html", "ipynb", "md", "pdf", "rst", "txt")
    ]
    records = open_generation(tmp_path / "vectors", with_documents=True).documents
    assert ran.status == 8
    assert [path for path, record in records.items() if record.status == "indexed"] == read
    assert {path: record.reason for path, record in records.items() if path not in read} == {
        "docs/bomb.docx": "larger than 256 MiB when unpacked",
        "docs/cut.pdf": "damaged, or not a PDF",
        "docs/empty.docx": "not a .docx file",
        "docs/list.ipynb": "not a notebook",
        "docs/locked.pdf": "needs a password",
        "docs/scan.pdf": "no text layer",
        "docs/word.md": "binary",
    }
