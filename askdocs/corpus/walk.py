"""Which files make a corpus."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    """One thing that a walk found.

    Attributes:
        path: POSIX path relative to the base.
        kind: What stands there; for a folder that cannot be listed, and an ignore file that cannot
            be used whole, UNREADABLE, and for a folder below the limit of nesting, DEEP.
        named: Whether it is itself a root.
        reason: Why it is unreadable, or not entered.
    """

    path: str
    kind: EntryKind
    named: bool = False
    reason: str = ""


def current_folder() -> Path | None:
    """The real current folder; None where it was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


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
    return Path(_place(base, path))


def exists(path: Path) -> bool:
    """Whether there is something at a path, or where a link there leads.

    Raises:
        RefusedError: Nobody may look: what is in a closed folder need not be gone.
    """
    with refusals(path):
        try:
            path.stat()
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
            return False
    return True


def walk(base: Path, corpus: CorpusSettings, *, index: Path) -> list[Entry]:
    """List the documents of a corpus, in order of their paths, each once.

    The index directory, what ignore files and `corpus.exclude` name and, unless `corpus.hidden`,
    what begins with a period are left out; links and special files below a root are listed as such,
    unopened. A root is taken even where it is hidden or left out by name.

    Patterns with a slash count from the base, or for what lies outside it from the root.

    Args:
        base: The real parent of the index directory.
        corpus: Which files to list.
        index: The index directory, which is never entered.

    Raises:
        RefusedError: A root does not exist.
        UsageError: There are more files than `corpus.max_documents`.
    """
    walker = _Walker(base, corpus, index)
    found: dict[str, Entry] = {}
    documents = 0
    for entry in (entry for root in corpus.roots for entry in walker.below(root)):
        # A file below two roots is one; links and the like are no documents.
        documents += entry.kind == EntryKind.FILE and entry.path not in found
        # At once: a tree of so many may be more than memory holds, and takes long to walk.
        if documents > corpus.max_documents:
            raise UsageError(
                f"more than {corpus.max_documents:,} files were found (--max-documents)",
                hint="askdocs index --max-documents N, or leave some out with --exclude",
            )
        found[entry.path] = entry
    return [found[path] for path in sorted(found)]


