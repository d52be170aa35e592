"""Embed documents on a faster device."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from askdocs.embedding.comparison import TEXTS, lowest_cosine
from askdocs.embedding.compile import load_original
from askdocs.embedding.encoder import BATCH_ROWS, CompiledEncoder
from askdocs.embedding.entry import entry_directory, read_compiled
from askdocs.embedding.model import DEFAULT_DEVICE, ignore_progress
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from sentence_transformers import SentenceTransformer

    from askdocs.embedding.entry import Card, CompiledModel
    from askdocs.embedding.model import Encoder, Model, PassageText, TokenCodes, Vectors

# The device that is this processor, run by OpenVINO; every other name is PyTorch's.
_OPENVINO = "openvino"

MIN_COSINE = 0.999
"""The lowest cosine that a device's vectors may have with those of the compiled encoder."""

HINT = "run the same command without --device"


def open_device(
    model: Model, device: str, compiled: Encoder, *, cache: Path, notify: Callable[[str], None]
) -> Encoder:
    """Return an encoder that embeds documents on a device and does all else as `compiled`.

    On texts of many lengths its vectors have cosine .999 or more with those of `compiled`.

    Args:
        model: What `compiled` was compiled from.
        device: `DEFAULT_DEVICE` for `compiled` itself, `openvino` for this processor through
            OpenVINO, or a device of PyTorch: `cuda`, `cuda:1`, `mps`, `xpu`.
        compiled: The encoder that `open_encoder` returned.
        cache: The per-user cache directory that it was opened from.
        notify: Called with one line before importing PyTorch, which takes seconds.

    Raises:
        ModelError: The device or its package is missing, or cannot run the model as it should.
    """
    # `cpu:0` is PyTorch's name for the same processor, where PyTorch is slower.
    if device.partition(":")[0] == DEFAULT_DEVICE:
        return compiled
    entry = read_compiled(entry_directory(cache, compiled.fingerprint), compiled.fingerprint)
    if entry is None or not entry.is_whole():
        message = f"a device needs the compiled model in the cache {cache}, and it is not there"
        raise ModelError(message, hint="make the cache writable, or leave out --device")
    if device == _OPENVINO:
        runtime = open_openvino(entry)
    else:
        notify(f"loading the model {model.name} on {device}, which takes some seconds")
        runtime = open_torch(model, device, entry.card, compiled)
    encoder = DeviceEncoder(compiled, runtime, device)
    encoder.require_same_vectors()
    return encoder


