"""A large file of an index is proved block by block, and never given out unproved."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askdocs.disk.access import record_of
from askdocs.disk.durable import FileWriter, Spool, write_index_file
from askdocs.disk.verified import BLOCK, LARGE, VerifiedFile
from askdocs.errors import DamagedIndexError, RefusedError
from askdocs.records.manifest import FileRecord
from tests.disk.conftest import opened
from tests.raising import raises

SIZE = LARGE + 3 * BLOCK + 5
# No two blocks are the same.
CONTENT = b"".join(
    hashlib.sha256(str(number).encode()).digest() for number in range(SIZE // 32 + 1)
)
CONTENT = CONTENT[:SIZE]

spans = st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(sorted)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A large file with its table of checksums."""
    write_index_file(tmp_path / "large", [CONTENT])
    return tmp_path / "large"


def flip(path: Path, position: int) -> None:
    """Change one bit of a file that stays in its place."""
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)
        file.seek(position)
        file.write(bytes([byte[0] ^ 1]))


def in_pieces(content: bytes, lengths: Iterable[int]) -> list[bytes]:
    """A content in pieces of the given lengths, and the rest."""
    pieces = []
    for length in lengths:
        pieces.append(content[:length])
        content = content[length:]
    return [*pieces, content]


@pytest.mark.parametrize("size", [0, 1, BLOCK, LARGE])
def test_file_up_to_one_mebibyte_stands_alone(tmp_path, size):
    """A small file has no table of checksums."""
    records = write_index_file(tmp_path / "file", [CONTENT[:size]])
    assert records == {
        "file": FileRecord(sha256=hashlib.sha256(CONTENT[:size]).hexdigest(), bytes=size)
    }
    assert (tmp_path / "file").read_bytes() == CONTENT[:size]
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("size", [LARGE + 1, LARGE + BLOCK - 1, LARGE + BLOCK, SIZE])
def test_table_holds_the_checksum_of_every_block(tmp_path, size):
    """Beside a large file stand the sha256 of its blocks of 8 KiB, the last one shorter."""
    content = CONTENT[:size]
    records = write_index_file(tmp_path / "file", [content])
    table = b"".join(
        hashlib.sha256(content[start : start + BLOCK]).digest() for start in range(0, size, BLOCK)
    )
    assert (tmp_path / "file").read_bytes() == content
    assert (tmp_path / "file.blocks").read_bytes() == table
    assert records == {name: record_of(tmp_path / name) for name in ("file", "file.blocks")}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(lengths=st.lists(st.integers(0, 3 * BLOCK), max_size=8))
def test_pieces_do_not_matter(tmp_path, lengths):
    """However a content is handed over, its records are the same."""
    expected = {
        name: write_once(tmp_path / "one", [CONTENT])[name] for name in ("one", "one.blocks")
    }
    found = write_once(tmp_path / "one", in_pieces(CONTENT, lengths))
    assert found == expected


def write_once(path: Path, pieces: Iterable[bytes]) -> dict[str, FileRecord]:
    """Write a file and remove it again."""
    records = write_index_file(path, pieces)
    for name in records:
        path.with_name(name).unlink()
    return records


def test_file_and_table_are_forced_to_the_disk(tmp_path, disk):
    """When writing ends, what was written survives a crash."""
    write_index_file(tmp_path / "file", [CONTENT])
    assert disk.named(file=tmp_path / "file", table=tmp_path / "file.blocks") == [
        "force file",
        "force table",
    ]


def test_first_piece_makes_the_file(tmp_path):
    """A writer that was given nothing has made nothing, and leaves nothing when it gives up."""
    writer = FileWriter(tmp_path / "file")
    before = os.listdir(tmp_path)
    writer.write(b"piece")
    FileWriter(tmp_path / "other").abort()
    assert (before, os.listdir(tmp_path)) == ([], ["file"])
    writer.abort()


def test_writer_of_nothing_makes_an_empty_file(tmp_path):
    """Its record says so."""
    records = FileWriter(tmp_path / "file").finish()
    assert records == {"file": FileRecord(sha256=hashlib.sha256().hexdigest(), bytes=0)}
    assert (tmp_path / "file").read_bytes() == b""


def test_writer_that_gives_up_lets_go_of_the_file(tmp_path):
    """Giving up closes the file, once or twice, whatever is in it."""
    writer = FileWriter(tmp_path / "file")
    writer.write(b"some")
    writer.abort()
    writer.abort()
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"more")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(asked=st.lists(spans, min_size=1, max_size=5))
def test_any_span_can_be_read(large, asked):
    """What is read is what was written, wherever blocks begin and in any order."""
    file = opened(large)
    for start, end in asked:
        assert bytes(file.read(start, end)) == CONTENT[start:end]


def test_only_blocks_that_are_read_are_proved(large):
    """Damage is noticed by who reads its block, as often as it is read, and by no one else."""
    flip(large, 5 * BLOCK + 7)
    file = VerifiedFile(
        large,
        FileRecord(sha256=hashlib.sha256(CONTENT).hexdigest(), bytes=SIZE),
        record_of(large.with_name("large.blocks")),
    )
    assert bytes(file.read(0, 5 * BLOCK)) == CONTENT[: 5 * BLOCK]
    assert bytes(file.read(6 * BLOCK, SIZE)) == CONTENT[6 * BLOCK :]
    assert file.read_blocks([(4, 5), (6, 7)])[4 * BLOCK] == CONTENT[4 * BLOCK]
    for _ in range(2):
        with raises(DamagedIndexError, f"{large} is not what its manifest says"):
            file.read(5 * BLOCK, 5 * BLOCK + 1)
        with pytest.raises(DamagedIndexError):
            file.read_blocks([(5, 6)])


