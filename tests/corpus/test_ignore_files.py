"""Ignore files leave out the files that they leave out for git.

The expected results for patterns are what `git ls-files --others --exclude-standard` of git 2.39
lists.
"""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from askdocs.corpus.ignore import is_ignored, is_pattern, make_rules
from tests.corpus.conftest import entries, paths

NAMES = ["a.txt", "a/a.txt", "a/b.txt", "a/b/a.txt", "b.txt", "b/a.txt", "b/a/a.txt", "b/b.txt"]


def reasons(base: Path, root: str = ".") -> dict[str, str]:
    """The paths of what a walk finds, with the reasons of what is unreadable."""
    found = entries(base, root)
    assert all((entry.kind == "unreadable") == bool(entry.reason) for entry in found)
    return {entry.path: entry.reason for entry in found}


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["a.txt"], ["a/b.txt", "b.txt", "b/b.txt"]),
        (["/a.txt"], [name for name in NAMES if name != "a.txt"]),
        (["a"], ["a.txt", "b.txt", "b/a.txt", "b/b.txt"]),
        (["a/"], ["a.txt", "b.txt", "b/a.txt", "b/b.txt"]),
        (["/a/"], ["a.txt", "b.txt", "b/a.txt", "b/a/a.txt", "b/b.txt"]),
        (["b/a"], [name for name in NAMES if name != "b/a/a.txt"]),
        (["a.txt/"], NAMES),
        (["*.txt", "!b.txt"], ["a/b.txt", "b.txt", "b/b.txt"]),
        (["!b.txt", "*.txt"], []),
        (["*.TXT"], NAMES),
        (["**/a/*.txt"], ["a.txt", "a/b/a.txt", "b.txt", "b/a.txt", "b/b.txt"]),
        (["a/**"], ["a.txt", "b.txt", "b/a.txt", "b/a/a.txt", "b/b.txt"]),
        (["a/**/"], [name for name in NAMES if name != "a/b/a.txt"]),
        (["[!a].txt"], [name for name in NAMES if not name.endswith("b.txt")]),
        (["?.txt"], []),
        (["# a.txt", "", "   ", "\\#", "b.txt  "], [n for n in NAMES if not n.endswith("b.txt")]),
        (["*", "!*/", "!a.txt"], ["a.txt", "a/a.txt", "a/b/a.txt", "b/a.txt", "b/a/a.txt"]),
        (["b/", "!b/a.txt"], ["a.txt", "a/a.txt", "a/b.txt", "b.txt"]),
        (["b/*", "!b/a.txt"], [name for name in NAMES if name not in {"b/a/a.txt", "b/b.txt"}]),
        (["a.txt\r", "!/a.txt\r"], ["a.txt", "a/b.txt", "b.txt", "b/b.txt"]),
        # A pattern that takes a folder back says nothing about what is in it.
        (["a/", "!b/"], ["a.txt", "b.txt", "b/a.txt", "b/b.txt"]),
        (["a", "!/b"], ["a.txt", "b.txt", "b/a.txt", "b/b.txt"]),
        (["/*", "!a/**"], []),
        (["*", "!**/a.txt", "!/b"], ["a.txt", "b/a.txt"]),
        # A line that makes no sense is passed over, and the next one counts.
        *((["b.txt", line, "b"], ["a.txt", "a/a.txt"]) for line in ["!", "/", "//", "[", "a\\"]),
        (["[z-a].txt", "b"], ["a.txt", "a/a.txt", "a/b.txt", "b.txt"]),
    ],
)  # fmt: skip
def test_patterns_mean_what_they_mean_to_git(make_tree, patterns, expected):
    """The last pattern that matches an entry decides."""
    base = make_tree({**dict.fromkeys(NAMES, ""), ".gitignore": "\n".join(patterns)})
    subprocess.run(["git", "init", "-q", base], check=True, timeout=60)
    listing = ["git", "-C", base, "ls-files", "--others", "--exclude-standard", "*.txt"]
    listed = subprocess.run(listing, capture_output=True, text=True, check=True, timeout=60)
    assert paths(base) == expected == listed.stdout.splitlines()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # A deeper file overrules one above it, whichever of the two names it has.
        ({".gitignore": "a.txt", "b/.gitignore": "!a.txt"}, ["b.txt", "b/a.txt", "b/b.txt"]),
        ({".askdocsignore": "a.txt", "b/.gitignore": "!a.txt"}, ["b.txt", "b/a.txt", "b/b.txt"]),
        ({".gitignore": "!a.txt", "b/.gitignore": "a.txt"}, ["a.txt", "b.txt", "b/b.txt"]),
        # Patterns count from the folder that the file stands in.
        ({"b/.gitignore": "/a.txt"}, ["a.txt", "b.txt", "b/b.txt"]),
        ({"b/.gitignore": "b/a.txt"}, ["a.txt", "b.txt", "b/a.txt", "b/b.txt"]),
        # In one folder, .askdocsignore overrules .gitignore.
        ({".gitignore": "*.txt", ".askdocsignore": "!b.txt"}, ["b.txt", "b/b.txt"]),
        ({".gitignore": "!b.txt", ".askdocsignore": "*.txt"}, []),
        # What lies in an ignored folder cannot be taken back.
        ({".gitignore": "b", "b/.gitignore": "!a.txt"}, ["a.txt", "b.txt"]),
    ],
)
def test_deepest_ignore_file_that_mentions_an_entry_decides(make_tree, files, expected):
    """Ignore files count from their own folder, and overrule those above it."""
    names = dict.fromkeys(["a.txt", "b.txt", "b/a.txt", "b/b.txt"], "")
    assert paths(make_tree({**names, **files})) == expected


