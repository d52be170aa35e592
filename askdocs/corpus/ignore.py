"""Which files the ignore files and the settings of a corpus leave out."""

import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import TypeAlias

from askdocs.corpus.read import OF_FILE_SIZE, read_source
from askdocs.errors import UnreadableSourceError
from askdocs.records.manifest import CorpusSettings

# What more patterns cost is paid for every file below: a million of them take minutes.
_MAX_IGNORE_BYTES = 256 * 1024
_MAX_PATTERNS = 5_000
_NO_PATTERN = "its patterns do not hold"
# What pathspec makes of a star, of a pattern that holds at any depth, and of the end of a name
# below which everything matches too.
_STAR = "[^/]*"
_ANYWHERE = "^(?:.+/)?"
_BELOW = "(?P<ps_d>"
# What it makes of two stars between slashes, and of the end of most patterns; `$` would also stand
# before a line end that is the last character of a name.
_FOLDERS = "(?:/.+)?/"
_END_OF_NAME = f"(?:{_BELOW}/)|$)"
_END_OF_PATH = rf"(?:{_BELOW}/)|\Z)"

_Pattern: TypeAlias = tuple[bool, re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns of one folder's ignore files, those of later files overruling.

    Attributes:
        start: How many characters of the place of what lies in the folder lead to the folder.
        patterns: Whether each one ignores, and what it names.
        any_pattern: Matches wherever one of them does; most names are none of theirs.
    """

    start: int
    patterns: tuple[_Pattern, ...]
    any_pattern: re.Pattern[str]

    def verdict(self, place: str, *, is_folder: bool) -> bool | None:
        """True for ignored, False for taken back by a `!` pattern, None for no word on it.

        A pattern speaks of what it names only, not of all below: ignored folders are not entered.
        """
        path = place[self.start :]
        if not (
            self.any_pattern.search(path) or (is_folder and self.any_pattern.search(f"{path}/"))
        ):
            return None
        return next(
            (
                include
                for include, regex in reversed(self.patterns)
                if _names(regex, path, is_folder=is_folder)
            ),
            None,
        )


def read_rules(
    above: str, names: Iterable[str], *, faults: dict[str, str] | None = None
) -> tuple[Rules, ...]:
    """The rules of a folder, one or none; what cannot be read ignores nothing.

    Args:
        above: The place of the folder, and the slash behind it.
        names: The ignore files to read in it, later ones overruling.
        faults: Filled with the place of each file that cannot be used whole, and the reason.
    """
    patterns: list[_Pattern] = []
    for name in names:
        found, fault = _patterns(f"{above}{name}")
        patterns += found
        if fault and faults is not None:
            faults[f"{above}{name}"] = fault
    return _rules(len(above), tuple(patterns))


def rules_of(lines: Iterable[str], start: int) -> tuple[Rules, ...]:
    """The rules that some patterns make, one or none.

    Args:
        lines: As they would stand in an ignore file, later ones overruling.
        start: How many characters of a place lead to the folder from which they count.
    """
    return _rules(start, tuple(pattern for line in lines for pattern in _compiled(line)))


def is_pattern(line: str) -> bool:
    """Whether a line of an ignore file leaves out anything: no comment, no exception, no nonsense.

    A name that begins with `#` or `!` is written with a backslash before it.
    """
    compiled = _compiled(line)
    return bool(compiled) and all(ignores for ignores, _ in compiled)


def matcher_of(line: str) -> Callable[[str], bool] | None:
    """What tells whether a line of an ignore file names a path or a folder above it.

    None where the line names nothing; see `is_pattern`.
    """
    if not is_pattern(line):
        return None
    regexes = [regex for _, regex in _compiled(line)]
    return lambda path: any(regex.search(path) for regex in regexes)


def is_ignored(place: str, rules: Sequence[Rules], *, is_folder: bool) -> bool:
    """Whether the deepest folder's rules that have a word on an entry ignore it.

    Args:
        place: Where the entry is, with slashes, below the folders of all rules.
        rules: Those of the folders above it, deeper ones last.
        is_folder: Whether it is one; some patterns speak of folders alone.
    """
    for rule in reversed(rules):
        verdict = rule.verdict(place, is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False


def _rules(start: int, patterns: tuple[_Pattern, ...]) -> tuple[Rules, ...]:
    if not patterns:
        return ()
    return (Rules(start, patterns, _any_of([regex for _, regex in patterns])),)


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


def _any_of(regexes: Sequence[re.Pattern[str]]) -> re.Pattern[str]:
    """One pattern that matches wherever one of several does: a folder may have dozens."""
    anywhere: list[str] = []
    others: list[str] = []
    for regex in regexes:
        text = regex.pattern
        if text.count(_BELOW) != len(regex.groupindex):
            # A class of characters that looks like the group: nothing is safe to say of it.
            return re.compile("")
        text = text.replace(_BELOW, "(?:")
        if text.startswith(_ANYWHERE):
            anywhere.append(f"(?:{text.removeprefix(_ANYWHERE)})")
        else:
            others.append(f"(?:{text})")
    if anywhere:
        # The way down to a name is looked for once, not once for every pattern.
        others.append(f"{_ANYWHERE}(?:{'|'.join(anywhere)})")
    with _unwarned():
        return re.compile("|".join(others), re.DOTALL)


def _patterns(place: str) -> tuple[list[_Pattern], str]:
    """The patterns of an ignore file, and why not all of them hold; empty where they do."""
    if not os.path.lexists(place):
        return [], ""
    try:
        content = read_source(place, max_bytes=_MAX_IGNORE_BYTES)
    except UnreadableSourceError as error:
        return [], f"{_NO_PATTERN}: {str(error).removesuffix(OF_FILE_SIZE)}"
    if b"\0" in content:
        return [], f"{_NO_PATTERN}: not UTF-8"
    patterns: list[_Pattern] = []
    # What is not UTF-8 may name a file whose name is not: for git, both are bytes.
    for line in content.decode("utf-8-sig", "surrogateescape").split("\n"):
        patterns += _compiled(line.removesuffix("\r"))
        if len(patterns) > _MAX_PATTERNS:
            reason = f"only its first {_MAX_PATTERNS:,} patterns hold"
            return patterns[:_MAX_PATTERNS], reason
    return patterns, ""


# Ignore files of many folders say the same.
@lru_cache(maxsize=1024)
def _compiled(line: str) -> tuple[_Pattern, ...]:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - most folders have no ignore file

    try:
        with _unwarned():
            return tuple(
                (pattern.include, _without_backtracking(pattern.regex))
                for pattern in GitIgnoreSpec.from_lines([line]).patterns
                if pattern.include is not None and pattern.regex is not None
            )
    except (ValueError, re.error):
        # As git does: a pattern that makes no sense ignores nothing.
        return ()


@contextmanager
def _unwarned() -> Iterator[None]:
    """Let `re` take a class such as `[[]` or `[a--b]` as git does, and not warn of other plans."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _without_backtracking(regex: re.Pattern[str]) -> re.Pattern[str]:
    """Let each star but the last take as little as it can, for good, as `fnmatch` does.

    Otherwise a pattern of ten stars takes longer than anyone waits. The same goes for what stands
    for any folders, `**`; and names may hold line ends.
    """
    pattern = regex.pattern.removesuffix(_END_OF_NAME)
    end = _END_OF_PATH if pattern != regex.pattern else ""
    first, *blocks = map(_without_stars, pattern.split(_FOLDERS))
    if blocks:
        if first.startswith(_ANYWHERE):
            first = f"^(?>(?:.+?/)??{first.removeprefix(_ANYWHERE)}(?=/))"
        *inner, last = blocks
        between = "".join(f"(?>(?:/.+?)??/{block}(?=/))" for block in inner)
        first = f"{first}{between}{_FOLDERS}{last}"
    return re.compile(f"{first}{end}", re.DOTALL)


def _without_stars(block: str) -> str:
    """A pattern of some folders, in which no star but the last is tried more than once."""
    first, *parts = block.split(_STAR)
    if not parts:
        return first
    *inner, last = parts
    return f"{first}{''.join(f'(?>{_STAR}?{part})' for part in inner)}{_STAR}{last}"


# A repository's own store has no documents, whatever lies in it.
_REPOSITORIES = frozenset({".git", ".hg", ".svn"})


class Choice:
    """The patterns of a corpus, for names below its roots.

    A pattern without a slash is held against names, one with a slash against paths from the base,
    or from the root for what lies outside the base; letter case does not matter.
    """

    def __init__(self, base: str, corpus: CorpusSettings) -> None:
        """Compile them.

        Args:
            base: The place of the base, and the slash behind it.
            corpus: Whose settings count.
        """
        self._base = base
        self._is_document = _matcher([one for one in corpus.include if "/" not in one])
        self._include = _in_any_case(one for one in corpus.include if "/" in one)
        self._exclude = _in_any_case(corpus.exclude)
        self._takes_hidden = corpus.hidden

    def is_left_hidden(self, name: str) -> bool:
        """Whether an entry is passed over for the period that its name begins with."""
        return name.startswith(".") and (not self._takes_hidden or name in _REPOSITORIES)

    def is_document(self, name: str, place: str, root: str) -> bool:
        """Whether a file is one of those that are documents.

        Args:
            name: Its name.
            place: Where it is, with slashes.
            root: The place of the root above it, and the slash behind it.
        """
        if self._is_document(name.lower()):
            return True
        return bool(self._include) and self._fits(self._include, place, root, is_folder=False)

    def is_excluded(self, place: str, root: str, *, is_folder: bool) -> bool:
        """Whether an entry is left out by name; for the arguments see `is_document`."""
        return bool(self._exclude) and self._fits(self._exclude, place, root, is_folder=is_folder)

    def may_be_document(self, name: str) -> bool:
        """Whether a file of that name is a document in some folder."""
        return bool(self._include) or bool(self._is_document(name.lower()))

    def _fits(self, patterns: tuple[Rules, ...], place: str, root: str, *, is_folder: bool) -> bool:
        start = self._base if place.startswith(self._base) else root
        return is_ignored(place[len(start) :].lower(), patterns, is_folder=is_folder)


def _matcher(patterns: Sequence[str]) -> Callable[[str], re.Match[str] | None]:
    """Tell whether a name in lower case fits one of some patterns of `fnmatch`."""
    # What never matches stands for no pattern at all.
    return re.compile("|".join(translate(pattern.lower()) for pattern in patterns) or "(?!)").match


def _in_any_case(patterns: Iterable[str]) -> tuple[Rules, ...]:
    """Rules for paths in lower case."""
    return rules_of([pattern.lower() for pattern in patterns], 0)
