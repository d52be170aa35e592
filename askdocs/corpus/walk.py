"""List the files that make a corpus."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path, PurePosixPath

from askdocs.corpus.ignore import Choice, Rules, is_ignored, read_rules
from askdocs.corpus.read import LINK, SPECIAL, read_source
from askdocs.disk.access import reason_of, refusals
from askdocs.errors import UnreadableSourceError, UsageError
from askdocs.records.manifest import CorpusSettings

_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class EntryKind(StrEnum):
    """What a walk found."""

    FILE = "file"
    LINK = "link"
    SPECIAL = "special"
    UNREADABLE = "unreadable"
    DEEP = "deep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file, or something else that a walk reports.

    Attributes:
        path: POSIX path relative to the base.
        kind: What is at the path. A folder that cannot be listed and an ignore file that cannot be
            used in full are UNREADABLE; a folder nested too deep is DEEP.
        is_root: Whether the entry is itself a root.
        reason: Why the entry is unreadable, or not entered.
    """

    path: str
    kind: EntryKind
    is_root: bool = False
    reason: str = ""


@dataclass(slots=True)
class LeftOut:
    """Files below the roots that a walk left out.

    Attributes:
        kinds: How many files have each ending that no pattern of the corpus includes.
        ignored: How many documents ignore files name.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    ignored: int = 0

    def count(self, name: str, *, is_document: bool, ignored: bool) -> None:
        """Count a file; documents that `--exclude` names are not counted."""
        self.ignored += is_document and ignored
        if not (is_document or ignored):
            self.kinds[PurePosixPath(name).suffix.lower() or name] += 1


def current_folder() -> Path | None:
    """Return the real current folder; None if it was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def relative_root(path: Path, base: Path) -> str:
    """Return a root as the manifest records it: POSIX, relative to `base`, a link not followed."""
    names_itself = path.name not in {"", ".", ".."}
    # Not Path.resolve, which fails where links go round in a circle.
    parent, name = (path.parent, path.name) if names_itself else (path, "")
    real = Path(os.path.realpath(parent)) / name
    return PurePosixPath(os.path.relpath(real, base)).as_posix()


def source_path(base: Path, path: str) -> Path:
    """Return the location of a path of the index.

    `base` is a real path, so `..` is resolved by name: the file system could not resolve it for a
    base that does not exist yet.
    """
    return Path(_location(base, path))


def exists(path: Path) -> bool:
    """Return True if there is something at a path, or at the target of a link there.

    Raises:
        RefusedError: Permission is denied; what is in a closed folder need not be gone.
    """
    with refusals(path):
        try:
            path.stat()
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
            return False
    return True


def walk(
    base: Path, corpus: CorpusSettings, *, index: Path, left_out: LeftOut | None = None
) -> list[Entry]:
    """List the documents of a corpus, in order of their paths, each once.

    The index directory, the files that ignore files and `corpus.exclude` name and, unless
    `corpus.hidden`, names that begin with a period are left out. Links and special files below a
    root are listed as such, unopened. A root is listed even if it is hidden or left out by name.

    Patterns with a slash count from the base, or from the root for files outside the base.

    Args:
        base: The real parent of the index directory.
        corpus: Which files to list.
        index: The index directory, which is never entered.
        left_out: Counts the files that are left out; None to spare the time.

    Raises:
        RefusedError: A root does not exist.
        UsageError: There are more files than `corpus.max_documents`.
    """
    walker = _Walker(base, corpus, index, left_out)
    entries: dict[str, Entry] = {}
    documents = 0
    for entry in (entry for root in corpus.roots for entry in walker.below(root)):
        # A file below two roots counts once; links and special files are not documents.
        documents += entry.kind == EntryKind.FILE and entry.path not in entries
        # Stop at once: the rest of the tree may take long to walk and not fit into memory.
        if documents > corpus.max_documents:
            raise UsageError(
                f"more than {corpus.max_documents:,} files were found (--max-documents)",
                hint="askdocs index --max-documents N, or leave some out with --exclude",
            )
        entries[entry.path] = entry
    return [entries[path] for path in sorted(entries)]


