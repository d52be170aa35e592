"""How text for a reader is laid out."""

from dataclasses import dataclass
from urllib.parse import quote

from askdocs.terminal import make_safe

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
