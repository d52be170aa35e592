"""Ignore files say what is no document, as they do for git.

What is expected of patterns alone is what `git ls-files --others --exclude-standard` of git 2.39
lists.
"""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from askdocs.corpus.ignore import read_rules
from askdocs.corpus.walk import walk
from askdocs.records.manifest import CorpusSettings

MakeTree = Callable[..., Path]

NAMES = ["a.txt", "a/a.txt", "a/b.txt", "a/b/a.txt", "b.txt", "b/a.txt", "b/a/a.txt", "b/b.txt"]


def paths(base: Path, *roots: str) -> list[str]:
    """The paths of what a walk over some roots finds."""
    corpus = CorpusSettings(roots=roots or (".",))
    return [entry.path for entry in walk(base, corpus, index=base / "vectors")]


def entries(base: Path, root: str = ".") -> dict[str, str]:
    """The paths of what a walk finds, with the reasons of what is unreadable."""
    found = walk(base, CorpusSettings(roots=(root,)), index=base / "vectors")
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
        (["[!a].txt"], [name for name in NAMES if not name.endswith("b.txt")]),
        (["?.txt"], []),
        (["# a.txt", "", "   ", "\\#", "b.txt  "], [n for n in NAMES if not n.endswith("b.txt")]),
        (["*", "!*/", "!a.txt"], ["a.txt", "a/a.txt", "a/b/a.txt", "b/a.txt", "b/a/a.txt"]),
        (["b/", "!b/a.txt"], ["a.txt", "a/a.txt", "a/b.txt", "b.txt"]),
        (["b/*", "!b/a.txt"], [name for name in NAMES if name not in {"b/a/a.txt", "b/b.txt"}]),
        (["a.txt\r", "!/a.txt\r"], ["a.txt", "a/b.txt", "b.txt", "b/b.txt"]),
    ],
)
def test_patterns_mean_what_they_mean_to_git(
    make_tree: MakeTree, patterns: list[str], expected: list[str]
) -> None:
    """Names, anchors, folders, stars and negation: the last pattern that fits decides."""
    base = make_tree({**dict.fromkeys(NAMES, ""), ".gitignore": "\n".join(patterns)})

    assert paths(base) == expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["a/", "!b/"], ["a.txt", "b.txt", "b/a.txt", "b/b.txt"]),
        (["a", "!/b"], ["a.txt", "b.txt", "b/a.txt", "b/b.txt"]),
        (["/*", "!a/**"], []),
        (["*", "!**/a.txt", "!/b"], ["a.txt", "b/a.txt"]),
    ],
)
def test_pattern_that_takes_a_folder_back_says_nothing_of_what_is_in_it(
    make_tree: MakeTree, patterns: list[str], expected: list[str]
) -> None:
    """Each pattern is held against the very entry, not against the folders above it."""
    base = make_tree({**dict.fromkeys(NAMES, ""), ".gitignore": "\n".join(patterns)})

    assert paths(base) == expected


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
def test_nearest_word_on_a_file_decides(
    make_tree: MakeTree, files: dict[str, str], expected: list[str]
) -> None:
    """Of several ignore files, the deepest that has a word on a name decides."""
    names = dict.fromkeys(["a.txt", "b.txt", "b/a.txt", "b/b.txt"], "")
    base = make_tree({**names, **files})

    assert paths(base) == expected


def test_ignore_files_above_a_root_hold(make_tree: MakeTree) -> None:
    """From the base down to the root, every folder's patterns count."""
    base = make_tree(
        {
            **dict.fromkeys(["x/y/a.txt", "x/y/b.txt", "x/y/c.txt", "x/y/z/a.txt"], ""),
            ".gitignore": "b.txt\n/x/y/z",
            "x/.askdocsignore": "c.txt",
        }
    )

    assert paths(base, "x/y") == ["x/y/a.txt"]


def test_ignore_files_above_the_base_do_not_count(make_tree: MakeTree, tmp_path: Path) -> None:
    """An index and its corpus can move together without a change of what is in it."""
    base = make_tree({"a.txt": "", "sub/b.txt": ""})
    (tmp_path / ".gitignore").write_text("*.txt")

    assert paths(base) == ["a.txt", "sub/b.txt"]
    assert paths(base, "sub") == ["sub/b.txt"]