def reason_left_out(base: Path, corpus: CorpusSettings, path: str) -> str:
    """Return why the name of a file keeps it out of a corpus; "" if it does not."""
    location, name = _location(base, path), PurePosixPath(path).name
    folder = _with_slash(str(base))
    choice = Choice(folder, corpus)
    if any(map(choice.is_left_hidden, PurePosixPath(path).parts)):
        return "its name, or that of a folder above it, begins with a period"
    if not choice.is_document(name, location, folder):
        return f"its name matches none of {', '.join(corpus.include)}"
    if choice.is_excluded(location, folder, is_folder=False):
        return "--exclude leaves it out"
    folders = [_with_slash(_location(base, str(above))) for above in PurePosixPath(path).parents]
    rules = [
        rule for above in reversed(folders) for rule in read_rules(above, corpus.ignore_files, {})
    ]
    return "an ignore file names it" if is_ignored(location, rules, is_folder=False) else ""


def read_entry(base: Path, entry: Entry, *, max_bytes: int) -> bytes:
    """Read a file that a walk listed; see `read_source`.

    Raises:
        UnreadableSourceError: The entry is not a document, or cannot be read.
    """
    if entry.kind != EntryKind.FILE:
        reason = {EntryKind.LINK: LINK, EntryKind.SPECIAL: SPECIAL}.get(entry.kind, entry.reason)
        raise UnreadableSourceError(reason, skipped=entry.kind != EntryKind.UNREADABLE)
    return read_source(_location(base, entry.path), max_bytes=max_bytes, follow_links=entry.is_root)


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to be listed, `depth` steps below its root.

    Its path is "" if it is the base; its rules are those of the folders above it; the location of
    its root ends with a slash.
    """

    location: str
    path: str
    rules: tuple[Rules, ...]
    root: str
    depth: int = 0


class _Walker:
    """Lists the entries below the roots of one corpus.

    Locations are strings: every file would need several `Path`s.
    """

    def __init__(
        self, base: Path, corpus: CorpusSettings, index: Path, left_out: LeftOut | None
    ) -> None:
        self._base = str(base)
        self._left_out = left_out
        self._ignore_files = corpus.ignore_files
        self._ignore_names = frozenset(name.lower() for name in corpus.ignore_files)
        self._choice = Choice(_with_slash(self._base), corpus)
        self._max_depth = corpus.max_depth
        self._index = Path(os.path.realpath(index))
        self._index_identity: tuple[int, int] | None = None
        with suppress(OSError):
            self._index_identity = _identity(self._index)

    def below(self, root: str) -> Iterator[Entry]:
        top = _location(self._base, root)
        with refusals(top):
            is_folder = stat.S_ISDIR(os.stat(top).st_mode)  # noqa: PTH116 - a string
        real = Path(os.path.realpath(top))
        if self._index in (real, *real.parents):
            return
        # A root above the base reaches down into it: each file has one path.
        path = os.path.relpath(top, self._base) if root.startswith("..") else root
        if is_folder:
            faults: dict[str, str] = {}
            rules = self._rules_above(root, top, faults)
            yield from self._unusable(faults)
            path = "" if path == "." else path
            yield from self._walk(_Folder(top, path, rules, _with_slash(top)))
        else:
            yield Entry(path=path, kind=EntryKind.FILE, is_root=True)

    def _walk(self, top: _Folder) -> Iterator[Entry]:
        # A stack, not recursion: folders may nest deeper than Python's call stack.
        pending = [top]
        while pending:
            folder = pending.pop()
            path = folder.path or "."
            if folder.depth > self._max_depth:
                reason = f"nested deeper than {self._max_depth:,} (--max-depth)"
                yield Entry(path=path, kind=EntryKind.DEEP, reason=reason)
                continue
            try:
                children = self._children(folder.location)
            except OSError as error:
                yield Entry(path=path, kind=EntryKind.UNREADABLE, reason=reason_of(error))
                continue
            yield from self._sort(folder, children, pending)

    def _children(self, location: str) -> list[os.DirEntry[str]]:
        """Return the entries of a folder; none if it is the index directory."""
        # The period: a folder that may not be entered can be listed, but none of its files read.
        # Every folder is checked: the index may be a mount, which a listing does not show.
        if _identity(f"{location}/.") == self._index_identity:
            return []
        with os.scandir(location) as listing:
            return list(listing)

    def _sort(
        self, folder: _Folder, children: Sequence[os.DirEntry[str]], pending: list[_Folder]
    ) -> Iterator[Entry]:
        """Yield the documents in a folder, and add the folders in it to the pending ones."""
        above, rules = _with_slash(folder.location), folder.rules
        if any(child.name.lower() in self._ignore_names for child in children):
            faults: dict[str, str] = {}
            rules += read_rules(above, self._ignore_files, faults)
            yield from self._unusable(faults)
        for child in children:
            if self._choice.is_left_hidden(child.name):
                continue
            is_folder = child.is_dir(follow_symlinks=False)
            location = f"{above}{child.name}"
            # A link to a folder may hold documents: it is not followed, but reported.
            is_document = (
                is_folder
                or self._choice.is_document(child.name, location, folder.root)
                or _leads_to_folder(child)
            )
            if not (is_document or self._left_out):
                continue
            ignored = bool(rules) and is_ignored(location, rules, is_folder=is_folder)
            excluded = self._choice.is_excluded(location, folder.root, is_folder=is_folder)
            if ignored or excluded or not is_document:
                if self._left_out and not is_folder:
                    self._left_out.count(child.name, is_document=is_document, ignored=ignored)
                continue
            path = self._path(folder.path, child.name, location)
            if is_folder:
                pending.append(_Folder(location, path, rules, folder.root, folder.depth + 1))
            else:
                yield Entry(path=path, kind=_kind(child))

    def _unusable(self, faults: Mapping[str, str]) -> Iterator[Entry]:
        """Yield ignore files that cannot be used: files that they name are now documents."""
        for location, reason in faults.items():
            path = os.path.relpath(location, self._base)
            yield Entry(path=path, kind=EntryKind.UNREADABLE, reason=reason)

    def _path(self, folder: str, name: str, location: str) -> str:
        if folder.strip("./"):
            return f"{folder}/{name}"
        # The base, or a folder above it: the next step may go down where the path went up.
        return os.path.relpath(location, self._base) if folder else name

    def _rules_above(self, root: str, top: str, faults: dict[str, str]) -> tuple[Rules, ...]:
        """Return the rules from the base down to the parent of a root below it; see `read_rules`.

        Higher folders do not count, so that an index and its corpus can move together. Rules that
        ignore the root itself are overruled, since it was named.
        """
        if root == "." or root.startswith(("..", "/")):
            return ()
        above = reversed(PurePosixPath(root).parents)
        parents = [_location(self._base, str(path)) for path in above]
        rules: tuple[Rules, ...] = ()
        for parent, step in pairwise([*parents, top]):
            rules += read_rules(_with_slash(parent), self._ignore_files, faults)
            if is_ignored(step, rules, is_folder=True):
                return ()
        return rules


def _location(base: Path | str, path: str) -> str:
    """Return the location of a path of the index, with slashes; see `source_path`."""
    joined = os.path.join(base, path)  # noqa: PTH118 - a Path takes ten times as long
    return os.path.normpath(joined).replace(os.sep, "/")


def _with_slash(location: str) -> str:
    return location if location.endswith("/") else f"{location}/"


def _identity(location: Path | str) -> tuple[int, int]:
    """Return the device and inode of a folder."""
    status = os.stat(location)  # noqa: PTH116 - a Path would take a period away
    return status.st_dev, status.st_ino


def _leads_to_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_symlink() and child.is_dir()
    except OSError:
        # The link leads round in a circle, or into a closed folder.
        return False


def _kind(child: os.DirEntry[str]) -> EntryKind:
    if child.is_file(follow_symlinks=False):
        return EntryKind.FILE
    return EntryKind.LINK if child.is_symlink() else EntryKind.SPECIAL
