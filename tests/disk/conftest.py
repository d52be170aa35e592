"""What the tests of the seam to the file system share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


class Disk:
    """Watches what is forced to the disk and what is renamed, in order, and lets it happen."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.events: list[tuple[str, tuple[int, int]]] = []

    def fsync(self, descriptor: int) -> None:
        """Note what was forced."""
        self.events.append(("force", _identity(os.fstat(descriptor))))

    def moving(self, move: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
        """Wrap a function that renames, to note what was renamed."""

        def moved(source: Path, target: Path) -> None:
            self.events.append(("rename", _identity(os.stat(source))))
            move(source, target)

        return moved

    def named(self, **paths: Path) -> list[str]:
        """The events so far, with the given names for the files that now have these paths."""
        names = {_identity(path.stat()): name for name, path in paths.items()}
        return [f"{what} {names.get(identity, 'another')}" for what, identity in self.events]


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A watch on every fsync, rename and replace of the test."""
    watch = Disk()
    monkeypatch.setattr(os, "fsync", watch.fsync)
    monkeypatch.setattr(os, "rename", watch.moving(os.rename))
    monkeypatch.setattr(os, "replace", watch.moving(os.replace))
    return watch
