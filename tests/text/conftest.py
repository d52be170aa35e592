"""What the tests of readers and of cutting share."""

import re
from collections.abc import Sequence
from importlib import import_module

from askdocs.records.blocks import UNREAD, Block, ParsedText
from askdocs.records.spans import BlockKind
from askdocs.text.formats import format_of

WRAPPED = "a line of wrapped prose that goes on in the next one, as"
"""56 characters that end no sentence."""

UNSEEN = set("\u00ad\u200b\u200c\u200d\u2060\ufeff")
"""Characters that no reader sees."""


def parse(path: str, text: str) -> ParsedText:
    """The blocks of a text, read by its name's format."""
    parsed: ParsedText = import_module(format_of(path).module).read(text)
    return parsed


def shown(parsed: ParsedText) -> list[str]:
    """The kind and the reader's text of each block, with its level and lead if it has any."""
    return [
        f"{block.kind}{block.level or ''}{f'<{block.lead}' if block.lead else ''} {block.plain}"
        for block in parsed.blocks
    ]


def check_places(parsed: ParsedText, marks: str = "") -> None:
    """Fail unless every character that is not white space lies in one block, and all have places.

    Some marks may lie in none, and so may a byte order mark.
    """
    outside = set(range(parsed.text.startswith("\ufeff"), len(parsed.text)))
    end = 0
    for number, block in enumerate(parsed.blocks, 1):
        start, stop = block.chars
        assert (block.number, end <= start < stop <= len(parsed.text)) == (number, True)
        assert parsed.text[start:stop] == parsed.text[start:stop].strip()
        assert not block.lead or (block.lead < number and parsed.blocks[block.lead - 1].pieces)
        outside -= set(range(start, stop))
        end = stop
        _check_pieces(parsed.text, block)
        _check_plain(parsed.text, block)
    assert {parsed.text[at] for at in outside if not parsed.text[at].isspace()} <= set(marks)


def _check_pieces(text: str, block: Block) -> None:
    """Fail unless pieces are in order, inside their block, and equal the source if they are literal."""
    places = [block.chars[0], *(at for piece in block.pieces for at in piece[:2]), block.chars[1]]
    assert places == sorted(places)
    for start, end, plain in block.pieces:
        is_literal = end - start == len(plain) and any(map(str.isalnum, plain))
        # A tab or another space is as wide as the space that it is read as.
        assert not is_literal or plain.split() == text[start:end].split()


def _check_plain(text: str, block: Block) -> None:
    """Fail unless the reader's text is clean, and each character of it stands in the block."""
    plain = block.plain
    assert (block.kind in UNREAD) == (not plain)
    assert plain or not block.lead
    assert plain == plain.strip()
    assert not UNSEEN & set(plain)
    if block.kind != BlockKind.CODE:
        # Two spaces are left where a cell is empty.
        assert "  " not in re.sub(r"(?<=\|)  (?=\|)", " ", plain)
        assert all(character in " \n" for character in plain if character.isspace())
    last = block.chars[0]
    places = block.sources((at, at + 1) for at in range(len(plain)))
    for character, (start, stop) in zip(plain, places, strict=True):
        assert last <= start <= stop <= block.chars[1]
        assert not character.isalnum() or stop - start != 1 or text[start] == character
        last = start


def count_words(texts: Sequence[str]) -> list[int]:
    """One token for each word."""
    return [len(text.split()) for text in texts]
