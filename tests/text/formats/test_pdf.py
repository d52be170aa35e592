"""A PDF is read as a person reads its pages, and what cannot be read is refused with a reason."""

import subprocess
import sys
import textwrap
from collections.abc import Sequence

import pytest

from askdocs.errors import UnreadableSourceError
from askdocs.records.spans import BlockKind
from askdocs.text.formats.pdf import read

FONTS = ("Helvetica", "Helvetica-Bold", "Courier")
ROMAN, BOLD, CODE = FONTS
# The words of a paragraph that is 200 points wide in ten points of Helvetica.
LOREM = (
    "The valve closes when the pressure in the",
    "boiler rises above nine bar, and opens again",
    "as soon as it has fallen to eight.",
)


def show(text: str, left: float, baseline: float, size: float = 10, font: str = ROMAN) -> str:
    """The operators that write a line of text."""
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /F{FONTS.index(font)} {size} Tf {left} {baseline} Td ({escaped}) Tj ET"


def column(lines: Sequence[str], left: float, top: float, size: float = 10, font: str = ROMAN):
    """The operators that write lines below each other, 1.2 times their size apart."""
    return "\n".join(
        show(line, left, top - 1.2 * size * k, size, font) for k, line in enumerate(lines)
    )


def objects_of(pages: Sequence[str], outline: Sequence[tuple[str, int]], page: str, info: str):
    """The objects of a file, as text: catalogue, pages, information, fonts, outline."""
    first_page = 5 + len(FONTS)
    first_title = first_page + 2 * len(pages)
    kids = " ".join(f"{first_page + 2 * k} 0 R" for k in range(len(pages)))
    fonts = " ".join(f"/F{k} {5 + k} 0 R" for k in range(len(FONTS)))
    yield f"<</Type /Catalog /Pages 2 0 R {'/Outlines 4 0 R' if outline else ''}>>"
    yield f"<</Type /Pages /Kids [{kids}] /Count {len(pages)}>>"
    yield f"<<{info}>>"
    last_title = first_title + len(outline) - 1
    yield f"<</First {first_title} 0 R /Last {last_title} 0 R /Count {len(outline)}>>"
    for font in FONTS:
        encoding = "/Encoding /WinAnsiEncoding"
        yield f"<</Type /Font /Subtype /Type1 /BaseFont /{font} {encoding}>>"
    for number, content in enumerate(pages):
        yield (
            f"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {page} "
            f"/Contents {first_page + 2 * number + 1} 0 R /Resources <</Font <<{fonts}>>>>>>"
        )
        yield f"<</Length {len(content.encode('cp1252'))}>>\nstream\n{content}\nendstream"
    for number, (title, index) in enumerate(outline):
        following = f"/Next {first_title + number + 1} 0 R" if number + 1 < len(outline) else ""
        target = f"[{first_page + 2 * index} 0 R /XYZ 0 800 0]"
        yield f"<</Title ({title}) /Parent 4 0 R /Dest {target} {following}>>"


def pdf(
    *pages: str, outline: Sequence[tuple[str, int]] = (), page: str = "", info: str = ""
) -> bytes:
    """A file with these pages; `outline` has titles with the index of their page."""
    content = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects_of(pages, outline, page, info), start=1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    start = len(content)
    entries = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(offsets) + 1
    return content + (
        f"xref\n0 {size}\n0000000000 65535 f \n{entries}"
        f"trailer\n<</Size {size} /Root 1 0 R /Info 3 0 R>>\nstartxref\n{start}\n%%EOF\n"
    ).encode("cp1252")


def outlined(content: bytes) -> list[tuple[str, int, str]]:
    """The kind, the page and the text of each block."""
    return [(str(block.kind), block.page, block.plain) for block in read(content).blocks]