@pytest.mark.parametrize(
    ("files", "root", "expected"),
    [
        # From the base down to the root, the patterns of every folder count.
        (
            {"x/y/z/a.txt": "", "x/y/c.txt": "", ".gitignore": "b.txt\n/x/y/z", "x/.askdocsignore": "c.txt"},
            "x/y", ["x/y/a.txt"],
        ),
        # Ignore files above the base do not, so that an index and its corpus can move together.
        ({"../.gitignore": "*.txt"}, ".", ["x/y/a.txt", "x/y/b.txt"]),
        ({"../.gitignore": "*.txt"}, "x", ["x/y/a.txt", "x/y/b.txt"]),
        # A named root is indexed though it is ignored, but its own ignore file counts.
        *(
            ({".gitignore": pattern}, root, ["x/y/a.txt", "x/y/b.txt"][: 1 + (root == "x/y")])
            for pattern in ["x", "/x/y/", "y", "*"] for root in ["x/y", "x/y/a.txt"]
        ),
        ({".gitignore": "x", "x/y/.gitignore": "b.txt"}, "x", ["x/y/a.txt"]),
        # Rules say nothing about the folder that holds them.
        ({"x/y/.gitignore": "*/\n!z/\nb.txt", "x/y/z/a.txt": "", "x/y/z/b.txt": ""}, "x/y/z", ["x/y/z/a.txt"]),
        # Nor about folders outside the base.
        (
            {".gitignore": "*.txt", "../z/a.txt": "", "../z/b.txt": "", "../z/.gitignore": "b.txt"},
            "../z", ["../z/a.txt"],
        ),
    ],
)  # fmt: skip
def test_ignore_files_above_a_root_count_from_the_base(make_tree, files, root, expected):
    """Naming a root overrules what is above it."""
    assert paths(make_tree({"x/y/a.txt": "", "x/y/b.txt": "", **files}), root) == expected


@pytest.mark.parametrize(
    "line", ["[[]", "[a--c]", "[a&&b]", "[|||]", "[~~]", "/x/**/[[]*", "\ufeffa.txt", "caf\udce9"]
)
def test_odd_line_spoils_no_other_and_causes_no_warning(make_tree, line, recwarn):
    """A byte order mark is skipped, a line need not be UTF-8, and `re` may not warn of classes."""
    base = make_tree({"b.txt": "", "q.txt": ""})
    (base / ".gitignore").write_text(f"{line}\nb.txt", "utf-8", "surrogateescape")
    assert paths(base) == ["q.txt"]
    assert recwarn.list == []


@pytest.mark.parametrize(
    ("line", "name", "other"),
    [
        ("[[].txt", "[.txt", "a.txt"),
        ("\ufeffb.txt", "b.txt", "a.txt"),
        ("caf\udce9.txt", "caf\udce9.txt", "café.txt"),
        ("b.txt", "x\ny/b.txt", "x\ny/b.txt\n.txt"),
        ("x?y/*.txt", "x\ny/b.txt", "b.txt"),
    ],
)
def test_odd_name_is_ignored(make_tree, line, name, other):
    """Brackets, bytes that are not UTF-8 and line ends are matched as they are for git."""
    base = make_tree({name: "", other: ""})
    (base / ".gitignore").write_text(line, "utf-8", "surrogateescape")
    assert paths(base) == [other]


