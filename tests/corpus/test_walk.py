"""A walk lists the documents of a corpus, each once, in order, and opens none of them."""

import errno
import os
import socket
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from askdocs.corpus.walk import Entry, EntryKind, relative_root
from askdocs.errors import RefusedError, UsageError
from tests.corpus.conftest import entries, paths
from tests.raising import raises


def refuse_listing(monkeypatch: pytest.MonkeyPatch, folder: Path, error: OSError) -> None:
    """Let the system refuse to list one folder."""
    list_folder = os.scandir

    def scandir(path: str | Path) -> Iterator[os.DirEntry[str]]:
        if Path(path) == folder:
            raise error
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_documents_come_in_order_of_path(make_tree):
    """Paths are compared as texts, whatever order the folders are listed in."""
    names = ["b.txt", "a/z.txt", "a.txt", "a-b.txt", "a/b/c.txt", "Z.txt", "é.txt"]
    base = make_tree(dict.fromkeys(names, ""))
    found = entries(base)
    expected = ["Z.txt", "a-b.txt", "a.txt", "a/b/c.txt", "a/z.txt", "b.txt", "é.txt"]
    assert found == [Entry(path=path, kind=EntryKind.FILE) for path in expected]


def test_file_named_as_root_is_marked(make_tree):
    """A file that is a root is a document whatever its name, and may be a link."""
    base = make_tree({"README": "", "sub/a.txt": ""})
    (base / "link.txt").symlink_to("README")
    found = entries(base, "README", "link.txt", "sub")
    assert found == [
        Entry(path="README", kind=EntryKind.FILE, is_root=True),
        Entry(path="link.txt", kind=EntryKind.FILE, is_root=True),
        Entry(path="sub/a.txt", kind=EntryKind.FILE),
    ]


def test_links_below_a_root_are_not_followed(make_tree):
    """A link that may lead to documents is listed as one; nothing below it is."""
    base = make_tree({"sub/a.txt": ""})
    make_tree({"secret.txt": ""}, base="outside")
    for name, target in [
        ("file.txt", "sub/a.txt"),
        ("folder.txt", "sub"),
        ("folder", "../outside"),
        ("self.txt", "self.txt"),
        ("loop", "."),
        ("dangling.md", "nowhere"),
        ("dangling", "nowhere"),
        ("other", "../outside/secret.txt"),
    ]:
        (base / name).symlink_to(target)

    found = entries(base)

    links = ["dangling.md", "file.txt", "folder", "folder.txt", "loop", "self.txt"]
    assert found == [
        *(Entry(path=path, kind=EntryKind.LINK) for path in links),
        Entry(path="sub/a.txt", kind=EntryKind.FILE),
    ]


def test_link_that_leads_nowhere_is_left_out(make_tree):
    """A link that is not a document by its name is passed over where nobody can say what it is."""
    base = make_tree({"a.txt": ""})
    (base / "circle").symlink_to("circle")
    (base / "long").symlink_to("n" * 300)
    assert paths(base) == ["a.txt"]


def test_root_may_be_a_link_to_a_folder(make_tree):
    """Documents are found below it, under the link's own name."""
    base = make_tree({})
    make_tree({"a.txt": "", "b/c.txt": ""}, base="outside")
    (base / "docs").symlink_to("../outside")
    assert paths(base, "docs") == ["docs/a.txt", "docs/b/c.txt"]


def test_special_files_are_listed_unopened(make_tree, monkeypatch):
    """A FIFO and a socket are listed as special, a folder named like a document is entered."""
    base = make_tree({"folder.txt/a.txt": ""})
    monkeypatch.chdir(base)
    os.mkfifo("fifo.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.txt")
    found = entries(base)
    assert found == [
        Entry(path="fifo.txt", kind=EntryKind.SPECIAL),
        Entry(path="folder.txt/a.txt", kind=EntryKind.FILE),
        Entry(path="socket.txt", kind=EntryKind.SPECIAL),
    ]


