"""What the tests of the seam to the file system share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from askdocs.disk.access import record_of
from askdocs.disk.verified import VerifiedFile, blocks_name


class Disk:
    """Notes what is forced to the disk and what is renamed, in order, and lets it happen."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand in for the system's functions until the test ends."""
        self.events: list[tuple[str, tuple[int, int]]] = []
        monkeypatch.setattr(os, "fsync", lambda descriptor: self._note("force", descriptor))
        for name in ("rename", "replace"):
            monkeypatch.setattr(os, name, self._noting(getattr(os, name)))

    def named(self, **paths: Path) -> list[str]:
        """The events so far, with the given names for the files that now have these paths."""
        names = {identity(path): name for name, path in paths.items()}
        return [f"{what} {names.get(one, 'another')}" for what, one in self.events]

    def _noting(self, move: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
        def moved(source: Path, target: Path) -> None:
            self._note("rename", source)
            move(source, target)

        return moved

    def _note(self, what: str, path: Path | int) -> None:
        self.events.append((what, identity(path)))


def identity(path: Path | int) -> tuple[int, int]:
    """What a file is, whatever it is called; an open one is given by its descriptor."""
    status = os.stat(path)
    return status.st_dev, status.st_ino


def opened(path: Path) -> VerifiedFile:
    """A large file as a reader of an index opens it."""
    return VerifiedFile(path, record_of(path), record_of(path.with_name(blocks_name(path.name))))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A watch on every fsync, rename and replace of the test."""
    return Disk(monkeypatch)
