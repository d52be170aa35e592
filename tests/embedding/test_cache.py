"""The cache of vectors saves the encoder's work and never changes its result."""

import hashlib
import os
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from askdocs.embedding import cache
from askdocs.embedding.cache import embed_passages_with_cache, embed_with_cache
from askdocs.embedding.model import PassageText, TokenCodes


class FakeEncoder:
    """Returns a different vector for every text, and remembers the calls."""

    fingerprint = "ab" * 32
    scheme = "float32"
    dimension = 8
    token_dimension = 12

    def __init__(self, *, fails_at_call: int = 0) -> None:
        """Fail as if interrupted at the call of this number, counted from 1."""
        self.calls: list[list[str]] = []
        self.passages: list[list[PassageText]] = []
        self._fails_at_call = fails_at_call

    def embed_sentences(
        self, texts: Sequence[str], advance: Callable[[int], None] = lambda _count: None
    ) -> NDArray[np.float32]:
        """Vectors from the texts' digests."""
        self.calls.append(list(texts))
        if len(self.calls) == self._fails_at_call:
            raise KeyboardInterrupt
        advance(len(texts))
        return vectors_of(texts)

    def embed_passages(
        self, passages: Sequence[PassageText], advance: Callable[[int], None] = lambda _count: None
    ) -> list[TokenCodes]:
        """Codes from the passages' digests."""
        self.passages.append(list(passages))
        advance(len(passages))
        return list(map(codes_of, passages))


def vectors_of(texts: Sequence[str]) -> NDArray[np.float32]:
    """The fake encoder's vectors."""
    rows = [np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8) for text in texts]
    vectors = np.array(rows, np.float32).reshape(len(texts), 32)[:, :8] + 1
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def codes_of(passage: PassageText) -> TokenCodes:
    """The fake encoder's codes: a token for each word, the same in equal passages."""
    texts = (passage.context, *passage.sentences)
    counts = np.array([len(text.split()) for text in texts], np.int32)
    digest = hashlib.sha256(repr(passage).encode()).digest()
    codes = np.resize(np.frombuffer(digest, np.uint8), (counts.sum(), 2))
    return TokenCodes(codes, counts)


def numbers(*counts: int) -> bytes:
    """Numbers of tokens as the cache keeps them."""
    return np.array(counts, "<i4").tobytes()


def assert_codes(found: Sequence[TokenCodes], passages: Sequence[PassageText]) -> None:
    """Codes are the fake encoder's."""
    for own, passage in zip(found, passages, strict=True):
        np.testing.assert_array_equal(own.codes, codes_of(passage).codes)
        np.testing.assert_array_equal(own.counts, codes_of(passage).counts)


def file_in(cache: Path) -> Path:
    """Where the fake encoder's vectors are kept."""
    return cache / "embeddings" / f"{FakeEncoder.fingerprint}-float32.sqlite"


def change(cache: Path, statement: str, *values: object) -> None:
    """Run SQL in the cache's file."""
    with closing(sqlite3.connect(file_in(cache))) as connection, connection:
        connection.execute(statement, values)


def test_only_missing_vectors_are_embedded(tmp_path):
    """Known and new vectors are returned in the order of the texts, and every text counts once."""
    embed_with_cache(FakeEncoder(), ["one", "three"], cache=tmp_path)
    encoder = FakeEncoder()
    texts = ["zero", "one", "two", "three", "two"]
    told: list[int] = []
    vectors = embed_with_cache(encoder, texts, cache=tmp_path, advance=told.append)
    assert encoder.calls == [["zero", "two"]]
    assert sum(told) == 5
    np.testing.assert_array_equal(vectors, vectors_of(texts))


def test_interrupted_run_continues(tmp_path):
    """Every slice finished before an interruption is kept."""
    texts = [f"sentence {n}" for n in range(2500)]
    with pytest.raises(KeyboardInterrupt):
        embed_with_cache(FakeEncoder(fails_at_call=3), texts, cache=tmp_path)
    encoder = FakeEncoder()
    vectors = embed_with_cache(encoder, texts, cache=tmp_path)
    assert encoder.calls == [texts[2048:]]
    np.testing.assert_array_equal(vectors, vectors_of(texts))


