"""Read plain text: paragraphs between blank lines, and what structure people type there."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from functools import cached_property
from itertools import chain, groupby, islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from askdocs.records.blocks import UNREAD, ParsedText, Piece
from askdocs.records.spans import BlockKind
from askdocs.text.outline import Outline
from askdocs.text.pieces import merged, seen, trimmed, without, without_unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_BYTE_ORDER_MARK = "\ufeff"
_NOT_BLANK = re.compile(r"\S")
_BLANK_LINE = re.compile(r"\S[^\S\n]*\n[^\S\n]*\n\s*\S")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]{0,3}$")
# Lines of these lengths are wrapped prose if most of them end no sentence.
_HARD_WRAP = range(50, 101)
# Inside a paragraph, the author ended lines that are shorter or longer than wrapped ones,
_WRAPPED_LINE = range(40, 121)
# except where nearly every line is as long as the words allow.
_LEAST_FILLED = 0.8
_LEAST_LINES = 3
# Lists of words have lines of a length too.
_LEAST_WIDTH = 24
# RFCs have the letter o for a bullet.
_BULLET = re.compile(r"(?:[-*•–+‣▪◦]|o(?=\s\s)|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+(?=\S)")
_DASH = re.compile(r"(?:[^\w(]|o(?=\s))\s+")
_MARKED = re.compile(r"(?:[-*•–+>|#]|o(?=\s\s)|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s")
_QUESTION = re.compile(r"(?:Q|Question)\s?\d{0,3}\s?[:.]\s", re.IGNORECASE)
_REPLY = re.compile(r"(?:A|Answer)\s?\d{0,3}\s?[:.]\s", re.IGNORECASE)
_FIELD = re.compile(r"[^\W\d_][\w'’/()&. -]{0,39}:\s+\S")
# Between columns, and in drawings of boxes.
_GAP = re.compile(r"\S\S {3,}\S|\S\t+\S|(?:[+|][-=_]+){2}")
_RULE = re.compile(r"={3,}|-{3,}|~{3,}|\*{3,}|_{3,}")
_CLAUSE = re.compile(
    r"(?P<number>(?:\d{1,3}|[A-Z])(?:\.\d{1,3}){0,5})(?:[.)]|(?<=\.\d)|(?<=\.\d\d))\s+[^\W\d_]"
)
_LONGEST_TITLE = 80
# A line of a contents page: a title, dots, a page number.
_CONTENTS = re.compile(r"\S.{0,120}?(?:\.\s?){4,120}\s{0,120}(?:\d{1,4}|[ivxlc]{1,6})")
_LEAST_HEADS = 3
# Memory must not grow with the number of lines. How a text is wrapped shows in its first lines,
_SAMPLE = 10_000
# more lines without a blank one are not a paragraph,
_MOST_LINES = 10_000
# and more form feeds separate no pages.
_MOST_PAGES = 100_000


class _Line(NamedTuple):
    """A line that holds text: its number from 1, its span without white space at its ends."""

    number: int
    start: int
    end: int


def read(text: str, most_blocks: int | None = None) -> ParsedText:
    r"""Return the blocks of a plain text with their places in it.

    Blank lines (empty or white space only) separate paragraphs. Where no blank line stands between
    two lines of text, each line is a paragraph, unless the file is hard-wrapped: most lines are
    50 to 100 characters long and do not end a sentence, or as long as they can be.

    Lines with columns or a drawing are kept as they are, like code. Underlined titles and numbered
    ones begin sections. Lists, `Key: value` lines, questions and their answers are blocks of their
    own. Running heads around form feeds are hidden, and contents pages, whose lines end with dots
    and a number, are not searched.

    Lines end at `\n` only, so that their numbers agree with every other tool's.

    Raises:
        UnreadableSourceError: It has more than `most_blocks` blocks.
    """
    return _Reader(text, most_blocks).read()


class _Reader:
    """Turns the lines of a text into blocks."""

    def __init__(self, text: str, most_blocks: int | None) -> None:
        self._text = text
        self._outline = Outline(most_blocks)
        self._breaks: list[int] = []
        if 0 < text.count("\f") <= _MOST_PAGES:
            self._breaks = [match.start() for match in re.finditer("\f", text)]
        self._heads = self._running_heads() if self._breaks else frozenset[int]()

    def read(self) -> ParsedText:
        """Return the document."""
        for group, following in pairwise(chain(self._groups(), [[]])):
            self._read_group(group, following)
        return ParsedText(text=self._text, blocks=tuple(self._outline.blocks))

    def _groups(self) -> Iterator[list[_Line]]:
        """Yield the lines that may be a paragraph."""
        sample = list(islice(_text_lines(self._text), _SAMPLE))
        stand_alone = _is_list_of_lines(self._text, sample) and not self._has_records(sample)
        most = 1 if stand_alone else _MOST_LINES
        group: list[_Line] = []
        for line in _text_lines(self._text):
            if group and (len(group) == most or line.number > group[-1].number + 1):
                yield group
                group = []
            group.append(line)
        if group:
            yield group

    def _read_group(self, group: list[_Line], following: Sequence[_Line]) -> None:
        for is_head, lines in groupby(group, lambda line: line.number in self._heads):
            if is_head:
                for line in lines:
                    self._add(BlockKind.HIDDEN, [line])
            else:
                self._read_body(list(lines), following)

    def _read_body(self, group: list[_Line], following: Sequence[_Line]) -> None:
        """Add the blocks of lines without running heads among them."""
        if level := self._underlined(group):
            self._add(BlockKind.HEADING, group[:2], level=level)
            group = group[2:]
        elif len(group) == 1 and following and (level := self._title_level(group[0], following[0])):
            self._add(BlockKind.HEADING, group, level=level)
            group = []
        if group:
            self._read_lines(group)

    def _underlined(self, group: Sequence[_Line]) -> int:
        """Return the level of an underlined title at the beginning of some lines, or 0."""
        if len(group) < 2:  # noqa: PLR2004 - a title and its line
            return 0
        title, rule = map(self._line, group[:2])
        is_title = _RULE.fullmatch(rule) and not (_RULE.fullmatch(title) or _GAP.search(title))
        fits = len(title) <= _LONGEST_TITLE and 2 * len(rule) >= len(title)
        return (1 if rule[0] == "=" else 2) if is_title and fits else 0

    def _title_level(self, line: _Line, following: _Line) -> int:
        """Return the level of a title that stands alone between blank lines, or 0."""
        title = self._line(line)
        if (
            len(title) > _LONGEST_TITLE
            or _SENTENCE_END.search(title)
            or title.endswith((":", ",", ";"))
        ):
            return 0
        clause, next_clause = _CLAUSE.match(title), _CLAUSE.match(self._line(following))
        if clause is None:
            return 0
        level = clause["number"].count(".") + 1
        # Numbered lines one after the other are a list; titles in capitals may have no text.
        is_followed = next_clause is not None and next_clause["number"].count(".") + 1 == level
        is_list = is_followed or self._ends_list(level)
        return 0 if is_list and (self._lead() or not title.isupper()) else level

    def _ends_list(self, level: int) -> bool:
        """Return True if a numbered line goes on with a list, and not with titles of a level."""
        blocks = self._outline.blocks
        if not blocks or blocks[-1].kind != BlockKind.ITEM:
            return False
        titles = (block.level for block in blocks if block.kind == BlockKind.HEADING)
        return bool(blocks[-1].lead) or level not in titles

    def _read_lines(self, lines: Sequence[_Line]) -> None:
        """Add the blocks of lines that no blank line parts."""
        starts = self._starts(lines)
        lead, question = self._lead(), 0
        if len(starts) == 1 and _are_laid_out([self._line(line) for line in lines]):
            self._add(BlockKind.CODE, lines, lead=lead)
            return
        for first, end in pairwise([*starts, len(lines)]):
            part = lines[first:end]
            text = self._line(part[0])
            if _CONTENTS.fullmatch(text):
                self._add(BlockKind.METADATA, part)
            elif _BULLET.match(text) and (
                len(starts) > 1 or lead or text[0] == "o" or not text[0].isalpha()
            ):
                self._add(BlockKind.ITEM, part, level=1, lead=lead, skipped=_DASH)
            elif (
                len(starts) > 1
                and _FIELD.match(text)
                and not _QUESTION.match(text)
                and not _REPLY.match(text)
            ):
                self._add(BlockKind.DEFINITION, part)
            elif question and _REPLY.match(text):
                self._add(BlockKind.PARAGRAPH, part, lead=question)
            else:
                number = self._add(BlockKind.PARAGRAPH, part)
                lead = number if self._outline.blocks[-1].pieces else 0
                question = number if _QUESTION.match(text) else 0

    def _lead(self) -> int:
        """Return the number of the block that introduces an item here, or 0."""
        if not self._outline.blocks:
            return 0
        last = self._outline.blocks[-1]
        if last.kind == BlockKind.ITEM:
            return last.lead
        return last.number if last.plain.endswith(":") else 0

    def _starts(self, lines: Sequence[_Line]) -> list[int]:
        """Return which of some lines begin a block, from 0."""
        texts = list(map(self._line, lines))
        fields = [bool(_FIELD.match(text)) for text in texts]
        has_fields = _are_records(fields)
        bullets = [bool(_BULLET.match(text)) for text in texts]
        has_bullets = sum(bullets) > 1 or (bullets[0] and len(lines) == 1)
        return [
            at
            for at, text in enumerate(texts)
            if at == 0
            or (has_bullets and bullets[at])
            or (has_fields and fields[at])
            or _QUESTION.match(text)
            or _REPLY.match(text)
            or _CONTENTS.fullmatch(text)
        ]

    def _add(
        self,
        kind: BlockKind,
        lines: Sequence[_Line],
        *,
        level: int = 0,
        lead: int = 0,
        skipped: re.Pattern[str] | None = None,
    ) -> int:
        """Add the block on some lines; of its reader's text, what matches `skipped` is left out."""
        chars = lines[0].start, lines[-1].end
        if kind == BlockKind.CODE:
            pieces = self._laid_out(lines)
        else:
            pieces = self._pieces(lines[:1] if kind == BlockKind.HEADING else lines)
        if skipped:
            plain = "".join(piece.text for piece in pieces)
            pieces = without(pieces, skipped.match(plain))
        if kind in UNREAD:
            pieces = []
        elif not pieces:
            kind = BlockKind.HIDDEN
        turns = range(*(bisect_right(self._breaks, char) for char in chars))
        return self._outline.add(
            kind,
            chars,
            pieces,
            level=level,
            lead=lead,
            page=self._page(lines[0]) if self._breaks else 0,
            page_turns=tuple((self._breaks[turn], turn + 2) for turn in turns),
        )

    def _pieces(self, lines: Sequence[_Line]) -> list[Piece]:
        """Return the lines as they are read: wraps as spaces, other ends of lines as they are."""
        read = [(line, pieces) for line in lines if (pieces := self._line_pieces(line))]
        pieces = list(read[0][1]) if read else []
        filled = _are_filled([self._line(line) for line, _ in read])
        for (line, _), (following, following_pieces) in pairwise(read):
            text, next_text = self._line(line), self._line(following)
            wrapped = filled or (len(text) in _WRAPPED_LINE and not _MARKED.match(next_text))
            if not wrapped:
                pieces.append(Piece(line.end, following.start, "\n"))
            elif joint := _joint(text, next_text):
                pieces.append(Piece(line.end, following.start, joint))
            elif self._is_hyphenated(text, next_text):
                last = pieces[-1]
                pieces[-1] = Piece(last.start, last.end - 1, last.text[:-1])
            pieces += following_pieces
        return merged(pieces)

    def _laid_out(self, lines: Sequence[_Line]) -> list[Piece]:
        """Return the lines as they are, indented as they are against the first."""
        pieces: list[Piece] = []
        indent = end = 0
        for line in lines:
            own = line.start - self._text.rfind("\n", 0, line.start) - 1
            indent = indent if pieces else own
            start = line.start - max(0, own - indent)
            if pieces:
                pieces.append(Piece(end, start, "\n"))
            end = line.end
            pieces += without_unseen(Piece(start, end, self._text[start:end]))
        return trimmed(merged(pieces))

    def _line_pieces(self, line: _Line) -> list[Piece]:
        return seen([Piece(line.start, line.end, self._line(line))])

    def _is_hyphenated(self, line: str, following: str) -> bool:
        """Return True if the word that a line end cuts is written whole somewhere in the text."""
        end = following.split(None, 1)[0].rstrip(".,;:!?)\"'")
        word = line.rsplit(None, 1)[-1].removesuffix("-") + end
        return word in self._words

    @cached_property
    def _words(self) -> str:
        # Looking a word up in all of a long text would take as long as reading it.
        return " ".join({match[0] for match in re.finditer(r"\S+", self._text)})

    def _page(self, line: _Line) -> int:
        """Return the number of the page that a line stands on, from 1."""
        return bisect_right(self._breaks, line.start) + 1

    def _running_heads(self) -> frozenset[int]:
        """Return the numbers of the lines that most pages begin or end with, figures aside."""
        ends: dict[int, list[_Line]] = {}
        for line in _text_lines(self._text):
            ends.setdefault(self._page(line), [line, line])[1] = line
        texts = {
            line.number: re.sub(r"\d+", "0", self._line(line))
            for first_and_last in ends.values()
            for line in first_and_last
        }
        counts = Counter(texts.values())
        least = max(_LEAST_HEADS, len(ends) // 2)
        return frozenset(number for number, head in texts.items() if counts[head] >= least)

    def _has_records(self, lines: Sequence[_Line]) -> bool:
        """Return True if lines say what they are: `Key: value`, questions and answers."""
        texts = list(map(self._line, lines))
        is_asked = any(map(_QUESTION.match, texts)) and any(map(_REPLY.match, texts))
        return is_asked or _are_records([bool(_FIELD.match(text)) for text in texts])

    def _line(self, line: _Line) -> str:
        return self._text[line.start : line.end]


def _text_lines(text: str) -> Iterator[_Line]:
    """Yield the lines that hold text."""
    number, line_end = 1, 0
    end = int(text.startswith(_BYTE_ORDER_MARK))
    while match := _NOT_BLANK.search(text, end):
        start = match.start()
        number += text.count("\n", line_end, start)
        line_end = text.find("\n", start)
        if line_end < 0:
            line_end = len(text)
        yield _Line(number, start, start + len(text[start:line_end].rstrip()))
        end = line_end


def _is_list_of_lines(text: str, lines: Sequence[_Line]) -> bool:
    """Return True if no blank line separates lines of a text, and the first are not wrapped."""
    if _BLANK_LINE.search(text):
        return False
    broken = sum(
        end - start in _HARD_WRAP and not _SENTENCE_END.search(text[end - 4 : end])
        for _, start, end in lines
    )
    return broken * 2 <= len(lines) and not _are_filled(
        [text[line.start : line.end] for line in lines]
    )


def _joint(line: str, following: str) -> str:
    """Return what stands between wrapped lines: nothing where a hyphen may cut a word."""
    is_cut = line.endswith("-") and line[-2:-1].isalpha() and following[:1].islower()
    return "" if is_cut else " "


def _are_laid_out(lines: Sequence[str]) -> bool:
    return len(lines) > 1 and 2 * sum(map(bool, map(_GAP.search, lines))) >= len(lines)


def _are_records(fields: Sequence[bool]) -> bool:
    return sum(fields) > 1 and 2 * sum(fields) >= len(fields)


def _are_filled(lines: Sequence[str]) -> bool:
    """Return True if nearly every line is so long that the next word would not fit."""
    if len(lines) < _LEAST_LINES or any(map(_MARKED.match, lines)):
        return False
    width = max(map(len, lines))
    if width < _LEAST_WIDTH:
        return False
    full = sum(
        len(line) + 1 + len(following.split(None, 1)[0]) > width
        for line, following in pairwise(lines)
    )
    # The lines of a list may have one length; they begin with capitals.
    going_on = sum(line[:1].islower() for line in lines[1:])
    return full >= _LEAST_FILLED * (len(lines) - 1) and 3 * going_on >= len(lines) - 1