@pytest.mark.parametrize("position", [0, BLOCK - 1, BLOCK, SIZE - 1])
def test_flipped_bit_of_a_large_file_is_damage(large, position):
    """The first and the last byte of a block belong to it."""
    file = opened(large)
    flip(large, position)
    with pytest.raises(DamagedIndexError):
        file.read(position, position + 1)


def test_each_block_is_proved_once(large, monkeypatch):
    """Reading again costs no checksum."""
    file = opened(large)
    hashed: list[int] = []
    real = hashlib.sha256

    def noting(content: bytes = b"") -> object:
        hashed.append(len(content))
        return real(content)

    file.read(0, 0)
    monkeypatch.setattr(hashlib, "sha256", noting)
    for _ in range(3):
        file.read(BLOCK, 2 * BLOCK + 1)
        file.read(SIZE - 1, SIZE)
    assert hashed == [BLOCK, BLOCK, 5]


@pytest.mark.parametrize(("start", "end"), [(0, SIZE + 1), (-1, 5), (5, 4), (SIZE + 1, SIZE + 1)])
def test_bytes_that_a_file_does_not_have_are_damage(large, start, end):
    """An offset that points out of a file is an error of the index, not of the program."""
    with raises(DamagedIndexError, f"{large} cannot be read: it has no bytes {start} to {end}"):
        opened(large).read(start, end)


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("large", lambda path: path.write_bytes(CONTENT[:-1]), "is not what its manifest says"),
        ("large", lambda path: path.write_bytes(CONTENT + b"\0"), "is not what its manifest says"),
        ("large.blocks", lambda path: flip(path, 3), "is not what its manifest says"),
        ("large", Path.unlink, "is missing"),
        ("large.blocks", Path.unlink, "is missing"),
    ],
)
def test_changed_file_or_table_is_damage(large, name, change, fault):
    """Neither a file of another size nor one whose table is not proved is read at all."""
    file, path = opened(large), large.with_name(name)
    change(path)
    with raises(DamagedIndexError, f"{path} {fault}"):
        file.read(0, 1)


@pytest.mark.parametrize("change", [lambda table: table[:-32], lambda table: table + b"\0" * 32])
def test_table_of_another_length_is_damage(large, change):
    """A table that is what the manifest says, and not the table of this file, proves nothing."""
    table = large.with_name("large.blocks")
    table.write_bytes(change(table.read_bytes()))
    with pytest.raises(DamagedIndexError, match="large is not what its manifest says"):
        opened(large).read(0, 1)


def test_file_without_a_table_is_proved_whole(large):
    """A flip anywhere is noticed by the first byte that is read."""
    file = VerifiedFile(large, record_of(large))
    flip(large, SIZE - 1)
    with pytest.raises(DamagedIndexError):
        file.read(0, 1)


def test_empty_file_can_be_read(tmp_path):
    """Nothing is a content too."""
    (tmp_path / "empty").write_bytes(b"")
    assert bytes(VerifiedFile(tmp_path / "empty", record_of(tmp_path / "empty")).read(0, 0)) == b""


def test_file_that_is_removed_stays_readable(large):
    """A reader goes on with what it has opened, and lets go of it when it is closed."""
    file = opened(large)
    file.read(0, 1)
    large.unlink()
    large.with_name("large.blocks").unlink()
    assert bytes(file.read(SIZE - 5, SIZE)) == CONTENT[-5:]
    assert bytes(file.read(0, SIZE)) == CONTENT
    file.close()
    with pytest.raises(DamagedIndexError, match="is missing"):
        file.read(0, 1)


def test_memory_that_is_let_go_comes_back(large):
    """What was given out stays as it is, and what is read again is the same, unproved or not."""
    file = opened(large)
    file.read(0, 1)
    file.forget()
    kept = file.read(5, 20 * BLOCK)
    given = file.given
    file.forget()
    assert given >= 20 * BLOCK - 5
    assert file.given == 0
    assert bytes(kept) == CONTENT[5 : 20 * BLOCK]
    assert bytes(file.read(0, SIZE)) == CONTENT
    small = VerifiedFile(large, record_of(large))
    small.read(0, 1)
    small.forget()
    assert bytes(small.read(1, 3)) == CONTENT[1:3]


def test_spool_gives_back_what_it_was_given(tmp_path):
    """Any span of it can be read while it grows, and its name is nowhere."""
    spool = Spool(tmp_path)
    spool.write(b"abc")
    first = spool.read(1, 3)
    spool.write(b"defg")
    assert (first, spool.read(2, 6), spool.size) == (b"bc", b"cdef", 7)
    assert os.listdir(tmp_path) == []
    spool.close()
    spool.close()


def test_spool_gives_all_where_one_call_gives_less(tmp_path, monkeypatch):
    """What the system did not give at once is asked for again, from where it stopped."""
    spool = Spool(tmp_path)
    spool.write(CONTENT)
    real = os.pread
    asked: list[tuple[int, int]] = []

    def giving_less(descriptor: int, size: int, offset: int) -> bytes:
        asked.append((offset, size))
        return real(descriptor, min(size, 4), offset)

    monkeypatch.setattr(os, "pread", giving_less)
    assert spool.read(5, 15) == CONTENT[5:15]
    assert asked == [(5, 10), (9, 6), (13, 2)]
    spool.close()


def test_spool_that_lost_its_end_is_a_refusal(tmp_path):
    """Fewer bytes than were asked for are never given."""
    spool = Spool(tmp_path)
    spool.write(b"abc")
    with pytest.raises(RefusedError, match="input/output error"):
        spool.read(1, 4)
    spool.close()


def test_spool_that_has_no_room_is_a_refusal(tmp_path):
    """A folder that is not there is named."""
    with pytest.raises(RefusedError, match="nowhere"):
        Spool(tmp_path / "nowhere")
