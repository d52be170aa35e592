"""Decode the bytes of a file to text."""

import codecs

from askdocs.errors import UnreadableSourceError

# UTF-32's little-endian mark begins with UTF-16's, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
RULED_ENCODINGS = frozenset(name for _, name in _MARKS)
"""The codecs that are used without a fallback."""

NOT_UTF8 = "not UTF-8"
"""The reason of a file whose encoding the user has to name."""

NOT_UTF8_HINT = "askdocs index --encoding NAME, where NAME is, say, latin-1"
"""The hint for such a file."""


def decode(content: bytes, *, fallback: str = "") -> tuple[str, str]:
    """Decode a file's bytes by one stated rule, with nothing removed.

    A byte order mark decides; without one, a file with NUL bytes is binary, as for git and grep
    (UTF-16 without a mark would pass for UTF-8); otherwise it is strict UTF-8, otherwise of the
    fallback. A mark stays in the text as character 0.

    Args:
        content: The whole file.
        fallback: The codec for what is not UTF-8; empty for none.

    Returns:
        The text, and the name of the codec that decoded it.

    Raises:
        UnreadableSourceError: The file is binary, or its encoding is not known.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    if encoding:
        return _decode_strictly(content, encoding), encoding
    if b"\0" in content:
        raise UnreadableSourceError("binary", skipped=True)
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if not fallback:
            raise UnreadableSourceError(NOT_UTF8, skipped=False) from error
    return _decode_strictly(content, fallback), fallback


def long_line(text: str, limit: int) -> int | None:
    """Return the number, from 1, of the first line with more characters than a limit, or None.

    Reads few characters: it looks for the last line end in each stretch as long as the limit.
    """
    start = 0
    while start + limit < len(text):
        end = text.rfind("\n", start, start + limit + 1)
        if end < 0:
            return line_of(text, start)
        start = end + 1
    return None


def is_codec(name: str) -> bool:
    """Return True if a codec of this name decodes bytes to text."""
    try:
        b"    ".decode(name)
    except (LookupError, ValueError) as error:
        return isinstance(error, UnicodeDecodeError)
    return True


def is_encodable(text: str) -> bool:
    """Return True if UTF-8 can encode a text: lone surrogates are not characters."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def line_of(text: str, offset: int) -> int:
    """Return the number, from 1, of the line of a character."""
    return text.count("\n", 0, offset) + 1


def _decode_strictly(content: bytes, encoding: str) -> str:
    if not is_codec(encoding):
        raise UnreadableSourceError(f"unknown encoding {encoding}", skipped=False)
    try:
        text = content.decode(encoding)
        text.encode()  # lone surrogates are not characters
    except UnicodeError as error:
        raise UnreadableSourceError(f"not {encoding.upper()}", skipped=False) from error
    return text
