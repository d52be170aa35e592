"""The lock that lets one writer at a time change an index."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from askdocs.disk import seam
from askdocs.disk.access import refusals
from askdocs.errors import LockedError, RefusedError

_POLL_SECONDS = 0.1


@contextmanager
def exclusive_lock(
    path: Path, *, until: float = 0.0, waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold the writers' lock for the length of the block; readers never ask for it.

    The file is created once and never removed: a removed one could be locked twice.

    Args:
        path: The lock.
        until: When to give up, as a time of `time.monotonic`; the lock is tried at least once.
        waiting: Called once, if the lock is taken and there is time to wait for it.

    Raises:
        LockedError: Another process holds it.
        RefusedError: The file system refuses, or has no such locks.
    """
    try:
        import fcntl  # noqa: F401, PLC0415 - absent where only reading is supported
    except ImportError as error:
        raise RefusedError("writing an index is supported on Linux and macOS only") from error
    with refusals(path):
        descriptor = seam.open_lock(path)
    try:
        is_locked = _lock(descriptor, path)
        if not is_locked and time.monotonic() < until:
            waiting()
        # flock cannot wait with a time limit, and asking ten times a second costs nothing.
        while not is_locked and (left := until - time.monotonic()) > 0:
            time.sleep(min(_POLL_SECONDS, left))
            is_locked = _lock(descriptor, path)
        if not is_locked:
            raise LockedError(
                f"another process is writing {path.parent}",
                hint="wait for it to end and run the command again",
            )
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> bool:
    """Take the lock if it is free, and return whether it was."""
    import fcntl  # noqa: PLC0415 - absent where only reading is supported

    with refusals(path):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