@given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=3), max_size=20))
def test_cache_never_changes_the_result(texts):
    """With an empty or a full cache, vectors are the encoder's; equal texts are embedded once."""
    with tempfile.TemporaryDirectory() as directory:
        encoder = FakeEncoder()
        for _ in range(2):
            vectors = embed_with_cache(encoder, texts, cache=Path(directory))
            np.testing.assert_array_equal(vectors, vectors_of(texts))
    asked = [text for call in encoder.calls for text in call]
    assert sorted(asked) == sorted(set(texts))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE vectors SET vector = substr(vector, 1, 31)",
        "UPDATE vectors SET vector = zeroblob(32)",
        "UPDATE vectors SET vector = 'text'",
        "UPDATE vectors SET vector = CAST(X'FFFE00' AS TEXT)",
        "UPDATE vectors SET checksum = checksum + 1",
        "DROP TABLE vectors",
    ],
)
def test_damaged_row_is_not_used(tmp_path, statement):
    """A vector of another length, type or value is embedded again, once."""
    embed_with_cache(FakeEncoder(), ["one"], cache=tmp_path)
    change(tmp_path, statement)
    encoder = FakeEncoder()
    for _ in range(2):
        vectors = embed_with_cache(encoder, ["one"], cache=tmp_path)
        np.testing.assert_array_equal(vectors, vectors_of(["one"]))
    assert encoder.calls == [["one"]]


@pytest.mark.parametrize("sound", [0, 4096])
def test_damaged_file_is_replaced(tmp_path, sound):
    """A file that SQLite does not know, or finds damaged while it reads, becomes a new cache."""
    texts = [f"sentence {n}" for n in range(1000)]
    embed_with_cache(FakeEncoder(), texts, cache=tmp_path)
    content = file_in(tmp_path).read_bytes()
    file_in(tmp_path).write_bytes(content[:sound] + b"\xff" * (len(content) - sound))
    first, second = FakeEncoder(), FakeEncoder()
    vectors = embed_with_cache(first, texts, cache=tmp_path)
    embed_with_cache(second, texts, cache=tmp_path)
    np.testing.assert_array_equal(vectors, vectors_of(texts))
    assert (first.calls, second.calls) == ([texts], [])


def test_cache_that_refuses_a_write_is_left_alone(tmp_path):
    """Its vectors are used, and none is lost."""
    embed_with_cache(FakeEncoder(), ["one"], cache=tmp_path)
    change(
        tmp_path,
        "CREATE TRIGGER full BEFORE INSERT ON vectors BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    encoder = FakeEncoder()
    for _ in range(2):
        vectors = embed_with_cache(encoder, ["one", "two"], cache=tmp_path)
    assert encoder.calls == [["two"], ["two"]]
    np.testing.assert_array_equal(vectors, vectors_of(["one", "two"]))


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.parent.rmdir() or path.parent.write_text("in the way"),
        os.mkfifo,
        os.mkdir,
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/dev/zero"),
    ],
    ids=["no folder", "pipe", "folder", "link to itself", "link to zeros"],
)
def test_cache_that_cannot_be_made_is_done_without(tmp_path, make):
    """Nothing waits for a pipe or reads without end; every vector comes from the encoder."""
    file_in(tmp_path).parent.mkdir()
    make(file_in(tmp_path))
    for _ in range(2):
        vectors = embed_with_cache(FakeEncoder(), ["one", "two"], cache=tmp_path)
        np.testing.assert_array_equal(vectors, vectors_of(["one", "two"]))