def read_entry(base: Path, entry: Entry, *, max_bytes: int) -> bytes:
    """Read a file that a walk found whole; see `read_source`.

    Raises:
        UnreadableSourceError: It is no document, or cannot be read.
    """
    if entry.kind == EntryKind.UNREADABLE:
        raise UnreadableSourceError(entry.reason, skipped=False)
    if entry.kind == EntryKind.DEEP:
        raise UnreadableSourceError(entry.reason, skipped=True)
    if entry.kind == EntryKind.LINK:
        raise UnreadableSourceError(LINK, skipped=True)
    if entry.kind == EntryKind.SPECIAL:
        raise UnreadableSourceError(SPECIAL, skipped=True)
    return read_source(_place(base, entry.path), max_bytes=max_bytes, follow_links=entry.named)


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to be listed.

    Attributes:
        place: Where it is.
        path: Its path; "" for the base.
        rules: Those of the folders above it.
        root: The place of the root that it lies below, with a slash behind it.
        depth: How many steps below that.
    """

    place: str
    path: str
    rules: tuple[Rules, ...]
    root: str
    depth: int = 0


class _Walker:
    """Lists what lies below the roots of one corpus.

    Places are texts rather than `Path`s, of which every file would need several.
    """

    def __init__(self, base: Path, corpus: CorpusSettings, index: Path) -> None:
        self._base = str(base)
        self._ignore_files = corpus.ignore_files
        self._ignore_names = frozenset(name.lower() for name in corpus.ignore_files)
        self._choice = Choice(_with_slash(self._base), corpus)
        self._max_depth = corpus.max_depth
        self._index = Path(os.path.realpath(index))
        self._index_identity = _identity(self._index)

    def below(self, root: str) -> Iterator[Entry]:
        top = _place(self._base, root)
        with refusals(top):
            is_folder = stat.S_ISDIR(os.stat(top).st_mode)  # noqa: PTH116 - a place is a text
        real = Path(os.path.realpath(top))
        if self._index in (real, *real.parents):
            return
        # A root above the base reaches down into it: each file has one path.
        path = os.path.relpath(top, self._base) if root.startswith("..") else root
        if is_folder:
            faults: dict[str, str] = {}
            rules = self._rules_above(root, top, faults)
            yield from self._unusable(faults)
            yield from self._walk(
                _Folder(top, "" if path == "." else path, rules, _with_slash(top))
            )
        else:
            yield Entry(path=path, kind=EntryKind.FILE, named=True)

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
                children = self._children(folder.place)
            except OSError as error:
                yield Entry(path=path, kind=EntryKind.UNREADABLE, reason=reason_of(error))
                continue
            yield from self._sort(folder, children, pending)

    def _children(self, place: str) -> list[os.DirEntry[str]]:
        """What lies in a folder; nothing where it is the index directory."""
        # The period: who may not enter a folder could list it and read none of its files.
        status = os.stat(f"{place}/.")  # noqa: PTH116 - a Path would take the period away
        # Asked of each folder: the index may be a mount, which a listing does not tell.
        if (status.st_dev, status.st_ino) == self._index_identity:
            return []
        with os.scandir(place) as listing:
            return list(listing)

    def _sort(
        self, folder: _Folder, children: Sequence[os.DirEntry[str]], pending: list[_Folder]
    ) -> Iterator[Entry]:
        """The documents in a folder; the folders in it are put to those that are pending."""
        above, rules = _with_slash(folder.place), folder.rules
        if any(child.name.lower() in self._ignore_names for child in children):
            faults: dict[str, str] = {}
            rules += read_rules(above, self._ignore_files, faults)
            yield from self._unusable(faults)
        for child in children:
            if self._choice.is_left_hidden(child.name):
                continue
            is_folder = child.is_dir(follow_symlinks=False)
            place = f"{above}{child.name}"
            if not (is_folder or self._may_be_document(child, folder, place)):
                continue
            if rules and is_ignored(place, rules, is_folder=is_folder):
                continue
            if self._choice.is_excluded(place, folder.root, is_folder=is_folder):
                continue
            path = self._path(folder.path, child.name, place)
            if is_folder:
                pending.append(_Folder(place, path, rules, folder.root, folder.depth + 1))
            else:
                yield Entry(path=path, kind=_kind(child))

    def _unusable(self, faults: Mapping[str, str]) -> Iterator[Entry]:
        """The ignore files that cannot be used: what they name would be taken for documents."""
        for place, reason in faults.items():
            path = os.path.relpath(place, self._base)
            yield Entry(path=path, kind=EntryKind.UNREADABLE, reason=reason)

    def _path(self, folder: str, name: str, place: str) -> str:
        """The path of what lies in a folder."""
        if folder.strip("./"):
            return f"{folder}/{name}"
        # The base, or above it: the next step may lead down the way that led up.
        return os.path.relpath(place, self._base) if folder else name

    def _may_be_document(self, child: os.DirEntry[str], folder: _Folder, place: str) -> bool:
        # A link to a folder may hold documents: it is not followed, and that is said.
        return self._choice.is_document(child.name, place, folder.root) or _leads_to_folder(child)

    def _rules_above(self, root: str, top: str, faults: dict[str, str]) -> tuple[Rules, ...]:
        """The rules from the base down to the root's parent, where the root lies below it.

        Higher folders do not count, so that an index and its corpus can move together. Where these
        rules ignore the root itself, naming it overrules them. Ignore files that cannot be used
        whole are put to the faults, with the reason.
        """
        if root == "." or root.startswith(("..", "/")):
            return ()
        parents = [_place(self._base, str(path)) for path in reversed(PurePosixPath(root).parents)]
        rules: tuple[Rules, ...] = ()
        for parent, step in pairwise([*parents, top]):
            rules += read_rules(_with_slash(parent), self._ignore_files, faults)
            if is_ignored(step, rules, is_folder=True):
                return ()
        return rules


def _place(base: Path | str, path: str) -> str:
    """Where a path of the index lies, with slashes; see `source_path`."""
    joined = os.path.join(base, path)  # noqa: PTH118 - a Path takes ten times as long
    return os.path.normpath(joined).replace(os.sep, "/")


def _with_slash(place: str) -> str:
    return place if place.endswith("/") else f"{place}/"


def _identity(place: Path | str) -> tuple[int, int] | None:
    """What a folder is, by whichever path; None where it is not there."""
    try:
        status = os.stat(place)  # noqa: PTH116 - a place is a text
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _leads_to_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_symlink() and child.is_dir()
    except OSError:
        # It leads round in a circle, or to where nothing may be looked at.
        return False


def _kind(child: os.DirEntry[str]) -> EntryKind:
    if child.is_file(follow_symlinks=False):
        return EntryKind.FILE
    return EntryKind.LINK if child.is_symlink() else EntryKind.SPECIAL
