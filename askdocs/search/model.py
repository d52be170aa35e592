"""The model that made an index, for its questions."""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING

from askdocs import embedding
from askdocs.errors import ModelError, UnusableIndexError
from askdocs.index import carried_encoders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from askdocs.datamodel import ModelRecord
    from askdocs.embedding import Encoder
    from askdocs.index import Generation

_PROBE_COSINE = 0.99


class QuestionModel:
    """The encoder of a generation's questions; it is opened by the first one that needs it."""

    def __init__(
        self, generation: Generation, *, cache: Path, notify: Callable[[str], None]
    ) -> None:
        """Open nothing yet.

        Args:
            generation: Whose model.
            cache: Where compiled encoders are kept.
            notify: Called with one line about anything that takes long.
        """
        self._generation = generation
        self._cache = cache
        self._notify = notify
        self._opening: embedding.Opening | None = None
        self._encoder: Encoder | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing is left to be done before a question can be embedded."""
        return self._encoder is not None

    def begin(self) -> None:
        """Begin to open the compiled model, most of which lets other work go on."""
        if self._encoder is None and self._opening is None:
            fingerprint = self._generation.manifest.model.fingerprint
            self._opening = embedding.begin_opening(
                fingerprint, self._generation.index, self._cache
            )

    def encoder(self) -> Encoder:
        """The encoder of the model that made the index.

        Raises:
            UnusableIndexError: The model that is installed is another one.
            ModelError: It cannot be opened.
        """
        if self._encoder is None:
            self.begin()
            self._encoder = _checked(self._opened(), self._generation.manifest.model)
        return self._encoder

    def _opened(self) -> Encoder:
        record = self._generation.manifest.model
        encoder = None if self._opening is None else self._opening.result()
        if encoder is not None:
            return encoder
        base, index = self._generation.base, self._generation.index
        try:
            model = embedding.locate_model(record.name, base=base, revision=record.revision)
            return embedding.open_encoder(model, cache=self._cache, notify=self._notify)
        except (ModelError, ModuleNotFoundError) as error:
            if not carried_encoders(index):
                raise
            raise ModelError(
                f"the encoder that {index} carries cannot be used, and no other is here: {error}",
                hint="askdocs index --portable where the model is installed, or --mode lexical",
            ) from error


def _checked(encoder: Encoder, record: ModelRecord) -> Encoder:
    """The encoder, if it is that of the model that made the index and no other."""
    usable = encoder.fingerprint == record.fingerprint and len(record.probe) == encoder.dimension
    if not usable or _probe_cosine(encoder, record) < _PROBE_COSINE:
        raise UnusableIndexError(
            f"the index was made with another {record.name} than the one installed",
            hint="askdocs index --rebuild, or ask with --mode lexical",
        )
    return encoder


def _probe_cosine(encoder: Encoder, record: ModelRecord) -> float:
    vector = encoder.embed_sentences([embedding.PROBE_SENTENCE])[0].tolist()
    return float(sum(map(mul, vector, record.probe)))
