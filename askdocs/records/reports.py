"""Reports about an index: how it was made, and whether it is fresh."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSetting:
    """A setting that differs from the one that an index was made with.

    Attributes:
        name: format, max-tokens, model or passages.
        indexed: What the index was made with.
        wanted: What it would be made with now.
    """

    name: str
    indexed: str
    wanted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedFile:
    """A file of an index that differs from what was written.

    Attributes:
        path: POSIX, relative to the base.
        reason: What is wrong with it.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How a corpus differs from what was indexed.

    Attributes:
        documents: How many documents the index holds.
        added: Paths that the index does not have.
        changed: Paths whose content has changed since.
        removed: Paths that are no longer in the corpus.
        settings: The settings that differ.
        damaged: Damaged files of the index, if they were looked for; then nothing else is compared.
    """

    documents: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    settings: tuple[ChangedSetting, ...] = ()
    damaged: tuple[DamagedFile, ...] = ()

    @property
    def is_fresh(self) -> bool:
        """Return True if nothing differs."""
        return not (self.added or self.changed or self.removed or self.settings or self.damaged)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """The result of indexing.

    Attributes:
        index: The index directory.
        documents: How many documents the index now holds.
        passages: How many passages it holds.
        sentences: How many sentences it holds.
        embedded: How many sentences had to be embedded.
        added: Paths that are new in the index.
        changed: Paths that were indexed again.
        removed: Paths that are no longer in the index.
        skipped: Path to reason, for files left out on purpose.
        failed: Path to reason, for files that could not be read.
        seconds: How long it took.
        is_unchanged: Whether there was nothing to do.
    """

    index: str
    documents: int
    passages: int
    sentences: int
    embedded: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    skipped: Mapping[str, str]
    failed: Mapping[str, str]
    seconds: float
    is_unchanged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """The result of repairing an index.

    Attributes:
        index: The index directory.
        documents: How many documents it holds.
        damaged: Its damaged files; empty if the index is sound.
        added: Paths that the damaged index did not record.
        changed: Paths whose content differs from its record.
        removed: Paths that it recorded and that are no longer in the corpus.
        report: What was rebuilt; None if nothing was.
        is_done: Whether the index was repaired, and not only checked.
    """

    index: str
    documents: int
    damaged: tuple[DamagedFile, ...]
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    report: IndexReport | None
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPreview:
    """The result that indexing would have.

    Attributes:
        documents: How many documents the index would hold.
        added: Paths that would be new in the index.
        changed: Paths that would be indexed again.
        removed: Paths that would no longer be in the index.
        cut: How many documents would be cut into passages.
        sentences: How many sentences would be embedded, at least.
        skipped: Path to reason, for files left out on purpose.
        failed: Path to reason, for files that could not be read.
        is_unchanged: Whether there would be nothing to do.
    """

    documents: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    cut: int
    sentences: int
    skipped: Mapping[str, str]
    failed: Mapping[str, str]
    is_unchanged: bool