@given(
    lines=st.lists(st.text(alphabet="ab*?/![]-^.\\# \n(|", min_size=1, max_size=8), max_size=4),
    names=st.lists(st.text("ab.\n(|", min_size=1, max_size=4), min_size=1, max_size=4),
    is_folder=st.booleans(),
)
@example(lines=["a", "**/b/*", "/a/**/b"], names=["a", "b", "b"], is_folder=True)
@example(lines=["a[b]/**"], names=["ab", "a"], is_folder=False)
def test_quick_look_at_all_patterns_overlooks_none(lines, names, is_folder):
    """The verdict is the same as without it."""
    for rules in make_rules(lines):
        path = "/".join(names)
        patient = replace(rules, may_match=re.compile(""))
        assert is_ignored(path, [rules], is_folder=is_folder) == is_ignored(
            path, [patient], is_folder=is_folder
        )


def test_ignore_files_with_the_same_lines_are_compiled_once(make_tree, monkeypatch):
    """Many folders with the same lines cost as many patterns as one."""
    base = make_tree({f"{name}/.gitignore": "once-only-*.txt" for name in "abcdef"})
    compiled: list[object] = []
    from_lines = GitIgnoreSpec.from_lines

    def noting(lines: list[str], **options: str) -> GitIgnoreSpec:
        compiled.extend(lines)
        return from_lines(lines, **options)

    monkeypatch.setattr(GitIgnoreSpec, "from_lines", noting)
    assert paths(base) == []
    assert len(compiled) == 1


@pytest.mark.parametrize("name", [".gitignore", ".askdocsignore"])
def test_ignore_file_that_cannot_be_used_is_reported(make_tree, name):
    """What it names is indexed, which nobody should overlook; other ignore files count."""
    other = ({".gitignore", ".askdocsignore"} - {name}).pop()
    names = ["a.txt", "b.txt", "c/d.txt", "e/f.txt", "g/h.txt", "i/j.txt", f"{name}/x"]
    large = {other: "b.txt", f"g/{name}": "*.txt\n" * 43_691}
    base = make_tree({**dict.fromkeys(names, ""), **large})
    (base / "c" / name).symlink_to("nowhere")
    (base / "e" / name).write_bytes("*.txt".encode("utf-16"))
    os.mkfifo(base / "i" / name)
    unused = "its patterns are not used"
    below_docs = {f"c/{name}": f"{unused}: link", "c/d.txt": ""}

    assert reasons(base) == {
        name: f"{unused}: not a regular file",
        **dict.fromkeys(["a.txt", "e/f.txt", "g/h.txt", "i/j.txt"], ""),
        **below_docs,
        f"e/{name}": f"{unused}: not UTF-8",
        f"g/{name}": f"{unused}: larger than 256 KiB",
        f"i/{name}": f"{unused}: not a regular file",
    }
    # Its patterns would count below the root.
    assert reasons(base, "c") == {name: f"{unused}: not a regular file", **below_docs}


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([f"{number}.txt" for number in range(50)], ""),
        ([f"{number}.txt" for number in range(49)] + ["#", "", "b.txt", "49.txt"],
         "only its first 50 patterns are used"),
        (["49.txt", "#" + "*a" * 9, "*/*/*/*/*/*"], ""),
        (["49.txt", "**/a/**/b/**/c/**", "*a*b*c*"], "line 3 is not used: too many stars"),
        (["*a" * 30 + "*b", "49.txt"], "line 1 is not used: too many stars"),
    ],
)  # fmt: skip
def test_patterns_beyond_a_limit_are_reported(make_tree, monkeypatch, lines, fault):
    """The other patterns of the file are used, and no pattern takes long on any name."""
    # Of the real 5,000 patterns, each takes a millisecond.
    monkeypatch.setattr("askdocs.corpus.ignore._MAX_PATTERNS", 50)
    long = f"{'a' * 200}.txt"
    ignored = "b.txt" if "first" in fault else "49.txt"
    base = make_tree({"49.txt": "", "b.txt": "", long: "", ".gitignore": "\n".join(lines)})
    expected = {name: "" for name in ("49.txt", long, "b.txt") if name != ignored}
    assert reasons(base) == ({".gitignore": fault} if fault else {}) | expected


@pytest.mark.parametrize("line", ["", "  ", "# a", "!a", "!", "/", "[z-a]", "a\\", "*a*a*a*b"])
def test_line_that_leaves_nothing_out_is_not_a_pattern(line):
    """Comments, exceptions, nonsense and too many stars are told from patterns."""
    assert not is_pattern(line)


@pytest.mark.parametrize("line", ["a", "*.txt", "a/", "\\!a", "\\#", "[[]", "*a*a*b"])
def test_line_that_leaves_something_out_is_a_pattern(line):
    """Escaped marks and odd classes are patterns."""
    assert is_pattern(line)
