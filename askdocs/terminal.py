"""Text for a terminal: safe to show, wrapped to its columns, coloured."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from askdocs.records.spans import Span

# C0 and C1 controls but for tab and line feed, line and paragraph separators, surrogates, and what
# reverses or hides text: marks of direction, tag characters, and what else is never shown.
_COMMANDS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e00ff\U000e01f0-\U000e0fff\ud800-\udfff"
)
_COMMAND = re.compile(f"[{_COMMANDS}]")
_UNSAFE = re.compile(f"[\t\n{_COMMANDS}]")
# What askdocs itself tells a terminal: colours, and hyperlinks to files (OSC 8).
_STYLE = r"\x1b\[[0-9;]*m|\x1b\]8;;(?:file:[!-~]*)?\x1b\\"
_STYLE_OR_COMMAND = re.compile(f"({_STYLE})|[{_COMMANDS}]")
# No writing puts more marks on a letter; thousands would cover the lines above and below.
_MOST_MARKS = 8
# No character before U+0300 combines with the one before it.
_MAY_BE_FLOOD = re.compile(f"[^\x00-\u02ff]{{{_MOST_MARKS + 1},}}")
# A space of no width, a mark against joining, and one for it. Other format characters are replaced
# or have a sign of their own on some terminals.
_JOINERS = "\u200b\u200c\u200d"
_REPLACEMENT = "\ufffd"
_WORD = re.compile(r"\S+")


def make_safe(text: str) -> str:
    """Replace every character that could command a terminal; the length stays the same.

    Tabs and line ends become spaces, all others U+FFFD, as do all but the first eight of the
    characters in a row that take no column.
    """
    safe = _UNSAFE.sub(lambda found: " " if found[0] in "\t\n\r" else _REPLACEMENT, text)
    return safe if safe.isascii() else _MAY_BE_FLOOD.sub(_without_flood, safe)


def keep_style(text: str, *, is_styled: bool) -> str:
    """The last gate before a terminal, for text whose parts have been made safe.

    Replaces whatever could command a terminal, but for tabs, line ends, and the sequences with
    which askdocs itself colours and links: it leaves what is as it should be as it is.

    Args:
        text: Lines of output.
        is_styled: Whether askdocs has coloured or linked anything in it.
    """
    if not _COMMAND.search(text):
        return text
    if not is_styled:
        return _COMMAND.sub(_REPLACEMENT, text)
    return _STYLE_OR_COMMAND.sub(lambda found: found[1] or _REPLACEMENT, text)


def escape_commands(text: str, escape: Callable[[str], str]) -> str:
    """Write whatever could command a terminal as a format does that loses nothing.

    Args:
        text: What has to stay whole; tabs and line feeds are left as they are.
        escape: What to write for one character.
    """
    return _COMMAND.sub(lambda found: escape(found[0]), text)


def one_line(text: str) -> str:
    """The words of a text with one space between them; controls among them are still there."""
    return " ".join(text.split())


def columns(text: str) -> int:
    """How many columns a safe text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def wrap(text: str, width: int) -> list[Span]:
    """Break one line of text between words, and inside words that are wider than the line.

    Args:
        text: Without line ends.
        width: In columns, at least 2.

    Returns:
        The span of each line in `text`, without the white space around it; none for a blank text.
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


def _without_flood(found: re.Match[str]) -> str:
    """The same characters, with marks beyond the eighth in a row replaced."""
    kept = []
    marks = 0
    for character in found[0]:
        marks = 0 if _columns(character) else marks + 1
        kept.append(_REPLACEMENT if marks > _MOST_MARKS else character)
    return "".join(kept)


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"} or character in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


MARGIN = 4
"""Columns before the text of a passage."""

BOLD, DIM, RED, GREEN, YELLOW, CYAN = 1, 2, 31, 32, 33, 36
"""Codes of Select Graphic Rendition, as `Style.paint` takes them."""

_MIN_WIDTH = 20
_MAX_WIDTH = 100
# What a URL may hold as it stands (RFC 3986); everything else is percent-encoded.
_URL = "%:/?#[]@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text is laid out.

    Attributes:
        width: Columns of the terminal.
        color: Whether escape sequences may be used.
        links: Whether hyperlinks may be used.
    """

    width: int = 80
    color: bool = False
    links: bool = False

    def paint(self, text: str, *codes: int) -> str:
        """The text with the given SGR codes around it, where colour is on."""
        if not self.color or not text:
            return text
        return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m"

    def link(self, text: str, url: str) -> str:
        """The text as a hyperlink (OSC 8), where links are on.

        Neither text nor URL can end the link or begin another sequence: the text is made safe, and
        in the URL all that RFC 3986 does not allow is percent-encoded. Colour goes around a link:
        `style.paint(style.link(text, url), BOLD)`.

        Args:
            text: What is shown.
            url: Absolute, as `Path.as_uri` gives it.
        """
        safe = make_safe(text)
        if not self.links or not text:
            return safe
        address = quote(url, safe=_URL, errors="surrogateescape")
        return f"\x1b]8;;{address}\x1b\\{safe}\x1b]8;;\x1b\\"

    @property
    def body_width(self) -> int:
        """Columns for the text of a passage, behind its margin."""
        return max(_MIN_WIDTH, min(self.width, _MAX_WIDTH)) - MARGIN


def count_of(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun if number == 1 else f'{noun}s'}"


_BINARY = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_DECIMAL = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def size_text(size: int, *, exact: bool = True) -> str:
    """A number of bytes in the largest unit in which one decimal says it all.

    Args:
        size: How many.
        exact: Without it, in the largest decimal unit, as disks are sold, rounded to one decimal.
    """
    for unit, count in _BINARY if exact else _DECIMAL:
        if size >= count and not (exact and size * 10 % count):
            return f"{size / count:.15g} {unit}" if exact else f"{size / count:.1f} {unit}"
    return f"{size:,} bytes" if exact else f"{size} B"
