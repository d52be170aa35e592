"""Evaluation sets: a folder of documents, and questions whose answers are known."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from askdocs.embedding import compiled
from askdocs.embedding.model import locate_model
from askdocs.evaluation.judge import Judge, LocatedAnswer
from askdocs.evaluation.questions import JudgedQuestion, read_judged_questions
from askdocs.indexing.build import build
from askdocs.indexing.request import IndexRequest
from askdocs.places import cache_directory
from askdocs.ranking.candidates import gather
from askdocs.ranking.score import LEAD
from askdocs.ranking.signals import MEANINGS
from askdocs.ranking.words import without_frame
from askdocs.records.results import Mode
from askdocs.search.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from askdocs.embedding.model import Encoder
    from askdocs.store.protocol import Reader

SIGNALS = tuple(name for name in MEANINGS if name != LEAD)
"""The names of the columns of `Asked.signals`; the lead depends on the weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with its candidates.

    Attributes:
        signals: Shape (candidates, signals).
        is_relevant: Which candidates show an answer, shape (candidates,).
        is_answerable: Whether the corpus has an answer.
    """

    signals: NDArray[np.float64]
    is_relevant: NDArray[np.bool_]
    is_answerable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSet:
    """What a corpus makes of its own questions and of those of other sets.

    Attributes:
        name: The name of its folder.
        own: Its own questions.
        foreign: By set, questions of that set; none is answerable here.
    """

    name: str
    own: Sequence[Asked]
    foreign: dict[str, Sequence[Asked]]


def read_sets(
    folders: Sequence[Path], work: Path, *, foreign: int = 50, max_tokens: int | None = None
) -> list[EvaluationSet]:
    """Index each set and ask it its own questions and some of each other set.

    Args:
        folders: Each holds docs/ and questions.jsonl, in the format of `askdocs eval`.
        work: Where the indexes are kept, to be refreshed by the next run.
        foreign: How many questions of each other set to ask.
        max_tokens: The longest passage; None for the default.
    """
    questions = {folder.name: questions_of(folder) for folder in folders}
    sample = {
        name: sample_of([one for one in asked if one.answers], foreign)
        for name, asked in questions.items()
    }

    read = partial(_read_set, work=work, questions=questions, sample=sample, max_tokens=max_tokens)
    # Forked, so that what the ablation has changed holds there as well.
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork")) as pool:
        return list(pool.map(read, folders))


def _read_set(
    folder: Path,
    *,
    work: Path,
    questions: dict[str, list[JudgedQuestion]],
    sample: dict[str, list[JudgedQuestion]],
    max_tokens: int | None,
) -> EvaluationSet:
    _refresh(folder, work, max_tokens)
    return EvaluationSet(
        name=folder.name,
        own=list(_asked(folder, work, questions[folder.name])),
        foreign={
            name: list(_asked(folder, work, others, are_foreign=True))
            for name, others in sample.items()
            if name != folder.name
        },
    )


def questions_of(folder: Path) -> list[JudgedQuestion]:
    """All questions of a set."""
    with (folder / "questions.jsonl").open(encoding="utf-8") as lines:
        return read_judged_questions(lines)


def _refresh(folder: Path, work: Path, max_tokens: int | None) -> None:
    directory = _directory(folder, work)
    directory.parent.mkdir(parents=True, exist_ok=True)
    request = IndexRequest(index=directory, paths=(folder / "docs",), max_tokens=max_tokens)
    build(request, cache=cache_directory(), notify=print)


def _directory(folder: Path, work: Path) -> Path:
    return work / folder.name / "vectors"


def sample_of(questions: Sequence[JudgedQuestion], count: int) -> list[JudgedQuestion]:
    """Some of the questions, the same ones every time, in their order."""
    order = np.random.default_rng(0).permutation(len(questions))[:count]
    return [questions[at] for at in sorted(order.tolist())]


def _asked(
    folder: Path, work: Path, questions: Sequence[JudgedQuestion], *, are_foreign: bool = False
) -> Iterator[Asked]:
    cache = cache_directory()
    with ExitStack() as stack:
        index = stack.enter_context(Index(_directory(folder, work), cache=cache, notify=print))
        judge = stack.enter_context(Judge(index))
        reader = index.generation.reader()
        stack.callback(reader.close)
        model = index.generation.manifest.model
        found = locate_model(model.name, base=index.generation.base)
        encoder = compiled.open_encoder(found, cache=cache, notify=print)
        for one in questions:
            answers = () if are_foreign else one.answers or ()
            yield _ask(
                reader, encoder, one.question.text, [judge.look_up(each) for each in answers]
            )


def _ask(reader: Reader, encoder: Encoder, text: str, answers: Sequence[LocatedAnswer]) -> Asked:
    asked = without_frame(text)
    [embedded] = encoder.embed_questions([asked])
    found = gather(reader, asked, embedded, mode=Mode.HYBRID)
    # The others rarely come among the first.
    signals = np.stack([found.signals[name] for name in SIGNALS], axis=1)[found.has_all_signals]
    return Asked(
        signals=signals,
        is_relevant=np.array(
            [
                any(answer.is_shown_at(one.path, one.passage.chars) for answer in answers)
                for one in reader.passages(found.ids[found.has_all_signals].tolist())
            ],
            np.bool_,
        ),
        is_answerable=bool(answers),
    )