def test_locked_file_is_done_without(tmp_path, monkeypatch):
    """Another program's lock on the file does not stop indexing."""
    embed_with_cache(FakeEncoder(), ["one"], cache=tmp_path)
    monkeypatch.setattr(cache, "_BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(file_in(tmp_path), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        found = embed_with_cache(FakeEncoder(), ["one", "two"], cache=tmp_path)
        np.testing.assert_array_equal(found, vectors_of(["one", "two"]))


def test_full_disk_costs_only_the_cache(tmp_path, monkeypatch):
    """If no more can be kept, the rest is embedded all the same; what was kept stays."""
    real = cache._connect  # noqa: SLF001 - a file that may not grow is a full disk

    def connect(path: Path) -> sqlite3.Connection:
        connection = real(path)
        connection.execute("PRAGMA max_page_count = 12")
        return connection

    monkeypatch.setattr(cache, "_connect", connect)
    texts = [f"sentence {number}" for number in range(3000)]
    embed_with_cache(FakeEncoder(), texts[:100], cache=tmp_path)

    found = embed_with_cache(FakeEncoder(), texts, cache=tmp_path)
    encoder = FakeEncoder()
    embed_with_cache(encoder, texts[:100], cache=tmp_path)

    np.testing.assert_array_equal(found, vectors_of(texts))
    assert encoder.calls == []


PASSAGES = [
    PassageText("", ("one", "two three")),
    PassageText("one", ("two three",)),
    PassageText("one", ("two", "three")),
    PassageText("", ()),
    PassageText("", ("",)),
]
"""Passages of the same words, whose parts tell them apart."""


def test_only_missing_passages_are_embedded(tmp_path):
    """Context and sentences make the key; each passage counts once, and equal ones are one."""
    embed_passages_with_cache(FakeEncoder(), PASSAGES[1:2], cache=tmp_path)
    encoder = FakeEncoder()
    told: list[int] = []
    passages = [*PASSAGES, PASSAGES[0]]
    found = embed_passages_with_cache(encoder, passages, cache=tmp_path, advance=told.append)
    assert encoder.passages == [[PASSAGES[0], *PASSAGES[2:]]]
    assert sum(told) == len(passages)
    assert_codes(found, passages)
    again = FakeEncoder()
    assert_codes(embed_passages_with_cache(again, passages, cache=tmp_path), passages)
    assert again.passages == []


def test_vectors_and_codes_share_a_file(tmp_path):
    """Neither takes the other's place, and a file of vectors alone gets a table for codes."""
    embed_with_cache(FakeEncoder(), ["one"], cache=tmp_path)
    change(tmp_path, "DROP TABLE tokens")
    embed_passages_with_cache(FakeEncoder(), PASSAGES, cache=tmp_path)
    encoder = FakeEncoder()
    embed_with_cache(encoder, ["one"], cache=tmp_path)
    assert_codes(embed_passages_with_cache(encoder, PASSAGES, cache=tmp_path), PASSAGES)
    assert (encoder.calls, encoder.passages) == ([], [])
    assert [path.name for path in file_in(tmp_path).parent.iterdir()] == [file_in(tmp_path).name]


@pytest.mark.parametrize(
    "content",
    [b"", bytes(8) + b"\1\0\0", numbers(0, 1), numbers(0, 1, 2) + bytes(5),
     numbers(-1, 1, 2) + bytes(4), numbers(1, 2) + bytes(6)],
)  # fmt: skip
def test_codes_of_another_number_are_not_used(tmp_path, content):
    """What another version kept under a passage's key is embedded again, once."""
    embed_passages_with_cache(FakeEncoder(), PASSAGES[:1], cache=tmp_path)
    with closing(sqlite3.connect(file_in(tmp_path))) as connection:
        [(key,)] = connection.execute("SELECT key FROM tokens").fetchall()
    checksum = zlib.crc32(content, zlib.crc32(key))
    change(tmp_path, "UPDATE tokens SET codes = ?, checksum = ?", content, checksum)
    encoder = FakeEncoder()
    for _ in range(2):
        found = embed_passages_with_cache(encoder, PASSAGES[:1], cache=tmp_path)
        assert_codes(found, PASSAGES[:1])
    assert encoder.passages == [PASSAGES[:1]]
