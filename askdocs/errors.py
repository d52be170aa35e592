"""Every error askdocs raises on purpose, each with a hint: the next command to type."""

from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path

REPAIR = "askdocs repair"
"""The hint for damage."""

REPAIR_FROM = "askdocs repair PATH"
"""The hint for damage that loses the locations of the documents."""


class ExitStatus(IntEnum):
    """The exit statuses, which are part of the command line's contract."""

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
    """An error that the user can fix, with the process's exit status."""

    exit_status = ExitStatus.USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep a one-line message and a hint.

        Args:
            message: In lower case, without a full stop.
            hint: The next command to type, or what to change; may be empty.
        """
        super().__init__(message)
        self.hint = hint


class UsageError(AskdocsError):
    """The arguments or the input are wrong."""


class NoIndexError(AskdocsError):
    """There is no index at the expected place."""

    exit_status = ExitStatus.NO_INDEX


class DamagedIndexError(AskdocsError):
    """The index does not match its manifest; nothing was answered from the damaged part."""

    exit_status = ExitStatus.DAMAGED


class DamagedFileError(DamagedIndexError):
    """A file of the index is not what was written."""

    def __init__(self, path: Path, reason: str, *, hint: str) -> None:
        """Join the path and what is wrong, which is never empty, to the message."""
        super().__init__(f"{path} {reason}", hint=hint)
        self.reason = reason


class UnusableIndexError(AskdocsError):
    """The model or the format of the index cannot be used here."""

    exit_status = ExitStatus.UNUSABLE


class FormatError(UnusableIndexError):
    """The index, or a part of it, has a format that this version does not read."""

    def __init__(self, message: str, *, found: str, read: str, hint: str) -> None:
        """Keep the format of the index, and the one that this version reads."""
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
    """A file could not be read or written."""

    exit_status = ExitStatus.REFUSED


class UnreadableFileError(RefusedError):
    """The disk has lost a file of the index."""

    def __init__(self, path: Path, refusal: str) -> None:
        """Join the path and the system's reason; `reason` is as in a `DamagedFileError`."""
        super().__init__(f"{path}: {refusal}", hint=REPAIR)
        self.reason = f"cannot be read: {refusal}"


class IncompleteError(AskdocsError):
    """Documents cannot be read, and nothing is to be indexed without them."""

    exit_status = ExitStatus.SOME_FAILED

    def __init__(self, message: str, *, hint: str, reasons: Mapping[str, str]) -> None:
        """Keep why each document cannot be read, by path."""
        super().__init__(message, hint=hint)
        self.reasons = reasons


class StaleIndexError(AskdocsError):
    """The corpus is not what was indexed, and only a fresh index may be asked."""

    exit_status = ExitStatus.NO


class UnreadableSourceError(AskdocsError):
    """A source file cannot become a document; the others can."""

    exit_status = ExitStatus.SOME_FAILED

    def __init__(self, reason: str, *, skipped: bool) -> None:
        """Keep the reason as the message.

        Args:
            reason: Why it cannot.
            skipped: True if leaving it out is right (a link, a binary file), False if the user
                would want to know (permission denied, not UTF-8).
        """
        super().__init__(reason)
        self.skipped = skipped