def test_lines_become_paragraphs_with_page_and_box():
    """Wraps are undone, a gap or an indented line begins a paragraph, and the box holds it."""
    parsed = read(pdf("\n".join([column(LOREM, 72, 700), column(LOREM[1:], 72, 640)])))

    assert [(block.kind, block.page, block.plain) for block in parsed.blocks] == [
        (BlockKind.PARAGRAPH, 1, " ".join(LOREM)),
        (BlockKind.PARAGRAPH, 1, " ".join(LOREM[1:])),
    ]
    assert parsed.text == " ".join(LOREM) + "\n\n" + " ".join(LOREM[1:])
    left, bottom, right, top = parsed.blocks[0].box
    assert (round(left), bottom, top) == (72, 673.5, 707.5)
    assert 250 < right < 290


def test_indented_line_begins_a_paragraph():
    """Books part paragraphs by nothing but the indentation of their first lines."""
    text = [
        show("So much for valves; now for gauges, taps", 84, 700),
        show("and whatever else a boiler has of fittings.", 72, 688),
        show("A gauge has a face of enamel, and a hand", 84, 676),
        show("that was never known to tell an untruth.", 72, 664),
    ]

    assert outlined(pdf("\n".join(text))) == [
        (
            "paragraph",
            1,
            "So much for valves; now for gauges, taps and whatever else a boiler has of fittings.",
        ),
        (
            "paragraph",
            1,
            "A gauge has a face of enamel, and a hand that was never known to tell an untruth.",
        ),
    ]


def test_hyphens_at_line_ends_are_undone():
    """A broken word is whole again; a hyphen before a capital or a digit stays."""
    text = (
        "Early in the morning the main-",
        "tenance crew walks the X-",
        "Ray wing and the F-",
        "16.",
    )

    (block,) = read(pdf(column(text, 72, 700))).blocks

    assert block.plain == (
        "Early in the morning the maintenance crew walks the X-Ray wing and the F-16."
    )


def test_two_columns_are_read_one_after_the_other():
    """Also where the file writes line by line across both, and below a title across them."""
    left = [f"left line {k} of a column of text that" for k in range(8)]
    right = [f"right line {k} of a column of text that" for k in range(8)]
    across = [
        operator
        for k, (one, other) in enumerate(zip(left, right, strict=True))
        for operator in (show(one, 72, 700 - 12 * k), show(other, 300, 700 - 12 * k))
    ]

    assert outlined(pdf("\n".join([show("On columns", 250, 740, 18), *across]))) == [
        ("heading", 1, "On columns"),
        ("paragraph", 1, " ".join([*left, *right])),
    ]


def test_running_heads_and_page_numbers_are_left_out():
    """A line that pages repeat at the same height is not text, nor is a number that counts them."""
    pages = [
        "\n".join(
            [
                show(f"Boilers - {number}", 72, 800),
                show(f"Chapter about the letter {'abcdef'[number]}", 72, 700),
                show(f"{number + 7}", 290, 40),
            ]
        )
        for number in range(6)
    ]

    assert outlined(pdf(*pages)) == [
        ("paragraph", number + 1, f"Chapter about the letter {'abcdef'[number]}")
        for number in range(6)
    ]


def test_paragraph_runs_over_a_page_break_past_a_footnote():
    """It has the first page's number and the next one's; the footnote in small type is apart."""
    first = "\n".join(
        [
            column(
                ["We come to the part of this report that", "nobody reads although it has the"],
                72,
                300,
            ),
            column(["1 At least nobody whom we asked."], 72, 80, 7),
        ]
    )

    content = pdf(first, column(["figures. It is short."], 72, 760))
    block = read(content).blocks[0]
    assert [block.page_at(block.plain.index(word)) for word in ("nobody", "figures", "short")] == [
        1, 2, 2,
    ]  # fmt: skip
    assert outlined(content) == [
        (
            "paragraph",
            1,
            "We come to the part of this report that nobody reads although it has the figures. It is short.",
        ),
        ("footnote", 1, "1 At least nobody whom we asked."),
    ]


