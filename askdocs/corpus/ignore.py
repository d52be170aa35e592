"""Decide which files the ignore files and the settings of a corpus leave out."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING

from askdocs.corpus.read import OF_FILE_SIZE, read_source
from askdocs.errors import UnreadableSourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    from askdocs.records.manifest import CorpusSettings

# Every pattern costs time for every file below it: with a million of them a walk takes minutes.
_MAX_IGNORE_BYTES = 256 * 1024
_MAX_PATTERNS = 5_000
# pathspec backtracks. On a name of 255 letters `*a*a*b` takes 5 ms and `*a*a*a*b` 0.5 s; on a path
# of 4,096 characters two `**/` take 0.13 s and three take minutes.
_MAX_EXTRA_STARS = 2
_UNUSED = "its patterns are not used"
# A pattern also matches everything below a folder that it names. A walk asks about each entry, so
# patterns and entries end with a NUL, which is in no name: then a pattern matches entries alone.
_END = "\0"
# pathspec's patterns do not match across a line end. A lone surrogate, which no decoded name or
# pattern has, stands for it.
_LINE_END = "\ud800"


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns of one folder's ignore files; later patterns overrule earlier ones.

    Attributes:
        start: The length of the folder's location with its slash. Patterns are matched against
            what follows.
        spec: The patterns.
        may_match: An expression for every name at the end of a path that a pattern matches, and
            for few others. It is much faster than the patterns, and most names match none.
    """

    start: int
    spec: GitIgnoreSpec
    may_match: re.Pattern[str]

    def verdict(self, location: str, *, is_folder: bool) -> bool | None:
        """Return True if an entry is ignored, False if a `!` pattern takes it back, or None.

        What lies below the entry is not considered: a walk does not enter ignored folders.
        """
        if not self.may_match.match(location.rpartition("/")[2]):
            return None
        path = _without_line_ends(location[self.start :])
        return self.spec.check_file(f"{path}{_END}{'/' if is_folder else ''}").include


def read_rules(folder: str, names: Iterable[str], faults: dict[str, str]) -> tuple[Rules, ...]:
    """Read the ignore files of a folder, of which later ones overrule earlier ones.

    Args:
        folder: The folder's location, ending with a slash.
        names: The names of the ignore files.
        faults: Receives the location of each file that cannot be used in full, with the reason.

    Returns:
        One `Rules`, or none if there are no patterns.
    """
    lines: list[str] = []
    for name in names:
        patterns, fault = _read_patterns(f"{folder}{name}")
        lines += patterns
        if fault:
            faults[f"{folder}{name}"] = fault
    return make_rules(lines, start=len(folder))


def make_rules(lines: Iterable[str], *, start: int = 0) -> tuple[Rules, ...]:
    """Return one `Rules` of the lines of an ignore file, or none if no line is a pattern."""
    patterns = [(line, pattern) for line in lines for pattern in _compile(_ended(line))]
    if not patterns:
        return ()
    may_match = _any_name(_name_superset(line) for line, _ in patterns)
    return (Rules(start, _spec([pattern for _, pattern in patterns]), may_match),)


