"""H1 to H4: whatever lies in a corpus under whatever name, the rest is indexed, and nothing waits."""

import json
import os
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager, nullcontext, suppress
from pathlib import Path

import pytest

from askdocs.corpus.read import LINK, SPECIAL
from askdocs.corpus.walk import walk
from askdocs.errors import RefusedError
from askdocs.freshness import check_freshness
from askdocs.indexing.plan import preview
from askdocs.indexing.request import IndexRequest
from askdocs.records.manifest import CorpusSettings
from tests.reliability.states import build_index


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder docs/ in the current one, with a document good.txt."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "good.txt").write_text("Rain fell.")
    return tmp_path / "docs"


KINDS = {
    "FIFO": SPECIAL, "FIFO with a writer": SPECIAL, "socket": SPECIAL, "device without an end": SPECIAL,
    "terminal": SPECIAL, "block device": SPECIAL, "folder named like a document": "",
    "link to x.txt": LINK, "links in a circle": LINK, "link to nowhere": LINK, "link to good.txt": LINK,
    "link to /etc/passwd": LINK, "link to ..": LINK, "link to ../fifo": LINK, "link to /dev/zero": LINK,
    "hard link": "", "file of a terabyte without content": "larger than 16 MiB (--max-file-size)",
}  # fmt: skip
DEVICES = {
    "device without an end": (stat.S_IFCHR, 1, 5), "terminal": (stat.S_IFCHR, 5, 0),
    "block device": (stat.S_IFBLK, 7, 0),
}  # fmt: skip


def make(path: Path, kind: str) -> None:
    """Put a thing of a kind where a document could be."""
    outside = path.parents[1]
    if kind.startswith("FIFO"):
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
    elif kind in DEVICES:
        type_, major, minor = DEVICES[kind]
        os.mknod(path, type_ | 0o666, os.makedev(major, minor))
    elif kind.startswith("folder"):
        path.mkdir()
        (path / "inner.txt").write_text("Snow fell.")
    elif kind == "hard link":
        (outside / "outside.txt").write_text("Hail fell.")
        path.hardlink_to(outside / "outside.txt")
    elif kind.startswith("file"):
        path.touch()
        os.truncate(path, 1 << 40)
    else:
        path.symlink_to("other" if "circle" in kind else kind.removeprefix("link to "))
    if kind == "FIFO with a writer":
        # With a writer, a read would wait for what it writes.
        os.open(path, os.O_RDWR | os.O_NONBLOCK)
    elif "circle" in kind:
        path.with_name("other").symlink_to(path.name)
    elif kind == "link to ../fifo":
        os.mkfifo(outside / "fifo")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_document_is_skipped_with_a_reason(docs, index_docs, tally, kind):
    """Nothing waits for it, the other document is indexed, and the index is fresh."""
    reason = KINDS[kind]
    try:
        make(docs / "x.txt", kind)
    except PermissionError:
        pytest.skip("only the superuser makes devices")
    report = index_docs()
    assert (report.failed, report.documents) == ({}, 1 if reason else 2)
    assert report.skipped.get("docs/x.txt", "") == reason
    assert check_freshness(docs.parent / "vectors").is_fresh
    tally("H1", "kinds of files", 1)
    if kind in {"FIFO", "socket", "link to /dev/zero", "link to ../fifo"}:
        # A root may be a link, and nothing waits for its target.
        report = index_docs(docs / "x.txt", docs / "good.txt", replace=True)
        assert (report.skipped, report.documents) == ({"docs/x.txt": SPECIAL}, 1)
        tally("H1", "kinds of roots", 1)


