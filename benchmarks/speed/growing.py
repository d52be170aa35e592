"""Generated corpora on disk, with their indexes."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.evaluation_sets import questions_of
from benchmarks.speed import systems
from benchmarks.speed.corpora import write_questions, write_texts
from benchmarks.speed.generated import PASSAGES_PER_DOCUMENT, SENTENCES_PER_PASSAGE, Noise, Recipe
from benchmarks.speed.measuring import Command, FailedError, run
from benchmarks.speed.prepared import load_pool, prepare_pool

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.speed.corpora import Corpus
    from benchmarks.speed.settings import Settings


def make(settings: Settings, passages: int) -> Corpus:
    """The corpus of a size and its index, made where they are missing or not fresh."""
    prepare_pool(settings.pool_folders, settings.pool)
    corpus = settings.generated(passages)
    pool, _ = load_pool(settings.pool)
    if not corpus.documents.exists():
        Recipe(pool, passages).write(corpus.documents)
    if not _is_fresh(corpus):
        _index(settings, corpus, passages)
    write_questions(corpus.questions, questions(settings))
    return corpus


def questions(settings: Settings) -> list[str]:
    """Real questions of the sets, mixed, always the same ones."""
    found = [one.question.text for folder in settings.sets for one in questions_of(folder)]
    order = np.random.default_rng(3).permutation(len(found))
    # askdocs reads a question a line.
    return [" ".join(found[at].split()) for at in order]


def index_report(corpus: Corpus) -> dict[str, Any]:
    """What it took to make the index."""
    found: dict[str, Any] = json.loads(_report_of(corpus).read_text(encoding="utf-8"))
    return found


def write_paragraphs(settings: Settings, corpus: Corpus, passages: int) -> Path:
    """Write the passages for the peers, with vectors; the file of these is returned.

    A paragraph's vector is the mean of those of its sentences: it costs as much to search as the
    model's own, and means as much as is needed where only time is measured.
    """
    pool, vectors = load_pool(settings.pool)
    recipe, noise = Recipe(pool, passages), Noise(vectors)
    write_texts(corpus.paragraphs, (recipe.passage(number) for number in range(passages)))
    rows = noise.vectors(recipe.sources, np.arange(recipe.sentences))
    means = rows.reshape(passages, SENTENCES_PER_PASSAGE, -1).mean(axis=1)
    path = corpus.work / "paragraphs.npy"
    np.save(path, means / np.linalg.norm(means, axis=1, keepdims=True))
    return path


def _is_fresh(corpus: Corpus) -> bool:
    try:
        run(Command(words=(systems.program(), "check", "--index", str(corpus.index))))
    except FailedError:
        return False
    return _report_of(corpus).exists()


def _index(settings: Settings, corpus: Corpus, passages: int) -> None:
    shutil.rmtree(corpus.index, ignore_errors=True)
    paths = (settings.pool.resolve(), corpus.documents.resolve(), corpus.index.resolve())
    words = (sys.executable, "-m", "benchmarks.speed.prepared", *map(str, paths))
    done = run(Command(words=words))
    made = json.loads(done.output.splitlines()[-1])
    if made != {"passages": passages, "sentences": passages * SENTENCES_PER_PASSAGE}:
        raise FailedError(f"the corpus of {passages} passages was cut into {made}")
    report = {
        **made,
        "documents": -(-passages // PASSAGES_PER_DOCUMENT),
        "seconds": done.seconds,
        "peak_bytes": done.peak_bytes,
    }
    _report_of(corpus).write_text(json.dumps(report), encoding="utf-8")


def _report_of(corpus: Corpus) -> Path:
    return corpus.work / "index.json"
