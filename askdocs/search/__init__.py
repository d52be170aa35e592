"""Answer questions from an index: the use case behind `ask` and `show`."""

from askdocs.search.opening import Index
from askdocs.search.questions import (
    MAX_QUESTION_CHARS,
    TOGETHER,
    check_question,
    parse_question,
    written_question,
)
from askdocs.search.wanted import RERANKED

__all__ = [
    "MAX_QUESTION_CHARS",
    "RERANKED",
    "TOGETHER",
    "Index",
    "check_question",
    "parse_question",
    "written_question",
]
