"""What `ask` does between its options and its output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from askdocs import files
from askdocs.cli.opening import chosen_reranker, open_index
from askdocs.cli.output import style, write, write_bytes
from askdocs.cli.questions import read_questions, typed_question
from askdocs.cli.remarks import Remarks
from askdocs.errors import ExitStatus, UsageError
from askdocs.render.answers import Layout, render_answers
from askdocs.search import TOGETHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from askdocs.datamodel import Question


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
        rankings = index.ask_all(asked, reranker=reranker, together=together, **wanted)
        layout = _layout(index.generation.base, is_many=questions is not None, null=null)
        remarks = Remarks(form, layout, quiet=quiet, hinted=wanted["min_score"] is None)
        _print(render_answers(remarks.on(rankings), form, layout), pager=pager, null=null)
    remarks.conclude()
    return ExitStatus.DONE if remarks.found else ExitStatus.NO


def _layout(base: Path, *, is_many: bool, null: bool) -> Layout:
    current = files.current_folder()
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
        from askdocs.cli import freshening

        if refresh:
            freshening.refresh(directory, quiet=quiet)
        if require_fresh:
            freshening.refuse_stale(directory)


def _print(pieces: Iterable[str], *, pager: bool, null: bool) -> None:
    if pager and not null:
        from askdocs.cli.paging import page

        page(pieces)
        return
    for piece in pieces:
        if null:
            write_bytes(piece.encode("utf-8", "surrogateescape"))
        else:
            write(piece)
