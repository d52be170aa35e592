"""The model of an index, where it can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdocs import embedding
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from askdocs.embedding import Encoder, Model


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
        model = embedding.locate_model(name, base=base, online=online, revision=revision)
        return model, open_encoder(model)
    except ModuleNotFoundError as error:
        raise ModelError(str(error)) from error
