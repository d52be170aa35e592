"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from askdocs import __version__, config
from askdocs.cli.output import hint, notifier, notify, style, write
from askdocs.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_STATUS_HELP = (
    "Exit status: 0 answered, fresh, done; 1 no passage answers, stale, below the bar; 2 usage; "
    "3 no index; "
    "4 index damaged; 5 model or format cannot be used; 6 another writer at work; "
    "7 the disk or a file refused; 8 done, but some documents failed."
)


def _option_index(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--index",
        type=click.Path(path_type=Path),
        metavar="DIR",
        envvar="ASKDOCS_INDEX",
        help="The index directory.  [default: the nearest vectors/ here or above]",
    )(command)


def _option_quiet(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("-q", "--quiet", is_flag=True, help="Print results and errors only.")(
        command
    )


def _option_mode(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--mode", type=click.Choice(["hybrid", "dense", "lexical"]), default="hybrid",
        show_default=True, help="What to rank by: meaning and words, meaning, or words.",
    )(command)  # fmt: skip


def _options_rerank(command: Callable[..., Any]) -> Callable[..., Any]:
    rerank = click.option(
        "--rerank", metavar="NAME_OR_PATH",
        help="Order the best 50 passages anew, with a sentence-transformers CrossEncoder.",
    )  # fmt: skip
    online = click.option("--online", is_flag=True, help="Let that model be downloaded.")
    return rerank(online(command))


@click.group(context_settings={**_HELP, "auto_envvar_prefix": "ASKDOCS"}, epilog=_STATUS_HELP)
@click.version_option(__version__, message="askdocs %(version)s", allow_from_autoenv=False)
def cli() -> None:
    """Answer questions about a folder of documents with the passages that answer them.

    Every passage comes with a citation that is checked against the file when it is printed.
    askdocs retrieves and never generates.

    \b
      askdocs index docs/
      askdocs ask "Who may sign a contract?"
      askdocs check
    """


@cli.command("index", short_help="Build an index, or refresh it.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@_option_index
@click.option("--add", is_flag=True, help="Let PATH join the folders that the index records.")
@click.option("--replace", is_flag=True, help="Let PATH take their place.")
@click.option("--rebuild", is_flag=True, help="Cut and embed everything anew.")
@click.option("--model", metavar="NAME_OR_PATH", help="A sentence-transformers model.")
@click.option("--online", is_flag=True, help="Let the model be downloaded.")
@click.option("--max-tokens", type=int, metavar="N", help="The longest passage.  [default: 400]")
@click.option("--encoding", metavar="NAME", help="How to decode files that are not UTF-8.")
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    metavar="NAME",
    help="Embed on openvino, cuda, mps or another device of PyTorch.",
)
@_option_quiet
def index_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Build an index of the .txt and .md files in PATH, or refresh it.

    Without PATH, the folders that the index records are indexed again, and only what has changed
    is embedded. Where there is no index, it is made in ./vectors; without PATH, of ./seeds.

    \b
      askdocs index docs/ notes.md
      askdocs index
    """
    from askdocs.cli.progress import progress_bar
    from askdocs.documents import NOT_UTF8, NOT_UTF8_HINT
    from askdocs.indexing import IndexRequest, build
    from askdocs.render.text import render_failures, render_report

    directory = config.index_to_write(index)
    wanted["paths"] = wanted["paths"] or config.default_paths(directory)
    with progress_bar(quiet=quiet) as progress:
        request = IndexRequest(index=directory, **wanted)
        report = build(
            request, cache=config.cache_directory(), notify=notifier(quiet=quiet), progress=progress
        )
    if not quiet:
        write(render_report(report))
    for line in render_failures(report):
        notify(line)
    if NOT_UTF8 in report.failed.values():
        hint(NOT_UTF8_HINT)
    return ExitStatus.SOME_FAILED if report.failed else ExitStatus.DONE


@cli.command("ask", short_help="Print the passages that answer a question.")
@click.argument("question", nargs=-1)
@_option_index
@click.option(
    "-k", "--top-k", type=click.IntRange(min=1), default=5, show_default=True, metavar="N",
    help="How many passages to print at most.",
)  # fmt: skip
@click.option(
    "--format", "form", envvar="ASKDOCS_ASK_FORMAT",
    type=click.Choice(["text", "json", "jsonl"]), default="text",
    show_default=True, help="How to print them.",
)  # fmt: skip
@click.option(
    "--questions",
    metavar="FILE",
    help="Ask every line of FILE (- for standard input): plain text, or JSON objects with "
    "question and id.",
)
@_option_mode
@click.option(
    "--min-score", type=click.FloatRange(0, 1), metavar="S",
    help="Leave out passages that score less.  [default: 0.26 hybrid, 0.45 dense, 0.20 lexical]",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Print what makes each score.")
@_options_rerank
@_option_quiet
def ask_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Print the passages that answer QUESTION, best first, each with its citation.

    Words that are not quoted are joined. The score is between 0 and 1; the status says whether
    the citation holds in the file as it is now: verified, moved or gone.

    \b
      askdocs ask "What did Rasmussen request from the Kremlin?"
      askdocs ask --questions questions.txt --format jsonl
    """
    from askdocs.cli.asking import ask

    return ask(config.existing_index(index), quiet=quiet, **wanted)


@cli.command("eval", short_help="Measure answers to questions of your own.")
@click.argument("questions")
@_option_index
@click.option(
    "-k", "--top-k", type=click.IntRange(min=1), default=10, show_default=True, metavar="N",
    help="How many passages to look through; fewer than 10 count as 10.",
)  # fmt: skip
@_option_mode
@click.option("--qrels", metavar="FILE", help="Take the answers from TREC relevance judgements.")
@click.option(
    "--format", "form", envvar="ASKDOCS_EVAL_FORMAT",
    type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to print the measures.",
)  # fmt: skip
@click.option(
    "--run-out", type=click.Path(path_type=Path), metavar="FILE",
    help="Write the passages found as a TREC run.",
)  # fmt: skip
@click.option(
    "--fail-under", multiple=True, metavar="MEASURE=VALUE",
    help="Exit 1 if the measure is worse: below VALUE, and for ECE and refused_answerable above "
    "it. May be repeated.",
)  # fmt: skip
@click.option(
    "--baseline", metavar="OLD.json",
    help="Exit 1 if a question does worse than in this earlier output of --format json.",
)  # fmt: skip
@_options_rerank
@_option_quiet
def eval_command(index: Path | None, quiet: bool, **wanted: Any) -> int:
    """Measure how well the index answers the questions in QUESTIONS (- for standard input).

    Each line is a JSON object with the question and where it is answered; an empty list says that
    the corpus cannot answer it.

    \b
      {"question": "Who signs?", "answers": [{"file": "a.md", "paragraph": 3}]}
      {"question": "Who pays?", "answers": [{"file": "a.md", "text": "A pays"}]}
      {"question": "Is there a cat?", "answers": []}

    \b
      askdocs eval questions.jsonl --fail-under hit@5=0.9
      askdocs eval questions.jsonl --format json > old.json
      askdocs eval questions.jsonl --baseline old.json
    """
    from askdocs.cli.evaluating import run_evaluation

    return run_evaluation(config.existing_index(index), quiet=quiet, **wanted)


@cli.command("check", short_help="Say whether the index is fresh.")
@_option_index
@_option_quiet
def check_command(index: Path | None, quiet: bool) -> int:
    """Say whether the index is fresh: exit 0 if it is, 1 with the differences if not.

    Documents are compared by content. No model is needed, and nothing is written.

    \b
      askdocs check || askdocs index
    """
    from askdocs.freshness import check_freshness
    from askdocs.render.text import render_freshness

    freshness = check_freshness(config.existing_index(index))
    if not quiet:
        write(render_freshness(freshness, style()))
    return ExitStatus.DONE if freshness.is_fresh else ExitStatus.NO


@cli.command("show", short_help="Print a cited text, and whether it still stands.")
@click.argument("citation")
@_option_index
@click.option(
    "--format", "form", envvar="ASKDOCS_SHOW_FORMAT",
    type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to print it.",
)  # fmt: skip
@_option_quiet
def show_command(citation: str, index: Path | None, form: str, quiet: bool) -> int:
    """Print the text that CITATION names, and whether it still stands in its file.

    Exits 0 when the citation is verified, 1 when the text has moved or is gone.

    \b
      askdocs show seeds/001_169922582ed849e6.txt#p2-3
    """
    from askdocs.datamodel import CitationStatus
    from askdocs.render.objects import render_cited_json
    from askdocs.render.text import render_cited
    from askdocs.search import Index

    with Index(
        config.existing_index(index), cache=config.cache_directory(), notify=notifier(quiet=quiet)
    ) as opened:
        cited = opened.show(citation)
    write(render_cited_json(cited) if form == "json" else render_cited(cited, style()))
    return ExitStatus.DONE if cited.status == CitationStatus.VERIFIED else ExitStatus.NO


@cli.command("status")
@_option_index
@click.option("--documents", is_flag=True, help="List every file of the corpus instead.")
@_option_quiet
def status_command(index: Path | None, documents: bool, quiet: bool) -> int:
    """Print what the index holds.

    \b
      askdocs status
      askdocs status --documents
    """
    from askdocs.index import open_generation
    from askdocs.render.text import render_documents, render_status

    directory = config.existing_index(index)
    found = open_generation(directory, with_documents=True)
    if documents:
        write(render_documents(found.documents))
    elif not quiet:
        write(
            render_status(
                found.manifest, found.documents, index=str(directory), digest=found.digest
            )
        )
    return ExitStatus.DONE
