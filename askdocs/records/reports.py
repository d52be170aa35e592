"""Reports about an index: how it was made, and whether it is fresh."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSetting:
    """A setting (format, max-tokens, model, passages) as an index was made, and would be now."""

    name: str
    indexed: str
    wanted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedFile:
    """A file of an index, POSIX and relative to the base, and why it is not what was written."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How a corpus differs from what was indexed.

    Attributes:
        documents: How many documents the index holds.
        added, changed, removed: Paths that the index does not have, whose content has changed
            since, or that are no longer in the corpus.
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
        documents, passages, sentences: How many of each the index now holds.
        embedded: How many sentences had to be embedded.
        added, changed, removed: Paths that are new in the index, indexed again, or gone from it.
        skipped, failed: Path to reason, for files left out on purpose, or that cannot be read.
        seconds: How long it took.
        is_unchanged: Whether there was nothing to do.
        other_kinds: How many files have each ending that is not indexed.
        ignored: How many documents ignore files name.
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
    other_kinds: Mapping[str, int] = field(default_factory=dict)
    ignored: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """The result of repairing an index.

    Attributes:
        index: The index directory.
        documents: How many documents it holds.
        damaged: Its damaged files; empty if the index is sound.
        added, changed, removed: Paths that the damaged index did not record, whose content differs
            from its record, or that are no longer in the corpus.
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
        added, changed, removed, skipped, failed, is_unchanged: As in an `IndexReport`.
        cut: How many documents would be cut into passages.
        sentences: How many sentences would be embedded, at least.
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