@pytest.mark.parametrize("root", ["nowhere", "nowhere.txt", "dangling"])
def test_missing_root_is_refused(make_tree, root):
    """A root that is not there is an error that names it."""
    base = make_tree({"a.txt": ""})
    (base / "dangling").symlink_to("elsewhere")
    with raises(RefusedError, f"{base / root}: no such file or directory"):
        entries(base, ".", root)


SUB = ["a.txt", "sub/b.txt", "sub/deep/c.txt"]
SUFFIXES = (
    "README a.txt b.TXT c.Md d.markdown e.Text f.pdf g.mdx h.rst i.Html j.htm k.xhtml".split()
)
SUFFIXES += "l.ipynb m.docx n o.txt.gz p.doc readme.bak txt".split()
INDEXED = ["a.txt", "deep/index/generations/b.txt", "vectors/c.txt"]


@pytest.mark.parametrize(
    ("names", "roots", "index", "expected"),
    [
        # A document is known by its suffix, in whatever case.
        (SUFFIXES, [], "vectors", SUFFIXES[:14]),
        # What begins with a period is neither listed nor entered, unless it is named.
        ([".a.txt", ".git/b.txt", "c/.d/e.txt", "c/f.txt"], [], "vectors", ["c/f.txt"]),
        (
            [".notes/a.txt", ".notes/.b.txt", ".c.txt"], [".notes", ".c.txt"], "vectors",
            [".c.txt", ".notes/a.txt"],
        ),
        # A file below several roots is one document.
        (SUB, ["sub", "."], "vectors", SUB),
        (SUB, [".", "sub/deep", "sub"], "vectors", SUB),
        (SUB, ["sub", "sub/deep/c.txt"], "vectors", SUB[1:]),
        (SUB, ["sub/deep", "sub/deep"], "vectors", SUB[2:]),
        # Index and corpus may lie beside one another.
        (["../b/a.txt", "../b/b/c.txt"], ["../b"], "vectors", ["../b/a.txt", "../b/b/c.txt"]),
        # The index is never entered, wherever it lies and even where one of its folders is named.
        (INDEXED, [], "deep/index", ["a.txt", "vectors/c.txt"]),
        (INDEXED, ["a.txt", "deep/index"], "deep/index", ["a.txt"]),
        (INDEXED, ["a.txt", "deep/index/generations"], "deep/index", ["a.txt"]),
    ],
)  # fmt: skip
def test_documents_below_the_roots_are_listed(make_tree, names, roots, index, expected):
    """Each once, and nothing else."""
    assert paths(make_tree(dict.fromkeys(names, "")), *roots, index=index) == expected


def test_root_above_the_base_gives_each_file_once(make_tree):
    """Each file has the shortest path, by whichever root it is found."""
    names = ["base/a.txt", "base/sub/b.txt", "c.txt", "beside/d.txt"]
    base = make_tree(dict.fromkeys(names, ""), base="above") / "base"
    make_tree({"e.txt": "", ".gitignore": "d.txt"}, base="other")
    expected = ["../../other/e.txt", "../beside/d.txt", "../c.txt", "a.txt", "sub/b.txt"]
    assert paths(base, ".", "..", "../..") == expected
    assert paths(base, "../..", "..", ".") == expected


def test_index_directory_is_known_behind_links(make_tree):
    """The index is recognised by what it is, not by the path that leads to it."""
    base = make_tree({"docs/a.txt": "", "docs/vectors/b.txt": ""})
    (base / "root").symlink_to("docs")
    (base / "index").symlink_to("docs/vectors")
    assert paths(base, "root", index="index") == ["root/a.txt"]


