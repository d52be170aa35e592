"""Which questions cite something else in another index."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from askdocs.records.results import Change, ComparedRanking
from askdocs.search.options import TOGETHER, AskOptions
from askdocs.terminal import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    from askdocs.records.results import Hit, Mode, Question, Ranking
    from askdocs.search.index import Index

    Pair: TypeAlias = tuple[Hit, Hit]


def compare_answers(
    old: Index, new: Index, questions: Sequence[Question], *, mode: Mode | str, top_k: int
) -> Iterator[ComparedRanking]:
    """Ask two indexes every question and compare what they cite.

    Each answers from its own text; whether that still stands in the files does not matter.

    Args:
        old: The index as it was.
        new: The index as it is.
        questions: Asked in this order.
        mode: Which signals make the score: hybrid, dense or lexical.
        top_k: How many hits to compare at most.

    Raises:
        AskdocsError: As `Index.ask_all` says.
    """
    options = AskOptions(mode=mode, top_k=top_k)
    answers = [index.ask_all(questions, options, together=TOGETHER) for index in (old, new)]
    for before, now in zip(*answers, strict=True):
        yield compare_rankings(before, now)


def compare_rankings(before: Ranking, now: Ranking) -> ComparedRanking:
    """What became of each hit of a question.

    Hits are the same that cite the same text, white space aside, wherever it stands; a text that
    is now cited together with what stands around it is cited too.
    """
    pairs = _paired(before.hits, now.hits)
    kept = {id(hit) for pair in pairs for hit in pair}
    found = ComparedRanking(
        before=before,
        now=now,
        change=Change.SAME,
        went=tuple(hit for hit in before.hits if id(hit) not in kept),
        came=tuple(hit for hit in now.hits if id(hit) not in kept),
        moved=tuple(pair for pair in pairs if pair[0].indexed_place != pair[1].indexed_place),
    )
    return replace(found, change=_change(found, pairs))


def _change(found: ComparedRanking, pairs: Sequence[Pair]) -> Change:
    """The greatest of the differences."""
    before, now = found.before, found.now
    if before.answered != now.answered:
        return Change.ANSWERED if now.answered else Change.REFUSED
    # Pairs are in the order of the old hits.
    if before.hits and pairs[:1] != [(before.hits[0], now.hits[0])]:
        return Change.FIRST
    if found.went or found.came:
        return Change.HITS
    return Change.MOVED if found.moved else Change.SAME


def _paired(before: Sequence[Hit], now: Sequence[Hit]) -> list[Pair]:
    """The hits that cite the same text, in the order of the old ones; each at most once.

    Texts that stand in several places are paired with those that stand nearest: first in the same
    place, then in the same document, then anywhere.
    """
    partners: dict[int, Hit] = {}
    left = list(now)
    for is_same in (_is_in_place, _is_in_document, _is_same_text, _is_held):
        for position, old in enumerate(before):
            if position in partners:
                continue
            new = next((new for new in left if is_same(old, new)), None)
            if new is not None:
                partners[position] = new
                left = [other for other in left if other is not new]
    return [(before[position], new) for position, new in sorted(partners.items())]


def _is_in_place(old: Hit, new: Hit) -> bool:
    return old.indexed_place == new.indexed_place and _is_same_text(old, new)


def _is_in_document(old: Hit, new: Hit) -> bool:
    return _path(old) == _path(new) and _is_same_text(old, new)


def _is_same_text(old: Hit, new: Hit) -> bool:
    return _words(old) == _words(new)


def _is_held(old: Hit, new: Hit) -> bool:
    """Whether a text is still cited whole, as part of a longer passage of its document."""
    return _path(old) == _path(new) and f" {_words(old)} " in f" {_words(new)} "


def _path(hit: Hit) -> str:
    return hit.place.citation.path


def _words(hit: Hit) -> str:
    return one_line(hit.text)
