"""Text for a terminal: safe to show, wrapped to its columns, coloured."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from askdocs.records.spans import Span

# C0 and C1 controls except tab and line feed, line and paragraph separators, surrogates, and what
# reverses or hides text: marks of direction, tag characters and other invisible ones.
_COMMANDS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e00ff\U000e01f0-\U000e0fff\ud800-\udfff"
)
_COMMAND = re.compile(f"[{_COMMANDS}]")
_UNSAFE = re.compile(f"[\t\n{_COMMANDS}]")
# The sequences that askdocs writes: colours, and hyperlinks to files (OSC 8).
_STYLE = r"\x1b\[[0-9;]*m|\x1b\]8;;(?:file:[!-~]*)?\x1b\\"
_STYLE_OR_COMMAND = re.compile(f"({_STYLE})|[{_COMMANDS}]")
# No writing puts more marks on a letter; thousands would cover the lines above and below.
_MOST_MARKS = 8
# No character before U+0300 combines with the one before it.
_MAY_BE_FLOOD = re.compile(f"[^\x00-\u02ff]{{{_MOST_MARKS + 1},}}")
# Zero-width space, non-joiner and joiner. Other format characters are replaced, or some terminals
# show them as a sign.
_JOINERS = "\u200b\u200c\u200d"
_REPLACEMENT = "\ufffd"
_WORD = re.compile(r"\S+")


def make_safe(text: str) -> str:
    """Replace every character that could command a terminal; the length stays the same.

    Tabs and line ends become spaces, the others U+FFFD. Of characters in a row that take no column,
    the first eight are kept.
    """
    safe = _UNSAFE.sub(lambda match: " " if match[0] in "\t\n\r" else _REPLACEMENT, text)
    return safe if safe.isascii() else _MAY_BE_FLOOD.sub(_without_flood, safe)


def keep_style(text: str, *, is_styled: bool) -> str:
    """Check output once more on its way to a terminal; its parts have been made safe before.

    Every character that could command a terminal is replaced, except tabs, line ends, and, if
    styled, the sequences of askdocs for colours and links to files.
    """
    if not _COMMAND.search(text):
        return text
    if not is_styled:
        return _COMMAND.sub(_REPLACEMENT, text)
    return _STYLE_OR_COMMAND.sub(lambda match: match[1] or _REPLACEMENT, text)


def escape_commands(text: str, escape: Callable[[str], str]) -> str:
    """Escape every character that could command a terminal, except tabs and line feeds.

    `escape` returns the escape of one character, in a format that loses nothing.
    """
    return _COMMAND.sub(lambda match: escape(match[0]), text)


def one_line(text: str) -> str:
    """Return the words of a text with one space between them; controls in words stay."""
    return " ".join(text.split())


def shorten(text: str, max_chars: int) -> str:
    """Return a text on one line, cut after so many characters; `…` is then the last of them."""
    line = one_line(text)
    return line if len(line) <= max_chars else f"{line[: max_chars - 1]}…"


def columns(text: str) -> int:
    """Count the columns of a safe text: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def wrap(text: str, width: int) -> list[Span]:
    """Break one line of text between words, and inside words that are wider than the line.

    Return the span of each line in `text`, without white space around it. The width is in columns,
    at least 2.
    """
    lines: list[Span] = []
    for word in _WORD.finditer(text):
        for start, end in _pieces(text, word.span(), width):
            if lines and columns(text[lines[-1][0] : end]) <= width:
                lines[-1] = (lines[-1][0], end)
            else:
                lines.append((start, end))
    return lines


def _pieces(text: str, word: Span, width: int) -> list[Span]:
    start, end = word
    if columns(text[start:end]) <= width:
        return [word]
    pieces: list[Span] = []
    taken = 0
    for position in range(start, end):
        taken += _columns(text[position])
        if taken > width:
            pieces.append((start, position))
            start, taken = position, _columns(text[position])
    return [*pieces, (start, end)]


def _without_flood(match: re.Match[str]) -> str:
    """Replace marks after the eighth in a row."""
    kept = []
    marks = 0
    for character in match[0]:
        marks = 0 if _columns(character) else marks + 1
        kept.append(_REPLACEMENT if marks > _MOST_MARKS else character)
    return "".join(kept)


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"} or character in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


MARGIN = 4
"""Columns before the text of a passage."""

# Codes of Select Graphic Rendition.
_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}

_MIN_WIDTH = 20
_MAX_WIDTH = 100
# What a URL may hold (RFC 3986); everything else is percent-encoded.
_URL = "%:/?#[]@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text is laid out: in how many columns, and with or without colour and hyperlinks."""

    width: int = 80
    color: bool = False
    links: bool = False

    def paint(self, text: str, look: str) -> str:
        """Return the text bold, dim, red, green, yellow or cyan if colour is on."""
        return f"\x1b[{_CODES[look]}m{text}\x1b[0m" if self.color and text else text

    def link(self, text: str, url: str) -> str:
        """Return the text, made safe, as a hyperlink (OSC 8) if links are on.

        Neither text nor URL can end the link or begin another sequence: in the URL, everything that
        RFC 3986 does not allow is percent-encoded. It is absolute, as `Path.as_uri` returns it.
        Colour goes around a link: `style.paint(style.link(text, url), "bold")`.
        """
        safe = make_safe(text)
        if not self.links or not text:
            return safe
        address = quote(url, safe=_URL, errors="surrogateescape")
        return f"\x1b]8;;{address}\x1b\\{safe}\x1b]8;;\x1b\\"

    @property
    def body_width(self) -> int:
        """Columns for the text of a passage, after its margin."""
        return max(_MIN_WIDTH, min(self.width, _MAX_WIDTH)) - MARGIN


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun, such as "2 hits"."""
    return f"{number} {noun if number == 1 else f'{noun}s'}"


_BINARY = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_DECIMAL = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def size_text(size: int, *, exact: bool = True) -> str:
    """Return a number of bytes with a unit.

    If exact, that is the largest binary unit that needs at most one decimal; otherwise the largest
    decimal unit, as disks are sold, rounded to one decimal.
    """
    for unit, count in _BINARY if exact else _DECIMAL:
        if size >= count and not (exact and size * 10 % count):
            return f"{size / count:.15g} {unit}" if exact else f"{size / count:.1f} {unit}"
    return f"{size:,} bytes" if exact else f"{size} B"
