"""Which documents a pattern of paths names."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs import files
from askdocs.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def select_documents(
    paths: Iterable[str], patterns: Sequence[str], *, base: Path, current: Path | None
) -> frozenset[str]:
    """The documents that any of some patterns names.

    A pattern is read as a line of .gitignore is: without a slash but at its end it names files and
    folders at any depth, with one it is relative to the base or to the current folder, a folder
    stands for all that is below it, and `**` for any number of folders. A path as it stands names
    its document, whatever signs it is made of. Otherwise letter case does not matter.

    Args:
        paths: Of all documents, relative to the base.
        patterns: At least one.
        base: The folder to which the paths are relative.
        current: The current folder; None where there is none.

    Raises:
        UsageError: A pattern names no document.
    """
    places = {path: os.path.normpath(base / path) for path in paths}
    selected: set[str] = set()
    for text in patterns:
        pattern = _Pattern(text, base=base, current=current or base)
        found = {path for path, place in places.items() if pattern.fits(path, place)}
        if not found:
            raise UsageError(
                f"no document of the index has a path like {text}",
                hint="askdocs status --documents",
            )
        selected |= found
    return frozenset(selected)


class _Pattern:
    """One pattern of paths."""

    def __init__(self, pattern: str, *, base: Path, current: Path) -> None:
        self._exact = {pattern, *(os.path.normpath(one / pattern) for one in (base, current))}
        # The dots that a path may begin with, for which patterns have no sign.
        rest = re.sub(r"^(?:\.{1,2}(?:/+|$))+", "", pattern)
        dots = pattern.removesuffix(rest)
        self._is_plain = not dots and not pattern.startswith("/")
        self._folder = "/" if pattern.startswith("/") else _folder(current, dots)
        # Paths of documents that are not below the base begin with dots as well.
        self._outside = _folder(base, dots)
        line = f"/{rest or '**'}" if dots else re.sub(r"^[#!]", r"\\\g<0>", rest)
        self._matches = files.matcher_of(line.lower()) or _matches_nothing

    def fits(self, path: str, place: str) -> bool:
        """Whether the pattern names the document at a path of the index, which is a place."""
        if path in self._exact or place in self._exact:
            return True
        folders = {self._folder, self._outside} if path.startswith("../") else {self._folder}
        names = [place.removeprefix(one) for one in folders if place.startswith(one)]
        wanted = [path, *names] if self._is_plain else names
        return any(self._matches(one.lower()) for one in wanted)


def _matches_nothing(_path: str) -> bool:
    """Stands for a pattern that makes no sense, which then names no document."""
    return False


def _folder(start: Path, dots: str) -> str:
    """The folder that some dots lead to, with a slash."""
    return os.path.normpath(start / dots).rstrip("/") + "/"
