"""Embed sentences on a faster device."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from askdocs.embedding.compile import load_original
from askdocs.embedding.encoder import TEXTS, CompiledEncoder
from askdocs.embedding.entry import entry_directory, read_entry
from askdocs.embedding.model import DEFAULT_DEVICE, ignore_progress
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from sentence_transformers import SentenceTransformer

    from askdocs.embedding.entry import Card, CompiledModel
    from askdocs.embedding.model import Encoder, Model, Vectors


MIN_COSINE = 0.999
"""What a device must reach with the compiled encoder on every text."""

HINT = "run the same command without --device"


class Runtime(Protocol):
    """Embeds sentences on a device."""

    @property
    def scheme(self) -> str:
        """Device and number format: equal for vectors that may lie in one cache file."""
        ...

    def embed_sentences(self, texts: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        """The vectors of sentences behind the model's prompt; see `Encoder.embed_sentences`.

        Raises:
            RuntimeError: If the device fails.
        """
        ...


class DeviceEncoder:
    """An `Encoder` that has its sentences' vectors from a device."""

    def __init__(self, compiled: Encoder, runtime: Runtime, device: str) -> None:
        """Combine the two.

        Args:
            compiled: Counts tokens, embeds questions, says what the model is.
            runtime: Embeds sentences.
            device: What messages call it.
        """
        self.fingerprint = compiled.fingerprint
        self.dimension = compiled.dimension
        self.window = compiled.window
        self.capacity = compiled.capacity
        self.scheme = runtime.scheme
        self._compiled = compiled
        self._runtime = runtime
        self._device = device

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without special tokens, prompt or truncation."""
        return self._compiled.count_tokens(texts)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed questions as the compiled encoder does; see `Encoder.embed_questions`."""
        return self._compiled.embed_questions(texts)

    def embed_sentences(
        self, texts: Sequence[str], advance: Callable[[int], None] = ignore_progress
    ) -> Vectors:
        """Embed sentences on the device; see `Encoder.embed_sentences`.

        Raises:
            ModelError: If the device fails, or gives a vector that is not a number.
        """
        try:
            vectors = self._runtime.embed_sentences(texts, advance)
        except RuntimeError as error:
            message = f"the device {self._device} fails: {brief_reason(error)}"
            raise ModelError(message, hint=HINT) from error
        # Again, in float32: a device that counts in fewer bits also divides in fewer.
        with np.errstate(invalid="ignore"):
            unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(unit).all():
            message = f"the device {self._device} gives vectors that are not numbers"
            raise ModelError(message, hint=HINT)
        return unit

    def require_same_vectors(self) -> None:
        """Compare with the compiled encoder on texts of many lengths, in a batch and alone.

        Raises:
            ModelError: If a cosine is below `MIN_COSINE`.
        """
        texts = list(TEXTS)
        expected = self._compiled.embed_sentences(texts)
        alone = np.concatenate([self.embed_sentences([text]) for text in texts])
        found = (self.embed_sentences(texts), alone)
        lowest = min(float((vectors * expected).sum(axis=1).min()) for vectors in found)
        if lowest < MIN_COSINE:
            message = (
                f"vectors of the device {self._device} have cosine {lowest:.4f} with those of "
                f"the compiled encoder, and at least {MIN_COSINE} is needed"
            )
            raise ModelError(message, hint=HINT)


