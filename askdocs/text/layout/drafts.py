"""Make a document of drafts: headings, paragraphs across pages, what introduces what."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from askdocs.records.blocks import ParsedText
from askdocs.records.spans import BlockKind
from askdocs.text.layout.lines import HYPHEN, SENTENCE_END, Page, joined, without_running_heads
from askdocs.text.layout.pages import Draft, drafts_of
from askdocs.text.outline import Extract

_CAPTION = re.compile(r"(figure|fig\.|table|listing|algorithm)\s+[\dIVX]", re.IGNORECASE)
_NUMERIC = re.compile(r"\W*\d[\W\d]*|[ivxl]+")  # such names a header does not have
_TEXT = {BlockKind.PARAGRAPH, BlockKind.ITEM}
_LARGE = 1.12  # times the size of the text
_MOST_ASIDES = 8  # footnotes and captions between two parts of a paragraph
_DEEPEST = 6
_LONGEST_PARAGRAPH = 20_000  # characters; each page would copy a longer one
_LONGEST_HEADING = 150

_Style = tuple[float, bool]


def blocks_of(pages: Iterable[Page], context: Sequence[str] = ()) -> ParsedText:
    """Return the document that pages make; they are held a few at a time."""
    drafts: list[Draft] = []
    for page in without_running_heads(pages):
        for draft in drafts_of(page):
            if not _joins(drafts, draft):
                drafts.append(draft)
    _find_headings(drafts)
    document = _Document()
    for draft in drafts:
        document.add(draft)
    return document.extract.parsed(*context)


def _joins(drafts: list[Draft], draft: Draft) -> bool:
    """Add the first draft of a page or column to the paragraph that runs over into it, if any."""
    recent = islice(reversed(drafts), _MOST_ASIDES)
    before = next((each for each in recent if not _is_aside(each, draft.size)), None)
    if before is None or not _runs_over(before, draft):
        return False
    before.text = joined([before.text, draft.text])
    if draft.page != before.end[0]:
        before.page_turns.append((len(before.text) - len(draft.text), draft.page))
    before.line_count += draft.line_count
    before.slack, before.end = draft.slack, draft.end
    return True


def _is_aside(draft: Draft, size: float) -> bool:
    is_apart = draft.kind in (BlockKind.FOOTNOTE, BlockKind.ROW)
    return is_apart or draft.size < 0.93 * size


def _runs_over(before: Draft, draft: Draft) -> bool:
    is_same_type = abs(before.size - draft.size) < 0.5 and before.is_bold == draft.is_bold
    if before.kind not in _TEXT or draft.kind != BlockKind.PARAGRAPH or not is_same_type:
        return False
    if before.end == draft.end or len(before.text) > _LONGEST_PARAGRAPH:
        return False
    if SENTENCE_END.search(before.text):
        return False
    is_full = draft.first_width > before.slack - 0.75 * draft.size
    return draft.text[0].islower() or (
        is_full
        and before.line_count > 1
        and draft.left < 0.8 * draft.size
        and not _CAPTION.match(draft.text)
    )


def _find_headings(drafts: list[Draft]) -> None:
    """Make drafts in large or bold type headings, and give each style of heading a level.

    Bookmarks know the levels of the styles that they lead to. Any other style stands one level
    below the next larger one.
    """
    sizes = Counter[_Style]()
    for draft in drafts:
        if draft.kind in _TEXT:
            sizes[_style(draft)] += len(draft.text)
    body, is_bold = max(sizes, key=sizes.__getitem__, default=(0.0, False))
    known: dict[_Style, Counter[int]] = {}
    for draft in drafts:
        if draft.kind in _TEXT and _is_heading(draft, body, is_bold=is_bold):
            draft.kind = BlockKind.HEADING
        if draft.kind == BlockKind.HEADING:
            known.setdefault(_style(draft), Counter())[draft.level] += 1
    levels: dict[_Style, int] = {}
    level = 0
    for style in sorted(known, reverse=True):
        del known[style][0]
        best = known[style].most_common(1)
        level = best[0][0] if best else min(level + 1, _DEEPEST)
        levels[style] = level
    for draft in drafts:
        if draft.kind == BlockKind.HEADING:
            draft.level = draft.level or levels[_style(draft)]


def _style(draft: Draft) -> _Style:
    return round(draft.size * 2) / 2, draft.is_bold


def _is_heading(draft: Draft, body: float, *, is_bold: bool) -> bool:
    text = draft.text
    is_bulleted = draft.kind == BlockKind.ITEM and not text[0].isalnum()
    if is_bulleted or draft.is_parted or _CAPTION.match(text):
        return False
    if draft.line_count > 3 or len(text) > _LONGEST_HEADING or sum(map(str.isalpha, text)) < 2:
        return False
    is_label = draft.is_bold and not is_bold and draft.size > 0.95 * body
    return draft.size >= _LARGE * body or (is_label and text[-1] not in ".,;:")


class _Document:
    """Adds drafts to a document, and knows what introduces the next one."""

    def __init__(self) -> None:
        self.extract = Extract()
        self._previous: Draft | None = None
        self._before_previous: Draft | None = None
        self._row: Draft | None = None  # the last one of a table that may go on
        self._introduction = 0  # the number of the last paragraph, if only items follow it
        self._items: list[tuple[float, int]] = []  # left sides and numbers of the items around
        self._header = 0  # the number of the table's header; -1 if the next row is it

    def add(self, draft: Draft) -> None:
        kind, level, lead = draft.kind, draft.level, 0
        if kind == BlockKind.ITEM:
            level, lead = self._nested(draft)
        elif kind == BlockKind.CODE:
            lead = self._introduction
        elif kind == BlockKind.ROW:
            lead = self._row_lead(draft)
        text = draft.text.replace(HYPHEN, "-")
        number = self.extract.add_text(
            kind,
            text,
            level=level,
            lead=lead,
            page=draft.page,
            page_turns=tuple(draft.page_turns),
            box=draft.box,
        )
        if kind == BlockKind.ITEM:
            self._items.append((draft.left, number))
        else:
            self._introduction = number if kind == BlockKind.PARAGRAPH else 0
        if kind == BlockKind.ROW and self._header < 0:
            self._header = number
        if kind == BlockKind.ROW:
            self._row = draft
        elif kind == BlockKind.HEADING or _CAPTION.match(text):
            self._row = None
        if kind != BlockKind.FOOTNOTE:
            self._previous, self._before_previous = draft, self._previous

    def _nested(self, draft: Draft) -> tuple[int, int]:
        """Return the level and the lead of an item."""
        is_first = self._previous is None or self._previous.kind != BlockKind.ITEM
        self._items = [] if is_first else [each for each in self._items if each[0] < draft.left - 3]
        lead = self._items[-1][1] if self._items else self._introduction
        return len(self._items) + 1, lead

    def _row_lead(self, draft: Draft) -> int:
        """Return the number of a row's header.

        A table goes on after the end of a page, and after one line that does not fit in.
        """
        goes_on = (
            self._row is not None
            and (self._row is self._previous or self._row is self._before_previous)
            and self._row.text.count(" | ") == draft.text.count(" | ")
        )
        if draft.starts_table and not goes_on:
            names = draft.text.split(" | ")[1:]
            self._header = 0 if any(map(_NUMERIC.fullmatch, names)) else -1
        return max(self._header, 0)