@pytest.mark.parametrize(
    ("folder", "error", "reason", "others"),
    [
        ("closed", PermissionError(errno.EACCES, "Permission denied"), "permission denied", True),
        ("closed", FileNotFoundError(errno.ENOENT, "No such file"), "no such file", True),
        (".", OSError("Odd"), "odd", False),
    ],
)
def test_folder_that_cannot_be_listed_is_reported(  # noqa: PLR0917
    make_tree, monkeypatch, folder, error, reason, others
):
    """A folder that is closed, or vanishes meanwhile, hides nothing else; `.` is the base."""
    base = make_tree({"a.txt": "", "closed/b.txt": "", "open/c.txt": ""})
    refuse_listing(monkeypatch, base / folder, error)
    files = [Entry(path=path, kind=EntryKind.FILE) for path in ("a.txt", "open/c.txt") if others]
    unreadable = Entry(path=folder, kind=EntryKind.UNREADABLE, reason=reason)
    assert entries(base) == sorted([*files, unreadable], key=lambda entry: entry.path)


ODD_NAMES = [
    b"-k.txt", b" .txt", b"a\nb.txt", b"\x1b]52;c;\x07.txt", b"\xff\xfe.txt", b"a\\b.txt",
    b"#p1.txt", b"*.txt", "\N{RIGHT-TO-LEFT OVERRIDE}txt.md".encode(),
    unicodedata.normalize("NFC", "é.txt").encode(), unicodedata.normalize("NFD", "é.txt").encode(),
    b"x" * 251 + b".txt",
]  # fmt: skip


def test_odd_names_lead_back_to_their_files(make_tree):
    """Any name that the system takes is listed so that the file can be opened by it."""
    base = make_tree({})
    for name in ODD_NAMES:
        (base / os.fsdecode(name)).write_bytes(name)
    found = entries(base)
    assert {(base / entry.path).read_bytes() for entry in found} == set(ODD_NAMES)
    assert [os.fsencode(entry.path) for entry in found] == [
        (base / entry.path).read_bytes() for entry in found
    ]


