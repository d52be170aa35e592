"""The compiled default model returns the vectors of sentence-transformers."""

from pathlib import Path

import numpy as np
import pytest

from askdocs.embedding.compiled import open_compiled
from askdocs.embedding.model import DEFAULT_MODEL, PROBE_SENTENCE, Encoder, locate_model

FINGERPRINT = "43f2fc980cdf61466c11cab22659d1d9a05edeb36f779b81c1d75011dcbd586d"

WORDS = ["harbour", "light", "seen", "by", "every", "ship", "coming", "home", "through", "fog"]
WORDS += ["and", "winter", "rain", "at", "night"]

TEXTS = ["Yes", "What is the boiling point of water?", PROBE_SENTENCE]
TEXTS += ["“Café”, 3.50 €; 東京 — Москва.", " ".join(WORDS * 5)]
TEXTS += [" ".join((WORDS * 14)[:200]), " ".join(WORDS * 40)]
"""From one token to 200, and to more than the window of 256."""


@pytest.fixture(scope="module")
def encoder(encoder_cache: Path) -> Encoder:
    """The compiled default model."""
    encoder = open_compiled(FINGERPRINT, cache=encoder_cache)
    assert encoder is not None
    return encoder


def test_vectors_are_those_of_sentence_transformers(encoder, tmp_path):
    """Texts of 200 tokens and beyond the window too; vectors, even of no text, have unit length."""
    from sentence_transformers import SentenceTransformer

    model = locate_model(DEFAULT_MODEL, base=tmp_path)
    original = SentenceTransformer(str(model.directory), device="cpu", local_files_only=True)
    expected = original.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    vectors = encoder.embed_sentences(TEXTS)
    empty = encoder.embed_sentences([""])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm([*vectors, *empty], axis=1), 1, atol=1e-6)
    assert encoder.count_tokens(TEXTS)[5] == 200
    assert (vectors * expected).sum(axis=1).min() >= 0.9999


def test_many_texts_come_back_in_their_order(encoder):
    """Batches are sorted by length, which changes no vector; progress counts every text."""
    texts = [" ".join(WORDS[: 1 + n % 13]) + f" {n}" for n in range(150)] + TEXTS
    told: list[int] = []
    vectors = encoder.embed_sentences(texts, told.append)
    expected = np.concatenate([encoder.embed_sentences([text]) for text in texts])
    assert (vectors * expected).sum(axis=1).min() >= 0.9999
    assert len(told) > 1
    assert sum(told) == len(texts)


def test_tokens_are_counted_without_a_limit(encoder):
    """A count has no special tokens and goes beyond the window."""
    counts = encoder.count_tokens(["", "water", "hello world", "hello " * 300])
    assert counts == [0, 1, 2, 300]


def test_sentence_within_capacity_is_read_whole(encoder):
    """The last of `capacity` tokens changes the vector; tokens after it do not."""
    assert (encoder.window, encoder.capacity) == (256, 254)
    full = "ship " * 253 + "light"
    vectors = encoder.embed_sentences([full, "ship " * 253 + "rain", full + " rain" * 100])
    assert vectors[0] @ vectors[1] < 0.9999
    assert vectors[0] @ vectors[2] >= 0.9999


def test_no_texts_have_no_vectors(encoder):
    """An empty list returns an empty array of the right shape."""
    assert encoder.embed_sentences([]).shape == (0, 384)
    assert encoder.embed_questions([]) == encoder.embed_passages([]) == []
    assert encoder.count_tokens([]) == []


def test_model_without_prompts_embeds_questions_as_sentences(encoder):
    """The default model has no prompts."""
    [question] = encoder.embed_questions(["Who lit the harbour?"])
    [sentence] = encoder.embed_sentences(["Who lit the harbour?"])
    np.testing.assert_array_equal(question.vector, sentence)
