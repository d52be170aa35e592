"""Small indexes, made without a model."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from askdocs.index.generation import current_digest
from askdocs.index.transaction import Transaction, begin
from askdocs.records.manifest import (
    CorpusSettings,
    DocumentRecord,
    FileRecord,
    Manifest,
    ModelRecord,
    PassageSettings,
)
from askdocs.store.partition import by_segment
from askdocs.text.cutting import cut_passages
from askdocs.text.formats import plain

DIMENSION = 4
SHA256 = "1" * 64
TOOLS = {"askdocs": "0.0"}
FILES = [
    "000/context.npys", "000/dense.faiss", "000/documents.jsonl", "000/lexical.npys",
    "000/passages.jsonl", "000/tables.npys", "000/tokens.npys", "corpus.jsonl", "manifest.json",
    "tools.json",
]  # fmt: skip
"""The files of a generation of one segment."""

# Paths that are not clean, and some that climb.
OUTSIDE = ["", "/", "/etc/passwd", "a/", "a//b", "./a", "a/.", "a/../b", "a/..", "a\0b"]
CLIMBING = ["../", "..//a", ".././a", "../a/../b", "../.", "..\0"]
counts = st.integers(0, 2**63 - 1)
names = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=8).filter(
    lambda name: name not in {".", ".."}
)
clean_paths = st.lists(names, min_size=1, max_size=3).map("/".join)
climbing_paths = st.tuples(st.sampled_from(["", "../", "../../"]), clean_paths).map("".join)
relative_paths = st.sampled_from([".", "..", "../.."]) | climbing_paths


def records_of(documents: Mapping[str, str]) -> dict[str, DocumentRecord]:
    """What an index knows of some documents, given by path and text."""
    return {
        path: DocumentRecord(sha256=SHA256, bytes=len(text), encoding="utf-8", paragraphs=1)
        for path, text in documents.items()
    }


def manifest_of(files: Mapping[str, FileRecord], count: int) -> Manifest:
    """The identity card of an index of some number of documents of one sentence each."""
    return Manifest(
        corpus=CorpusSettings(roots=("docs",)),
        passages=PassageSettings(),
        model=ModelRecord(
            name="none",
            revision="",
            fingerprint="0" * 64,
            dimension=DIMENSION,
            probe=(1.0,) + (0.0,) * (DIMENSION - 1),
        ),
        counts={"passages": count, "sentences": count},
        files=files,
        parsers={},
    )


def unit_vectors(count: int) -> NDArray[np.float32]:
    """Vectors of unit length, each along an axis."""
    vectors: NDArray[np.float32] = np.eye(DIMENSION, dtype=np.float32)[np.arange(count) % DIMENSION]
    return vectors


def write_segments(
    transaction: Transaction,
    documents: Mapping[str, str],
    *,
    segments: int = 1,
    records: Mapping[str, DocumentRecord] | None = None,
) -> Manifest:
    """Write documents of one sentence each, and return the manifest; made-up records by default."""
    writer = transaction.writer(dimension=DIMENSION, code_bytes=1, segments=segments)
    numbers = {path: number for number, path in enumerate(sorted(documents))}
    for segment_number, paths in enumerate(by_segment(numbers, segments)):
        with writer.segment(segment_number) as segment:
            for path in paths:
                parsed = plain.read(documents[path])
                passages = cut_passages(
                    parsed,
                    PassageSettings(),
                    lambda texts: [len(one.split()) for one in texts],
                )
                vectors = unit_vectors(numbers[path] + 1)[numbers[path] :]
                codes = np.array([[numbers[path] % 256]], np.uint8), np.array([0, 1])
                segment.add(path, SHA256, parsed, passages, vectors, tokens=[codes])
    known = records_of(documents) if records is None else records
    files = {**writer.finish(), **transaction.write_documents(known)}
    return manifest_of(files, len(documents))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Where the test's index goes; nothing is there yet."""
    return tmp_path / "base" / "vectors"


@pytest.fixture
def commit(index: Path) -> Callable[..., str]:
    """Make an index of documents of one sentence: `commit({"docs/a.txt": "Text."})`."""

    def make(
        documents: Mapping[str, str], *, tools: Mapping[str, str] = TOOLS, segments: int = 1
    ) -> str:
        with begin(index, expecting=current_digest(index)) as transaction:
            manifest = write_segments(transaction, documents, segments=segments)
            return transaction.publish(manifest, tools=tools)

    return make


@pytest.fixture
def write() -> Callable[[Transaction, Mapping[str, str]], Manifest]:
    """Write documents into a transaction: `write(transaction, {"docs/a.txt": "Text."})`."""
    return write_segments
