"""Group blocks and sentences into passages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from askdocs.records.blocks import UNREAD, Block
from askdocs.records.spans import BlockKind, Part, Passage, Span
from askdocs.text.outline import require_at_most
from askdocs.text.sentences import split_sentences

if TYPE_CHECKING:
    from askdocs.records.blocks import ParsedText
    from askdocs.records.manifest import PassageSettings

CountTokens: TypeAlias = Callable[[Sequence[str]], list[int]]
"""Returns the number of tokens of each text, without the model's special tokens."""

# A tokenizer may count any number of characters as one token (an unknown word).
_MAX_SENTENCE_CHARS = 2000
# Texts per call of the tokenizer, which keeps hundreds of bytes for each of their tokens.
_BATCH = 2048
# A paragraph of fewer tokens introduces the next one and is joined to it.
_SHORT = 12
_WORD = re.compile(r"\S+")
_CODE = re.compile(r"\S(?:.*\S)?(?:\n[ \t]*\S(?:.*\S)?)*")
# Blocks of these kinds are cut at sentences and joined if they are short; others stand for one.
_PROSE = {BlockKind.PARAGRAPH, BlockKind.QUOTATION}


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A span of a block's reader's text."""

    chars: Span
    tokens: int


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Consecutive sentences of one block that stay in one passage, with their places."""

    block: Block
    plain: str
    sentences: tuple[_Sentence, ...]
    sources: tuple[Span, ...]

    @property
    def read(self) -> Span:
        """Its span of the block's reader's text."""
        return self.sentences[0].chars[0], self.sentences[-1].chars[1]

    @property
    def chars(self) -> Span:
        """Its span of the document's text: of a whole block, with its markup."""
        first, last = self.sources[0][0], self.sources[-1][1]
        starts, ends = self.read[0] == 0, self.read[1] == len(self.plain)
        return self.block.chars[0] if starts else first, self.block.chars[1] if ends else last

    @property
    def tokens(self) -> int:
        return sum(sentence.tokens for sentence in self.sentences)


_Item = TypeVar("_Item", _Sentence, _Stretch)


def cut_passages(
    parsed: ParsedText,
    settings: PassageSettings,
    count_tokens: CountTokens,
    *,
    sentence_tokens: int | None = None,
    max_sentences: int | None = None,
) -> list[Passage]:
    """Cut a document into passages.

    Passages are in order and do not overlap; none is longer than `settings.max_tokens`, as the sum
    of its sentences' tokens. A heading begins a passage, and is never a passage by itself. A list
    stays with the sentence before it, a table with its header, code with the sentence that
    introduces it; where they are too long they are cut between items, rows and lines, and what
    introduces them is the lead of the rest. Hidden blocks and metadata are in no passage.

    Args:
        parsed: The document.
        settings: The token budget.
        count_tokens: The model's own count.
        sentence_tokens: The most tokens that the model reads at once; longer sentences are cut
            between words. None for the budget of a passage.
        max_sentences: A document of more sentences is refused before their tokens are counted;
            None for no limit.

    Raises:
        UnreadableSourceError: The document has more sentences.
    """
    longest = min(settings.max_tokens, sentence_tokens or settings.max_tokens)
    sentences = _sentences_of(parsed, max_sentences)
    pieces = _pieces(sentences, settings.max_tokens, longest, count_tokens)

    closing = _closing_blocks(parsed)

    def belongs(group: list[_Stretch], tokens: int, piece: _Stretch) -> bool:
        return _belongs(parsed.text, group, tokens, piece, closing)

    lines = _Lines(parsed.text)
    return [
        _passage(parsed, group, lines)
        for group in _joined(pieces, settings.max_tokens, belongs)
        if any(piece.block.kind != BlockKind.HEADING for piece in group)
    ]


def _closing_blocks(parsed: ParsedText) -> set[int]:
    """Return the numbers of the blocks that end a section; nothing follows that they introduce."""
    closing = {block.number - 1 for block in parsed.blocks if block.kind == BlockKind.HEADING}
    return closing | {len(parsed.blocks)} if closing else closing


