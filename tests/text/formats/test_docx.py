"""A Word document is read as a person reads it, and a hostile one is refused."""

import io
import zipfile

import pytest

from askdocs.errors import UnreadableSourceError
from askdocs.text.formats.docx import read

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_WORD = "http://purl.oclc.org/ooxml/wordprocessingml/main"
TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = """
<w:style w:type="paragraph" w:styleId="Titre"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/>
  <w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Chapter"><w:name w:val="Chapter"/>
  <w:basedOn w:val="berschrift1"/></w:style>
<w:style w:type="paragraph" w:styleId="Round"><w:name w:val="Round"/>
  <w:basedOn w:val="Robin"/></w:style>
<w:style w:type="paragraph" w:styleId="Robin"><w:name w:val="Robin"/>
  <w:basedOn w:val="Round"/></w:style>
<w:style w:type="paragraph" w:styleId="Zitat"><w:name w:val="Quote"/></w:style>
<w:style w:type="paragraph" w:styleId="SourceCode"><w:name w:val="Source Code"/></w:style>
<w:style w:type="paragraph" w:styleId="Liste2"><w:name w:val="List Bullet 2"/>
  <w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Listenabsatz"><w:name w:val="List Paragraph"/></w:style>
<w:style w:type="paragraph" w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style>
<w:style w:type="character" w:styleId="Secret"><w:name w:val="Secret"/>
  <w:rPr><w:vanish/></w:rPr></w:style>
"""


def relationships(**targets: str) -> str:
    """The relationships of a part, by the last word of their types."""
    body = "".join(
        f'<Relationship Id="{kind}" Type="{TYPE}/{kind}" Target="{target}"/>'
        for kind, target in targets.items()
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package">{body}</Relationships>'
    )


