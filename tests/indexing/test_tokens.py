"""An index holds the codes of the tokens of every passage, read after its context."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from askdocs.embedding.compiled import open_compiled
from askdocs.embedding.model import PassageText, TokenCodes
from askdocs.index.generation import open_generation
from askdocs.store import partition

GUIDE = """# Harbour

## Fees

Boats pay. Small ones do not.

## Lights

Show them at night.
"""
TEXTS = [
    PassageText("Harbour. Fees", ("", "Boats pay.", "Small ones do not.")),
    PassageText("Harbour. Lights", ("", "Show them at night.")),
]
"""The passages of the guide: headings are read before the sentences, as the context."""


def kept_passages(cache: Path) -> int:
    """How many passages the cache has codes for."""
    [path] = (cache / "embeddings").iterdir()
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM tokens").fetchone()[0])


def codes_of(index: Path, path: str) -> tuple[list[list[str]], TokenCodes]:
    """The sentences of a document's passages in an index, and the codes of all passages."""
    reader = open_generation(index).reader()
    passages = reader.passages_of(path)
    texts = [stored.passage.plain_sentences for stored in passages]
    codes, counts = reader.token_codes(np.array([stored.id for stored in passages]))
    reader.close()
    return texts, TokenCodes(codes, counts.astype(np.int32))


def assert_same(found: TokenCodes, expected: Sequence[TokenCodes]) -> None:
    """Codes are those of some passages in a row."""
    np.testing.assert_array_equal(found.codes, np.concatenate([own.codes for own in expected]))
    assert found.counts.tolist() == [n for own in expected for n in own.counts.tolist()]


def test_codes_are_those_of_the_encoder(docs, index_docs, cache):
    """Each passage has those of its headings and of its sentences after them."""
    (docs / "guide.md").write_text(GUIDE)
    (docs / "ship-log.txt").write_text("It rained.")
    index_docs()
    generation = open_generation(docs.parent / "vectors")
    encoder = open_compiled(generation.manifest.model.fingerprint, cache=cache)
    assert encoder is not None
    texts, found = codes_of(generation.index, "docs/guide.md")
    assert texts == [["Fees", "Boats pay.", "Small ones do not."],
                     ["Lights", "Show them at night."]]  # fmt: skip
    assert_same(found, encoder.embed_passages(TEXTS))
    _, found = codes_of(generation.index, "docs/ship-log.txt")
    assert_same(found, encoder.embed_passages([PassageText("ship log", ("It rained.",))]))


@pytest.mark.parametrize("size", [partition.SEGMENT_BYTES, 100])
def test_unchanged_passages_keep_their_codes(docs, index_docs, cache, monkeypatch, size):
    """A refresh copies those of other documents, and only a changed passage is embedded."""
    monkeypatch.setattr(partition, "SEGMENT_BYTES", size)
    for number in range(8):
        (docs / f"{number}.md").write_text(GUIDE.replace("Boats", f"{number} boats"))
    index_docs()
    before = {
        path.name: codes_of(docs.parent / "vectors", f"docs/{path.name}") for path in docs.iterdir()
    }
    # The passages on lights are equal.
    assert kept_passages(cache) == 9
    (docs / "3.md").write_text(GUIDE.replace("Boats", "Ships"))
    (docs / "7.md").unlink()
    index_docs()
    assert kept_passages(cache) == 10
    for name in ("0.md", "1.md", "6.md"):
        texts, found = codes_of(docs.parent / "vectors", f"docs/{name}")
        assert texts == before[name][0]
        assert_same(found, [before[name][1]])


@pytest.mark.parametrize(
    ("name", "text", "embedded"),
    [
        ("a.md", GUIDE.replace("night", "dusk"), 1),
        ("a.md", GUIDE.replace("Lights", "Lamps"), 1),
        ("a.md", GUIDE.replace("Harbour", "Haven"), 2),
        ("b.md", GUIDE, 0),
    ],
    ids=["sentence", "heading", "first heading", "name"],
)
def test_change_embeds_what_reads_it(*, docs, index_docs, cache, name, text, embedded):
    """A sentence is read with its passage, a heading with all below it, a name without headings."""
    (docs / "a.md").write_text(GUIDE)
    index_docs()
    (docs / "a.md").unlink()
    (docs / name).write_text(text)
    index_docs()
    assert kept_passages(cache) == 2 + embedded


def test_name_of_a_file_without_headings_is_read(docs, index_docs, cache):
    """A renamed file of plain text is embedded again, its sentences are not."""
    (docs / "ship.txt").write_text("It rained.")
    index_docs()
    (docs / "ship.txt").rename(docs / "boat.txt")
    assert index_docs().added == ("docs/boat.txt",)
    assert kept_passages(cache) == 2
