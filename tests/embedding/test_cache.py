"""The cache of vectors saves the encoder's work and never changes its result."""

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from askdocs.embedding import cache
from askdocs.embedding.cache import embed_with_cache


class FakeEncoder:
    """Gives every text a vector of its own, and remembers what it was asked."""

    fingerprint = "ab" * 32
    scheme = "float32"
    dimension = 8
    window = 256
    capacity = 254

    def __init__(self, *, fails_at_call: int = 0) -> None:
        """Fail as if interrupted at the call of this number, counted from 1."""
        self.calls: list[list[str]] = []
        self._fails_at_call = fails_at_call

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """One token each word."""
        return [len(text.split()) for text in texts]

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same as for sentences."""
        return self.embed_sentences(texts)

    def embed_sentences(
        self, texts: Sequence[str], advance: Callable[[int], None] = lambda _count: None
    ) -> NDArray[np.float32]:
        """Vectors from the texts' digests."""
        self.calls.append(list(texts))
        if len(self.calls) == self._fails_at_call:
            raise KeyboardInterrupt
        advance(len(texts))
        return vectors_of(texts)


def vectors_of(texts: Sequence[str]) -> NDArray[np.float32]:
    """The vectors that the fake encoder gives."""
    rows = [np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8) for text in texts]
    vectors = np.array(rows, np.float32).reshape(len(texts), 32)[:, :8] + 1
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def file_in(cache: Path) -> Path:
    """Where the fake encoder's vectors are kept."""
    return cache / "embeddings" / f"{FakeEncoder.fingerprint}-float32.sqlite"


def change(cache: Path, statement: str, *values: object) -> None:
    """Change the cache's file behind its back."""
    with closing(sqlite3.connect(file_in(cache))) as connection, connection:
        connection.execute(statement, values)


def test_what_is_cached_is_not_embedded_again(tmp_path: Path) -> None:
    """A second run takes every vector from the cache, bit by bit the same."""
    texts = ["one", "two", "three"]
    first = embed_with_cache(FakeEncoder(), texts, cache=tmp_path)
    encoder = FakeEncoder()

    second = embed_with_cache(encoder, texts, cache=tmp_path)

    assert encoder.calls == []
    np.testing.assert_array_equal(second, first)


def test_only_what_is_missing_is_embedded(tmp_path: Path) -> None:
    """Known and new sentences come back in the order in which they were given."""
    embed_with_cache(FakeEncoder(), ["one", "three"], cache=tmp_path)
    encoder = FakeEncoder()

    vectors = embed_with_cache(encoder, ["zero", "one", "two", "three"], cache=tmp_path)

    assert encoder.calls == [["zero", "two"]]
    np.testing.assert_array_equal(vectors, vectors_of(["zero", "one", "two", "three"]))


def test_interrupted_run_continues(tmp_path: Path) -> None:
    """Every slice that was finished before an interruption is there afterwards."""
    texts = [f"sentence {n}" for n in range(2500)]
    with pytest.raises(KeyboardInterrupt):
        embed_with_cache(FakeEncoder(fails_at_call=3), texts, cache=tmp_path)
    encoder = FakeEncoder()

    vectors = embed_with_cache(encoder, texts, cache=tmp_path)

    assert encoder.calls == [texts[2048:]]
    np.testing.assert_array_equal(vectors, vectors_of(texts))


def test_progress_counts_every_text_once(tmp_path: Path) -> None:
    """Cached, repeated and embedded texts all count."""
    embed_with_cache(FakeEncoder(), ["one"], cache=tmp_path)
    told: list[int] = []

    embed_with_cache(
        FakeEncoder(), ["one", "two", "two", "three"], cache=tmp_path, advance=told.append
    )

    assert sum(told) == 4


