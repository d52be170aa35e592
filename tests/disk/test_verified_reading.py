"""What is read from an index file is what its record promises, or nothing."""

import errno
import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest

from askdocs.disk.access import digest, read_verified, record_of, refusals, verify, verify_size
from askdocs.disk.verified import VerifiedFile, verify_with_blocks
from askdocs.errors import DamagedIndexError, RefusedError, UnreadableFileError
from askdocs.records.manifest import FileRecord
from tests.raising import raises, refusing

CONTENT = b"content of an index file"
RECORD = FileRecord(sha256=hashlib.sha256(CONTENT).hexdigest(), bytes=len(CONTENT))

USES = [read_verified, verify]

both = pytest.mark.parametrize("use", USES)


def verify_with_its_table(path: Path, record: FileRecord) -> None:
    """Prove a large file, whatever its table is."""
    verify_with_blocks(path, record, record)


def read_by_blocks(path: Path, record: FileRecord) -> None:
    """Read a byte of a large file."""
    table = hashlib.sha256(CONTENT).digest()
    path.with_name(f"{path.name}.blocks").write_bytes(table)
    blocks = FileRecord(sha256=digest(table), bytes=len(table))
    VerifiedFile(path, record, blocks).read(0, 1)


def test_digest_is_sha256():
    """The digest of `abc` is the one in FIPS 180-2."""
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_record_of_a_file_is_that_of_its_content(tmp_path):
    """A file larger than what is read at once is recorded to its last byte."""
    content = bytes(range(256)) * 5000 + b"end"
    (tmp_path / "file").write_bytes(content)
    record = record_of(tmp_path / "file")
    assert record == FileRecord(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def test_verify_accepts_what_is_recorded(tmp_path):
    """A file larger than what is read at once is verified to its last byte."""
    content = bytes(3 << 20) + b"end"
    (tmp_path / "file").write_bytes(content)
    verify(tmp_path / "file", FileRecord(sha256=digest(content), bytes=len(content)))
    with pytest.raises(DamagedIndexError):
        verify(tmp_path / "file", FileRecord(sha256=digest(bytes(3 << 20)), bytes=len(content)))


def test_verify_takes_little_memory(tmp_path):
    """A file of 32 MiB is verified without ever holding 4 MiB of it."""
    with (tmp_path / "file").open("wb") as file:
        file.truncate(32 << 20)
    record = FileRecord(sha256=digest(bytes(32 << 20)), bytes=32 << 20)
    tracemalloc.start()
    verify(tmp_path / "file", record)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


@both
@pytest.mark.parametrize(
    "content",
    [b"", CONTENT[:-1], CONTENT + b"\0", CONTENT.swapcase()],
    ids=["empty", "truncated", "appended", "changed"],
)
def test_other_content_is_damage(tmp_path, use, content):
    """A file that is not what the manifest promises is named and not returned."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with raises(DamagedIndexError, f"{path} is not what its manifest says", "askdocs repair"):
        use(path, RECORD)


@both
def test_right_digest_with_a_wrong_size_is_damage(tmp_path, use):
    """Size and digest must both be right."""
    (tmp_path / "file").write_bytes(CONTENT)
    with pytest.raises(DamagedIndexError):
        use(tmp_path / "file", FileRecord(sha256=RECORD.sha256, bytes=RECORD.bytes + 1))


@both
@pytest.mark.parametrize("name", ["nowhere", "folder", "file/inside"])
def test_missing_file_is_damage(tmp_path, use, name):
    """A file that is not there, or is a folder, is missing from the index."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(CONTENT)
    with raises(DamagedIndexError, f"{tmp_path / name} is missing"):
        use(tmp_path / name, RECORD)


@both
def test_refusal_is_no_damage(tmp_path, use):
    """A file that the system does not open is refused, with its name and the reason."""
    path = tmp_path / ("n" * 300)
    with raises(RefusedError, f"{path}: {os.strerror(errno.ENAMETOOLONG).lower()}"):
        use(path, RECORD)


@pytest.mark.parametrize("use", [*USES, verify_size, verify_with_its_table, read_by_blocks])
@pytest.mark.parametrize("target", ["real", "loop"])
def test_link_is_damage(tmp_path, use, target):
    """What it leads to may be changed by those who know nothing of the index."""
    (tmp_path / "real").write_bytes(CONTENT)
    path = tmp_path / "loop"
    path.symlink_to(target)
    with raises(DamagedIndexError, f"{path} is a link"):
        use(path, RECORD)


@both
def test_file_that_the_disk_has_lost_says_so(tmp_path, use, monkeypatch):
    """A question is refused; repair can tell a lost file from one that may be readable later."""
    path = tmp_path / "file"
    monkeypatch.setattr("askdocs.disk.access.open_regular", refusing(errno.EIO))
    with pytest.raises(UnreadableFileError) as caught:
        use(path, RECORD)
    lost = os.strerror(errno.EIO).lower()
    assert str(caught.value) == f"{path}: {lost}"
    assert caught.value.reason == f"cannot be read: {lost}"
    assert (caught.value.exit_status, caught.value.hint) == (7, "askdocs repair")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.EIO, "Input/output error"), "given: input/output error"),
        (OSError(errno.EIO, "Input/output error", "own"), "own: input/output error"),
        (OSError("Odd"), "given: odd"),
    ],
)
def test_refusals_name_the_path(error, message):
    """The error's own path is named, and the given one where it has none."""
    with pytest.raises(RefusedError) as caught, refusals("given"):
        raise error
    assert str(caught.value) == message
    assert caught.value.__cause__ is error


def test_refusals_leave_other_errors_alone():
    """Only what the system refuses is turned into a refusal."""
    with pytest.raises(KeyError), refusals("given"):
        raise KeyError
