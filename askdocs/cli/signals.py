"""Signals that ask the process to end do what Ctrl-C does."""

import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

_USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class TerminatedError(KeyboardInterrupt):
    """SIGTERM has come: unlike Ctrl-C, it is for this process alone, and nothing may outlive it."""


@contextmanager
def noticed_signals() -> Iterator[Collection[int]]:
    """Let SIGTERM end the block as Ctrl-C does; which of the two have come.

    An index that is being written is left as it was, and what a dead run would leave is removed.
    """
    noticed: set[int] = set()
    if current_thread() is not main_thread():
        yield noticed
        return

    def notice(number: int, _frame: FrameType | None) -> None:
        noticed.add(number)
        raise TerminatedError if number == signal.SIGTERM else KeyboardInterrupt

    with _handled_by(notice):
        yield noticed


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    # What ignores a signal, as a shell has it for its background, goes on ignoring it.
    ours = {number: usual for number, usual in _USUAL.items() if signal.getsignal(number) is usual}
    for number in ours:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, usual in ours.items():
            signal.signal(number, usual)
