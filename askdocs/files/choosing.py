"""Which names the settings of a corpus take."""

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import translate

from askdocs.datamodel import CorpusSettings
from askdocs.files.ignoring import Rules, is_ignored, rules_of

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
