"""Let one runtime embed sentences where another one does all else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from askdocs.embedding.comparison import TEXTS
from askdocs.embedding.contract import ignore_progress
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from askdocs.embedding.contract import Encoder, Vectors

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
