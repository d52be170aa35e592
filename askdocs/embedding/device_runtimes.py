"""Run a model's sentences with the libraries that know faster devices."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from askdocs.embedding.device_encoder import HINT, brief_reason
from askdocs.embedding.encoder import CompiledEncoder
from askdocs.embedding.original import load_original
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from sentence_transformers import SentenceTransformer

    from askdocs.embedding.card import Card, CompiledModel
    from askdocs.embedding.contract import Model, Vectors
    from askdocs.embedding.device_encoder import Runtime

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
