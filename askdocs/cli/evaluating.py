"""What `eval` does between its options and its output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from askdocs import files
from askdocs.cli.input import read_lines
from askdocs.cli.opening import chosen_reranker, open_index
from askdocs.cli.output import notify, write
from askdocs.errors import ExitStatus
from askdocs.evaluation import (
    evaluate,
    judge_by,
    read_bars,
    read_baseline,
    read_questions,
    setbacks,
    shortfalls,
)
from askdocs.render.measurements import render_evaluation
from askdocs.render.objects import render_evaluation_json
from askdocs.render.trec import render_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from askdocs.evaluation import JudgedQuestion

_HINT = "askdocs eval --help"


def run_evaluation(
    directory: Path,
    *,
    questions: str,
    qrels: str | None,
    form: str,
    top_k: int,
    mode: str,
    run_out: Path | None,
    fail_under: Sequence[str],
    baseline: str | None,
    rerank: str | None,
    online: bool,
    quiet: bool,
) -> int:
    """Measure, print, and say what is not good enough."""
    bars = read_bars(fail_under)
    judged = _judged_questions(questions, qrels)
    earlier = {} if baseline is None else read_baseline(_content(baseline), baseline)
    reranker = chosen_reranker(rerank, online=online, quiet=quiet, command="eval")
    with open_index(directory, quiet=quiet) as index:
        evaluation = evaluate(index, judged, mode=mode, top_k=top_k, reranker=reranker)
    if run_out is not None:
        run = "".join(render_run(one.ranking) for one in evaluation.questions)
        files.write_output(run_out, run.encode())
    write(render_evaluation_json(evaluation) if form == "json" else render_evaluation(evaluation))
    complaints = [*shortfalls(evaluation, bars), *setbacks(evaluation, earlier)]
    for line in complaints:
        notify(line)
    return ExitStatus.NO if complaints else ExitStatus.DONE


def _judged_questions(questions: str, qrels: str | None) -> list[JudgedQuestion]:
    read = read_questions(read_lines(questions, hint=_HINT))
    return read if qrels is None else judge_by(read, read_lines(qrels, hint=_HINT))


def _content(name: str) -> str:
    return "".join(read_lines(name, hint=_HINT))