class Runtime(Protocol):
    """Embeds documents on a device, or raises RuntimeError."""

    scheme: str

    def embed_sentences(self, texts: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        """Embed sentences; see `Encoder.embed_sentences`."""

    def embed_passages(
        self, passages: Sequence[PassageText], advance: Callable[[int], None]
    ) -> list[TokenCodes]:
        """Return the codes of tokens; see `Encoder.embed_passages`."""


class DeviceEncoder:
    """An `Encoder` that embeds documents on a device, which messages name, and normalises vectors.

    The compiled encoder counts tokens, embeds questions, and says what the model is.
    """

    def __init__(self, compiled: Encoder, runtime: Runtime, device: str) -> None:
        self.fingerprint = compiled.fingerprint
        self.dimension = compiled.dimension
        self.token_dimension = compiled.token_dimension
        self.window = compiled.window
        self.capacity = compiled.capacity
        self.count_tokens = compiled.count_tokens
        self.embed_questions = compiled.embed_questions
        self.scheme = runtime.scheme
        self._compiled = compiled
        self._runtime = runtime
        self._device = device

    def embed_sentences(
        self, texts: Sequence[str], advance: Callable[[int], None] = ignore_progress
    ) -> Vectors:
        with self._failure_named():
            vectors = self._runtime.embed_sentences(texts, advance)
        # Normalise again, in float32: a device that computes in fewer bits divides in fewer, too.
        with np.errstate(invalid="ignore"):
            unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(unit).all():
            message = f"the device {self._device} returns vectors that are not numbers"
            raise ModelError(message, hint=HINT)
        return unit

    def embed_passages(
        self, passages: Sequence[PassageText], advance: Callable[[int], None] = ignore_progress
    ) -> list[TokenCodes]:
        with self._failure_named():
            return self._runtime.embed_passages(passages, advance)

    def require_same_vectors(self) -> None:
        """Raise ModelError if vectors of `TEXTS` differ from those of the compiled encoder."""
        lowest = lowest_cosine(self.embed_sentences, self._compiled.embed_sentences(TEXTS))
        if lowest < MIN_COSINE:
            others = f"the compiled encoder, and at least {MIN_COSINE} is needed"
            message = f"vectors of the device {self._device} have cosine {lowest:.4f} with those of"
            raise ModelError(f"{message} {others}", hint=HINT)

    @contextmanager
    def _failure_named(self) -> Iterator[None]:
        """Raise ModelError for what the device's library raises in the block."""
        try:
            yield
        except RuntimeError as error:
            message = f"the device {self._device} fails: {_brief_reason(error)}"
            raise ModelError(message, hint=HINT) from error


def open_openvino(entry: CompiledModel) -> Runtime:
    """Load the compiled graph on this processor, in the number format that OpenVINO prefers.

    That is bfloat16 where the processor multiplies it, else float32. ModelError says that OpenVINO
    is not installed or cannot run the graph.
    """
    openvino = _import_openvino()
    try:
        session = _OpenVinoSession(openvino.Core(), entry)
    except RuntimeError as error:
        message = f"OpenVINO {openvino.__version__} cannot run this model: {_brief_reason(error)}"
        raise ModelError(message, hint=HINT) from error
    encoder = CompiledEncoder(entry, lambda: session)
    encoder.scheme = f"openvino-{session.precision}"
    return encoder


def _import_openvino() -> ModuleType:
    # OpenVINO reports its import over the network, unless it cannot import this package.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        message = f"the device openvino needs the package openvino: {error}"
        raise ModelError(message, hint="pip install openvino") from error
    return openvino  # type: ignore[no-any-return]


class _OpenVinoSession:
    """A graph compiled by OpenVINO for one request at a time, on all cores.

    It has the method that `CompiledEncoder` calls on onnxruntime.
    """

    def __init__(self, core: Any, entry: CompiledModel) -> None:  # noqa: ANN401 - without types
        compiled = core.compile_model(str(entry.graph), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        self.precision = str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())
        self._request = compiled.create_infer_request()

    def run(self, outputs: Sequence[str], inputs: Mapping[str, object]) -> list[Vectors]:
        results = self._request.infer(inputs)
        return [results[name] for name in outputs]


def open_torch(model: Model, device: str, card: Card, compiled: Encoder) -> Runtime:
    """Load the model in float32 on a device of PyTorch, as sentence-transformers runs it.

    Only sentences are embedded there: the compiled encoder makes the codes of tokens. ModelError
    says that the device cannot be used.
    """
    import torch

    try:
        # A device's name alone does not tell that it works: send a number there and back.
        torch.zeros(1, device=device).item()
        original = load_original(model.directory, device=device)
    # Some devices that PyTorch was built without raise AssertionError.
    except (RuntimeError, AssertionError, ImportError, OSError) as error:
        message = f"the device {device} cannot be used: {_brief_reason(error)}"
        raise ModelError(message, hint=HINT) from error
    original.max_seq_length = card.window
    return _TorchRuntime(original, card, compiled, f"torch-{torch.device(device).type}")


class _TorchRuntime:
    def __init__(
        self, original: SentenceTransformer, card: Card, compiled: Encoder, scheme: str
    ) -> None:
        self.scheme = scheme
        self.embed_passages = compiled.embed_passages
        self._original = original
        self._card = card

    def embed_sentences(self, texts: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        vectors = np.empty((len(texts), self._card.dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]), reverse=True)
        for start in range(0, len(order), BATCH_ROWS):
            rows = order[start : start + BATCH_ROWS]
            vectors[rows] = self._original.encode(
                [texts[row] for row in rows],
                prompt=self._card.sentence_prompt,
                batch_size=BATCH_ROWS,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
            advance(len(rows))
        return vectors


def _brief_reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # OpenVINO begins with places in its source, PyTorch ends with long advice.
    line = lines[-1] if lines[0].startswith("Exception from ") else lines[0]
    return line.partition(". ")[0]
