"""How well an index answers questions whose answers are known: the use case behind `eval`."""

from askdocs.evaluation.bars import read_bars, shortfalls
from askdocs.evaluation.baseline import read_baseline, setbacks
from askdocs.evaluation.questions import GivenAnswer, JudgedQuestion, judge_by, read_questions
from askdocs.evaluation.running import evaluate

__all__ = [
    "GivenAnswer",
    "JudgedQuestion",
    "evaluate",
    "judge_by",
    "read_bars",
    "read_baseline",
    "read_questions",
    "setbacks",
    "shortfalls",
]
