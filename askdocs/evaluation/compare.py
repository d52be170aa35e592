"""Compare what two indexes cite for the same questions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from askdocs.records.results import Change, ComparedRanking, Hit, Mode, Question, Ranking
from askdocs.search.index import Index
from askdocs.search.options import TOGETHER, AskOptions
from askdocs.terminal import one_line

Pair: TypeAlias = tuple[Hit, Hit]


def compare_answers(
    old: Index, new: Index, questions: Sequence[Question], *, mode: Mode | str, top_k: int
) -> Iterator[ComparedRanking]:
    """Ask two indexes every question and compare what they cite.

    Each answers from its own text, with at most `top_k` hits. Whether that text is still in the
    files does not matter.

    Raises:
        AskdocsError: See `Index.ask_all`.
    """
    options = AskOptions(mode=mode, top_k=top_k, nearest=0)
    answers = [index.ask_all(questions, options, together=TOGETHER) for index in (old, new)]
    for before, now in zip(*answers, strict=True):
        yield compare_rankings(before, now)


def compare_rankings(before: Ranking, now: Ranking) -> ComparedRanking:
    """Pair the hits of a question that cite the same text, and name the greatest difference.

    White space and position do not count. A text that is now cited as part of a longer passage is
    still cited.
    """
    pairs = _pair(before.hits, now.hits)
    paired = {id(hit) for pair in pairs for hit in pair}
    compared = ComparedRanking(
        before=before, now=now, change=Change.SAME,
        went=tuple(hit for hit in before.hits if id(hit) not in paired),
        came=tuple(hit for hit in now.hits if id(hit) not in paired),
        moved=tuple(pair for pair in pairs if pair[0].indexed_place != pair[1].indexed_place),
    )  # fmt: skip
    return replace(compared, change=_greatest_change(compared, pairs))


def _greatest_change(compared: ComparedRanking, pairs: Sequence[Pair]) -> Change:
    before, now = compared.before, compared.now
    if before.answered != now.answered:
        return Change.ANSWERED if now.answered else Change.REFUSED
    # Pairs are in the order of the old hits.
    if before.hits and pairs[:1] != [(before.hits[0], now.hits[0])]:
        return Change.FIRST
    if compared.went or compared.came:
        return Change.HITS
    return Change.MOVED if compared.moved else Change.SAME


def _pair(before: Sequence[Hit], now: Sequence[Hit]) -> list[Pair]:
    """Pair hits that cite the same text, each at most once, in the order of the old ones.

    Of several copies of a text, the nearest are paired: in the same place, then in the same
    document, then anywhere.
    """
    partners: dict[int, Hit] = {}
    remaining = list(now)
    for is_same in (_is_in_place, _is_in_document, _is_same_text, _is_part):
        for position, old in enumerate(before):
            if position in partners:
                continue
            new = next((new for new in remaining if is_same(old, new)), None)
            if new is not None:
                partners[position] = new
                remaining = [hit for hit in remaining if hit is not new]
    return [(before[position], new) for position, new in sorted(partners.items())]


def _is_in_place(old: Hit, new: Hit) -> bool:
    return old.indexed_place == new.indexed_place and _is_same_text(old, new)


def _is_in_document(old: Hit, new: Hit) -> bool:
    return _path(old) == _path(new) and _is_same_text(old, new)


def _is_same_text(old: Hit, new: Hit) -> bool:
    return one_line(old.text) == one_line(new.text)


def _is_part(old: Hit, new: Hit) -> bool:
    """Return True if the whole old text is part of a longer passage of the same document."""
    return _path(old) == _path(new) and f" {one_line(old.text)} " in f" {one_line(new.text)} "


def _path(hit: Hit) -> str:
    return hit.place.citation.path
