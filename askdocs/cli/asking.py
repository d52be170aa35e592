"""What `ask` does between its options and its output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from askdocs import config
from askdocs.cli.output import hint, notifier, style, write, write_bytes
from askdocs.cli.questions import read_questions, typed_question
from askdocs.datamodel import CitationStatus
from askdocs.embedding import open_reranker
from askdocs.errors import ExitStatus, UsageError
from askdocs.render.answers import Layout, render_answers
from askdocs.render.style import count_of
from askdocs.search import TOGETHER, Index
from askdocs.terminal import make_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from askdocs.datamodel import Ranking
    from askdocs.embedding import Reranker

__all__ = ["ask", "chosen_reranker", "read_questions"]


def ask(
    directory: Path,
    *,
    question: tuple[str, ...],
    questions: str | None,
    form: str,
    null: bool,
    rerank: str | None,
    online: bool,
    refresh: bool,
    require_fresh: bool,
    pager: bool,
    quiet: bool,
    **wanted: Any,
) -> int:
    """Ask one question or many and print each answer as soon as it is known."""
    # The threads that NumPy's BLAS starts wait by spinning, and take the model's processors.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if bool(question) == (questions is not None):
        raise UsageError("give one question, or --questions FILE", hint="askdocs ask --help")
    if null and form != "paths":
        raise UsageError("--null is for --format paths", hint="askdocs ask --help")
    _freshen(directory, refresh=refresh, require_fresh=require_fresh, quiet=quiet)
    asked = iter([typed_question(question)]) if questions is None else read_questions(questions)
    reranker = chosen_reranker(rerank, online=online, quiet=quiet)
    with Index(directory, cache=config.cache_directory(), notify=notifier(quiet=quiet)) as index:
        # Whoever writes questions into a pipe may wait for an answer before the next one.
        together = 1 if questions in {None, "-"} else TOGETHER
        rankings = index.ask_all(asked, reranker=reranker, together=together, **wanted)
        layout = Layout(
            style=style(),
            base=index.generation.base,
            current=current_folder(),
            is_many=questions is not None,
            null=null,
        )
        remarks = Remarks(form, layout, quiet=quiet, hinted=wanted["min_score"] is None)
        _print(render_answers(remarks.on(rankings), form, layout), pager=pager, null=null)
    remarks.conclude()
    return ExitStatus.DONE if remarks.found else ExitStatus.NO


def chosen_reranker(name: str | None, *, online: bool, quiet: bool) -> Reranker | None:
    """The model that --rerank names; None where there is no such option."""
    if name is None and online:
        raise UsageError("--online is for --rerank", hint="askdocs ask --help")
    if name is None:
        return None
    return open_reranker(name, base=Path.cwd(), online=online, notify=notifier(quiet=quiet))


def current_folder() -> Path | None:
    """The real current folder; None where it was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


class Remarks:
    """What is said of answers on standard error, each remark behind its answer.

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


def _freshen(directory: Path, *, refresh: bool, require_fresh: bool, quiet: bool) -> None:
    """Do about a stale index what was asked for, before any question is read."""
    if refresh or require_fresh:
        from askdocs.cli import freshening

        if refresh:
            freshening.refresh(directory, quiet=quiet)
        if require_fresh:
            freshening.refuse_stale(directory)


def _print(pieces: Iterable[str], *, pager: bool, null: bool) -> None:
    if pager:
        from askdocs.cli.paging import page

        page(pieces)
        return
    for piece in pieces:
        if null:
            write_bytes(piece.encode("utf-8", "surrogateescape"))
        else:
            write(piece)


def _is_disguised(path: str) -> bool:
    return make_safe(path) != path


def _ignore(_line: str) -> None:
    """Say nothing."""
