"""Compare a compiled encoder with the model that it was compiled from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from askdocs.embedding.contract import PROBE_SENTENCE
from askdocs.embedding.encoder import CompiledEncoder, open_session
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentence_transformers import SentenceTransformer

    from askdocs.embedding.card import CompiledModel
    from askdocs.embedding.contract import Vectors

MIN_COSINE = 0.9999
"""What a compiled encoder must reach on every text."""

_WORDS = "the harbour light was seen by every ship that came home through fog and winter rain "

TEXTS = (
    "Yes",
    "What is the boiling point of water at sea level?",
    PROBE_SENTENCE,
    "In 1969, Apollo 11 landed on the Moon; 650 million people watched (an estimate).",
    "NAÏVE CAFÉ Ünïcödé — “quotes”, €3.50 & 100 %",
    "東京は日本の首都です。 Москва, القاهرة",
    "unbelievablycounterrevolutionary antidisestablishmentarianism",
    "def embed(texts): return [f(x) for x in texts]  # code",
    "🙂 emoji\tand\nbreaks",
    _WORDS * 2,
    _WORDS * 6,
    _WORDS * 12,
    _WORDS * 20,
)
"""From one token to more than the window of most models, in several scripts."""


def require_same_vectors(compiled: CompiledModel, original: SentenceTransformer) -> None:
    """Compare on texts of many lengths, in a batch and alone, with each prompt.

    Raises:
        ModelError: If a cosine is below 0.9999.
    """
    encoder = CompiledEncoder(compiled, partial(open_session, compiled.graph))
    card = compiled.card
    lowest = min(
        _lowest_cosine(encoder.embed_sentences, original, card.sentence_prompt),
        _lowest_cosine(encoder.embed_questions, original, card.question_prompt),
    )
    # Written so that a cosine that is not a number is refused, too.
    if not lowest >= MIN_COSINE:
        message = (
            f"its compiled encoder has cosine {lowest:.6f} with sentence-transformers, "
            f"and at least {MIN_COSINE} is needed"
        )
        raise ModelError(message, hint="choose another model with --model")


def _lowest_cosine(
    embed: Callable[[list[str]], Vectors], original: SentenceTransformer, prompt: str
) -> float:
    """The lowest cosine of any text, embedded by `embed` in a batch and alone."""
    texts = list(TEXTS)
    expected = original.encode(
        texts, prompt=prompt, normalize_embeddings=True, show_progress_bar=False
    )
    alone = np.concatenate([embed([text]) for text in texts])
    cosines = [(vectors * expected).sum(axis=1) for vectors in (embed(texts), alone)]
    return float(np.min(cosines))
