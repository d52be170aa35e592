"""The `ask` command: answer questions."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from askdocs.cli import parameters
from askdocs.cli.output import hint, notify, style, write, write_bytes
from askdocs.errors import ExitStatus, StaleIndexError, UsageError
from askdocs.records.results import CitationStatus, Ranking
from askdocs.render.formats import FORMATS, SHOW_NEAREST, Layout, render_answers
from askdocs.terminal import count_of, make_safe


@click.command("ask")
@click.argument("question", nargs=-1)
@parameters.option_index
@parameters.option_top_k(5, "How many passages to print at most.")
@parameters.option_format("ask", "How to print them.", *FORMATS)
@click.option("-0", "--null", is_flag=True,
              help="With --format paths: end each path with NUL instead of a newline.")  # fmt: skip
@parameters.option_questions(is_required=False)
@click.option("--path", "paths", type=parameters.NonEmptyText(), multiple=True,
              envvar="ASKDOCS_ASK_PATH", metavar="GLOB",
              help="Search only documents whose path matches, as in .gitignore: docs/, *.md, "
              "docs/**/*.md. May be repeated.")  # fmt: skip
@parameters.option_mode
@click.option("--min-score", type=click.FloatRange(0, 1), metavar="S",
              help="Leave out passages that score less.  [default: 0.19 hybrid, 0.45 dense, 0.20 "
              "lexical]")  # fmt: skip
@click.option("--nearest", type=click.IntRange(min=0), default=3, show_default=True, metavar="N",
              help="Where no passage answers, print up to N that come nearest; in text and JSON "
              "only.")  # fmt: skip
@click.option("--context", type=click.IntRange(min=0), default=0, metavar="N",
              help="Also print N paragraphs, items or rows before and after each "
              "passage.")  # fmt: skip
@click.option("--explain", is_flag=True, help="Print the signals that make up each score.")
@parameters.options_rerank
@click.option("--require-fresh", is_flag=True, help="Exit 1 unless the index is fresh.")
@click.option("--refresh", is_flag=True, help="Index what has changed before asking.")
@click.option("--pager", is_flag=True,
              help="On a terminal, show the answers in $PAGER, or in less.")  # fmt: skip
@parameters.option_quiet
def ask_command(
    index: Path | None, question: tuple[str, ...], questions: str | None, form: str, null: bool,
    rerank: str | None, online: bool, refresh: bool, require_fresh: bool, pager: bool, quiet: bool,
    **options: Any,
) -> int:  # fmt: skip
    """Print the passages that answer QUESTION, best first, each with its citation.

    Unquoted words are joined; a single - reads the question from standard input. The score lies
    between 0 and 1. The status says whether the cited text is still in its file: verified, moved
    or gone.

    \b
      askdocs ask "What did Rasmussen request from the Kremlin?"
      askdocs ask --questions questions.txt --format jsonl
      vim -q <(askdocs ask --format vimgrep "Who may sign a contract?")
    """
    from askdocs.cli.input import chosen_reranker, open_index, read_questions, typed_question
    from askdocs.corpus.walk import current_folder
    from askdocs.places import existing_index
    from askdocs.search.options import TOGETHER, AskOptions

    directory = existing_index(index)
    if form not in SHOW_NEAREST:
        options["nearest"] = 0
    if bool(question) == (questions is not None):
        raise UsageError("give one question, or --questions FILE", hint="askdocs ask --help")
    if null and form != "paths":
        raise UsageError("--null is for --format paths", hint="askdocs ask --help")
    if refresh:
        _refresh(directory, quiet=quiet)
    if require_fresh:
        _require_fresh(directory, click.get_current_context())
    if questions is None:
        asked = iter([typed_question(question)])
    else:
        asked = read_questions(questions, hint="askdocs ask --questions FILE")
    reranker = chosen_reranker(rerank, online=online, quiet=quiet, command="ask")
    # A program that writes questions into a pipe may wait for each answer before the next one.
    together = 1 if questions in {None, "-"} else TOGETHER
    with open_index(directory, quiet=quiet) as opened:
        ask_options = AskOptions(reranker=reranker, **options)
        rankings = opened.ask_all(asked, ask_options, together=together)
        layout = Layout(
            style=style(), base=opened.generation.base, current=current_folder(),
            is_many=questions is not None, null=null,
        )  # fmt: skip
        remarks = _Remarks(form, layout, hints_bar=ask_options.min_score is None, quiet=quiet)
        _print(render_answers(remarks.follow(rankings), form, layout), pager=pager, null=null)
    if not quiet:
        remarks.conclude()
    return ExitStatus.DONE if remarks.has_results else ExitStatus.NO


def _refresh(directory: Path, *, quiet: bool) -> None:
    """Index what has changed. A document that fails is reported and does not prevent asking."""
    from askdocs.cli.index import build_index
    from askdocs.cli.input import spare_processors
    from askdocs.indexing.request import IndexRequest
    from askdocs.render.reports import render_failures, render_report

    # NumPy is imported while indexing, and this process then uses it for the question.
    spare_processors()
    report = build_index(IndexRequest(index=directory), quiet=quiet)
    if not quiet:
        summary = [] if report.is_unchanged else render_report(report).splitlines()
        for line in [*summary, *render_failures(report.failed)]:
            notify(line)


def _require_fresh(directory: Path, context: click.Context) -> None:
    """Raise StaleIndexError if the index differs from its corpus or the settings in force."""
    from askdocs.cli.config import corpus_settings_in_force
    from askdocs.freshness import WantedSettings, check_freshness
    from askdocs.render.check_report import summarise

    wanted = WantedSettings(corpus=corpus_settings_in_force(context))
    freshness = check_freshness(directory, wanted=wanted)
    if not freshness.is_fresh:
        raise StaleIndexError(
            f"the index is {summarise(freshness)}", hint="askdocs index, or ask with --refresh"
        )


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


class _Remarks:
    """Report on standard error what the printed answers do not say themselves.

    `has_results` is True once a question has an answer or a hit. `hints_bar` suggests a lower bar
    where a question has no answer and nothing is near; `quiet` does not report questions without
    hits.
    """

    def __init__(self, form: str, layout: Layout, *, hints_bar: bool, quiet: bool) -> None:
        self.has_results = False
        self._form, self._layout = form, layout
        self._hints_bar, self._quiet = hints_bar, quiet
        self._changed: set[str] = set()
        self._gone = 0
        self._has_unsafe_path = False

    def follow(self, rankings: Iterable[Ranking]) -> Iterator[Ranking]:
        """Yield the rankings; report on each before the caller prints it."""
        for ranking in rankings:
            self.has_results = self.has_results or ranking.answered or bool(ranking.hits)
            self._changed.update(ranking.changed)
            for hit in (*ranking.hits, *ranking.nearest):
                path = hit.place.citation.path
                self._gone += hit.status == CitationStatus.GONE
                self._has_unsafe_path = self._has_unsafe_path or make_safe(path) != path
            if not ranking.hits and not self._quiet:
                self._report_no_hits(ranking)
            yield ranking

    def conclude(self) -> None:
        """Report what holds for all answers together."""
        if self._changed:
            subject = f"{min(self._changed)} has changed since it was indexed"
            if (count := len(self._changed)) > 1:
                subject = f"{count} cited documents have changed since they were indexed"
            gone = "; passages marked gone show the indexed text" if self._gone else ""
            notify(f"{subject}{gone}")
            hint("askdocs check")
        if self._gone and self._form == "vimgrep":
            notify(f"{count_of(self._gone, 'hit')} left out: the text is gone from the file")
        if self._has_unsafe_path and self._form == "paths" and not self._layout.null:
            notify("some paths contain characters that cannot be shown")
            hint("askdocs ask --format paths --null")

    def _report_no_hits(self, ranking: Ranking) -> None:
        name = f"question {ranking.question.id}" if self._layout.is_many else "the question"
        if ranking.answered:
            notify(f"no passage reaches the minimum score for {name}")
            return
        notify(f"no passage clearly answers {name}")
        if self._hints_bar and not ranking.nearest:
            hint("to see even weak passages, add --min-score 0")
