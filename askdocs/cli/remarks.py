"""What is said of answers on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs.cli.output import hint, notifier
from askdocs.datamodel import CitationStatus
from askdocs.render.style import count_of
from askdocs.terminal import make_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from askdocs.datamodel import Ranking
    from askdocs.render.answers import Layout


class Remarks:
    """Says what there is to say of answers, each remark behind its answer.

    Attributes:
        found: Whether any question so far has an answer, or hits that were asked for.
    """

    def __init__(self, form: str, layout: Layout, *, quiet: bool, hinted: bool) -> None:
        """Begin with nothing found.

        Args:
            form: The format of the answers.
            layout: What else there is to know of them.
            quiet: Whether nothing is to be said.
            hinted: Whether a lower bar is something to type.
        """
        self.found = False
        self._form = form
        self._layout = layout
        self._hinted = hinted
        self._notify = notifier(quiet=quiet)
        self._hint = _ignore if quiet else hint
        self._changed: set[str] = set()
        self._gone = 0
        self._disguised = 0

    def on(self, rankings: Iterable[Ranking]) -> Iterator[Ranking]:
        """The rankings; what there is to say of one is said when the next is asked for."""
        for ranking in rankings:
            self.found = self.found or ranking.answered or bool(ranking.hits)
            self._changed.update(ranking.changed)
            self._gone += sum(hit.status == CitationStatus.GONE for hit in ranking.hits)
            if self._form == "paths" and not self._layout.null:
                self._disguised += sum(
                    _is_disguised(hit.place.citation.path) for hit in ranking.hits
                )
            yield ranking
            if not ranking.hits:
                self._remark_nothing(ranking)

    def conclude(self) -> None:
        """Say what has come up on the way."""
        if self._changed:
            names = sorted(self._changed)
            who = names[0] if len(names) == 1 else f"{len(names)} cited documents"
            verb = "is" if len(names) == 1 else "are"
            gone = "; what is marked gone is the index's own text" if self._gone else ""
            self._notify(f"{who} {verb} no longer what was indexed{gone}")
            self._hint("askdocs check")
        if self._gone and self._form == "vimgrep":
            self._notify(
                f"left out, because the file no longer has it: {count_of(self._gone, 'hit')}"
            )
        if self._disguised:
            self._notify("not every path can be shown as it is")
            self._hint("askdocs ask --format paths --null")

    def _remark_nothing(self, ranking: Ranking) -> None:
        which = f"question {ranking.question.id}" if self._layout.is_many else "the question"
        if ranking.answered:
            self._notify(f"no passage scores that much for {which}")
            return
        self._notify(f"no passage answers {which}")
        if self._hinted:
            self._hint("--min-score 0 shows the nearest")


def _is_disguised(path: str) -> bool:
    return make_safe(path) != path


def _ignore(_line: str) -> None:
    """Say nothing."""
