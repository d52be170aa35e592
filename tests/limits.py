"""What a test starts: limits for it, and what came of it."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

SECONDS = 60.0


class Ran(NamedTuple):
    """The exit status of a command, and what it printed."""

    status: int
    out: str
    err: str


@contextmanager
def limited(process: subprocess.Popen, seconds: float = SECONDS) -> Iterator[None]:
    """Kill a program that is still running after some time, so that no read from it blocks.

    At the end of the block, its pipes are closed and it is waited for, at most as long again.
    """
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
        process.wait(seconds)
    finally:
        timer.cancel()
        process.kill()
        with process:
            pass


def run_limited(command, **options):
    """Run a command, which may take a minute; return its status and what it wrote."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(command, check=False, timeout=60, **{**streams, **options})