def test_list_items_know_their_level_and_lead():
    """Bullets and numbers begin items, which wrap and nest."""
    parsed = read(
        pdf(
            "\n".join(
                [
                    show("You will need:", 72, 700),
                    show("\u2022 a spanner that fits all of the bolts on the", 80, 688),
                    show("lid", 90, 676),
                    show("\u2022 oil:", 80, 664),
                    show("1. for the hinge", 100, 652),
                    show("2. for the valve", 100, 640),
                    show("\u2022 patience", 80, 628),
                ]
            )
        )
    )

    assert [(block.kind, block.level, block.lead, block.plain) for block in parsed.blocks] == [
        ("paragraph", 0, 0, "You will need:"),
        ("item", 1, 1, "\u2022 a spanner that fits all of the bolts on the lid"),
        ("item", 1, 1, "\u2022 oil:"),
        ("item", 2, 3, "1. for the hinge"),
        ("item", 2, 3, "2. for the valve"),
        ("item", 1, 1, "\u2022 patience"),
    ]


def test_headings_by_size_weight_and_bookmarks():
    """Larger type is a higher level; bookmarks know better, and find titles in plain type."""
    pages = [
        "\n".join(
            [
                show("Steam", 72, 780, 20),
                column(LOREM, 72, 740),
                show("Pressure", 72, 680, 10, BOLD),
                column(LOREM, 72, 660),
            ]
        ),
        "\n".join([show("2 Water", 72, 780), column(LOREM, 72, 740)]),
    ]

    def headings(content):
        blocks = read(content).blocks
        return [(block.level, block.headings) for block in blocks if block.kind == "heading"]

    assert headings(pdf(*pages)) == [(1, ("Steam",)), (2, ("Steam", "Pressure"))]
    assert headings(pdf(*pages, outline=[("Steam", 0), ("Pressure", 0), ("Water", 1)])) == [
        (1, ("Steam",)),
        (1, ("Pressure",)),
        (1, ("2 Water",)),
    ]


def test_table_rows_have_their_header():
    """Cells stand below each other; a cell may wrap or be empty, and names of rows need no header."""
    rows = [
        [("Material", 150), ("Melting point", 300)],
        [("Sample A", 72), ("tin with some", 150), ("232", 300)],
        [("lead", 150)],
        [("Sample B", 72), ("zinc", 150), ("420", 300)],
        [("Sample C", 72), ("unknown", 150)],
    ]
    content = pdf(
        "\n".join(
            show(text, left, 700 - 12 * k) for k, row in enumerate(rows) for text, left in row
        )
    )

    assert [(block.kind, block.lead, block.plain) for block in read(content).blocks] == [
        ("row", 0, "| Material | Melting point"),
        ("row", 1, "Sample A | tin with some lead | 232"),
        ("row", 1, "Sample B | zinc | 420"),
        ("row", 1, "Sample C | unknown |"),
    ]


def test_table_goes_on_after_a_page_break():
    """Its header is that of the first page."""

    def page(*rows):
        return "\n".join(
            show(text, 72 + 150 * cell, 700 - 12 * k)
            for k, row in enumerate(rows)
            for cell, text in enumerate(row)
        )

    content = pdf(
        page(("Metal", "Symbol", "Use"), ("tin", "Sn", "cans"), ("lead", "Pb", "roofs")),
        page(("zinc", "Zn", "gutters"), ("iron", "Fe", "gates")),
    )

    assert [(block.kind, block.page, block.lead) for block in read(content).blocks] == [
        ("row", 1, 0),
        ("row", 1, 1),
        ("row", 1, 1),
        ("row", 2, 1),
        ("row", 2, 1),
    ]


def test_code_keeps_its_lines_and_terms_are_defined():
    """Typewriter type is code, except as a term above an indented explanation."""
    parsed = read(
        pdf(
            "\n".join(
                [
                    *(
                        show(f"Line {k} of a text in Roman type.", 72, 760 - 12 * k)
                        for k in range(4)
                    ),
                    show("Run this:", 72, 700),
                    show("for path in paths:", 90, 682, 10, CODE),
                    show("print(path)", 114, 670, 10, CODE),
                    show("--force", 72, 640, 10, CODE),
                    show("Overwrite what is there.", 96, 628),
                ]
            )
        )
    )

    assert [(block.kind, block.lead, block.plain) for block in parsed.blocks[-3:]] == [
        ("paragraph", 0, "Run this:"),
        ("code", len(parsed.blocks) - 2, "for path in paths:\n    print(path)"),
        ("definition", 0, "--force: Overwrite what is there."),
    ]


