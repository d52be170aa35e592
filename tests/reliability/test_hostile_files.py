"""H1 to H4: whatever lies in a corpus under whatever name, the rest is indexed, and nothing waits."""

import json
import os
import socket
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from askdocs.cli.process import main
from askdocs.corpus import read
from askdocs.corpus.walk import EntryKind, walk
from askdocs.errors import RefusedError
from askdocs.freshness import check_freshness
from askdocs.indexing.build import build
from askdocs.indexing.plan import preview
from askdocs.indexing.request import IndexRequest
from askdocs.records.manifest import CorpusSettings
from tests.reliability.signatures import ignore

LINK, SPECIAL = read.LINK, read.SPECIAL


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder docs/ in the current one, with a document good.txt."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "good.txt").write_text("Rain fell.")
    return tmp_path / "docs"


# H1: what a name may stand for.


def make_fifo(path: Path) -> None:
    """A FIFO that nobody writes to."""
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    """A socket that nobody listens on."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


def make_device(kind: int, major: int, minor: int) -> Callable[[Path], None]:
    """What makes a device of some numbers."""

    def make(path: Path) -> None:
        os.mknod(path, kind | 0o666, os.makedev(major, minor))

    return make


def link_to(target: str) -> Callable[[Path], None]:
    """What makes a link."""
    return lambda path: path.symlink_to(target)


def make_circle(path: Path) -> None:
    """Two links that lead to one another."""
    path.symlink_to("other")
    path.with_name("other").symlink_to(path.name)


def make_link_to_fifo(path: Path) -> None:
    """A link to a FIFO outside of the corpus."""
    os.mkfifo(path.parent.parent / "fifo")
    path.symlink_to("../fifo")


def make_folder(path: Path) -> None:
    """A folder with a document."""
    path.mkdir()
    (path / "inner.txt").write_text("Snow fell.")


def make_hard_link(path: Path) -> None:
    """A second name of a file outside of the corpus."""
    (path.parent.parent / "outside.txt").write_text("Hail fell.")
    path.hardlink_to(path.parent.parent / "outside.txt")


def make_sparse(path: Path) -> None:
    """A file that takes no space on the disk."""
    path.touch()
    os.truncate(path, 1 << 40)


def make_open_fifo(path: Path) -> None:
    """A FIFO that has a writer."""
    os.mkfifo(path)
    # With a writer, a read would wait for what it writes.
    os.open(path, os.O_RDWR | os.O_NONBLOCK)


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "FIFO": (make_fifo, SPECIAL),
    "FIFO with a writer": (make_open_fifo, SPECIAL),
    "socket": (make_socket, SPECIAL),
    "device without an end": (make_device(stat.S_IFCHR, 1, 5), SPECIAL),
    "terminal": (make_device(stat.S_IFCHR, 5, 0), SPECIAL),
    "block device": (make_device(stat.S_IFBLK, 7, 0), SPECIAL),
    "folder named like a document": (make_folder, ""),
    "link to itself": (link_to("x.txt"), LINK),
    "links in a circle": (make_circle, LINK),
    "link to nowhere": (link_to("nowhere"), LINK),
    "link to a document": (link_to("good.txt"), LINK),
    "link out of the corpus": (link_to("/etc/passwd"), LINK),
    "link to a folder above": (link_to(".."), LINK),
    "link to a FIFO": (make_link_to_fifo, LINK),
    "link to a device": (link_to("/dev/zero"), LINK),
    "hard link": (make_hard_link, ""),
    "file of a terabyte without content": (make_sparse, "larger than 16 MiB (--max-file-size)"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_document_is_skipped_with_a_reason(docs, index_docs, tally, kind):
    """Nothing waits for it, the other document is indexed, and the index is fresh."""
    make, reason = KINDS[kind]
    try:
        make(docs / "x.txt")
    except PermissionError:
        pytest.skip("only the superuser makes devices")

    report = index_docs()

    assert report.failed == {}
    assert {path: why for path, why in report.skipped.items() if path == "docs/x.txt"} == (
        {"docs/x.txt": reason} if reason else {}
    )
    assert report.documents == (1 if reason else 2)
    assert check_freshness(docs.parent / "vectors").is_fresh
    tally("H1", "kinds of files", 1)


@pytest.mark.parametrize("kind", ["FIFO", "socket", "link to a device", "link to a FIFO"])
def test_root_that_is_no_document_is_skipped(docs, index_docs, tally, kind):
    """A root may be a link, and nothing waits for its target."""
    KINDS[kind][0](docs / "x.txt")

    report = index_docs(docs / "x.txt", docs / "good.txt")

    assert (report.skipped, report.documents) == ({"docs/x.txt": SPECIAL}, 1)
    tally("H1", "kinds of roots", 1)


# H2: how large a tree may be.


@contextmanager
def nested(base: Path, depth: int) -> Iterator[None]:
    """Folders in folders, an ignore file in each, and a.txt in the last; too deep for rmtree."""
    folder = os.open(base, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
        os.close(os.open(".gitignore", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    last = os.open("a.txt", os.O_CREAT | os.O_WRONLY, dir_fd=folder)
    os.write(last, b"Snow fell.")
    os.close(last)
    os.close(folder)
    yield
    # Each in turn comes up by one: a recursion ends before, and so does the longest path.
    top, spare = base / "d", base / "spare"
    while top.exists():
        if (top / "d").exists():
            (top / "d").rename(spare)
        for path in top.iterdir():
            path.unlink()
        top.rmdir()
        if spare.exists():
            spare.rename(top)


def test_folders_nest_1500_deep(docs, index_docs, tally):
    """Below the limit of nesting they are indexed; above it the rest is, and that is said."""
    with nested(docs, 1500):
        limited = index_docs()
        whole = index_docs(max_depth=1500)
        is_fresh = check_freshness(docs.parent / "vectors").is_fresh

    too_deep = {"docs/" + "d/" * 1000 + "d": "nested deeper than 1,000 (--max-depth)"}
    assert (limited.documents, limited.skipped, limited.failed) == (1, too_deep, {})
    assert (whole.documents, whole.skipped, whole.failed, is_fresh) == (2, {}, {}, True)
    tally("H2", "trees", 2)


def test_many_files_are_walked_in_seconds(docs, amount, tally):
    """Each folder is listed once, and no file is looked at."""
    folders, each = amount(10, 1000), 100
    for number in range(folders):
        folder = docs / f"{number % 30}" / f"{number}"
        folder.mkdir(parents=True)
        for name in range(each):
            os.close(os.open(folder / f"{name}.txt", os.O_CREAT | os.O_WRONLY))
    started = time.monotonic()

    found = walk(docs.parent, CorpusSettings(roots=("docs",)), index=docs.parent / "vectors")

    assert len(found) == folders * each + 1
    if folders == 1000:
        assert time.monotonic() - started <= 5
    tally("H2", "files in one walk", len(found))


# H3: what may not be read, and what goes away.


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that any user may enter, with docs/one/a.txt and docs/two/b.txt."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name).resolve()
        base.chmod(0o777)
        for path in ("one/a.txt", "two/b.txt", "two/inner/c.txt"):
            (base / "docs" / path).parent.mkdir(parents=True, exist_ok=True)
            (base / "docs" / path).write_text("Rain fell.")
        yield base


@contextmanager
def allowed(path: Path, mode: int) -> Iterator[None]:
    """Let a path have a mode, and be a user for whom it counts: it does not for the superuser."""
    user, before = os.geteuid(), path.stat().st_mode
    path.chmod(mode)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(before)


@pytest.mark.parametrize(
    ("path", "mode", "failed"),
    [
        ("docs/one/a.txt", 0, {"docs/one/a.txt": "permission denied"}),
        ("docs/one", 0, {"docs/one": "permission denied"}),
        # It can be listed but not entered: the folder is what failed, not each document.
        ("docs/two", 0o444, {"docs/two": "permission denied"}),
        # It can be entered but not listed.
        ("docs/two", 0o111, {"docs/two": "permission denied"}),
        ("docs/two/inner", 0, {"docs/two/inner": "permission denied"}),
    ],
)
def test_what_may_not_be_read_is_reported(shared, tally, path, mode, failed):
    """The other documents would be indexed."""
    with allowed(shared / path, mode):
        shown = preview(IndexRequest(index=shared / "vectors", paths=(shared / "docs",)))

    assert shown.failed == failed
    assert shown.documents == 3 - (2 if path == "docs/two" else 1)
    tally("H3", "files and folders that may not be read", 1)


@pytest.mark.parametrize(
    "case",
    [
        ("docs", 0, "docs", "docs cannot be listed: permission denied"),
        ("docs", 0o444, "docs", "docs cannot be listed: permission denied"),
        ("docs", 0, "docs/one", "{base}/docs/one: permission denied"),
        ("docs", 0o444, "docs/one/a.txt", "{base}/docs/one/a.txt: permission denied"),
        ("docs/two", 0o444, "docs/two/inner", "{base}/docs/two/inner: permission denied"),
    ],
)
def test_root_that_may_not_be_entered_is_refused(shared, tiny_model, cache, tally, case):
    """Its documents are not gone: a new index, a refresh and a check refuse in one line."""
    closed, mode, root, message = case
    other, index = shared / "other", shared / "vectors"
    request = IndexRequest(index=index, paths=(shared / root,), model=str(tiny_model))
    build(request, cache=cache, notify=ignore)

    for attempt in (
        lambda: preview(IndexRequest(index=other, paths=(shared / root,))),
        lambda: preview(IndexRequest(index=index)),
    ):
        with allowed(shared / closed, mode), pytest.raises(RefusedError) as caught:
            attempt()
        assert str(caught.value) == message.format(base=shared)
    with allowed(shared / closed, mode):
        if "cannot be listed" in message:
            assert not check_freshness(index).is_fresh
        else:
            with pytest.raises(RefusedError):
                check_freshness(index)
    assert check_freshness(index).is_fresh
    tally("H3", "roots that may not be entered", 1)


@pytest.mark.parametrize("vanishing", ["folder", "file", "folder becomes a file"])
def test_what_vanishes_meanwhile_is_reported(docs, index_docs, monkeypatch, tally, vanishing):
    """What a listing named and is not there any more has failed; the rest is indexed."""
    (docs / "gone").mkdir()
    (docs / "gone.txt").write_text("Snow fell.")
    listed = os.scandir

    def list_and_remove(place: str) -> Iterator[os.DirEntry[str]]:
        found = listed(place)
        if Path(place) == docs:
            entries = list(found)
            with suppress(FileNotFoundError):
                if vanishing == "file":
                    (docs / "gone.txt").unlink()
                else:
                    (docs / "gone").rmdir()
            if vanishing == "folder becomes a file":
                (docs / "gone").write_text("")
            found.close()
            return _listing(entries)
        return found

    monkeypatch.setattr(os, "scandir", list_and_remove)

    report = index_docs()

    name = "docs/gone.txt" if vanishing == "file" else "docs/gone"
    why = "not a directory" if "becomes" in vanishing else "no such file or directory"
    assert report.failed == {name: why}
    assert report.documents == (1 if vanishing == "file" else 2)
    tally("H3", "entries that vanish", 1)


@contextmanager
def _listing(entries: list[os.DirEntry[str]]) -> Iterator[list[os.DirEntry[str]]]:
    yield entries


# H4: names.

NAMES = [
    b"plain.txt", b"two words.txt", b"-n.txt", b"--help.txt", b"-.txt", b"#p1.txt", b"a#p2-3.txt",
    b"a#p1:0-5.txt", b"a:b.txt", b"a%20b.txt", b"~.txt", b"~root.txt", b"$HOME.txt", b"`id`.txt",
    b"$(id).txt", b"'.txt", b'".txt', b"\\.txt", b"a\\nb.txt", b"*.txt", b"?.txt", b"[a].txt",
    b"{a,b}.txt", b"!a.txt", b"a;b.txt", b"a|b.txt", b"a&b.txt", b"<b>.txt", b"new\nline.txt",
    b"end\n.txt", b"tab\t.txt", b"return\r.txt", b"\x1b[31mred.txt", b"\x1b]0;title\x07.txt", b"bell\x07.txt",
    b"\x7f.txt", b"c1\xc2\x9b31m.txt", b"latin-\xe9.txt", b"\xff\xfe.txt", b"half-\xc3.txt",
    b"\xed\xa0\x80.txt", b"caf\xc3\xa9-nfc.txt", b"cafe\xcc\x81-nfc.txt", "\u202etxt.exe.txt".encode(),
    "\u2066a\u2069.txt".encode(), "\ufeffmark.txt".encode(), "zero\u200bwidth.txt".encode(),
    "\U0001f6a2.txt".encode(), "line\u2028separator.txt".encode(), b"n" * 251 + b".txt", b" .txt",
]  # fmt: skip


@pytest.fixture
def ran(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., tuple[int, bytes]]:
    """Run askdocs in this process; its status and what it printed."""
    monkeypatch.setenv("ASKDOCS_CACHE", str(cache))

    def run(*arguments: str) -> tuple[int, bytes]:
        capfdbinary.readouterr()
        status = main(list(arguments))
        return status, capfdbinary.readouterr().out

    return run


def test_any_name_makes_the_round_trip(docs, index_docs, ran, tally):
    """Indexed, asked for, shown by the citation that was printed, in JSON unchanged, and fresh."""
    (docs / "good.txt").unlink()
    for number, name in enumerate(NAMES):
        Path(os.fsdecode(os.fsencode(docs) + b"/" + name)).write_text(
            f"Here lies w{number}x, in rain."
        )
    report = index_docs()
    assert (report.documents, report.failed, report.skipped) == (len(NAMES), {}, {})
    questions = docs.parent / "questions"
    questions.write_text("".join(f"w{number}x\n" for number in range(len(NAMES))))

    lexical = ["--mode", "lexical", "--questions", str(questions), "-k", "1"]
    status, out = ran("ask", *lexical, "--format", "jsonl")
    hits = [json.loads(line)["hits"][0] for line in out.splitlines()]
    assert (status, len(hits)) == (0, len(NAMES))
    for name, hit in zip(NAMES, hits, strict=True):
        assert os.fsencode(hit["path"]) == b"docs/" + name
        assert hit["citation"] == f"{hit['path']}#p1"
        assert hit["status"] == "verified"
        status, out = ran("show", "--format", "json", "--", hit["citation"])
        assert (status, json.loads(out)["path"]) == (0, hit["path"])
    for form in ("text", "md", "tsv", "vimgrep", "trec"):
        status, out = ran("ask", *lexical, "--format", form)
        controls = set(out) & {*range(0x20), 0x7F} - set(b"\n\t")
        assert (status, controls) == (0, set()), form
        assert not {0x202E, 0x2066, 0x9B} & set(map(ord, out.decode("utf-8", "ignore")))
    assert ran("check")[0] == 0
    tally("H4", "names through index, ask, show, JSON and check", len(NAMES))


def test_twins_are_two_documents(docs):
    """Names that look alike, composed and decomposed, are not taken for one another."""
    names = {"caf\u00e9.txt", "cafe\u0301.txt"}
    for name in names:
        (docs / name).touch()
    (docs / "good.txt").unlink()

    found = walk(docs.parent, CorpusSettings(roots=("docs",)), index=docs.parent / "vectors")

    expected = {f"docs/{name}" for name in names}
    assert {(entry.path, entry.kind) for entry in found} == {
        (one, EntryKind.FILE) for one in expected
    }
