"""A large file is read where little of it is wanted, mapped where much is, and closed in the end."""

import errno
import gc
import hashlib
import os
from pathlib import Path

import pytest

from askdocs.disk.durable import write_index_file
from askdocs.disk.verified import BLOCK, LARGE, VerifiedFile
from askdocs.errors import DamagedIndexError, RefusedError
from tests.disk.conftest import opened
from tests.raising import raises, refusing

SIZE = LARGE + 5
CONTENT = hashlib.shake_128(b"large").digest(SIZE)
SPAN = 1 << 16
Reads = list[tuple[int, int]]


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A large file with its table of checksums."""
    write_index_file(tmp_path / "large", [CONTENT])
    return tmp_path / "large"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """The offset and size of every read at an offset, as it is asked for."""
    asked: Reads = []
    real = os.pread

    def noting(descriptor: int, size: int, offset: int) -> bytes:
        asked.append((offset, size))
        return real(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", noting)
    return asked


def descriptors(path: Path) -> int:
    """How many descriptors of a file this process holds."""
    links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    return [os.readlink(link) for link in links if os.path.lexists(link)].count(str(path))


def test_little_is_read_in_whole_blocks(large, reads):
    """A part takes one read of its blocks, the last one of the file being shorter."""
    file = opened(large)
    assert bytes(file.read(BLOCK + 1, 3 * BLOCK + 1)) == CONTENT[BLOCK + 1 : 3 * BLOCK + 1]
    assert bytes(file.read(SIZE - 9, SIZE)) == CONTENT[-9:]
    assert reads == [(BLOCK, 3 * BLOCK), (LARGE - BLOCK, BLOCK + 5)]
    assert file.given == 0


def test_blocks_that_stand_together_are_read_together(large, reads):
    """Blocks come one after another, without what is between them."""
    file = opened(large)
    content = file.read_blocks([(2, 4), (9, 10), (128, 129)])
    assert bytes(content) == (
        CONTENT[2 * BLOCK : 4 * BLOCK] + CONTENT[9 * BLOCK : 10 * BLOCK] + CONTENT[LARGE:]
    )
    assert reads == [(2 * BLOCK, 2 * BLOCK), (9 * BLOCK, BLOCK), (LARGE, 5)]
    assert not file.is_at_hand(2 * BLOCK, 3 * BLOCK)


def test_much_is_mapped(large, reads):
    """One read of more than 64 KiB maps the file: nothing is read at an offset from then on."""
    file = opened(large)
    file.read(0, SPAN)
    before = len(reads)
    assert bytes(file.read(1, SPAN + 2)) == CONTENT[1 : SPAN + 2]
    assert bytes(file.read(LARGE, LARGE + 1)) == CONTENT[LARGE : LARGE + 1]
    assert file.read_blocks([(3, 4)]) == CONTENT
    assert len(reads) == before
    assert file.given > SPAN
    assert file.is_at_hand(0, SPAN + 2)
    assert not file.is_at_hand(0, LARGE)


def test_file_that_is_read_again_and_again_is_mapped(large, reads):
    """When half as many bytes were read as it has, it is mapped, which answers faster."""
    file = opened(large)
    for _ in range(20):
        assert bytes(file.read(SPAN, 2 * SPAN)) == CONTENT[SPAN : 2 * SPAN]
    # Eight reads are two bytes less than half of it.
    assert reads == [(SPAN, SPAN)] * 9


@pytest.mark.parametrize("size", [1, SPAN + 1], ids=["read", "mapped"])
def test_file_that_is_cut_off_in_its_place_is_damage(large, size):
    """An open file that lost its end gives nothing of it."""
    file = opened(large)
    file.read(0, 1)
    os.truncate(large, LARGE - SPAN)
    with pytest.raises(DamagedIndexError, match="large is not what its manifest says"):
        file.read(SIZE - size, SIZE)


def test_system_that_does_not_read_is_a_refusal(large, monkeypatch):
    """An error of the disk is named, with the file."""
    file = opened(large)
    monkeypatch.setattr(os, "pread", refusing(errno.EIO))
    with raises(RefusedError, f"{large}: input/output error"):
        file.read(0, 1)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no list of open files")
@pytest.mark.parametrize("size", [1, SPAN + 1], ids=["read", "mapped"])
@pytest.mark.parametrize("close", [VerifiedFile.close, lambda file: None], ids=["closed", "left"])
def test_descriptors_are_given_back(large, size, close):
    """An open file holds one descriptor, mapped or not; closed or forgotten, it holds none."""
    files = [opened(large) for _ in range(20)]
    for file in files:
        file.read(0, 1)
        file.read(0, size)
        file.read(0, 1)
    held = descriptors(large)
    for file in files:
        close(file)
        close(file)
    if close is VerifiedFile.close:
        assert descriptors(large) == 0
    del file, files
    gc.collect()
    assert held == 20
    assert descriptors(large) == 0


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no list of open files")
def test_file_of_another_size_is_not_kept_open(large):
    """A file that is refused is closed."""
    file = opened(large)
    os.truncate(large, LARGE + 1)
    with pytest.raises(DamagedIndexError):
        file.read(0, 1)
    gc.collect()
    assert descriptors(large) == 0
