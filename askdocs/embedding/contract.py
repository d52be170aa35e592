"""What an encoder promises to whoever embeds text with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""The model that an ordinary package carries."""

PROBE_SENTENCE = "The quick brown fox jumps over the lazy dog near the river bank."
"""The sentence whose vector tells whether two encoders are the same model."""

SCHEME = "float32"
"""The number format of compiled encoders; not part of a model's fingerprint."""

DEFAULT_DEVICE = "cpu"
"""The device of compiled encoders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Where a model's files are.

    Attributes:
        name: What was asked for: the packaged model, a path, or a name on the hub.
        revision: The package and its version, or the hub's commit; empty for a path.
        directory: The absolute directory that holds modules.json and the weights.
    """

    name: str
    revision: str
    directory: Path


class Encoder(Protocol):
    """Turns text into vectors of unit length.

    A text's vector does not depend on the texts that it is embedded with: cosine of at least
    0.9999 between alone and in any batch.
    """

    @property
    def fingerprint(self) -> str:
        """sha256 over weights, tokenizer, pooling and prompts, hexadecimal."""
        ...

    @property
    def scheme(self) -> str:
        """Device and number format: equal for vectors that may lie in one cache file."""
        ...

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        ...

    @property
    def window(self) -> int:
        """The most tokens that are read of one text, prompt and special tokens included."""
        ...

    @property
    def capacity(self) -> int:
        """The most tokens of a sentence that are read: the window less special tokens and prompt.

        A sentence of which `count_tokens` says no more than this is embedded whole.
        """
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without special tokens, prompt or truncation."""
        ...

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed questions, with the model's own prompt for them.

        Returns:
            Shape (len(texts), dimension), rows of unit length in the order of `texts`.

        Raises:
            ModelError: If the model gives a vector that is not a number, or has no direction.
        """
        ...

    def embed_sentences(
        self, texts: Sequence[str], advance: Callable[[int], None] = ...
    ) -> Vectors:
        """Embed sentences, with the model's own prompt for them.

        Args:
            texts: Any number; what goes beyond `window` tokens is not read.
            advance: Called with the number of texts done since the last call; the numbers add
                up to len(texts).

        Returns:
            Shape (len(texts), dimension), rows of unit length in the order of `texts`.

        Raises:
            ModelError: If the model gives a vector that is not a number, or has no direction.
        """
        ...


def ignore_progress(_count: int) -> None:
    """Take notice of nothing: for callers that show no progress."""