def test_turned_page_is_read_upright():
    """A page that is displayed turned has its box there; text across the direction is left out."""
    turned = "\n".join(
        f"BT /F0 10 Tf 0 1 -1 0 {200 + 12 * k} 100 Tm ({line}) Tj ET"
        for k, line in enumerate(LOREM)
    )
    stamp = show("Received", 500, 700)

    (block,) = read(pdf(f"{turned}\n{stamp}", page="/Rotate 90")).blocks

    assert block.plain == " ".join(LOREM)
    left, bottom, _, top = block.box
    assert (round(left), bottom, top) == (100, 368.5, 402.5)


def test_what_readers_do_not_see_is_not_text():
    """Text off the page is left out, and so are the dots that lead to a number."""
    content = pdf(
        "\n".join([show("Valves .................... 7", 72, 700), show("Off the page", 700, 650)])
    )

    assert outlined(content) == [("paragraph", 1, "Valves 7")]


def test_information_is_context_unless_it_is_a_file_name():
    """A title that a word processor made from a file's name says nothing."""
    page = show("Text", 72, 700)

    titled = read(pdf(page, info="/Title (Boilers and  Valves) /Keywords (steam)"))
    untitled = read(pdf(page, info="/Title (Microsoft Word - final2.doc)"))

    assert titled.context == ("Boilers and Valves", "steam")
    assert untitled.context == ()


def test_document_without_text_is_skipped():
    """Scans are left out on purpose; the reason says what is missing."""
    with pytest.raises(UnreadableSourceError, match=r"^no text layer$") as caught:
        read(pdf("0 0 100 100 re f"))
    assert caught.value.skipped


def encrypted() -> bytes:
    """A file whose user password is not empty: PDFium compares a digest and finds another one."""
    encryption = f"<</Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}>>>"
    return pdf(show("Secret", 72, 700)).replace(
        b"/Root", f"/Encrypt {encryption} /ID [<00> <00>] /Root".encode()
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (encrypted(), "needs a password"),
        (b"", "damaged, or not a PDF"),
        (b"Minutes of the meeting", "damaged, or not a PDF"),
        (pdf(show("Text", 72, 700))[:200], "damaged, or not a PDF"),
    ],
)
def test_unreadable_document_fails_with_a_reason(content, reason):
    """Neither is left out on purpose."""
    with pytest.raises(UnreadableSourceError) as caught:
        read(content)
    assert (str(caught.value), caught.value.skipped) == (reason, False)


def test_page_that_is_missing_costs_only_itself():
    """The other pages are read, with their own numbers."""
    content = pdf(*(show(f"Page with letter {letter}", 72, 700) for letter in "abc"))

    broken = content.replace(b"10 0 obj\n<</Type /Page ", b"10 0 obj\n<</Type /Rage ", 1)

    assert outlined(broken)[0] == ("paragraph", 1, "Page with letter a")
    assert outlined(broken)[-1] == ("paragraph", 3, "Page with letter c")


def test_memory_does_not_grow_with_the_pages(tmp_path):
    """Pages are closed as they are read: what stays is their text, some hundred bytes here."""
    path = tmp_path / "long.pdf"
    path.write_bytes(pdf(*[column(LOREM, 72, 700)] * 2000))
    script = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        from askdocs.text.formats.pdf import read
        content = Path(sys.argv[1]).read_bytes()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(len(read(content).blocks), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
    )

    result = subprocess.run(
        [sys.executable, "-c", script, path],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )

    blocks, growth = map(int, result.stdout.split())
    assert blocks == 2000
    assert growth * (1 if sys.platform == "darwin" else 1024) < 32 * 1024 * 1024
