"""Compare the vectors of an encoder with those of the model that it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from askdocs.embedding.encoder import CompiledEncoder, open_session
from askdocs.embedding.entry import TOKENS
from askdocs.embedding.model import OTHER_MODEL_HINT, PROBE_SENTENCE
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import onnxruntime
    import torch
    from sentence_transformers import SentenceTransformer

    from askdocs.embedding.entry import Card, CompiledModel
    from askdocs.embedding.model import Vectors

MIN_COSINE = 0.9999
"""The lowest cosine that a compiled encoder's vectors may have with the model's."""

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
"""Texts in several scripts, from one token to more than the window of most models."""


def require_same_vectors(compiled: CompiledModel, original: SentenceTransformer) -> None:
    """Raise ModelError if the vectors of `TEXTS`, with each prompt, or of their tokens differ."""
    session, card = open_session(compiled.graph), compiled.card
    encoder = CompiledEncoder(compiled, lambda: session)

    def embed_questions(texts: Sequence[str]) -> Vectors:
        return np.stack([question.vector for question in encoder.embed_questions(texts)])

    for lowest in (
        _lowest_cosine(original, card.sentence_prompt, encoder.embed_sentences),
        _lowest_cosine(original, card.question_prompt, embed_questions),
        _lowest_token_cosine(original, card, session),
    ):
        # NaN compares false with everything: this refuses it, too.
        if not lowest >= MIN_COSINE:
            cosines = f"cosine {lowest:.6f} with sentence-transformers, and at least {MIN_COSINE}"
            raise ModelError(f"its compiled encoder has {cosines} is needed", hint=OTHER_MODEL_HINT)


def lowest_cosine(embed: Callable[[Sequence[str]], Vectors], expected: Vectors) -> float:
    """Embed `TEXTS` in a batch and alone; return the lowest cosine with the expected vectors.

    All have unit length. The cosine is NaN if a vector contains it.
    """
    alone = np.concatenate([embed([text]) for text in TEXTS])
    return float(np.min([(vectors * expected).sum(axis=1) for vectors in (embed(TEXTS), alone)]))


def run_original(original: SentenceTransformer, texts: Sequence[str]) -> dict[str, torch.Tensor]:
    """Return what all modules of a model make of a batch of texts, its inputs included."""
    import torch

    with torch.no_grad():
        features: dict[str, torch.Tensor] = original(original.preprocess(list(texts)))
    return features


def _lowest_cosine(
    original: SentenceTransformer, prompt: str, embed: Callable[[Sequence[str]], Vectors]
) -> float:
    expected = original.encode(
        list(TEXTS), prompt=prompt, normalize_embeddings=True, show_progress_bar=False
    )
    return lowest_cosine(embed, expected)


def _lowest_token_cosine(
    original: SentenceTransformer, card: Card, session: onnxruntime.InferenceSession
) -> float:
    """Return the lowest cosine of a token of `TEXTS`, and of a text that takes all positions."""
    if not card.token_dimension:
        return 1.0
    lowest = []
    original.max_seq_length = card.positions
    for texts in (TEXTS, [TEXTS[-1] * 4]):
        features = run_original(original, texts)
        [tokens] = session.run([TOKENS], {name: features[name].numpy() for name in card.inputs})
        expected = features["token_embeddings"].numpy()
        lengths = np.linalg.norm(expected, axis=2) * np.linalg.norm(tokens, axis=2)
        cosines = (tokens * expected).sum(axis=2) / lengths
        lowest.append(cosines[features["attention_mask"].numpy() == 1].min())
    return float(np.min(lowest))
