"""Which files make a corpus."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from askdocs.datamodel import CorpusSettings
from askdocs.errors import UnreadableSourceError
from askdocs.files.reading import read_source, refusals

# What pathspec makes of a star.
_STAR = "[^/]*"
_MAX_IGNORE_BYTES = 1024 * 1024


class EntryKind(StrEnum):
    """What a walk found."""

    FILE = "file"
    LINK = "link"
    SPECIAL = "special"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that a walk found.

    Attributes:
        path: POSIX path relative to the base.
        kind: What stands there; for a folder that cannot be listed, UNREADABLE.
        named: Whether it is itself a root.
        reason: Why it is unreadable.
    """

    path: str
    kind: EntryKind
    named: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Rules:
    """The patterns of one folder's ignore files, those of later files overruling."""

    folder: str
    patterns: tuple[tuple[bool, re.Pattern[str]], ...]

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """True for ignored, False for taken back by a `!` pattern, None for no word on it.

        A pattern speaks of what it names only, not of all below: ignored folders are not entered.
        """
        below = path[len(self.folder) + 1 :] if self.folder else path
        return next(
            (
                include
                for include, regex in reversed(self.patterns)
                if _names(regex, below, is_folder=is_folder)
            ),
            None,
        )


def _names(regex: re.Pattern[str], path: str, *, is_folder: bool) -> bool:
    """Whether a compiled ignore pattern names this very entry.

    pathspec's patterns match everything below a folder too; the group `ps_d` tells where.
    """
    marked = "ps_d" in regex.groupindex
    if any(not marked or found["ps_d"] is None for found in regex.finditer(path)):
        return True
    return (
        is_folder
        and marked
        and any(found.end("ps_d") == len(path) + 1 for found in regex.finditer(f"{path}/"))
    )


def relative_root(path: Path, base: Path) -> str:
    """A root as the manifest records it: POSIX, relative to `base`, itself never followed."""
    names_itself = path.name not in {"", ".", ".."}
    # Not Path.resolve, which fails where links go round in a circle.
    parent, name = (path.parent, path.name) if names_itself else (path, "")
    real = Path(os.path.realpath(parent)) / name
    return PurePosixPath(os.path.relpath(real, base)).as_posix()


def source_path(base: Path, path: str) -> Path:
    """Where a path of the index lies: `..` is taken away by name, since `base` is a real path.

    Left to the file system, it would fail for a base that is yet to be made.
    """
    return Path(os.path.normpath(base / path))


def walk(base: Path, corpus: CorpusSettings, *, index: Path) -> list[Entry]:
    """List the documents of a corpus, in order of their paths, each once.

    Hidden entries, ignored ones and the index directory are left out; links and special files
    below a root are listed as such, unopened. A root is taken even where it is hidden or ignored.

    Args:
        base: The real parent of the index directory.
        corpus: Which files to list.
        index: The index directory, which is never entered.

    Raises:
        RefusedError: A root does not exist.
    """
    found: dict[str, Entry] = {}
    for root in corpus.roots:
        for entry in _walk_root(base, root, corpus, index.resolve()):
            # A root above the base reaches down into it: each file has one path.
            path = os.path.relpath(base / entry.path, base) if root[:2] == ".." else entry.path
            found[path] = replace(entry, path=path)
    return [found[path] for path in sorted(found)]


def _walk_root(base: Path, root: str, corpus: CorpusSettings, index: Path) -> Iterator[Entry]:
    top = source_path(base, root)
    with refusals(top):
        top.stat()
    real = Path(os.path.realpath(top))
    if index in (real, *real.parents):
        return
    if top.is_dir():
        yield from _walk_folder(base, root, corpus, index)
    else:
        yield Entry(path=root, kind=EntryKind.FILE, named=True)


