"""Run a compiled encoder with onnxruntime, and compare encoders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from askdocs.embedding.model import OTHER_MODEL_HINT, PROBE_SENTENCE, SCHEME, ignore_progress
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt
    from tokenizers import Encoding

    from askdocs.embedding.entry import CompiledModel
    from askdocs.embedding.model import Vectors

# This fits the processor's caches: 530 sentences of MiniLM a second, 400 with 4,096 tokens.
BATCH_TOKENS = 512
"""The most tokens in one run, padding included, unless one text alone has more."""

BATCH_ROWS = 64
"""The most texts in one run."""

# How far a length may be from 1: an OpenVINO device that computes in 16 bits also normalises so.
_TOLERANCE = 0.02

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


class CompiledEncoder:
    """An `Encoder` that runs a compiled model whose bytes are verified.

    `session` returns the session of its graph, as `open_session` does, and is called last.
    """

    def __init__(
        self, compiled: CompiledModel, session: Callable[[], onnxruntime.InferenceSession]
    ) -> None:
        # Imported only now, when the caller has begun to build the session: this import holds
        # Python's lock, building a session does not.
        from tokenizers import Tokenizer

        self._card = compiled.card
        self.directory = compiled.directory
        self.scheme = SCHEME
        self.fingerprint = compiled.card.fingerprint
        self.dimension = compiled.card.dimension
        self.window = compiled.card.window
        self._tokenizer = Tokenizer.from_str(compiled.tokenizer.decode())
        # A tokenizer.json has limits of its own; MiniLM's would cut every text at 128 tokens.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._special_tokens = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        prompt_tokens = self.count_tokens([compiled.card.sentence_prompt])[0]
        self.capacity = self.window - self._special_tokens - prompt_tokens
        self._session = session()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(encoding.ids) for encoding in self._tokenize(texts)]

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        return self._embed(self._card.question_prompt, texts, ignore_progress)

    def embed_sentences(
        self, texts: Sequence[str], advance: Callable[[int], None] = ignore_progress
    ) -> Vectors:
        return self._embed(self._card.sentence_prompt, texts, advance)

    def _embed(self, prompt: str, texts: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        encodings = self._tokenize([prompt + text for text in texts])
        for row, encoding in enumerate(encodings):
            encoding.truncate(self.window - self._special_tokens)
            encodings[row] = self._tokenizer.post_process(encoding)
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for rows in _batches([len(encoding.ids) for encoding in encodings]):
            vectors[rows] = self._run([encodings[row] for row in rows])
            advance(len(rows))
        # A vector with NaN, and one of length zero, is not of unit length either.
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=_TOLERANCE):
            message = "the model returns vectors that are not numbers, or have no direction"
            raise ModelError(message, hint=OTHER_MODEL_HINT)
        return vectors

    def _tokenize(self, texts: Sequence[str]) -> list[Encoding]:
        return self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)

    def _run(self, encodings: Sequence[Encoding]) -> Vectors:
        inputs = self._padded(encodings)
        state = onnxruntime.capi.onnxruntime_pybind11_state
        try:
            named = {name: inputs[name] for name in self._card.inputs}
            vectors: Vectors = self._session.run(None, named)[0]
        except (state.Fail, state.InvalidArgument, state.RuntimeException, ValueError) as error:
            # As for a window longer than the positions that the model knows. A graph whose inputs
            # are not those on its card raises ValueError.
            message = f"the model fails on a text of {len(inputs['input_ids'][0])} tokens"
            raise ModelError(message, hint=OTHER_MODEL_HINT) from error
        if vectors.shape != (len(encodings), self.dimension):
            message = f"the model returns vectors of shape {vectors.shape}, not of {self.dimension}"
            raise ModelError(message, hint=OTHER_MODEL_HINT)
        return vectors

    def _padded(self, encodings: Sequence[Encoding]) -> dict[str, npt.NDArray[np.int64]]:
        """Return every input that a graph may have, padded on the right to the longest text."""
        shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
        inputs = {
            "input_ids": np.full(shape, self._card.pad_id, np.int64),
            "attention_mask": np.zeros(shape, np.int64),
            "token_type_ids": np.zeros(shape, np.int64),
        }
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            inputs["input_ids"][row, :length] = encoding.ids
            inputs["attention_mask"][row, :length] = 1
            inputs["token_type_ids"][row, :length] = encoding.type_ids
        return inputs


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield positions of texts of similar length, longest first, one batch at a time."""
    rows: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        width = lengths[rows[0]] if rows else lengths[row]
        if rows and (len(rows) == BATCH_ROWS or (len(rows) + 1) * width > BATCH_TOKENS):
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def open_session(graph: Path) -> onnxruntime.InferenceSession:
    """Open a session that prints nothing and leaves the processor idle between runs.

    The graph was optimised when it was compiled; optimising again would take a fifth of the time.
    ModelError says that this onnxruntime cannot run it.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # In a container, a process may use fewer processors than the machine has.
    has_affinity = hasattr(os, "sched_getaffinity")
    processors = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    options.intra_op_num_threads = processors
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    state = onnxruntime.capi.onnxruntime_pybind11_state
    faults = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf)
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except (*faults, state.NoSuchFile, state.NotImplemented) as error:
        message = f"onnxruntime {onnxruntime.__version__} cannot run this compiled model"
        raise ModelError(message, hint=OTHER_MODEL_HINT) from error


def lowest_cosine(embed: Callable[[Sequence[str]], Vectors], expected: Vectors) -> float:
    """Embed `TEXTS` in a batch and alone; return the lowest cosine with the expected vectors.

    All have unit length. The cosine is NaN if a vector contains it.
    """
    alone = np.concatenate([embed([text]) for text in TEXTS])
    return float(np.min([(vectors * expected).sum(axis=1) for vectors in (embed(TEXTS), alone)]))
