"""Every error askdocs raises on purpose, each with a hint: the next command to type."""

from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path

REPAIR = "askdocs repair"
"""The hint for damage."""

REPAIR_FROM = "askdocs repair PATH"
"""The hint for damage by which it is lost where the documents are."""


class ExitStatus(IntEnum):
    """What the process tells its caller; the numbers are part of the command line's contract."""

    DONE = 0
    NO = 1
    USAGE = 2
    NO_INDEX = 3
    DAMAGED = 4
    UNUSABLE = 5
    LOCKED = 6
    REFUSED = 7
    SOME_FAILED = 8
    INTERRUPTED = 130


class AskdocsError(Exception):
    """An error that its reader can do something about.

    Attributes:
        hint: The next command to type, or what to change; empty where there is none.
        exit_status: The status with which the process ends.
    """

    exit_status = ExitStatus.USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the one-line message (lower case, no full stop) and the hint."""
        super().__init__(message)
        self.hint = hint


class UsageError(AskdocsError):
    """What was asked for makes no sense as it stands."""


class NoIndexError(AskdocsError):
    """There is no index where one was looked for."""

    exit_status = ExitStatus.NO_INDEX


class DamagedIndexError(AskdocsError):
    """The index is not what its manifest says; nothing was answered from it."""

    exit_status = ExitStatus.DAMAGED


class DamagedFileError(DamagedIndexError):
    """A file of the index is not what was written.

    Attributes:
        reason: What is wrong with it, without its path; never empty.
    """

    def __init__(self, path: Path, reason: str, *, hint: str) -> None:
        """Make the message of the path and the reason."""
        super().__init__(f"{path} {reason}", hint=hint)
        self.reason = reason


class UnusableIndexError(AskdocsError):
    """The index was made with a model or in a format that cannot be used here."""

    exit_status = ExitStatus.UNUSABLE


class FormatError(UnusableIndexError):
    """The index, or a part of it, is of a format that this version does not read.

    Attributes:
        found: The format that it has.
        read: The one that this version reads.
    """

    def __init__(self, message: str, *, found: str, read: str, hint: str) -> None:
        """Keep the message, the formats and the hint."""
        super().__init__(message, hint=hint)
        self.found = found
        self.read = read


class ModelError(AskdocsError):
    """A model cannot be found, loaded, or compiled."""

    exit_status = ExitStatus.UNUSABLE


class LockedError(AskdocsError):
    """Another process is writing this index."""

    exit_status = ExitStatus.LOCKED


class RefusedError(AskdocsError):
    """The disk or a file refused to be read or written."""

    exit_status = ExitStatus.REFUSED


class UnreadableFileError(RefusedError):
    """The disk has lost a file of the index.

    Attributes:
        reason: What is wrong with it, without its path, as a `DamagedFileError` says it.
    """

    def __init__(self, path: Path, refusal: str) -> None:
        """Make the message of the path and of the words in which the system refuses."""
        super().__init__(f"{path}: {refusal}", hint=REPAIR)
        self.reason = f"cannot be read: {refusal}"


class IncompleteError(AskdocsError):
    """Documents cannot be read, and without them nothing shall be indexed.

    Attributes:
        reasons: Why, by path.
    """

    exit_status = ExitStatus.SOME_FAILED

    def __init__(self, message: str, *, hint: str, reasons: Mapping[str, str]) -> None:
        """Keep the message, the hint and the reasons."""
        super().__init__(message, hint=hint)
        self.reasons = reasons


class StaleIndexError(AskdocsError):
    """The corpus is not what was indexed, and only a fresh index shall be asked."""

    exit_status = ExitStatus.NO


class UnreadableSourceError(AskdocsError):
    """A source file cannot become a document; the others can.

    Attributes:
        skipped: True where leaving it out is right (a link, a binary file), False where its
            reader would want to know (permission denied, not UTF-8).
    """

    exit_status = ExitStatus.SOME_FAILED

    def __init__(self, reason: str, *, skipped: bool) -> None:
        """Keep the reason as the message."""
        super().__init__(reason)
        self.skipped = skipped
