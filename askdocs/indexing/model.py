"""The model of an index: find it, and carry its encoder in the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs.embedding.compiled import compiled_folder, has_compiled, open_compiled
from askdocs.embedding.entry import entry_directory
from askdocs.embedding.model import DEFAULT_DEVICE, locate_model
from askdocs.errors import ModelError
from askdocs.index.encoders import carried_encoders
from askdocs.terminal import size_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from askdocs.embedding.model import Encoder, Model
    from askdocs.index.generation import Generation
    from askdocs.index.transaction import Transaction
    from askdocs.indexing.request import IndexRequest


def open_model(
    name: str,
    *,
    base: Path,
    revision: str,
    online: bool,
    open_encoder: Callable[[Model], Encoder],
) -> tuple[Model, Encoder]:
    """A model and its encoder.

    Args:
        name: As it is recorded.
        base: The folder to which a recorded folder is relative.
        revision: Its pinned revision; empty for the newest that is here.
        online: Whether it may be downloaded.
        open_encoder: Opens its encoder.

    Raises:
        ModelError: It is not here, or what would compile it is not.
    """
    try:
        model = locate_model(name, base=base, online=online, revision=revision)
        return model, open_encoder(model)
    except ModuleNotFoundError as error:
        raise ModelError(str(error)) from error


class Carrier:
    """Sees to it that an index carries the encoder of its model, or none."""

    def __init__(self, request: IndexRequest, notify: Callable[[str], None]) -> None:
        """Decide by what is asked for; where nothing is, what the index carries stays."""
        self._index: Path = request.index
        # Another device, or another model, needs more than the encoder of the one that is recorded.
        self._may_embed = request.model is None and request.device == DEFAULT_DEVICE
        self._notify = notify
        self._is_asked_for = request.portable is True
        carries = bool(carried_encoders(self._index))
        self._is_wanted = carries if request.portable is None else request.portable

    def lacks(self, fingerprint: str) -> bool:
        """Whether the index shall carry the encoder of a model and has none that can be used.

        The weights are read only where the encoder was asked for: that takes a tenth of a second.
        """
        return self._is_wanted and not has_compiled(
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
        return open_compiled(old.manifest.model.fingerprint, cache=self._index)

    def put(self, transaction: Transaction, encoder: Encoder) -> None:
        """Copy an encoder into the index, if it lacks it; before a generation that needs it."""
        if self.lacks(encoder.fingerprint):
            source = compiled_folder(encoder)
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
        return {entry_directory(self._index, fingerprint).name} if self._is_wanted else set()