@pytest.mark.parametrize("root", ["x/y", "x/y/a.txt"])
@pytest.mark.parametrize("pattern", ["x", "/x/y/", "y", "*"])
def test_named_root_is_taken_though_ignored(make_tree: MakeTree, root: str, pattern: str) -> None:
    """Who names an ignored folder or file means it."""
    base = make_tree({"x/y/a.txt": "", "x/b.txt": "", ".gitignore": pattern})

    assert paths(base, root) == ["x/y/a.txt"]


def test_named_root_obeys_its_own_ignore_file(make_tree: MakeTree) -> None:
    """Naming an ignored folder overrules what is above it, not what is in it."""
    base = make_tree({"x/a.txt": "", "x/b.txt": "", ".gitignore": "x", "x/.gitignore": "b.txt"})

    assert paths(base, "x") == ["x/a.txt"]


def test_rules_say_nothing_of_the_folder_they_stand_in(make_tree: MakeTree) -> None:
    """A pattern for all folders does not take the one that holds it, nor those above it."""
    base = make_tree({"x/y/z/a.txt": "", "x/y/z/b.txt": "", "x/y/.gitignore": "*/\n!z/\nb.txt"})

    assert paths(base, "x/y/z") == ["x/y/z/a.txt"]


def test_root_outside_the_base_obeys_its_own_files_only(make_tree: MakeTree) -> None:
    """The base's patterns say nothing about folders that do not lie in it."""
    base = make_tree({".gitignore": "*.txt"})
    make_tree({"a.txt": "", "b.txt": "", ".gitignore": "b.txt"}, base="other")

    assert paths(base, "../other") == ["../other/a.txt"]


@pytest.mark.parametrize("line", ["!", "/", "//", "[z-a].txt", "[", "a\\", "***/"])
def test_pattern_without_meaning_ignores_nothing(make_tree: MakeTree, line: str) -> None:
    """A line that is no pattern is passed over, and the next one holds."""
    base = make_tree({"a.txt": "", "b.txt": "", ".gitignore": f"{line}\nb.txt"})

    assert paths(base) == ["a.txt"]


@pytest.mark.parametrize("line", ["[[]", "[a--c]", "[a&&b]", "[|||]", "[~~]", "/x/**/[[]*"])
def test_odd_class_of_characters_is_taken_without_a_warning(
    make_tree: MakeTree, line: str, recwarn: pytest.WarningsRecorder
) -> None:
    """Python's `re` warns of classes that may mean something else one day; git has no such plan."""
    base = make_tree({"b.txt": "", "q.txt": "", ".gitignore": f"{line}\nb.txt"})

    assert paths(base) == ["q.txt"]
    assert recwarn.list == []


def test_class_with_a_bracket_ignores_brackets(make_tree: MakeTree) -> None:
    """`[[]` names an opening bracket, as it does for git."""
    base = make_tree({"[.txt": "", "a.txt": "", ".gitignore": "[[].txt"})

    assert paths(base) == ["a.txt"]


def test_ignore_file_may_begin_with_a_mark(make_tree: MakeTree) -> None:
    """The byte order mark that some editors write is no part of the first pattern."""
    base = make_tree({"a.txt": "", "b.txt": "", ".gitignore": "\ufeffb.txt\n"})

    assert paths(base) == ["a.txt"]


def test_ignore_file_need_not_be_utf_8(make_tree: MakeTree) -> None:
    """A line in another encoding spoils no other line."""
    base = make_tree({"a.txt": "", "b.txt": ""})
    (base / ".gitignore").write_bytes(b"caf\xe9\nb.txt\n")

    assert paths(base) == ["a.txt"]


LINES = st.text(alphabet="ab*?/![]-^.\\# \n(|", min_size=1, max_size=8)
PATHS = st.lists(st.text(alphabet="ab.\n(|", min_size=1, max_size=4), min_size=1, max_size=4)


