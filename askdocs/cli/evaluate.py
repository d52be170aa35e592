"""The `eval` command: measure the answers to questions whose answers are known."""

from __future__ import annotations

from pathlib import Path

import click

from askdocs.cli import parameters
from askdocs.cli.output import notify, write
from askdocs.errors import ExitStatus

_HINT = "askdocs eval --help"


@click.command("eval")
@click.argument("questions", type=click.Path(allow_dash=True))
@parameters.option_index
@parameters.option_top_k(10, "How many passages to examine; fewer than 10 count as 10.")
@parameters.option_mode
@click.option("--qrels", type=click.Path(), metavar="FILE",
              help="Take the answers from TREC relevance judgements.")  # fmt: skip
@parameters.option_format("eval", "How to print the measures.", "text", "json")
@click.option("--run-out", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the passages to FILE as a TREC run.")  # fmt: skip
@click.option("--fail-under", multiple=True, metavar="MEASURE=VALUE",
              help="Exit 1 if the measure is worse: below VALUE, and for ECE and "
              "refused_answerable above it. May be repeated.")  # fmt: skip
@click.option("--baseline", type=click.Path(), metavar="OLD.json",
              help="Exit 1 if a question does worse than in this earlier output of --format "
              "json.")  # fmt: skip
@parameters.options_rerank
@parameters.option_quiet
def eval_command(
    questions: str, index: Path | None, qrels: str | None, form: str, top_k: int, mode: str,
    run_out: Path | None, fail_under: tuple[str, ...], baseline: str | None, rerank: str | None,
    online: bool, quiet: bool,
) -> int:  # fmt: skip
    """Measure how well the index answers the questions in QUESTIONS (- for standard input).

    Each line is a JSON object with a question and the places that answer it. An empty list means
    that the corpus cannot answer the question.

    \b
      {"question": "Who signs?", "answers": [{"file": "a.md", "paragraph": 3}]}
      {"question": "Who pays?", "answers": [{"file": "a.md", "text": "A pays"}]}
      {"question": "Is there a cat?", "answers": []}

    \b
      askdocs eval questions.jsonl --fail-under hit@5=0.9
      askdocs eval questions.jsonl --format json > old.json
      askdocs eval questions.jsonl --baseline old.json
    """
    from askdocs.cli.input import chosen_reranker, open_index, read_lines
    from askdocs.disk import durable
    from askdocs.evaluation.questions import judge_by, read_judged_questions
    from askdocs.evaluation.run import evaluate, read_bars, read_baseline, setbacks, shortfalls
    from askdocs.places import existing_index
    from askdocs.render.formats import render_run
    from askdocs.render.json import render_evaluation_json
    from askdocs.render.reports import render_evaluation

    directory = existing_index(index)
    bars = read_bars(fail_under)
    judged = read_judged_questions(read_lines(questions, hint=_HINT))
    if qrels is not None:
        judged = judge_by(judged, read_lines(qrels, hint=_HINT))
    earlier = {}
    if baseline is not None:
        earlier = read_baseline("".join(read_lines(baseline, hint=_HINT)), baseline)
    reranker = chosen_reranker(rerank, online=online, quiet=quiet, command="eval")
    with open_index(directory, quiet=quiet) as opened:
        evaluation = evaluate(opened, judged, mode=mode, top_k=top_k, reranker=reranker)
    if run_out is not None:
        run = "".join(render_run(question.ranking) for question in evaluation.questions)
        durable.write_output(run_out, run.encode())
    write(render_evaluation_json(evaluation) if form == "json" else render_evaluation(evaluation))
    complaints = [*shortfalls(evaluation, bars), *setbacks(evaluation, earlier)]
    for line in complaints:
        notify(line)
    return ExitStatus.NO if complaints else ExitStatus.DONE
