"""Which files a corpus takes, by the patterns of its settings."""

import pytest

from askdocs.errors import UsageError
from tests.corpus.conftest import paths

NAMES = ["a.txt", "b.rst", "x/a.txt", "x/b.rst", "x/y/a.txt", "x/y/C.RST", "z/x/a.txt"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*.rst"], ["b.rst", "x/b.rst", "x/y/C.RST"]),
        (["c.*"], ["x/y/C.RST"]),
        (["[ab].rst"], ["b.rst", "x/b.rst"]),
        (["/b.rst"], ["b.rst"]),
        (["x/*.rst"], ["x/b.rst"]),
        (["X/**"], ["x/a.txt", "x/b.rst", "x/y/C.RST", "x/y/a.txt"]),
        (["x/**/a.txt"], ["x/a.txt", "x/y/a.txt"]),
        (["**/x/*"], ["x/a.txt", "x/b.rst", "z/x/a.txt"]),
        (["/b.rst", "*.RST"], ["b.rst", "x/b.rst", "x/y/C.RST"]),
        (["x"], []),
        (["/x"], []),
    ],
)
def test_included_files_are_those_that_a_pattern_names(make_tree, patterns, expected):
    """Without a slash a pattern names files, with one paths from the base; case is nothing."""
    base = make_tree(dict.fromkeys(NAMES, ""))
    assert paths(base, include=tuple(patterns)) == expected


@pytest.mark.parametrize(
    ("patterns", "gone"),
    [
        (["a.txt"], ["a.txt", "x/a.txt", "x/y/a.txt", "z/x/a.txt"]),
        (["/a.TXT"], ["a.txt"]),
        (["x"], ["x/a.txt", "x/y/a.txt", "z/x/a.txt"]),
        (["/x/"], ["x/a.txt", "x/y/a.txt"]),
        (["x/y"], ["x/y/a.txt"]),
        (["a.txt/"], []),
        (["z/", "/a.txt"], ["a.txt", "z/x/a.txt"]),
    ],
)
def test_excluded_is_what_a_line_of_gitignore_would_leave_out(make_tree, patterns, gone):
    """Names at any depth, paths from the base, folders with all that is in them."""
    names = [name for name in NAMES if name.endswith(".txt")]
    base = make_tree(dict.fromkeys(names, ""))
    assert paths(base, exclude=tuple(patterns)) == [name for name in names if name not in gone]


def test_ignore_file_takes_nothing_back_that_is_excluded(make_tree):
    """What is excluded by name stays out, whatever an ignore file says."""
    base = make_tree({"a.txt": "", "b.txt": "", ".gitignore": "!a.txt"})
    assert paths(base, exclude=("a.txt",)) == ["b.txt"]


def test_named_root_is_taken_though_excluded(make_tree):
    """Who names a file or folder means it."""
    base = make_tree({"x/a.txt": "", "b.txt": ""})
    assert paths(base, "x", "b.txt", exclude=("x", "b.txt")) == ["b.txt", "x/a.txt"]


def test_patterns_for_a_root_outside_the_base_count_from_it(make_tree):
    """A path of another folder cannot be told from the base."""
    base = make_tree({"x/a.txt": ""})
    make_tree({"x/b.rst": "", "y/x/c.rst": "", "d.rst": ""}, base="other")
    roots = (".", "../other")
    assert paths(base, *roots, include=("x/*",)) == ["../other/x/b.rst", "x/a.txt"]
    assert paths(base, *roots, include=("*.rst",), exclude=("/x",)) == [
        "../other/d.rst", "../other/y/x/c.rst",
    ]  # fmt: skip


def test_hidden_entries_are_taken_where_that_is_wanted(make_tree):
    """All but what a version control system keeps for itself, and the index."""
    names = [".a.txt", ".b/c.txt", ".git/d.txt", "e/.svn/f.txt", ".hg/g.txt", "vectors/h.txt"]
    base = make_tree({**dict.fromkeys(names, ""), ".github/i.md": "", ".gitignore": ""})
    assert paths(base, hidden=True) == [".a.txt", ".b/c.txt", ".github/i.md"]


@pytest.mark.parametrize("option", ["include", "exclude"])
def test_recorded_pattern_with_too_many_stars_is_refused(make_tree, option):
    """An older version may have recorded it; to drop it would index what it left out."""
    with pytest.raises(
        UsageError, match=rf"--{option} '/a\*b\*c\*d\*' has too many stars"
    ) as caught:
        paths(make_tree({"a.txt": ""}), **{option: ("/a*b*c*d*",)})
    assert caught.value.hint.startswith(f"askdocs index --{option} PATTERN")
