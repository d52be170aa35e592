"""Run a compiled encoder with onnxruntime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnxruntime

from askdocs.embedding.entry import TOKENS, VECTORS
from askdocs.embedding.model import (
    OTHER_MODEL_HINT,
    PROBE_SENTENCE,
    SCHEME,
    EmbeddedQuestion,
    TokenCodes,
    code_bytes,
    ignore_progress,
)
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Encoding

    from askdocs.embedding.entry import CompiledModel
    from askdocs.embedding.model import Codes, PassageText, Vectors
    from askdocs.records.spans import Span

# This fits the processor's caches: 530 sentences of MiniLM a second, 400 with 4,096 tokens. With
# 1,024 tokens, passages of 75 tokens on average take 1.1 times as long, with 4,096 1.6 times.
BATCH_TOKENS = 512
"""The most tokens in one run, padding included, unless one text alone has more."""

BATCH_ROWS = 64
"""The most texts in one run."""

CONTEXT_TOKENS = 96
"""The most tokens of a context that are read: its last ones, which stand next to the passage."""

# How far a length may be from 1: an OpenVINO device that computes in 16 bits also normalises so.
_TOLERANCE = 0.02


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
        self.token_dimension = compiled.card.token_dimension
        self.window = compiled.card.window
        self._tokenizer = Tokenizer.from_str(compiled.tokenizer.decode())
        # A tokenizer.json has limits of its own; MiniLM's would cut every text at 128 tokens.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._frame = _special_tokens(self._tokenizer.encode(PROBE_SENTENCE))
        self._special_tokens = sum(map(len, self._frame))
        [self._prompt] = self._tokenize([compiled.card.sentence_prompt])
        self.capacity = self.window - self._special_tokens - len(self._prompt)
        self._session = session()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(tokens) for tokens in self._tokenize(texts)]

    def embed_questions(self, texts: Sequence[str]) -> list[EmbeddedQuestion]:
        prompt = self._card.question_prompt
        prompted = [prompt + text for text in texts]
        encodings = self._tokenizer.encode_batch(prompted, add_special_tokens=False)
        read = self._truncated([encoding.ids for encoding in encodings])
        questions: dict[int, EmbeddedQuestion] = {}
        for rows, batch in self._batches(read):
            vectors, tokens = self._vectors(batch, has_tokens=True)
            for row, vector, matrix in zip(rows, vectors, tokens, strict=True):
                own, spans = _without_prompt(encodings[row].offsets[: len(matrix)], len(prompt))
                questions[row] = EmbeddedQuestion(vector, matrix[own], spans)
        return [questions[row] for row in range(len(texts))]

    def embed_sentences(
        self, texts: Sequence[str], advance: Callable[[int], None] = ignore_progress
    ) -> Vectors:
        prompt = self._card.sentence_prompt
        read = self._truncated(self._tokenize([prompt + text for text in texts]))
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for rows, batch in self._batches(read):
            vectors[rows], _ = self._vectors(batch, has_tokens=False)
            advance(len(rows))
        return vectors

    def embed_passages(
        self, passages: Sequence[PassageText], advance: Callable[[int], None] = ignore_progress
    ) -> list[TokenCodes]:
        counts, windows = self._windows(passages)
        # A passage without tokens has no window.
        advance(len(passages) - sum(window.is_first for window in windows))
        codes: dict[int, Codes] = {}
        for rows, batch in self._batches([window.tokens for window in windows]):
            _, tokens = self._vectors(batch, has_tokens=True)
            for row, matrix in zip(rows, tokens, strict=True):
                codes[row] = np.packbits(matrix[windows[row].skipped :] > 0, axis=1)
            advance(sum(windows[row].is_first for row in rows))
        parts = [[np.empty((0, code_bytes(self.token_dimension)), np.uint8)] for _ in passages]
        for row, window in enumerate(windows):
            parts[window.passage].append(codes[row])
        return [
            TokenCodes(np.concatenate(part), own) for part, own in zip(parts, counts, strict=True)
        ]

    def _windows(
        self, passages: Sequence[PassageText]
    ) -> tuple[list[NDArray[np.int32]], list[_Window]]:
        """Return how many tokens of context and sentences are read, by passage, and the windows."""
        contexts = self._tokenize([context and f"{context}." for context, _ in passages])
        tokenized = iter(
            self._tokenize([text for passage in passages for text in passage.sentences])
        )
        most = self._card.positions - self._special_tokens - len(self._prompt)
        counts = []
        windows: list[_Window] = []
        for number, (passage, context) in enumerate(zip(passages, contexts, strict=True)):
            last = min(len(context), CONTEXT_TOKENS, most // 4)
            before = [*self._prompt, *context[len(context) - last :]]
            room = most - last if self.token_dimension else 0
            sentences = [next(tokenized)[:room] for _ in passage.sentences]
            parts = list(_joined(sentences, room))
            lengths = [last if parts else 0, *map(len, sentences)]
            counts.append(np.array(lengths, np.int32))
            for part, tokens in enumerate(parts):
                # The codes of the context are those that it has before the first sentences.
                skipped = len(before) if part else len(self._prompt)
                windows.append(_Window(number, skipped, [*before, *tokens], not part))
        return counts, windows

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def _truncated(self, texts: Iterable[list[int]]) -> list[list[int]]:
        return [tokens[: self.window - self._special_tokens] for tokens in texts]

    def _batches(self, texts: Sequence[list[int]]) -> Iterator[tuple[list[int], list[list[int]]]]:
        """Yield positions of texts of similar length, longest first, and the texts' tokens."""
        for rows in _batches([len(tokens) + self._special_tokens for tokens in texts]):
            yield rows, [texts[row] for row in rows]

    def _vectors(
        self, texts: Sequence[list[int]], *, has_tokens: bool
    ) -> tuple[Vectors, list[Vectors]]:
        """Return the vector of each text, and on request the vectors of each text's own tokens."""
        has_tokens = has_tokens and self.token_dimension > 0
        vectors, *rest = self._run(texts, [VECTORS, TOKENS] if has_tokens else [VECTORS])
        _require_unit(vectors, (len(texts), self.dimension))
        if not rest:
            return vectors, [np.empty((0, 0), np.float32) for _ in texts]
        first = len(self._frame[0])
        own = [
            of_text[first : first + len(tokens)]
            for of_text, tokens in zip(*rest, texts, strict=True)
        ]
        _require_unit(np.concatenate(own), (sum(map(len, texts)), self.token_dimension))
        return vectors, own

    def _run(self, texts: Sequence[list[int]], outputs: Sequence[str]) -> list[Vectors]:
        inputs = self._padded(texts)
        state = onnxruntime.capi.onnxruntime_pybind11_state
        try:
            named = {name: inputs[name] for name in self._card.inputs}
            vectors: list[Vectors] = self._session.run(outputs, named)
        except (state.Fail, state.InvalidArgument, state.RuntimeException, ValueError) as error:
            # As for a window longer than the positions that the model knows. A graph whose inputs
            # are not those on its card raises ValueError.
            message = f"the model fails on a text of {len(inputs['input_ids'][0])} tokens"
            raise ModelError(message, hint=OTHER_MODEL_HINT) from error
        return vectors

    def _padded(self, texts: Sequence[list[int]]) -> dict[str, NDArray[np.int64]]:
        """Return every input that a graph may have, padded on the right to the longest text."""
        before, after = self._frame
        shape = (len(texts), self._special_tokens + max(map(len, texts)))
        inputs = {
            "input_ids": np.full(shape, self._card.pad_id, np.int64),
            "attention_mask": np.zeros(shape, np.int64),
            "token_type_ids": np.zeros(shape, np.int64),
        }
        for row, tokens in enumerate(texts):
            read = [*before, *tokens, *after]
            inputs["input_ids"][row, : len(read)] = read
            inputs["attention_mask"][row, : len(read)] = 1
        return inputs