@pytest.fixture
def make_deep(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Make folders within folders, with a.txt in the last; they are too deep for rmtree."""
    made: list[Path] = []

    def make(depth: int, *, name: str = "d") -> Path:
        base = tmp_path / "deep"
        base.mkdir()
        made.append(base)
        folder = os.open(base, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir(name, dir_fd=folder)
            folder = moved_to(name, folder)
        os.close(os.open("a.txt", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
        os.close(folder)
        return base

    yield make
    for base in made:
        remove_deep(base)


def remove_deep(base: Path) -> None:
    """Remove folders within folders without recursion, and without long paths."""
    folder = os.open(base, os.O_RDONLY)
    names: list[str] = []
    while "a.txt" not in (listing := os.listdir(folder)):
        names.append(listing[0])
        folder = moved_to(names[-1], folder)
    os.unlink("a.txt", dir_fd=folder)
    for name in reversed(names):
        folder = moved_to("..", folder)
        os.rmdir(name, dir_fd=folder)
    os.close(folder)


def moved_to(name: str, folder: int) -> int:
    """The descriptor of a folder's neighbour, in place of its own."""
    neighbour = os.open(name, os.O_RDONLY, dir_fd=folder)
    os.close(folder)
    return neighbour


def test_folders_may_nest_deeper_than_the_call_stack(make_deep):
    """A document 1,500 folders down is found."""
    base = make_deep(1500)
    found = entries(base, max_depth=1500)
    assert found == [Entry(path="d/" * 1500 + "a.txt", kind=EntryKind.FILE)]


def test_folders_below_the_limit_are_said_and_not_entered(make_tree):
    """Steps are counted from each root; the first folder that is too deep stands for all below."""
    base = make_tree(dict.fromkeys(["d/b.txt", "d/d/d/c.txt", "d/d/d/d/d/a.txt"], ""))
    too_deep = {"kind": EntryKind.DEEP, "reason": "nested deeper than 2 (--max-depth)"}
    assert entries(base, max_depth=2) == [
        Entry(path="d/b.txt", kind=EntryKind.FILE),
        Entry(path="d/d/d", **too_deep),
    ]
    assert entries(base, "d/d", max_depth=2) == [
        Entry(path="d/d/d/c.txt", kind=EntryKind.FILE),
        Entry(path="d/d/d/d/d", **too_deep),
    ]


@pytest.mark.parametrize("roots", [["."], [".", "sub"], ["sub", "."]])
def test_more_documents_than_the_limit_are_an_error(make_tree, roots):
    """As many as the limit are taken, below however many roots."""
    base = make_tree(dict.fromkeys(["a.txt", "sub/b.txt", "sub/c.txt", "d.png"], ""))
    assert paths(base, *roots, max_documents=3) == ["a.txt", "sub/b.txt", "sub/c.txt"]
    hint = "askdocs index --max-documents N, or leave some out with --exclude"
    with raises(UsageError, "more than 2 files were found (--max-documents)", hint):
        entries(base, max_documents=2)


def test_links_special_files_and_folders_are_no_documents(make_tree):
    """They are listed beside as many files as the limit."""
    base = make_tree(dict.fromkeys(["a.txt", "d/d/b.txt"], ""))
    (base / "link.txt").symlink_to("a.txt")
    os.mkfifo(base / "pipe.txt")
    found = entries(base, max_documents=1, max_depth=1)
    assert [one.kind for one in found] == ["file", "deep", "link", "special"]


def test_walk_ends_at_the_first_file_beyond_the_limit(make_tree, monkeypatch):
    """The rest of the tree, which may be a disk of files, is not looked at."""
    base = make_tree(dict.fromkeys([f"{one}/a.txt" for one in "abcdef"], ""))
    listed: list[object] = []
    monkeypatch.setattr(os, "scandir", counting(os.scandir, listed))
    with pytest.raises(UsageError):
        entries(base, max_documents=2)
    # The base, and three of the folders in it.
    assert len(listed) == 4


def test_folder_with_too_long_a_path_is_reported(make_deep):
    """Where the system takes no longer path, the walk says so and goes on."""
    name = "n" * 200
    base = make_deep(30, name=name)
    found = entries(base)
    assert [entry.kind for entry in found] == [EntryKind.UNREADABLE]
    assert found[0].reason == os.strerror(errno.ENAMETOOLONG).lower()
    assert set(found[0].path.split("/")) == {name}


def test_work_grows_with_the_number_of_folders(make_deep, monkeypatch):
    """Each folder costs a few calls to the system, however deep it lies."""
    base = make_deep(200)
    calls: list[object] = []
    for name in ("lstat", "stat", "scandir", "readlink"):
        monkeypatch.setattr(os, name, counting(getattr(os, name), calls))
    entries(base)
    assert 200 <= len(calls) <= 200 * 10


def counting(function: Callable[..., object], calls: list[object]) -> Callable[..., object]:
    """Wrap a function of the system to note its calls."""

    def counted(*arguments: object, **named: object) -> object:
        calls.append(arguments)
        return function(*arguments, **named)

    return counted


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("base", "."),
        ("base/", "."),
        ("base/sub/..", "."),
        ("base/..", ".."),
        ("base/sub", "sub"),
        ("base/sub/.", "sub"),
        ("base/nowhere/a.txt", "nowhere/a.txt"),
        ("other", "../other"),
        ("base/link", "link"),
        ("base/link/a.txt", "../other/a.txt"),
        ("", ".."),
    ],
)
def test_root_is_recorded_relative_to_the_base(make_tree, monkeypatch, given, expected):
    """The way to a root is made plain, but a root that is a link stays one."""
    base = make_tree({"sub/a.txt": ""})
    make_tree({"a.txt": ""}, base="other")
    (base / "link").symlink_to("../other")
    monkeypatch.chdir(base.parent)
    assert relative_root(Path(given), base.resolve()) == expected
    assert relative_root(base.parent / given, base.resolve()) == expected
