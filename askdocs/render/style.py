"""How text for a reader is laid out."""

from dataclasses import dataclass

MARGIN = 4
"""Columns before the text of a passage."""

BOLD, DIM, RED, GREEN, YELLOW, CYAN = 1, 2, 31, 32, 33, 36
"""Codes of Select Graphic Rendition, as `Style.paint` takes them."""

_MIN_WIDTH = 20
_MAX_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text is laid out.

    Attributes:
        width: Columns of the terminal.
        color: Whether escape sequences may be used.
    """

    width: int = 80
    color: bool = False

    def paint(self, text: str, *codes: int) -> str:
        """The text with the given SGR codes around it, where colour is on."""
        if not self.color or not text:
            return text
        return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m"

    @property
    def body_width(self) -> int:
        """Columns for the text of a passage, behind its margin."""
        return max(_MIN_WIDTH, min(self.width, _MAX_WIDTH)) - MARGIN


def count_of(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun if number == 1 else f'{noun}s'}"
