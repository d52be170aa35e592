"""Record what a run does to a disk, then list what the disk may hold after a power failure.

Until a program forces its changes, the system may write them at any time and in any order. So after
each call the disk may hold any subset of the names made, moved and removed in a folder since that
folder was forced. Each file that was not forced may be as before, whole, cut in half or all zeros.
"""

import inspect
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedWriter
from itertools import combinations, count
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pytest

from askdocs.disk import seam

FOLDER = None
"""The value of a folder in a tree, in place of the bytes of a file."""

Tree = dict[str, bytes | None]
SEAM = tuple(
    name
    for name, act in vars(seam).items()
    if inspect.isfunction(act) and not name.startswith("_")
    # These make nothing that an index needs.
    if name not in {"scratch", "make_private_folder", "remove_private_folder"}
)
"""The functions of the seam that change an index."""

_MOST_PENDING = 14
_ROOT = 0


@dataclass(eq=False)
class _Names:
    """A change of names in a folder, which happens as a whole or not at all."""

    folder: int
    drops: str | None = None
    adds: tuple[str, int] | None = None

    def apply(self, names: dict[int, dict[str, int]]) -> None:
        """Change the names of the folder."""
        own = names.setdefault(self.folder, {})
        if self.drops is not None:
            own.pop(self.drops, None)
        if self.adds is not None:
            own[self.adds[0]] = self.adds[1]


@dataclass
class _Disk:
    """Names by folder and contents by file."""

    names: dict[int, dict[str, int]] = field(default_factory=lambda: {_ROOT: {}})
    contents: dict[int, bytes] = field(default_factory=dict)

    def copy(self) -> "_Disk":
        return _Disk({key: dict(own) for key, own in self.names.items()}, dict(self.contents))

    def walk(self, node: int = _ROOT, above: str = "") -> Iterator[tuple[str, int]]:
        for name, child in sorted(self.names[node].items()):
            yield f"{above}{name}", child
            if child in self.names:
                yield from self.walk(child, f"{above}{name}/")


class KilledError(BaseException):
    """Stands for the end of the process; nothing catches it."""