def brief_reason(error: BaseException) -> str:
    """What an error says, in one sentence."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # OpenVINO begins with places in its source, PyTorch ends with all that it knows.
    line = lines[-1] if lines[0].startswith("Exception from ") else lines[0]
    return line.partition(". ")[0]


BATCH_ROWS = 64
"""How many texts PyTorch is given at once."""


def open_openvino(entry: CompiledModel) -> Runtime:
    """The compiled graph on this processor, in the number format that OpenVINO prefers there.

    That is bfloat16 where the processor multiplies it, else float32.

    Raises:
        ModelError: If OpenVINO is not installed, or cannot run the graph.
    """
    openvino = _import_openvino()
    try:
        session = _OpenVinoSession(openvino.Core(), entry)
    except RuntimeError as error:
        message = f"OpenVINO {openvino.__version__} cannot run this model: {brief_reason(error)}"
        raise ModelError(message, hint=HINT) from error
    return _OpenVinoRuntime(entry, session)


def open_torch(model: Model, device: str, card: Card) -> Runtime:
    """The model in float32 on a device of PyTorch, as sentence-transformers runs it.

    Raises:
        ModelError: If there is no such device here, or it cannot take the model.
    """
    import torch

    try:
        # A number there and back: the name of a device alone does not say that it works.
        torch.zeros(1, device=device).item()
        original = load_original(model.directory, device=device)
    # What PyTorch was built without is an AssertionError for some devices.
    except (RuntimeError, AssertionError, ImportError, OSError) as error:
        message = f"the device {device} cannot be used: {brief_reason(error)}"
        raise ModelError(message, hint=HINT) from error
    original.max_seq_length = card.window
    return _TorchRuntime(original, card, f"torch-{torch.device(device).type}")


class _OpenVinoSession:
    """A graph in OpenVINO with the method that `CompiledEncoder` calls of onnxruntime."""

    def __init__(self, core: Any, entry: CompiledModel) -> None:  # noqa: ANN401 - without types
        """Compile the graph for one request at a time, on all cores."""
        compiled = core.compile_model(str(entry.graph), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        self.precision = str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())
        self._request = compiled.create_infer_request()

    def run(self, _outputs: None, inputs: Mapping[str, object]) -> list[Vectors]:
        """The vectors of a batch."""
        return [self._request.infer(inputs)[0]]


class _OpenVinoRuntime:
    """The compiled encoder over another session: its tokens, batches and prompt."""

    def __init__(self, entry: CompiledModel, session: _OpenVinoSession) -> None:
        self.scheme = f"openvino-{session.precision}"
        self._encoder = CompiledEncoder(entry, lambda: session)

    def embed_sentences(self, texts: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        return self._encoder.embed_sentences(texts, advance)


class _TorchRuntime:
    """A sentence-transformers model on a device."""

    def __init__(self, original: SentenceTransformer, card: Card, scheme: str) -> None:
        self.scheme = scheme
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


def _import_openvino() -> ModuleType:
    """OpenVINO, which reports its import over the network unless it lacks this package of its."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        message = f"the device openvino needs the package openvino: {error}"
        raise ModelError(message, hint="pip install openvino") from error
    return openvino  # type: ignore[no-any-return]


OPENVINO = "openvino"
"""The device that is this processor, run by OpenVINO; every other name is PyTorch's."""


def open_device(
    model: Model,
    device: str,
    compiled: Encoder,
    *,
    cache: Path,
    notify: Callable[[str], None],
) -> Encoder:
    """The encoder of a model with its sentences on a device, and all else as compiled.

    On texts of many lengths its vectors have cosine .999 or more with those of the compiled
    encoder.

    Args:
        model: What `compiled` was compiled from.
        device: `DEFAULT_DEVICE` for the compiled encoder itself, `openvino` for this processor
            through OpenVINO, or a device of PyTorch: `cuda`, `cuda:1`, `mps`, `xpu`.
        compiled: The encoder that `open_encoder` gave.
        cache: The per-user cache directory that it was opened from.
        notify: Called with one line before the seconds that importing PyTorch takes.

    Raises:
        ModelError: If there is no such device here, if a package for it is missing, if it
            cannot run the model, or if its vectors are others.
    """
    # `cpu:0` is PyTorch's name for the same processor, where PyTorch is the slower one.
    if device.partition(":")[0] == DEFAULT_DEVICE:
        return compiled
    entry = _entry(compiled.fingerprint, cache)
    # NumPy and what else these import must not come with askdocs.embedding.

    if device == OPENVINO:
        runtime = open_openvino(entry)
    else:
        notify(f"loading the model {model.name} on {device}, which takes some seconds")
        runtime = open_torch(model, device, entry.card)
    encoder = DeviceEncoder(compiled, runtime, device)
    encoder.require_same_vectors()
    return encoder


def _entry(fingerprint: str, cache: Path) -> CompiledModel:
    """The compiled model in the cache, verified whole."""
    entry = read_entry(entry_directory(cache, fingerprint), fingerprint)
    if entry is None or not entry.is_whole():
        message = f"a device needs the compiled model in the cache {cache}, and it is not there"
        raise ModelError(message, hint="make the cache writable, or leave out --device")
    return entry