def docx(body: str, *, namespace: str = WORD, main: str = "word/document.xml", **parts: str):
    """The bytes of a document with this body; `parts` are the other parts by kind."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr(
            "_rels/.rels",
            relationships(**{"officeDocument": f"/{main}", "core-properties": "docProps/core.xml"}),
        )
        archive.writestr(
            main, f'<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>'
        )
        names = {kind: f"{kind}.xml" for kind in parts}
        folder, _, name = main.rpartition("/")
        archive.writestr(f"{folder}/_rels/{name}.rels", relationships(**names))
        for kind, part in {"styles": STYLES, **parts}.items():
            archive.writestr(
                f"{folder}/{kind}.xml", f'<w:{kind} xmlns:w="{namespace}">{part}</w:{kind}>'
            )
        archive.writestr(
            "docProps/core.xml",
            '<p xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Annual\n report</dc:title>'
            "<dc:creator>Ada</dc:creator><dc:description>What we did</dc:description></p>",
        )
    return result.getvalue()


def styled(body: str) -> bytes:
    """A document with the styles above."""
    return docx(body, styles=STYLES)


def paragraph(text: str, style: str = "", properties: str = "") -> str:
    """A paragraph of one run."""
    properties = f'<w:pStyle w:val="{style}"/>{properties}'
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def item(text: str, level: int = 0) -> str:
    """A list item."""
    numbering = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="7"/></w:numPr>'
    return paragraph(text, "Listenabsatz", numbering)


def row(*cells: str, properties: str = "") -> str:
    """A row of a table."""
    body = "".join(
        cell if "<w:tc>" in cell else f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells
    )
    return f"<w:tr><w:trPr>{properties}</w:trPr>{body}</w:tr>"


def blocks(content: bytes) -> list[tuple[str, str]]:
    """Kind and text of each block."""
    return [(block.kind.value, block.plain) for block in read(content).blocks]


def texts(content: bytes) -> list[str]:
    """The text of each block."""
    return [block.plain for block in read(content).blocks]


def reason(content: bytes) -> str:
    """Why a document is not read."""
    with pytest.raises(UnreadableSourceError) as caught:
        read(content)
    assert not caught.value.skipped
    return str(caught.value)


def test_text_is_made_of_the_blocks():
    """Blocks reproduce their places, and what the document says of itself is its context."""
    parsed = read(styled(paragraph("One  two.") + item("a") + item("b") + paragraph("Three.")))
    assert parsed.text == "One two.\n\na\nb\n\nThree."
    assert [parsed.text[slice(*block.chars)] for block in parsed.blocks] == [
        block.plain for block in parsed.blocks
    ]
    assert parsed.context == ("Annual report", "What we did")


def test_headings_are_told_by_the_names_of_their_styles():
    """Localised identifiers, styles based on others and outline levels are understood."""
    parsed = read(
        styled(
            paragraph("Guide", "Titre")
            + paragraph("Start", "berschrift1")
            + paragraph("Install", "berschrift2")
            + paragraph("Run it.", "Round")
            + paragraph("Next", "Chapter")
            + paragraph("More", "", '<w:outlineLvl w:val="2"/>')
            + paragraph("End.", "NoSuchStyle")
        )
    )
    assert [(block.level, block.headings) for block in parsed.blocks] == [
        (1, ("Guide",)),
        (2, ("Guide", "Start")),
        (3, ("Guide", "Start", "Install")),
        (0, ("Guide", "Start", "Install")),
        (2, ("Guide", "Next")),
        (4, ("Guide", "Next", "More")),
        (0, ("Guide", "Next", "More")),
    ]


def test_clause_that_is_styled_as_a_heading_is_a_paragraph():
    """A whole clause answers questions, and a heading does not."""
    clause = "The tenant shall pay the rent on the first day of each month. " * 4
    assert blocks(styled(paragraph(clause, "berschrift1"))) == [("paragraph", clause.strip())]


def test_items_know_what_introduces_them():
    """A list is introduced by the paragraph before it, a nested one by the item around it."""
    parsed = read(
        styled(
            paragraph("Bring:")
            + item("food")
            + item("bread", 1)
            + item("rye", 2)
            + item("milk", 1)
            + paragraph("The fresh kind.", "Listenabsatz")
            + item("water")
            + paragraph("Not these:", "berschrift1")
            + paragraph("wine", "Liste2")
            + paragraph("Not in the list", "Liste2", '<w:numPr><w:numId w:val="0"/></w:numPr>')
        )
    )
    assert [(b.number, b.kind.value, b.plain, b.level, b.lead) for b in parsed.blocks] == [
        (1, "paragraph", "Bring:", 0, 0),
        (2, "item", "food", 1, 1),
        (3, "item", "bread", 2, 2),
        (4, "item", "rye", 3, 3),
        (5, "item", "milk The fresh kind.", 2, 2),
        (6, "item", "water", 1, 1),
        (7, "heading", "Not these:", 1, 0),
        (8, "item", "wine", 2, 0),
        (9, "paragraph", "Not in the list", 0, 0),
    ]


def test_rows_know_their_header():
    """Cells that span rows are read in each; nested tables are text; deleted rows are gone."""
    span = "<w:tc><w:tcPr><w:vMerge{}/></w:tcPr>" + paragraph("{}") + "</w:tc>"
    wide = f'<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{paragraph("none")}</w:tc>'
    nested = f"<w:tc><w:tbl>{row('x', 'y')}{row('z')}</w:tbl>{paragraph('')}</w:tc>"
    table = (
        row("Year", "Month", "Rain")
        + row(span.format(' w:val="restart"', "2019"), "May", "3 mm")
        + row(span.format("", ""), "June", nested)
        + row("gone", "gone", "gone", properties='<w:del w:id="1"/>')
        + row("2020", wide)
        + row("", "", "")
    )
    parsed = read(styled(paragraph("Rain:") + f"<w:tbl>{table}</w:tbl>"))
    assert [(block.plain, block.lead) for block in parsed.blocks[1:]] == [
        ("Year | Month | Rain", 0),
        ("2019 | May | 3 mm", 2),
        ("2019 | June | x y z", 2),
        ("2020 | none", 2),
    ]


def test_table_of_one_cell_is_a_frame():
    """What stands in a frame is read like any other text."""
    cell = f"<w:tc>{paragraph('Note', 'berschrift1')}{item('a')}{item('b')}</w:tc>"
    assert blocks(styled(f"<w:tbl>{row(cell)}</w:tbl>")) == [
        ("heading", "Note"),
        ("item", "a"),
        ("item", "b"),
    ]


def test_notes_follow_what_refers_to_them():
    """Footnotes and endnotes follow their paragraph, or the whole list; separators do not count."""

    def referring(text: str, note: str) -> str:
        return text.replace("</w:r></w:p>", f"</w:r><w:r>{note}</w:r></w:p>")

    first = '<w:footnoteReference w:id="2"/>'
    second = '<w:endnoteReference w:id="2"/>'
    notes = '<w:{0} w:type="separator" w:id="0"/><w:{0} w:id="2">' + paragraph("{1}") + "</w:{0}>"
    content = docx(
        referring(paragraph("Water boils."), first)
        + referring(item("ice"), second)
        + item("steam")
        + paragraph("End."),
        styles=STYLES,
        footnotes=notes.format("footnote", "At sea level."),
        endnotes=notes.format("endnote", "Or snow."),
    )
    assert blocks(content) == [
        ("paragraph", "Water boils."),
        ("footnote", "At sea level."),
        ("item", "ice"),
        ("item", "steam"),
        ("footnote", "Or snow."),
        ("paragraph", "End."),
    ]


def test_text_box_is_read_once():
    """A text box stands in the file twice, for newer and older programs."""
    box = f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>Around it.</w:t></w:r><w:r><mc:AlternateContent "
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice><w:drawing>{box}</w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    assert texts(styled(body)) == ["Around it.", "In the box."]


def test_changes_are_accepted():
    """Insertions count, deletions do not, and a deleted paragraph end joins two paragraphs."""
    body = (
        "<w:p><w:r><w:t>The </w:t></w:r><w:ins><w:r><w:t>new </w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>old </w:delText></w:r></w:del><w:r><w:t>rule.</w:t></w:r></w:p>"
        "<w:p><w:moveFrom><w:r><w:t>Moved away.</w:t></w:r></w:moveFrom></w:p>"
        "<w:p><w:moveTo><w:r><w:t>Moved here.</w:t></w:r></w:moveTo></w:p>"
        "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>One </w:t></w:r></w:p>"
        "<w:p><w:r><w:t>sentence.</w:t></w:r></w:p>"
    )
    assert texts(styled(body)) == ["The new rule.", "Moved here.", "One sentence."]


def test_runs_read_as_a_person_reads_them():
    """White space, hyphens, links and fields read as they look; field codes and secrets do not."""
    body = (
        "<w:p><w:hyperlink><w:r><w:t>A link</w:t></w:r></w:hyperlink><w:r><w:tab/><w:t>then</w:t>"
        "<w:br/><w:t>a co</w:t><w:noBreakHyphen/><w:t>op</w:t><w:softHyphen/><w:t>era\u00adtive</w:t>"
        "</w:r><w:r><w:instrText> PAGE </w:instrText></w:r><w:sdt><w:sdtPr><w:alias/></w:sdtPr>"
        "<w:sdtContent><w:r><w:t xml:space='preserve'> of 1914</w:t></w:r></w:sdtContent></w:sdt>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
        "<w:r><w:rPr><w:rStyle w:val='Secret'/></w:rPr><w:t>hidden</w:t></w:r>"
        "<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>.</w:t></w:r></w:p>"
    )
    assert texts(styled(body)) == ["A link then a co-operative of 1914."]


def test_first_letter_in_a_frame_belongs_to_its_word():
    """A drop cap is a paragraph of its own in the file."""
    body = paragraph("T", "", '<w:framePr w:dropCap="drop"/>') + paragraph("here was a king.")
    assert texts(styled(body)) == ["There was a king."]


def test_code_keeps_its_lines():
    """Lines of code are paragraphs in the file, and one block here."""
    body = paragraph("Run:") + "".join(
        paragraph(line, "SourceCode") for line in ("for x in y:", "    print(x)", "", "done")
    )
    parsed = read(styled(body + paragraph("Wise words.", "Zitat")))
    assert [(block.kind.value, block.plain, block.lead) for block in parsed.blocks] == [
        ("paragraph", "Run:", 0),
        ("code", "for x in y:\n    print(x)\n\ndone", 1),
        ("quotation", "Wise words.", 0),
    ]


def test_contents_list_is_left_out():
    """A contents list repeats the headings with page numbers."""
    assert texts(styled(paragraph("Start 3", "Verzeichnis1") + paragraph("Text."))) == ["Text."]


def test_strict_form_and_other_part_names_are_read():
    """The main part is the one that the package names."""
    content = docx(
        paragraph("Start", "berschrift1"),
        namespace=STRICT_WORD,
        main="word/document2.xml",
        styles=STYLES,
    )
    assert blocks(content) == [("heading", "Start")]


def test_encrypted_document_needs_a_password():
    """It is a container of an older kind that holds an encrypted package."""
    mark = bytes.fromhex("d0cf11e0a1b11ae1")
    assert reason(mark + bytes(504) + "EncryptedPackage".encode("utf-16-le")) == "needs a password"
    assert reason(mark + bytes(504)) == "not a .docx file"


@pytest.mark.parametrize("content", [b"", b"PK", b"Dear all,", bytes(1000)])
def test_other_files_are_refused(content):
    """The ending alone makes no Word document."""
    assert reason(content) == "not a .docx file"


def test_other_packages_are_refused():
    """A spreadsheet is a package too."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr("_rels/.rels", relationships(officeDocument="xl/workbook.xml"))
        archive.writestr("xl/workbook.xml", "<workbook/>")
    assert reason(result.getvalue()) == "not a .docx file"


