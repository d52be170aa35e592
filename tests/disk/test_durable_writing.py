"""What is reported as written is on the disk, and what cannot be written is refused by name."""

import errno
import fcntl
import hashlib
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from askdocs.disk.durable import (
    link_or_copy,
    make_directory,
    move_into_place,
    remove_tree,
    replace_file,
    sync,
    write_file,
)
from askdocs.errors import RefusedError
from askdocs.records.manifest import FileRecord
from tests.raising import raises, refusing


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow beyond 100 bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_written_file_is_what_its_record_says(tmp_path, disk):
    """All pieces are in the file, which is forced to the disk; the record is that of the whole."""
    record = write_file(tmp_path / "file", iter([b"one", b"", b"two"]))
    assert (tmp_path / "file").read_bytes() == b"onetwo"
    assert record == FileRecord(sha256=hashlib.sha256(b"onetwo").hexdigest(), bytes=6)
    assert disk.named(file=tmp_path / "file") == ["force file"]


def test_file_is_never_written_twice(tmp_path):
    """A file that is there already stays as it is."""
    (tmp_path / "file").write_bytes(b"old")
    with raises(RefusedError, f"{tmp_path / 'file'}: file exists"):
        write_file(tmp_path / "file", [b"new"])
    assert (tmp_path / "file").read_bytes() == b"old"


def test_full_disk_is_a_refusal(tmp_path):
    """A write that the disk does not take is never reported as done."""
    with (
        raises(RefusedError, f"{tmp_path / 'file'}: {os.strerror(errno.EFBIG).lower()}"),
        full_disk(),
    ):
        write_file(tmp_path / "file", [bytes(60), bytes(60)])


def test_failed_force_is_a_refusal(tmp_path, monkeypatch):
    """A disk that fails when the data reach it refuses the file."""
    monkeypatch.setattr(os, "fsync", refusing(errno.EIO))
    with raises(RefusedError, f"{tmp_path / 'file'}: input/output error"):
        write_file(tmp_path / "file", [b"content"])


def test_drive_is_made_to_write_on_macos(tmp_path, monkeypatch):
    """There, forcing a file leaves it in the drive's own cache, which is forced too."""
    commands: list[int] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", lambda _descriptor, command: commands.append(command))
    write_file(tmp_path / "file", [b"content"])
    assert commands == [51]


@pytest.mark.parametrize("has_leftover", [False, True])
def test_replaced_file_has_the_new_content(tmp_path, disk, has_leftover):
    """The new content is on the disk before its name; what a dead run left gives way."""
    path = tmp_path / "HEAD"
    path.write_bytes(b"old")
    if has_leftover:
        (tmp_path / "HEAD.new").write_bytes(b"half a li")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["HEAD"]
    assert disk.named(head=path, folder=tmp_path) == ["force head", "rename head", "force folder"]


def test_file_that_cannot_be_replaced_stays(tmp_path):
    """Where the new content does not fit, the old one is still there."""
    path = tmp_path / "HEAD"
    path.write_bytes(b"old")
    with pytest.raises(RefusedError, match=r"HEAD\.new: "), full_disk():
        replace_file(path, bytes(101))
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("has_leftover", [False, True])
def test_renamed_folder_has_its_name_on_the_disk(tmp_path, disk, has_leftover):
    """The folder above is forced after the renaming; of what a dead run left, nothing stays."""
    source, target = tmp_path / "new", tmp_path / "generations" / "final"
    source.mkdir()
    (source / "file").write_bytes(b"content")
    (target / "000" if has_leftover else target.parent).mkdir(parents=True)
    move_into_place(source, target)
    assert not source.exists()
    assert os.listdir(target) == ["file"]
    assert disk.named(it=target, above=target.parent) == ["rename it", "force above"]


def test_kept_file_gets_a_second_name(tmp_path, disk):
    """Where the file system has links, nothing is copied; a clone's files are forced all the same."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"content")
    link_or_copy(source, target)
    assert target.samefile(source)
    assert disk.named(link=target) == ["force link"]


@pytest.mark.parametrize(
    "number",
    [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS, errno.EACCES],
)
def test_kept_file_is_copied_where_links_fail(tmp_path, monkeypatch, disk, number):
    """A file system without links, in whatever words it says so, gets a copy on the disk."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"content")
    monkeypatch.setattr(Path, "hardlink_to", refusing(number))
    link_or_copy(source, target)
    assert target.read_bytes() == b"content"
    assert not target.samefile(source)
    assert disk.named(copy=target) == ["force copy"]


def test_copy_that_does_not_fit_is_a_refusal(tmp_path, monkeypatch):
    """A full disk is found out in copying as in writing."""
    (tmp_path / "source").write_bytes(bytes(200))
    monkeypatch.setattr(Path, "hardlink_to", refusing(errno.EXDEV))
    with pytest.raises(RefusedError) as caught, full_disk():
        link_or_copy(tmp_path / "source", tmp_path / "target")
    assert os.strerror(errno.EFBIG).lower() in str(caught.value)


def test_folder_is_made_with_its_parents(tmp_path, disk):
    """Each new folder's name is forced to the disk; those that are there already are fine."""
    make_directory(tmp_path / "a" / "b")
    make_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    forced = disk.named(a=tmp_path / "a", above=tmp_path)
    assert sorted(forced) == ["force a", "force above"]


def test_folder_in_place_of_a_file_is_a_refusal(tmp_path):
    """A file in the way is named."""
    (tmp_path / "a").write_bytes(b"")
    with raises(RefusedError, f"{tmp_path / 'a'}: file exists"):
        make_directory(tmp_path / "a")


def test_tree_is_removed_with_all_in_it(tmp_path):
    """Nothing is left, nothing is followed, and what is gone already is fine."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "file").write_bytes(b"")
    (tmp_path / "tree" / "link").symlink_to("../kept")
    remove_tree(tmp_path / "tree")
    remove_tree(tmp_path / "tree")
    assert os.listdir(tmp_path) == ["kept"]


def test_tree_that_cannot_be_removed_is_a_refusal(tmp_path, monkeypatch):
    """A disk that has become read-only is reported."""
    (tmp_path / "tree").mkdir()
    monkeypatch.setattr(os, "rmdir", refusing(errno.EROFS))
    with pytest.raises(RefusedError, match="read-only file system"):
        remove_tree(tmp_path / "tree")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_force_reaches_the_very_thing(tmp_path, disk, kind):
    """A file that another library wrote, or a folder's entries, are forced once."""
    path = tmp_path / "thing"
    if kind == "file":
        path.write_bytes(b"content")
    else:
        path.mkdir()
    sync(path)
    assert disk.named(thing=path) == ["force thing"]


@pytest.mark.parametrize(
    "use",
    [
        sync,
        lambda path: move_into_place(path, path.parent),
        lambda path: link_or_copy(path, path.parent),
    ],
)
def test_missing_path_is_a_refusal(tmp_path, use):
    """What is not there cannot be forced, renamed or kept, and is named."""
    path = tmp_path / "nowhere"
    with raises(RefusedError, f"{path}: no such file or directory"):
        use(path)