class _Window(NamedTuple):
    """What is read at once of a passage.

    Attributes:
        passage: The number of the passage.
        skipped: How many of the first tokens get no codes.
        tokens: Their tokens, then those of the sentences.
        is_first: Whether it is the passage's first.
    """

    passage: int
    skipped: int
    tokens: list[int]
    is_first: bool


def _special_tokens(encoding: Encoding) -> tuple[list[int], list[int]]:
    """Return the tokens that a model expects before and after every text, from that of any text."""
    own = [place for place, special in enumerate(encoding.special_tokens_mask) if not special]
    return encoding.ids[: own[0]], encoding.ids[own[-1] + 1 :]


def _joined(sentences: Iterable[list[int]], room: int) -> Iterator[list[int]]:
    """Yield the tokens of as many sentences as there is room for, then of the next ones."""
    joined: list[int] = []
    for tokens in sentences:
        if len(joined) + len(tokens) > room:
            yield joined
            joined = []
        joined = joined + tokens
    if joined:
        yield joined


def _without_prompt(spans: Sequence[Span], prompt: int) -> tuple[list[int], tuple[Span, ...]]:
    """Return which tokens belong to the text after a prompt, and their spans in that text.

    A token that has characters of both belongs to the text.
    """
    own = [number for number, (_, end) in enumerate(spans) if end > prompt]
    return own, tuple((max(0, spans[at][0] - prompt), spans[at][1] - prompt) for at in own)


def _require_unit(vectors: Vectors, shape: tuple[int, int]) -> None:
    """Raise ModelError unless vectors have a shape and unit length, which NaN does not have."""
    if vectors.shape != shape:
        message = f"the model returns vectors of shape {vectors.shape}, not {shape}"
        raise ModelError(message, hint=OTHER_MODEL_HINT)
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=_TOLERANCE):
        message = "the model returns vectors that are not numbers, or have no direction"
        raise ModelError(message, hint=OTHER_MODEL_HINT)


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
