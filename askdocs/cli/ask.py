"""The command that answers questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from askdocs.cli.input import (
    chosen_reranker,
    open_index,
    read_questions,
    spare_processors,
    typed_question,
)
from askdocs.cli.output import hint, notifier, notify, style, write, write_bytes
from askdocs.cli.parameters import (
    NonEmptyText,
    option_format,
    option_index,
    option_mode,
    option_questions,
    option_quiet,
    option_top_k,
    options_rerank,
)
from askdocs.corpus.walk import current_folder
from askdocs.errors import ExitStatus, StaleIndexError, UsageError
from askdocs.places import cache_directory, existing_index
from askdocs.records.results import CitationStatus
from askdocs.render.formats import Layout, render_answers
from askdocs.search.options import TOGETHER, AskOptions
from askdocs.terminal import count_of, make_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from askdocs.records.results import Question, Ranking


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


def refresh_index(directory: Path, *, quiet: bool) -> None:
    """Index what has changed; documents that fail are said, and are no reason not to ask."""
    from askdocs.cli.progress import progress_bar
    from askdocs.indexing.build import build
    from askdocs.indexing.request import IndexRequest
    from askdocs.render.reports import render_failures, render_report

    # The question that follows is asked in this process, with the NumPy that is imported here.
    spare_processors()
    with progress_bar(quiet=quiet) as progress:
        report = build(
            IndexRequest(index=directory),
            cache=cache_directory(),
            notify=notifier(quiet=quiet),
            progress=progress,
        )
    said = [] if report.is_unchanged else render_report(report).splitlines()
    for line in [] if quiet else [*said, *render_failures(report)]:
        notify(line)


def refuse_stale_index(directory: Path) -> None:
    """Compare the index with its corpus.

    Raises:
        StaleIndexError: They differ.
    """
    from askdocs.freshness import check_freshness
    from askdocs.render.check_report import summarise

    freshness = check_freshness(directory)
    if not freshness.is_fresh:
        raise StaleIndexError(
            f"the index is {summarise(freshness)}", hint="askdocs index, or ask with --refresh"
        )


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
    _check_usage(question, questions, form=form, null=null)
    _freshen(directory, refresh=refresh, require_fresh=require_fresh, quiet=quiet)
    asked = _questions(question, questions)
    reranker = chosen_reranker(rerank, online=online, quiet=quiet, command="ask")
    # Whoever writes questions into a pipe may wait for an answer before the next one.
    together = 1 if questions in {None, "-"} else TOGETHER
    with open_index(directory, quiet=quiet) as index:
        options = AskOptions(reranker=reranker, **wanted)
        rankings = index.ask_all(asked, options, together=together)
        layout = _layout(index.generation.base, is_many=questions is not None, null=null)
        remarks = Remarks(form, layout, quiet=quiet, hinted=options.min_score is None)
        _print(render_answers(remarks.on(rankings), form, layout), pager=pager, null=null)
    remarks.conclude()
    return ExitStatus.DONE if remarks.found else ExitStatus.NO


def _layout(base: Path, *, is_many: bool, null: bool) -> Layout:
    current = current_folder()
    return Layout(style=style(), base=base, current=current, is_many=is_many, null=null)


def _questions(typed: tuple[str, ...], file: str | None) -> Iterator[Question]:
    if file is None:
        return iter([typed_question(typed)])
    return read_questions(file, hint="askdocs ask --questions FILE")


def _check_usage(
    question: tuple[str, ...], questions: str | None, *, form: str, null: bool
) -> None:
    """Refuse options that do not go together."""
    if bool(question) == (questions is not None):
        raise UsageError("give one question, or --questions FILE", hint="askdocs ask --help")
    if null and form != "paths":
        raise UsageError("--null is for --format paths", hint="askdocs ask --help")


def _freshen(directory: Path, *, refresh: bool, require_fresh: bool, quiet: bool) -> None:
    """Do about a stale index what was asked for, before any question is read."""
    if refresh or require_fresh:
        if refresh:
            refresh_index(directory, quiet=quiet)
        if require_fresh:
            refuse_stale_index(directory)


def _print(pieces: Iterable[str], *, pager: bool, null: bool) -> None:
    if pager and not null:
        from askdocs.cli.pager import page

        page(pieces)
        return
    for piece in pieces:
        if null:
            write_bytes(piece.encode("utf-8", "surrogateescape"))
        else:
            write(piece)


@click.command("ask")
@click.argument("question", nargs=-1)
@option_index
@option_top_k(5, help="How many passages to print at most.")
@option_format(
    "ask", "text", "json", "jsonl", "md", "tsv", "vimgrep", "paths", "trec",
    help="How to print them.",
)  # fmt: skip
@click.option(
    "-0", "--null", is_flag=True, help="With --format paths: end each path with NUL, not a line."
)
@option_questions(is_required=False)
@click.option(
    "--path", "paths", type=NonEmptyText(), multiple=True, envvar="ASKDOCS_ASK_PATH",
    metavar="GLOB",
    help="Look only in documents whose path matches, as in .gitignore: docs/, *.md, docs/**/*.md. "
    "May be repeated.",
)  # fmt: skip
@option_mode
@click.option(
    "--min-score", type=click.FloatRange(0, 1), metavar="S",
    help="Leave out passages that score less.  [default: 0.26 hybrid, 0.45 dense, 0.20 lexical]",
)  # fmt: skip
@click.option(
    "--context", type=click.IntRange(min=0), default=0, metavar="N",
    help="Print N paragraphs before and behind each passage, too.",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Print what makes each score.")
@options_rerank
@click.option("--require-fresh", is_flag=True, help="Exit 1 unless the index is fresh.")
@click.option("--refresh", is_flag=True, help="Index what has changed before asking.")
@click.option("--pager", is_flag=True, help="On a terminal, show the answers in $PAGER or less.")
@option_quiet
def ask_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Print the passages that answer QUESTION, best first, each with its citation.

    Words that are not quoted are joined; a single - is standard input. The score is between 0 and
    1; the status says whether the citation holds in the file as it is now: verified, moved or
    gone.

    \b
      askdocs ask "What did Rasmussen request from the Kremlin?"
      askdocs ask --questions questions.txt --format jsonl
      vim -q <(askdocs ask --format vimgrep "Who may sign a contract?")
    """
    return ask(existing_index(index), quiet=quiet, **wanted)
