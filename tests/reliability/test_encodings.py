"""E1: a file is decoded by the stated rule, or left out with a reason; its text is never guessed."""

import codecs
from contextlib import closing

import pytest

from askdocs.freshness import check_freshness
from askdocs.index.generation import open_generation
from tests.reliability.states import build_index

TEXT = "Café – 12 € für Москва 東京 🚢.\r\nZweite Zeile."
PLAIN = "Nur ASCII, zwei\nZeilen."
NOT_UTF8 = ("failed", "not UTF-8")
BINARY = ("skipped", "binary")

# Bytes, the codec that is named for what is not UTF-8, and what must come of it: the text, or why
# there is none.
CASES: list[tuple[bytes, str, str | tuple[str, str]]] = [
    # UTF-8, and what only looks like it.
    (TEXT.encode(), "", TEXT), (codecs.BOM_UTF8 + TEXT.encode(), "", f"\ufeff{TEXT}"),
    (PLAIN.encode(), "latin-1", PLAIN), (TEXT.encode(), "cp1252", TEXT), (b"a\xc3", "", NOT_UTF8),
    (b"\xa9", "", NOT_UTF8), (b"\xc0\xaf", "", NOT_UTF8), (b"\xe0\x80\xaf", "", NOT_UTF8),
    (b"\xed\xa0\x80", "", NOT_UTF8), (b"\xed\xa0\xbd\xed\xb8\x80", "", NOT_UTF8),
    (b"\xc0\x80", "", NOT_UTF8), (b"\xf4\x90\x80\x80", "", NOT_UTF8),
    (b"\xf8\x88\x80\x80\x80", "", NOT_UTF8), (codecs.BOM_UTF8 + b"caf\xe9", "latin-1", NOT_UTF8),
    (codecs.BOM_UTF8 * 2 + b"a", "", "\ufeff\ufeffa"), (b"\xef\xbb", "", NOT_UTF8),
    (codecs.BOM_UTF8, "", "\ufeff"), (b"", "", ""),
    # UTF-16 and UTF-32, with a mark and without.
    (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "", f"\ufeff{TEXT}"),
    (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "", f"\ufeff{TEXT}"),
    (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "", f"\ufeff{TEXT}"),
    (codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"), "", f"\ufeff{TEXT}"),
    (PLAIN.encode("utf-16-le"), "", BINARY), (PLAIN.encode("utf-16-be"), "latin-1", BINARY),
    (PLAIN.encode("utf-32-le"), "utf-16-le", BINARY), (PLAIN.encode("utf-32-be"), "", BINARY),
    (codecs.BOM_UTF16_LE + b"a", "", ("failed", "not UTF-16-LE")),
    (codecs.BOM_UTF16_BE + b"\xd8\x00\x00a", "latin-1", ("failed", "not UTF-16-BE")),
    (codecs.BOM_UTF16_LE + b"\x00\xdc", "", ("failed", "not UTF-16-LE")),
    (codecs.BOM_UTF32_LE + b"\x00\x00\x11\x00", "", ("failed", "not UTF-32-LE")),
    (codecs.BOM_UTF32_BE + b"\x00\x00\xd8\x00", "", ("failed", "not UTF-32-BE")),
    ("東京は日本の首都。".encode("utf-16-le"), "", NOT_UTF8),
    # Other encodings: nothing is guessed, and what is named is taken.
    (b"caf\xe9", "", NOT_UTF8), (b"caf\xe9", "latin-1", "café"),
    (b"12 \x80 \x93so\x94", "cp1252", "12 € “so”"), (b"12 \xa4", "iso8859-15", "12 €"),
    ("Москва".encode("koi8-r"), "koi8-r", "Москва"),
    ("Москва".encode("cp1251"), "cp1251", "Москва"), ("Москва".encode("cp1251"), "", NOT_UTF8),
    ("東京".encode("shift_jis"), "shift_jis", "東京"), ("東京".encode("euc_jp"), "euc_jp", "東京"),
    ("東京".encode("shift_jis"), "", NOT_UTF8), ("北京".encode("gb18030"), "gb18030", "北京"),
    ("北京".encode("big5"), "", NOT_UTF8), ("서울".encode("euc_kr"), "euc_kr", "서울"),
    (b"\x81", "cp1252", ("failed", "not CP1252")), (b"caf\xe9", "ascii", ("failed", "not ASCII")),
    ("東京".encode("shift_jis"), "euc_jp", ("failed", "not EUC_JP")),
    # Seven-bit encodings are ASCII to every tool, and are read as that.
    ("東京".encode("iso2022_jp"), "iso2022_jp", "東京".encode("iso2022_jp").decode("ascii")),
    (b"+AGE-", "utf-7", "+AGE-"),
    # Mixed in one file.
    (TEXT.encode() + b"caf\xe9", "", NOT_UTF8),
    (b"caf\xe9\n" + TEXT.encode("utf-16-le"), "", BINARY),
    ("é".encode() + "é".encode("latin-1"), "utf-8", NOT_UTF8),
    # Binary files, renamed.
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "", BINARY),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "latin-1", BINARY),
    (b"\x7fELF\x02\x01\x01" + bytes(9), "", BINARY),
    (b"PK\x03\x04\x14\x00\x06\x00", "cp1252", BINARY),
    (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "", BINARY),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\x00", "", BINARY),
    (b"GIF89a\x01\x00\x01\x00", "", BINARY), (b"text\x00", "", BINARY),
    (b"\x00", "latin-1", BINARY), (bytes(range(256)), "latin-1", BINARY), (bytes(1000), "", BINARY),
    # Control characters are characters.
    (b"a\x1a\x0c\x0b\x7f\r", "", "a\x1a\x0c\x0b\x7f\r"),
    ("\u2028\u0085\ufffe\U0010ffff".encode(), "", "\u2028\u0085\ufffe\U0010ffff"),
]  # fmt: skip


@pytest.mark.parametrize("fallback", sorted({fallback for _, fallback, _ in CASES}))
def test_index_holds_the_text_of_every_file_or_says_why_not(
    *, tmp_path, tiny_model, cache, tally, fallback
):
    """What stands in the index is what the rule says, to the character, and the index is fresh."""
    index = tmp_path / "vectors"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "good.txt").write_text("Rain fell.")
    expected = {"docs/good.txt": "Rain fell."}
    for number, (content, named, result) in enumerate(CASES):
        if named == fallback:
            (tmp_path / "docs" / f"{number:02}.txt").write_bytes(content)
            # What follows the last passage is left out, and a byte order mark alone.
            said = result.rstrip("\ufeff \r\n") if isinstance(result, str) else result
            expected[f"docs/{number:02}.txt"] = said
    options = {"model": tiny_model, "cache": cache, "encoding": fallback or None}
    build_index(index, tmp_path / "docs", **options)
    generation = open_generation(index, with_documents=True)
    with closing(generation.reader()) as reader:
        found = {
            path: reader.document(path).text
            if record.status == "indexed"
            else (record.status, record.reason)
            for path, record in generation.documents.items()
        }
    assert found == expected
    assert check_freshness(index).is_fresh
    tally("E1", "files in encodings", len(expected) - 1)
