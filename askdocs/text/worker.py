"""The process that parses: `python -m askdocs.text.worker SECONDS MEMORY_BYTES`.

It gets documents as bytes, never as paths, and returns their blocks. A request is a header in JSON
and the source, an answer is JSON; before each JSON stands its length.
"""

import io
import json
import os
import resource
import signal
import struct
import sys
from importlib import import_module
from typing import Any, BinaryIO

from askdocs.errors import UnreadableSourceError
from askdocs.records.blocks import Block, ParsedText, Piece
from askdocs.records.spans import BlockKind
from askdocs.text.outline import require_at_most

LENGTH = struct.Struct(">Q")
"""The length of the JSON that follows, in bytes."""

OUT_OF_MEMORY = 77
"""The exit status of a worker that a document took too much memory of."""

_GRACE_SECONDS = 5.0
_LONGEST_REASON = 200
# By the names of Python's audit events: no parser may reach the network or run a program.
_FORBIDDEN = frozenset(
    "os.exec os.fork os.forkpty os.posix_spawn os.spawn os.system socket.__new__ subprocess.Popen"
    .split()
)  # fmt: skip


def main() -> None:
    """Answer requests until the process that asks closes its end."""
    seconds, memory_bytes = float(sys.argv[1]), int(sys.argv[2])
    requests, answers = _protocol()
    _restrict(memory_bytes)
    try:
        _serve(requests, answers, seconds)
    except MemoryError:
        # Another allocation could fail as well, and the next document needs the memory.
        os._exit(OUT_OF_MEMORY)


def frame(message: dict[str, Any]) -> bytes:
    """Return a message as JSON after its length."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    # Lone surrogates cannot be encoded; they become `?`.
    content = text.encode("utf-8", "replace")
    return LENGTH.pack(len(content)) + content


def encode_parsed(parsed: ParsedText, source: str | bytes) -> dict[str, Any]:
    """Return a document as JSON takes it, without what its source or the block before repeats."""
    blocks = []
    headings: tuple[str, ...] = ()
    for block in parsed.blocks:
        pieces = [
            piece[:2] if parsed.text[piece.start : piece.end] == piece.text else piece
            for piece in block.pieces
        ]
        changed = None if block.headings == headings else block.headings
        headings = block.headings
        blocks.append((
            block.kind, block.chars, pieces, changed, block.level, block.lead, block.page,
            block.page_turns, block.box, block.cell, block.anchor,
        ))  # fmt: skip
    text = None if parsed.text == source else parsed.text
    return {"text": text, "context": parsed.context, "blocks": blocks}


def decode_parsed(answer: dict[str, Any], source: str | bytes) -> ParsedText:
    """Return the document that `encode_parsed` was given."""
    text = str(source) if answer["text"] is None else answer["text"]
    blocks = []
    headings: tuple[str, ...] = ()
    for number, values in enumerate(answer["blocks"], start=1):
        kind, (start, end), pieces, changed, level, lead, page, turns, box, cell, anchor = values
        headings = headings if changed is None else tuple(changed)
        block = Block(
            number=number, kind=BlockKind(kind), chars=(start, end),
            pieces=tuple(_piece(text, *piece) for piece in pieces), headings=headings, level=level,
            lead=lead, page=page, page_turns=tuple((at, turned) for at, turned in turns),
            box=tuple(box) if box else None, cell=cell, anchor=anchor,
        )  # fmt: skip
        blocks.append(block)
    return ParsedText(text=text, blocks=tuple(blocks), context=tuple(answer["context"]))


def _piece(text: str, start: int, end: int, read_as: str | None = None) -> Piece:
    return Piece(start, end, text[start:end] if read_as is None else read_as)


def _protocol() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipes for requests and answers away from parsers that read or print."""
    requests = io.BufferedReader(io.FileIO(os.dup(0), "r"))
    answers = io.BufferedWriter(io.FileIO(os.dup(1), "w"))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return requests, answers


def _restrict(memory_bytes: int) -> None:
    """Limit this process, before it imports a parser."""
    # Ctrl-C reaches the process that asks too, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        allowed = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, most))
    sys.addaudithook(_forbid)


def _forbid(event: str, _arguments: object) -> None:
    if event in _FORBIDDEN:
        raise PermissionError(f"a parser may not call {event}")


def _serve(requests: BinaryIO, answers: BinaryIO, seconds: float) -> None:
    while prefix := requests.read(LENGTH.size):
        # If the process that asks is killed meanwhile, nobody else ends a parser that hangs.
        signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE_SECONDS)
        header = json.loads(requests.read(*LENGTH.unpack(prefix)))
        content = requests.read(header["size"])
        source = content.decode() if header["is_text"] else content
        answers.write(frame(_answer(header["module"], source, header["blocks"])))
        answers.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


def _answer(module: str, source: str | bytes, most_blocks: int | None) -> dict[str, Any]:
    try:
        parsed: ParsedText = import_module(module).read(source)
        require_at_most(len(parsed.blocks), most_blocks)
        return encode_parsed(parsed, source)
    except UnreadableSourceError as error:
        return {"error": str(error), "skipped": error.skipped}
    except RecursionError:
        return {"error": "nested too deeply", "skipped": False}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - parsers raise anything for a bad document
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return {"error": f"the parser failed ({reason[:_LONGEST_REASON]})", "skipped": False}


if __name__ == "__main__":
    main()
