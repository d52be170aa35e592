"""Parse documents in a process that a bad document cannot take along with this one."""

import json
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from types import TracebackType
from typing import IO, Any, NoReturn, Self

from askdocs import interpreter
from askdocs.errors import UnreadableSourceError
from askdocs.records.blocks import ParsedText
from askdocs.terminal import size_text
from askdocs.text.formats import Format
from askdocs.text.worker import LENGTH, OUT_OF_MEMORY, decode_parsed, frame

# How often the time, and on macOS the memory, are looked at while nothing arrives.
_WATCH_SECONDS = 1.0
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseLimits:
    """What one document may take.

    Attributes:
        seconds: Time on the clock.
        memory_bytes: Memory of the whole process that parses: the addresses that it uses on Linux,
            its resident memory on macOS.
        output_bytes: Size of the blocks as JSON.
        blocks: Their number; None for any.
    """

    seconds: float = 60.0
    memory_bytes: int = 2 << 30
    output_bytes: int = 256 << 20
    blocks: int | None = None


class Parsers:
    """The parsers of all formats; all but that of plain text run in a process, started when needed.

    A document that exceeds a limit, or ends the process, costs only itself: a new process parses
    the next one.
    """

    def __init__(self, limits: ParseLimits | None = None) -> None:
        self._limits = limits or ParseLimits()
        self._child: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def parse(self, format_: Format, source: str | bytes) -> ParsedText:
        """Parse a document.

        Args:
            format_: Its format.
            source: The decoded text of a format that is text, the bytes of another.

        Raises:
            UnreadableSourceError: The document cannot be read, or takes more than the limits.
        """
        if format_.is_text and not format_.packages:
            parsed: ParsedText = import_module(format_.module).read(source, self._limits.blocks)
            return parsed
        answer = self._answer(format_.module, source)
        if "error" in answer:
            raise UnreadableSourceError(answer["error"], skipped=answer["skipped"])
        return decode_parsed(answer, source)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._child:
            self._child.close()
            self._child = None

    def _answer(self, module: str, source: str | bytes) -> dict[str, Any]:
        try:
            self._child = self._child or _Child(self._limits)
            answer: dict[str, Any] = json.loads(self._child.ask(module, source))
        except BaseException:
            # An answer that came later would be taken for that of the next document.
            if self._child:
                self._child.kill()
                self._child = None
            raise
        return answer


class _Child:
    """A running worker."""

    def __init__(self, limits: ParseLimits) -> None:
        self._limits = limits
        self._deadline = 0.0
        arguments = (str(limits.seconds), str(limits.memory_bytes))
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, a list of arguments
            interpreter.command_of("askdocs.text.worker", *arguments),
            env=interpreter.environment(),
            cwd="/",  # so that a relative path names none of the user's files
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        os.set_blocking(_pipe(self._process.stdin).fileno(), False)

    def ask(self, module: str, source: str | bytes) -> bytes:
        """Return the answer to one request, unless a limit is exceeded."""
        self._deadline = time.monotonic() + self._limits.seconds
        content = source.encode() if isinstance(source, str) else source
        header = {
            "module": module, "size": len(content), "is_text": isinstance(source, str),
            "blocks": self._limits.blocks,
        }  # fmt: skip
        self._send(frame(header))
        self._send(content)
        (size,) = LENGTH.unpack(self._receive(LENGTH.size))
        if size > self._limits.output_bytes:
            _fail(f"parsing yields more than {self._limits.output_bytes / (1 << 20):g} MiB")
        return self._receive(size)

    def close(self) -> None:
        """Close its input, so that it exits; kill it after 5 s."""
        _pipe(self._process.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the worker, whatever it does."""
        self._process.kill()
        with self._process:
            pass

    def _send(self, content: bytes) -> None:
        pipe = _pipe(self._process.stdin)
        rest = memoryview(content)
        while rest:
            self._wait_for(pipe, select.POLLOUT)
            try:
                rest = rest[pipe.write(rest) or 0 :]
            except BrokenPipeError:
                self._report_end()

    def _receive(self, size: int) -> bytes:
        pipe = _pipe(self._process.stdout)
        content = bytearray()
        while len(content) < size:
            self._wait_for(pipe, select.POLLIN)
            part = pipe.read(size - len(content))
            if not part:
                self._report_end()
            content += part
        return bytes(content)

    def _wait_for(self, pipe: IO[bytes], event: int) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        while (left := self._deadline - time.monotonic()) > 0:
            if poll.poll(min(left, _WATCH_SECONDS) * 1000):
                return
            if sys.platform == "darwin" and self._resident_bytes() > self._limits.memory_bytes:
                self._fail_for_memory()
        _fail(f"parsing takes longer than {self._limits.seconds:g} s (--max-parse-time)")

    def _resident_bytes(self) -> int:
        command = ["/bin/ps", "-o", "rss=", "-p", str(self._process.pid)]
        listed = subprocess.run(  # noqa: S603 - a list of arguments
            command, capture_output=True, check=False, timeout=_END_SECONDS
        )
        return int(listed.stdout or 0) * 1024

    def _report_end(self) -> NoReturn:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        status = self._process.returncode
        if status == OUT_OF_MEMORY:
            self._fail_for_memory()
        if status is not None and status < 0:
            _fail(f"the parser crashed (signal {-status})")
        _fail(f"the parser ended (exit status {status})")

    def _fail_for_memory(self) -> NoReturn:
        most = size_text(self._limits.memory_bytes)
        _fail(f"parsing needs more than {most} (--max-parse-memory)")


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("must be a process with pipes")
    return stream


def _fail(reason: str) -> NoReturn:
    raise UnreadableSourceError(reason, skipped=False)
