"""Processes that are made to die: each is a fork of one that has imported all that askdocs needs.

Started as a program, this is that one: it takes a line of JSON for each victim, which waits to be
continued, so that a tracer can be put to it first. What it prints is the victim's process id, and
later its exit status.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_MODULES = "faiss numpy onnxruntime tokenizers Stemmer pathspec sqlite3".split()
_POLL_SECONDS = 0.002
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Death:
    """How a victim ended.

    Attributes:
        status: Its exit status, as a shell gives it: 137 for SIGKILL.
        out: What it printed.
        err: What it complained about.
        trace: What the tracer saw, a line for each call.
    """

    status: int
    out: str
    err: str
    trace: tuple[str, ...]


@dataclass
class Victim:
    """A process that runs askdocs.

    Attributes:
        number: Of the process.
        death: How it ended; None before.
    """

    number: int
    death: Death | None = None

    def kill(self, number: int) -> None:
        """Send it a signal; it may have ended already."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.number, number)


class Nursery:
    """Makes victims: `with Nursery(environment) as nursery: nursery.run(["index"], folder)`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Start the one that is forked."""
        self._said = Path(tempfile.mkdtemp(prefix="askdocs-"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.victims"],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the one that is forked."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        shutil.rmtree(self._said)

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        *,
        environment: Mapping[str, str],
        tracing: Sequence[str] = (),
    ) -> Death:
        """Run askdocs in a folder until it ends.

        Args:
            arguments: Those of askdocs.
            folder: The current folder.
            environment: What to add to the environment.
            tracing: The options of strace that say what to look at, and what to do to it; none for
                no strace.
        """
        with self.start(arguments, folder, environment=environment, tracing=tracing) as victim:
            pass
        assert victim.death is not None
        return victim.death

    @contextmanager
    def start(
        self,
        arguments: Sequence[str],
        folder: Path,
        *,
        environment: Mapping[str, str],
        tracing: Sequence[str] = (),
    ) -> Iterator["Victim"]:
        """Run askdocs beside what is in the block, at whose end it is waited for; see `run`."""
        files = {name: self._said / name for name in ("out", "err", "trace")}
        for path in files.values():
            path.write_bytes(b"")
        order = {
            "arguments": list(arguments), "folder": str(folder), "environment": dict(environment),
            "out": str(files["out"]), "err": str(files["err"]),
        }  # fmt: skip
        victim = Victim(int(self._ask(json.dumps(order))))
        with _traced(victim.number, files["trace"], tracing):
            victim.kill(signal.SIGCONT)
            yield victim
            status = int(self._ask(""))
        texts = {name: path.read_text(errors="replace") for name, path in files.items()}
        trace = tuple(texts["trace"].splitlines())
        victim.death = Death(status, texts["out"], texts["err"], trace)

    def _ask(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        if line:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def _traced(victim: int, trace: Path, options: Sequence[str]) -> Iterator[None]:
    """Have strace look at a process as long as the block lasts, if there are options for it."""
    if not options:
        yield
        return
    command = ["strace", "-q", "-f", "-p", str(victim), "-o", str(trace), *options]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        _wait_for_tracer(victim, tracer)
        yield
        _, complaint = tracer.communicate(timeout=_PATIENCE_SECONDS)
    finally:
        tracer.kill()
    assert b"strace:" not in complaint.replace(b"attached", b""), complaint


def _wait_for_tracer(victim: int, tracer: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while "TracerPid:\t0\n" in Path(f"/proc/{victim}/status").read_text():
        assert tracer.poll() is None, tracer.stderr and tracer.stderr.read()
        assert time.monotonic() < deadline, "strace does not come"
        time.sleep(_POLL_SECONDS)


def _serve() -> None:
    """Fork a victim for each line, and say what becomes of it."""
    # Started in the background of a shell, it would ignore what victims are to be ended by.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in _MODULES:
        __import__(name)
    # What the command loads by itself is loaded before the fork too.
    from askdocs.cli.main import cli
    from askdocs.cli.process import main as run

    for name in cli.load_all():
        with contextlib.suppress(SystemExit), open(os.devnull, "w") as null:
            with contextlib.redirect_stdout(null):
                run([name, "--help"])
    import askdocs.__main__
    import askdocs.indexing.fill
    import askdocs.search.index  # noqa: F401

    for line in sys.stdin:
        victim = os.fork()
        if not victim:
            _die(json.loads(line))
        _, status = os.waitpid(victim, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "a victim did not wait"
        print(victim, flush=True)
        _, status = os.waitpid(victim, 0)
        code = os.waitstatus_to_exitcode(status)
        print(code if code >= 0 else 128 - code, flush=True)


def _die(order: Mapping[str, object]) -> None:
    """Be the victim: wait, do what is asked for, and end as askdocs does."""
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
