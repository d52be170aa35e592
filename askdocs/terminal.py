"""Make any text safe to show on a terminal, and fit it into its columns."""

import re
import unicodedata

from askdocs.datamodel import Span

# C0 and C1 controls, line and paragraph separators, surrogates, and what reverses or hides text:
# marks of direction, and tag characters.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_WORD = re.compile(r"\S+")


def make_safe(text: str) -> str:
    """Replace every character that could command a terminal; the length stays the same.

    Tabs and line ends become spaces, all others U+FFFD.
    """
    return _UNSAFE.sub(lambda found: " " if found[0] in "\t\n\r" else "\ufffd", text)


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


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
