"""A large corpus is indexed in segments, and a refresh touches only those that changed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from askdocs.embedding.model import TokenCodes
from askdocs.index.generation import open_generation
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.store import partition
from askdocs.store.partition import segment_names, segment_of

TEXTS = {
    f"{number:02}.txt": f"Rain fell on day {number}. It was wet. The ship number {number} sank.\n"
    for number in range(24)
}


@pytest.fixture
def many(docs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder docs/ with documents for four segments of at most 500 bytes."""
    monkeypatch.setattr(partition, "SEGMENT_BYTES", 500)
    write(docs, TEXTS)
    return docs


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files."""
    for name, text in texts.items():
        (folder / name).write_text(text)


def inodes(index: Path) -> dict[str, int]:
    """The inode of each file of the current generation except the manifest."""
    generation = open_generation(index)
    return {name: (generation.directory / name).stat().st_ino for name in generation.manifest.files}


def texts_in(index: Path) -> dict[str, str]:
    """Every document of an index, verified to the last byte."""
    generation = open_generation(index)
    generation.verify()
    reader = generation.reader()
    found = {path: reader.document(path).text for path, _ in reader.documents()}
    counts = generation.manifest.counts
    assert counts["passages"] == int(reader.first_passages[-1])
    assert counts["sentences"] == int(reader.first_sentences[-1])
    reader.close()
    return found


def test_corpus_is_cut_by_its_size(many, index_docs):
    """1,400 bytes make four segments of at most 500, which hold every text."""
    report = index_docs()
    assert (report.documents, report.passages, report.sentences) == (24, 24, 72)
    assert {name.partition("/")[0] for name in inodes(many.parent / "vectors")} == {
        "000", "001", "002", "003", "codebook.npys", "corpus.jsonl",
    }  # fmt: skip
    expected = {f"docs/{name}": text.rstrip() for name, text in TEXTS.items()}
    assert texts_in(many.parent / "vectors") == expected


def test_refresh_rewrites_only_segments_that_changed(many, index_docs):
    """The files of all other segments are linked."""
    index_docs()
    before = inodes(many.parent / "vectors")
    changed = segment_of("docs/07.txt", 4)
    write(many, {"07.txt": "Rain fell on day 7. It was dry. The ship number 7 sank.\n"})
    report = index_docs()
    after = inodes(many.parent / "vectors")
    assert (report.embedded, report.changed) == (1, ("docs/07.txt",))
    assert after.keys() == before.keys()
    rewritten = {name for name in after if after[name] != before[name]}
    assert rewritten - {"codebook.npys", "corpus.jsonl"} == {
        name for name in after if name.startswith(f"{changed:03}/")
    }
    assert texts_in(many.parent / "vectors")["docs/07.txt"].endswith("number 7 sank.")


@pytest.mark.parametrize("bytes_each", [100, 1500, 5000])
def test_number_of_segments_follows_the_size(many, index_docs, monkeypatch, bytes_each):
    """With more or fewer segments, nothing is embedded again and the texts stay."""
    index_docs()
    before = texts_in(many.parent / "vectors")
    monkeypatch.setattr(partition, "SEGMENT_BYTES", bytes_each)
    write(many, {"07.txt": TEXTS["07.txt"] + "\n"})
    report = index_docs()
    assert report.embedded == 0
    assert texts_in(many.parent / "vectors") == before


def test_outgrown_codebook_is_replaced(docs, index_docs, monkeypatch):
    """Sentences unlike all others get codes as precise as a first build's."""
    monkeypatch.setattr(partition, "SEGMENT_BYTES", 40)
    write(docs, {f"{number}.txt": "Rain fell.\n\nRain fell." for number in range(4)})
    index_docs()
    write(docs, {"4.txt": "The sun!"})
    report = index_docs()
    index_docs(index=docs.parent / "fresh")
    assert report.embedded == 1
    one, two = (open_generation(docs.parent / name) for name in ("vectors", "fresh"))
    every = np.arange(report.sentences)
    found, fresh = (made.reader().vectors(every) for made in (one, two))
    assert ((found * fresh).sum(axis=1) > 0.9999).all()
    assert len(segment_names(one.manifest.files)) == 4


def test_caller_may_bring_an_encoder(docs, cache):
    """A caller that has vectors already passes its own encoder."""
    (docs / "a.txt").write_text("Rain fell. It was wet.")
    asked: list[str] = []

    class Constant:
        """Embeds every sentence as the first axis."""

        fingerprint = "0" * 64
        scheme = "float32"
        dimension = 4
        token_dimension = 0
        window = 256
        capacity = 254

        def count_tokens(self, texts: list[str]) -> list[int]:
            """Count words."""
            return [len(text.split()) for text in texts]

        def embed_sentences(self, texts: list[str], advance: Any = None) -> np.ndarray:
            """Embed."""
            asked.extend(texts)
            return np.repeat(np.eye(4, dtype=np.float32)[:1], len(texts), axis=0)

        def embed_passages(self, passages: Any, advance: Any = None) -> list[TokenCodes]:
            """A model without vectors of tokens."""
            empty = np.empty((0, 0), np.uint8)
            return [
                TokenCodes(empty, np.zeros(1 + len(own.sentences), np.int32)) for own in passages
            ]

    request = IndexRequest(index=docs.parent / "vectors", paths=(docs,))

    report = build(request, cache=cache, notify=print, open_encoder=lambda *_, **__: Constant())

    assert report.embedded == 2
    assert {"It was wet.", "Rain fell."} < set(asked)
    assert open_generation(docs.parent / "vectors").manifest.model.dimension == 4