@given(lines=st.lists(LINES, max_size=4), names=PATHS, is_folder=st.booleans())
@example(lines=["[(?P<ps_d>]"], names=["P"], is_folder=False)
@example(lines=["[(?P<ps_d>]/**"], names=["P", "a"], is_folder=False)
@example(lines=["a", "**/b/*", "/a/**/b"], names=["a", "b", "b"], is_folder=True)
def test_looking_at_all_patterns_at_once_overlooks_none(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], names: list[str], is_folder: bool
) -> None:
    """The verdict is that of asking each pattern in turn."""
    above = f"{tmp_path_factory.mktemp('rules')}/"
    Path(above, ".gitignore").write_text("\n".join(lines), encoding="utf-8")

    for rules in read_rules(above, [".gitignore"]):
        place = f"{above}{'/'.join(names)}"
        patient = replace(rules, any_pattern=re.compile(""))
        assert rules.verdict(place, is_folder=is_folder) == patient.verdict(
            place, is_folder=is_folder
        )


def test_ignore_files_that_say_the_same_are_compiled_once(
    make_tree: MakeTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many folders with the same lines cost no more patterns than one."""
    base = make_tree({f"{name}/.gitignore": "once-only-*.txt" for name in "abcdef"})
    compiled: list[object] = []
    from_lines = GitIgnoreSpec.from_lines

    def noting(lines: list[str]) -> GitIgnoreSpec:
        compiled.extend(lines)
        return from_lines(lines)

    monkeypatch.setattr(GitIgnoreSpec, "from_lines", noting)

    assert paths(base) == []
    assert compiled == ["once-only-*.txt"]


@pytest.mark.parametrize("name", [".gitignore", ".askdocsignore"])
def test_ignore_file_that_cannot_be_used_is_reported(make_tree: MakeTree, name: str) -> None:
    """What it names is taken, and nobody shall overlook that; other files' patterns hold."""
    other = ({".gitignore", ".askdocsignore"} - {name}).pop()
    base = make_tree(
        {
            "a.txt": "",
            "b.txt": "",
            "c/d.txt": "",
            "e/f.txt": "",
            "g/h.txt": "",
            f"{name}/x": "",
            other: "b.txt",
            f"g/{name}": "*.txt\n" * 43_691,
        }
    )
    (base / "c" / name).symlink_to("nowhere")
    (base / "e" / name).write_bytes("*.txt".encode("utf-16"))

    reason = "its patterns do not hold"
    assert entries(base) == {
        name: f"{reason}: not a regular file",
        "a.txt": "",
        "c/d.txt": "",
        "e/f.txt": "",
        "g/h.txt": "",
        f"c/{name}": f"{reason}: link",
        f"e/{name}": f"{reason}: not UTF-8",
        f"g/{name}": f"{reason}: larger than 256 KiB",
    }


def test_ignore_file_above_a_root_that_cannot_be_used_is_reported(make_tree: MakeTree) -> None:
    """Its patterns would hold below the root."""
    base = make_tree({"docs/a.txt": "", ".gitignore/x": ""})

    assert entries(base, "docs") == {
        ".gitignore": "its patterns do not hold: not a regular file", "docs/a.txt": "",
    }  # fmt: skip


def test_patterns_beyond_the_limit_are_reported(make_tree: MakeTree) -> None:
    """The first ones hold, and it is said that the others do not."""
    patterns = [f"{number}.txt" for number in range(5_001)]
    base = make_tree({"4999.txt": "", "5000.txt": "", ".gitignore": "\n".join(patterns)})

    assert entries(base) == {
        ".gitignore": "only its first 5,000 patterns hold", "5000.txt": "",
    }  # fmt: skip


@pytest.mark.parametrize("name", [".gitignore", ".askdocsignore"])
def test_ignore_file_that_is_a_fifo_does_not_hang(make_tree: MakeTree, name: str) -> None:
    """A walk never waits, whatever stands under an ignore file's name."""
    base = make_tree({"a.txt": ""})
    os.mkfifo(base / name)

    assert paths(base) == [name, "a.txt"]


def test_pattern_of_many_stars_does_not_hang(make_tree: MakeTree) -> None:
    """No pattern takes more than a moment, on whatever names."""
    base = make_tree({f"{'a' * 200}.txt": "", ".gitignore": f"{'*a' * 30}*b"})

    assert paths(base) == [f"{'a' * 200}.txt"]