@pytest.mark.parametrize("target", ["../../../../etc/hostname", "file:///etc/hostname", ""])
def test_names_lead_nowhere_else(target):
    """Parts are looked up in the package alone."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr("_rels/.rels", relationships(officeDocument=target))
    assert reason(result.getvalue()) == "not a .docx file"


def test_document_type_is_refused():
    """Entities are declared in one: they could multiply, or name other files."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr(
            "_rels/.rels", '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]><r>&a;</r>'
        )
    assert reason(result.getvalue()) == "declares a document type (r)"


def test_bomb_is_refused():
    """257 MiB of spaces pack into less than 300 kB."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("_rels/.rels", relationships(officeDocument="d.xml"))
        with archive.open("d.xml", "w") as part:
            for _ in range(257):
                part.write(b" " * 1024 * 1024)
    assert reason(result.getvalue()) == "larger than 256 MiB when unpacked"


@pytest.mark.parametrize("part", ["<w:p>", "\x00", "<w:p/></w:body>"])
def test_damaged_part_is_named(part):
    """What is wrong is said with the name of the part."""
    assert reason(docx(part)) == "damaged: word/document.xml cannot be read"


def test_part_in_an_unknown_encoding_is_damaged():
    """Python reports it with an error of its own kind."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr("_rels/.rels", relationships(officeDocument="d.xml"))
        archive.writestr("d.xml", '<?xml version="1.0" encoding="nosuch"?><document/>')
    assert reason(result.getvalue()) == "damaged: d.xml cannot be read"


def test_deep_nesting_ends():
    """Tables in tables end somewhere: the worker says so."""
    depth = 2000
    start = "<w:tbl><w:tr><w:tc>" * depth
    body = start + paragraph("deep") + "</w:tc></w:tr></w:tbl>" * depth
    with pytest.raises(RecursionError):
        read(docx(body))