def _walk_folder(base: Path, root: str, corpus: CorpusSettings, index: Path) -> Iterator[Entry]:
    # A stack, not recursion: folders may nest deeper than Python's call stack.
    pending = [("" if root == "." else root, _rules_above(base, root, corpus))]
    while pending:
        folder, rules = pending.pop()
        place = source_path(base, folder)
        if _is_same(place, index):
            continue
        here = _rules_of(base, folder, corpus)
        rules = (*rules, here) if here.patterns else rules
        try:
            with os.scandir(place) as listing:
                children = [child for child in listing if not child.name.startswith(".")]
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            yield Entry(path=folder or ".", kind=EntryKind.UNREADABLE, reason=reason)
            continue
        for child in children:
            path = f"{folder}/{child.name}" if folder else child.name
            is_folder = child.is_dir(follow_symlinks=False)
            if not (is_folder or _may_be_document(child, corpus)):
                continue
            if _ignored(path, rules, is_folder=is_folder):
                continue
            if is_folder:
                pending.append((path, rules))
            else:
                yield Entry(path=path, kind=_kind(child))


def _is_same(place: Path, index: Path) -> bool:
    try:
        return place.samefile(index)
    except OSError:
        return False


def _may_be_document(child: os.DirEntry[str], corpus: CorpusSettings) -> bool:
    # A link to a folder may hold documents: it is not followed, and that is said.
    return _matches(child.name, corpus.include) or (child.is_symlink() and child.is_dir())


def _kind(child: os.DirEntry[str]) -> EntryKind:
    if child.is_symlink():
        return EntryKind.LINK
    return EntryKind.FILE if child.is_file(follow_symlinks=False) else EntryKind.SPECIAL


def _matches(name: str, patterns: Sequence[str]) -> bool:
    lowered = name.lower()
    return any(fnmatchcase(lowered, pattern.lower()) for pattern in patterns)


def _rules_above(base: Path, root: str, corpus: CorpusSettings) -> tuple[_Rules, ...]:
    """The ignore files from the base down to the root's parent, where the root lies below it.

    Higher folders do not count, so that an index and its corpus can move together. Where these
    files ignore the root itself, naming it overrules them.
    """
    if root == "." or root.startswith(("..", "/")):
        return ()
    parents = [parent.as_posix() for parent in reversed(PurePosixPath(root).parents)]
    folders = ["" if parent == "." else parent for parent in parents]
    rules = tuple(
        rule for rule in (_rules_of(base, folder, corpus) for folder in folders) if rule.patterns
    )
    parts = [folder for folder in (*folders[1:], root) if folder]
    return () if any(_ignored(part, rules, is_folder=True) for part in parts) else rules


def _rules_of(base: Path, folder: str, corpus: CorpusSettings) -> _Rules:
    files = (source_path(base, folder) / name for name in corpus.ignore_files)
    return _Rules(folder, tuple(pattern for file in files for pattern in _patterns(file)))


def _patterns(path: Path) -> Iterator[tuple[bool, re.Pattern[str]]]:
    try:
        content = read_source(path, max_bytes=_MAX_IGNORE_BYTES)
    except UnreadableSourceError:
        return
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - most folders have no ignore file

    for line in content.decode("utf-8-sig", "surrogateescape").split("\n"):
        try:
            compiled = GitIgnoreSpec.from_lines([line.removesuffix("\r")]).patterns
        except (ValueError, re.error):
            # As git does: a pattern that makes no sense ignores nothing.
            continue
        for pattern in compiled:
            if pattern.include is not None and pattern.regex is not None:
                yield pattern.include, _without_backtracking(pattern.regex)


def _without_backtracking(regex: re.Pattern[str]) -> re.Pattern[str]:
    """Let each star but the last take as little as it can, for good, as `fnmatch` does.

    Otherwise a pattern of ten stars takes longer than anyone waits.
    """
    first, *parts = regex.pattern.split(_STAR)
    if not parts:
        return regex
    *inner, last = parts
    atomic = (f"(?>{_STAR}?{part})" if "(" not in part else f"{_STAR}{part}" for part in inner)
    return re.compile(f"{first}{''.join(atomic)}{_STAR}{last}")


def _ignored(path: str, rules: Sequence[_Rules], *, is_folder: bool = False) -> bool:
    verdicts = (rule.verdict(path, is_folder=is_folder) for rule in reversed(rules))
    return bool(next((verdict for verdict in verdicts if verdict is not None), False))