def _belongs(
    text: str, group: Sequence[_Stretch], tokens: int, piece: _Stretch, closing: AbstractSet[int]
) -> bool:
    """Return True if a piece stays with the pieces before it, of so many tokens."""
    last, block = group[-1].block, piece.block
    # The rest of a cut block introduces nothing.
    if group[0].read[0]:
        return False
    # What is hidden parts passages.
    if block.number != last.number + 1 or block.kind == BlockKind.HEADING:
        return False
    is_led = block.lead and any(block.lead == before.block.number for before in group)
    if last.kind == BlockKind.HEADING or is_led or _continues(text, group, block):
        return True
    if group[-1].plain.endswith(":"):
        return block.kind != BlockKind.FOOTNOTE
    is_short = tokens < _SHORT or (block.number in closing and piece.tokens < _SHORT)
    return is_short and last.kind in _PROSE and block.kind in _PROSE


def _continues(text: str, group: Sequence[_Stretch], block: Block) -> bool:
    """Return True if a block goes on with the list, quotation, table or record before it."""
    last = group[-1].block
    if block.kind == BlockKind.ITEM and last.kind == BlockKind.CODE:
        return any(each.block.kind == BlockKind.ITEM for each in group)
    if block.kind != last.kind:
        return False
    if block.kind == BlockKind.DEFINITION:
        return text.count("\n", last.chars[1], block.chars[0]) <= 1
    if block.kind == BlockKind.ROW:
        return block.lead == last.lead
    return block.kind in {BlockKind.ITEM, BlockKind.QUOTATION}


def _sentences_of(parsed: ParsedText, limit: int | None) -> list[tuple[Block, str, list[Span]]]:
    """Return each block that is read with its reader's text and the sentences in it."""
    result: list[tuple[Block, str, list[Span]]] = []
    count = 0
    for block in parsed.blocks:
        plain = "" if block.kind in UNREAD else block.plain
        if plain.strip():
            result.append((block, plain, _sentences(block, plain)))
            count += len(result[-1][2])
            require_at_most(count, limit)
    return result


def _pieces(
    blocks: Sequence[tuple[Block, str, list[Span]]],
    budget: int,
    longest: int,
    count_tokens: CountTokens,
) -> list[_Stretch]:
    texts = [plain[a:b] for _, plain, sentences in blocks for a, b in sentences]
    counts = iter(_counted(texts, count_tokens))
    pieces: list[_Stretch] = []
    for block, plain, sentences in blocks:
        measured = map(_Sentence, sentences, islice(counts, len(sentences)))
        fitting = [
            part
            for sentence in measured
            for part in _fitting(plain, sentence, longest, count_tokens)
        ]
        sources = iter(block.sources(sentence.chars for sentence in fitting))
        pieces += [
            _Stretch(block, plain, tuple(part), tuple(islice(sources, len(part))))
            for part in _joined(fitting, budget)
        ]
    return pieces


def _sentences(block: Block, plain: str) -> list[Span]:
    """Return the sentences of a block's reader's text, or what stands for them.

    A heading and a table's row are one, and so are lines of code without a blank line.
    """
    if block.kind in {BlockKind.HEADING, BlockKind.ROW}:
        return [(0, len(plain))]
    if block.kind == BlockKind.CODE:
        return [match.span() for match in _CODE.finditer(plain)]
    return split_sentences(plain)


def _counted(texts: Sequence[str], count_tokens: CountTokens) -> Iterator[int]:
    """Count the tokens of texts, except of those with too many characters."""
    for first in range(0, len(texts), _BATCH):
        batch = texts[first : first + _BATCH]
        short = [text for text in batch if len(text) <= _MAX_SENTENCE_CHARS]
        counts = iter(count_tokens(short))
        yield from (next(counts) if len(text) <= _MAX_SENTENCE_CHARS else 0 for text in batch)


def _fitting(
    text: str, sentence: _Sentence, budget: int, count_tokens: CountTokens
) -> Iterator[_Sentence]:
    """Cut a sentence that is longer than the budget between words; others stay whole."""
    if _fits(sentence, budget):
        yield sentence
        return

    def is_near(piece: list[_Sentence], _: int, word: _Sentence) -> bool:
        return word.chars[1] - piece[0].chars[0] <= _MAX_SENTENCE_CHARS

    spans = [match.span() for match in _WORD.finditer(text, *sentence.chars)]
    words = _short_enough(text, spans, budget, count_tokens)
    for piece in _joined(words, budget, is_near):
        chars = piece[0].chars[0], piece[-1].chars[1]
        yield _Sentence(chars, sum(word.tokens for word in piece))


