"""Reader's text as pieces: what is left out of them, and how they are joined."""

import re
from collections.abc import Sequence

from askdocs.records.blocks import Piece

_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
UNSEEN = dict.fromkeys(map(ord, _UNSEEN))
"""For `str.translate`: leaves out soft hyphens and zero-width characters."""

_SEEN = re.compile(f"[^{_UNSEEN}]+")
# A run of white space reads as a single space.
_UNSEEN_OR_WIDE = re.compile(rf"[{_UNSEEN}]+|[^\S ]\s*| \s+")


def single_spaced(text: str) -> str:
    """Return the words of a text with single spaces, without characters that are not seen."""
    return " ".join(text.translate(UNSEEN).split())


def seen(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces without unseen characters, and with single spaces between words.

    Literal pieces read as they are written; they are cut where something is left out.
    """
    result: list[Piece] = []
    for piece in pieces:
        if not _is_even(piece):
            # Entities, too, are written for spaces and soft hyphens.
            _append(result, piece._replace(text=_UNSEEN_OR_WIDE.sub(_as_seen, piece.text)))
            continue
        start = 0
        for match in _UNSEEN_OR_WIDE.finditer(piece.text):
            _append(result, part(piece, start, match.start()))
            if _as_seen(match):
                gap = part(piece, *match.span())
                _append(result, Piece(gap.start, gap.end, " "))
            start = match.end()
        _append(result, part(piece, start, len(piece.text)))
    return trimmed(result)


def trimmed(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces without white space at the beginning and end."""
    rest = list(pieces)
    while rest and not rest[0].text.strip():
        del rest[0]
    while rest and not rest[-1].text.strip():
        del rest[-1]
    if rest:
        first = rest[0]
        rest[0] = part(first, len(first.text) - len(first.text.lstrip()), len(first.text))
        last = rest[-1]
        rest[-1] = part(last, 0, len(last.text.rstrip()))
    return rest


def without(pieces: Sequence[Piece], match: re.Match[str] | None) -> list[Piece]:
    """Return pieces without what was matched in their joined text."""
    if match is None:
        return list(pieces)
    result = []
    position = 0
    for piece in pieces:
        size = len(piece.text)
        before = part(piece, 0, min(max(match.start() - position, 0), size))
        after = part(piece, min(max(match.end() - position, 0), size), size)
        result += [kept for kept in (before, after) if kept.text]
        position += size
    return trimmed(result)


def without_unseen(piece: Piece) -> list[Piece]:
    """Return a piece of code without unseen characters."""
    if not _is_even(piece):
        return [piece._replace(text=piece.text.translate(UNSEEN))]
    return [part(piece, *match.span()) for match in _SEEN.finditer(piece.text)]


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces, neighbours as one if each of their characters stands for one of the source."""
    runs: list[list[Piece]] = []
    for piece in pieces:
        last = runs[-1][-1] if runs else None
        if last and last.end == piece.start and _is_even(last) and _is_even(piece):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [Piece(run[0].start, run[-1].end, "".join(each.text for each in run)) for run in runs]


def moved(pieces: Sequence[Piece], offset: int) -> list[Piece]:
    """Return pieces with their places further on by a number of characters."""
    return [Piece(start + offset, end + offset, text) for start, end, text in pieces]


def part(piece: Piece, start: int, end: int) -> Piece:
    """Return a part of a piece; one that reads differently from its source stands whole."""
    if _is_even(piece):
        return Piece(piece.start + start, piece.start + end, piece.text[start:end])
    return Piece(piece.start, piece.end, piece.text[start:end])


def _is_even(piece: Piece) -> bool:
    return piece.end - piece.start == len(piece.text)


def _as_seen(match: re.Match[str]) -> str:
    return " " if match[0].isspace() else ""


def _append(pieces: list[Piece], piece: Piece) -> None:
    """Add a piece that is not empty, and no second space."""
    if piece.text.startswith(" ") and pieces and pieces[-1].text.endswith(" "):
        piece = part(piece, 1, len(piece.text))
    if piece.text:
        pieces.append(piece)
