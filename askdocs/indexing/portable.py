"""Keep in an index the compiled encoder that its questions need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs import embedding
from askdocs.datamodel import size_text
from askdocs.index import carried_encoders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from askdocs.embedding import Encoder
    from askdocs.index import Generation, Transaction
    from askdocs.indexing.request import IndexRequest


class Carrier:
    """Sees to it that an index carries the encoder of its model, or none."""

    def __init__(self, request: IndexRequest, notify: Callable[[str], None]) -> None:
        """Decide by what is asked for; where nothing is, what the index carries stays."""
        self._index: Path = request.index
        # Another device, or another model, needs more than the encoder of the one that is recorded.
        self._may_embed = request.model is None and request.device == embedding.DEFAULT_DEVICE
        self._notify = notify
        self._is_asked_for = request.portable is True
        carries = bool(carried_encoders(self._index))
        self._is_wanted = carries if request.portable is None else request.portable

    def lacks(self, fingerprint: str) -> bool:
        """Whether the index shall carry the encoder of a model and has none that can be used.

        The weights are read only where the encoder was asked for: that takes a tenth of a second.
        """
        return self._is_wanted and not embedding.has_compiled(
            fingerprint, cache=self._index, whole=self._is_asked_for
        )

    def has_work(self, fingerprint: str) -> bool:
        """Whether the index carries something else than it shall."""
        return self.lacks(fingerprint) or set(carried_encoders(self._index)) != self._names(
            fingerprint
        )

    def carried(self, old: Generation | None) -> Encoder | None:
        """The encoder of a generation that the index carries; None where it cannot be used."""
        if old is None or not self._may_embed:
            return None
        return embedding.open_compiled(old.manifest.model.fingerprint, cache=self._index)

    def put(self, transaction: Transaction, encoder: Encoder) -> None:
        """Copy an encoder into the index, if it lacks it; before a generation that needs it."""
        if self.lacks(encoder.fingerprint):
            source = embedding.compiled_folder(encoder)
            transaction.carry_encoder(source)
            said = size_text(carried_encoders(self._index)[source.name], exact=False)
            self._notify(f"{self._index} now carries the encoder, {said}")

    def tidy(self, transaction: Transaction, fingerprint: str) -> None:
        """Remove what the index shall not carry; when no generation needs it any more."""
        before = carried_encoders(self._index)
        (keep,) = self._names(fingerprint) or {""}
        transaction.drop_encoders(keep=keep)
        if before and not self._is_wanted:
            self._notify(f"{self._index} no longer carries an encoder")

    def _names(self, fingerprint: str) -> set[str]:
        return (
            {embedding.entry_directory(self._index, fingerprint).name} if self._is_wanted else set()
        )
