"""A format whose documents say what its parser does."""

import os
import signal
import socket
import subprocess
import sys
import time

from askdocs.errors import UnreadableSourceError
from askdocs.records.blocks import ParsedText
from askdocs.records.spans import BlockKind
from askdocs.text.formats import Format
from askdocs.text.outline import Extract


class Misbehaving(Format):
    """The format of such documents."""

    @property
    def module(self) -> str:
        """Return the name of this module."""
        return "tests.text.misbehaving"


BINARY = Misbehaving("misbehaving", (".bad",), ("numpy",), is_text=False)
TEXT = Misbehaving("misbehaving", (".bad",), ("numpy",))
OURS = Misbehaving("misbehaving", (".bad",))


def read(source, _=None):
    """Do as the document says, and return a paragraph with the number of this process."""
    action = source if isinstance(source, str) else source.decode()
    if action.startswith("say "):
        return _paragraph(action.removeprefix("say "))
    return ACTIONS.get(action.strip(), _paragraph)(str(os.getpid()))


def _paragraph(text) -> ParsedText:
    extract = Extract()
    extract.add_text(BlockKind.PARAGRAPH, text)
    return extract.parsed()


def _raise(error):
    raise error


def _recurse(argument):
    return _recurse(argument)


def _print_and_read(argument):
    sys.stdout.write(argument)
    sys.stdout.flush()
    os.write(1, b"more")
    return _paragraph(repr(sys.stdin.read()))


def _eat(_argument):
    eaten = [b"\1" * (16 << 20) for _ in range(32)]
    time.sleep(5)
    return _paragraph(str(len(eaten)))


ACTIONS = {
    "hang": lambda _: time.sleep(300),
    "crash": lambda _: os.kill(os.getpid(), signal.SIGSEGV),
    "eat": _eat,
    "flood": lambda _: _paragraph("word " * 300_000),
    "recurse": _recurse,
    "raise": lambda _: _raise(ValueError("the first line\nand another")),
    "refuse": lambda _: _raise(UnreadableSourceError("no text layer", skipped=True)),
    "exit": lambda _: sys.exit(3),
    "connect": lambda _: socket.create_connection(("127.0.0.1", 9)),
    "run": lambda _: subprocess.run(["true"], check=True),
    "surrogate": lambda _: _paragraph("half \ud83d pair"),
    "print and read": _print_and_read,
}
