"""A source file is read whole, or refused with a reason and without waiting."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.corpus.read import read_source
from askdocs.errors import UnreadableSourceError
from tests.raising import refusing


@pytest.fixture
def make_thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Make something named x.txt that is not a regular file, by its kind."""
    # The address of a socket is shorter than a temporary path may be.
    monkeypatch.chdir(tmp_path)

    def make(kind: str) -> Path:
        path = tmp_path / "x.txt"
        (tmp_path / "target").write_bytes(b"content")
        match kind:
            case "fifo":
                os.mkfifo(path)
            case "socket":
                with socket.socket(socket.AF_UNIX) as server:
                    server.bind("x.txt")
            case "device":
                return Path(os.devnull)
            case "folder":
                path.mkdir()
            case _:
                targets = {"link": "target", "link to itself": "x.txt", "dangling link": "nowhere"}
                path.symlink_to(targets[kind])
        return path

    return make


def refusal(path: Path, max_bytes: int = 100, **options: bool) -> tuple[str, bool]:
    """The reason why a file is refused, and whether it is skipped."""
    with pytest.raises(UnreadableSourceError) as caught:
        read_source(path, max_bytes=max_bytes, **options)
    return str(caught.value), caught.value.skipped


@pytest.mark.parametrize("max_bytes", [5, 2**40, 2**62, 2**63 - 1])
def test_file_is_read_whole(tmp_path, max_bytes):
    """A file of at most the allowed size, however large, comes back with every byte."""
    (tmp_path / "x.txt").write_bytes(b"a\r\n\0\xff")
    assert read_source(tmp_path / "x.txt", max_bytes=max_bytes) == b"a\r\n\0\xff"


def test_file_above_the_limit_is_skipped(tmp_path):
    """One byte too many makes a file too large."""
    (tmp_path / "x.txt").write_bytes(bytes(3 * 2**19 + 1))
    reason = "larger than 1.5 MiB (--max-file-size)"
    assert refusal(tmp_path / "x.txt", 3 * 2**19) == (reason, True)


@pytest.mark.parametrize("follow_links", [False, True])
@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "folder"])
def test_special_file_is_skipped(make_thing, kind, follow_links):
    """Anything but a regular file is refused at once and unread."""
    expected = ("not a regular file", True)
    assert refusal(make_thing(kind), follow_links=follow_links) == expected


@pytest.mark.parametrize(
    ("kind", "follow_links"),
    [
        ("link", False),
        ("dangling link", False),
        ("link to itself", False),
        ("link to itself", True),
    ],
)
def test_link_is_skipped(make_thing, kind, follow_links):
    """A link is not followed, wherever it leads, and a loop is never."""
    assert refusal(make_thing(kind), follow_links=follow_links) == ("link", True)


def test_link_is_followed_where_asked_for(make_thing):
    """A root may be a link; its target is read."""
    assert read_source(make_thing("link"), max_bytes=100, follow_links=True) == b"content"


@pytest.mark.parametrize(
    ("name", "number"), [("nowhere", errno.ENOENT), ("file/x.txt", errno.ENOTDIR)]
)
def test_missing_file_has_failed(tmp_path, name, number):
    """A missing file is reported with the system's reason, not skipped in silence."""
    (tmp_path / "file").write_bytes(b"")
    assert refusal(tmp_path / name) == (os.strerror(number).lower(), False)


@pytest.mark.parametrize(
    ("number", "reason", "skipped"),
    [
        (errno.EACCES, "permission denied", False),
        (errno.EMLINK, "link", True),  # what FreeBSD says of a link
        (errno.ENXIO, "not a regular file", True),  # what Linux says of a socket
        (errno.EOPNOTSUPP, "not a regular file", True),  # what macOS says of a socket
    ],
)
def test_refusal_to_open_gives_the_reason(tmp_path, monkeypatch, number, reason, skipped):
    """The system's error becomes the reason, in lower case."""
    monkeypatch.setattr(os, "open", refusing(number))
    assert refusal(tmp_path / "x.txt") == (reason, skipped)


def test_refusal_to_read_gives_the_reason(tmp_path, monkeypatch):
    """A disk that fails half-way is reported as such."""
    (tmp_path / "x.txt").write_bytes(b"content")
    monkeypatch.setattr(os, "pread", refusing(errno.EIO))
    assert refusal(tmp_path / "x.txt") == ("input/output error", False)


def test_file_that_comes_in_pieces_is_read_whole(tmp_path, monkeypatch):
    """The system may give fewer bytes than were asked for, and more the next time."""
    (tmp_path / "x.txt").write_bytes(b"content")
    read = os.pread
    monkeypatch.setattr(
        os, "pread", lambda descriptor, size, start: read(descriptor, min(size, 3), start)
    )
    content = read_source(tmp_path / "x.txt", max_bytes=100)
    assert content == b"content"


@pytest.mark.parametrize("content", [b"longer than before", b"short", b""])
def test_file_that_changes_meanwhile_has_failed(tmp_path, monkeypatch, content):
    """A file that grows or shrinks while it is read is reported, not indexed in half."""
    path = tmp_path / "x.txt"
    path.write_bytes(b"as it was")
    look_at = os.fstat

    def look_and_change(descriptor: int) -> os.stat_result:
        status = look_at(descriptor)
        path.write_bytes(content)
        monkeypatch.setattr(os, "fstat", lambda _descriptor: status)
        return status

    monkeypatch.setattr(os, "fstat", look_and_change)
    assert refusal(path) == ("it changed while it was read", False)


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "folder", "link"])
def test_refused_file_is_closed(make_thing, kind):
    """Refusals leave no descriptor open."""
    path = make_thing(kind)
    before = next_descriptor()
    for _ in range(3):
        refusal(path)
    assert next_descriptor() == before


def next_descriptor() -> int:
    """The lowest number that no open file has."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def test_file_is_read_where_a_place_cannot_be_named(tmp_path, monkeypatch):
    """Windows has no `pread`: there it is moved to the place and read."""
    (tmp_path / "a.txt").write_bytes(b"some text")
    monkeypatch.delattr(os, "pread")
    assert read_source(tmp_path / "a.txt", max_bytes=100) == b"some text"