def is_ignored(location: str, rules: Sequence[Rules], *, is_folder: bool) -> bool:
    """Return True if the rules of the deepest folder that mention an entry ignore it.

    Args:
        location: Where the entry is, with slashes, below the folders of all rules.
        rules: The rules of the folders above it, deeper ones last.
        is_folder: Whether the entry is a folder; some patterns match only folders.
    """
    for rule in reversed(rules):
        verdict = rule.verdict(location, is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False


def is_pattern(line: str) -> bool:
    """Return True if a line of an ignore file leaves something out.

    Comments, `!` patterns, lines that make no sense and patterns with too many stars do not. A name
    that begins with `#` or `!` is written with a backslash before it.
    """
    return any(pattern.include for pattern in _compile(line))


def has_too_many_stars(line: str) -> bool:
    """Return True if a line of an ignore file would take too long to match, so that it is not used.

    The first star between two slashes costs nothing, nor does `**` at either end. Of further stars,
    and of `**` between other parts, a pattern may have two in all.
    """
    parts = line.strip("!/ ").split("/")
    extra_stars = sum(part.count("*") - 1 for part in parts if "*" in part and part != "**")
    return extra_stars + parts[1:-1].count("**") > _MAX_EXTRA_STARS


def require_few_stars(option: str, pattern: str) -> None:
    """Raise UsageError if a pattern of an option, even one in an index, has too many stars."""
    if has_too_many_stars(pattern):
        raise UsageError(
            f"{option} {pattern!r} has too many stars",
            hint=f"askdocs index {option} PATTERN, with one star in each part and "
            f"{_MAX_EXTRA_STARS} more in all",
        )


def path_matcher(line: str) -> Callable[[str], bool]:
    """Return a function that tells whether a line of an ignore file names a path or one above it.

    It always returns False if the line is not a pattern; see `is_pattern`.
    """
    spec = _spec(_compile(line))
    return lambda path: spec.match_file(_without_line_ends(path))


def _read_patterns(location: str) -> tuple[list[str], str]:
    """Return the patterns of an ignore file, and why it cannot be used in full, "" if it can."""
    if not os.path.lexists(location):
        return [], ""
    try:
        content = read_source(location, max_bytes=_MAX_IGNORE_BYTES)
    except UnreadableSourceError as error:
        return [], f"{_UNUSED}: {str(error).removesuffix(OF_FILE_SIZE)}"
    if b"\0" in content:
        return [], f"{_UNUSED}: not UTF-8"
    # A line that is not UTF-8 may match a name that is not: git compares bytes.
    lines = content.decode("utf-8-sig", "surrogateescape").split("\n")
    patterns: list[str] = []
    fault = ""
    for number, line in enumerate(lines, 1):
        pattern = line.removesuffix("\r")
        if _compile(_ended(pattern)):
            patterns.append(pattern)
        elif has_too_many_stars(pattern) and not pattern.startswith("#"):
            fault = fault or f"line {number} is not used: too many stars"
        if len(patterns) > _MAX_PATTERNS:
            return patterns[:-1], f"only its first {_MAX_PATTERNS:,} patterns are used"
    return patterns, fault


# The ignore files of many folders have the same lines.
@lru_cache(maxsize=1024)
def _compile(line: str) -> tuple[GitIgnoreSpecPattern, ...]:
    """Return the pattern of a line; none for a comment, and, as in git, if it makes no sense."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - most folders have no ignore file

    if has_too_many_stars(line):
        return ()
    try:
        # `re` warns of classes such as `[[]` and `[a--b]`, which it may read differently one day.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            spec = GitIgnoreSpec.from_lines([_without_line_ends(line)], backend="simple")
    except (ValueError, re.error):
        return ()
    return tuple(pattern for pattern in spec.patterns if pattern.include is not None)


def _spec(patterns: Sequence[GitIgnoreSpecPattern]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - as above

    # Other backends, used where they are installed, do not accept lone surrogates.
    return GitIgnoreSpec(patterns, backend="simple")


def _ended(line: str) -> str:
    """End the name that a pattern matches with a NUL; return "" for a line that matches nothing."""
    pattern = line if line.endswith("\\ ") else line.rstrip()
    name = pattern.removesuffix("/")
    backslashes = len(name) - len(name.rstrip("\\"))
    if not name or backslashes % 2:
        return ""
    anything = "/*" if name.endswith("/**") else ""
    return f"{name}{anything}{_END}{'/' if name != pattern else ''}"


def _name_superset(line: str) -> str:
    """Return a pattern of `fnmatch` for at least the names that a line matches; see `Rules`."""
    name = line.removeprefix("!").rstrip().removesuffix("/").rpartition("/")[2]
    # git and `fnmatch` differ in classes and backslashes: what follows one may be anything.
    plain = re.split(r"[\[\\]", name, maxsplit=1)[0]
    return plain if plain == name else f"{plain}*"


def _any_name(globs: Iterable[str]) -> re.Pattern[str]:
    """Return an expression for the names that one of some patterns of `fnmatch` matches."""
    # The last expression matches nothing, for the case that there are no patterns.
    return re.compile("|".join([*map(translate, globs), "(?!)"]))


def _without_line_ends(text: str) -> str:
    return text.replace("\n", _LINE_END)


# The files of a version control system are never documents.
_REPOSITORIES = frozenset({".git", ".hg", ".svn"})


class Choice:
    """The patterns in the settings of a corpus, for entries below its roots; case does not matter.

    A pattern without a slash is matched against names. One with a slash is matched against paths
    relative to the base, or to the root for entries outside the base.
    """

    def __init__(self, base: str, corpus: CorpusSettings) -> None:
        """Compile the patterns; the location of the base ends with a slash.

        Raises:
            UsageError: A pattern has too many stars.
        """
        include = [pattern.lower() for pattern in corpus.include]
        self._base = base
        for pattern in corpus.exclude:
            require_few_stars("--exclude", pattern)
        for pattern in include:
            if "/" in pattern:
                require_few_stars("--include", pattern)
        self._is_document = _any_name(name for name in include if "/" not in name).match
        self._include = make_rules(pattern for pattern in include if "/" in pattern)
        self._exclude = make_rules(pattern.lower() for pattern in corpus.exclude)
        self._takes_hidden = corpus.hidden

    def is_left_hidden(self, name: str) -> bool:
        """Return True if an entry is left out because its name begins with a period."""
        return name.startswith(".") and (not self._takes_hidden or name in _REPOSITORIES)

    def is_document(self, name: str, location: str, root: str) -> bool:
        """Return True if a file is a document.

        Args:
            name: The file's name.
            location: Where the file is, with slashes.
            root: The location of the root above it, ending with a slash.
        """
        has_name = bool(self._is_document(name.lower()))
        return has_name or self._matches(self._include, location, root, is_folder=False)

    def is_excluded(self, location: str, root: str, *, is_folder: bool) -> bool:
        """Return True if `exclude` leaves out an entry; for the arguments see `is_document`."""
        return self._matches(self._exclude, location, root, is_folder=is_folder)

    def may_be_document(self, name: str) -> bool:
        """Return True if a file of this name is a document in some folder."""
        return bool(self._include) or bool(self._is_document(name.lower()))

    def _matches(
        self, rules: tuple[Rules, ...], location: str, root: str, *, is_folder: bool
    ) -> bool:
        if not rules:
            return False
        start = self._base if location.startswith(self._base) else root
        return is_ignored(location[len(start) :].lower(), rules, is_folder=is_folder)
