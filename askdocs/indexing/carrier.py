"""Find the model of an index, and carry its encoder in the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs.embedding.compiled import compiled_folder, has_compiled, open_compiled
from askdocs.embedding.entry import entry_directory
from askdocs.embedding.model import DEFAULT_DEVICE, locate_model
from askdocs.errors import ModelError
from askdocs.index.encoders import carried_encoders, carry_encoder, drop_encoders
from askdocs.terminal import size_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from askdocs.embedding.model import Encoder, Model
    from askdocs.index.generation import Generation
    from askdocs.indexing.request import IndexRequest


def open_model(
    name: str, *, base: Path, revision: str, online: bool, open_encoder: Callable[[Model], Encoder]
) -> tuple[Model, Encoder]:
    """Find a model and open its encoder; for the first arguments see `locate_model`.

    Raises:
        ModelError: The model is not here, or the packages that compile it are not.
    """
    try:
        model = locate_model(name, base=base, online=online, revision=revision)
        return model, open_encoder(model)
    except ModuleNotFoundError as error:
        raise ModelError(str(error)) from error


class Carrier:
    """Keeps the encoder of an index's model inside the index, or keeps encoders out of it.

    If the request does not say which, an index that carries an encoder still does.
    """

    def __init__(self, request: IndexRequest, notify: Callable[[str], None]) -> None:
        self._index = request.index
        self._notify = notify
        # Another device, or another model, needs more than the recorded model's encoder.
        self._may_embed = request.model is None and request.device == DEFAULT_DEVICE
        self._is_requested = request.portable is True
        carries = bool(carried_encoders(self._index))
        self._shall_carry = carries if request.portable is None else request.portable

    def lacks(self, fingerprint: str) -> bool:
        """Return True if the index shall carry this encoder and has no usable copy.

        The weights are read only if the request asks for the encoder: that takes 0.1 s.
        """
        return self._shall_carry and not has_compiled(
            fingerprint, cache=self._index, whole=self._is_requested
        )

    def has_work(self, fingerprint: str) -> bool:
        """Return True if the index does not carry exactly what it shall."""
        name = self._name(fingerprint)
        expected = {name} if name else set()
        return self.lacks(fingerprint) or set(carried_encoders(self._index)) != expected

    def carried(self, old: Generation | None) -> Encoder | None:
        """Return the encoder that the index carries for a generation; None if unusable."""
        if old is None or not self._may_embed:
            return None
        return open_compiled(old.manifest.model.fingerprint, cache=self._index)

    def put(self, encoder: Encoder) -> None:
        """Copy an encoder into an index that lacks it, before the generation that needs it."""
        if self.lacks(encoder.fingerprint):
            source = compiled_folder(encoder)
            carry_encoder(self._index, source)
            size = size_text(carried_encoders(self._index)[source.name], exact=False)
            self._notify(f"{self._index} now carries the encoder, {size}")

    def tidy(self, fingerprint: str) -> None:
        """Remove other encoders from the index, once no generation needs them."""
        carried = carried_encoders(self._index)
        drop_encoders(self._index, keep=self._name(fingerprint))
        if carried and not self._shall_carry:
            self._notify(f"{self._index} no longer carries an encoder")

    def _name(self, fingerprint: str) -> str:
        """Return the name of the entry that the index shall carry; empty for none."""
        return entry_directory(self._index, fingerprint).name if self._shall_carry else ""