def _short_enough(
    text: str, words: Sequence[Span], budget: int, count_tokens: CountTokens
) -> list[_Sentence]:
    """Count the tokens of words, and halve words above the budget (text without spaces)."""
    fitting: list[_Sentence] = []
    pending = list(words)
    while pending:
        counts = _counted([text[start:end] for start, end in pending], count_tokens)
        measured, pending = list(map(_Sentence, pending, counts)), []
        for word in measured:
            start, end = word.chars
            middle = (start + end) // 2
            if _fits(word, budget) or start == middle:
                fitting.append(word)
            else:
                pending += [(start, middle), (middle, end)]
    return sorted(fitting, key=lambda word: word.chars)


def _fits(sentence: _Sentence, budget: int) -> bool:
    start, end = sentence.chars
    return sentence.tokens <= budget and end - start <= _MAX_SENTENCE_CHARS


def _joined(
    items: Iterable[_Item],
    budget: int,
    belongs: Callable[[list[_Item], int, _Item], bool] = lambda *_: True,
) -> Iterator[list[_Item]]:
    """Join each item to the group before it if the budget allows it and it belongs there.

    Groups of equal length were worse for the sentences of a paragraph: hit@1 on xquad_en .941
    instead of .953.

    Args:
        items: Words, sentences or pieces.
        budget: The most tokens of a group.
        belongs: Tells from the group, its tokens and the item whether the item belongs to it.
    """
    group: list[_Item] = []
    tokens = 0
    for item in items:
        if group and not (tokens + item.tokens <= budget and belongs(group, tokens, item)):
            yield group
            group, tokens = [], 0
        group.append(item)
        tokens += item.tokens
    if group:
        yield group


class _Lines:
    """Counts lines, for offsets that never decrease."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._offset, self._line = 0, 1

    def line_of(self, offset: int) -> int:
        """Return the line of an offset, from 1, reading on from the last offset."""
        self._line += self._text.count("\n", self._offset, offset)
        self._offset = offset
        return self._line


def _passage(parsed: ParsedText, group: Sequence[_Stretch], lines: _Lines) -> Passage:
    first, last = group[0], group[-1]
    start, end = first.chars[0], last.chars[1]
    origin = first.block.chars[0]
    whole = (start, end) == (origin, last.block.chars[1])
    plain, parts, readings = _reading(group)
    content = next(piece for piece in group if piece.block.kind != BlockKind.HEADING)
    numbers = [piece.block.number for piece in group]
    lead = content.block.lead
    return Passage(
        chars=(start, end),
        paragraphs=(numbers[0], numbers[-1]),
        lines=(lines.line_of(start), lines.line_of(end)),
        text=parsed.text[start:end],
        offsets=None if whole else (start - origin, end - origin),
        sentences=tuple(source for piece in group for source in piece.sources),
        headings=content.block.headings,
        plain=plain,
        readings=tuple(readings),
        parts=tuple(parts),
        lead=parsed.blocks[lead - 1].plain if lead and lead not in numbers else "",
        pages=(first.block.page_at(start), last.block.page_at(end - 1))
        if first.block.page
        else None,
        cell=content.block.cell,
    )


def _reading(group: Sequence[_Stretch]) -> tuple[str, list[Part], list[Span]]:
    """Return the reader's text of a passage, the span of each block and of each sentence in it."""
    texts: list[str] = []
    parts: list[Part] = []
    readings: list[Span] = []
    position = 0
    for piece in group:
        begin, stop = piece.read
        texts.append(piece.plain[begin:stop])
        end = position + stop - begin
        parts.append(Part(piece.block.kind, piece.block.level, position, end))
        shift = position - begin
        readings += [(a + shift, b + shift) for a, b in (each.chars for each in piece.sentences)]
        # A line end stands between two blocks.
        position = end + 1
    return "\n".join(texts), parts, readings
