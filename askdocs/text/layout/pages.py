"""Group the lines of a page into drafts of blocks: columns, tables, paragraphs, footnotes.

Lengths are compared with the size of the type, so that they hold for a poster and a pocket book.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from askdocs.records.spans import BlockKind
from askdocs.text.layout.columns import Column, Placed, placed_lines
from askdocs.text.layout.lines import HYPHEN, SENTENCE_END, Line, Page, cleaned, joined
from askdocs.text.layout.tables import Row, table_at

_BULLET = re.compile(r"(?:[•‣◦▪■□●○◆➢➤✓\u2217*·–—-]\s|[\ue000-\uf8ff]\s?)\s*\S")
_NUMBER = re.compile(r"(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)]|\[\d{1,3}\])\s+\S")
_HEADING_NUMBER = re.compile(
    r"(?:chapter|appendix|section|part)?\s*\w{1,4}(?:\.\w{1,3})*[.:)]?", re.IGNORECASE
)
_FOOTNOTE_MARK = re.compile(r"(?:\d{1,3}(?![\d.,:%])|[*\u2217†‡§¶]{1,3})\s?\S")
_SMALL = 0.93  # times the size of the text: footnotes, captions
_INDENT = 0.8  # in ems
_DEEPEST_CODE = 80  # letters
_MOST_BOOKMARKS = 100  # looked for on a page: each is compared with each line


@dataclass(slots=True, kw_only=True)
class Draft:
    """A block before its document is known as a whole.

    Attributes:
        level: Of the bookmark that has its text; 0 for none.
        page_turns: Where its next pages begin in its text, and their numbers.
        line_count: How many lines it has on its page.
        end: Page and column of its last line.
        left: Between its first line and the left side of its column.
        slack: Between its last line and the right side of its column.
        first_width: Of its first word.
        is_parted: It is one line with a wide gap, but not only after a number.
        starts_table: It is the header of a table.
    """

    kind: BlockKind
    text: str
    size: float
    page: int
    box: tuple[float, float, float, float] | None
    is_bold: bool = False
    level: int = 0
    line_count: int = 1
    end: tuple[int, int] = (0, 0)
    left: float = 0.0
    slack: float = 0.0
    first_width: float = 0.0
    is_parted: bool = False
    starts_table: bool = False
    page_turns: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """Lines of one draft."""

    column: Column
    lines: list[Line]
    level: int = 0
    rows: list[Row] = field(default_factory=list)
    terms: list[Line] = field(default_factory=list)

    @property
    def is_code(self) -> bool:
        return self.lines[0].is_code

    @property
    def is_item(self) -> bool:
        return bool(_BULLET.match(self.lines[0].text) or _NUMBER.match(self.lines[0].text))


class _Measures(NamedTuple):
    """What is usual on a page: the size of its text, and the leading of each size."""

    size: float
    leading: dict[float, float]
    is_typewritten: bool


def drafts_of(page: Page) -> list[Draft]:
    """Return the drafts of a page in reading order."""
    if not page.lines:
        return []
    placed = placed_lines(page.lines)
    measures = _measured(placed)
    groups = _with_terms(_groups(placed, measures, page.bookmarks), measures)
    footnotes = _footnotes(groups, measures, page.height)
    return [
        draft
        for index, group in enumerate(groups)
        for draft in _drafts(group, page, measures, is_footnote=index in footnotes)
        if draft.text.strip()
    ]


def _measured(placed: list[Placed]) -> _Measures:
    sizes, pitches = Counter[float](), dict[float, Counter[int]]()
    code = 0
    for line, _ in placed:
        sizes[line.size] += len(line.text)
        code += len(line.text) * line.is_code
    for (line, column), (following, next_column) in pairwise(placed):
        pitch = round(line.baseline - following.baseline)
        if column == next_column and line.size == following.size and 0 < pitch < 4 * line.size:
            pitches.setdefault(line.size, Counter())[pitch] += 1
    leading = {size: _leading(counts) for size, counts in pitches.items()}
    return _Measures(max(sizes, key=sizes.__getitem__), leading, code > 0.7 * sizes.total())


def _leading(pitches: Counter[int]) -> float:
    """Return the smallest pitch that is common."""
    most = max(pitches.values())
    return min(pitch for pitch, count in pitches.items() if count >= 0.4 * most) + 0.5


def _groups(
    placed: list[Placed], measures: _Measures, bookmarks: Sequence[tuple[int, str]]
) -> list[_Group]:
    groups: list[_Group] = []
    titles = [(level, _key(title)) for level, title in bookmarks[:_MOST_BOOKMARKS] if _key(title)]
    index = 0
    while index < len(placed):
        line, column = placed[index]
        count, level = _title_at(placed, index, titles)
        rows = [] if count else table_at(placed, index)
        if rows:
            lines = [line for row in rows for line in row.lines]
            count = len(lines)
            groups.append(_Group(column, lines, rows=rows))
        elif count:
            groups.append(
                _Group(column, [line for line, _ in placed[index : index + count]], level)
            )
        elif groups and _continues(groups[-1], line, column, measures):
            groups[-1].lines.append(line)
        else:
            groups.append(_Group(column, [line]))
        index += max(count, 1)
    return groups


def _key(text: str) -> str:
    return re.sub(r"[\W_]+", "", cleaned(text)).casefold()


def _title_at(placed: list[Placed], index: int, titles: list[tuple[int, str]]) -> tuple[int, int]:
    """Return how many lines from here are a bookmark's title, and its level; it is used up.

    The page may have a number before the title that the bookmark leaves out, or the reverse.
    """
    text = ""
    for count, (line, _) in enumerate(placed[index : index + 3] if titles else [], start=1):
        text += _key(line.text)
        for position, (level, title) in enumerate(titles):
            longer, shorter = (text, title) if len(text) > len(title) else (title, text)
            number = longer.removesuffix(shorter)
            is_number = len(number) < 12 and re.fullmatch(r"(chapter|appendix|part)?\w?\d*", number)
            if longer.endswith(shorter) and is_number:
                del titles[position]
                return count, level
    return 0, 0


def _continues(group: _Group, line: Line, column: Column, measures: _Measures) -> bool:
    """Return True if a line goes on with the group before it."""
    last = group.lines[-1]
    pitch = last.baseline - line.baseline
    if group.level or group.rows or group.column != column:
        return False
    if abs(pitch) < 0.6 * min(last.size, line.size):
        return -last.size < line.left - last.right < 3 * last.size
    leading = measures.leading.get(last.size, 1.4 * last.size)
    is_code = group.is_code or (line.is_code and not _is_within(group, line))
    if is_code and not measures.is_typewritten:
        return group.is_code and line.is_code and 0 < pitch < 2.3 * leading
    is_same_type = abs(line.size - last.size) < 0.07 * last.size and line.is_bold == last.is_bold
    if not is_same_type or not 0 < pitch <= 1.2 * leading:
        return False
    is_large = last.is_bold or last.size > 1.1 * measures.size
    return not _starts(group, line, measures) and (is_large or _flows(group, line))


def _is_within(group: _Group, line: Line) -> bool:
    """Return True if a line in typewriter type belongs to the sentence before it."""
    last = group.lines[-1]
    is_open = not SENTENCE_END.search(last.text) and _is_full(last, line, group.column)
    return is_open and abs(line.left - last.left) < _INDENT * last.size


def _is_full(last: Line, line: Line, column: Column) -> bool:
    """Return True if the first word of a line would not have fitted on the line before it."""
    return last.right + line.first_width + 0.25 * last.size > column.right - 0.5 * last.size


def _starts(group: _Group, line: Line, measures: _Measures) -> bool:
    """Return True if a line begins with a mark of its own: an item's, or a footnote's."""
    text, last = line.text, group.lines[-1]
    if _BULLET.match(text):
        return True
    is_small = line.size < _SMALL * measures.size
    is_marked = _NUMBER.match(text) or (is_small and _FOOTNOTE_MARK.match(text))
    return bool(is_marked) and (
        bool(SENTENCE_END.search(last.text)) or not _is_full(last, line, group.column)
    )


def _flows(group: _Group, line: Line) -> bool:
    """Return True if indentation and the length of the line before say that a paragraph goes on."""
    first, last = group.lines[0], group.lines[-1]
    is_full = _is_full(last, line, group.column)
    is_open = not SENTENCE_END.search(last.text)
    if last.text.endswith(("-", HYPHEN)):
        return True
    if group.is_item and line.left > first.left + 0.4 * first.size:
        return True
    if abs((line.left + line.right) - (last.left + last.right)) < 3 and last.left != line.left:
        return is_full or is_open
    indent = (line.left - last.left) / last.size
    if indent > _INDENT:
        return len(group.lines) == 1 and is_full and is_open
    if indent < -_INDENT:
        return len(group.lines) == 1 and is_full
    return is_full or (is_open and line.text[:1].islower())


def _with_terms(groups: list[_Group], measures: _Measures) -> list[_Group]:
    """Add terms in bold or typewriter type to the indented paragraphs below that explain them."""
    kept: list[_Group] = []
    for group in groups:
        if kept and not measures.is_typewritten and _explains(group, kept[-1]):
            group.terms = kept.pop().lines
        kept.append(group)
    return kept


def _explains(group: _Group, term: _Group) -> bool:
    first, last = group.lines[0], term.lines[-1]
    is_term = (
        all(line.is_code or line.is_bold for line in term.lines)
        and len(term.lines) < 4
        and not (term.rows or term.level or term.terms or last.text[-1] in ".:;,")
    )
    is_text = not (group.rows or group.level or group.is_item or group.is_code or first.is_bold)
    indent = (first.left - last.left) / first.size
    return (
        is_term
        and is_text
        and group.column == term.column
        and 1.2 < indent < 6
        and 0 < last.baseline - first.baseline < 1.8 * first.size
        and abs(first.size - last.size) < 0.1 * first.size
    )


def _footnotes(groups: list[_Group], measures: _Measures, height: float) -> set[int]:
    """Return the groups of small type at the foot of each column, from the first with a mark."""
    footnotes = set[int]()
    for number in {group.column.number for group in groups}:
        tail: list[int] = []
        for index in reversed(range(len(groups))):
            group = groups[index]
            if group.column.number != number:
                continue
            line = group.lines[0]
            if line.size >= _SMALL * measures.size or line.baseline > height / 2 or group.rows:
                break
            tail.append(index)
            if _FOOTNOTE_MARK.match(line.text):
                footnotes.update(tail)
    return footnotes


def _drafts(
    group: _Group, page: Page, measures: _Measures, *, is_footnote: bool
) -> Iterator[Draft]:
    first, last = group.lines[0], group.lines[-1]
    if group.rows:
        for row in group.rows:
            yield Draft(
                kind=BlockKind.ROW,
                text=cleaned(" | ".join(row.texts)),
                size=first.size,
                page=page.number,
                box=_box(row.lines, page),
                starts_table=row is group.rows[0],
            )
        return
    kind = _kind(group, measures, is_footnote=is_footnote)
    yield Draft(
        kind=kind,
        text=_code(group.lines) if kind == BlockKind.CODE else _text(group),
        size=last.size,
        page=page.number,
        box=_box([*group.terms, *group.lines], page),
        is_bold=all(line.is_bold for line in group.lines),
        level=group.level,
        line_count=len(group.lines),
        end=(page.number, group.column.number),
        left=first.left - group.column.left,
        slack=group.column.right - last.right,
        first_width=first.first_width,
        is_parted=len(group.lines) == 1 and _is_parted(first),
    )


def _is_parted(line: Line) -> bool:
    first, *others = line.cells
    return len(others) > bool(_HEADING_NUMBER.fullmatch(first.text))


def _kind(group: _Group, measures: _Measures, *, is_footnote: bool) -> BlockKind:
    if group.level:
        return BlockKind.HEADING
    if is_footnote:
        return BlockKind.FOOTNOTE
    if group.terms:
        return BlockKind.DEFINITION
    if group.is_code and not measures.is_typewritten:
        return BlockKind.CODE
    return BlockKind.ITEM if group.is_item else BlockKind.PARAGRAPH


def _text(group: _Group) -> str:
    text = joined([cleaned(line.text) for line in group.lines])
    terms = ", ".join(cleaned(line.text) for line in group.terms)
    return f"{terms}: {text}" if terms else text


def _code(lines: list[Line]) -> str:
    """Return code with its indentation: a letter of typewriter type is 0.6 em wide."""
    left = min(line.left for line in lines)
    indents = [round((line.left - left) / (0.6 * line.size)) for line in lines]
    return "\n".join(
        " " * min(indent, _DEEPEST_CODE) + cleaned(line.text)
        for indent, line in zip(indents, lines, strict=True)
    )


def _box(lines: list[Line], page: Page) -> tuple[float, float, float, float] | None:
    """Return the box around lines; a line of type reaches a little below its baseline."""
    if not page.has_boxes:
        return None
    return (
        round(min(line.left for line in lines), 1),
        round(min(line.baseline - 0.25 * line.size for line in lines), 1),
        round(max(line.right for line in lines), 1),
        round(max(line.baseline + 0.75 * line.size for line in lines), 1),
    )