@given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=3), max_size=20))
def test_cache_never_changes_the_result(texts: list[str]) -> None:
    """With an empty or a full cache, the vectors are the encoder's; equal texts are asked once."""
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
        "UPDATE vectors SET checksum = checksum + 1",
        "DROP TABLE vectors",
    ],
)
def test_damaged_row_is_not_used(tmp_path: Path, statement: str) -> None:
    """A vector of a wrong length, with other bits, or of no vector's type is as if not there."""
    embed_with_cache(FakeEncoder(), ["one"], cache=tmp_path)
    change(tmp_path, statement)
    encoder = FakeEncoder()

    vectors = embed_with_cache(encoder, ["one"], cache=tmp_path)

    assert encoder.calls == [["one"]]
    np.testing.assert_array_equal(vectors, vectors_of(["one"]))


def test_file_that_is_no_cache_is_made_anew(tmp_path: Path) -> None:
    """A file that SQLite does not know gives way to a cache that works."""
    file_in(tmp_path).parent.mkdir()
    file_in(tmp_path).write_bytes(b"not a database" * 100)
    embed_with_cache(FakeEncoder(), ["one"], cache=tmp_path)
    encoder = FakeEncoder()

    embed_with_cache(encoder, ["one"], cache=tmp_path)

    assert encoder.calls == []


def test_damage_found_while_reading_is_mended(tmp_path: Path) -> None:
    """A file that opens and turns out to be damaged gives way to a cache that works."""
    texts = [f"sentence {n}" for n in range(1000)]
    embed_with_cache(FakeEncoder(), texts, cache=tmp_path)
    content = file_in(tmp_path).read_bytes()
    file_in(tmp_path).write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    first, second = FakeEncoder(), FakeEncoder()

    vectors = embed_with_cache(first, texts, cache=tmp_path)
    embed_with_cache(second, texts, cache=tmp_path)

    np.testing.assert_array_equal(vectors, vectors_of(texts))
    assert (first.calls, second.calls) == ([texts], [])


def test_cache_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    """Where nothing can be written, every vector comes from the encoder."""
    (tmp_path / "file").write_text("in the way")

    vectors = embed_with_cache(FakeEncoder(), ["one", "two"], cache=tmp_path / "file")

    np.testing.assert_array_equal(vectors, vectors_of(["one", "two"]))


def test_cache_that_refuses_a_write_is_left_alone(tmp_path: Path) -> None:
    """What such a cache has is used, and nothing of it is lost."""
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


def put_in_place(path: Path, thing: str) -> None:
    """Put something that is no file of SQLite where the cache's file should be."""
    path.parent.mkdir()
    match thing:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "link to itself":
            path.symlink_to(path)
        case "link to zeros":
            path.symlink_to("/dev/zero")


@pytest.mark.parametrize("thing", ["pipe", "folder", "link to itself", "link to zeros"])
def test_thing_in_the_place_of_the_file_is_done_without(tmp_path: Path, thing: str) -> None:
    """Nothing waits for a pipe or reads without an end; every vector comes from the encoder."""
    put_in_place(file_in(tmp_path), thing)

    for _ in range(2):
        vectors = embed_with_cache(FakeEncoder(), ["one", "two"], cache=tmp_path)

        np.testing.assert_array_equal(vectors, vectors_of(["one", "two"]))


def test_locked_file_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that holds the file for itself does not stop an index from being made."""
    embed_with_cache(FakeEncoder(), ["one"], cache=tmp_path)
    monkeypatch.setattr(cache, "_BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(file_in(tmp_path), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        found = embed_with_cache(FakeEncoder(), ["one", "two"], cache=tmp_path)

        np.testing.assert_array_equal(found, vectors_of(["one", "two"]))


def test_full_disk_costs_only_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no more can be kept, the rest is embedded all the same; what was kept stays."""
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


def test_row_that_calls_its_vector_a_text_is_read_or_mended(tmp_path: Path) -> None:
    """The type of a damaged row does not end the use of the cache."""
    embed_with_cache(FakeEncoder(), ["one", "two"], cache=tmp_path)
    key = hashlib.sha256(b"one").digest()
    change(tmp_path, "UPDATE vectors SET vector = CAST(X'FFFE00' AS TEXT) WHERE key = ?", key)
    first, second = FakeEncoder(), FakeEncoder()

    embed_with_cache(first, ["one", "two"], cache=tmp_path)
    embed_with_cache(second, ["one", "two"], cache=tmp_path)

    assert (first.calls, second.calls) == ([["one"]], [])
