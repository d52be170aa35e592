"""Processes that are killed on purpose, forked from one that has imported all that askdocs needs.

`python -m tests.reliability.victims` is that one. It reads a line of JSON per victim and prints the
victim's process id, later its exit status. Each victim waits for SIGCONT, so that strace can attach.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_MODULES = "faiss numpy onnxruntime tokenizers Stemmer pathspec sqlite3".split()
_POLL_SECONDS = 0.002
_LIMIT_SECONDS = 60.0
_ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB")
}


def forkable_environment() -> dict[str, str]:
    """Return the environment for a program that forks: no coverage, and no threads of libraries."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return {**kept, **_ONE_THREAD}


def fork() -> int:
    """Fork this process, which has no threads or tracer: a child could wait for their locks."""
    tasks = Path("/proc/self/task")
    count = len(os.listdir(tasks)) if tasks.exists() else threading.active_count()
    assert count == 1, f"{count} threads before a fork"
    assert sys.gettrace() is None, "coverage before a fork"
    return os.fork()


@dataclass(frozen=True, slots=True)
class Death:
    """How a victim ended: its exit status as a shell reports it, its output, and strace's lines."""

    status: int
    out: str
    err: str
    trace: tuple[str, ...]


@dataclass
class Victim:
    """A process that runs askdocs, and how it ended: None before it has."""

    pid: int
    death: Death | None = None

    def kill(self, number: int) -> None:
        """Send it a signal; it may have ended already."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Nursery:
    """Makes victims: `with Nursery(environment) as nursery: nursery.run(["index"], folder)`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Start the process that forks them."""
        self._output = Path(tempfile.mkdtemp(prefix="askdocs-"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.victims"],
            cwd=Path(__file__).parents[2],
            env={**forkable_environment(), **environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process, and victims that are left."""
        self._end()
        with self._process:
            pass
        shutil.rmtree(self._output)

    def run(
        self, arguments: Sequence[str], folder: Path, env: dict[str, str], *tracing: str
    ) -> Death:
        """Run askdocs in a folder until it ends; see `start`."""
        with self.start(arguments, folder, env, *tracing) as victim:
            pass
        assert victim.death is not None
        return victim.death

    @contextmanager
    def start(
        self, arguments: Sequence[str], folder: Path, env: dict[str, str], *tracing: str
    ) -> Iterator[Victim]:
        """Run askdocs in a folder while the block runs, then wait until it ends.

        `env` is added to the environment; `tracing` are options of strace, without any, no strace.
        """
        files = {name: self._output / name for name in ("out", "err", "trace")}
        for path in files.values():
            path.write_bytes(b"")
        order = {"arguments": [*arguments], "folder": str(folder), "environment": env}
        order |= {name: str(files[name]) for name in ("out", "err")}
        print(json.dumps(order), file=self._process.stdin, flush=True)
        victim = Victim(self._read_number())
        with _traced(victim.pid, files["trace"], tracing):
            victim.kill(signal.SIGCONT)
            yield victim
            status = self._read_number()
        out, err, trace = (path.read_text(errors="replace") for path in files.values())
        victim.death = Death(status, out, err, tuple(trace.splitlines()))

    def _read_number(self) -> int:
        timer = threading.Timer(_LIMIT_SECONDS, self._end)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        assert line, "no victim, or it took too long to end"
        return int(line)

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


@contextmanager
def _traced(victim: int, trace: Path, options: Sequence[str]) -> Iterator[None]:
    """Attach strace to a process while the block runs, if there are options for it."""
    if not options:
        yield
        return
    command = ["strace", "-q", "-f", "-p", str(victim), "-o", str(trace), *options]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + _LIMIT_SECONDS
        while "TracerPid:\t0\n" in Path(f"/proc/{victim}/status").read_text():
            assert tracer.poll() is None, tracer.stderr and tracer.stderr.read()
            assert time.monotonic() < deadline, "strace did not attach"
            time.sleep(_POLL_SECONDS)
        yield
        _, complaint = tracer.communicate(timeout=_LIMIT_SECONDS)
    finally:
        tracer.kill()
    assert b"strace:" not in complaint.replace(b"attached", b""), complaint


def _serve() -> None:
    """Fork a victim for each line, and print what becomes of it."""
    # In the background of a shell SIGINT would be ignored, and victims are to end by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in _MODULES:
        __import__(name)
    # What the commands import by themselves is imported before the fork too.
    from askdocs.cli.main import cli
    from askdocs.cli.process import main as run

    for name in cli.load_all():
        with suppress(SystemExit), open(os.devnull, "w") as null:
            with redirect_stdout(null):
                run([name, "--help"])
    import askdocs.__main__
    import askdocs.indexing.fill
    import askdocs.search.index  # noqa: F401

    for line in sys.stdin:
        victim = fork()
        if not victim:
            _run_victim(json.loads(line))
        _, status = os.waitpid(victim, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "a victim did not wait"
        print(victim, flush=True)
        _, status = os.waitpid(victim, 0)
        code = os.waitstatus_to_exitcode(status)
        print(code if code >= 0 else 128 - code, flush=True)


def _run_victim(order: Mapping[str, object]) -> None:
    """Wait for SIGCONT, run the command, and exit as askdocs does."""
    os.chdir(str(order["folder"]))
    os.environ.update(order["environment"])  # type: ignore[arg-type]
    for number, name in ((1, "out"), (2, "err")):
        descriptor = os.open(str(order[name]), os.O_WRONLY | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)
    sys.argv = ["askdocs", *order["arguments"]]  # type: ignore[misc]
    from askdocs.__main__ import main

    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(main())


if __name__ == "__main__":
    _serve()