@contextmanager
def nested(base: Path, depth: int) -> Iterator[None]:
    """Folders in folders, an ignore file in each, and a.txt in the last; too deep for rmtree."""
    with chdir(base):
        for _ in range(depth):
            os.mkdir("d")
            os.chdir("d")
            Path(".gitignore").touch()
        Path("a.txt").write_text("Snow fell.")
    yield
    with chdir(base):
        for _ in range(depth):
            os.chdir("d")
        Path("a.txt").unlink()
        for _ in range(depth):
            Path(".gitignore").unlink()
            os.chdir("..")
            os.rmdir("d")


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
    ("path", "mode"),
    # docs/two can be listed but not entered, or entered but not listed.
    [
        ("docs/one/a.txt", 0), ("docs/one", 0), ("docs/two", 0o444), ("docs/two", 0o111),
        ("docs/two/inner", 0),
    ],
)  # fmt: skip
def test_what_may_not_be_read_is_reported(shared, tally, path, mode):
    """The other documents would be indexed."""
    with allowed(shared / path, mode):
        shown = preview(IndexRequest(index=shared / "vectors", paths=(shared / "docs",)))
    assert shown.failed == {path: "permission denied"}
    assert shown.documents == 3 - (2 if path == "docs/two" else 1)
    tally("H3", "files and folders that may not be read", 1)


@pytest.mark.parametrize(
    "case",
    [
        ("docs", 0, "docs", "docs cannot be listed: permission denied"),
        ("docs", 0, "docs/one", "{base}/docs/one: permission denied"),
        ("docs", 0o444, "docs/one/a.txt", "{base}/docs/one/a.txt: permission denied"),
        ("docs/two", 0o444, "docs/two/inner", "{base}/docs/two/inner: permission denied"),
    ],
)
def test_root_that_may_not_be_entered_is_refused(shared, tiny_model, cache, tally, case):
    """Its documents are not gone: a new index, a refresh and a check refuse in one line."""
    closed, mode, root, message = case
    other, index = shared / "other", shared / "vectors"
    build_index(index, shared / root, model=tiny_model, cache=cache)
    for request in (
        IndexRequest(index=other, paths=(shared / root,)),
        IndexRequest(index=index),
    ):
        with allowed(shared / closed, mode), pytest.raises(RefusedError) as caught:
            preview(request)
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
        if Path(place) != docs:
            return found
        with found:
            entries = list(found)
        with suppress(FileNotFoundError):
            (docs / "gone.txt").unlink() if vanishing == "file" else (docs / "gone").rmdir()
        if vanishing == "folder becomes a file":
            (docs / "gone").write_text("")
        return nullcontext(entries)

    monkeypatch.setattr(os, "scandir", list_and_remove)
    report = index_docs()
    name = "docs/gone.txt" if vanishing == "file" else "docs/gone"
    why = "not a directory" if "becomes" in vanishing else "no such file or directory"
    assert report.failed == {name: why}
    assert report.documents == (1 if vanishing == "file" else 2)
    tally("H3", "entries that vanish", 1)


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


def test_any_name_makes_the_round_trip(docs, index_docs, run, tally):
    """Indexed, asked for, shown by the citation that was printed, in JSON unchanged, and fresh."""
    (docs / "good.txt").unlink()
    for number, name in enumerate(NAMES):
        (docs / os.fsdecode(name)).write_text(f"Here lies w{number}x, in rain.")
    report = index_docs()
    assert (report.documents, report.failed, report.skipped) == (len(NAMES), {}, {})
    questions = docs.parent / "questions"
    questions.write_text("".join(f"w{number}x\n" for number in range(len(NAMES))))
    lexical = ["--mode", "lexical", "--questions", str(questions), "-k", "1"]
    ran = run("ask", *lexical, "--format", "jsonl")
    hits = [json.loads(line)["hits"][0] for line in ran.out.splitlines()]
    assert (ran.status, len(hits)) == (0, len(NAMES))
    for name, hit in zip(NAMES, hits, strict=True):
        assert os.fsencode(hit["path"]) == b"docs/" + name
        assert hit["citation"] == f"{hit['path']}#p1"
        assert hit["status"] == "verified"
        ran = run("show", "--format", "json", "--", hit["citation"])
        assert (ran.status, json.loads(ran.out)["path"]) == (0, hit["path"])
    for form in ("text", "md", "tsv", "vimgrep", "trec"):
        ran = run("ask", *lexical, "--format", form)
        controls = {*range(0x20), 0x7F, 0x9B, 0x202E, 0x2066} - set(b"\n\t")
        assert (ran.status, set(map(ord, ran.out)) & controls) == (0, set()), form
    assert run("check").status == 0
    tally("H4", "names through index, ask, show, JSON and check", len(NAMES))