class PowerlessDisk:
    """Stands in for `disk.seam`: carries out each call and knows what a crash would leave."""

    def __init__(self, root: Path, *, lies: Callable[[str, Path], bool] = lambda *_: False) -> None:
        """Take what is below a folder as forced; nothing outside it is watched.

        With `dies_at` set, the call of that number, counted from 0, ends the run. Where `lies`
        returns True for a call, by name and path, it only pretends to succeed.
        """
        self.calls = 0
        self.dies_at = 0
        self._root = root
        self._lies = lies
        self._nodes = count(_ROOT + 1)
        self._pending: list[_Names] = []
        self._acknowledged = False
        self._moments: list[_Moment] = []
        self._sure = _Disk()
        self._read_tree(root, _ROOT)
        self._live = self._sure.copy()
        self._note()

    def attach(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of every function of the seam."""
        for name in SEAM:
            monkeypatch.setattr(seam, name, self._watched(name, getattr(seam, name)))

    def forget(self) -> None:
        """Leave out the states of what was done so far."""
        self._moments = []
        self._note()

    def acknowledge(self) -> None:
        """Note that success was reported: from now on only the new state is right."""
        self._acknowledged = True
        self._note()

    def states(self) -> Iterator[tuple[Tree, bool]]:
        """Yield each state in which the disk may be found, and whether success was reported before.

        The latest come first: there a sabotaged protocol shows soonest.
        """
        seen = set()
        for moment in reversed(self._moments):
            for tree in moment.trees():
                key = (_essence(tree), moment.is_acknowledged)
                if key not in seen:
                    seen.add(key)
                    yield tree, moment.is_acknowledged

    def _watched(self, name: str, original: Callable[..., object]) -> Callable[..., object]:
        def call(first: Path | BinaryIO, *others: Path) -> object:
            path = first if isinstance(first, Path) else Path(first.name)
            if self.calls == self.dies_at > 0:
                raise KilledError
            if self._lies(name, path):
                return None
            self.calls += 1
            before = getattr(self, f"_before_{name}", None)
            if before:
                before(path)
            result = original(first, *others)
            if name != "remove_tree":
                getattr(self, f"_after_{name}")(path, *others)
            if name in {"create", "overwrite"}:
                return _WatchedFile(result, lambda: self._read(path))
            self._note()
            return result

        return call

    def _after_create(self, path: Path) -> None:
        node = next(self._nodes)
        self._live.contents[node] = b""
        self._sure.contents[node] = b""
        self._add(path, node)

    def _after_overwrite(self, path: Path) -> None:
        self._after_open_lock(path)
        self._read(path)
        self._note()

    def _after_open_lock(self, path: Path) -> None:
        if self._find(path) is None:
            self._after_create(path)

    def _after_force(self, path: Path) -> None:
        node = self._known(path)
        self._read(path)
        self._sure.contents[node] = self._live.contents[node]

    def _after_force_path(self, path: Path) -> None:
        node = _ROOT if path.resolve() == self._root.resolve() else self._find(path)
        if node is None:
            # Outside the watched folder.
            return
        if node in self._live.contents:
            self._sure.contents[node] = self._live.contents[node]
            return
        for change in self._pending:
            if change.folder == node:
                change.apply(self._sure.names)
        self._pending = [change for change in self._pending if change.folder != node]

    def _after_make_folder(self, path: Path) -> None:
        node = next(self._nodes)
        self._live.names[node] = {}
        self._sure.names[node] = {}
        self._add(path, node)

    def _after_link(self, source: Path, target: Path) -> None:
        self._add(target, self._known(source))

    def _after_rename(self, source: Path, target: Path) -> None:
        node = self._known(source)
        if source.parent == target.parent:
            self._change(_Names(self._known(source.parent), source.name, (target.name, node)))
            return
        # The two folders may be written at different times.
        self._change(_Names(self._known(target.parent), adds=(target.name, node)))
        self._change(_Names(self._known(source.parent), source.name))

    def _after_unlink(self, path: Path) -> None:
        self._change(_Names(self._known(path.parent), path.name))

    def _before_remove_tree(self, path: Path) -> None:
        # As shutil.rmtree does it: each name by itself, from the bottom up.
        for folder, folders, names in os.walk(path, topdown=False):
            for name in [*names, *folders]:
                self._after_unlink(Path(folder, name))
                self._note()
        self._after_unlink(path)

    def _read(self, path: Path) -> None:
        """Note what a file holds now."""
        node = self._known(path)
        content = path.read_bytes()
        if content != self._live.contents[node]:
            self._live.contents[node] = content
            self._note()

    def _add(self, path: Path, node: int) -> None:
        self._change(_Names(self._known(path.parent), adds=(path.name, node)))

    def _change(self, change: _Names) -> None:
        change.apply(self._live.names)
        self._pending.append(change)

    def _known(self, path: Path) -> int:
        node = self._find(path)
        assert node is not None, f"{path} is written, and nobody made it through the seam"
        return node

    def _find(self, path: Path) -> int | None:
        node: int | None = _ROOT
        for part in path.absolute().parts[len(self._root.absolute().parts) :]:
            node = self._live.names.get(node, {}).get(part) if node is not None else None
        return node

    def _read_tree(self, folder: Path, node: int) -> None:
        for path in sorted(folder.iterdir()):
            child = next(self._nodes)
            self._sure.names[node][path.name] = child
            if path.is_dir():
                self._sure.names[child] = {}
                self._read_tree(path, child)
            else:
                self._sure.contents[child] = path.read_bytes()

    def _note(self) -> None:
        self._moments.append(
            _Moment(self._sure.copy(), self._live.copy(), [*self._pending], self._acknowledged)
        )


@dataclass
class _Moment:
    """What is forced, what the program sees, and the changes of names in between."""

    sure: _Disk
    live: _Disk
    pending: list[_Names]
    is_acknowledged: bool

    def trees(self) -> Iterator[Tree]:
        """Yield each state in which the disk may be found now; many are equal."""
        for changes in self._subsets():
            found = self.sure.copy()
            for change in changes:
                change.apply(found.names)
            yield from self._torn(found)

    def _subsets(self) -> Iterator[list[_Names]]:
        """Yield the changes of names that may have happened.

        Changes in a folder that is being made or removed happen in order: readers do not see that
        folder, and for a generation any missing file is as bad as another.
        """
        seen = {node for path, node in self.live.walk() if _named(path) == path} | {_ROOT}
        free = [change for change in self.pending if change.folder in seen]
        others = [change for change in self.pending if change.folder not in seen]
        assert len(free) <= _MOST_PENDING, "too many names wait for the disk"
        for taken_others in range(len(others) + 1):
            for size in range(len(free) + 1):
                for some in combinations(free, size):
                    taken = [*others[:taken_others], *some]
                    yield [change for change in self.pending if change in taken]

    def _torn(self, found: _Disk) -> Iterator[Tree]:
        """Yield the trees with these names: no file torn, each alone, or all of them."""
        nodes = dict(found.walk())
        contents = {node: found.contents.get(node) for node in nodes.values()}
        unsure = sorted(
            node
            for node in set(nodes.values()) & self.live.contents.keys()
            if self.live.contents[node] != contents[node]
        )
        yield {path: contents[node] for path, node in nodes.items()}
        for torn in ([], *([node] for node in unsure), unsure):
            for tear in _TEARS if torn else ():
                held = {**contents, **{node: tear(self.live.contents[node]) for node in torn}}
                yield {path: held[node] for path, node in nodes.items()}


class _WatchedFile(BufferedWriter):
    """A file whose content is noted when it is closed."""

    def __init__(self, file: BufferedWriter, notice: Callable[[], None]) -> None:
        super().__init__(file.detach())
        self._notice = notice

    def close(self) -> None:
        is_open = not self.closed
        super().close()
        if is_open:
            self._notice()


_TEARS: tuple[Callable[[bytes], bytes], ...] = (
    lambda content: content,
    lambda content: content[: len(content) // 2],
    lambda content: bytes(len(content)),
)


def write_tree(tree: Tree, folder: Path) -> None:
    """Replace the content of a folder with a state."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path, content in sorted(tree.items()):
        if content is FOLDER:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)


def _essence(tree: Tree) -> frozenset[tuple[str, bytes | None]]:
    """Return what matters of a state; leftovers are equal whatever they hold."""
    return frozenset(
        (_named(path), None if path.endswith("HEAD.new") or _named(path) != path else tree[path])
        for path in tree
    )


def _named(path: str) -> str:
    first = next((part for part in PurePosixPath(path).parts if part.startswith("new-")), None)
    return path.partition(first)[0] + "new-" if first else path
